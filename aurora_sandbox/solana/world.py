"""The world file: models of the documented JSON that the sandbox serves (docs/sandbox.md), read and written.

Amounts are lamports, rates basis points, unknown is null and never zero. An end-of-epoch bank snapshot is
read as a world of one epoch. What the figures imply is computed in `rewards.py`, `slots.py` and `chain.py`.
`docs/world.schema.json` is what `world_schema()` returns; a test keeps it current.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)
from pydantic.dataclasses import dataclass as checked_dataclass

from aurora_resources.errors import ConfigurationError
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
FORMAT: Final = "aurora-world/1"
_MAX_PROBLEMS: Final = 5


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(strict=True, extra="forbid"))
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


@dataclass(frozen=True, slots=True)
class LeaderShare:
    """An identity's epoch: slots assigned, blocks produced, and fees in lamports over those blocks."""

    identity: str
    leader_slots: int
    blocks_produced: int
    block_fees: int


def leader_shares(epoch: Epoch, slots_per_epoch: int) -> list[LeaderShare]:
    """What the world knows of each identity's blocks; merged where vote accounts share an identity.

    An identity with one unknown part is unknown. Leader slots that are left out follow the stake.
    """
    total_stake = sum(v.stake for v in epoch.validators)
    groups = slots_per_epoch // SLOTS_PER_LEADER
    unknown: set[str] = set()
    parts: dict[str, LeaderShare] = {}
    for validator in epoch.validators:
        if validator.block_fees is None:
            unknown.add(validator.node)
            continue
        assigned = validator.leader_slots
        if assigned is None:
            by_stake = validator.stake * groups // total_stake if total_stake else 0
            assigned = max(by_stake, 1 if validator.block_fees else 0) * SLOTS_PER_LEADER
        produced = assigned if validator.blocks_produced is None else validator.blocks_produced
        before = parts.get(validator.node, LeaderShare(validator.node, 0, 0, 0))
        parts[validator.node] = LeaderShare(
            validator.node,
            before.leader_slots + assigned,
            before.blocks_produced + produced,
            before.block_fees + validator.block_fees,
        )
    return [share for identity, share in parts.items() if identity not in unknown]


def groups_needed(shares: Iterable[LeaderShare]) -> int:
    """How many groups of four slots the shares take; a group has one leader."""
    return sum(-(-share.leader_slots // SLOTS_PER_LEADER) for share in shares)


def check_leaders(epoch: Epoch, slots_per_epoch: int) -> None:
    """Raises ValueError if the epoch's leader slots, given or following from stake, do not fit into it."""
    needed = groups_needed(leader_shares(epoch, slots_per_epoch))
    if needed > slots_per_epoch // SLOTS_PER_LEADER:
        raise ValueError(
            f"epoch {epoch.epoch}: leaders need {needed * SLOTS_PER_LEADER} slots in groups of "
            f"{SLOTS_PER_LEADER} and there are {slots_per_epoch}; give smaller leader_slots, or a larger "
            "slots_per_epoch"
        )


class SnapshotValidator(BaseModel):
    """One row of an end-of-epoch snapshot; `mev_commission` in basis points, `commission` in percent."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    vote_account: Pubkey
    commission: int = Field(ge=0, le=100)
    mev_commission: Bps | None = None
    stake: Lamports
    credits: Count


class EndOfEpochSnapshot(BaseModel):
    """A bank snapshot taken at the last slot of an epoch, as the Solana snapshot parser writes it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")

    epoch: int = Field(ge=1, le=2**32)
    slot: Count
    capitalization: Lamports
    validator_rate: Decimal
    epoch_duration_in_years: Decimal
    validator_rewards: Lamports
    validator_metas: tuple[SnapshotValidator, ...] = Field(min_length=1)


_FILE: Final = TypeAdapter[World | EndOfEpochSnapshot](World | EndOfEpochSnapshot)


def load_world(path: Path) -> World:
    """The world in `path`, a world file or an end-of-epoch snapshot.

    Raises ConfigurationError naming the file and each fault's place.
    """
    try:
        text = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"world file {path}: {error.strerror}; give a readable JSON file") from error
    return parse_world(text, name=str(path))


def parse_world(text: bytes | str, *, name: str = "world") -> World:
    """The world in JSON `text`; `name` is what errors call it. Raises ConfigurationError."""
    data = text.encode() if isinstance(text, str) else text
    model = EndOfEpochSnapshot if b'"validator_metas"' in data else World
    try:
        parsed = model.model_validate_json(data)
    except ValidationError as error:
        raise ConfigurationError(f"{name}: {_problems(error)}; see docs/sandbox.md for the format") from error
    if isinstance(parsed, EndOfEpochSnapshot):
        return world_of_snapshot(parsed)
    try:
        for epoch in parsed.epochs:
            check_leaders(epoch, parsed.slots_per_epoch)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from error
    return parsed


def world_of_snapshot(snapshot: EndOfEpochSnapshot) -> World:
    """The snapshot as a world of one epoch: stake, credits and rates known; tips and block fees unknown.

    Slots per epoch follow from the snapshot's slot, which is the last one of its epoch.
    """
    validators = tuple(
        Validator(
            vote_account=meta.vote_account,
            stake=meta.stake,
            credits=meta.credits,
            commission=meta.commission,
            mev_commission_bps=meta.mev_commission,
        )
        for meta in snapshot.validator_metas
    )
    slots, rest = divmod(snapshot.slot + 1, snapshot.epoch + 1)
    if rest:
        raise ConfigurationError(
            f"snapshot of epoch {snapshot.epoch}: slot {snapshot.slot} is not the last slot of the epoch"
        )
    epoch = Epoch(
        epoch=snapshot.epoch,
        capitalization=snapshot.capitalization,
        validator_rate=snapshot.validator_rate,
        epoch_duration_in_years=snapshot.epoch_duration_in_years,
        validator_rewards=snapshot.validator_rewards,
        validators=validators,
    )
    return World(
        format=FORMAT,
        slots_per_epoch=slots,
        current_epoch=snapshot.epoch + 3,
        epochs=(epoch,),
    )


def dump_world(world: World) -> str:
    """The world as JSON text that `parse_world` reads back as the same world."""
    return world.model_dump_json(exclude_defaults=True, indent=1) + "\n"


def world_schema() -> dict[str, Any]:
    """The JSON schema of a world file, both formats."""
    schema = _FILE.json_schema()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Aurora sandbox world",
        **schema,
    }


def _problems(error: ValidationError) -> str:
    found = [
        f"{'.'.join(map(str, fault['loc'])) or 'file'}: {fault['msg'].removeprefix('Value error, ')}"
        for fault in error.errors(include_url=False)
    ]
    more = f" (and {len(found) - _MAX_PROBLEMS} more)" if len(found) > _MAX_PROBLEMS else ""
    return "; ".join(found[:_MAX_PROBLEMS]) + more
