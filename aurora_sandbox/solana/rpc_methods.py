"""Methods of Solana's JSON-RPC about cluster and blocks, with the parameters and errors of every method.

getProgramAccounts is in `rpc_stake.py`; `rpc.py` dispatches.
"""

from typing import Any

from aurora_sandbox.server.json_rpc import INVALID_PARAMS, RpcError
from aurora_sandbox.server.messages import Json
from aurora_sandbox.solana.chain import Chain, EpochFacts, Settings
from aurora_sandbox.solana.pubkeys import check_pubkey
from aurora_sandbox.solana.world import U64_MAX, Validator

BLOCK_CLEANED_UP = -32001
BLOCK_NOT_AVAILABLE = -32004
SLOT_SKIPPED = -32007
LONG_TERM_SLOT_SKIPPED = -32009
UNSUPPORTED_VERSION = -32015
MIN_CONTEXT_SLOT = -32016
REWARDS_ACTIVE = -32017
NOT_EPOCH_BOUNDARY = -32018
RENT_EXEMPT_STAKE = 2_282_880
TRANSACTIONS_PER_BLOCK = 1_200
ROOT_DISTANCE = 31
DELINQUENT_DISTANCE = 128
EPOCH_CREDITS_KEPT = 5
VERSIONS = {"percent": "3.1.8", "bps": "4.1.2", "none": "4.2.0"}
MAX_SLOT_RANGE = 500_000


class Params:
    """The positional parameters of one call."""

    def __init__(self, params: list[Any]) -> None:
        self._params = params

    def slot(self, index: int, name: str) -> int:
        """A required u64. Raises RpcError -32602."""
        value = self.optional_slot(index, name)
        if value is None:
            raise RpcError(INVALID_PARAMS, f"Invalid params: missing {name}")
        return value

    def optional_slot(self, index: int, name: str) -> int | None:
        """A u64 or None. Raises RpcError -32602 for anything else."""
        value = self._params[index] if len(self._params) > index else None
        if value is None:
            return None
        return u64(value, name)

    def config(self, index: int) -> dict[str, Any]:
        """The configuration object, empty if left out. Raises RpcError -32602."""
        value = self._params[index] if len(self._params) > index else None
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise RpcError(
                INVALID_PARAMS, f"Invalid params: expected a configuration object at position {index}"
            )
        return value

    def any(self, index: int) -> Json:
        """The parameter unchanged, None if left out."""
        return self._params[index] if len(self._params) > index else None


def u64(value: Json, name: str) -> int:
    """`value` as u64. Raises RpcError -32602."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= U64_MAX:
        raise RpcError(INVALID_PARAMS, f"Invalid params: {name}: expected u64, got {value!r}")
    return value


def pubkey(value: Json) -> str:
    """`value` as an address. Raises RpcError -32602 with Agave's message."""
    try:
        return check_pubkey(value)
    except ValueError as error:
        reason = "WrongSize" if "bytes instead" in str(error) else "Invalid"
        raise RpcError(INVALID_PARAMS, f"Invalid param: {reason}") from None
    except TypeError:
        raise RpcError(INVALID_PARAMS, f"Invalid params: expected a pubkey, got {value!r}") from None


def block_not_available(slot: int) -> RpcError:
    """The block is not there yet."""
    return RpcError(BLOCK_NOT_AVAILABLE, f"Block not available for slot {slot}")


def cleaned_up(slot: int, first: int) -> RpcError:
    """The node no longer has the block."""
    message = f"Block {slot} cleaned up, does not exist on node. First available block: {first}"
    return RpcError(BLOCK_CLEANED_UP, message)


def skipped(slot: int, settings: Settings) -> RpcError:
    """No block in this slot, as far as the node knows."""
    if settings.archive:
        return RpcError(LONG_TERM_SLOT_SKIPPED, f"Slot {slot} was skipped, or missing in long-term storage")
    return RpcError(
        SLOT_SKIPPED, f"Slot {slot} was skipped, or missing due to ledger jump to recent snapshot"
    )


