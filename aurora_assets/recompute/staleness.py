"""Find stale periods: booked ones whose terms differ from those they were computed under.

The terms sensor of `graph/sensors.py` runs them; a period is no longer stale when its lines are booked again.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from psycopg.rows import dict_row

from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.agreements.terms import ChainTerms
from aurora_assets.pipeline.commissions import to_history
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class StalePeriod:
    """A period to be computed again under the terms with `digest`.

    `written_by` changes whenever the period is booked again, even with the same result.
    """

    period_id: int
    digest: bytes
    written_by: str


def find_stale(connection: DbConnection, chain_id: str) -> tuple[StalePeriod, ...]:
    """Stale periods of a chain, ascending; a period without recorded terms counts as stale.

    Raises AgreementError for an agreement version given twice.
    """
    named = {"chain_id": chain_id}
    with connection.cursor(row_factory=dict_row) as cursor:
        booked = cursor.execute(read_query("computation/generations.booked_terms"), named).fetchall()
        histories: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for row in cursor.execute(read_query("computation/generations.rule_states"), named):
            histories[row["period_id"]].append(row)
    terms = ChainTerms(chain_id, read_agreements(connection), read_claims(connection, chain_id))
    stale = []
    before: int | None = None
    for row in booked:
        period_id: int = row["period_id"]
        remembered = () if before is None else histories[before]
        history = to_history(remembered, chain_id, adjacent=before == period_id - 1)
        digest = terms.digest(row["starts_at"], history)
        if row["terms_digest"] != digest:
            stale.append(StalePeriod(period_id, digest, row["written_by"]))
        before = period_id
    return tuple(stale)
