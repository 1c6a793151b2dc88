"""Which block of the payout a stake account is paid in: Agave's SipHash-1-3 partitioning.

SipHash as published by Aumasson and Bernstein with one compression and three finalisation rounds and a
zero key; the message is the parent's block hash followed by the address, as in Agave's epoch rewards.
"""

from typing import Final

_MASK: Final = (1 << 64) - 1
_START: Final = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
_State = tuple[int, int, int, int]


def partition_count(accounts: int, per_block: int, slots_per_epoch: int) -> int:
    """Blocks that pay `accounts` rewards, at most a tenth of the epoch and at least one."""
    return min(max(-(-accounts // per_block), 1), max(slots_per_epoch // 10, 1))


class Partitioner:
    """Assigns addresses to `partitions` blocks; `seed` is the 32-byte hash of the boundary block's parent."""

    def __init__(self, partitions: int, seed: bytes) -> None:
        self._partitions = partitions
        self._state = _START
        for at in range(0, len(seed), 8):
            self._state = _compress(self._state, int.from_bytes(seed[at : at + 8], "little"))
        self._length = len(seed)

    def partition(self, address: bytes) -> int:
        """The index of the block that pays `address`, from 0."""
        if self._partitions == 1:
            return 0
        return self._hash(address) * self._partitions >> 64

    def _hash(self, address: bytes) -> int:
        state = self._state
        whole = len(address) // 8 * 8
        for at in range(0, whole, 8):
            state = _compress(state, int.from_bytes(address[at : at + 8], "little"))
        tail = int.from_bytes(address[whole:], "little")
        length = (self._length + len(address)) & 0xFF
        v0, v1, v2, v3 = _compress(state, tail | length << 56)
        state = (v0, v1, v2 ^ 0xFF, v3)
        for _ in range(3):
            state = _round(*state)
        return state[0] ^ state[1] ^ state[2] ^ state[3]


def _compress(state: _State, word: int) -> _State:
    v0, v1, v2, v3 = _round(state[0], state[1], state[2], state[3] ^ word)
    return v0 ^ word, v1, v2, v3


def _round(v0: int, v1: int, v2: int, v3: int) -> _State:
    v0 = (v0 + v1) & _MASK
    v1 = ((v1 << 13) | (v1 >> 51)) & _MASK ^ v0
    v0 = ((v0 << 32) | (v0 >> 32)) & _MASK
    v2 = (v2 + v3) & _MASK
    v3 = ((v3 << 16) | (v3 >> 48)) & _MASK ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = ((v3 << 21) | (v3 >> 43)) & _MASK ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = ((v1 << 17) | (v1 >> 47)) & _MASK ^ v2
    v2 = ((v2 << 32) | (v2 >> 32)) & _MASK
    return v0, v1, v2, v3
