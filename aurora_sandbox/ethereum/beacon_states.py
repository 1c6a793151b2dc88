"""Beacon API responses about states: validators, balances, finality, sync committees, and rewards.

Unknown validators are left out of a response without an error, and its order is not that of the request.
"""

import re
from collections.abc import Sequence
from typing import Any, Final

from aurora_sandbox.ethereum import cast
from aurora_sandbox.ethereum.beacon_blocks import block_envelope, resolve_block
from aurora_sandbox.ethereum.cast import NetworkValidator
from aurora_sandbox.ethereum.chain import EthereumChain, RestError
from aurora_sandbox.ethereum.keys import address, number
from aurora_sandbox.ethereum.ledger import SYNC_REWARD, Account, Attested, ideal, in_committee, proposed
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import (
    EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
    FAR_FUTURE_EPOCH,
    GWEI,
    SLOTS_PER_EPOCH,
    SYNC_COMMITTEE_SIZE,
)
from aurora_sandbox.server.messages import Json, SandboxRequest

_ROOT: Final = re.compile(r"0x[0-9a-f]{64}")
_PUBKEY: Final = re.compile(r"0x[0-9a-fA-F]{96}")
_MAX_IDS_IN_QUERY: Final = 64
_SUBCOMMITTEE: Final = 128
_IDEAL_UP_TO: Final = 32
_NOTHING: Final = Attested(0, 0, 0)


def resolve_state(chain: EthereumChain, identifier: str) -> int:
    """The slot of the state with this id. Raises RestError 400 for an invalid id, 404 for no such state."""
    named = {
        "head": chain.head_slot,
        "finalized": chain.finalized_epoch * SLOTS_PER_EPOCH,
        "justified": chain.justified_epoch * SLOTS_PER_EPOCH,
        "genesis": 0,
    }
    if identifier in named:
        slot = named[identifier]
    elif identifier.isascii() and identifier.isdigit() and int(identifier) <= FAR_FUTURE_EPOCH:
        slot = int(identifier)
    elif _ROOT.fullmatch(identifier.lower()):
        found = chain.state_slot(identifier.lower())
        if found is None:
            raise RestError(404, "State not found")
        slot = found
    else:
        raise RestError(400, f"Invalid state ID: {identifier}")
    chain.check_state(slot)
    return slot


def state_envelope(chain: EthereumChain, slot: int, data: Json) -> dict[str, Any]:
    """The envelope of a response about a state."""
    return {"execution_optimistic": False, "finalized": chain.is_final(slot), "data": data}


