"""Is the evidence what was received? Every kept body, question and set of responses against its digest.

Bodies are hashed by PostgreSQL, which need not send them; nothing is parsed here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from aurora_assets.pipeline.discrepancy import Discrepancy
from aurora_resources.records import ProviderRequest
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class Evidence:
    """How much of a period's evidence was looked at, and what is not as it was received.

    `questions_sound`: every response answers the question it was asked. Parsers defend themselves against any
    body, but take what was asked for granted.
    """

    payloads: int
    ingestions: int
    questions_sound: bool
    discrepancies: tuple[Discrepancy, ...]


def examine(connection: DbConnection, chain_id: str, period_id: int) -> Evidence:
    """Check the digests of everything staged for one period, superseded and refused responses included."""
    named = {"chain_id": chain_id, "period_id": period_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        damaged = cursor.execute(read_query("staging/payloads.damaged_payloads"), named).fetchall()
        requests = cursor.execute(read_query("staging/payloads.payload_requests"), named).fetchall()
        ingestions = cursor.execute(read_query("staging/ingestions.ingestion_digests"), named).fetchall()

    forged = [
        row for row in requests if _question_digest(row["provider"], row["request"]) != row["request_digest"]
    ]

    def found() -> Iterator[Discrepancy]:
        for row in damaged:
            key = {name: row[name] for name in ("payload_id", "role", "provider", "endpoint")}
            yield Discrepancy(period_id, "staging.payloads", key, "sha256", row["sha256"], row["body_sha256"])
        for row in forged:
            key = {name: row[name] for name in ("payload_id", "role", "provider", "endpoint")}
            digest = _question_digest(row["provider"], row["request"])
            yield Discrepancy(
                period_id, "staging.payloads", key, "request_digest", row["request_digest"], digest
            )
        for row in ingestions:
            key = {name: row[name] for name in ("ingestion_id", "role")}
            for column, actual in (("content_digest", "member_digest"), ("payload_count", "member_count")):
                if row[column] != row[actual]:
                    yield Discrepancy(period_id, "staging.ingestions", key, column, row[column], row[actual])

    return Evidence(len(requests), len(ingestions), not forged, tuple(found()))


def _question_digest(provider: str, request: Mapping[str, Any]) -> bytes:
    """The digest of a question as it was asked; what is not a question any more has none."""
    try:
        question = ProviderRequest(
            provider=provider,
            endpoint="",
            method=request["method"],
            path=request["path"],
            query=tuple(request["query"].items()),
            body=request["body"],
        )
    except (KeyError, TypeError, AttributeError):
        return b""
    return question.digest()
