"""Solana Beach: the fees each identity's blocks earned, epoch by epoch.

`base_url` includes `/v2`. Its documentation states neither the unit of `fees` (a rule in `chains.yaml`
says how many lamports one unit is) nor the order of the history, and an epoch that is absent is unknown.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from aurora_resources.errors import NotYetAvailable, PayloadError
from aurora_resources.providers.concurrently import for_each
from aurora_resources.providers.decoding import Shape, Unsigned
from aurora_resources.providers.solana.fees import Fees, NoFees
from aurora_resources.providers.staged import Answers
from aurora_resources.records import Fetcher, ProviderRequest, ProviderResponse

PAGE_ROWS: Final = 1_000
BLOCK_REWARDS: Final = "block-rewards-history"
_NOT_FOUND: Final = 404
_PAGES_AT_MOST: Final = 100


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


async def fetch_history(fetcher: Fetcher, beach: SolanaBeach, epoch: int, identities: Iterable[str]) -> None:
    """Ask Solana Beach for each identity's history until `epoch` is found. Raises ProviderError."""

    async def fetch_identity(identity: str) -> None:
        for page in range(_PAGES_AT_MOST):
            try:
                response = await fetcher.fetch(beach.block_rewards(identity, page * PAGE_ROWS))
            except NotYetAvailable as unknown:
                if unknown.status != _NOT_FOUND:
                    raise
                return  # an identity it does not know: missing for this validator, no fault of the others
            rows = epoch_fees(response)
            if len(rows) < PAGE_ROWS or any(row.epoch == epoch for row in rows):
                return

    await for_each(fetch_identity, sorted(set(identities)))


def fees_of_history(
    found: Answers, epoch: int, fee_unit: int, identities: Iterable[str]
) -> Mapping[str, Fees | NoFees]:
    """Fees by identity from Solana Beach, one unit of theirs being `fee_unit` lamports.

    Raises PayloadError, also when the history holds the epoch twice with different numbers.
    """
    rows: dict[str, EpochFees] = {}
    for response in found.every(BLOCK_REWARDS):
        identity = requested_identity(response)
        for row in epoch_fees(response):
            if row.epoch != epoch:
                continue
            if rows.setdefault(identity, row) != row:
                raise PayloadError(
                    f"epoch {epoch} of {identity} stands there twice, with {rows[identity].fees} and "
                    f"{row.fees}; ask again",
                    provider=found.provider,
                    endpoint=response.request.endpoint,
                )
    return {
        identity: Fees(mine.fees * fee_unit, mine.blocks)
        if (mine := rows.get(identity)) is not None
        else NoFees(f"{found.provider} has no epoch {epoch} for identity {identity}")
        for identity in identities
    }
