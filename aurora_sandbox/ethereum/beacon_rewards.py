"""Beacon API answers about rewards: of a block's proposer, of attestations, of the sync committee; gwei.

A 404 here does not mean zero: the node may be without the state that the reward is worked out from.
"""

from collections.abc import Sequence
from typing import Any, Final

from aurora_sandbox.ethereum.attestations import Attested, ideal
from aurora_sandbox.ethereum.beacon_blocks import enveloped, resolve
from aurora_sandbox.ethereum.beacon_states import committee
from aurora_sandbox.ethereum.cast import Outsider
from aurora_sandbox.ethereum.chain import EthereumChain, Refusal
from aurora_sandbox.ethereum.ledger import SYNC_REWARD, Account, proposed
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import GWEI, SLOTS_PER_EPOCH
from aurora_sandbox.server.messages import SandboxRequest

_IDEAL_UP_TO: Final = 32
_NOTHING: Final = Attested(0, 0, 0)


def of_block(chain: EthereumChain, _request: SandboxRequest, identifier: str) -> dict[str, Any]:
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
    return enveloped(chain, slot, data)


def of_attestations(chain: EthereumChain, request: SandboxRequest, epoch_text: str) -> dict[str, Any]:
    """`rewards/attestations/{epoch}`: needs the state at the end of the next epoch; zeros for nobody."""
    if not (epoch_text.isascii() and epoch_text.isdigit()):
        raise Refusal(400, f"Invalid epoch: {epoch_text}")
    epoch = int(epoch_text)
    needed = (epoch + 2) * SLOTS_PER_EPOCH - 1
    if needed > chain.head_slot:
        raise Refusal(404, "Epoch not known or required data not available")
    # The state that the duty began in is needed, too.
    chain.check_state(epoch * SLOTS_PER_EPOCH)
    asked = _asked(request) or chain.everyone()
    totals, effectives = [], {balance * GWEI for balance in range(1, _IDEAL_UP_TO + 1)}
    for identifier in asked:
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


def of_sync_committee(chain: EthereumChain, request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`rewards/sync_committee/{block_id}`: one row for each asked member, whatever its seats; others none."""
    slot = _with_state(chain, identifier)
    seats = committee(chain, slot.slot // SLOTS_PER_EPOCH)
    indices = [_index(chain, asked) for asked in _asked(request)] or list(dict.fromkeys(seats))
    rows = [
        {"validator_index": index, "reward": str(_seated(chain, slot, index, seats.count(index)))}
        for index in indices
        if index in seats
    ]
    return enveloped(chain, slot, rows[::-1])


def _with_state(chain: EthereumChain, identifier: str) -> Slot:
    slot = resolve(chain, identifier)
    if slot.slot - 1 < chain.first_state_slot:
        missing = f"MissingBeaconState({chain.state_root(slot.slot - 1)})"
        raise Refusal(404, f"NOT_FOUND: Parent state is not available! {missing}", stacktraces=[])
    if not slot.canonical:
        raise Refusal(404, "Block not found")
    return slot


def _asked(request: SandboxRequest) -> Sequence[str]:
    """The ids in the body; none for an empty one, which stands for every validator."""
    if not request.raw:
        return ()
    ids = request.json
    if not isinstance(ids, list) or not all(isinstance(entry, str) for entry in ids):
        raise Refusal(400, "Invalid request body: an array of strings is required")
    return ids


def _index(chain: EthereumChain, identifier: str) -> str:
    one = chain.validator(identifier)
    if one is None:
        if identifier.isascii() and identifier.isdigit():
            return identifier
        raise Refusal(400, f"BAD_REQUEST: unknown validator {identifier}", stacktraces=[])
    return str(one.index if isinstance(one, Outsider) else one.member.index)


def _attested(chain: EthereumChain, identifier: str, epoch: int) -> tuple[str, Attested, int]:
    """Index, reward and effective balance; nothing for an index that nobody has."""
    index, one = _index(chain, identifier), chain.validator(identifier)
    if isinstance(one, Account):
        return index, one.attested.get(epoch, _NOTHING), one.effective[epoch + 1]
    if isinstance(one, Outsider):
        return index, ideal(chain.world.spec.seed, epoch, _IDEAL_UP_TO * GWEI), _IDEAL_UP_TO * GWEI
    return index, _NOTHING, 0


def _flags(found: Attested) -> dict[str, str]:
    return {name: str(getattr(found, name)) for name in ("head", "target", "source", "inactivity")}


def _seated(chain: EthereumChain, slot: Slot, index: str, seats: int) -> int:
    one = chain.validator(index)
    return one.sync[slot.slot] if isinstance(one, Account) else seats * SYNC_REWARD
