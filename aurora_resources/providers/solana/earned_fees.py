"""The canonical record of a validator's fees: gross, what it shared, and what it kept.

Gross comes from `fees.py`, by whichever provider; the shared priority fees from Jito's book. A validator
that shares them sends them out of the same fees, so they are subtracted once, here, and nowhere else.
"""

from collections.abc import Mapping, Sequence

from aurora_resources.providers.solana.fees import Fees, NoFees, shared_identities
from aurora_resources.providers.solana.findings import (
    DRIFT,
    FEES_DOUBTED,
    FEES_MISSING,
    FEES_SHARED_UNKNOWN,
    IDENTITY_SHARED,
    coins,
)
from aurora_resources.providers.solana.mev import tips_state
from aurora_resources.providers.solana.tips import TipResponses
from aurora_resources.records import (
    FactState,
    Finding,
    Normalized,
    TrackedValidator,
    ValidatorFees,
)


def normalize_fees(
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    identities: Mapping[str, str],
    fees: Mapping[str, Fees | NoFees],
    book: TipResponses | None,
) -> Normalized[ValidatorFees]:
    """One record a validator, in lamports. `identities` is by vote account, `fees` by identity."""
    shared_keys = shared_identities(identities)
    records: list[ValidatorFees] = []
    findings: list[Finding] = []
    for validator in validators:
        key = validator.validator_key
        identity = identities.get(key)
        found: Fees | NoFees = NoFees("its identity in the epoch is not known; declare it in chains.yaml")
        code = FEES_MISSING
        if identity is not None and identity in shared_keys:
            code = IDENTITY_SHARED
            found = NoFees(
                f"identity {identity} is used by {' and '.join(shared_keys[identity])}: its blocks cannot be "
                "told apart; declare in chains.yaml which identity each used"
            )
        elif identity is not None:
            found = fees.get(identity, NoFees(f"{provider} was not asked about identity {identity}"))
        if isinstance(found, NoFees):
            findings.append(Finding(code, f"{provider}, epoch {epoch}: {found.reason}", key))
            records.append(ValidatorFees(key, provider, FactState.MISSING, None, None, None))
            continue
        record, doubts = _kept(provider, epoch, running_epoch, validator, found, book)
        records.append(record)
        findings += doubts
    return Normalized(tuple(records), tuple(findings))


def _kept(
    provider: str,
    epoch: int,
    running_epoch: int,
    validator: TrackedValidator,
    fees: Fees,
    book: TipResponses | None,
) -> tuple[ValidatorFees, list[Finding]]:
    key, gross = validator.validator_key, fees.lamports
    row = None if book is None else book.tips.get(key)
    shared = None if row is None else row.priority_fee_revenue
    state, doubts = FactState.FINAL, []
    if row is not None and shared is not None:
        state = tips_state(epoch, running_epoch)
    elif row is None and validator.mev_declared_none:
        shared = 0
    if shared is None:
        state = FactState.PROVISIONAL
        told = "no row for it" if row is None else "a row without priority fees"
        message = f"epoch {epoch}: Jito has {told}, so what it shared of its fees is not known"
        doubts.append(Finding(FEES_SHARED_UNKNOWN, message, key))
    elif shared > gross:
        state = FactState.PROVISIONAL
        message = (
            f"epoch {epoch}: by Jito it shared {coins(shared)} of its fees, by {provider} it earned "
            f"{coins(gross)} in all"
        )
        doubts.append(Finding(DRIFT, message, key))
        shared = None
    if gross == 0 and fees.blocks > 0:
        state = FactState.PROVISIONAL
        message = (
            f"{provider}, epoch {epoch}: {fees.blocks} blocks and not a lamport of fees; either its "
            "collector is no system account, which burns them, or the provider leaves them out"
        )
        doubts.append(Finding(FEES_DOUBTED, message, key))
    kept = gross if shared is None else gross - shared
    return ValidatorFees(key, provider, state, gross, shared, kept, fees.blocks), doubts
