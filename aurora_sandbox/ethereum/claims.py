"""What each relay says it delivered: rows of its data API, true or not, for canonical blocks and for others.

How a relay answers is in `relay.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from aurora_sandbox.ethereum.keys import number, pubkey, root
from aurora_sandbox.ethereum.payloads import GAS_LIMIT, Payload, promised
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import RELAYS, EthereumSpec, Kind

_FLASHBOTS, _ULTRASOUND, _TITAN = RELAYS
_RELAYED_PER_THOUSAND: Final = 450

_TIMES: Final[Mapping[Kind | None, tuple[tuple[str, int], ...]]] = {
    "builder": ((_FLASHBOTS, 1), (_ULTRASOUND, 1)),
    "lying": ((_FLASHBOTS, 1), (_TITAN, 3)),
    "overclaimed": ((_ULTRASOUND, 2),),
    "internal": ((_ULTRASOUND, 1),),
    "failed": ((_FLASHBOTS, 1),),
    "kept": ((_ULTRASOUND, 1), (_TITAN, 1)),
    "kept_fees": ((_FLASHBOTS, 1),),
    "missed": ((_FLASHBOTS, 1),),
    "orphaned": ((_ULTRASOUND, 1),),
}
"""Who delivered a block of ours, and how many times the truth it claims."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A row of `proposer_payload_delivered`; `value` in wei."""

    slot: int
    parent_hash: str
    block_hash: str
    builder_pubkey: str
    proposer_pubkey: str
    proposer_fee_recipient: str
    gas_limit: int
    gas_used: int
    value: int
    num_tx: int
    block_number: int


def claims_of(
    spec: EthereumSpec, slots: Mapping[int, Slot], payload: Callable[[int], Payload]
) -> dict[str, tuple[Claim, ...]]:
    """Every relay's rows, the latest slot first."""
    found: dict[str, list[Claim]] = {relay: [] for relay in RELAYS}
    for slot in sorted(slots.values(), key=lambda entry: -entry.slot):
        if slot.kind is None:
            _claim_network(spec, slot, payload, found)
            continue
        times = _TIMES.get(slot.kind, ())
        if not times:
            continue
        block = payload(slot.slot)
        value = promised(spec, slot)
        if slot.kind in ("kept", "kept_fees"):
            value = block.fees + block.direct
        for relay, factor in times:
            found[relay].append(_claim(spec, block, slot.hash, value * factor))
        if slot.kind == "builder":  # signed for, delivered late, never seen again
            other = root(spec.seed, "second-payload", slot.slot)
            found[_FLASHBOTS].append(_claim(spec, block, other, value + value // 7))
    return {relay: tuple(rows) for relay, rows in found.items()}


def _claim_network(
    spec: EthereumSpec, slot: Slot, payload: Callable[[int], Payload], found: dict[str, list[Claim]]
) -> None:
    if not slot.canonical:
        return
    for relay in RELAYS:
        if number(1_000, spec.seed, "relayed", relay, slot.slot) < _RELAYED_PER_THOUSAND:
            found[relay].append(_claim(spec, payload(slot.slot), slot.hash, promised(spec, slot)))


def _claim(spec: EthereumSpec, block: Payload, block_hash: str, value: int) -> Claim:
    return Claim(
        slot=block.slot.slot,
        parent_hash=block.slot.parent_hash,
        block_hash=block_hash,
        builder_pubkey=pubkey(spec.seed, "builder", block.builder),
        proposer_pubkey=block.slot.proposer_pubkey,
        proposer_fee_recipient=block.recipient,
        gas_limit=GAS_LIMIT,
        gas_used=block.gas_used,
        value=value,
        num_tx=len(block.transactions),
        block_number=block.slot.number,
    )
