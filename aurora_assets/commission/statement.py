"""A monthly statement: its states, its lines with what people changed, its balances.

A partner's lines of one chain and billing month, and corrections of earlier ones, sum to its total; a total
below zero pays nothing and is set off by the next. What is written down and hashed is in
`statements/content.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid5

from aurora_assets.commission.corrections import OwedLine, TrueUpItem
from aurora_assets.commission.lines import LINE_NAMESPACE
from aurora_resources.errors import AuroraError


class StatementError(AuroraError):
    """An action on a statement is refused: wrong status, wrong person, or incomplete data."""


class StatementStatus(StrEnum):
    """Partners see a statement from RELEASED on."""

    DRAFT = "DRAFT"
    PENDING_APPROVAL = "PENDING_APPROVAL"
    APPROVED = "APPROVED"
    RELEASED = "RELEASED"
    PAID = "PAID"


class StatementAction(StrEnum):
    """What a person does to a statement."""

    SUBMIT = "submit"
    APPROVE = "approve"
    RELEASE = "release"
    PAY = "pay"
    REOPEN = "reopen"


RELEASED_STATES: Final = frozenset({StatementStatus.RELEASED, StatementStatus.PAID})

_STEPS: Final[Mapping[StatementAction, Mapping[StatementStatus, StatementStatus]]] = {
    StatementAction.SUBMIT: {StatementStatus.DRAFT: StatementStatus.PENDING_APPROVAL},
    StatementAction.APPROVE: {StatementStatus.PENDING_APPROVAL: StatementStatus.APPROVED},
    StatementAction.RELEASE: {StatementStatus.APPROVED: StatementStatus.RELEASED},
    StatementAction.PAY: {StatementStatus.RELEASED: StatementStatus.PAID},
    StatementAction.REOPEN: {
        StatementStatus.PENDING_APPROVAL: StatementStatus.DRAFT,
        StatementStatus.APPROVED: StatementStatus.DRAFT,
    },
}


@dataclass(frozen=True, slots=True)
class StatementKey:
    """Whose statement: partner and chain by their codes, the month by its first day."""

    partner: str
    chain_id: str
    month: date

    def __post_init__(self) -> None:
        if self.month.day != 1:
            raise ValueError(f"a billing month is named by its first day, not by {self.month}")

    def __str__(self) -> str:
        return f"statement of {self.partner} on {self.chain_id} for {self.month:%Y-%m}"

    @property
    def statement_id(self) -> UUID:
        """UUIDv5 of partner, chain and month."""
        return uuid5(LINE_NAMESPACE, f"statement/{self.partner}/{self.chain_id}/{self.month:%Y-%m}")


def next_status(key: StatementKey, status: StatementStatus, action: StatementAction) -> StatementStatus:
    """The status after `action`. Raises StatementError when it cannot be done in `status`."""
    steps = _STEPS[action]
    if status in steps:
        return steps[status]
    if action is StatementAction.REOPEN and status in RELEASED_STATES:
        raise StatementError(
            f"{key} is {status} and never changes again: correct the data and recompute, and the difference "
            "goes into the next statement"
        )
    raise StatementError(f"{key} is {status}; to {action} it, it must be {' or '.join(steps)}")


def person(name: str) -> str:
    """A person's name without spaces around it. Raises StatementError when nothing is left."""
    if not name.strip():
        raise StatementError("nobody is named: say who does this with --by")
    return name.strip()


def same_person(one: str, other: str) -> bool:
    """Whether two names are one person's; case and spaces around them tell nobody apart."""
    return one.strip().lower() == other.strip().lower()


