"""Jito's tip API (kobe): what each validator's blocks were tipped, and how it was shared out, in lamports.

`base_url` includes `/api/v1`. Two families: `/validators` and `/mev_rewards` take the epoch in a JSON body
only (with a query they silently answer the latest epoch); `/validator_rewards` and `/staker_rewards` take
the query string only. An epoch or a validator that is absent is unknown, never zero.
"""

from dataclasses import dataclass
from typing import Final

import msgspec

from aurora_resources.providers.decoding import RateBps, Shape, Unsigned, unexpected
from aurora_resources.records import ProviderRequest, ProviderResponse

PAGE_ROWS: Final = 10_000
"""The largest page the API gives."""
VALIDATOR_REWARDS: Final = "GET /validator_rewards"
STAKER_REWARDS: Final = "GET /staker_rewards"
VALIDATORS: Final = "POST /validators"
NETWORK_REWARDS: Final = "POST /mev_rewards"
NO_AUTHORITY: Final = "11111111111111111111111111111111"


class ValidatorTips(msgspec.Struct, frozen=True):
    """One validator in one epoch: `mev_revenue` is ALL tips (its own, its stakers' and the protocol's part).

    `priority_fee_revenue` is what the validator passed on of its priority fees, Jito's fee on that included;
    None where the answer says nothing about it. `num_stakers` counts all claims of the tree, the validator's
    and the protocol's too.
    """

    vote_account: str
    epoch: Unsigned
    mev_revenue: Unsigned
    mev_commission: RateBps
    num_stakers: Unsigned
    priority_fee_revenue: Unsigned | None = None


class StakerTips(msgspec.Struct, frozen=True, gc=False):
    """One claim of one epoch's tree: `amount` lamports for `claimant`, a stake account.

    A row whose two authorities are the system program is the validator's own or the protocol's, not a staker.
    """

    claimant: str
    stake_authority: str
    withdraw_authority: str
    validator_vote_account: str
    epoch: Unsigned
    amount: Unsigned

    @property
    def is_staker(self) -> bool:
        """Whether the claim belongs to a staker."""
        return not (self.stake_authority == NO_AUTHORITY and self.withdraw_authority == NO_AUTHORITY)


class JitoValidator(msgspec.Struct, frozen=True):
    """A validator Jito knows in an epoch; `active_stake` and `mev_rewards` in lamports."""

    vote_account: str
    mev_rewards: Unsigned
    active_stake: Unsigned
    running_jito: bool
    identity_account: str | None = None


class NetworkTips(msgspec.Struct, frozen=True):
    """All validators' tips of an epoch, in lamports."""

    epoch: Unsigned
    total_network_mev_lamports: Unsigned


class _ValidatorPage(msgspec.Struct):
    rewards: tuple[ValidatorTips, ...]
    total_count: Unsigned


class _StakerPage(msgspec.Struct):
    rewards: tuple[StakerTips, ...]


class _Validators(msgspec.Struct):
    validators: tuple[JitoValidator, ...]


_validator_page = Shape(_ValidatorPage)
_staker_page = Shape(_StakerPage)
_validators = Shape(_Validators)
_network = Shape(NetworkTips)


@dataclass(frozen=True, slots=True)
class Jito:
    """The requests to Jito; `provider` is its name in `providers.yaml`."""

    provider: str

    def validator_rewards(self, epoch: int, page: int) -> ProviderRequest:
        """GET /validator_rewards: every validator's tips of `epoch`; page 1 is the first."""
        query = (("epoch", str(epoch)), ("limit", str(PAGE_ROWS)), ("page", str(page)))
        return ProviderRequest(self.provider, VALIDATOR_REWARDS, "GET", "/validator_rewards", query)

    def staker_rewards(self, epoch: int, vote_account: str, page: int) -> ProviderRequest:
        """GET /staker_rewards of one validator: each stake account's tips; its total_count means nothing."""
        query = (
            ("epoch", str(epoch)),
            ("validator_vote_account", vote_account),
            ("limit", str(PAGE_ROWS)),
            ("page", str(page)),
        )
        return ProviderRequest(
            self.provider, STAKER_REWARDS, "GET", "/staker_rewards", query, subject=vote_account
        )

    def validators(self, epoch: int) -> ProviderRequest:
        """POST /validators: stake and tips of each Jito validator; the answer does not name its epoch."""
        return ProviderRequest(self.provider, VALIDATORS, "POST", "/validators", body={"epoch": epoch})

    def network_rewards(self, epoch: int) -> ProviderRequest:
        """POST /mev_rewards: the network's total; an epoch not published yet fails with HTTP 500."""
        return ProviderRequest(self.provider, NETWORK_REWARDS, "POST", "/mev_rewards", body={"epoch": epoch})


def validator_tips(response: ProviderResponse, epoch: int) -> tuple[ValidatorTips, ...]:
    """One page of /validator_rewards. Raises PayloadError, also for rows of another epoch."""
    rows = _validator_page.read(response).rewards
    _same_epoch(response, epoch, [row.epoch for row in rows])
    return rows


def validator_tips_total(response: ProviderResponse) -> int:
    """How many rows /validator_rewards says there are on all pages."""
    return _validator_page.read(response).total_count


def staker_tips(response: ProviderResponse, epoch: int) -> tuple[StakerTips, ...]:
    """One page of /staker_rewards, all kinds of claims. Raises PayloadError, also for another epoch."""
    rows = _staker_page.read(response).rewards
    _same_epoch(response, epoch, [row.epoch for row in rows])
    return rows


def jito_validators(response: ProviderResponse) -> tuple[JitoValidator, ...]:
    """POST /validators. Raises PayloadError."""
    return _validators.read(response).validators


def network_tips(response: ProviderResponse, epoch: int) -> int:
    """POST /mev_rewards: lamports. Raises PayloadError, also when another epoch is answered."""
    found = _network.read(response)
    _same_epoch(response, epoch, [found.epoch])
    return found.total_network_mev_lamports


def _same_epoch(response: ProviderResponse, epoch: int, answered: list[int]) -> None:
    if answered and answered.count(epoch) != len(answered):
        other = next(found for found in answered if found != epoch)
        raise unexpected(response, f"asked for epoch {epoch}, answered epoch {other}")
