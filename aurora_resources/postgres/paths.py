"""The folders of Aurora's home and of its embedded server, and the user the server runs as.

Usually everything is in Aurora's home and belongs to the present user. Root must run the server as an
unprivileged account (`privileges.py`); where that account cannot reach the home (a private folder), the data
are kept in a separate folder, and the file `postgres.location` in the home names it.
"""

import hashlib
import logging
import os
import secrets
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from aurora_resources.errors import EmbeddedServerError
from aurora_resources.postgres.privileges import (
    SHARED_ROOT,
    Account,
    account_for,
    can_access,
    make_private,
    shared_folder,
)

PORT: Final = 5432  # only a part of the socket's name: the server listens on no network
_SOCKET_PATH_BYTES_MAX: Final = 103 if sys.platform == "darwin" else 107

logger = logging.getLogger(__name__)


def aurora_home() -> Path:
    """`AURORA_HOME`, or `.aurora` in the working directory; absolute."""
    return Path(os.environ.get("AURORA_HOME") or ".aurora").absolute()


@dataclass(frozen=True)
class ServerPaths:
    """The folders of one embedded server; it runs as `run_as`, or as the present user when that is None."""

    home: Path
    data: Path
    sockets: Path
    run_as: Account | None = None

    @property
    def socket(self) -> Path:
        """The socket file that clients connect to."""
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home / "postgres.log"

    @property
    def outside_home(self) -> bool:
        """Whether the data lie outside the home."""
        return self.data.parent != self.home


def locate(home: Path) -> ServerPaths:
    """The paths of the server of `home`, as far as they are decided; changes nothing."""
    location = _location_file(home)
    if location.exists():
        folder = Path(location.read_text(encoding="utf-8").strip())
        return ServerPaths(home, folder / "postgres", folder / "sockets")
    return ServerPaths(home, home / "postgres", _socket_folder(home))


def prepare(home: Path, shared_root: Path = SHARED_ROOT) -> ServerPaths:
    """Decide the paths and the account for `home`, and make the folder of the sockets.

    The caller must own the home. Raises EmbeddedServerError when a folder cannot be made or used.
    """
    paths = locate(home)
    if os.geteuid() == 0:
        account = account_for(paths.data, home)
        if not paths.outside_home and not can_access(account, home, "-x"):
            paths = _move_outside(paths, account, shared_root)
        paths = replace(paths, run_as=account)
    if paths.outside_home:
        user = paths.run_as.name if paths.run_as else "the server"
        logger.warning("Aurora's data are in %s: %s cannot reach %s", paths.data, user, home)
    make_private(paths.sockets, paths.run_as)
    return paths


def _move_outside(paths: ServerPaths, account: Account, shared_root: Path) -> ServerPaths:
    """Choose a folder outside an unreachable home and record it in the home.

    The record decides, not the home's path: a home that is deleted and made again gets new data.
    """
    home = paths.home
    if paths.data.exists():
        raise EmbeddedServerError(
            f"{paths.data} holds data that user {account.name} can no longer reach; let that user traverse "
            "the folders above it, or set AURORA_HOME to another folder"
        )
    folder = shared_folder(shared_root) / f"{home.parent.name or 'root'}-{secrets.token_hex(4)}"
    folder.mkdir()
    folder.chmod(0o755)
    (folder / "home").write_text(f"{home}\n", encoding="utf-8")
    _location_file(home).write_text(f"{folder}\n", encoding="utf-8")
    return locate(home)


def _location_file(home: Path) -> Path:
    return home / "postgres.location"


def _socket_folder(home: Path) -> Path:
    """`sockets` in the home, or a folder in `/tmp` where that path is too long for a socket."""
    inside = home / "sockets"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_BYTES_MAX:
        return inside
    digest = hashlib.sha256(f"{os.geteuid()}:{home}".encode()).hexdigest()[:16]
    return Path("/tmp") / f"aurora-{digest}"  # noqa: S108 - short, private (checked), the same for every process
