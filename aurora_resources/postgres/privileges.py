"""What root does so that an unprivileged user can run the server, which PostgreSQL refuses to do as root.

Nobody's permissions are changed: what the user cannot reach is copied, or kept, in a place of root's own that
all may traverse. Which places a server has is decided in `placement.py`.
"""

import contextlib
import hashlib
import logging
import os
import pwd
import secrets
import shutil
import stat
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres.binaries import Binaries

SHARED_ROOT: Final = Path("/var/lib/aurora")
_LENT_TO: Final = ("postgres", "nobody")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """A Unix user, by number: the one the server runs as."""

    uid: int
    gid: int

    @property
    def name(self) -> str:
        """The user's name, or its number when it has none."""
        try:
            return pwd.getpwuid(self.uid).pw_name
        except KeyError:
            return str(self.uid)


def account_for(data: Path, home: Path) -> Account:
    """Whose the data are, else whose the home is, else the first account there is to lend to."""
    for path in (data, home):
        if path.exists() and (owner := path.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in _LENT_TO:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root and there is no user {' or '.join(_LENT_TO)} to lend it to; "
        "create one, run Aurora as a normal user, or set AURORA_DATABASE_URL"
    )


def reachable_binaries(found: Binaries, lent: Account | None, shared_root: Path = SHARED_ROOT) -> Binaries:
    """`found`, or a copy of it that the account can run when it cannot reach the original.

    Raises EmbeddedServerError when the account can run neither.
    """
    if lent is None or _runs(lent, found):
        return found
    installation = found.folder.parent
    digest = hashlib.sha256(str(installation).encode()).hexdigest()[:8]
    place = shared_folder(shared_root) / f"postgresql-{found.version}-{digest}"
    # A wheel keeps the libraries that its programs load beside the package, at a path relative to them.
    package = installation.parent
    libraries = package.parent / f"{package.name}.libs"
    if not place.exists():
        _copy_readable(place, [part for part in (installation, libraries) if part.is_dir()], package.parent)
    copy = replace(found, folder=place / found.folder.relative_to(package.parent))
    if not _runs(lent, copy):
        raise EmbeddedServerError(
            f"user {lent.name} can run PostgreSQL neither from {found.folder} nor from a copy in "
            f"{copy.folder}; set AURORA_PG_BIN to an installation that every user can run"
        )
    logger.warning("PostgreSQL runs from %s: %s cannot reach %s", place, lent.name, installation)
    return copy


def reaches(account: Account, path: Path, test: str) -> bool:
    """Whether the account passes `test` (`-x`, `-r`) on `path`: asked of the system, as that account.

    Raises EmbeddedServerError when this process may not become that account.
    """
    program = "/usr/bin/test" if Path("/usr/bin/test").exists() else "/bin/test"
    return _succeeds(account, [program, test, str(path)])


def _runs(account: Account, found: Binaries) -> bool:
    """Whether the account can run the programs and read the tables that a first start needs."""
    tables = sorted(found.folder.parent.glob("share/**/postgres.bki"))
    programs = ([found.program(name), "--version"] for name in ("postgres", "initdb", "pg_ctl"))
    return all(_succeeds(account, command) for command in programs) and all(
        reaches(account, table, "-r") for table in tables
    )


def _succeeds(account: Account, command: list[str]) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and a path is one argument
            command,
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            check=False,
        )
    except subprocess.SubprocessError as error:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root, and this root may not become user {account.name} ({error}); "
            "run Aurora as a normal user, or set AURORA_DATABASE_URL to a running server"
        ) from error
    except PermissionError:
        return False
    return done.returncode == 0


def leave_to_owner(file: Path) -> None:
    """Root gives a file it made to the owner of the folder, who must be able to go on with it."""
    if os.geteuid() == 0 and file.stat().st_uid == 0:
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def make_private(folder: Path, owner: Account | None) -> None:
    """Make `folder` with mode 0700 for `owner`; one that exists must be so already."""
    try:
        folder.mkdir(mode=0o700)
        if owner:
            os.chown(folder, owner.uid, owner.gid)
    except FileExistsError:
        found = folder.lstat()
        expected = owner.uid if owner else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected or found.st_mode & 0o077:
            raise EmbeddedServerError(
                f"{folder} is not a private folder of user {Account(expected, 0).name}: somebody else "
                "made it or opened it; remove it, or set AURORA_HOME to another folder"
            ) from None


def shared_folder(shared_root: Path) -> Path:
    """`shared_root`, made if need be: root's own, which everybody may traverse and only root may change."""
    try:
        with contextlib.suppress(FileExistsError):
            shared_root.mkdir()
            shared_root.chmod(0o755)
        found = shared_root.stat()
    except OSError as error:
        raise EmbeddedServerError(
            f"the server's user cannot reach Aurora's home, and {shared_root} cannot be made "
            f"({error.strerror}); set AURORA_HOME to a folder that every user can traverse, or set "
            "AURORA_DATABASE_URL"
        ) from error
    if found.st_uid != 0 or found.st_mode & 0o022 or not found.st_mode & 0o001:
        raise EmbeddedServerError(
            f"{shared_root} must belong to root, be writable by root only and traversable by all; mend it, "
            "or set AURORA_HOME to a folder that every user can traverse"
        )
    return shared_root


def _copy_readable(target: Path, parts: list[Path], origin: Path) -> None:
    """Copy folders below `origin` so that all may read and run them; `target` appears whole or not at all."""
    draft = target.with_name(f"{target.name}.{secrets.token_hex(4)}")
    unneeded = shutil.ignore_patterns("include", "*.a")
    try:
        for part in parts:
            shutil.copytree(part, draft / part.relative_to(origin), symlinks=True, ignore=unneeded)
        for path in [draft, *draft.rglob("*")]:
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        draft.rename(target)
    except OSError as error:
        if not target.exists():
            raise EmbeddedServerError(f"cannot copy PostgreSQL to {target}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
