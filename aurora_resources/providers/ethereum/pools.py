"""Execution income that a group pools: booked once, either where it was earned or where it was paid out.

A shared pool gives each member its part by effective balance and epochs, exactly. An external pool's blocks
earn the group nothing; what the pool paid out is declared, and divided in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from aurora_resources.config.chain_rules import Group, Pool
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.findings import POOL_INCOMPLETE, POOL_PAYOUT_UNDECLARED, POOLED, wei
from aurora_resources.providers.ethereum.weights import active_stake
from aurora_resources.records import Finding
from aurora_resources.units import split_exactly


@dataclass(frozen=True, slots=True)
class Shared:
    """What each member of a group is given, in wei; no amounts when something of it is not known."""

    amounts: Mapping[str, int] = field(default_factory=dict)
    code: str | None = None
    message: str = ""

    def findings_of(self, validator_key: str) -> tuple[Finding, ...]:
        """What is to be said of one member."""
        return () if self.code is None else (Finding(self.code, self.message, validator_key),)


def pooled(known: Evidence, group: Group, earned: Mapping[str, int | None], *, with_payouts: bool) -> Shared:
    """Divide what the group's members earned, or (`with_payouts`) what their external pool paid them."""
    period_id = known.window.period_id
    amounts = [amount for amount in earned.values() if amount is not None]
    if group.pool is Pool.EXTERNAL:
        total = sum(amounts)
        told = f"{wei(total)} of its group's blocks went to the pool of {group.code}" if total else ""
        if not with_payouts:
            return Shared(dict.fromkeys(earned, 0), POOLED if told else None, told)
        paid = next((entry.amount for entry in group.pool_payouts if entry.period == period_id), None)
        if paid is None:
            return Shared(
                code=POOL_PAYOUT_UNDECLARED,
                message=f"what the pool of {group.code} paid for period {period_id} is not declared; add it "
                "to pool_payouts, or 0 if it paid nothing",
            )
        return _divided(known, group, paid, earned, POOLED if told else None, told)
    if len(amounts) < len(earned):
        return Shared(
            code=POOL_INCOMPLETE,
            message=f"the income of another member of {group.code} is not known, so that it cannot be shared",
        )
    return _divided(known, group, sum(amounts), earned, None, "")


def _divided(
    known: Evidence,
    group: Group,
    total: int,
    members: Mapping[str, int | None],
    code: str | None,
    message: str,
) -> Shared:
    stakes = {key: active_stake(known.states_by_epoch, key, known.window) for key in members}
    weights = {key: stake for key, stake in stakes.items() if stake is not None}
    if total and (len(weights) < len(members) or not any(weights.values())):
        return Shared(
            code=POOL_INCOMPLETE,
            message=f"the stake of a member of {group.code} is not known: {wei(total)} cannot be shared",
        )
    shares = split_exactly(total, weights) if total else dict.fromkeys(members, 0)
    return Shared(shares, code, message)