def commission_fields(rate_bps: int | None, settings: Settings) -> dict[str, int | None]:
    """The commission of a reward row in the fields this node version has; None for rows without one."""
    if settings.commission_fields == "percent":
        return {"commission": None if rate_bps is None else rate_bps // 100}
    if rate_bps is None:
        return {"commission": None}
    return {"commission": None, "commissionBps": rate_bps if settings.commission_fields == "bps" else None}


def context(chain: Chain) -> dict[str, Any]:
    """The `context` of responses that have one."""
    return {"apiVersion": VERSIONS[chain.settings.commission_fields], "slot": chain.now}


def get_epoch_info(chain: Chain, _: Params) -> dict[str, Any]:
    """The present epoch and slot."""
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
    """Vote accounts now, `activatedStake` in lamports; unstaked delinquents are hidden."""
    config = params.config(0)
    only = config.get("votePubkey")
    if only is not None:
        pubkey(only)
    distance = u64(config.get("delinquentSlotDistance") or DELINQUENT_DISTANCE, "delinquentSlotDistance")
    groups: dict[str, list[dict[str, Any]]] = {"current": [], "delinquent": []}
    for validator in chain.latest.epoch.validators:
        if only not in (None, validator.vote_account):
            continue
        row = _vote_row(chain, validator)
        behind = row["lastVote"] + distance < chain.now
        if behind and row["activatedStake"] == 0 and not config.get("keepUnstakedDelinquents"):
            continue
        groups["delinquent" if behind else "current"].append(row)
    return groups


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
    """Rewards of each address for an epoch, the one before the current if not named; null means no row."""
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
    """The slot of the block that pays stake account `key`. Raises RpcError -32017 before that block."""
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


def get_block(chain: Chain, params: Params) -> dict[str, Any]:
    """A block with its rewards in signed lamports; the sandbox has no transactions."""
    slot, config = params.slot(0, "slot"), params.config(1)
    details = config.get("transactionDetails", "full")
    if details not in ("full", "accounts", "signatures", "none"):
        raise RpcError(INVALID_PARAMS, f"Invalid params: unknown variant `{details}`")
    _check_block(chain, slot)
    if details in ("full", "accounts") and config.get("maxSupportedTransactionVersion") is None:
        raise RpcError(
            UNSUPPORTED_VERSION,
            "Transaction version (0) is not supported by the requesting client. Please try the request again "
            'with the following configuration parameter: "maxSupportedTransactionVersion": 0',
        )
    parent = chain.parent(slot)
    block: dict[str, Any] = {
        "blockHeight": chain.height(slot),
        "blockTime": chain.block_time(slot),
        "blockhash": chain.blockhash(slot),
        "parentSlot": parent,
        "previousBlockhash": chain.blockhash(parent),
    }
    if details in ("full", "accounts"):
        block["transactions"] = []
    elif details == "signatures":
        block["signatures"] = []
    if config.get("rewards") is not False:
        block["rewards"] = _rewards(chain, slot)
        epoch = chain.epoch_of(slot)
        if chain.block_position(slot) == 0 and chain.facts(epoch - 1):
            block["numRewardPartitions"] = chain.partition_count(epoch - 1)
    return block


def get_blocks(chain: Chain, params: Params) -> list[int]:
    """Produced slots from `start` to `end`, both included."""
    start, end = params.slot(0, "start_slot"), params.any(1)
    last = min(start + MAX_SLOT_RANGE, chain.now) if not isinstance(end, int) else params.slot(1, "end_slot")
    if last < start:
        return []
    if last - start > MAX_SLOT_RANGE:
        raise RpcError(INVALID_PARAMS, f"Slot range too large; max {MAX_SLOT_RANGE}")
    return chain.blocks(start, last)


def get_blocks_with_limit(chain: Chain, params: Params) -> list[int]:
    """The first `limit` produced slots at or after `start`."""
    start, limit = params.slot(0, "start_slot"), params.slot(1, "limit")
    if limit > MAX_SLOT_RANGE:
        raise RpcError(INVALID_PARAMS, f"Limit too large; max {MAX_SLOT_RANGE}")
    found: list[int] = []
    while len(found) < limit and start <= chain.now:
        end = chain.start(chain.epoch_of(start) + 1) - 1
        found.extend(chain.blocks(start, end)[: limit - len(found)])
        start = end + 1
    return found


def get_block_time(chain: Chain, params: Params) -> int:
    """Unix seconds of a produced slot."""
    slot = params.slot(0, "slot")
    _check_block(chain, slot)
    return chain.block_time(slot)


def get_first_available_block(chain: Chain, _: Params) -> int:
    """The first block of the first listed epoch."""
    return chain.start(chain.first) + chain.slots(chain.first).produced[0]


def get_leader_schedule(chain: Chain, params: Params) -> dict[str, list[int]] | None:
    """Slot indexes from the epoch's start by identity; null where the node does not know the schedule."""
    first = params.any(0)
    config = first if isinstance(first, dict) else params.config(1)
    slot = chain.now if first is None or isinstance(first, dict) else params.slot(0, "slot")
    identity = config.get("identity")
    if identity is not None:
        pubkey(identity)
    epoch = chain.epoch_of(slot)
    facts, kept = chain.facts(epoch), chain.settings.schedule_epochs
    if facts is None or (kept is not None and epoch < chain.current - kept):
        return None
    schedule = facts.slots.schedule
    if identity is None:
        return dict(schedule) or None
    unknown = any(v.node == identity and v.block_fees is None for v in facts.epoch.validators)
    if not schedule or unknown:
        return None
    return {identity: schedule[identity]} if schedule.get(identity) else {}


def _check_block(chain: Chain, slot: int) -> None:
    first = get_first_available_block(chain, Params([]))
    if slot > chain.now:
        raise block_not_available(slot)
    if slot < first:
        raise cleaned_up(slot, first)
    if chain.block_position(slot) is None:
        raise skipped(slot, chain.settings)


def _rewards(chain: Chain, slot: int) -> list[dict[str, Any]]:
    epoch, index = divmod(slot, chain.size)
    position = chain.block_position(slot)
    rows: list[dict[str, Any]] = []
    if position is not None and chain.facts(epoch - 1):
        rows += _voting_rows(chain, epoch - 1) if position == 0 else _staking_rows(chain, epoch - 1, position)
    if index in chain.slots(epoch).fees:
        rows.append(_fee_row(chain, epoch, index))
    return rows


def _voting_rows(chain: Chain, epoch: int) -> list[dict[str, Any]]:
    facts = chain.facts(epoch)
    assert facts is not None, "only listed epochs are requested"  # noqa: S101
    return [
        {
            **commission_fields(facts.epoch.by_vote[vote].rate_bps, chain.settings),
            "lamports": amount,
            "postBalance": chain.balances.vote(vote, epoch),
            "pubkey": vote,
            "rewardType": "Voting",
        }
        for vote, amount in sorted(facts.rewards.voting.items())
    ]


def _staking_rows(chain: Chain, epoch: int, position: int) -> list[dict[str, Any]]:
    facts, parts = chain.facts(epoch), chain.partitions(epoch)
    if facts is None or position > len(parts):
        return []
    rows = []
    for address in parts[position - 1]:
        validator, account = facts.by_stake_account[address]
        amount = facts.rewards.staking[address]
        rows.append(
            {
                **commission_fields(validator.rate_bps, chain.settings),
                "lamports": amount,
                "postBalance": RENT_EXEMPT_STAKE + account.stake + amount,
                "pubkey": address,
                "rewardType": "Staking",
            }
        )
    return rows


def _fee_row(chain: Chain, epoch: int, index: int) -> dict[str, Any]:
    identity, fee = chain.slots(epoch).fees[index]
    return {
        "commission": None,
        "lamports": fee,
        "postBalance": chain.balances.identity(identity, epoch, index),
        "pubkey": identity,
        "rewardType": "Fee",
    }
