"""What an agreement would have paid in booked periods: the engine over history; nothing is written."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.chains import ChainRow
from aurora_api.context.read_only import read_with
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.agreements import AgreementRuleInput, raw_agreement
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_assets.agreements.entries import normalize_partner, parse_entry
from aurora_assets.agreements.file import AgreementFile
from aurora_assets.agreements.store import read_chains
from aurora_assets.recompute.periods import period_range
from aurora_assets.recompute.simulation import ALWAYS, Difference, simulate_in, to_draft
from aurora_assets.recompute.simulation import SimulatedPeriod as Simulated
from aurora_resources.config.files import load_chains
from aurora_resources.config.models import ChainSettings
from aurora_resources.warehouse.connection import DbConnection

PERIODS_MAX: Final = 100
AMOUNTS_MAX: Final = 20_000


@strawberry.input(
    description="A draft: it replaces the agreement of its id, and applies to every simulated period."
)
class SimulateAgreementInput:
    """Whose, and what."""

    partner_code: str = strawberry.field(description="The code of a partner, existing or prospective.")
    agreement_id: str
    rules: list[AgreementRuleInput]
    wallets: list[str] = strawberry.field(
        default_factory=list,
        description="Wallets on the chain that the partner would introduce; those it has count anyway.",
    )


@strawberry.type(
    description="The simulated amount compared with the booked amount.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class SimulatedAmount:
    """One comparison."""

    partner_code: str
    validator_key: str | None = strawberry.field(
        description="Null for a guarantee's line and in totals over all validators."
    )
    simulated: Money | None = strawberry.field(description="Null where a fact is missing.")
    booked: Money
    difference: Money | None = strawberry.field(description="simulated less booked.")


@strawberry.type(
    description="A finding of a simulated period.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class SimulatedFinding:
    """A finding."""

    code: str
    message: str
    blocks_release: bool


@strawberry.type(
    description="One period: the draft's partner, and other partners with a difference.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class SimulatedPeriod:
    """A period."""

    period_id: Ordinal
    amounts: list[SimulatedAmount]
    findings: list[SimulatedFinding]


@strawberry.type(
    description="What a draft would have paid. Nothing was booked.",
    directives=requires(Capability.WRITE_AGREEMENTS),
)
class Simulation:
    """A simulation."""

    chain_id: str
    from_period: Ordinal
    to_period: Ordinal
    totals: list[SimulatedAmount] = strawberry.field(
        description="Over all periods, by partner; partners without a difference are omitted."
    )
    periods: list[SimulatedPeriod]


async def resolve_simulate_agreement(
    info: Info,
    input: SimulateAgreementInput,  # noqa: A002
    chain_id: str,
    from_period: Ordinal,
    to_period: Ordinal,
) -> Simulation:
    """Simulate. Raises Problem for a caller who does not see all the chain's validators."""
    chain = await info.context.find_chain(chain_id)
    if info.context.caller.validator_keys is not None:
        raise Problem(
            Code.FORBIDDEN,
            "partners share one revenue: a simulation needs all validators, and you may see some of them; "
            "ask somebody who sees all",
        )
    if to_period - from_period >= PERIODS_MAX:
        raise Problem(Code.LIMIT_EXCEEDED, f"ask for at most {PERIODS_MAX} periods at a time")
    periods = period_range(chain_id, from_period, to_period)
    settings = _settings(chain_id)

    def work(session: DbConnection) -> tuple[Simulated, ...]:
        chains = read_chains(session)
        file = parse_entry(AgreementFile, _raw(input, chain_id), "draft")
        normalized = tuple(normalize_partner(partner, chains) for partner in file.partners)
        file = file.model_copy(update={"partners": normalized})
        return simulate_in(session, settings, periods, to_draft(file, chains))

    return _simulation(chain, input.partner_code, periods, await read_with(info, work))


def _settings(chain_id: str) -> ChainSettings:
    for settings in load_chains():
        if settings.chain_id == chain_id:
            return settings
    raise Problem(Code.NOT_FOUND, f"{chain_id} is not in chains.yaml any more; nothing is computed for it")


def _raw(given: SimulateAgreementInput, chain_id: str) -> dict[str, object]:
    """The draft as a file would have it; its dates do not matter."""
    agreement = raw_agreement(given.agreement_id, "draft", ALWAYS, None, given.rules, "simulation")
    wallets = [{"chain": chain_id, "wallet": wallet, "from": ALWAYS} for wallet in given.wallets]
    partner = {"code": given.partner_code, "name": "draft", "wallets": wallets, "agreements": [agreement]}
    return {"partners": [partner]}


def _simulation(
    chain: ChainRow, partner_code: str, periods: Sequence[int], simulated: Sequence[Simulated]
) -> Simulation:
    shown = [
        SimulatedPeriod(
            period_id=Ordinal(period.period_id),
            amounts=[
                _amount(row, chain.coin)
                for row in period.differences
                if row.cell.partner_id == partner_code or row.difference != 0
            ],
            findings=[
                SimulatedFinding(
                    code=finding.code.value, message=finding.message, blocks_release=finding.blocks_release
                )
                for finding in period.findings
            ],
        )
        for period in simulated
    ]
    if sum(len(period.amounts) for period in shown) > AMOUNTS_MAX:
        raise Problem(
            Code.LIMIT_EXCEEDED, f"the answer has more than {AMOUNTS_MAX} amounts; ask for fewer periods"
        )
    return Simulation(
        chain_id=chain.chain_id,
        from_period=Ordinal(periods[0]),
        to_period=Ordinal(periods[-1]),
        totals=_totals(chain.coin, partner_code, simulated),
        periods=shown,
    )


def _amount(row: Difference, coin: Coin) -> SimulatedAmount:
    return SimulatedAmount(
        partner_code=row.cell.partner_id,
        validator_key=row.cell.validator_key,
        simulated=coin.money(row.simulated),
        booked=coin.money(row.booked),
        difference=coin.money(row.difference),
    )


def _totals(coin: Coin, partner_code: str, simulated: Sequence[Simulated]) -> list[SimulatedAmount]:
    """By partner. A total with an unknown part is unknown."""
    parts: defaultdict[str, list[Difference]] = defaultdict(list)
    for period in simulated:
        for row in period.differences:
            parts[row.cell.partner_id].append(row)
    totals = []
    for partner, rows in sorted(parts.items()):
        booked = sum(row.booked for row in rows)
        known = [row.simulated for row in rows if row.simulated is not None]
        total = sum(known) if len(known) == len(rows) else None
        if partner == partner_code or total != booked:
            totals.append(
                SimulatedAmount(
                    partner_code=partner,
                    validator_key=None,
                    simulated=coin.money(total),
                    booked=coin.money(booked),
                    difference=None if total is None else coin.money(total - booked),
                )
            )
    return totals


@strawberry.type
class SimulationQueries:
    """The queries of this module, as root fields."""

    simulate_agreement: Simulation | None = strawberry.field(
        resolver=resolve_simulate_agreement,
        description="What a draft agreement would have paid in booked periods; nothing is booked.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
