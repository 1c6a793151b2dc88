"""Work that is started once, however often it is asked for: the caller's own key for it, kept with the input.

Two requests with the same key are one after the other; the second gets what the first one started.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aurora_api.access.principal import Principal
from aurora_api.problems import Code, Problem
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

KEY_LENGTH_MAX: Final = 200


@dataclass(frozen=True, slots=True)
class WorkKey:
    """One user's key for one operation, with the digest of what was asked for under it."""

    user_id: int
    operation: str
    idempotency_key: str
    request_digest: bytes

    @property
    def named(self) -> dict[str, object]:
        """As parameters of a statement."""
        return {
            "user_id": self.user_id,
            "operation": self.operation,
            "idempotency_key": self.idempotency_key,
        }


def work_key(principal: Principal, operation: str, given: str, asked: Mapping[str, object]) -> WorkKey:
    """The key of this input. Raises Problem for a key that is empty, too long or not printable."""
    if not given.strip() or len(given) > KEY_LENGTH_MAX or not given.isprintable():
        raise Problem(
            Code.INVALID_ARGUMENT,
            f"idempotencyKey is a text of 1 to {KEY_LENGTH_MAX} printable characters, new for each new work",
            "input.idempotencyKey",
        )
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).digest()
    return WorkKey(principal.user_id, operation, given, digest)


def started_before(session: DbConnection, key: WorkKey) -> str | None:
    """What was started under this key, None for nothing; nobody else can start it until the transaction ends.

    Raises Problem when it was another input.
    """
    session.execute(
        "select pg_advisory_xact_lock(hashtextextended(%s, 0))",
        [f"started_work/{key.user_id}/{key.operation}/{key.idempotency_key}"],
    )
    row = session.execute(read_query("access/started_work.started_work"), key.named).fetchone()
    if row is None:
        return None
    if bytes(row[1]) != key.request_digest:
        raise Problem(
            Code.IDEMPOTENCY_CONFLICT,
            "idempotencyKey was used before for another input; use a new one",
            "input.idempotencyKey",
        )
    return str(row[0])


def note_started(session: DbConnection, key: WorkKey, reference: str) -> None:
    """Keep what was started under the key."""
    session.execute(
        read_query("access/started_work.start_work"),
        key.named | {"request_digest": key.request_digest, "reference": reference},
    )
