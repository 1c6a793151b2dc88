"""Beacon API responses about blocks: headers, bodies with their payloads, and proposer duties.

An empty slot is a 404; an orphaned block is known by its root only and is not canonical.
"""

import re
from typing import Any, Final

from aurora_sandbox.ethereum import cast
from aurora_sandbox.ethereum.chain import EthereumChain, RestError
from aurora_sandbox.ethereum.keys import hexadecimal, root, signature
from aurora_sandbox.ethereum.payloads import GAS_LIMIT
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import FAR_FUTURE_EPOCH, SLOTS_PER_EPOCH
from aurora_sandbox.ethereum.world import withdrawals_of
from aurora_sandbox.server.messages import Json, SandboxRequest

_ROOT: Final = re.compile(r"0x[0-9a-f]{64}")
_VERSION: Final = "electra"
_BLOOM_DIGITS: Final = 512


def resolve_block(chain: EthereumChain, identifier: str) -> Slot:
    """The block with this block id. Raises RestError 400 for an invalid id and 404 for an unknown block."""
    if identifier == "head":
        return chain.block_before(chain.head_slot)
    if identifier == "finalized":
        return chain.block_before(chain.finalized_epoch * SLOTS_PER_EPOCH)
    if identifier.isascii() and identifier.isdigit() and int(identifier) <= FAR_FUTURE_EPOCH:
        found = chain.slot(int(identifier))
        found = found if found is not None and found.canonical else None
    elif _ROOT.fullmatch(identifier.lower()):
        found = chain.by_root(identifier.lower())
    elif identifier == "genesis":
        found = None
    else:
        raise RestError(400, f"Invalid block ID: {identifier}")
    if found is None:
        raise RestError(404, "Block not found")
    return found


def block_envelope(chain: EthereumChain, slot: Slot, data: Json) -> dict[str, Any]:
    """The envelope of a response about a block; `finalized` only if the block is canonical."""
    return {
        "execution_optimistic": False,
        "finalized": slot.canonical and chain.is_final(slot.slot),
        "data": data,
    }


