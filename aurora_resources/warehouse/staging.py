"""Staging: every response is stored as received, and finished sets of responses are marked current.

`StagingSlice` is the graph's `Fetcher`: it answers from what is staged where the response cannot change, and
sends the request and stores the body otherwise. A set becomes visible with `finish`, in one transaction; a
process killed before that leaves evidence behind, but no half slice. Where a chain was last seen and which
attempts failed is stored, too; the API derives from both how far behind a chain is.
"""

import hashlib
import json
import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aurora_resources.errors import PayloadError, ProviderError, WarehouseError
from aurora_resources.records import Feed, Fetcher, Finding, ProviderRequest, ProviderResponse, Staged
from aurora_resources.warehouse.connection import DbConnection, Warehouse
from aurora_resources.warehouse.queries import read_query

_FLUSH_EVERY = 64


@dataclass(frozen=True, slots=True)
class SliceKey:
    """One chain, one period, one role: what is asked and replaced together."""

    chain_id: str
    period_id: int
    role: Feed


@dataclass(frozen=True, slots=True)
class Ingestion:
    """A finished set of responses. `changed` is False when it equals the one before: nothing was written."""

    ingestion_id: int
    settled: bool
    head_period: int
    payload_count: int
    content_digest: bytes
    changed: bool


class StagingSlice:
    """Ask and keep, for one slice. `connection` must be in autocommit; it is used by one task at a time."""

    def __init__(
        self,
        connection: DbConnection,
        transport: Fetcher,
        key: SliceKey,
        run_id: str,
        *,
        fetch_everything: bool = False,
    ) -> None:
        """With `fetch_everything` no answer is taken from staging, so that a doubtful one is replaced."""
        self._connection = connection
        self._transport = transport
        self._key = key
        self._run_id = run_id
        self._answers: list[ProviderResponse] = []
        self._unwritten: list[tuple[ProviderResponse, bool]] = []
        self._staged_digests: set[bytes] | None = set() if fetch_everything else None

    async def fetch(self, request: ProviderRequest) -> ProviderResponse:
        """Return the answer, from staging where it cannot change. Raises ProviderError, its body kept too."""
        payload = self._already_staged(request) if request.immutable else None
        if payload is None:
            try:
                payload = await self._transport.fetch(request)
            except ProviderError as error:
                self._keep_refusal(request, error)
                raise
            self._unwritten.append((payload, True))
            if len(self._unwritten) >= _FLUSH_EVERY:
                self.flush()
        self._answers.append(payload)
        return payload

    def staged(self) -> Staged:
        """What this slice was answered so far, by provider, in the order of asking."""
        by_provider: dict[tuple[Feed, str], list[ProviderResponse]] = defaultdict(list)
        for payload in self._answers:
            by_provider[self._key.role, payload.request.provider].append(payload)
        return by_provider

    def reject(self, error: PayloadError) -> None:
        """Take back the answers that turned out not to be what the provider documents.

        They stay as evidence, but belong to no set and are never used again. An error that does not hold the
        body takes all answers of its endpoint with it.
        """

        def is_meant(payload: ProviderResponse) -> bool:
            request = payload.request
            return (request.provider, request.endpoint) == (error.provider, error.endpoint) and (
                error.body is None or error.body == payload.body
            )

        rejected = [payload for payload in self._answers if is_meant(payload)]
        self._answers = [payload for payload in self._answers if not is_meant(payload)]
        self._unwritten = [
            (payload, accepted and not is_meant(payload)) for payload, accepted in self._unwritten
        ]
        # Those written before get a second row: responses are never changed, and a refused one outweighs.
        self._unwritten += [(payload, False) for payload in rejected]

    def flush(self) -> None:
        """Write the responses received since the last flush, in one transaction of their own."""
        if not self._unwritten:
            return
        rows = [self._row(payload, accepted=accepted) for payload, accepted in self._unwritten]
        # In one order everywhere: two runs that keep the same answers would wait for each other otherwise.
        rows.sort(key=itemgetter("request_digest", "sha256", "accepted"))
        with self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.executemany(read_query("staging/payloads.add_payload"), rows)
        self._unwritten.clear()

    def finish(self, *, settled: bool, head_period: int, findings: Sequence[Finding]) -> Ingestion:
        """Make this set the current one of its slice, unless the current one has the same content."""
        self.flush()
        key = asdict(self._key)
        digest = _content_digest(self._answers)
        with self._connection.transaction(), self._connection.cursor(row_factory=dict_row) as cursor:
            cursor.execute(read_query("staging/ingestions.lock_slice"), key)
            current = cursor.execute(read_query("staging/ingestions.current_ingestion"), key).fetchone()
            stored = [asdict(finding) for finding in findings]
            if (
                current is not None
                and bytes(current["content_digest"]) == digest
                and (current["state"] == "SETTLED") == settled
                and current["findings"] == stored
            ):
                return _ingestion(current, changed=False)
            cursor.execute(read_query("staging/ingestions.supersede_ingestion"), key)
            cursor.execute(
                read_query("staging/ingestions.add_ingestion"),
                key
                | {
                    "state": "SETTLED" if settled else "OPEN",
                    "content_digest": digest,
                    "payload_count": len(self._answers),
                    "head_period": head_period,
                    "findings": Jsonb(stored),
                    "run_id": self._run_id,
                },
            )
            (written,) = cursor.fetchall()
            cursor.executemany(
                read_query("staging/ingestions.add_ingestion_payload"),
                [
                    key
                    | {
                        "ingestion_id": written["ingestion_id"],
                        "position": position,
                        "request_digest": payload.request.digest(),
                        "sha256": payload.sha256,
                    }
                    for position, payload in enumerate(self._answers)
                ],
            )
            return _ingestion(written, changed=True)

    def _already_staged(self, request: ProviderRequest) -> ProviderResponse | None:
        key = asdict(self._key)
        if self._staged_digests is None:
            rows = self._connection.execute(read_query("staging/payloads.accepted_digests"), key).fetchall()
            self._staged_digests = {bytes(row[0]) for row in rows}
        digest = request.digest()
        if digest not in self._staged_digests:
            return None
        with self._connection.cursor(row_factory=dict_row) as cursor:
            row = cursor.execute(
                read_query("staging/payloads.newest_response"), key | {"request_digest": digest}
            ).fetchone()
        if row is None:
            return None
        return ProviderResponse(request, row["status"], bytes(row["body"]), row["fetched_at"])

    def _keep_refusal(self, request: ProviderRequest, error: ProviderError) -> None:
        """An error response is evidence too; it is never taken for an answer."""
        if error.body is not None and error.status is not None:
            refusal = ProviderResponse(request, error.status, error.body, datetime.now(UTC))
            self._unwritten.append((refusal, False))
        self.flush()

    def _row(self, payload: ProviderResponse, *, accepted: bool) -> dict[str, Any]:
        request = payload.request
        return asdict(self._key) | {
            "provider": request.provider,
            "endpoint": request.endpoint,
            "subject": request.subject,
            "request": Jsonb(request.to_json()),
            "request_digest": request.digest(),
            "status": payload.status,
            "accepted": accepted,
            "body": payload.body,
            "sha256": payload.sha256,
            "fetched_at": payload.fetched_at,
            "run_id": self._run_id,
        }


