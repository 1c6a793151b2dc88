"""The world file: pydantic models of the documented JSON that the sandbox serves (docs/sandbox.md).

Amounts are lamports, rates basis points, unknown is null and never zero. Reading a file, and the
end-of-epoch snapshot format, are in `world_file.py`; what the figures imply (rewards, slots, blocks) is
worked out in `rewards.py`, `slots.py` and `chain.py`.
"""

from collections import Counter
from decimal import Decimal
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic.dataclasses import dataclass

from aurora_sandbox.solana.pubkeys import check_pubkey, derive_pubkey
from aurora_sandbox.solana.rewards import inflation_total

U64_MAX = 2**64 - 1
SLOTS_PER_LEADER = 4

Lamports = Annotated[int, Field(ge=0, le=U64_MAX, description="lamports")]
Bps = Annotated[int, Field(ge=0, le=10_000, description="basis points")]
Count = Annotated[int, Field(ge=0, le=U64_MAX)]
Pubkey = Annotated[
    str,
    AfterValidator(check_pubkey),
    Field(description="base58 of 32 bytes", json_schema_extra={"pattern": "^[1-9A-HJ-NP-Za-km-z]{32,44}$"}),
]
_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, extra="forbid"))
class StakeAccount:
    """A stake account as it stands in the epoch that lists it; `stake` is delegated, without rent."""

    stake_account: Pubkey
    staker: Pubkey
    withdrawer: Pubkey
    stake: Lamports
    activation_epoch: Annotated[int, Field(ge=0, le=U64_MAX, description="earns from the epoch after it")]
    deactivation_epoch: Annotated[
        int | None, Field(ge=0, le=U64_MAX, description="last epoch it earns in; null while delegated")
    ] = None

    def is_active(self, epoch: int) -> bool:
        """Whether the stake counts in `epoch`: activation < epoch <= deactivation."""
        end = self.deactivation_epoch
        return self.activation_epoch < epoch and (end is None or epoch <= end)


