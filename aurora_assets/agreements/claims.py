"""Whether wallets can be claimed for a partner: one partner a wallet at a time, the first introduction holds.

Pure; the table's own exclusion constraint stands behind it. Reading and writing is in `wallets.py`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from aurora_assets.commission.agreement import WalletClaim


class ClaimOutcome(StrEnum):
    """UNCHANGED: that very claim was there already."""

    ADDED = "ADDED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """One wanted claim, what becomes of it, and why it is refused if it is."""

    claim: WalletClaim
    outcome: ClaimOutcome
    fault: str | None = None


def judge_claims(wanted: Sequence[WalletClaim], known: Iterable[WalletClaim]) -> tuple[ClaimCheck, ...]:
    """Each wanted claim in its order, against the `known` ones and those wanted before it."""
    held: defaultdict[tuple[str, str], list[WalletClaim]] = defaultdict(list)
    for claim in known:
        held[claim.chain_id, claim.wallet].append(claim)
    judged = []
    for claim in wanted:
        others = held[claim.chain_id, claim.wallet]
        in_the_way = next((other for other in others if _overlap(claim, other)), None)
        if claim in others:
            judged.append(ClaimCheck(claim, ClaimOutcome.UNCHANGED))
        elif in_the_way is not None:
            judged.append(ClaimCheck(claim, ClaimOutcome.REFUSED, _fault(claim, in_the_way)))
        else:
            others.append(claim)
            judged.append(ClaimCheck(claim, ClaimOutcome.ADDED))
    return tuple(judged)


def _overlap(one: WalletClaim, other: WalletClaim) -> bool:
    return (other.valid_until is None or one.valid_from < other.valid_until) and (
        one.valid_until is None or other.valid_from < one.valid_until
    )


def _fault(claim: WalletClaim, holder: WalletClaim) -> str:
    held = f"from {_day(holder.valid_from)}" + (
        "" if holder.valid_until is None else f" until {_day(holder.valid_until)}"
    )
    if holder.partner_id == claim.partner_id:
        return (
            f"wallet {claim.wallet} on {claim.chain_id} is {claim.partner_id}'s already, {held}; "
            "leave it out, or end that claim first"
        )
    return (
        f"wallet {claim.wallet} on {claim.chain_id} is claimed already by {holder.partner_id}, {held}; "
        "the first accepted introduction holds: end that claim first"
    )


def _day(moment: datetime) -> str:
    return moment.isoformat().removesuffix("T00:00:00+00:00")
