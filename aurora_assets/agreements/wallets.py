"""Claims on wallets in the warehouse: added all or none, ended, and read back. The rule is in `claims.py`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import psycopg

from aurora_assets.agreements.claims import ClaimCheck, ClaimOutcome, judge_claims
from aurora_assets.agreements.entries import WalletEntry, to_claim
from aurora_assets.agreements.refusals import NotFoundError
from aurora_assets.commission.agreement import WalletClaim
from aurora_resources.errors import AgreementError
from aurora_resources.warehouse.queries import read_query


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
    """Every claim there is on the wallets of `wanted`, whoever's."""
    places = {"chain_ids": [each.chain_id for each in wanted], "wallets": [each.wallet for each in wanted]}
    rows = connection.execute(read_query("registry/wallets.claims_of_wallets"), places).fetchall()
    return tuple(WalletClaim(*row) for row in rows)