class Validator(BaseModel):
    """One validator in one epoch."""

    model_config = _STRICT

    vote_account: Pubkey
    identity: Pubkey | None = Field(
        default=None, description="node key; derived from the vote account if left out"
    )
    name: str | None = None
    stake: Lamports = Field(description="active stake of the epoch")
    credits: Count = Field(description="vote credits earned in the epoch")
    commission: int | None = Field(default=None, ge=0, le=100, description="percent; or give commission_bps")
    commission_bps: Bps | None = Field(default=None, description="or give commission in percent")
    mev_commission_bps: Bps | None = Field(default=None, description="null: does not run Jito")
    tips: Lamports | None = Field(
        default=None, description="all tips of the epoch; null: unknown, no Jito row"
    )
    priority_fees_shared: Lamports | None = Field(
        default=None, description="sent to stakers through Jito; null: unknown"
    )
    block_fees: Lamports | None = Field(
        default=None, description="sum of Fee rows; null: unknown, no leader schedule either"
    )
    leader_slots: Count | None = Field(default=None, description="assigned slots; by stake if left out")
    blocks_produced: Count | None = Field(default=None, description="all leader slots if left out")
    delinquent: bool = False
    stake_accounts: tuple[StakeAccount, ...] = Field(
        default=(), description="what they leave of `stake` is served as one synthetic account"
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        who = f"validator {self.vote_account}"
        if (self.commission is None) == (self.commission_bps is None):
            raise ValueError(f"{who}: give either commission (percent) or commission_bps")
        if self.tips is not None and self.mev_commission_bps is None:
            raise ValueError(f"{who}: tips are known, so mev_commission_bps is needed to split them")
        if self.block_fees is None and (self.leader_slots, self.blocks_produced) != (None, None):
            raise ValueError(
                f"{who}: leader_slots and blocks_produced need block_fees (0 if there were none)"
            )
        if self.blocks_produced is not None and self.leader_slots is None:
            raise ValueError(f"{who}: blocks_produced needs leader_slots")
        if self.leader_slots is not None:
            produced = self.leader_slots if self.blocks_produced is None else self.blocks_produced
            if produced > self.leader_slots:
                raise ValueError(f"{who}: {produced} blocks_produced in {self.leader_slots} leader_slots")
            if self.block_fees and produced == 0:
                raise ValueError(f"{who}: block_fees {self.block_fees} without a produced block")
        return self

    @property
    def rate_bps(self) -> int:
        """Inflation commission in basis points, whichever way it was given."""
        if self.commission_bps is not None:
            return self.commission_bps
        assert self.commission is not None, "one of the two is given"  # noqa: S101 - validated above
        return self.commission * 100

    @cached_property
    def node(self) -> str:
        """The identity key, given or derived."""
        return self.identity or derive_pubkey("aurora-world", "identity", self.vote_account)

    def accounts_in(self, epoch: int) -> tuple[StakeAccount, ...]:
        """All stake accounts of `epoch`, active or not, with the synthetic one for the rest of `stake`."""
        rest = self.stake - sum(a.stake for a in self.stake_accounts if a.is_active(epoch))
        if rest <= 0:
            return self.stake_accounts
        synthetic = StakeAccount(
            stake_account=derive_pubkey("aurora-world", "stake", self.vote_account),
            staker=derive_pubkey("aurora-world", "staker", self.vote_account),
            withdrawer=derive_pubkey("aurora-world", "withdrawer", self.vote_account),
            stake=rest,
            activation_epoch=0,
        )
        return (*self.stake_accounts, synthetic)


class Epoch(BaseModel):
    """One epoch and everyone in it."""

    model_config = _STRICT

    epoch: int = Field(ge=1, le=2**32)
    capitalization: Lamports = Field(description="total supply")
    validator_rate: Decimal = Field(
        ge=0, le=1, description="yearly inflation to validators, for example 0.045"
    )
    epoch_duration_in_years: Decimal = Field(gt=0, le=1)
    validator_rewards: Lamports | None = Field(
        default=None,
        description="floor(capitalization x validator_rate x epoch_duration_in_years) if left out",
    )
    starts_at: AwareDatetime | None = None
    ends_at: AwareDatetime | None = None
    validators: tuple[Validator, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        where = f"epoch {self.epoch}"
        votes = Counter(v.vote_account for v in self.validators)
        if twice := [vote for vote, times in votes.items() if times > 1]:
            raise ValueError(f"{where}: vote account {twice[0]} is listed twice")
        if self.starts_at and self.ends_at and self.ends_at <= self.starts_at:
            raise ValueError(f"{where}: ends_at is not after starts_at")
        seen: set[str] = set()
        for validator in self.validators:
            active = sum(a.stake for a in validator.stake_accounts if a.is_active(self.epoch))
            if active > validator.stake:
                raise ValueError(
                    f"{where}: validator {validator.vote_account}: active stake accounts hold {active} "
                    f"lamports, more than its stake {validator.stake}"
                )
            for account in validator.stake_accounts:
                if account.stake_account in seen:
                    raise ValueError(f"{where}: stake account {account.stake_account} is listed twice")
                seen.add(account.stake_account)
        return self

    @property
    def rewards_total(self) -> int:
        """Inflation to be shared in this epoch, in lamports."""
        if self.validator_rewards is not None:
            return self.validator_rewards
        return inflation_total(self.capitalization, self.validator_rate, self.epoch_duration_in_years)

    @cached_property
    def by_vote(self) -> dict[str, Validator]:
        """The epoch's validators by vote account."""
        return {validator.vote_account: validator for validator in self.validators}


class World(BaseModel):
    """A network as the sandbox serves it. Epochs after `current_epoch` exist but are not served yet."""

    model_config = _STRICT

    format: Literal["aurora-world/1"]
    chain_id: str = Field(default="solana-mainnet", min_length=1)
    slots_per_epoch: int = Field(default=432_000, ge=32, le=8_640_000)
    current_epoch: int | None = Field(
        default=None, ge=1, le=2**32, description="last epoch + 3 if left out: all are final"
    )
    epochs: tuple[Epoch, ...] = Field(min_length=1, description="consecutive, ascending")

    @model_validator(mode="after")
    def _check(self) -> Self:
        numbers = [epoch.epoch for epoch in self.epochs]
        if numbers != list(range(numbers[0], numbers[0] + len(numbers))):
            raise ValueError(f"epochs must be consecutive and ascending, not {numbers}")
        if self.present_epoch < numbers[0]:
            raise ValueError(f"current_epoch {self.current_epoch} is before the first epoch {numbers[0]}")
        return self

    @property
    def present_epoch(self) -> int:
        """The epoch the chain is in."""
        return self.epochs[-1].epoch + 3 if self.current_epoch is None else self.current_epoch
