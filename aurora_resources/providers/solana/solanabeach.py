"""Solana Beach: the fees each identity's blocks earned, epoch by epoch.

`base_url` includes `/v2`. Its documentation states neither the unit of `fees` (a rule in `chains.yaml`
says how many lamports one unit is) nor the order of the history, and an epoch that is absent is unknown.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from aurora_resources.providers.decoding import Shape, Unsigned
from aurora_resources.records import ProviderRequest, ProviderResponse

PAGE_ROWS: Final = 1_000
BLOCK_REWARDS: Final = "block-rewards-history"


class EpochFees(msgspec.Struct, frozen=True):
    """One identity's blocks and fees in one epoch; `fees` in the provider's own unit."""

    epoch: Unsigned
    blocks: Unsigned
    fees: Unsigned


class _History(msgspec.Struct):
    history: tuple[EpochFees, ...]


_history = Shape(_History)


@dataclass(frozen=True, slots=True)
class SolanaBeach:
    """The requests to Solana Beach; `provider` is its name in `providers.yaml`."""

    provider: str

    def block_rewards(self, identity: str, offset: int) -> ProviderRequest:
        """GET /validator/{identity}/block-rewards-history: keyed by identity, not by vote account."""
        return ProviderRequest(
            self.provider,
            BLOCK_REWARDS,
            "GET",
            f"/validator/{identity}/block-rewards-history",
            (("offset", str(offset)), ("limit", str(PAGE_ROWS))),
            subject=identity,
        )


def epoch_fees(response: ProviderResponse) -> tuple[EpochFees, ...]:
    """One page of history, newest or oldest first. Raises PayloadError."""
    return _history.read(response).history


def requested_identity(response: ProviderResponse) -> str:
    """The identity an answer is about, from the path of its request."""
    return response.request.path.split("/")[2]
