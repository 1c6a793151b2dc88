"""What a rule remembers from period to period: its base to date, and losses not yet set off.

The caller keeps it and hands it in; the engine returns the next one, so that a story over periods is a
fold. A memory that cannot be known, because a period in between had no amount, is None.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from aurora_assets.commission.agreement import LossPolicy, Rule, TierScope
from aurora_resources.records import Component

# Only vote rewards have penalties to lose by; see the table of components.
_MAY_BE_NEGATIVE = frozenset({Component.VOTE_REWARDS})


@dataclass(frozen=True, slots=True)
class RuleState:
    """Before a period: base already summed in `window`, and the loss still carried; None is unknown.

    `window` names the quarter or year `base_to_date` belongs to (`2025-Q3`, `2025`); in another one the
    base starts again at zero. None leaves it to the caller.
    """

    base_to_date: int | None = 0
    loss_carried: int | None = 0
    window: str | None = None


NO_HISTORY = RuleState()


def window_of(scope: TierScope, ends_at: datetime) -> str | None:
    """The quarter or year a period belongs to by its end in UTC; None for a scope of one period."""
    if scope is TierScope.PERIOD:
        return None
    end = ends_at.astimezone(UTC)
    return f"{end.year}" if scope is TierScope.YEAR else f"{end.year}-Q{(end.month + 2) // 3}"


def open_history(rule: Rule, before: RuleState, window: str | None) -> RuleState:
    """The history as this period sees it: reduced to what the rule uses, started again in a new window."""
    starts_anew = window is None or before.window not in (None, window)
    return RuleState(
        base_to_date=0 if starts_anew else before.base_to_date,
        loss_carried=before.loss_carried if rule.loss_policy is LossPolicy.CARRY else 0,
        window=window,
    )


def invalidate(rule: Rule, opened: RuleState) -> RuleState:
    """The history after a period without an amount: unknown wherever that period may have changed it."""
    loss_may_change = rule.loss_policy is LossPolicy.CARRY and (
        rule.component in _MAY_BE_NEGATIVE or opened.loss_carried != 0
    )
    return RuleState(
        base_to_date=0 if opened.window is None else None,
        loss_carried=None if loss_may_change else opened.loss_carried,
        window=opened.window,
    )
