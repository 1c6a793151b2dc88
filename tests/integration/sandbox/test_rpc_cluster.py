"""Epochs, vote accounts, rewards and stake accounts over JSON-RPC."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import httpx

from aurora_resources.addresses import decode_base58
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import demo_world
from aurora_sandbox.solana.pubkeys import STAKE_PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.sandbox.conftest import Json, SandboxClient, Start


E = 432
U64_MAX = 2**64 - 1


def test_epoch_info_and_schedule(demo: SandboxClient) -> None:
    info = demo.rpc("getEpochInfo", {"commitment": "finalized"})
    assert (info["epoch"], info["slotsInEpoch"]) == (810, E)
    assert info["absoluteSlot"] - info["slotIndex"] == 810 * E
    assert demo.rpc("getSlot") == info["absoluteSlot"]
    assert demo.rpc("getEpochSchedule") == {
        "firstNormalEpoch": 0,
        "firstNormalSlot": 0,
        "leaderScheduleSlotOffset": E,
        "slotsPerEpoch": E,
        "warmup": False,
    }


def test_vote_accounts_are_as_they_stand_now(demo: SandboxClient) -> None:
    accounts = demo.rpc("getVoteAccounts", {"commitment": "finalized"})
    assert (len(accounts["current"]), len(accounts["delinquent"])) == (23, 1)
    facts = demo.chain.latest
    for row in accounts["current"]:
        validator = facts.epoch.by_vote[row["votePubkey"]]
        assert row["nodePubkey"] == validator.identity
        assert row["inflationRewardsCommissionBps"] == validator.rate_bps
        assert row["commission"] == validator.rate_bps // 100
        assert [epoch for epoch, *_ in row["epochCredits"]] == [803, 804, 805, 806, 807]
        assert row["epochCredits"][-1][1] - row["epochCredits"][-1][2] == validator.credits
        assert row["activatedStake"] == sum(
            a.stake + facts.rewards.staking.get(a.stake_account, 0)
            for a in validator.stake_accounts
            if a.is_active(810)
        )
    one = demo.rpc("getVoteAccounts", {"votePubkey": accounts["current"][0]["votePubkey"]})
    assert one == {"current": [accounts["current"][0]], "delinquent": []}


def test_rewards_of_every_account_of_an_epoch(demo: SandboxClient) -> None:
    facts = demo.facts(805)
    paid = facts.rewards.voting | facts.rewards.staking
    for start in range(0, len(paid), 32):
        keys = list(paid)[start : start + 32]
        rows = demo.rpc("getInflationReward", keys, {"epoch": 805, "commitment": "finalized"})
        assert [row["amount"] for row in rows] == [paid[key] for key in keys]
        assert {row["epoch"] for row in rows} == {805}
        assert all(row["effectiveSlot"] >= 806 * E for row in rows)


def test_no_commission_and_full_commission_have_no_row(demo: SandboxClient) -> None:
    epoch = demo.facts(805).epoch
    free = next(v for v in epoch.validators if v.rate_bps == 0 and v.stake)
    greedy = next(v for v in epoch.validators if v.rate_bps == 10_000 and v.stake)
    staker_of_free = next(a for a in free.stake_accounts if a.is_active(805))
    staker_of_greedy = next(a for a in greedy.stake_accounts if a.is_active(805))
    keys = [
        free.vote_account,
        greedy.vote_account,
        staker_of_free.stake_account,
        staker_of_greedy.stake_account,
    ]
    rows = demo.rpc("getInflationReward", keys, {"epoch": 805})
    assert [row is None for row in rows] == [True, False, False, True]


def test_the_epoch_is_the_one_before_the_current_if_left_out(start: Start) -> None:
    sandbox = start(demo_world().model_copy(update={"current_epoch": 806}))
    vote = demo_world().epochs[0].validators[0].vote_account
    assert sandbox.rpc("getInflationReward", [vote])[0]["epoch"] == 805


def test_before_the_boundary_the_block_is_not_available(start: Start) -> None:
    sandbox = start(demo_world().model_copy(update={"current_epoch": 806}))
    vote = demo_world().epochs[0].validators[0].vote_account
    assert sandbox.rpc("getInflationReward", [vote], {"epoch": 806}) == {
        "code": -32004,
        "message": f"Block not available for slot {807 * E}",
    }


def test_while_the_payout_is_under_way(start: Start) -> None:
    world = demo_world().model_copy(update={"current_epoch": 806})
    sandbox = start(world, settings=Settings(rewards_per_block=16, slot_in_epoch=4))
    rewards = sandbox.facts(805).rewards
    voter = sandbox.rpc("getInflationReward", [next(iter(rewards.voting))], {"epoch": 805})
    assert voter[0]["amount"] == next(iter(rewards.voting.values()))
    late = sandbox.chain.partitions(805)[-1][0]
    error = sandbox.rpc("getInflationReward", [late], {"epoch": 805})
    info = sandbox.rpc("getEpochInfo")
    assert (error["code"], error["data"]["slot"]) == (-32017, info["absoluteSlot"])
    assert error["data"]["currentBlockHeight"] == info["blockHeight"]
    assert error["data"]["rewardsCompleteBlockHeight"] > info["blockHeight"]


def test_what_was_paid_in_unknown_epochs_is_an_error_not_a_null(demo: SandboxClient) -> None:
    vote = demo_world().epochs[0].validators[0].vote_account
    gap = demo.rpc("getInflationReward", [vote], {"epoch": 809})
    assert (gap["code"], gap["data"]["slot"]) == (-32018, 810 * E + E // 4)
    assert demo.rpc("getInflationReward", [vote], {"epoch": 700})["code"] == -32001


def test_bad_addresses_and_too_many(demo: SandboxClient) -> None:
    vote = demo_world().epochs[0].validators[0].vote_account
    assert demo.rpc("getInflationReward", [vote] * 33)["code"] == -32602
    assert demo.rpc("getInflationReward", ["0OIl"]) == {"code": -32602, "message": "Invalid param: Invalid"}
    assert demo.rpc("getInflationReward", ["1111"])["message"] == "Invalid param: WrongSize"
    assert demo.rpc("getInflationReward", vote)["code"] == -32602


def test_three_generations_of_commission_fields(start: Start) -> None:
    world = demo_world()
    vote = next(v.vote_account for v in world.epochs[0].validators if v.rate_bps == 725 and v.stake)
    rows, accounts = {}, {}
    for flavour in ("percent", "bps", "none"):
        sandbox = start(world, settings=Settings(commission_fields=flavour))
        row = sandbox.rpc("getInflationReward", [vote], {"epoch": 805})[0]
        rows[flavour] = {key: value for key, value in row.items() if key.startswith("commission")}
        account = sandbox.rpc("getVoteAccounts", {"votePubkey": vote})["current"][0]
        accounts[flavour] = {key for key in account if "ommission" in key}
    assert rows == {
        "percent": {"commission": 7},
        "bps": {"commission": None, "commissionBps": 725},
        "none": {"commission": None, "commissionBps": None},
    }
    assert accounts == {
        "percent": {"commission"},
        "bps": {"commission", "inflationRewardsCommissionBps"},
        "none": {"inflationRewardsCommissionBps"},
    }


def test_stake_accounts_of_a_validator_as_json_and_as_bytes(demo: SandboxClient) -> None:
    facts = demo.chain.latest
    validator = facts.epoch.validators[0]
    filters = [{"dataSize": 200}, {"memcmp": {"offset": 124, "bytes": validator.vote_account}}]
    parsed = demo.rpc("getProgramAccounts", STAKE_PROGRAM, {"encoding": "jsonParsed", "filters": filters})
    binary = demo.rpc(
        "getProgramAccounts",
        STAKE_PROGRAM,
        {
            "encoding": "base64",
            "filters": filters,
            "dataSlice": {"offset": 12, "length": 176},
            "withContext": True,
        },
    )
    assert binary["context"]["slot"] == demo.chain.now
    assert len(parsed) == len(binary["value"]) == len(validator.stake_accounts)
    by_key = {account.stake_account: account for account in validator.stake_accounts}
    for row, raw in zip(parsed, binary["value"], strict=True):
        account = by_key[row["pubkey"]]
        stake = account.stake + facts.rewards.staking.get(row["pubkey"], 0)
        data = row["account"]["data"]["parsed"]
        delegation = data["info"]["stake"]["delegation"]
        assert data["info"]["meta"]["authorized"] == {
            "staker": account.staker,
            "withdrawer": account.withdrawer,
        }
        until = U64_MAX if account.deactivation_epoch is None else account.deactivation_epoch
        assert delegation == {
            "activationEpoch": str(account.activation_epoch),
            "deactivationEpoch": str(until),
            "stake": str(stake),
            "voter": validator.vote_account,
        }
        assert row["account"]["rentEpoch"] == U64_MAX
        data_bytes = base64.b64decode(raw["account"]["data"][0])
        assert data_bytes[:32] == decode_base58(account.staker)
        assert data_bytes[32:64] == decode_base58(account.withdrawer)
        assert data_bytes[112:144] == decode_base58(validator.vote_account)
        assert int.from_bytes(data_bytes[144:152], "little") == stake
        assert int.from_bytes(data_bytes[160:168], "little") == until


def test_stake_accounts_of_a_withdrawer(demo: SandboxClient) -> None:
    epoch = demo.chain.latest.epoch
    wallet = epoch.validators[0].stake_accounts[-1].withdrawer
    filters = [{"memcmp": {"offset": 44, "bytes": wallet}}]
    rows = demo.rpc("getProgramAccounts", STAKE_PROGRAM, {"encoding": "base64", "filters": filters})
    expected = {a.stake_account for v in epoch.validators for a in v.stake_accounts if a.withdrawer == wallet}
    assert {row["pubkey"] for row in rows} == expected
    everything = demo.rpc("getProgramAccounts", STAKE_PROGRAM, {"encoding": "base64"})
    assert len(everything) == sum(len(v.stake_accounts) for v in epoch.validators)
    assert demo.rpc("getProgramAccounts", wallet, {"encoding": "base64"}) == []
    assert demo.rpc("getProgramAccounts", STAKE_PROGRAM)["code"] == -32602


def test_the_shape_of_a_stake_account_is_the_recorded_one(demo: SandboxClient, shared_solana: Path) -> None:
    recorded = json.loads((shared_solana / "rpc_stake_account_jsonParsed_agave4.json").read_text())
    wallet = demo.chain.latest.epoch.validators[0].vote_account
    filters = [{"memcmp": {"offset": 124, "bytes": wallet}}]
    row = demo.rpc("getProgramAccounts", STAKE_PROGRAM, {"encoding": "jsonParsed", "filters": filters})[0]
    assert shape(row) == shape(recorded)


def shape(value: Json) -> Json:
    if isinstance(value, dict):
        return {key: shape(entry) for key, entry in value.items()}
    return type(value).__name__


def test_production_of_the_current_and_the_previous_epoch(start: Start) -> None:
    sandbox = start(demo_world().model_copy(update={"current_epoch": 806}))
    whole = {"firstSlot": 805 * E, "lastSlot": 806 * E - 1}
    answer = sandbox.rpc("getBlockProduction", {"range": whole})
    assert answer["value"]["range"] == whole
    for validator in demo_world().epochs[5].validators:
        expected = [validator.leader_slots, validator.blocks_produced] if validator.leader_slots else None
        assert answer["value"]["byIdentity"].get(validator.identity) == expected
    old = sandbox.rpc("getBlockProduction", {"range": {"firstSlot": 804 * E}})
    assert old["code"] == -32602
    assert "too small" in old["message"]


def test_batches_unknown_methods_and_broken_requests(demo: SandboxClient) -> None:
    url = demo.server.provider_urls["rpc"]
    batch = [
        {"jsonrpc": "2.0", "id": "a", "method": "getSlot"},
        {"jsonrpc": "2.0", "id": "b", "method": "noSuch"},
        {"id": "c"},
    ]
    answers = httpx.post(url, json=batch).json()
    assert [a.get("id") for a in answers] == ["a", "b", None]
    assert [a.get("error", {}).get("code") for a in answers] == [None, -32601, -32600]
    broken = httpx.post(url, content=b"{", headers={"Content-Type": "application/json"})
    assert (broken.status_code, broken.json()["error"]["code"]) == (200, -32700)
    assert httpx.get(url).status_code == 405
    assert demo.rpc("getSlot", {"minContextSlot": 10**9})["code"] == -32016
