"""Inflation and tips are shared exactly, and what is left over is stated and bounded."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from aurora_sandbox.solana.rewards import (
    Delegations,
    epoch_rewards,
    inflation_total,
    split_reward,
    split_tips,
    tip_protocol_bps,
)

LAMPORTS = st.integers(0, 2**63)
BPS = st.integers(0, 10_000)


def test_inflation_of_epoch_796_to_the_lamport() -> None:
    total = inflation_total(
        602_119_218_089_412_812, Decimal("0.044981248362494335"), Decimal("0.005475818526653871")
    )
    assert total == 148_307_474_694_131


def test_both_sides_are_floored_and_the_lamport_between_them_is_dust() -> None:
    assert split_reward(101, 725) == (7, 93)
    assert split_reward(101, 0) == (0, 101)
    assert split_reward(101, 10_000) == (101, 0)


def test_a_split_with_an_empty_side_pays_nobody() -> None:
    assert split_reward(9, 1_000) == (0, 0)
    assert split_reward(10, 1_000) == (1, 9)
    assert split_reward(1, 9_999) == (0, 0)


def test_points_are_stake_times_credits() -> None:
    rewards = epoch_rewards(
        1_000,
        [
            Delegations("A", 1_000, 2, [("a1", 100), ("a2", 300)]),
            Delegations("B", 0, 1, [("b1", 200)]),
            Delegations("C", 10_000, 0, [("c1", 10**9)]),
        ],
    )
    assert rewards.voting == {"A": 20 + 60}
    assert rewards.staking == {"a1": 180, "a2": 540, "b1": 200}
    assert rewards.dust == 0


def test_no_points_pay_nothing_and_all_of_it_is_dust() -> None:
    rewards = epoch_rewards(1_000, [Delegations("A", 500, 0, [("a1", 100)])])
    assert (rewards.paid, rewards.dust, rewards.dust_bound) == (0, 1_000, 1_000)


@given(
    total=LAMPORTS,
    validators=st.lists(
        st.tuples(BPS, st.integers(0, 7_000_000), st.lists(st.integers(0, 2**60), max_size=5)), max_size=5
    ),
)
def test_paid_and_dust_make_the_total_and_the_dust_is_bounded(
    total: int, validators: list[tuple[int, int, list[int]]]
) -> None:
    rewards = epoch_rewards(
        total,
        [
            Delegations(f"v{i}", bps, credits_, [(f"v{i}s{j}", stake) for j, stake in enumerate(stakes)])
            for i, (bps, credits_, stakes) in enumerate(validators)
        ],
    )
    assert rewards.paid + rewards.dust == total
    assert 0 <= rewards.dust <= rewards.dust_bound
    assert all(amount > 0 for amount in [*rewards.voting.values(), *rewards.staking.values()])


def test_tips_of_epoch_678_before_the_protocol_fee() -> None:
    assert tip_protocol_bps(678) == 0
    assert split_tips(922_545_272_656, 2_500, 0, []).validator == 230_636_318_164
    assert split_tips(667_561_428_458, 700, 0, []).validator == 46_729_299_992


def test_the_validator_is_paid_on_the_gross_and_capped_by_the_protocol() -> None:
    assert tip_protocol_bps(752) == 300
    split = split_tips(1_000_001, 1_000, 300, [1, 1, 1])
    assert (split.protocol, split.validator, split.stakers) == (30_000, 100_000, (290_000, 290_000, 290_000))
    capped = split_tips(1_000_001, 10_000, 300, [1, 1])
    assert (capped.protocol, capped.validator, capped.stakers) == (30_000, 970_001, (0, 0))


@given(
    total=LAMPORTS,
    bps=BPS,
    protocol=st.integers(0, 10_000),
    stakes=st.lists(st.integers(0, 2**60), max_size=8),
)
def test_tip_parts_never_exceed_the_tips(total: int, bps: int, protocol: int, stakes: list[int]) -> None:
    split = split_tips(total, bps, protocol, stakes)
    pool = total - split.protocol - split.validator
    assert min(split.protocol, split.validator, pool) >= 0
    paid = sum(split.stakers)
    if sum(stakes):
        assert 0 <= pool - paid < max(len(stakes), 1)
    else:
        assert paid == 0
