"""Tokens of download addresses: each names one statement, one format and one user's session.

They are signed, and valid for five minutes. Whether the user may read the statement is checked again when the
token is used.
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
    """The formats in which a statement can be downloaded."""

    CSV = "CSV"
    PDF = "PDF"


@dataclass(frozen=True, slots=True)
class Download:
    """What may be downloaded, and by which user."""

    key: StatementKey
    format: FileFormat
    identity: Identity


def sign_download(download: Download, signing_key: bytes) -> tuple[str, datetime]:
    """The token, and the time at which it expires, UTC."""
    expires_at = int(time.time()) + LIFETIME_SECONDS
    key = download.key
    claims = {
        "aud": PURPOSE,
        "exp": expires_at,
        "sub": str(download.identity.user_id),
        "sid": download.identity.session_id,
        "partner": key.partner,
        "chain": key.chain_id,
        "month": f"{key.month:%Y-%m-%d}",
        "format": download.format.value,
    }
    return jwt.encode(claims, signing_key, algorithm=_ALGORITHM), datetime.fromtimestamp(expires_at, UTC)


def read_download(token: str, signing_key: bytes) -> Download:
    """The download that the token names. Raises Problem if it has expired or is not valid."""
    try:
        claims = jwt.decode(
            token,
            signing_key,
            algorithms=[_ALGORITHM],
            audience=PURPOSE,
            options={"require": list(_REQUIRED)},
        )
        return Download(
            StatementKey(claims["partner"], claims["chain"], date.fromisoformat(claims["month"])),
            FileFormat(claims["format"]),
            Identity(int(claims["sub"]), str(claims["sid"])),
        )
    except jwt.ExpiredSignatureError:
        raise Problem(Code.TOKEN_EXPIRED, "this download address has expired; request another one") from None
    except (jwt.InvalidTokenError, KeyError, ValueError):
        raise Problem(Code.TOKEN_INVALID, "this download address is not valid; request another one") from None
