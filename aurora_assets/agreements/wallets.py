"""Claims on wallets: one partner a wallet at a time, the first accepted introduction holds.

Claims are judged in memory, added all or none, ended, and read back; the exclusion constraint of the table
stands behind the rule.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import psycopg

from aurora_assets.agreements.entries import WalletEntry, to_claim
from aurora_assets.agreements.lifecycle import NotFoundError
from aurora_assets.commission.agreement import WalletClaim
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.queries import read_query


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


def add_claims(
    connection: psycopg.Connection[Any], partner_code: str, partner_id: int, entries: Sequence[WalletEntry]
) -> tuple[ClaimCheck, ...]:
    """Claim all wallets for the partner, or none if any of them is refused: then nothing is written.

    The caller's transaction is left usable. Raises AgreementError for a bad time range, and when another
    session claimed one of the wallets in the same moment.
    """
    wanted = tuple(to_claim(partner_code, entry) for entry in entries)
    judged = judge_claims(wanted, _read_claims_on(connection, wanted))
    if any(each.outcome is ClaimOutcome.REFUSED for each in judged):
        return judged
    added = [
        (each.claim, entry)
        for each, entry in zip(judged, entries, strict=True)
        if each.outcome is ClaimOutcome.ADDED
    ]
    rows = {
        "partner_id": partner_id,
        "chain_ids": [claim.chain_id for claim, _ in added],
        "wallets": [claim.wallet for claim, _ in added],
        "valid_froms": [claim.valid_from for claim, _ in added],
        "valid_untils": [claim.valid_until for claim, _ in added],
        "notes": [entry.notes for _, entry in added],
    }
    try:
        with connection.transaction():
            connection.execute(read_query("registry/wallets.put_wallets"), rows)
            connection.execute(read_query("registry/wallets.claim_wallets"), rows)
    except psycopg.errors.ExclusionViolation:
        raise AgreementError(
            "one of the wallets was claimed by somebody else just now; nothing was written, try again"
        ) from None
    return judged


def end_claim(
    connection: psycopg.Connection[Any], partner_id: int, claim: WalletClaim, until: datetime
) -> tuple[WalletClaim, WalletClaim]:
    """End the claim that starts at `claim.valid_from`, at `until`; an end can be made earlier, never later.

    Returns the claim before and after.

    Raises AgreementError when the partner has no such claim, it ends already before, or it would be empty.
    """
    named = {
        "chain_id": claim.chain_id,
        "wallet": claim.wallet,
        "partner_id": partner_id,
        "valid_from": claim.valid_from,
        "valid_until": until,
    }
    found = connection.execute(read_query("registry/wallets.lock_claim"), named).fetchone()
    what = f"wallet {claim.wallet} on {claim.chain_id}"
    if found is None:
        raise NotFoundError(
            f"{what}: partner {claim.partner_id} has no claim from {claim.valid_from.isoformat()}; "
            "partnerWallets lists the claims"
        )
    known = replace(claim, valid_until=found[0])
    if known.valid_until is not None and known.valid_until <= until:
        ends = known.valid_until.isoformat()
        raise AgreementError(f"{what}: the claim ends at {ends} already, which is no later")
    ended = replace(claim, valid_until=until)
    connection.execute(read_query("registry/wallets.end_claim"), named)
    return known, ended


def _read_claims_on(
    connection: psycopg.Connection[Any], wanted: Sequence[WalletClaim]
) -> tuple[WalletClaim, ...]:
    """Every claim on the wallets of `wanted`, of any partner."""
    places = {"chain_ids": [each.chain_id for each in wanted], "wallets": [each.wallet for each in wanted]}
    rows = connection.execute(read_query("registry/wallets.claims_of_wallets"), places).fetchall()
    return tuple(WalletClaim(*row) for row in rows)
