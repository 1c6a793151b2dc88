"""Simulate an agreement draft over booked periods: read one snapshot, compute, compare; nothing is booked.

The arithmetic is in `simulation.py`; here is where its values come from.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg

from aurora_assets.agreements.entries import KnownChain, to_claim, to_version
from aurora_assets.agreements.file import AgreementFile
from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.pipeline import commissions
from aurora_assets.pipeline.generations import GenerationKey
from aurora_assets.pipeline.ingest import ChainRun
from aurora_assets.recompute import planning
from aurora_assets.recompute.simulation import (
    Cell,
    Draft,
    SimulatedPeriod,
    compare,
    fold,
    introduce,
    put_in_place,
)
from aurora_resources.config.models import ChainSettings


def to_draft(file: AgreementFile, chains: Mapping[str, KnownChain]) -> Draft:
    """What a file of agreements drafts. Raises AgreementError for a bad date or amount, naming the rule."""
    return Draft(
        agreements=tuple(
            to_version(partner.code, entry, version=1, chains=chains)
            for partner in file.partners
            for entry in partner.agreements
        ),
        claims=tuple(to_claim(partner.code, entry) for partner in file.partners for entry in partner.wallets),
    )


def simulate(run: ChainRun, periods: Sequence[int], draft: Draft) -> tuple[SimulatedPeriod, ...]:
    """What would have been owed in each period under the draft, against what was booked.

    Rules that were booked before the first period go on from what they remember, others start anew there.
    Raises PeriodError for a period without P&L, AgreementError for a draft that cannot be put in force.
    """
    with planning.snapshot(run.warehouse) as connection:
        return simulate_in(connection, run.settings, periods, draft)


def simulate_in(
    connection: psycopg.Connection[Any], settings: ChainSettings, periods: Sequence[int], draft: Draft
) -> tuple[SimulatedPeriod, ...]:
    """The same in a session of the caller's, which sees one moment of the warehouse and all of the chain."""
    chain_id = settings.chain_id

    def facts() -> Iterator[PeriodFacts]:
        for period_id in periods:
            yield planning.read_facts_in_force(connection, chain_id, period_id)

    agreements = put_in_place(read_agreements(connection), draft)
    first = GenerationKey(commissions.DATASET, chain_id, periods[0])
    computed = fold(
        facts(),
        agreements,
        introduce(read_claims(connection, chain_id), draft),
        commissions.read_history(connection, first),
        GuardPolicy(settings.revenue_guard),
    )
    simulated = []
    for read, result in computed:
        booked: defaultdict[Cell, int] = defaultdict(int)
        for line in planning.read_booked_lines(connection, chain_id, read.period_id):
            booked[Cell(line.partner_id, line.validator_key)] += line.amount
        simulated.append(
            SimulatedPeriod(read.period_id, compare(result, agreements, booked), result.findings)
        )
    return tuple(simulated)
