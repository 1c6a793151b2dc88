"""Ground truth of a generated Ethereum world: every exact amount per window and validator.

It is computed from the world's own figures and not from a served response, so that adapters can be checked
against it.
"""

from dataclasses import dataclass
from typing import Final

from aurora_sandbox.ethereum.ledger import Entry
from aurora_sandbox.ethereum.spec import GWEI, RELAYS, SLOTS_PER_EPOCH, Kind
from aurora_sandbox.ethereum.world import EthereumWorld

_CASES: Final[dict[Kind, str]] = {
    "local": "A", "pooled": "A", "rich": "A", "slashing": "A",
    "builder": "B", "lying": "B", "overclaimed": "B", "internal": "B", "failed": "B",
    "kept": "C", "kept_fees": "C",
    "unrelayed": "D", "stolen": "D",
    "missed": "E", "orphaned": "E",
}  # fmt: skip
_PENALTIES: Final[frozenset[Entry]] = frozenset({"slashing", "correlation"})


@dataclass(frozen=True, slots=True)
class BlockTruth:
    """A proposal of a tracked validator. Amounts are wei.

    `fees` and `mev` are its income, `block_fees` the sum of the block's receipts. `paid_to` is the address
    that received that income, None if there is none. `claims` are the relays' values for this block's
    hash.
    """

    slot: int
    member: int
    kind: Kind
    case: str
    canonical: bool
    block_hash: str
    block_number: int
    fee_recipient: str
    paid_to: str | None
    block_fees: int
    fees: int
    mev: int
    claims: dict[str, int]


@dataclass(frozen=True, slots=True)
class ValidatorTruth:
    """A validator in a window. Amounts are gwei unless stated as wei.

    Rewards count in the window of the duty; `*_credited`, deposits and withdrawals in that of the balance
    change. Balances are those after the slot before the window and after its last slot; effective
    balances those of the window's first epoch and of the one after it; `effective_epochs` is their sum
    over the window's epochs. `fees`, `mev` and `pooled` are wei; `pooled` is income of the smoothing
    pool and in neither of the others.
    """

    pubkey: str
    index: int
    client: str | None
    withdrawal_address: str
    attestations: int
    proposals: int
    sync: int
    slashing: int
    fees: int
    mev: int
    pooled: int
    blocks: tuple[BlockTruth, ...]
    balance_start: int
    balance_end: int
    attestations_credited: int
    deposits: int
    withdrawals: int
    effective_start: int
    effective_end: int
    effective_epochs: int

    @property
    def consensus_wei(self) -> int:
        """All rewards and penalties of the consensus layer, wei."""
        return (self.attestations + self.proposals + self.sync + self.slashing) * GWEI

    @property
    def slashing_credited(self) -> int:
        """Slashing penalties are taken in the window they belong to."""
        return self.slashing


def window_truth(world: EthereumWorld, window: int) -> dict[str, ValidatorTruth]:
    """Every member in `window` by public key. Raises KeyError for a window that is not in the world."""
    return {m.pubkey: _validator(world, window, m.ordinal) for m in world.members}


def block_truths(world: EthereumWorld, window: int) -> tuple[BlockTruth, ...]:
    """Every proposal of a tracked validator in `window`, by slot."""
    slots = world.spec.slots(window)
    return tuple(_block(world, slot.slot) for slot in world.own_slots if slot.slot in slots)


def _validator(world: EthereumWorld, window: int, ordinal: int) -> ValidatorTruth:
    account, member = world.accounts[ordinal], world.members[ordinal]
    slots, epochs = world.spec.slots(window), world.spec.epochs(window)
    blocks = tuple(block for block in block_truths(world, window) if block.member == ordinal)
    income = 0 if member.smoothing_pool else 1
    return ValidatorTruth(
        pubkey=member.pubkey,
        index=member.index,
        client=member.client,
        withdrawal_address=member.withdrawal_address,
        attestations=sum(account.attested[epoch].total for epoch in epochs),
        proposals=account.moved(frozenset({"proposal"}), slots),
        sync=account.moved(frozenset({"sync"}), slots),
        slashing=account.moved(_PENALTIES, slots),
        fees=income * sum(block.fees for block in blocks),
        mev=income * sum(block.mev for block in blocks),
        pooled=(1 - income) * sum(block.fees + block.mev for block in blocks),
        blocks=blocks,
        balance_start=account.balance_at(slots.start - 1),
        balance_end=account.balance_at(slots.stop - 1),
        attestations_credited=account.moved(frozenset({"attestation"}), slots),
        deposits=account.moved(frozenset({"deposit"}), slots),
        withdrawals=-account.moved(frozenset({"withdrawal"}), slots),
        effective_start=account.effective[slots.start // SLOTS_PER_EPOCH],
        effective_end=account.effective[slots.stop // SLOTS_PER_EPOCH],
        effective_epochs=sum(account.effective[epoch] for epoch in epochs),
    )


def _block(world: EthereumWorld, at: int) -> BlockTruth:
    slot, payload = world.slots[at], world.payload(at)
    assert slot.kind is not None, "a tracked proposal"  # noqa: S101
    assert slot.member is not None, "a tracked proposal"  # noqa: S101
    case = _CASES[slot.kind]
    fees = payload.fees if case in "AC" else 0
    mev = payload.direct if case in "BCD" else 0
    return BlockTruth(
        slot=at,
        member=slot.member,
        kind=slot.kind,
        case=case,
        canonical=slot.canonical,
        block_hash=slot.hash,
        block_number=slot.number,
        fee_recipient=payload.miner,
        paid_to=payload.recipient if fees + mev else None,
        block_fees=payload.fees,
        fees=fees,
        mev=mev,
        claims={
            relay: claim.value
            for relay in RELAYS
            for claim in world.claims[relay]
            if claim.block_hash == slot.hash
        },
    )
