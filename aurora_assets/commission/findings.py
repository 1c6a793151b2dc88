"""What a person should know about a computation: each finding has a name, and says if it blocks release.

A mistake in the data becomes a finding beside the lines it concerns, not an exception in the middle of a
run.
"""

from dataclasses import dataclass
from enum import StrEnum

from aurora_resources.records import Component


class FindingCode(StrEnum):
    """The names of findings."""

    FACT_MISSING = "FACT_MISSING"
    STAKE_UNKNOWN = "STAKE_UNKNOWN"
    CLIENT_REVENUE_UNKNOWN = "CLIENT_REVENUE_UNKNOWN"
    HISTORY_UNKNOWN = "HISTORY_UNKNOWN"
    AGREEMENT_INVALID = "AGREEMENT_INVALID"
    OWNERSHIP_CONFLICT = "OWNERSHIP_CONFLICT"
    REVENUE_GUARD = "REVENUE_GUARD"
    FACT_PROVISIONAL = "FACT_PROVISIONAL"
    NEGATIVE_BASE = "NEGATIVE_BASE"
    GUARD_SCALED = "GUARD_SCALED"
    GUARANTEE_PAID = "GUARANTEE_PAID"


_INFORMATION = frozenset(
    {
        FindingCode.FACT_PROVISIONAL,
        FindingCode.NEGATIVE_BASE,
        FindingCode.GUARD_SCALED,
        FindingCode.GUARANTEE_PAID,
    }
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. Where `partner_id` is None it concerns the whole period, and may name several partners."""

    code: FindingCode
    message: str
    partner_id: str | None = None
    agreement_id: str | None = None
    rule_id: str | None = None
    validator_key: str | None = None
    component: Component | None = None

    @property
    def blocks_release(self) -> bool:
        """Whether statements of this partner (of all, without one) must not be released."""
        return self.code not in _INFORMATION

    @property
    def sort_key(self) -> tuple[str, ...]:
        """Orders findings by partner, agreement, rule, validator, then name."""
        parts = (self.partner_id, self.agreement_id, self.rule_id, self.validator_key, self.component)
        return (*(part or "" for part in parts), self.code, self.message)
