"""Balances after rewards (`postBalance`): vote accounts after each payout, identities after each block.

Invented where the world says nothing, but consistent: a balance moves only by what the sandbox serves.
"""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aurora_sandbox.solana.chain import Chain

FIRST_VOTE_BALANCE: Final = 10**9
FIRST_IDENTITY_BALANCE: Final = 10_000 * 10**9
VOTE_FEE: Final = 5_000
CREDITS_PER_VOTE: Final = 16


class Balances:
    """Balances in lamports along the listed epochs of a chain, worked out when first asked."""

    def __init__(self, chain: "Chain") -> None:
        self._chain = chain
        self._votes: dict[int, dict[str, int]] = {}
        self._identities: dict[tuple[str, int], dict[int, int]] = {}

    def vote(self, vote: str, epoch: int) -> int:
        """The vote account after the payout for listed `epoch`: 1 SOL and all commissions until then."""
        for number in range(self._chain.first, epoch + 1):
            facts = self._chain.facts(number)
            if number in self._votes or facts is None:
                continue
            balances = dict(self._votes.get(number - 1, {}))
            for key, amount in facts.rewards.voting.items():
                balances[key] = balances.get(key, FIRST_VOTE_BALANCE) + amount
            self._votes[number] = balances
        return self._votes[epoch].get(vote, FIRST_VOTE_BALANCE)

    def identity(self, identity: str, epoch: int, index: int) -> int:
        """The identity after its block at `index` of listed `epoch`.

        10,000 SOL at first, plus every fee, less 5,000 lamports for each vote (one for 16 credits), never
        below zero.
        """
        return max(self._after_blocks(identity, epoch)[index], 0)

    def _after_blocks(self, identity: str, epoch: int) -> dict[int, int]:
        """Balance by block index; under -1 that at the end of the epoch."""
        known = self._identities.get((identity, epoch))
        if known is not None:
            return known
        facts = self._chain.facts(epoch)
        if facts is None:  # before the first listed epoch
            return {-1: FIRST_IDENTITY_BALANCE}
        balance = self._after_blocks(identity, epoch - 1)[-1]
        earned = sum(v.credits for v in facts.epoch.validators if v.node == identity)
        votes, spent = earned // CREDITS_PER_VOTE, 0
        after: dict[int, int] = {}
        for index in facts.slots.produced_by.get(identity, []):
            if index in facts.slots.fees:
                cost = votes * index // self._chain.size * VOTE_FEE
                balance += facts.slots.fees[index][1] - (cost - spent)
                spent = cost
                after[index] = balance
        after[-1] = balance - (votes * VOTE_FEE - spent)
        self._identities[identity, epoch] = after
        return after
