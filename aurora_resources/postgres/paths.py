"""Where the embedded server's things lie and who it runs as; nothing is started here.

Usually all of it is in Aurora's home and belongs to the present user. Root lends it to an unprivileged
account (`lending.py`); when that account cannot reach the home (a private folder), the data go to a place
of their own, and a note in the home says where.
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
    make_private,
    reaches,
    shared_folder,
)

PORT: Final = 5432  # only a part of the socket's name: the server listens on no network
_SOCKET_PATH_BYTES_MAX: Final = 103 if sys.platform == "darwin" else 107

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Placement:
    """The folders of one embedded server. `lent` is the account root lends it to; None: the present user."""

    home: Path
    data: Path
    sockets: Path
    lent: Account | None = None

    @property
    def socket(self) -> Path:
        """The socket file that clients connect to."""
        return self.sockets / f".s.PGSQL.{PORT}"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home / "postgres.log"

    @property
    def elsewhere(self) -> bool:
        """Whether the data lie outside the home."""
        return self.data.parent != self.home


def locate(home: Path) -> Placement:
    """Where the server of `home` is, as far as it has been settled; changes nothing."""
    marker = _marker(home)
    if marker.exists():
        place = Path(marker.read_text(encoding="utf-8").strip())
        return Placement(home, place / "postgres", place / "sockets")
    return Placement(home, home / "postgres", _socket_folder(home))


def prepare(home: Path, shared_root: Path = SHARED_ROOT) -> Placement:
    """Decide the places and the account for `home`, and make the folder of the sockets.

    Call it only while owning the home. Raises EmbeddedServerError when the places cannot be made.
    """
    placement = locate(home)
    if os.geteuid() == 0:
        placement = replace(placement, lent=account_for(placement.data, home))
        if placement.lent and not placement.elsewhere and not reaches(placement.lent, home, "-x"):
            placement = replace(_move_out(placement, shared_root), lent=placement.lent)
    if placement.elsewhere:
        user = placement.lent.name if placement.lent else "the server"
        logger.warning("Aurora's data are in %s: %s cannot reach %s", placement.data, user, home)
    make_private(placement.sockets, placement.lent)
    return placement


def _move_out(placement: Placement, shared_root: Path) -> Placement:
    """Choose a place outside an unreachable home and note it there, so that it is found again.

    The note, not the home's path, names the place: who deletes a home and makes it anew gets new data.
    """
    if placement.data.exists():
        raise EmbeddedServerError(
            f"{placement.data} holds data that user {placement.lent and placement.lent.name} can no "
            "longer reach; let that user traverse the folders above it, or set AURORA_HOME to another folder"
        )
    home = placement.home
    place = shared_folder(shared_root) / f"{home.parent.name or 'root'}-{secrets.token_hex(4)}"
    place.mkdir()
    place.chmod(0o755)
    (place / "home").write_text(f"{home}\n", encoding="utf-8")
    _marker(home).write_text(f"{place}\n", encoding="utf-8")
    return locate(home)


def _marker(home: Path) -> Path:
    return home / "postgres.location"


def _socket_folder(home: Path) -> Path:
    """In the home, unless that makes a longer path than a socket may have."""
    inside = home / "sockets"
    if len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_BYTES_MAX:
        return inside
    digest = hashlib.sha256(f"{os.geteuid()}:{home}".encode()).hexdigest()[:16]
    return Path("/tmp") / f"aurora-{digest}"  # noqa: S108 - short, private (checked), the same for every process
