"""What an agreement draft would have paid in periods that are over: pure, nothing is read or booked here.

A draft takes the place of the agreement of its id, and holds in every simulated period whatever its dates
say: the question is what it *would have* paid. All other agreements stay as they are, because partners
share one revenue. Amounts are native units.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final, NamedTuple

from aurora_assets.commission.activation import validate
from aurora_assets.commission.agreement import AgreementStatus, AgreementVersion, RuleKey, WalletClaim
from aurora_assets.commission.engine import Computation, compute
from aurora_assets.commission.facts import PeriodFacts
from aurora_assets.commission.findings import Finding
from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.history import RuleState
from aurora_resources.errors import AgreementError

ALWAYS: Final = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be tried out: versions of agreements, and wallets their partners would have introduced."""

    agreements: tuple[AgreementVersion, ...]
    claims: tuple[WalletClaim, ...] = ()


class Cell(NamedTuple):
    """Where amounts are compared: a partner on a validator; None for what is paid beside the validators."""

    partner_id: str
    validator_key: str | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What the draft would have paid against what was booked; `simulated` is None where it is not known."""

    cell: Cell
    simulated: int | None
    booked: int

    @property
    def difference(self) -> int | None:
        """Simulated less booked; None where the simulated amount is not known."""
        return None if self.simulated is None else self.simulated - self.booked


@dataclass(frozen=True, slots=True)
class SimulatedPeriod:
    """One period: every cell with an amount on either side, and what a person should know."""

    period_id: int
    differences: tuple[Difference, ...]
    findings: tuple[Finding, ...]


def fold(
    periods: Iterable[PeriodFacts],
    agreements: Sequence[AgreementVersion],
    claims: Sequence[WalletClaim],
    history: Mapping[RuleKey, RuleState],
    guard: GuardPolicy,
) -> Iterator[tuple[PeriodFacts, Computation]]:
    """Compute periods in order, each with the history the one before left. Over-claims are findings."""
    for facts in periods:
        result = compute(facts, agreements, claims, history=history, guard=guard)
        yield facts, result
        history = result.history


def put_in_place(agreements: Iterable[AgreementVersion], draft: Draft) -> tuple[AgreementVersion, ...]:
    """The agreements with the draft's, as their next version, in place of those of the same id.

    A version in DRAFT counts as ACTIVE; one that is suspended or terminated pays nothing, which can be
    simulated, too. Raises AgreementError for a draft that could not be put in force, that comes twice, or
    whose id is another partner's.
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
    """The claims with those of the draft that are new, which hold in every period.

    A wallet that its partner claimed already keeps its dates. Raises AgreementError for one that another
    partner ever claimed: no wallet is moved, not even here.
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

    For a partner with a rule that cannot be settled no amount is known: the rule may pay anywhere.
    """
    partners = {version.agreement_id: version.partner_id for version in agreements}
    unknown = {partners[key.agreement_id] for key in computation.unsettled}
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
