"""What a recompute changes on lines that are already released: differences only, nothing is rewritten.

Booking them into the next open statement, with the cause, is done elsewhere.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from uuid import UUID

from aurora_assets.commission.agreement import RuleKey
from aurora_assets.commission.lines import Line


@dataclass(frozen=True, slots=True)
class TrueUp:
    """What is owed on top of a released line (negative: was paid too much), native units."""

    line_id: UUID
    partner_id: str
    released: int
    recomputed: int

    @property
    def difference(self) -> int:
        """Recomputed less released."""
        return self.recomputed - self.released


def find_true_ups(
    released: Iterable[Line], recomputed: Iterable[Line], unsettled: Collection[RuleKey]
) -> tuple[TrueUp, ...]:
    """The differences between the released and the recomputed lines of one period, by partner and place.

    A line that is no longer there is owed nothing, one that is new was paid nothing. Rules in `unsettled`
    are left alone: what cannot be computed again is unknown, not zero.
    """
    before = {line.line_id: line for line in released if line.rule_key not in unsettled}
    after = {line.line_id: line for line in recomputed}
    latest = sorted((before | after).values(), key=lambda line: (line.sort_key, line.version))
    found = (
        TrueUp(
            line.line_id,
            line.partner_id,
            before[line.line_id].amount if line.line_id in before else 0,
            after[line.line_id].amount if line.line_id in after else 0,
        )
        for line in latest
    )
    return tuple(true_up for true_up in found if true_up.difference != 0)
