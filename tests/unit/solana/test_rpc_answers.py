"""A node's answers, recorded and made up: exact integers, open sets, errors that name place and field."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aurora_resources.errors import PayloadError
from aurora_resources.providers.solana import rpc
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.records import ProviderResponse

Answer = Callable[..., ProviderResponse]
Recorded = Callable[[str], bytes]
RPC = SolanaRpc("rpc")


def pairs(raw: bytes) -> list[bytes]:
    """The responses of a file of recorded request and response pairs."""
    return [json.dumps(pair["response"]).encode() for pair in json.loads(raw)]


def test_epoch_info_and_schedule_as_recorded(recorded: Recorded, answer: Answer) -> None:
    first, _ = pairs(recorded("rpc_getEpochInfo_RECORDED.json"))
    info = rpc.epoch_info(answer("getEpochInfo", first))
    assert (info.epoch, info.absolute_slot, info.slots_in_epoch) == (200, 86_715_160, 432_000)
    assert info.absolute_slot - info.slot_index == 200 * 432_000 + 0
    (schedule,) = pairs(recorded("rpc_getEpochSchedule_RECORDED.json"))
    assert rpc.epoch_schedule(answer("getEpochSchedule", schedule)).first_slot(797) == 344_304_000


def test_a_cluster_that_warms_up_has_short_epochs_first(result: Answer) -> None:
    said = {
        "firstNormalEpoch": 14,
        "firstNormalSlot": 524_256,
        "leaderScheduleSlotOffset": 432_000,
        "slotsPerEpoch": 432_000,
        "warmup": True,
    }
    schedule = rpc.epoch_schedule(result("getEpochSchedule", said))
    assert [schedule.first_slot(epoch) for epoch in (0, 1, 2, 13, 14, 15)] == [
        0, 32, 96, 262_112, 524_256, 956_256,
    ]  # fmt: skip


def test_produced_slots_as_recorded(recorded: Recorded, answer: Answer) -> None:
    first, second = pairs(recorded("rpc_getBlocks_RECORDED.json"))
    assert rpc.slots(answer("getBlocks", first))[:2] == (86_686_567, 86_686_572)
    assert rpc.slots(answer("getBlocks", first)) == rpc.slots(answer("getBlocks", second))
    limited = pairs(recorded("rpc_getBlocksWithLimit_RECORDED.json"))[0]
    assert len(rpc.slots(answer("getBlocksWithLimit", limited))) == 15


def test_block_times_as_recorded(recorded: Recorded, answer: Answer) -> None:
    skipped, _, known, unknown = pairs(recorded("rpc_getBlockTime_incl_errors_RECORDED.json"))
    assert rpc.block_time(answer("getBlockTime", known)) == datetime.fromtimestamp(1_633_531_934, UTC)
    assert rpc.block_time(answer("getBlockTime", unknown)) is None
    with pytest.raises(PayloadError, match="no `result`"):
        rpc.block_time(answer("getBlockTime", skipped))


@pytest.mark.parametrize(
    "name",
    [
        "rpc_getVoteAccounts_RECORDED_trim.json",
        "rpc_getVoteAccounts_docs_epoch906.json",
        "rpc_getVoteAccounts_mainnet_epoch649.json",
    ],
)
def test_vote_accounts_as_recorded(recorded: Recorded, answer: Answer, name: str) -> None:
    found = rpc.vote_accounts(answer("getVoteAccounts", recorded(name)))
    assert found
    assert all(account.vote_pubkey != account.node_pubkey for account in found)


def test_stake_beyond_the_exact_range_of_floats(recorded: Recorded, answer: Answer) -> None:
    raw = recorded("rpc_getVoteAccounts_docs_epoch906.json")
    (account,) = rpc.vote_accounts(answer("getVoteAccounts", raw))
    assert account.activated_stake == 38_263_229_364_446_900 > 2**53
    odd = raw.replace(b"38263229364446900", b"38263229364446901")
    assert rpc.vote_accounts(answer("getVoteAccounts", odd))[0].activated_stake % 10 == 1


def test_delinquent_validators_count(recorded: Recorded, answer: Answer) -> None:
    raw = recorded("rpc_getVoteAccounts_RECORDED_trim.json")
    said = json.loads(raw)["result"]
    found = rpc.vote_accounts(answer("getVoteAccounts", raw))
    assert len(found) == len(said["current"]) + len(said["delinquent"])


def test_boundary_block_of_epoch_348(recorded: Recorded, answer: Answer) -> None:
    raw = recorded("rpc_getBlock_epoch_boundary_rewards_epoch348.json")
    block = rpc.block_rewards(answer("getBlock", raw))
    assert block.parent_slot == 349 * 432_000 - 1 == 150_767_999
    assert block.num_reward_partitions is None
    assert [row.lamports for row in block.rewards if row.is_a(rpc.VOTING)] == [
        3_487_422_885, 4_712_244_581, 3_479_901_295, 3_420_267_693,
    ]  # fmt: skip
    assert block.total(rpc.VOTING) == 15_099_836_454


def test_rent_rows_may_be_negative_and_are_no_fees(recorded: Recorded, answer: Answer) -> None:
    block = rpc.block_rewards(answer("getBlock", recorded("rpc_getBlock_rewards_RECORDED_2022.json")))
    assert min(row.lamports for row in block.rewards) == -125
    assert block.total(rpc.FEE) == 72_500


def test_ordinary_blocks_as_recorded(recorded: Recorded, answer: Answer) -> None:
    first, *others = pairs(recorded("rpc_getBlock_RECORDED.json"))
    block = rpc.block_rewards(answer("getBlock", first))
    assert (block.parent_slot, block.total(rpc.FEE)) == (32, 5_000)
    header = rpc.block_header(answer("getBlock", first))
    assert (header.block_height, header.parent_slot) == (33, 32)
    for other in others:
        said = json.loads(other).get("result")
        if said is not None and "rewards" in said:
            assert rpc.block_rewards(answer("getBlock", other)).parent_slot == said["parentSlot"]
        else:
            with pytest.raises(PayloadError):
                rpc.block_rewards(answer("getBlock", other))


@pytest.mark.parametrize(
    "name", ["rpc_rewards_commissionBps_agave4.json", "rpc_rewards_VATDebit_future.json"]
)
def test_reward_rows_of_every_node_version(recorded: Recorded, result: Answer, name: str) -> None:
    rows = json.loads(recorded(name))
    block = rpc.block_rewards(result("getBlock", {"parentSlot": 1, "rewards": rows}))
    assert [row.lamports for row in block.rewards] == [row["lamports"] for row in rows]
    assert sum(row.is_a(rpc.VOTING) for row in block.rewards) == 1
    assert [row.reward_type for row in block.rewards] == [row["rewardType"] for row in rows]


@pytest.mark.parametrize(
    "commission", [{}, {"commission": 5}, {"commission": None, "commissionBps": 550}, {"commission": None}]
)
def test_no_shape_of_the_commission_matters(result: Answer, commission: dict[str, object]) -> None:
    row = {"pubkey": "v", "lamports": 7, "postBalance": 9, "rewardType": "voting", **commission}
    block = rpc.block_rewards(result("getBlock", {"parentSlot": 1, "rewards": [row]}))
    assert block.total(rpc.VOTING) == 7
    reward = {"epoch": 5, "effectiveSlot": 1, "amount": 7, "postBalance": 9, **commission}
    asked = RPC.inflation_rewards(["v"], 5)
    assert rpc.inflation_rewards(result(asked, [reward]), 5) == {"v": 7}


def test_inflation_rewards_go_by_position_and_null_is_zero(recorded: Recorded, answer: Answer) -> None:
    asked = RPC.inflation_rewards(["stake", "other"], 879)
    raw = recorded("rpc_getInflationReward_epoch879_stake.json")
    assert rpc.inflation_rewards(answer(asked, raw), 879) == {"stake": 491_371, "other": 0}
    with pytest.raises(PayloadError, match="asked for epoch 880, answered epoch 879"):
        rpc.inflation_rewards(answer(asked, raw), 880)


def test_inflation_rewards_with_nulls_as_recorded(recorded: Recorded, answer: Answer) -> None:
    raw = json.loads(recorded("rpc_getInflationReward_null_RECORDED.json"))
    for pair in raw:
        if "result" not in pair["response"]:
            continue
        addresses = pair["request"]["params"][0]
        epoch = next((row["epoch"] for row in pair["response"]["result"] if row), 0)
        asked = RPC.inflation_rewards(addresses, epoch)
        found = rpc.inflation_rewards(answer(asked, pair["response"]), epoch)
        assert list(found) == addresses
        assert found[addresses[0]] == 0


def test_rows_that_do_not_match_the_addresses_are_refused(result: Answer) -> None:
    with pytest.raises(PayloadError, match="1 rows do not match"):
        rpc.inflation_rewards(result(RPC.inflation_rewards(["a", "b"], 5), [None]), 5)


def test_a_schedule_that_is_not_kept_is_not_an_empty_one(result: Answer) -> None:
    asked = RPC.leader_schedule(432, "i")
    assert rpc.leader_schedule(result(asked, None)) is None
    assert rpc.leader_schedule(result(asked, {})) == {}
    assert rpc.leader_schedule(result(asked, {"i": [0, 1, 2, 3]})) == {"i": (0, 1, 2, 3)}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>busy</html>", "malformed"),
        (b'{"result": {"epoch": "200"}}', r"\$\.result\.epoch"),
        (b'{"result": {"epoch": 200.0}}', r"got `float` - at `\$\.result\.epoch`"),
        (b'{"result": {"epoch": -1}}', r"\$\.result\.epoch"),
        (b'{"result": {"epoch": 1}}', "absoluteSlot"),
        (b"[]", "Expected `object`"),
        (b"", "truncated"),
    ],
)
def test_another_shape_names_provider_endpoint_and_field(answer: Answer, body: bytes, problem: str) -> None:
    with pytest.raises(PayloadError, match=problem) as raised:
        rpc.epoch_info(answer("getEpochInfo", body))
    assert str(raised.value).startswith("rpc getEpochInfo: ")
