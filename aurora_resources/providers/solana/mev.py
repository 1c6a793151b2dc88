"""A validator's MEV of an epoch, understood from Jito's answers, with what does not fit together.

Asking, and the division of tips, are in `tips.py`. A validator that is absent is MISSING, never zero, unless
the operator declared that it runs no MEV client.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from aurora_resources.config.chain_rules import SolanaRules
from aurora_resources.providers.solana.findings import DRIFT, MEV_MISSING, coins
from aurora_resources.providers.solana.tips import TipDivision, TipResponses, divide_tips
from aurora_resources.records import FactState, Finding, Normalized, TrackedValidator, ValidatorMev

CONFIRMED_AFTER_EPOCHS: Final = 2
"""Jito's numbers of epoch N may still change until epoch N + 2 runs."""


def tips_state(epoch: int, running_epoch: int) -> FactState:
    """How sure a number of Jito's about `epoch` is, asked while `running_epoch` ran."""
    settled = running_epoch >= epoch + CONFIRMED_AFTER_EPOCHS
    return FactState.FINAL if settled else FactState.PROVISIONAL


def normalize_tips(
    book: TipResponses | None,
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    rules: SolanaRules,
) -> Normalized[ValidatorMev]:
    """One record a validator, in lamports; findings where Jito contradicts itself."""
    records: list[ValidatorMev] = []
    findings: list[Finding] = list(_network_drift(book)) if book is not None else []
    for validator in validators:
        key = validator.validator_key
        row = None if book is None else book.tips.get(key)
        if book is not None and row is not None:
            division = divide_tips(row.mev_revenue, row.mev_commission, epoch, rules)
            findings += _drift(book, key, division, rules)
            if validator.mev_declared_none:
                message = f"{provider} has tips of epoch {epoch} for it; chains.yaml declares `mev: none`"
                findings.append(Finding(DRIFT, message, key))
            records.append(
                ValidatorMev(
                    key,
                    provider,
                    tips_state(epoch, running_epoch),
                    gross=row.mev_revenue,
                    protocol_fee=division.protocol_fee,
                    delegators_share=division.delegators_share,
                    operator_share=division.operator_share,
                    commission_bps=row.mev_commission,
                )
            )
        elif validator.mev_declared_none:
            records.append(ValidatorMev(key, provider, FactState.FINAL, 0, 0, 0, 0, None))
        else:
            findings.append(Finding(MEV_MISSING, _why_missing(book, provider, epoch), key))
            records.append(ValidatorMev(key, provider, FactState.MISSING, None, None, None, None, None))
    return Normalized(tuple(records), tuple(findings))


def _why_missing(book: TipResponses | None, provider: str, epoch: int) -> str:
    if book is None:
        return f"{provider} was not asked about epoch {epoch}; materialise its MEV again"
    if not book.is_published:
        return f"{provider} has not published epoch {epoch} yet; ask again later"
    return (
        f"{provider} has no row for it in epoch {epoch}: it did not run Jito, or no tree was uploaded; "
        "if it runs no MEV client, declare `mev: none` in chains.yaml"
    )


def _network_drift(book: TipResponses) -> Iterator[Finding]:
    total = sum([row.mev_revenue for row in book.tips.values()])
    if book.network_total is not None and total != book.network_total:
        yield Finding(
            DRIFT,
            f"{book.provider}: the tips of {len(book.tips)} validators sum to {coins(total)}, "
            f"the network's total of epoch {book.epoch} is {coins(book.network_total)}, "
            f"{coins(book.network_total - total)} more",
        )
    if book.listed_total != len(book.tips):
        yield Finding(
            DRIFT,
            f"{book.provider}: epoch {book.epoch} lists {book.listed_total} validators, "
            f"{len(book.tips)} were received; ask for the MEV again",
        )


def _drift(book: TipResponses, key: str, division: TipDivision, rules: SolanaRules) -> Iterator[Finding]:
    row, listed, own = book.tips[key], book.validators.get(key), book.own_claim(key)
    if listed is not None and listed.mev_rewards != row.mev_revenue:
        yield Finding(
            DRIFT,
            f"{book.provider}: tips of epoch {book.epoch} are {coins(row.mev_revenue)} in validator_rewards "
            f"and {coins(listed.mev_rewards)} in validators",
            key,
        )
    claim_is_exact = book.epoch >= rules.tip_router_first_epoch
    if own is not None and claim_is_exact and own.amount != division.operator_share:
        yield Finding(
            DRIFT,
            f"{book.provider}: its own claim of epoch {book.epoch} is {coins(own.amount)}, "
            f"its share by the rate of {row.mev_commission} bps is {coins(division.operator_share)}",
            key,
        )
    stakers = book.stakers(key)
    dust = division.delegators_share - sum([claim.amount for claim in stakers])
    if stakers and not 0 <= dust <= row.num_stakers:
        yield Finding(
            DRIFT,
            f"{book.provider}: {len(stakers)} stakers' claims of epoch {book.epoch} leave {coins(dust)} of "
            f"their {coins(division.delegators_share)}, more than the dust of {row.num_stakers} claims",
            key,
        )
