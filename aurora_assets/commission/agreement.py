"""Agreements as data: versions, their rules and tiers, and the wallets partners introduced.

Which version pays at a moment and which validators a rule covers is here too.

Only dates are checked here, because a draft may be unfinished: `activation.py` says whether a version can
be put in force. Rates are basis points; thresholds, floors and caps are native units.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from aurora_resources.errors import AgreementError
from aurora_resources.records import Component


class Method(StrEnum):
    """How a rule's base is found; each has its module in `methods/`."""

    CLIENT_REVENUE = "CLIENT_REVENUE"
    STAKE_WEIGHT = "STAKE_WEIGHT"
    FIXED_SHARE = "FIXED_SHARE"


class TierMode(StrEnum):
    """MARGINAL: each tier's rate on its own slice. CLIFF: the reached tier's rate on everything."""

    MARGINAL = "MARGINAL"
    CLIFF = "CLIFF"


class TierMetric(StrEnum):
    """What is measured against the thresholds: the rule's base, or the partner's stake under the rule."""

    REVENUE = "REVENUE"
    STAKE = "STAKE"


class TierScope(StrEnum):
    """Over what the base is summed: the period alone, or the quarter or year to date (UTC)."""

    PERIOD = "PERIOD"
    QUARTER = "QUARTER"
    YEAR = "YEAR"


class LossPolicy(StrEnum):
    """CARRY: a negative base is set against the rule's next positive bases. NO_CARRY: it is dropped."""

    CARRY = "CARRY"
    NO_CARRY = "NO_CARRY"


class AgreementStatus(StrEnum):
    """Only ACTIVE pays."""

    DRAFT = "DRAFT"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    TERMINATED = "TERMINATED"


class RuleKey(NamedTuple):
    """One rule on one chain: what history is kept by. Two chains' units never meet in one history."""

    agreement_id: str
    rule_id: str
    chain_id: str


@dataclass(frozen=True, slots=True)
class Tier:
    """From the tier before (exclusive) up to `upper` (inclusive; None for the last, open tier)."""

    upper: int | None
    rate_bps: int


@dataclass(frozen=True, slots=True)
class TierSchedule:
    """Tiers in ascending order, and how they are read."""

    tiers: tuple[Tier, ...]
    mode: TierMode = TierMode.MARGINAL
    metric: TierMetric = TierMetric.REVENUE
    scope: TierScope = TierScope.PERIOD


@dataclass(frozen=True, slots=True)
class Rule:
    """What a partner is paid on one component: exactly one of `rate_bps` and `tiers` is set.

    `chain_id` and `validator_key` narrow the rule, None is any. `floor` and `cap` bound what the rule pays
    in a period; with `guarantee` the floor is owed even when there is no base.
    """

    rule_id: str
    order: int
    component: Component
    method: Method
    chain_id: str | None = None
    validator_key: str | None = None
    rate_bps: int | None = None
    tiers: TierSchedule | None = None
    floor: int | None = None
    cap: int | None = None
    guarantee: bool = False
    loss_policy: LossPolicy = LossPolicy.CARRY

    @property
    def scope(self) -> TierScope:
        """The scope its base is summed over; a flat rate has no use for more than the period."""
        return self.tiers.scope if self.tiers is not None else TierScope.PERIOD

    @property
    def specificity(self) -> int:
        """2 for a named validator, 1 for a named chain, 0 for any."""
        return 2 if self.validator_key is not None else int(self.chain_id is not None)


@dataclass(frozen=True, slots=True)
class AgreementVersion:
    """One immutable version of an agreement with a partner, valid from <= period start < until."""

    agreement_id: str
    version: int
    partner_id: str
    status: AgreementStatus
    valid_from: datetime
    valid_until: datetime | None
    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        _refuse_bad_range(self, f"agreement {self.agreement_id} v{self.version}")


@dataclass(frozen=True, slots=True)
class WalletClaim:
    """A wallet a partner introduced, valid from <= period start < until."""

    chain_id: str
    wallet: str
    partner_id: str
    valid_from: datetime
    valid_until: datetime | None = None

    def __post_init__(self) -> None:
        _refuse_bad_range(self, f"wallet {self.wallet} of partner {self.partner_id}")


def _refuse_bad_range(dated: AgreementVersion | WalletClaim, what: str) -> None:
    start, until = dated.valid_from, dated.valid_until
    if start.utcoffset() is None or (until is not None and until.utcoffset() is None):
        raise AgreementError(f"{what}: its dates have no time zone; give them in UTC")
    if until is not None and until <= start:
        raise AgreementError(f"{what}: it ends {until} but starts {start}; give a later end")


def holds_at(dated: AgreementVersion | WalletClaim, moment: datetime) -> bool:
    """Whether it is valid at `moment`: from <= moment < until."""
    return dated.valid_from <= moment and (dated.valid_until is None or moment < dated.valid_until)


def in_force(agreements: Iterable[AgreementVersion], moment: datetime) -> Sequence[AgreementVersion]:
    """The version of each agreement that pays at `moment`, by agreement id.

    The newest version that is valid then and was ever activated decides: if it is suspended or
    terminated, an older version does not come back in its place. Raises AgreementError for a version
    that is given twice.
    """
    newest: dict[str, AgreementVersion] = {}
    seen: set[tuple[str, int]] = set()
    for agreement in agreements:
        key = (agreement.agreement_id, agreement.version)
        if key in seen:
            raise AgreementError(f"agreement {key[0]} version {key[1]} was given twice; keep one of them")
        seen.add(key)
        if agreement.status is AgreementStatus.DRAFT or not holds_at(agreement, moment):
            continue
        known = newest.get(agreement.agreement_id)
        if known is None or known.version < agreement.version:
            newest[agreement.agreement_id] = agreement
    return [newest[key] for key in sorted(newest) if newest[key].status is AgreementStatus.ACTIVE]


def covered(agreement: AgreementVersion, rule: Rule, chain_id: str, known: Sequence[str]) -> list[str] | None:
    """Validators of a chain that a rule is responsible for, of those known in the period.

    None if the rule says nothing about this chain, or a rule of the same agreement for this very chain
    takes its place. A validator that the rule names together with its chain is covered even when the
    period knows nothing about it: that is a gap, not a zero.
    """
    if rule.chain_id not in (None, chain_id):
        return None
    if rule.validator_key is not None:
        expected = rule.chain_id is not None or rule.validator_key in known
        return [rule.validator_key] if expected else None
    rivals = [
        other
        for other in agreement.rules
        if other.component is rule.component
        and other.chain_id in (None, chain_id)
        and other.specificity > rule.specificity
    ]
    if any(other.validator_key is None for other in rivals):
        return None
    taken = {other.validator_key for other in rivals}
    return [key for key in known if key not in taken]
