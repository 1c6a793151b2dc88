"""Rows of Jito's answers from an epoch's facts: the validators' totals and the claims of the tip trees.

A tree has a node for every active stake account, one for the validator, and since TipRouter one for the
protocol fee, whose claimant is the same address in every tree.
"""

from functools import lru_cache
from typing import Any, Final, NamedTuple

from aurora_sandbox.solana.chain import EpochFacts
from aurora_sandbox.solana.pubkeys import SYSTEM_PROGRAM, derive_pubkey
from aurora_sandbox.solana.rewards import PROTOCOL_FIRST_EPOCH
from aurora_sandbox.solana.world import Validator

PROTOCOL_CLAIMANT: Final = derive_pubkey("aurora-world", "tip-router")


def validator_row(validator: Validator, *, published: bool) -> dict[str, Any]:
    """A row of /validators; `mev_rewards` is 0 where there is none or it is not published."""
    tips = validator.tips if published else None
    return {
        "identity_account": validator.node,
        "vote_account": validator.vote_account,
        "mev_commission_bps": validator.mev_commission_bps,
        "mev_rewards": 0 if tips is None else tips,
        "priority_fee_commission_bps": None,
        "priority_fee_rewards": validator.priority_fees_shared if published else None,
        "running_jito": True,
        "running_bam": False,
        "active_stake": validator.stake,
        "jito_directed_stake_target": None,
        "jito_directed_stake_lamports": None,
    }


def tip_row(facts: EpochFacts, validator: Validator) -> dict[str, Any]:
    """A row of /validator_rewards: `mev_revenue` is all tips, before anyone's commission."""
    shared = validator.priority_fees_shared
    return {
        "vote_account": validator.vote_account,
        "mev_revenue": validator.tips,
        "mev_commission": validator.mev_commission_bps,
        "priority_fee_revenue": 0 if shared is None else shared,
        "priority_fee_commission": None,
        "num_stakers": len(facts.active(validator.vote_account)) + 1 + _has_protocol(facts),
        "epoch": facts.number,
        "claim_status_account": _claim_status(facts.number, validator.vote_account, validator.vote_account),
    }


class Claim(NamedTuple):
    """A node of a tip tree; `priority_fee` is None where the validator is not known to share any."""

    epoch: int
    amount: int
    claimant: str
    staker: str
    withdrawer: str
    vote_account: str
    priority_fee: int | None


def claims(facts: EpochFacts, vote: str | None) -> list[Claim]:
    """Claims on the tips of `vote`'s stakers, of the validator and of the protocol; None: of all validators.

    The protocol's claimant is the same everywhere and rows are kept by claimant, so that it appears once an
    epoch, with one validator: the one with the most tips.
    """
    if vote is None:
        return _all_claims(facts)
    validator = facts.epoch.by_vote.get(vote)
    if validator is None or validator.tips is None:
        return []
    return _tree(facts, validator, with_protocol=vote == _protocol_at(facts))


@lru_cache(maxsize=2)  # a client pages through one epoch
def _all_claims(facts: EpochFacts) -> list[Claim]:
    protocol_at = _protocol_at(facts)
    return [
        claim
        for validator in facts.epoch.validators
        for claim in _tree(facts, validator, with_protocol=validator.vote_account == protocol_at)
    ]


def staker_row(claim: Claim) -> dict[str, Any]:
    """A row of /staker_rewards."""
    return {
        "claimant": claim.claimant,
        "stake_authority": claim.staker,
        "withdraw_authority": claim.withdrawer,
        "validator_vote_account": claim.vote_account,
        "epoch": claim.epoch,
        "amount": claim.amount,
        "claim_status_account": _claim_status(claim.epoch, claim.vote_account, claim.claimant),
        "priority_fee_amount": claim.priority_fee,
        "priority_fee_claim_status_account": None,
    }


def _tree(facts: EpochFacts, validator: Validator, *, with_protocol: bool) -> list[Claim]:
    accounts = facts.active(validator.vote_account)
    stakes = [account.stake for account in accounts]
    tips, fees = facts.tip_split(validator, stakes), facts.priority_fee_split(validator, stakes)
    if tips is None:
        return []
    shared = (None,) * len(accounts) if fees is None else fees.stakers
    own = (SYSTEM_PROGRAM, SYSTEM_PROGRAM, validator.vote_account)
    nodes = [
        Claim(facts.number, tip, a.stake_account, a.staker, a.withdrawer, validator.vote_account, fee)
        for a, tip, fee in zip(accounts, tips.stakers, shared, strict=True)
    ]
    kept = None if fees is None else fees.validator
    nodes.append(Claim(facts.number, tips.validator, validator.vote_account, *own, kept))
    if with_protocol:
        fee = None if fees is None else fees.protocol
        nodes.append(Claim(facts.number, tips.protocol, PROTOCOL_CLAIMANT, *own, fee))
    return nodes


def _protocol_at(facts: EpochFacts) -> str | None:
    """The vote account whose tree's protocol claim is kept; None before there was one."""
    tipped = [(v.tips, v.vote_account) for v in facts.epoch.validators if v.tips is not None]
    return max(tipped)[1] if tipped and _has_protocol(facts) else None


def _has_protocol(facts: EpochFacts) -> bool:
    return facts.number >= PROTOCOL_FIRST_EPOCH


def _claim_status(epoch: int, vote: str, claimant: str) -> str:
    return derive_pubkey("aurora-world", "claim", epoch, vote, claimant)