def current_ingestion(connection: DbConnection, key: SliceKey) -> Ingestion | None:
    """The ingestion in force for a slice, or None when it was never asked."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(read_query("staging/ingestions.current_ingestion"), asdict(key)).fetchone()
    return None if row is None else _ingestion(row, changed=False)


def read_staged(connection: DbConnection, chain_id: str, period_id: int, roles: Sequence[Feed]) -> Staged:
    """Every response of the current ingestions of `roles`, by role and provider, in the order of asking."""
    staged: dict[tuple[Feed, str], list[ProviderResponse]] = defaultdict(list)
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(
            read_query("staging/payloads.current_payloads"),
            {"chain_id": chain_id, "period_id": period_id, "roles": [role.value for role in roles]},
        )
        for row in cursor:
            staged[Feed(row["role"]), row["provider"]].append(
                ProviderResponse(_request(row), row["status"], bytes(row["body"]), row["fetched_at"])
            )
    return staged


def _request(row: Mapping[str, Any]) -> ProviderRequest:
    request = row["request"]
    return ProviderRequest(
        provider=row["provider"],
        endpoint=row["endpoint"],
        method=request["method"],
        path=request["path"],
        query=tuple(request["query"].items()),
        body=request["body"],
        subject=row["subject"],
    )


def _ingestion(row: Mapping[str, Any], *, changed: bool) -> Ingestion:
    return Ingestion(
        ingestion_id=row["ingestion_id"],
        settled=row["state"] == "SETTLED",
        head_period=row["head_period"],
        payload_count=row["payload_count"],
        content_digest=bytes(row["content_digest"]),
        changed=changed,
    )


def _content_digest(answers: Sequence[ProviderResponse]) -> bytes:
    """SHA-256 over (request, body) digests, sorted: concurrent asking does not change it."""
    pairs = sorted((answer.request.digest().hex(), answer.sha256.hex()) for answer in answers)
    return hashlib.sha256(json.dumps(pairs).encode()).digest()


_LONGEST: Final = 2_000

logger = logging.getLogger("aurora_resources.watching")


def see_head(warehouse: Warehouse, chain_id: str, head_period: int) -> None:
    """The chain, which the registry must know, said it is in this period. Raises WarehouseError."""
    with warehouse.transaction() as session:
        session.execute(
            read_query("staging/health.put_head"), {"chain_id": chain_id, "head_period": head_period}
        )


def note_failure(
    warehouse: Warehouse,
    chain_id: str,
    error: Exception,
    run_id: str,
    *,
    period_id: int | None = None,
    role: Feed | None = None,
) -> None:
    """An attempt failed. Never raises for want of a warehouse: the failure itself must be reported."""
    try:
        with warehouse.transaction() as session:
            session.execute(
                read_query("staging/health.add_failure"),
                {
                    "chain_id": chain_id,
                    "period_id": period_id,
                    "role": None if role is None else role.value,
                    "message": str(error)[:_LONGEST].replace("\0", " "),
                    "run_id": run_id,
                },
            )
    except (WarehouseError, psycopg.Error):
        logger.exception("the failure of %s could not be noted: %s", chain_id, error)
