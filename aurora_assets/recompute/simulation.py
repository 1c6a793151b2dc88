"""Simulate an agreement draft over booked periods: what it would have paid; nothing is booked.

A draft replaces the agreement of its id and is valid in every simulated period, whatever its dates say. All
other agreements stay as they are, because partners share one revenue. Everything is read in one snapshot.
Amounts are native units.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aurora_assets.agreements.entries import KnownChain, to_claim, to_version
from aurora_assets.agreements.file import AgreementFile
from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.commission.activation import validate
from aurora_assets.commission.agreement import AgreementStatus, AgreementVersion, WalletClaim
from aurora_assets.commission.engine import Computation
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.commission.findings import Finding
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.pipeline import commissions
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.generations import GenerationKey
from aurora_assets.recompute.periods import (
    compute_in_order,
    read_booked_lines,
    read_facts_in_force,
    snapshot,
)
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.connection import DbConnection

ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Draft:
    """Agreement versions to simulate, and wallets that their partners would have introduced."""

    agreements: tuple[AgreementVersion, ...]
    claims: tuple[WalletClaim, ...] = ()


class Cell(NamedTuple):
    """A partner on a validator; the validator is None for amounts that no validator pays."""

    partner_id: str
    validator_key: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What the draft would have paid and what was booked; `simulated` is None where it is unknown."""

    cell: Cell
    simulated: int | None
    booked: int

    @property
    def difference(self) -> int | None:
        """Simulated less booked; None where the simulated amount is unknown."""
        return None if self.simulated is None else self.simulated - self.booked


@dataclass(frozen=True, slots=True)
class SimulatedPeriod:
    """One period: every cell with an amount on either side, and the findings of the engine."""

    period_id: int
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]


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
    """What would have been owed in each period under the draft, compared with what was booked.

    Rules that were booked before the first period continue from their state, others start there.
    Raises PeriodError for a period without P&L, AgreementError for a draft that cannot be put in force.
    """
    with snapshot(run.warehouse) as connection:
        return simulate_in(connection, run.settings, periods, draft)


def simulate_in(
    connection: DbConnection, settings: ChainSettings, periods: Sequence[int], draft: Draft
) -> tuple[SimulatedPeriod, ...]:
    """The same in the caller's session, a snapshot that may read all rows of the chain."""
    chain_id = settings.chain_id

    def facts() -> Iterator[PeriodFacts]:
        for period_id in periods:
            yield read_facts_in_force(connection, chain_id, period_id)

    agreements = put_in_place(read_agreements(connection), draft)
    first = GenerationKey(commissions.DATASET, chain_id, periods[0])
    computed = compute_in_order(
        facts(),
        agreements,
        introduce(read_claims(connection, chain_id), draft),
        commissions.read_history(connection, first),
        GuardPolicy(settings.revenue_guard),
    )
    simulated = []
    for read, result in computed:
        booked: defaultdict[Cell, int] = defaultdict(int)
        for line in read_booked_lines(connection, chain_id, read.period_id):
            booked[Cell(line.partner_id, line.validator_key)] += line.amount
        simulated.append(
            SimulatedPeriod(read.period_id, compare(result, agreements, booked), result.findings)
        )
    return tuple(simulated)


def put_in_place(agreements: Iterable[AgreementVersion], draft: Draft) -> tuple[AgreementVersion, ...]:
    """The agreements with the draft's, as their next version, in place of those of the same id.

    A version in DRAFT counts as ACTIVE; a suspended or terminated one pays nothing, and can be simulated as
    well. Raises AgreementError for a draft that is invalid, that comes twice, or whose id belongs to another
    partner.
    """
    kept = tuple(agreements)
    drafted = {version.agreement_id for version in draft.agreements}
    if len(drafted) < len(draft.agreements):
        raise AgreementError("an agreement is drafted twice under the same id; simulate one draft at a time")
    return (
        *(known for known in kept if known.agreement_id not in drafted),
        *(_as_next(kept, version) for version in draft.agreements),
    )


def _as_next(known: Iterable[AgreementVersion], version: AgreementVersion) -> AgreementVersion:
    earlier = [one for one in known if one.agreement_id == version.agreement_id]
    others = {one.partner_id for one in earlier} - {version.partner_id}
    if others:
        raise AgreementError(
            f"agreement {version.agreement_id} belongs to partner {', '.join(sorted(others))}; "
            f"give the one of {version.partner_id} another id"
        )
    validate(version)
    is_draft = version.status is AgreementStatus.DRAFT
    return replace(
        version,
        version=1 + max((one.version for one in earlier), default=0),
        status=AgreementStatus.ACTIVE if is_draft else version.status,
        valid_from=ALWAYS,
        valid_until=None,
    )


def introduce(claims: Iterable[WalletClaim], draft: Draft) -> tuple[WalletClaim, ...]:
    """The claims, and the new ones of the draft, which are valid in every period.

    A wallet that its partner already claimed keeps its dates. Raises AgreementError for a wallet that another
    partner ever claimed: a simulation moves no wallet.
    """
    kept = tuple(claims)
    known = {(claim.chain_id, claim.wallet, claim.partner_id) for claim in kept}
    for claim in draft.claims:
        owners = {
            other.partner_id
            for other in (*kept, *draft.claims)
            if (other.chain_id, other.wallet) == (claim.chain_id, claim.wallet)
        } - {claim.partner_id}
        if owners:
            raise AgreementError(
                f"partner {claim.partner_id}: wallet {claim.wallet} on {claim.chain_id} is claimed by "
                f"{', '.join(sorted(owners))}; leave it out of the draft: a simulation moves no wallet"
            )
    new = (claim for claim in draft.claims if (claim.chain_id, claim.wallet, claim.partner_id) not in known)
    return (*kept, *(replace(claim, valid_from=ALWAYS, valid_until=None) for claim in new))


def compare(
    computation: Computation, agreements: Iterable[AgreementVersion], booked: Mapping[Cell, int]
) -> tuple[Difference, ...]:
    """Every cell that has an amount on either side, by partner and validator.

    For a partner with an unresolved rule no amount is known: the rule may pay on any validator.
    """
    partners = {version.agreement_id: version.partner_id for version in agreements}
    unknown = {partners[key.agreement_id] for key in computation.unresolved}
    simulated: defaultdict[Cell, int] = defaultdict(int)
    for line in computation.lines:
        simulated[Cell(line.partner_id, line.validator_key)] += line.amount
    cells = {*simulated, *booked, *(Cell(partner_id, None) for partner_id in unknown)}
    return tuple(
        Difference(
            cell,
            simulated=None if cell.partner_id in unknown else simulated.get(cell, 0),
            booked=booked.get(cell, 0),
        )
        for cell in sorted(cells, key=lambda cell: (cell.partner_id, cell.validator_key or ""))
    )