def refuse_own_approval(key: StatementKey, prepared_by: str, approver: str, step: str = "approve") -> None:
    """Raise StatementError when the approver (or who takes another `step`) is the preparer."""
    if same_person(prepared_by, approver):
        raise StatementError(
            f"{key} was submitted by {prepared_by}, who cannot {step} it: ask another person to"
        )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One commission line as stated. Amounts in native units.

    `computed` is the engine's amount, `amount` what is owed: another one under an override, whose reason
    is then in `override_reason`. `trace` is the rule's rate trace with amounts as text.
    """

    line_id: UUID
    period_id: int
    agreement_id: str
    version: int
    rule_id: str
    validator_key: str | None
    validator_name: str | None
    component: str
    method: str
    base: int
    trace: Mapping[str, object]
    computed: int
    amount: int
    override_reason: str | None
    allocated: bool
    scaled: bool
    state: str
    engine_version: str

    def owed(self, partner: str, chain_id: str) -> OwedLine:
        """What corrections compare."""
        return OwedLine(
            line_id=self.line_id,
            partner_id=partner,
            chain_id=chain_id,
            period_id=self.period_id,
            agreement_id=self.agreement_id,
            version=self.version,
            rule_id=self.rule_id,
            validator_key=self.validator_key,
            component=self.component,
            amount=self.amount,
            base=self.base,
            override_reason=self.override_reason,
        )


@dataclass(frozen=True, slots=True)
class StatementPeriod:
    """One period of the month; its times are half-open, UTC."""

    period_id: int
    label: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Balance:
    """A total between two balances, native units: `payable` is paid, `closing` (zero or less) is carried."""

    opening: int
    total: int
    payable: int
    closing: int


def calculate_balance(opening: int, total: int) -> Balance:
    """Offset `total` against the closing balance of the statement before.

    `payable + closing == opening + total`, always. Raises ValueError for an opening balance above zero:
    what is owed is paid, never carried.
    """
    if opening > 0:
        raise ValueError(f"an opening balance of {opening} would be an amount that was not paid")
    due = opening + total
    return Balance(opening, total, payable=max(0, due), closing=min(0, due))


@dataclass(frozen=True, slots=True)
class Statement:
    """Everything a statement says. `periods` are all of the month, `lines` all of the partner in them."""

    key: StatementKey
    partner_name: str
    native_unit: str
    native_decimals: int
    display_unit: str
    periods: tuple[StatementPeriod, ...]
    lines: tuple[StatementLine, ...]
    true_ups: tuple[TrueUpItem, ...]
    opening_balance: int

    @property
    def lines_total(self) -> int:
        """Sum of the lines, native units."""
        return sum(line.amount for line in self.lines)

    @property
    def true_ups_total(self) -> int:
        """Sum of the corrections, native units."""
        return sum(item.difference for item in self.true_ups)

    @property
    def balance(self) -> Balance:
        """The balance of lines and corrections together."""
        return calculate_balance(self.opening_balance, self.lines_total + self.true_ups_total)


def month_gaps(
    chain_id: str, month: date, booked: Mapping[int, bool], before: int | None, after: int | None
) -> list[str]:
    """What a month still misses before its statement can be complete, in words.

    `booked` says of each known period of the month whether it has commission lines; `before` and `after`
    are the newest period that ended before the month and the oldest that ends after it.
    """
    gaps = []
    known = sorted(booked)
    if after is None:
        gaps.append(
            f"{chain_id}: no period that ends after {month:%Y-%m} is known yet, so the month may still get "
            "more of them; wait, or backfill the next one"
        )
    first = before + 1 if before is not None else known[0] if known else None
    last = after if after is not None else known[-1] if known else None
    if first is not None and last is not None:
        unknown = sorted(set(range(first, last)) - booked.keys())
        if unknown:
            gaps.append(f"{chain_id}: {_periods(unknown)} never asked for; backfill")
    unbooked = [period_id for period_id in known if not booked[period_id]]
    if unbooked:
        gaps.append(f"{chain_id}: {_periods(unbooked)} without commission lines; backfill")
    return gaps


def _periods(ids: Sequence[int]) -> str:
    """`period 803 is`, `periods 803, 805 are`; many by first and last, which are what a backfill takes."""
    if len(ids) == 1:
        return f"period {ids[0]} is"
    few = 6
    listed = ", ".join(map(str, ids)) if len(ids) <= few else f"{ids[0]} to {ids[-1]}"
    return f"periods {listed} are"
