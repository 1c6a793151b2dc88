"""JSON-RPC methods about the cluster: epochs, vote accounts, inflation and its rewards, block production."""

from typing import Any

from aurora_sandbox.server.json_rpc import INVALID_PARAMS, RpcError
from aurora_sandbox.solana.chain import Chain, EpochFacts
from aurora_sandbox.solana.rpc_calls import (
    NOT_EPOCH_BOUNDARY,
    REWARDS_ACTIVE,
    Params,
    block_not_available,
    cleaned_up,
    commission_fields,
    pubkey,
    u64,
)
from aurora_sandbox.solana.world import Validator

RENT_EXEMPT_STAKE = 2_282_880
TRANSACTIONS_PER_BLOCK = 1_200
ROOT_DISTANCE = 31
DELINQUENT_DISTANCE = 128
EPOCH_CREDITS_KEPT = 5
VERSIONS = {"percent": "3.1.8", "bps": "4.1.2", "none": "4.2.0"}


def context(chain: Chain) -> dict[str, Any]:
    """The `context` of answers that carry one."""
    return {"apiVersion": VERSIONS[chain.settings.commission_fields], "slot": chain.now}


def get_epoch_info(chain: Chain, _: Params) -> dict[str, Any]:
    """Where the chain stands."""
    height = chain.height(chain.now)
    return {
        "absoluteSlot": chain.now,
        "blockHeight": height,
        "epoch": chain.current,
        "slotIndex": chain.now % chain.size,
        "slotsInEpoch": chain.size,
        "transactionCount": height * TRANSACTIONS_PER_BLOCK,
    }


def get_epoch_schedule(chain: Chain, _: Params) -> dict[str, Any]:
    """Epochs of equal length from slot 0, as on mainnet."""
    return {
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
        "leaderScheduleSlotOffset": chain.size,
        "slotsPerEpoch": chain.size,
        "warmup": False,
    }


def get_slot(chain: Chain, _: Params) -> int:
    """The latest finalized slot."""
    return chain.now


def get_vote_accounts(chain: Chain, params: Params) -> dict[str, Any]:
    """Vote accounts as they stand now, `activatedStake` in lamports; unstaked delinquents are hidden."""
    config = params.config(0)
    only = config.get("votePubkey")
    if only is not None:
        pubkey(only)
    distance = u64(config.get("delinquentSlotDistance") or DELINQUENT_DISTANCE, "delinquentSlotDistance")
    answer: dict[str, list[dict[str, Any]]] = {"current": [], "delinquent": []}
    for validator in chain.latest.epoch.validators:
        if only not in (None, validator.vote_account):
            continue
        row = _vote_row(chain, validator)
        behind = row["lastVote"] + distance < chain.now
        if behind and row["activatedStake"] == 0 and not config.get("keepUnstakedDelinquents"):
            continue
        answer["delinquent" if behind else "current"].append(row)
    return answer


def stake_now(chain: Chain, validator: Validator) -> int:
    """Lamports active with the validator in the current epoch, rewards of the last listed one compounded."""
    latest = chain.latest
    if latest.number == chain.current:
        return validator.stake
    accounts = latest.accounts[validator.vote_account]
    paid = latest.rewards.staking
    return sum(a.stake + paid.get(a.stake_account, 0) for a in accounts if a.is_active(chain.current))


def credits_to(chain: Chain, vote: str, epoch: int) -> int:
    """Vote credits accumulated over the listed epochs up to `epoch`."""
    return sum(
        facts.epoch.by_vote[vote].credits
        for facts in chain.visible
        if facts.number <= epoch and vote in facts.epoch.by_vote
    )


def _vote_row(chain: Chain, validator: Validator) -> dict[str, Any]:
    vote = validator.vote_account
    history: list[list[int]] = []
    total = 0
    for facts in chain.visible:
        if vote in facts.epoch.by_vote:
            before, total = total, total + facts.epoch.by_vote[vote].credits
            history.append([facts.number, total, before])
    last_vote = max(chain.now - 10 * DELINQUENT_DISTANCE, 0) if validator.delinquent else chain.now
    row: dict[str, Any] = {
        "activatedStake": stake_now(chain, validator),
        "commission": validator.rate_bps // 100,
        "epochCredits": history[-EPOCH_CREDITS_KEPT:],
        "epochVoteAccount": True,
        "lastVote": last_vote,
        "nodePubkey": validator.node,
        "rootSlot": max(last_vote - ROOT_DISTANCE, 0),
        "votePubkey": vote,
    }
    if chain.settings.commission_fields != "percent":
        row["inflationRewardsCommissionBps"] = validator.rate_bps
    if chain.settings.commission_fields == "none":
        del row["commission"]
    return row


