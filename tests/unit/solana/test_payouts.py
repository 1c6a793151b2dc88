"""Rewards from the blocks that paid them, and when those are not all there."""

from collections.abc import Callable

import pytest

from aurora_resources.providers.solana.periods import Boundaries
from aurora_resources.providers.solana.rewards import Payout, needs_blocks, payout
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.staged import answers
from aurora_resources.records import Feed, ProviderResponse

Answer = Callable[..., ProviderResponse]
RPC, EPOCH = SolanaRpc("rpc"), 800
LIMITS = Boundaries(first_slot=400, last_slot=499, first_produced=401, next_produced=502)


def rewards(*rows: tuple[str, str | None, int], partitions: int | None = None) -> dict[str, object]:
    said: dict[str, object] = {
        "parentSlot": 499,
        "rewards": [
            {"pubkey": pubkey, "rewardType": kind, "lamports": lamports} for pubkey, kind, lamports in rows
        ],
    }
    return said if partitions is None else {**said, "numRewardPartitions": partitions}


def paid(*payloads: ProviderResponse) -> Payout:
    return payout(answers({(Feed.REWARDS, "rpc"): payloads}, Feed.REWARDS, "rpc"), LIMITS, EPOCH)


def test_partitioned_rewards_come_from_all_paying_blocks(result: Answer) -> None:
    found = paid(
        result(RPC.block_rewards(502), rewards(("v", "Voting", 7), ("x", "Staking", 99), partitions=2)),
        result(RPC.produced_after(503, 2), [504, 506]),
        result(RPC.block_rewards(504), rewards(("a", "Staking", 10), ("n", "Fee", 1), ("v", "Voting", 1))),
        result(RPC.block_rewards(506), rewards(("b", "staking", 2**63), ("c", None, 4))),
    )
    assert found.complete
    assert found.voting == {"v": 7}
    assert found.staking == {"x": 99, "a": 10, "b": 2**63}
    assert (found.commission("v"), found.commission("nobody")) == (7, 0)
    (network,) = found.findings
    assert "7 lamports to 1 validators and 9,223,372,036,854,775,917 lamports to 3 stake" in network.message


def test_before_partitions_the_first_block_pays_everybody(result: Answer) -> None:
    found = paid(result(RPC.block_rewards(502), rewards(("v", "Voting", 7), ("a", "Staking", 10))))
    assert (found.voting, found.staking, found.complete) == ({"v": 7}, {"a": 10}, True)


@pytest.mark.parametrize("listed", [[504], [504, 506]])
def test_a_paying_block_that_is_not_there_leaves_the_payout_unknown(
    result: Answer, listed: list[int]
) -> None:
    found = paid(
        result(RPC.block_rewards(502), rewards(("v", "Voting", 7), partitions=2)),
        result(RPC.produced_after(503, 2), listed),
        result(RPC.block_rewards(504), rewards(("a", "Staking", 10))),
    )
    assert not found.complete
    assert found.commission("v") is None


def test_accounts_asked_for_one_by_one(result: Answer) -> None:
    row = {"epoch": EPOCH, "effectiveSlot": 1, "amount": 7, "postBalance": 1, "commission": None}
    found = paid(
        result(RPC.inflation_rewards(["v", "a"], EPOCH), [row, None]),
        result(RPC.inflation_rewards(["b"], EPOCH), [{**row, "amount": 2**60 + 1}]),
    )
    assert (found.complete, found.commission("v"), found.commission("a")) == (False, 7, 0)
    assert found.commission("never asked") is None
    assert found.staking["b"] == 2**60 + 1


def test_nothing_staged_is_nothing_known() -> None:
    assert paid().commission("v") is None


def test_many_accounts_are_read_from_blocks() -> None:
    assert (needs_blocks(2_048), needs_blocks(2_049)) == (False, True)
