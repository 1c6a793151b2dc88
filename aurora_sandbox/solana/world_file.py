"""Reading and writing world files, among them end-of-epoch bank snapshots, and their JSON schema.

`docs/world.schema.json` is what `world_schema()` returns; a test keeps it current.
"""

from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.solana.slots import check_leaders
from aurora_sandbox.solana.world import Bps, Count, Epoch, Lamports, Pubkey, Validator, World

FORMAT: Final = "aurora-world/1"
_MAX_PROBLEMS: Final = 5


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