def get_inflation_reward(chain: Chain, params: Params) -> list[dict[str, Any] | None]:
    """Rewards of each address for an epoch, the one before the current if not named; null is "no row"."""
    addresses, config = params.any(0), params.config(1)
    if not isinstance(addresses, list):
        raise RpcError(INVALID_PARAMS, "Invalid params: expected a list of addresses")
    limit = chain.settings.max_reward_addresses
    if len(addresses) > limit:
        raise RpcError(INVALID_PARAMS, f"Too many inputs provided; max {limit}")
    keys = [pubkey(address) for address in addresses]
    named = config.get("epoch")
    epoch = chain.current - 1 if named is None else u64(named, "epoch")
    if epoch + 1 < chain.first:
        raise cleaned_up(chain.start(epoch + 1), chain.start(chain.first))
    boundary = chain.boundary(epoch + 1)
    if boundary is None:
        raise block_not_available(chain.start(epoch + 1))
    facts = chain.facts(epoch)
    if facts is None:
        # The node has blocks, but none that this epoch was paid in.
        message = (
            f"Rewards cannot be found because slot {boundary} is not the epoch boundary. This may be due to "
            "gap in the queried node's local ledger or long-term storage"
        )
        raise RpcError(NOT_EPOCH_BOUNDARY, message, {"slot": boundary})
    return [_reward(chain, facts, boundary, key) for key in keys]


def _reward(chain: Chain, facts: EpochFacts, boundary: int, key: str) -> dict[str, Any] | None:
    if key in facts.rewards.voting:
        return {
            "amount": facts.rewards.voting[key],
            **commission_fields(facts.epoch.by_vote[key].rate_bps, chain.settings),
            "effectiveSlot": boundary,
            "epoch": facts.number,
            "postBalance": chain.balances.vote(key, facts.number),
        }
    slot = payout_slot(chain, facts.number, boundary, key)
    amount = facts.rewards.staking.get(key)
    if amount is None:
        return None
    validator, account = facts.by_stake_account[key]
    return {
        "amount": amount,
        **commission_fields(validator.rate_bps, chain.settings),
        "effectiveSlot": slot,
        "epoch": facts.number,
        "postBalance": RENT_EXEMPT_STAKE + account.stake + amount,
    }


def payout_slot(chain: Chain, epoch: int, boundary: int, key: str) -> int:
    """The slot of the block that pays stake account `key`. Raises RpcError -32017 if it is still to come."""
    index, count = chain.partition_of(epoch, key)
    produced = chain.slots(epoch + 1).produced
    slot = chain.start(epoch + 1) + produced[min(index + 1, len(produced) - 1)]
    if slot > chain.now:
        height = chain.height(boundary)
        data = {
            "currentBlockHeight": chain.height(chain.now),
            "rewardsCompleteBlockHeight": height + count + 1,
            "slot": chain.now,
        }
        raise RpcError(REWARDS_ACTIVE, f"Epoch rewards period still active at slot {chain.now}", data)
    return slot


def get_inflation_rate(chain: Chain, _: Params) -> dict[str, Any]:
    """Yearly rates of the current epoch (of the last listed one if it is not)."""
    rate = float(chain.latest.epoch.validator_rate)
    return {"epoch": chain.current, "foundation": 0.0, "total": rate, "validator": rate}


def get_inflation_governor(_: Chain, __: Params) -> dict[str, Any]:
    """Mainnet's schedule."""
    return {"foundation": 0.0, "foundationTerm": 0.0, "initial": 0.08, "taper": 0.15, "terminal": 0.015}


def get_block_production(chain: Chain, params: Params) -> dict[str, Any]:
    """[leader slots, blocks] by identity, for a range in the current or the previous epoch."""
    config = params.config(0)
    span = config.get("range") or {}
    if not isinstance(span, dict):
        raise RpcError(INVALID_PARAMS, "Invalid params: range must be an object")
    oldest = max(chain.start(chain.current - 1), chain.start(chain.first))
    given = span.get("firstSlot")
    first = chain.start(chain.current) if given is None else u64(given, "firstSlot")
    last = chain.now if span.get("lastSlot") is None else u64(span["lastSlot"], "lastSlot")
    if first < oldest:
        raise RpcError(INVALID_PARAMS, f"firstSlot, {first}, is too small; min {oldest}")
    if last > chain.now:
        raise RpcError(INVALID_PARAMS, f"lastSlot, {last}, is too large; max {chain.now}")
    if first > last:
        raise RpcError(INVALID_PARAMS, f"lastSlot, {last}, cannot be less than firstSlot, {first}")
    counts: dict[str, list[int]] = {}
    for epoch in range(chain.epoch_of(first), chain.epoch_of(last) + 1):
        base, slots = chain.start(epoch), chain.slots(epoch)
        for identity, led in slots.schedule.items():
            assigned = sum(first <= base + i <= last for i in led)
            produced = sum(first <= base + i <= last for i in slots.produced_by[identity])
            if assigned and config.get("identity") in (None, identity):
                pair = counts.setdefault(identity, [0, 0])
                pair[0], pair[1] = pair[0] + assigned, pair[1] + produced
    return {
        "context": context(chain),
        "value": {"byIdentity": counts, "range": {"firstSlot": first, "lastSlot": last}},
    }
