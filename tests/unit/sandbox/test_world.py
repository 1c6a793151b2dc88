"""World files: what is read, what is refused, and that the published schema is the models'."""

import json
from pathlib import Path
from typing import Any

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.solana.chain import Chain, Settings
from aurora_sandbox.solana.generate import demo_world
from aurora_sandbox.solana.pubkeys import derive_pubkey
from aurora_sandbox.solana.world import StakeAccount, dump_world, load_world, parse_world, world_schema

Json = Any

SCHEMA = Path(__file__).parents[3] / "docs" / "world.schema.json"
VOTE, WALLET = (derive_pubkey("test", word) for word in ("vote", "wallet"))


def validator(**changes: Json) -> dict[str, Any]:
    return {"vote_account": VOTE, "stake": 1_000, "credits": 10, "commission": 5} | changes


def account(number: int, stake: int, activation: int = 1, deactivation: int | None = None) -> dict[str, Any]:
    return {
        "stake_account": derive_pubkey("test", "stake", number),
        "staker": WALLET,
        "withdrawer": WALLET,
        "stake": stake,
        "activation_epoch": activation,
        "deactivation_epoch": deactivation,
    }


def world(*validators: dict[str, Any], **changes: Json) -> str:
    epoch = {
        "epoch": 800,
        "capitalization": 10**18,
        "validator_rate": 0.045,
        "epoch_duration_in_years": 0.0055,
        "validators": list(validators) or [validator()],
    }
    top = {"format": "aurora-world/1", "epochs": [epoch | changes.pop("epoch", {})]}
    return json.dumps(top | changes)


def test_what_may_be_left_out_is_filled_in() -> None:
    read = parse_world(world())
    assert (read.slots_per_epoch, read.present_epoch) == (432_000, 803)
    one = read.epochs[0].validators[0]
    assert one.node == parse_world(world()).epochs[0].validators[0].node
    assert (one.rate_bps, one.tips, one.block_fees) == (500, None, None)
    assert read.epochs[0].rewards_total == 10**18 * 45 * 55 // 10**7


def test_the_rest_of_the_stake_is_one_synthetic_account() -> None:
    read = parse_world(world(validator(stake_accounts=[account(1, 300), account(2, 50, activation=800)])))
    given_, activating, synthetic = read.epochs[0].validators[0].accounts_in(800)
    assert (given_.stake, activating.stake, synthetic.stake) == (300, 50, 700)
    assert synthetic.is_active(800)
    assert not activating.is_active(800)


@pytest.mark.parametrize(
    ("activation", "deactivation", "active"),
    [
        (799, None, True),
        (800, None, False),
        (801, None, False),
        (799, 800, True),
        (799, 799, False),
        (799, 801, True),
        (800, 800, False),
        (700, 750, False),
    ],
)
def test_a_stake_counts_after_activation_and_until_deactivation(
    activation: int, deactivation: int | None, *, active: bool
) -> None:
    one = StakeAccount(VOTE, WALLET, WALLET, 5, activation, deactivation)
    assert one.is_active(800) is active


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (world(validator(stake_accounts=[account(1, 600), account(2, 401)])), [VOTE, "1001", "1000"]),
        (world(validator(commission_bps=500)), [VOTE, "either commission"]),
        (world(validator(commission=None)), [VOTE, "either commission"]),
        (world(validator(commission=101)), ["epochs.0.validators.0.commission"]),
        (world(validator(tips=5)), [VOTE, "mev_commission_bps"]),
        (world(validator(leader_slots=4)), [VOTE, "block_fees"]),
        (world(validator(block_fees=5, leader_slots=4, blocks_produced=0)), ["without a produced block"]),
        (world(validator(block_fees=5, leader_slots=4, blocks_produced=5)), ["5 blocks_produced"]),
        (world(validator(stake=1.5)), ["epochs.0.validators.0.stake"]),
        (world(validator(stake="1000")), ["epochs.0.validators.0.stake"]),
        (world(validator(stake=-1)), ["epochs.0.validators.0.stake"]),
        (world(validator(vote_account="0OIl")), ["not base58"]),
        (world(validator(vote_account="1111")), ["4 bytes instead of 32"]),
        (world(validator(colour="red")), ["epochs.0.validators.0.colour"]),
        (world(validator(), validator()), [VOTE, "twice"]),
        (world(validator(stake_accounts=[account(1, 1), account(1, 1)])), ["listed twice"]),
        (world(current_epoch=799), ["current_epoch 799", "800"]),
        (world(format="aurora-world/2"), ["format"]),
        (
            world(validator(block_fees=1, leader_slots=40), slots_per_epoch=32),
            ["epoch 800", "need 40 slots", "32"],
        ),
        (world(epoch={"validators": []}), ["epochs.0.validators"]),
        (world(epoch={"starts_at": "2026-01-02T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z"}), ["ends_at"]),
        ("{", ["Invalid JSON"]),
        ("[]", ["object"]),
    ],
)
def test_what_is_wrong_is_named(text: str, words: list[str]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse_world(text, name="my.json")
    assert all(word in str(caught.value) for word in ["my.json", *words])


def test_leaders_that_follow_from_stake_must_fit_too() -> None:
    many = [validator(vote_account=derive_pubkey("test", "vote", i), block_fees=1) for i in range(9)]
    assert parse_world(world(*many[:8], slots_per_epoch=32))
    with pytest.raises(ConfigurationError, match="need 36 slots"):
        parse_world(world(*many, slots_per_epoch=32))


def test_epochs_are_consecutive() -> None:
    one = json.loads(world())
    one["epochs"].append(one["epochs"][0] | {"epoch": 802})
    with pytest.raises(ConfigurationError, match="consecutive"):
        parse_world(json.dumps(one))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json"):
        load_world(tmp_path / "nowhere.json")


def test_a_written_world_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "world.json"
    path.write_text(dump_world(demo_world()))
    assert load_world(path) == demo_world()


def test_amounts_beyond_floating_point_stay_exact() -> None:
    big = 2**63 + 1
    read = parse_world(world(validator(stake=big), epoch={"validator_rewards": 2**53 + 1}))
    assert read.epochs[0].validators[0].stake == big
    assert read.epochs[0].rewards_total == 2**53 + 1


def test_an_end_of_epoch_snapshot_is_a_world() -> None:
    snapshot = {
        "epoch": 9,
        "slot": 10 * 432 - 1,
        "capitalization": 10**18,
        "epoch_duration_in_years": 0.0055,
        "validator_rate": 0.045,
        "validator_rewards": 1_000,
        "validator_metas": [
            {"vote_account": VOTE, "commission": 5, "mev_commission": None, "stake": 7, "credits": 3}
        ],
    }
    read = parse_world(json.dumps(snapshot))
    assert (read.slots_per_epoch, read.present_epoch, read.epochs[0].epoch) == (432, 12, 9)
    assert read.epochs[0].validators[0].stake == 7
    with pytest.raises(ConfigurationError, match="last slot"):
        parse_world(json.dumps(snapshot | {"slot": 4_000}))


def test_times_are_given_or_two_days_apart() -> None:
    times = {"starts_at": "2026-01-01T00:00:00Z", "ends_at": "2026-01-02T20:00:00Z"}
    chain = Chain(parse_world(world(epoch=times, slots_per_epoch=432)), Settings())
    start, end = chain.block_time(800 * 432), chain.block_time(801 * 432)
    assert (start, end - start) == (1_767_225_600, 44 * 3_600)
    assert chain.block_time(802 * 432) - end == 2 * 86_400


def test_the_published_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text()) == world_schema(), "docs/world.schema.json: run `make docs`"