def header(chain: EthereumChain, _request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`headers/{block_id}`."""
    found = resolve_block(chain, identifier)
    return block_envelope(chain, found, _header(chain, found))


def headers(chain: EthereumChain, request: SandboxRequest) -> dict[str, Any]:
    """`headers?slot=`: every block of a slot, of which at most one is canonical."""
    text = request.query.get("slot")
    if text is not None and not (text.isascii() and text.isdigit()):
        raise RestError(400, f"Invalid slot: {text}")
    parent = request.query.get("parent_root")
    at = chain.head_slot if text is None and parent is None else None if text is None else int(text)
    known = chain.world.slots.values() if at is None else filter(None, [chain.slot(at)])
    found = [
        slot
        for slot in known
        if (slot.canonical or slot.kind == "orphaned")
        and slot.slot <= chain.head_slot
        and parent in (None, slot.parent_root)
    ]
    final = all(slot.canonical and chain.is_final(slot.slot) for slot in found)
    return {
        "execution_optimistic": False,
        "finalized": final,
        "data": [_header(chain, slot) for slot in found],
    }


def block(chain: EthereumChain, _request: SandboxRequest, identifier: str) -> dict[str, Any]:
    """`/eth/v2/beacon/blocks/{block_id}`: the whole block of the Electra fork."""
    found = resolve_block(chain, identifier)
    message = {**_message(chain, found), "body": _body(chain, found)}
    del message["body_root"]
    data = {"message": message, "signature": signature("block", found.root)}
    return {"version": _VERSION, **block_envelope(chain, found, data)}


def duties(chain: EthereumChain, _request: SandboxRequest, epoch_text: str) -> dict[str, Any]:
    """`duties/proposer/{epoch}`: 32 rows; past epochs as far back as the node has states."""
    return _duties(chain, epoch_text, 0)


def duties_v2(chain: EthereumChain, _request: SandboxRequest, epoch_text: str) -> dict[str, Any]:
    """The same with the dependent root of one epoch earlier."""
    return _duties(chain, epoch_text, 1)


def _duties(chain: EthereumChain, epoch_text: str, earlier: int) -> dict[str, Any]:
    if not (epoch_text.isascii() and epoch_text.isdigit()):
        raise RestError(400, f"Invalid epoch: {epoch_text}")
    epoch = int(epoch_text)
    if epoch > chain.head_epoch + 1:
        raise RestError(
            400, f"BAD_REQUEST: request epoch {epoch} is more than one epoch past the current epoch"
        )
    chain.check_state(epoch * SLOTS_PER_EPOCH if epoch <= chain.head_epoch else chain.head_slot)
    slots = (chain.world.slots[epoch * SLOTS_PER_EPOCH + place] for place in range(SLOTS_PER_EPOCH))
    boundary = (epoch - earlier) * SLOTS_PER_EPOCH - 1
    dependent = chain.world.slots.get(boundary)
    return {
        "dependent_root": root("before", boundary)
        if dependent is None
        else chain.block_before(boundary).root,
        "execution_optimistic": False,
        "data": [
            {
                "pubkey": slot.proposer_pubkey,
                "validator_index": str(slot.proposer_index),
                "slot": str(slot.slot),
            }
            for slot in slots
        ],
    }


def _header(chain: EthereumChain, slot: Slot) -> dict[str, Any]:
    return {
        "root": slot.root,
        "canonical": slot.canonical,
        "header": {"message": _message(chain, slot), "signature": signature("block", slot.root)},
    }


def _message(chain: EthereumChain, slot: Slot) -> dict[str, str]:
    return {
        "slot": str(slot.slot),
        "proposer_index": str(slot.proposer_index),
        "parent_root": slot.parent_root,
        "state_root": chain.state_root(slot.slot),
        "body_root": root("body", slot.root),
    }


def _body(chain: EthereumChain, slot: Slot) -> dict[str, Any]:
    return {
        "randao_reveal": signature("randao", slot.root),
        "eth1_data": {
            "deposit_root": root("deposits", slot.slot // SLOTS_PER_EPOCH),
            "deposit_count": "2000000",
            "block_hash": slot.parent_hash,
        },
        "graffiti": "0x" + b"sandbox".hex().ljust(64, "0"),
        "proposer_slashings": [],
        "attester_slashings": _slashings(chain, slot),
        "attestations": [],
        "deposits": [],
        "voluntary_exits": [],
        "sync_aggregate": {
            "sync_committee_bits": "0x" + "f" * 128,
            "sync_committee_signature": signature("sync", slot.root),
        },
        "execution_payload": _payload(chain, slot),
        "bls_to_execution_changes": [],
        "blob_kzg_commitments": [],
        "execution_requests": {"deposits": [], "withdrawals": [], "consolidations": []},
    }


def _payload(chain: EthereumChain, slot: Slot) -> dict[str, Any]:
    made = chain.world.payload(slot.slot)
    return {
        "parent_hash": slot.parent_hash,
        "fee_recipient": made.miner,
        "state_root": root("execution-state", slot.hash),
        "receipts_root": root("receipts", slot.hash),
        "logs_bloom": "0x" + "0" * _BLOOM_DIGITS,
        "prev_randao": root("randao", slot.hash),
        "block_number": str(slot.number),
        "gas_limit": str(GAS_LIMIT),
        "gas_used": str(made.gas_used),
        "timestamp": str(slot.timestamp),
        "extra_data": "0x" + made.builder.encode().hex(),
        "base_fee_per_gas": str(made.base_fee),
        "block_hash": slot.hash,
        "transactions": [
            f"0x{tx.type:02x}" + hexadecimal(220, "raw", tx.hash)[2:] for tx in made.transactions
        ],
        "withdrawals": [
            {
                "index": str(row.index),
                "validator_index": str(row.validator_index),
                "address": row.address,
                "amount": str(row.amount),
            }
            for row in withdrawals_of(chain.world, slot)
        ],
        "blob_gas_used": "0",
        "excess_blob_gas": "0",
    }


def _slashings(chain: EthereumChain, slot: Slot) -> list[dict[str, Any]]:
    """Two attestations of one validator for one epoch, which is what it was slashed for."""
    slashed = chain.world.accounts[cast.SLASHED]
    if slashed.slashed_slot != slot.slot:
        return []
    epoch = slot.slot // SLOTS_PER_EPOCH - 1
    attestations = [
        {
            "attesting_indices": [str(slashed.member.index)],
            "data": {
                "slot": str(epoch * SLOTS_PER_EPOCH),
                "index": "0",
                "beacon_block_root": root("vote", which, slot.root),
                "source": {"epoch": str(epoch - 1), "root": chain.checkpoint_root(epoch - 1)},
                "target": {"epoch": str(epoch), "root": root("target", which, slot.root)},
            },
            "signature": signature("attestation", which, slot.root),
        }
        for which in (1, 2)
    ]
    return [{"attestation_1": attestations[0], "attestation_2": attestations[1]}]
