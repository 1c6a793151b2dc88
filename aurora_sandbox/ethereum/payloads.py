"""Execution blocks of a generated world, and what relays claim they delivered.

A block holds transactions, fees and the payment of the proposer; receipts follow from the transactions. A
relay's claim may be true or not, and may be about a block that never became canonical. How a relay serves
its claims is in `relay.py`; what is income is in `truth.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from aurora_sandbox.ethereum.cast import Member
from aurora_sandbox.ethereum.keys import address, number, pubkey, root
from aurora_sandbox.ethereum.slots import Slot
from aurora_sandbox.ethereum.spec import RELAYS, EthereumSpec, Kind

TRANSFER_GAS: Final = 21_000
GAS_LIMIT: Final = 45_000_000
_ETHER: Final = 10**18
_LOCAL: Final[frozenset[Kind | None]] = frozenset(
    {"local", "pooled", "rich", "slashing", "kept", "kept_fees"}
)
_LAST_PAYS: Final[frozenset[Kind | None]] = frozenset(
    {"builder", "lying", "overclaimed", "failed", "unrelayed"}
)
_BUILDERS: Final = ("beaverbuild.org", "Titan (titanbuilder.xyz)", "rsync-builder.xyz")
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
"""The relays that delivered a block of this kind, each with the factor by which it overstates the value."""


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction with its outcome. Wei and gas; `priority` is wei per gas above the base fee.

    `to` is None for the creation of a contract; a failed one pays for its gas but moves no value. `moves` are
    (address, wei) of internal transfers.
    """

    hash: str
    type: int
    sender: str
    to: str | None
    value: int
    gas: int
    gas_used: int
    priority: int
    succeeded: bool = True
    input: str = "0x"
    blobs: int = 0
    moves: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Payload:
    """An execution block. `direct` is what `recipient` was paid beside the fees, wei."""

    slot: Slot
    miner: str
    builder: str
    base_fee: int
    transactions: tuple[Transaction, ...]
    recipient: str
    direct: int

    @property
    def gas_used(self) -> int:
        """Gas of all transactions."""
        return sum(tx.gas_used for tx in self.transactions)

    @property
    def fees(self) -> int:
        """Priority fees, wei: those of failed transactions included, those of blobs not."""
        return sum(tx.gas_used * tx.priority for tx in self.transactions)


def make_payload(spec: EthereumSpec, members: Sequence[Member], slot: Slot) -> Payload:
    """The block of `slot`, canonical or orphaned."""
    seed, kind = spec.seed, slot.kind
    builder = number(len(_BUILDERS), seed, "builder", slot.slot)
    recipient = members[slot.member].fee_recipient if slot.member is not None else address(seed, "elsewhere")
    miner = recipient if kind in _LOCAL else address(seed, "builder", builder)
    count = 2 if slot.member is None else 6 + number(4, seed, "transactions", slot.slot)
    transactions = [_ordinary(spec, slot, place) for place in range(count)]
    direct = _payment(spec, slot)
    if kind == "rich":
        transactions = _with_fees(transactions, spec.rich_fees)
    if kind == "kept":
        transactions.insert(
            count // 2, _transfer(slot, "searcher", address(seed, "searcher"), recipient, direct)
        )
    if kind == "builder":  # a small transfer to the proposer that is no payment
        transactions.insert(1, _transfer(slot, "dust", address(seed, "spammer"), recipient, 1))
    if kind in _LAST_PAYS:
        payment = _transfer(slot, "payment", miner, recipient, direct)
        transactions.append(replace(payment, succeeded=kind != "failed"))
    if kind == "internal":
        payout = _transfer(slot, "payout", miner, address(seed, "payout-contract"), direct)
        transactions.append(
            replace(payout, gas=90_000, gas_used=43_117, input="0x3ccfd60b", moves=((recipient, direct),))
        )
    paid = 0 if kind in ("failed", "stolen") or (kind in _LOCAL and kind != "kept") else direct
    base_fee = 400_000_000 + number(2_000_000_000, seed, "base-fee", slot.slot)
    name = "Geth" if kind in ("local", "pooled", "rich", "slashing") else _BUILDERS[builder]
    return Payload(slot, miner, name, base_fee, tuple(transactions), recipient, paid)


def promised(spec: EthereumSpec, slot: Slot) -> int:
    """What a builder promised for a tracked block beside its fees, wei, whether it paid or not."""
    return _payment(spec, slot)


def _payment(spec: EthereumSpec, slot: Slot) -> int:
    return 8_000_000_000_000_000 + number(150_000_000_000_000_000, spec.seed, "payment", slot.slot)


def _with_fees(transactions: list[Transaction], fees: int) -> list[Transaction]:
    """The transactions with the first two's priority fees set so that the block's fees are exactly `fees`."""
    left = fees - sum(tx.gas_used * tx.priority for tx in transactions[2:])
    # Two gas amounts without a common divisor can make up every large enough sum.
    second = left % TRANSFER_GAS
    first = (left - (TRANSFER_GAS + 1) * second) // TRANSFER_GAS
    return [
        replace(transactions[0], gas_used=TRANSFER_GAS, priority=first),
        replace(transactions[1], gas=TRANSFER_GAS + 1, gas_used=TRANSFER_GAS + 1, priority=second),
        *transactions[2:],
    ]


def _transfer(slot: Slot, what: str, sender: str, to: str, value: int) -> Transaction:
    return Transaction(
        root("transaction", slot.hash, what), 2, sender, to, value, TRANSFER_GAS, TRANSFER_GAS, priority=0
    )


def _ordinary(spec: EthereumSpec, slot: Slot, place: int) -> Transaction:
    """A transaction of the network; of the first few one fails, one creates a contract, one carries blobs."""
    words = (spec.seed, "transaction", slot.slot, place)
    gas_used = TRANSFER_GAS + number(400_000, *words, "gas")
    plain = Transaction(
        hash=root("transaction", slot.hash, place),
        type=(2, 2, 0, 3, 2, 1)[place % 6],
        sender=address(*words, "from"),
        to=address(*words, "to"),
        value=number(3 * _ETHER, *words, "value"),
        gas=gas_used + number(60_000, *words, "limit"),
        gas_used=gas_used,
        priority=number(9_000_000_000, *words, "priority"),
        input="0xa9059cbb" + root(*words, "input")[2:],
    )
    if place == 1:
        return replace(plain, succeeded=False, gas=plain.gas_used)
    if place == 4:  # noqa: PLR2004 - the fifth makes a contract
        return replace(plain, to=None)
    return replace(plain, blobs=2) if plain.type == 3 else plain  # noqa: PLR2004 - type 3 carries blobs


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
        if slot.kind == "builder":  # a second payload for the slot that never became a block
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
