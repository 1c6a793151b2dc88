"""What a download's address says and how long it is good: one statement, one format, one user's session.

Signed, so that nobody else can make one; whether the user may still read the statement is asked again when it
is used.
"""

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

import jwt

from aurora_api.access.authenticate import Identity
from aurora_api.problems import Code, Problem
from aurora_assets.commission.statement import StatementKey

PATH: Final = "/statements/download"
LIFETIME_SECONDS: Final = 5 * 60
PURPOSE: Final = "statement-download"
_ALGORITHM: Final = "HS256"
_REQUIRED: Final = ("aud", "exp", "sub", "sid", "partner", "chain", "month", "format")


class FileFormat(StrEnum):
    """The forms in which a statement is handed out."""

    CSV = "CSV"
    PDF = "PDF"


@dataclass(frozen=True, slots=True)
class Download:
    """What may be downloaded, by whom."""

    place: StatementKey
    format: FileFormat
    identity: Identity


def sign_download(download: Download, key: bytes) -> tuple[str, datetime]:
    """The token and when it ends, UTC."""
    ends = int(time.time()) + LIFETIME_SECONDS
    place = download.place
    claims = {
        "aud": PURPOSE,
        "exp": ends,
        "sub": str(download.identity.user_id),
        "sid": download.identity.session_id,
        "partner": place.partner,
        "chain": place.chain_id,
        "month": f"{place.month:%Y-%m-%d}",
        "format": download.format.value,
    }
    return jwt.encode(claims, key, algorithm=_ALGORITHM), datetime.fromtimestamp(ends, UTC)


def read_download(token: str, key: bytes) -> Download:
    """What the token says. Raises Problem for one that is expired or not signed with this key."""
    try:
        claims = jwt.decode(
            token, key, algorithms=[_ALGORITHM], audience=PURPOSE, options={"require": list(_REQUIRED)}
        )
        return Download(
            StatementKey(claims["partner"], claims["chain"], date.fromisoformat(claims["month"])),
            FileFormat(claims["format"]),
            Identity(int(claims["sub"]), str(claims["sid"])),
        )
    except jwt.ExpiredSignatureError:
        raise Problem(Code.TOKEN_EXPIRED, "this download's time is over; ask for another address") from None
    except (jwt.InvalidTokenError, KeyError, ValueError):
        raise Problem(Code.TOKEN_INVALID, "this is no download's address; ask for one") from None
