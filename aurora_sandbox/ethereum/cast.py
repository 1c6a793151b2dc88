"""The tracked validators of a generated Ethereum world: own stake and that of two clients.

What happens to each of them is fixed by its ordinal. Their balances are in `ledger.py`, their blocks in
`payloads.py`; the network's other validators have only an index and a public key derived from it.
"""

from dataclasses import dataclass
from typing import Final

from aurora_sandbox.ethereum.keys import address, number, pubkey
from aurora_sandbox.ethereum.spec import CORRELATION_WINDOW, GWEI, EthereumSpec

ETH: Final = GWEI
NETWORK_FIRST: Final = 1_000_000
NETWORK_SIZE: Final = 2_000
WITHDRAWABLE_DELAY: Final = 8_192
_CORRELATION_DELAY: Final = WITHDRAWABLE_DELAY // 2
_CLIENTS: Final = (
    None,
    None,
    "Meridian",
    "Meridian",
    "Meridian",
    "Tidewater",
    "Tidewater",
    "Tidewater",
    "Tidewater",
)
_WITHDRAWALS: Final = ("W0", "W0", "M1", "M1", "M2", "T1", "T1", "T2", "T1")
_COMPOUNDING: Final = {1: 100, 7: 1_024}
POOLED: Final = 4
OFFLINE: Final = 5
SLASHED: Final = 6
SLASHED_BEFORE: Final = 8
DEPOSITING: Final = 1
SYNC_SEATS: Final = {1: 2, 3: 1}
"""Seats in the sync committee of period 1569, by ordinal of the member."""


@dataclass(frozen=True, slots=True)
class Member:
    """A tracked validator. `client` is None for own stake; balances in gwei; epochs are the beacon chain's.

    `slashed_before` is the epoch of a slashing before the first one of the world, None if there was none.
    """

    ordinal: int
    name: str
    pubkey: str
    index: int
    client: str | None
    withdrawal_address: str
    credentials: str
    fee_recipient: str
    compounding: bool
    smoothing_pool: bool
    opening_balance: int
    opening_effective: int
    activation_epoch: int
    slashed_before: int | None


@dataclass(frozen=True, slots=True)
class NetworkValidator:
    """A validator of the network that is not tracked."""

    index: int
    pubkey: str


def draw_members(spec: EthereumSpec) -> tuple[Member, ...]:
    """The tracked validators: nine with special events, the operator's own first, and the plain ones."""
    return tuple(_member(spec, ordinal) for ordinal in range(len(_CLIENTS) + spec.plain))


def smoothing_pool(seed: int) -> str:
    """The pool that one member's block income goes to."""
    return address(seed, "smoothing-pool")


def network_validator(seed: int, index: int) -> NetworkValidator:
    """The validator of the network with this index."""
    return NetworkValidator(index, pubkey(seed, "network", index))


def is_network_validator(index: int) -> bool:
    """Whether the index is that of a validator that is not tracked."""
    return NETWORK_FIRST <= index < NETWORK_FIRST + NETWORK_SIZE


def slashed_exit(epoch: int) -> tuple[int, int]:
    """Exit and withdrawable epoch of a validator slashed in `epoch`."""
    return epoch + 5, epoch + WITHDRAWABLE_DELAY


def correlation_epoch(spec: EthereumSpec) -> int:
    """The epoch at whose start the old slashing's correlation penalty is taken."""
    window = spec.epochs(spec.first + CORRELATION_WINDOW)
    return window.start + len(window) // 2


def _member(spec: EthereumSpec, ordinal: int) -> Member:
    seed, (client, paid_to) = spec.seed, _owner(ordinal)
    compounding = ordinal in _COMPOUNDING
    effective = _COMPOUNDING.get(ordinal, 32) * ETH
    payee = address(seed, "withdrawal", paid_to)
    slashed = None
    if ordinal == SLASHED_BEFORE:
        # The penalty falls in the middle of the delay, one epoch before it shows in the balance.
        slashed = correlation_epoch(spec) - 1 - _CORRELATION_DELAY
    excess = number(9_000_000, seed, "excess", ordinal) + 2_000_000
    return Member(
        ordinal=ordinal,
        name=f"{client or 'Own stake'} {ordinal + 1}",
        pubkey=pubkey(seed, "ours", ordinal),
        index=400_000 + 37 * ordinal + number(30, seed, "index", ordinal),
        client=client,
        withdrawal_address=payee,
        credentials=("0x02" if compounding else "0x01") + "0" * 22 + payee[2:],
        fee_recipient=smoothing_pool(seed) if ordinal == POOLED else _recipient(seed, client),
        compounding=compounding,
        smoothing_pool=ordinal == POOLED,
        opening_balance=effective + (-90_000_000 if slashed is not None else excess),
        opening_effective=effective,
        activation_epoch=250_000 + 11 * ordinal,
        slashed_before=slashed,
    )


def _owner(ordinal: int) -> tuple[str | None, str]:
    """Client and withdrawal address of a member; plain ones alternate between the two clients."""
    if ordinal < len(_CLIENTS):
        return _CLIENTS[ordinal], _WITHDRAWALS[ordinal]
    return ("Meridian", "M2") if ordinal % 2 else ("Tidewater", "T2")


def _recipient(seed: int, client: str | None) -> str:
    """A member's fee recipient: the operator's own wallet, or the client's first withdrawal address."""
    first = {None: "W0", "Meridian": "M1", "Tidewater": "T1"}
    return address(seed, "withdrawal", first[client])
