"""Block by block, the RPC node says exactly what the world says epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import demo_world

if TYPE_CHECKING:
    from tests.integration.sandbox.conftest import SandboxClient, Start


E = 432
CONFIG = {
    "commitment": "finalized",
    "encoding": "json",
    "transactionDetails": "none",
    "rewards": True,
    "maxSupportedTransactionVersion": 0,
}


def test_every_reward_of_an_epoch_is_found_by_walking_its_payout(demo: SandboxClient) -> None:
    facts = demo.facts(805)
    first, *rest = demo.rpc("getBlocksWithLimit", 806 * E, 60)
    boundary = demo.rpc("getBlock", first, CONFIG)
    assert boundary["parentSlot"] < 806 * E
    partitions = boundary["numRewardPartitions"]
    assert partitions > 3
    voting = {row["pubkey"]: row["lamports"] for row in boundary["rewards"] if row["rewardType"] == "Voting"}
    assert voting == facts.rewards.voting
    staking: dict[str, int] = {}
    for number, slot in enumerate(rest, start=1):
        block = demo.rpc("getBlock", slot, CONFIG)
        assert "numRewardPartitions" not in block
        assert block["blockHeight"] == boundary["blockHeight"] + number
        rows = [row for row in block["rewards"] if row["rewardType"] == "Staking"]
        assert bool(rows) == (number <= partitions)
        for row in rows:
            assert row["pubkey"] not in staking
            staking[row["pubkey"]] = row["lamports"]
    assert staking == facts.rewards.staking
    assert sum(voting.values()) + sum(staking.values()) + facts.rewards.dust == facts.epoch.rewards_total


def test_fees_block_by_block_are_the_epochs_fees(demo: SandboxClient) -> None:
    schedule = demo.rpc("getLeaderSchedule", 803 * E)
    produced = set(demo.rpc("getBlocks", 803 * E, 804 * E - 1))
    for validator in demo_world().epochs[3].validators[:3]:
        slots = [803 * E + index for index in schedule[validator.identity]]
        assert len(slots) == validator.leader_slots
        blocks = [slot for slot in slots if slot in produced]
        assert len(blocks) == validator.blocks_produced
        fees, balance = 0, None
        for slot in blocks:
            rows = [r for r in demo.rpc("getBlock", slot, CONFIG)["rewards"] if r["rewardType"] == "Fee"]
            assert [row["pubkey"] for row in rows] == [validator.identity]
            row = rows[0]
            assert set(row) == {"commission", "lamports", "postBalance", "pubkey", "rewardType"}
            if balance is not None:
                assert row["postBalance"] - balance - row["lamports"] <= 0, "an identity only spends"
            fees, balance = fees + row["lamports"], row["postBalance"]
        assert fees == validator.block_fees


def test_the_leader_schedule_by_identity(demo: SandboxClient) -> None:
    schedule = demo.rpc("getLeaderSchedule", 803 * E)
    validator = demo_world().epochs[3].validators[0]
    config = {"identity": validator.identity, "commitment": "finalized"}
    assert demo.rpc("getLeaderSchedule", 803 * E + 5, config) == {
        validator.identity: schedule[validator.identity]
    }
    assert all(i % 4 == 0 for i in schedule[validator.identity][::4])
    idle = next(v for v in demo_world().epochs[3].validators if v.leader_slots == 0)
    assert demo.rpc("getLeaderSchedule", 803 * E, {"identity": idle.identity}) == {}
    assert demo.rpc("getLeaderSchedule", 809 * E) is None


def test_old_schedules_and_unknown_fees_are_null(start: Start) -> None:
    world = demo_world()
    epoch = world.epochs[3]
    unknown = epoch.validators[0].model_copy(
        update={"block_fees": None, "leader_slots": None, "blocks_produced": None}
    )
    epochs = list(world.epochs)
    epochs[3] = epoch.model_copy(update={"validators": (unknown, *epoch.validators[1:])})
    sandbox = start(world.model_copy(update={"epochs": tuple(epochs)}), settings=Settings(schedule_epochs=7))
    assert sandbox.rpc("getLeaderSchedule", 803 * E, {"identity": unknown.identity}) is None
    other = epoch.validators[1].identity
    assert list(sandbox.rpc("getLeaderSchedule", 803 * E, {"identity": other})) == [other]
    assert sandbox.rpc("getLeaderSchedule", 802 * E) is None
    history = sandbox.get("solanabeach", f"/validator/{unknown.identity}/block-rewards-history").json()
    assert [row["epoch"] for row in history["history"]] == [807, 806, 805, 804, 802, 801, 800]


def test_skipped_future_and_cleaned_up_slots(demo: SandboxClient) -> None:
    produced = demo.rpc("getBlocks", 803 * E, 804 * E - 1)
    skipped = next(slot for slot in range(803 * E, 804 * E) if slot not in produced)
    for method in ("getBlock", "getBlockTime"):
        assert demo.rpc(method, skipped) == {
            "code": -32007,
            "message": f"Slot {skipped} was skipped, or missing due to ledger jump to recent snapshot",
        }
        assert demo.rpc(method, 900 * E) == {
            "code": -32004,
            "message": f"Block not available for slot {900 * E}",
        }
        error = demo.rpc(method, 5)
        first = demo.rpc("getFirstAvailableBlock")
        assert error == {
            "code": -32001,
            "message": f"Block 5 cleaned up, does not exist on node. First available block: {first}",
        }


def test_an_archive_words_skips_differently(start: Start) -> None:
    sandbox = start(settings=Settings(archive=True))
    produced = sandbox.rpc("getBlocks", 803 * E, 804 * E - 1)
    skipped = next(slot for slot in range(803 * E, 804 * E) if slot not in produced)
    assert sandbox.rpc("getBlock", skipped, CONFIG) == {
        "code": -32009,
        "message": f"Slot {skipped} was skipped, or missing in long-term storage",
    }


def test_full_details_need_a_transaction_version(demo: SandboxClient) -> None:
    slot = demo.rpc("getFirstAvailableBlock")
    assert demo.rpc("getBlock", slot)["code"] == -32015
    assert demo.rpc("getBlock", slot, {"maxSupportedTransactionVersion": 0})["transactions"] == []
    assert "rewards" not in demo.rpc("getBlock", slot, CONFIG | {"rewards": False})


def test_block_lists_and_their_limits(demo: SandboxClient) -> None:
    produced = demo.rpc("getBlocks", 803 * E, 805 * E - 1)
    assert produced == sorted(set(produced))
    assert demo.rpc("getBlocksWithLimit", 803 * E, len(produced)) == produced
    assert demo.rpc("getBlocks", 803 * E, {"commitment": "finalized"})[-1] == demo.rpc("getSlot")
    assert demo.rpc("getBlocks", 10, 9) == []
    assert demo.rpc("getBlocks", 0, 500_001)["code"] == -32602
    assert demo.rpc("getBlocksWithLimit", 0, 500_001)["code"] == -32602


def test_blocks_are_a_chain_in_time(demo: SandboxClient) -> None:
    slots = demo.rpc("getBlocksWithLimit", 804 * E - 20, 40)
    blocks = [demo.rpc("getBlock", slot, CONFIG) for slot in slots]
    for before, after, slot in zip(blocks, blocks[1:], slots, strict=False):
        assert after["parentSlot"] == slot
        assert after["previousBlockhash"] == before["blockhash"]
        assert after["blockTime"] >= before["blockTime"]