def finality_checkpoints(chain: EthereumChain, _request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`states/{state_id}/finality_checkpoints`, as of that state."""
    slot = resolve_state(chain, identifier)
    finalized = min(chain.finalized_epoch, slot // SLOTS_PER_EPOCH - 2)

    def checkpoint(epoch: int) -> dict[str, str]:
        return {"epoch": str(epoch), "root": chain.checkpoint_root(max(epoch, _first_epoch(chain)))}

    data = {
        "previous_justified": checkpoint(finalized),
        "current_justified": checkpoint(finalized + 1),
        "finalized": checkpoint(finalized),
    }
    return state_envelope(chain, slot, data)


def post_validators(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """POST `states/{state_id}/validators`: a body is required; without ids it returns every validator."""
    slot = resolve_state(chain, identifier)
    body = request.json
    if not isinstance(body, dict):
        raise RestError(400, "Invalid request body: an object with ids and statuses is required")
    return _validators(chain, slot, _texts(body.get("ids")), _texts(body.get("statuses")))


def get_validators(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """GET `states/{state_id}/validators` with at most 64 ids in the query."""
    slot = resolve_state(chain, identifier)
    ids = request.query.get("id", "").split(",") if request.query.get("id") else []
    if len(ids) > _MAX_IDS_IN_QUERY:
        raise RestError(414, "Too many validator IDs in request")
    statuses = request.query.get("status", "").split(",") if request.query.get("status") else []
    return _validators(chain, slot, ids, statuses)


def validator(chain: EthereumChain, _request: SandboxRequest, identifier: str, who: str) -> dict[str, Any]:
    """`states/{state_id}/validators/{validator_id}`: an unknown validator is a 404."""
    slot = resolve_state(chain, identifier)
    found = _known(chain, [who])
    if not found:
        raise RestError(404, "Validator not found")
    return state_envelope(chain, slot, _row(chain, found[0], slot))


def validator_balances(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """POST `states/{state_id}/validator_balances` with a list of ids."""
    slot = resolve_state(chain, identifier)
    found = _known(chain, _texts(request.json) or chain.all_indices())
    rows = (_row(chain, one, slot) for one in found)
    return state_envelope(chain, slot, [{"index": row["index"], "balance": row["balance"]} for row in rows])


def sync_committees(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`states/{state_id}/sync_committees?epoch=`: the 512 seats, of which one validator may have several."""
    slot = resolve_state(chain, identifier)
    text = request.query.get("epoch", str(slot // SLOTS_PER_EPOCH))
    if not (text.isascii() and text.isdigit()):
        raise RestError(400, f"Invalid epoch: {text}")
    period = int(text) // EPOCHS_PER_SYNC_COMMITTEE_PERIOD
    running = slot // SLOTS_PER_EPOCH // EPOCHS_PER_SYNC_COMMITTEE_PERIOD
    if period not in (running, running + 1):
        raise RestError(400, f"Epoch {text} is outside the sync committee period of the state")
    seats = committee(chain, int(text))
    parts = [seats[at : at + _SUBCOMMITTEE] for at in range(0, SYNC_COMMITTEE_SIZE, _SUBCOMMITTEE)]
    return state_envelope(chain, slot, {"validators": seats, "validator_aggregates": parts})


def committee(chain: EthereumChain, epoch: int) -> list[str]:
    """Validator indices by seat of the sync committee of `epoch`, tracked ones among the network's."""
    period, seed = epoch // EPOCHS_PER_SYNC_COMMITTEE_PERIOD, chain.world.spec.seed
    seats = [
        str(cast.NETWORK_FIRST + number(cast.NETWORK_SIZE, seed, "seat", period, seat))
        for seat in range(SYNC_COMMITTEE_SIZE)
    ]
    for account in chain.world.accounts:
        ordinal = account.member.ordinal
        for seat in range(in_committee(ordinal, epoch)):
            seats[40 + 100 * seat + 7 * ordinal] = str(account.member.index)
    return seats


def _validators(
    chain: EthereumChain, slot: int, ids: Sequence[str], statuses: Sequence[str]
) -> dict[str, Any]:
    rows = [_row(chain, one, slot) for one in _known(chain, ids or chain.all_indices())]
    wanted = [row for row in rows if not statuses or any(row["status"].startswith(s) for s in statuses)]
    return state_envelope(chain, slot, sorted(wanted, key=lambda row: int(row["index"])))


def _known(chain: EthereumChain, ids: Sequence[str]) -> list[Account | NetworkValidator]:
    """The validators with these ids, each once. Raises RestError 400 for an invalid id."""
    found: dict[int, Account | NetworkValidator] = {}
    for identifier in ids:
        if not (_PUBKEY.fullmatch(identifier) or (identifier.isascii() and identifier.isdigit())):
            raise RestError(400, f"Invalid validator ID: {identifier}")
        one = chain.validator(identifier)
        if one is not None:
            found[one.index if isinstance(one, NetworkValidator) else one.member.index] = one
    return list(found.values())


def _texts(value: object) -> list[str]:
    """A list of texts; numbers in it are refused, as the API's integers are quoted."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
        raise RestError(400, "Invalid request body: ids are an array of strings")
    return value


def _first_epoch(chain: EthereumChain) -> int:
    return chain.world.covered.start // SLOTS_PER_EPOCH + 1


def _row(chain: EthereumChain, one: Account | NetworkValidator, slot: int) -> dict[str, Any]:
    if isinstance(one, NetworkValidator):
        credentials = "0x01" + "0" * 22 + address(chain.world.spec.seed, "network-withdrawal", one.index)[2:]
        known = (one.pubkey, credentials, "32000000000", 300_000)
        return _shape(one.index, 32_000_000_000 + one.index, known, "active", False, None)  # noqa: FBT003
    member, epoch = one.member, slot // SLOTS_PER_EPOCH
    slashed = one.slashed_epoch(epoch)
    if slashed is not None and one.slashed_slot is not None and one.slashed_slot > slot:
        slashed = None  # later in the same epoch
    leaving = None if slashed is None else cast.slashed_exit(slashed)
    status = "exited" if leaving is not None and epoch >= leaving[0] else "active"
    effective = str(one.effective[epoch])
    known = (member.pubkey, member.credentials, effective, member.activation_epoch)
    return _shape(member.index, one.balance_at(slot), known, status, slashed is not None, leaving)


def _shape(
    index: int,
    balance: int,
    known: tuple[str, str, str, int],
    status: str,
    slashed: bool,  # noqa: FBT001
    leaving: tuple[int, int] | None,
) -> dict[str, Any]:
    pubkey, credentials, effective, activation = known
    suffix = "slashed" if slashed else "ongoing" if status == "active" else "unslashed"
    exit_epoch, withdrawable = leaving or (FAR_FUTURE_EPOCH, FAR_FUTURE_EPOCH)
    return {
        "index": str(index),
        "balance": str(balance),
        "status": f"{status}_{suffix}",
        "validator": {
            "pubkey": pubkey,
            "withdrawal_credentials": credentials,
            "effective_balance": effective,
            "slashed": slashed,
            "activation_eligibility_epoch": str(activation - 100),
            "activation_epoch": str(activation),
            "exit_epoch": str(exit_epoch),
            "withdrawable_epoch": str(withdrawable),
        },
    }


def block_rewards(chain: EthereumChain, _request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`rewards/blocks/{block_id}`: needs the parent's state."""
    slot = _with_state(chain, identifier)
    reward = proposed(chain.world.spec, slot)
    data = {
        "proposer_index": str(slot.proposer_index),
        "total": str(reward.total),
        "attestations": str(reward.attestations),
        "sync_aggregate": str(reward.sync_aggregate),
        "proposer_slashings": "0",
        "attester_slashings": str(reward.attester_slashings),
    }
    return block_envelope(chain, slot, data)


def attestation_rewards(chain: EthereumChain, request: SandboxRequest, epoch_text: str) -> dict[str, Any]:
    """`rewards/attestations/{epoch}`: needs the next epoch's last state; an unknown index has zeros."""
    if not (epoch_text.isascii() and epoch_text.isdigit()):
        raise RestError(400, f"Invalid epoch: {epoch_text}")
    epoch = int(epoch_text)
    needed = (epoch + 2) * SLOTS_PER_EPOCH - 1
    if needed > chain.head_slot:
        raise RestError(404, "Epoch not known or required data not available")
    # The state at the start of the duty is needed, too.
    chain.check_state(epoch * SLOTS_PER_EPOCH)
    requested = _requested_ids(request) or chain.all_indices()
    totals, effectives = [], {balance * GWEI for balance in range(1, _IDEAL_UP_TO + 1)}
    for identifier in requested:
        index, found, effective = _attested(chain, identifier, epoch)
        effectives |= {effective} if effective else set()
        totals.append({"validator_index": index, **_flags(found)})
    ideals = [
        {"effective_balance": str(balance), **_flags(ideal(chain.world.spec.seed, epoch, balance))}
        for balance in sorted(effectives)
    ]
    return {
        "execution_optimistic": False,
        "finalized": chain.is_final(needed),
        "data": {"ideal_rewards": ideals, "total_rewards": totals},
    }


def sync_committee_rewards(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`rewards/sync_committee/{block_id}`: one row for each requested committee member."""
    slot = _with_state(chain, identifier)
    seats = committee(chain, slot.slot // SLOTS_PER_EPOCH)
    indices = [_index(chain, one) for one in _requested_ids(request)] or list(dict.fromkeys(seats))
    rows = [
        {"validator_index": index, "reward": str(_seated(chain, slot, index, seats.count(index)))}
        for index in indices
        if index in seats
    ]
    return block_envelope(chain, slot, rows[::-1])


def _with_state(chain: EthereumChain, identifier: str) -> Slot:
    slot = resolve_block(chain, identifier)
    if slot.slot - 1 < chain.first_state_slot:
        missing = f"MissingBeaconState({chain.state_root(slot.slot - 1)})"
        raise RestError(404, f"NOT_FOUND: Parent state is not available! {missing}", stacktraces=[])
    if not slot.canonical:
        raise RestError(404, "Block not found")
    return slot


def _requested_ids(request: SandboxRequest) -> Sequence[str]:
    """The ids in the body; an empty body stands for every validator."""
    if not request.raw:
        return ()
    ids = request.json
    if not isinstance(ids, list) or not all(isinstance(entry, str) for entry in ids):
        raise RestError(400, "Invalid request body: an array of strings is required")
    return ids


def _index(chain: EthereumChain, identifier: str) -> str:
    one = chain.validator(identifier)
    if one is None:
        if identifier.isascii() and identifier.isdigit():
            return identifier
        raise RestError(400, f"BAD_REQUEST: unknown validator {identifier}", stacktraces=[])
    return str(one.index if isinstance(one, NetworkValidator) else one.member.index)


def _attested(chain: EthereumChain, identifier: str, epoch: int) -> tuple[str, Attested, int]:
    """Index, reward and effective balance; zero rewards for an unknown index."""
    index, one = _index(chain, identifier), chain.validator(identifier)
    if isinstance(one, Account):
        return index, one.attested.get(epoch, _NOTHING), one.effective[epoch + 1]
    if isinstance(one, NetworkValidator):
        return index, ideal(chain.world.spec.seed, epoch, _IDEAL_UP_TO * GWEI), _IDEAL_UP_TO * GWEI
    return index, _NOTHING, 0


def _flags(found: Attested) -> dict[str, str]:
    return {name: str(getattr(found, name)) for name in ("head", "target", "source", "inactivity")}


def _seated(chain: EthereumChain, slot: Slot, index: str, seats: int) -> int:
    one = chain.validator(index)
    return one.sync[slot.slot] if isinstance(one, Account) else seats * SYNC_REWARD
