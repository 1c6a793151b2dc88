"""JSON-RPC methods about blocks: rewards in them, which slots have one, leaders, times."""

from typing import Any

from aurora_sandbox.server.json_rpc import INVALID_PARAMS, RpcError
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.rpc_calls import (
    UNSUPPORTED_VERSION,
    Params,
    block_not_available,
    cleaned_up,
    commission_fields,
    pubkey,
    skipped,
)
from aurora_sandbox.solana.rpc_cluster import RENT_EXEMPT_STAKE

MAX_SLOT_RANGE = 500_000


def get_block(chain: Chain, params: Params) -> dict[str, Any]:
    """A block with its rewards in signed lamports; the sandbox has no transactions to give."""
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
    assert facts is not None, "asked for listed epochs only"  # noqa: S101
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
