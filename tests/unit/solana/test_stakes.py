"""The stakers of a validator: who they are, what counted, and parts that sum to what was divided."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.providers.solana.jito import NO_AUTHORITY, StakerTips
from aurora_resources.providers.solana.stake_accounts import NEVER, StakeAccount
from aurora_resources.providers.solana.stakes import Sources, active_in, join_stakers
from aurora_resources.records import FactState, StakeBasis, TrackedValidator

EPOCH = 800
VALIDATOR = TrackedValidator("vote", own_wallets=("w-own",))


def held(account: str, stake: int, activation: int = 5, deactivation: int = NEVER) -> StakeAccount:
    return StakeAccount(account, f"s-{account}", f"w-{account}", "vote", stake, activation, deactivation)


def claim(account: str, amount: int) -> StakerTips:
    return StakerTips(account, f"s-{account}", f"w-{account}", "vote", EPOCH, amount)


def sources(
    *,
    claims: Mapping[str, int] | None = None,
    snapshot: list[StakeAccount] | None = None,
    rewards: Mapping[str, int] | None = None,
    complete: bool = True,
    commission: int | None = 0,
    operator_tips: int | None = 0,
    jito_stake: int | None = None,
    validator: TrackedValidator = VALIDATOR,
) -> Sources:
    return Sources(
        validator=validator,
        epoch=EPOCH,
        claims=[claim(account, amount) for account, amount in (claims or {}).items()],
        snapshot=None if snapshot is None else {found.account: found for found in snapshot},
        rewards=rewards or {},
        rewards_complete=complete,
        commission=commission,
        operator_tips=operator_tips,
        jito_stake=jito_stake,
    )


@pytest.mark.parametrize(
    ("activation", "deactivation", "counted"),
    [
        (799, NEVER, True),
        (800, NEVER, False),
        (801, NEVER, False),
        (0, NEVER, True),
        (799, 801, True),
        (799, 800, True),
        (798, 799, False),
        (799, 799, False),
        (800, 800, False),
        (800, 801, False),
        (801, 801, False),
        (801, 802, False),
        (2**64 - 1, NEVER, False),
    ],
)
def test_stake_counts_after_its_activation_and_up_to_its_deactivation(
    activation: int, deactivation: int, *, counted: bool
) -> None:
    assert active_in(EPOCH, activation, deactivation) is counted


def test_a_snapshot_holds_the_reward_already() -> None:
    book = join_stakers(
        sources(snapshot=[held("a", 1_010), held("b", 3_030)], rewards={"a": 10, "b": 30}, commission=4)
    )
    assert [(row.stake_account, row.active_stake, row.reward, row.commission) for row in book.rows] == [
        ("a", 1_000, 10, 1),
        ("b", 3_000, 30, 3),
    ]
    assert {row.stake_basis for row in book.rows} == {StakeBasis.SNAPSHOT}
    assert (book.active_stake, book.delegators_share, book.state) == (4_000, 40, FactState.FINAL)
    assert [row.withdrawer for row in book.rows] == ["w-a", "w-b"]


def test_accounts_that_did_not_count_are_left_out_unless_they_were_paid() -> None:
    accounts = [held("late", 5, activation=800), held("gone", 7, 5, 799), held("paid", 110, 5, 799)]
    book = join_stakers(sources(snapshot=[held("a", 100), *accounts], rewards={"paid": 10}))
    assert {row.stake_account: row.active_stake for row in book.rows} == {"a": 100, "paid": 100}


def test_without_jito_everything_comes_out_of_the_snapshot() -> None:
    declared = replace(VALIDATOR, mev_declared_none=True)
    book = join_stakers(sources(snapshot=[held("a", 101)], rewards={"a": 1}, validator=declared))
    (row,) = book.rows
    assert (row.tips, row.tips_commission, row.active_stake) == (0, 0, 100)
    assert book.findings == ()
    undeclared = join_stakers(sources(snapshot=[held("a", 101)], rewards={"a": 1}, operator_tips=None))
    assert (undeclared.rows[0].tips, undeclared.rows[0].tips_commission) == (None, None)


def test_jitos_stakers_come_first_and_the_snapshot_gives_their_stake() -> None:
    book = join_stakers(
        sources(claims={"a": 5}, snapshot=[held("a", 101), held("other", 9)], rewards={"a": 1})
    )
    assert [row.stake_account for row in book.rows] == ["a"]
    assert book.rows[0].stake_basis is StakeBasis.SNAPSHOT


def test_a_staker_missing_in_the_snapshot_makes_shares_of_rewards() -> None:
    book = join_stakers(
        sources(
            claims={"a": 1, "b": 3},
            snapshot=[held("a", 101)],
            rewards={"a": 10, "b": 30},
            jito_stake=1_000,
        )
    )
    assert {row.stake_account: row.active_stake for row in book.rows} == {"a": 250, "b": 750}
    assert {row.stake_basis for row in book.rows} == {StakeBasis.REWARD_SHARE}
    assert book.active_stake == 1_000


def test_a_commission_of_all_is_divided_by_stake() -> None:
    snapshot = [held("a", 100), held("b", 300)]
    book = join_stakers(sources(snapshot=snapshot, commission=40, operator_tips=8, claims={"a": 0, "b": 0}))
    assert [(row.reward, row.commission, row.tips, row.tips_commission) for row in book.rows] == [
        (0, 10, 0, 2),
        (0, 30, 0, 6),
    ]


def test_without_rewards_and_snapshot_tips_show_the_stake() -> None:
    book = join_stakers(sources(claims={"a": 1, "b": 3}, commission=40, jito_stake=4_000))
    assert [(row.active_stake, row.commission) for row in book.rows] == [(1_000, 10), (3_000, 30)]


def test_nothing_to_divide_by_is_said() -> None:
    book = join_stakers(sources(claims={"a": 0, "b": 0}, commission=40, jito_stake=None))
    assert [(row.active_stake, row.commission, row.reward) for row in book.rows] == [(None, None, 0)] * 2
    assert {row.stake_basis for row in book.rows} == {StakeBasis.UNKNOWN}
    assert [finding.code for finding in book.findings] == ["STAKERS_UNKNOWN"] * 2
    assert book.state is FactState.MISSING
    assert book.active_stake is None


def test_nobody_known_is_not_nobody() -> None:
    book = join_stakers(sources(rewards={"a": 1}, jito_stake=5))
    assert (book.rows, book.state, book.delegators_share, book.own_rewards, book.active_stake) == (
        (), FactState.MISSING, None, None, 5,
    )  # fmt: skip
    assert "Jito has no claims and no snapshot" in book.findings[0].message
    empty = join_stakers(sources(snapshot=[]))
    assert (empty.state, empty.delegators_share, empty.active_stake) == (FactState.FINAL, 0, 0)


def test_rewards_nobody_asked_for_are_unknown() -> None:
    book = join_stakers(
        sources(claims={"a": 1, "b": 1}, rewards={"a": 5}, complete=False, commission=2, jito_stake=10)
    )
    assert [row.reward for row in book.rows] == [5, None]
    assert (book.delegators_share, book.state) == (None, FactState.MISSING)
    assert "rewards of 1 of 2 stake accounts were not asked for" in book.findings[0].message


@pytest.mark.parametrize(("wallets", "own"), [(("w-a",), 10), (("w-a", "w-b"), 40), ((), 0), (None, None)])
def test_own_rewards_are_those_of_own_wallets(wallets: tuple[str, ...] | None, own: int | None) -> None:
    validator = replace(VALIDATOR, own_wallets=wallets)
    known = sources(
        snapshot=[held("a", 100), held("b", 100)], rewards={"a": 10, "b": 30}, validator=validator
    )
    assert join_stakers(known).own_rewards == own


def test_no_own_wallets_earn_nothing_even_where_stakers_are_unknown() -> None:
    assert join_stakers(sources(validator=replace(VALIDATOR, own_wallets=()))).own_rewards == 0


LAMPORTS = st.integers(0, 2**64 - 1)


@given(
    paid=st.dictionaries(
        st.text("abcdef", min_size=1, max_size=3), st.tuples(LAMPORTS, LAMPORTS), max_size=8
    ),
    commission=LAMPORTS,
    operator_tips=LAMPORTS,
    jito_stake=LAMPORTS,
    snapped=st.booleans(),
)
def test_parts_sum_to_what_was_divided(
    paid: dict[str, tuple[int, int]], commission: int, operator_tips: int, jito_stake: int, *, snapped: bool
) -> None:
    rewards = {account: reward for account, (reward, _) in paid.items()}
    known = sources(
        claims={account: tips for account, (_, tips) in paid.items()},
        snapshot=[held(account, reward + tips) for account, (reward, tips) in paid.items()]
        if snapped
        else None,
        rewards=rewards,
        commission=commission,
        operator_tips=operator_tips,
        jito_stake=jito_stake,
    )
    book = join_stakers(known)
    assert all(row.staker != NO_AUTHORITY for row in book.rows)
    for field, total in (("commission", commission), ("tips_commission", operator_tips)):
        parts = [getattr(row, field) for row in book.rows]
        assert all(part is None for part in parts) or sum(parts) == total
    if book.rows:
        assert book.delegators_share == sum(rewards.values())
        stakes = [row.active_stake for row in book.rows]
        if {row.stake_basis for row in book.rows} == {StakeBasis.REWARD_SHARE}:
            assert sum(stake for stake in stakes if stake is not None) == jito_stake == book.active_stake
        elif {row.stake_basis for row in book.rows} == {StakeBasis.SNAPSHOT}:
            assert stakes == [tips for _, tips in paid.values()]


@given(st.permutations(["a", "b", "c", "d"]))
def test_the_order_of_the_sources_does_not_matter(order: list[str]) -> None:
    amounts = {"a": 1, "b": 1, "c": 1, "d": 2}
    known = sources(
        claims={account: amounts[account] for account in order},
        rewards={account: amounts[account] for account in order},
        commission=7,
        operator_tips=8,
        jito_stake=1_003,
    )
    rows = sorted(join_stakers(known).rows, key=lambda row: row.stake_account)
    assert [row.commission for row in rows] == [2, 1, 1, 3]
    assert sum(row.active_stake or 0 for row in rows) == 1_003
