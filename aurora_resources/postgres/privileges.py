"""Runs the server as an unprivileged user when Aurora runs as root: PostgreSQL refuses to run as root.

No permissions of existing files are changed. What the unprivileged user cannot reach is copied to, or kept
in, a folder of root that every user can traverse.
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
_FALLBACK_USERS: Final = ("postgres", "nobody")

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Account:
    """The Unix user the server runs as, by number."""

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
    """The owner of the data, else the owner of the home, else the first of the fallback users; never root.

    Raises EmbeddedServerError when there is no such user.
    """
    for path in (data, home):
        if path.exists() and (owner := path.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in _FALLBACK_USERS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        f"PostgreSQL refuses to run as root, and there is no user {' or '.join(_FALLBACK_USERS)} to run it "
        "as; create one, run Aurora as a normal user, or set AURORA_DATABASE_URL"
    )


def run_as(account: Account | None, command: list[str]) -> subprocess.CompletedProcess[str]:
    """Run `command` to its end as `account` (None: the present user); its output is captured.

    Raises PermissionError when the account may not execute the program, and subprocess.SubprocessError when
    this process may not become the account.
    """
    return subprocess.run(  # noqa: S603 - no shell, and a path is one argument
        command,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        cwd="/",
        env=server_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def server_environment() -> dict[str, str]:
    """The process's environment without libpq's variables, which would mislead the server's programs."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def can_access(account: Account, path: Path, test: str) -> bool:
    """Whether the account passes `test` (`-x`, `-r`) on `path`, by running `test` as that account.

    Raises EmbeddedServerError when this process may not become the account.
    """
    program = "/usr/bin/test" if Path("/usr/bin/test").exists() else "/bin/test"
    return _succeeds(account, [program, test, str(path)])


def reachable_binaries(found: Binaries, account: Account | None, shared_root: Path = SHARED_ROOT) -> Binaries:
    """`found`, or a copy of it where the account cannot run the original.

    Raises EmbeddedServerError when the account can run neither.
    """
    if account is None or _can_run(account, found):
        return found
    installation = found.folder.parent
    digest = hashlib.sha256(str(installation).encode()).hexdigest()[:8]
    target = shared_folder(shared_root) / f"postgresql-{found.version}-{digest}"
    # A wheel keeps the libraries that its programs load beside the package, at a path relative to them.
    package = installation.parent
    libraries = package.parent / f"{package.name}.libs"
    if not target.exists():
        _copy_readable(target, [part for part in (installation, libraries) if part.is_dir()], package.parent)
    copy = replace(found, folder=target / found.folder.relative_to(package.parent))
    if not _can_run(account, copy):
        raise EmbeddedServerError(
            f"user {account.name} can run PostgreSQL neither from {found.folder} nor from a copy in "
            f"{copy.folder}; set AURORA_PG_BIN to an installation that every user can run"
        )
    logger.warning("PostgreSQL runs from %s: %s cannot reach %s", target, account.name, installation)
    return copy


def chown_to_folder_owner(file: Path) -> None:
    """Give a file that root made to the owner of its folder, so that this user can continue with it."""
    if os.geteuid() == 0 and file.stat().st_uid == 0:
        owner = file.parent.stat()
        os.chown(file, owner.st_uid, owner.st_gid)


def make_private(folder: Path, owner: Account | None) -> None:
    """Make `folder` with mode 0700 for `owner` (None: the present user).

    Raises EmbeddedServerError when it exists with another owner or mode.
    """
    try:
        folder.mkdir(mode=0o700)
        if owner:
            os.chown(folder, owner.uid, owner.gid)
    except FileExistsError:
        found = folder.lstat()
        expected = owner.uid if owner else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != expected or found.st_mode & 0o077:
            raise EmbeddedServerError(
                f"{folder} is not a private folder of user {Account(expected, 0).name}: another user made it "
                "or changed its permissions; remove it, or set AURORA_HOME to another folder"
            ) from None


def shared_folder(shared_root: Path) -> Path:
    """`shared_root`, made if it is missing: it belongs to root, all may traverse it, only root may change it.

    Raises EmbeddedServerError when it cannot be made or others may change it.
    """
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
            f"{shared_root} must belong to root, be writable by root only and traversable by all; correct "
            "that, or set AURORA_HOME to a folder that every user can traverse"
        )
    return shared_root


def _can_run(account: Account, found: Binaries) -> bool:
    """Whether the account can run the programs and read the files that a first start needs."""
    catalogues = sorted(found.folder.parent.glob("share/**/postgres.bki"))
    programs = ([found.program(name), "--version"] for name in ("postgres", "initdb", "pg_ctl"))
    return all(_succeeds(account, command) for command in programs) and all(
        can_access(account, catalogue, "-r") for catalogue in catalogues
    )


def _succeeds(account: Account, command: list[str]) -> bool:
    try:
        return run_as(account, command).returncode == 0
    except subprocess.SubprocessError as error:
        raise EmbeddedServerError(
            f"PostgreSQL refuses to run as root, and this root may not become user {account.name} ({error}); "
            "run Aurora as a normal user, or set AURORA_DATABASE_URL to a running server"
        ) from error
    except PermissionError:
        return False


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
