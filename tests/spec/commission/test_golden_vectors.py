"""The golden numbers of the design, one test for each id, inputs drawn as tables.

There is no GT09. GT08's division of a period by days is not the policy here: a change takes effect with the
next period. GT12's claw-back is no loss policy. GT16 is about money in a currency, which is not stated.

The expected values are written here; `test_they_agree_with_the_shared_vectors` checks them against the
design's own file where it is at hand.
"""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from typing import Any

import pytest

from aurora_assets.commission.agreement import Tier, TierMode, TierSchedule
from aurora_assets.commission.attribution import Attribution
from aurora_assets.commission.corrections import find_true_ups
from aurora_assets.commission.guard import GuardPolicy, refuse_over_claims
from aurora_assets.commission.statement import calculate_balance
from aurora_assets.commission.tiers import Slice, charge, cut
from aurora_resources.errors import RevenueGuardError
from aurora_resources.records import Component
from aurora_resources.units import floor_share, split_exactly
from tests.spec.commission.story import Story

SOL = 10**9
ETH = 10**18


def test_gt01_the_split_by_stake_leaves_nothing_over(story: Story) -> None:
    """
    revenue
        component  | revenue
        COMMISSION | 6506849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    """
    owners = {wallet: wallet for wallet in ("w1", "w2", "w3")}
    parts = Attribution(story.facts(1), owners).parts("V", Component.COMMISSION)
    assert parts == {"w1": 1_712_328_767, "w2": 1_545_323_863, "w3": 2_928_082_192, None: 321_114_493}
    assert sum(parts.values()) == 6_506_849_315


def test_gt01_stake_weight(story: Story) -> None:
    """Partners are paid on the part of their wallets; the rest stays with the house.

    revenue
        component  | revenue
        COMMISSION | 6506849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
        w3     | B
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 50 %
        B       | COMMISSION | STAKE_WEIGHT | 40 %
    """
    story.tell()
    assert story.bases() == {"A": 3_257_652_630, "B": 2_928_082_192}
    assert story.owed() == {"A": 1_628_826_315, "B": 1_171_232_876}
    assert 6_506_849_315 - sum(story.owed().values()) == 3_706_790_124
    assert story.findings() == []


def test_gt01c_the_total_is_rounded_once_and_then_split_over_lines(story: Story) -> None:
    """Rounding each line down would give ...314.

    revenue
        validator | component  | revenue
        v1        | COMMISSION | 1712328767
        v2        | COMMISSION | 1545323863
    agreements
        partner | component  | method      | pays
        A       | COMMISSION | FIXED_SHARE | 50 %
    """
    story.tell()
    assert story.lines() == {"A v1": 856_164_384, "A v2": 772_661_931}
    assert story.owed() == {"A": 1_628_826_315}


def test_gt02_client_revenue(story: Story) -> None:
    """Client 1 pays 10 % of 2 ETH, client 2 pays 8 % of 3 ETH; the partner introduced client 1.

    revenue
        component  | revenue
        COMMISSION | 0.44 ETH
    stakes
        wallet | stake
        c1     | 32 ETH
        c2     | 48 ETH
    clients
        wallet | component  | gave
        c1     | COMMISSION | 0.2 ETH
        c2     | COMMISSION | 0.24 ETH
    wallets
        wallet | partner
        c1     | P
    agreements
        partner | component  | method         | pays
        P       | COMMISSION | CLIENT_REVENUE | 20 %
    """
    story.tell()
    assert story.bases() == {"P": 200_000_000_000_000_000}
    assert story.owed() == {"P": 40_000_000_000_000_000}
    assert not story.computations[1].lines[0].allocated


def test_gt02_by_stake_instead(story: Story) -> None:
    """
    revenue
        component  | revenue
        COMMISSION | 0.44 ETH
    stakes
        wallet | stake
        c1     | 32 ETH
        c2     | 48 ETH
    wallets
        wallet | partner
        c1     | P
    agreements
        partner | component  | method       | pays
        P       | COMMISSION | STAKE_WEIGHT | 20 %
    """
    story.tell()
    assert story.bases() == {"P": 176_000_000_000_000_000}
    assert story.owed() == {"P": 35_200_000_000_000_000}


def test_gt02b_execution_fees_are_allocated(story: Story) -> None:
    """Execution fees reach no client's account, so they are split by stake and marked.

    revenue
        component | revenue
        EXEC_FEES | 12345678901
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component | method         | pays
        A       | EXEC_FEES | CLIENT_REVENUE | 10 %
    """
    story.tell()
    assert story.bases() == {"A": 6_180_861_334}
    assert story.owed() == {"A": 618_086_133}
    assert story.computations[1].lines[0].allocated


def test_gt03_fixed_share(story: Story) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 4000000007
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 5 %
    """
    assert story.tell().owed() == {"A": 200_000_000}


def test_gt04_gt20_tiers_by_stake(story: Story) -> None:
    """The tiers measure the partner's stake.

    revenue
        component  | revenue
        COMMISSION | 6506849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component  | method       | mode     | pays                                    | floor    | cap
        A       | COMMISSION | STAKE_WEIGHT | MARGINAL | 10 % to 50 kSOL, 15 % to 100 kSOL, 20 % |          |
        A       | COMMISSION | STAKE_WEIGHT | CLIFF    | 10 % to 50 kSOL, 15 % to 100 kSOL, 20 % |          |
        A       | COMMISSION | STAKE_WEIGHT | MARGINAL | 10 % to 50 kSOL, 15 % to 100 kSOL, 20 % | 0.45 SOL |
        A       | COMMISSION | STAKE_WEIGHT | MARGINAL | 10 % to 50 kSOL, 15 % to 100 kSOL, 20 % |          | 0.4 SOL
    """  # noqa: E501 - a table
    for row in story.drawn["agreements"]:
        row["metric"] = "STAKE"
    lines = story.tell().computations[1].lines
    assert [line.amount for line in lines] == [403_031_456, 488_647_894, 450_000_000, 400_000_000]
    assert lines[0].trace.slices == (Slice(50_000 * SOL, 1_000), Slice(45_123_456_789_012, 1_500))
    assert [line.trace.floor_applied for line in lines] == [False, False, True, False]
    assert [line.trace.cap_applied for line in lines] == [False, False, False, True]


def test_gt05_gt17_tiers_by_revenue(story: Story) -> None:
    """
    revenue
        component | revenue
        EXEC_FEES | 12345678901
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component | method         | mode     | pays                               | floor   | cap
        A       | EXEC_FEES | CLIENT_REVENUE | MARGINAL | 10 % to 2 SOL, 15 % to 5 SOL, 20 % |         |
        A       | EXEC_FEES | CLIENT_REVENUE | CLIFF    | 10 % to 2 SOL, 15 % to 5 SOL, 20 % |         |
        A       | EXEC_FEES | CLIENT_REVENUE | MARGINAL | 10 % to 2 SOL, 15 % to 5 SOL, 20 % | 0.5 SOL | 0.8 SOL
    """  # noqa: E501 - a table
    lines = story.tell().computations[1].lines
    assert [line.amount for line in lines] == [886_172_266, 1_236_172_266, 800_000_000]
    pipeline = lines[2]
    assert (pipeline.base, pipeline.trace.earned, pipeline.claimed) == (
        6_180_861_334,
        886_172_266,
        800_000_000,
    )
    assert not pipeline.trace.floor_applied
    assert pipeline.base - pipeline.amount == 5_380_861_334


@pytest.mark.parametrize(
    ("mode", "scope", "owed"),
    [
        ("MARGINAL", "QUARTER", [180_000_000, 215_000_000, 715_000_000]),
        ("MARGINAL", "YEAR", [180_000_000, 215_000_000, 715_000_000]),
        ("CLIFF", "QUARTER", [180_000_000, 315_000_000, 965_000_000]),
        ("MARGINAL", "PERIOD", [180_000_000, 150_000_000, 500_000_000]),
    ],
)
def test_gt06_to_date(story: Story, mode: str, scope: str, owed: list[int]) -> None:
    """
    revenue
        period | component | revenue
        1      | EXEC_FEES | 1.8 SOL
        2      | EXEC_FEES | 1.5 SOL
        3      | EXEC_FEES | 4 SOL
    agreements
        partner | component | method      | pays
        A       | EXEC_FEES | FIXED_SHARE | 10 % to 2 SOL, 15 % to 5 SOL, 20 %
    """
    story.drawn["agreements"][0].update(mode=mode, scope=scope)
    assert story.tell().owed_by_period("A") == owed


def test_gt06b_exactly_at_the_threshold_is_the_lower_tier() -> None:
    tiers = (Tier(2 * SOL, 1_000), Tier(5 * SOL, 1_500), Tier(None, 2_000))
    cliff, marginal = TierSchedule(tiers, TierMode.CLIFF), TierSchedule(tiers)
    assert [charge(cliff, base, None)[0] for base in (2 * SOL, 2 * SOL + 1)] == [200_000_000, 300_000_000]
    assert [charge(marginal, base, None)[0] for base in (2 * SOL, 2 * SOL + 1)] == [200_000_000, 200_000_000]


@pytest.mark.parametrize(
    ("revenue", "guarantee", "owed"),
    [
        ("3 SOL", "no", 500_000_000),
        ("7 SOL", "no", 700_000_000),
        ("14 SOL", "no", 1_000_000_000),
        ("0", "no", 0),
        ("0", "yes", 500_000_000),
        ("3 SOL", "yes", 500_000_000),
        ("14 SOL", "yes", 1_000_000_000),
    ],
)
def test_gt07_floor_cap_and_guarantee(story: Story, revenue: str, guarantee: str, owed: int) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 0
    agreements
        partner | component | method      | pays | floor   | cap
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | 1 SOL
    """
    story.drawn["revenue"][0]["revenue"] = revenue
    story.drawn["agreements"][0]["guarantee"] = guarantee
    assert story.tell().owed() == {"A": owed}


def test_gt07_a_guarantee_is_paid_beside_the_validator(story: Story) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 3 SOL
    agreements
        partner | component | method      | pays | floor   | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | yes
    """
    story.tell()
    assert story.lines() == {"A -": 200_000_000, "A V": 300_000_000}
    assert story.findings() == ["GUARANTEE_PAID"]


def test_gt08_a_change_inside_a_period_takes_effect_with_the_next(story: Story) -> None:
    """The rate rises in the middle of period 1, which is not divided: it pays the rate it began with.

    periods
        period | starts     | ends
        1      | 2025-01-02 | 2025-01-04
        2      | 2025-01-04 | 2025-01-06
    revenue
        period | component  | revenue
        1      | COMMISSION | 6506849315
        2      | COMMISSION | 6506849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        agreement | version | partner | from             | component  | method       | pays
        rising    | 1       | A       | 2024-01-01       | COMMISSION | STAKE_WEIGHT | 10 %
        rising    | 2       | A       | 2025-01-02 19:12 | COMMISSION | STAKE_WEIGHT | 15 %
    """
    story.tell()
    assert [story.bases(period) for period in (1, 2)] == [{"A": 3_257_652_630}] * 2
    assert story.owed_by_period("A") == [325_765_263, 488_647_894]


def test_gt10_over_claims_block(story: Story) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 4000000007
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 60 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    """
    computation = story.tell().computations[1]
    assert story.owed() == {"A": 2_400_000_004, "B": 2_000_000_003}
    assert story.findings() == ["REVENUE_GUARD"]
    assert not any(total.complete for total in computation.totals.values())
    with pytest.raises(RevenueGuardError, match=r"claimed 400000000 over .* A 2400000004 .*, B 2000000003"):
        refuse_over_claims(computation.findings)


def test_gt10_over_claims_scaled(story: Story) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 4000000007
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 60 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    """
    story.tell(GuardPolicy.SCALE)
    assert story.owed() == {"A": 2_181_818_186, "B": 1_818_181_821}
    assert story.findings() == ["GUARD_SCALED"]
    assert all(line.scaled and line.claimed > line.amount for line in story.computations[1].lines)
    refuse_over_claims(story.computations[1].findings)


def test_gt10b_over_claims_scaled_to_90_percent(story: Story) -> None:
    """
    revenue
        component | revenue
        MEV_TIPS  | 4000000007
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 60 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    """
    story.tell(GuardPolicy.SCALE, "90 %")
    assert story.owed() == {"A": 1_963_636_367, "B": 1_636_363_639}
    assert sum(story.owed().values()) == 3_600_000_006
    assert story.findings() == ["GUARD_SCALED"]


def test_gt11_largest_remainder() -> None:
    assert split_exactly(10, {"a": 1, "b": 1, "c": 1}) == {"a": 4, "b": 3, "c": 3}
    assert split_exactly(-10, {"a": 1, "b": 1, "c": 1}) == {"a": -4, "b": -3, "c": -3}
    assert split_exactly(100, {"a": 333, "b": 333, "c": 334}) == {"a": 33, "b": 33, "c": 34}


@pytest.mark.parametrize(
    ("losses", "owed"),
    [("NO_CARRY", [0, 12_000_000_000_000_000]), ("CARRY", [0, 7_000_000_000_000_000])],
)
def test_gt12_losses(story: Story, losses: str, owed: list[int]) -> None:
    """
    revenue
        period | component    | revenue
        1      | VOTE_REWARDS | -0.05 ETH
        2      | VOTE_REWARDS | 0.12 ETH
    agreements
        partner | component    | method      | pays
        A       | VOTE_REWARDS | FIXED_SHARE | 10 %
    """
    story.drawn["agreements"][0]["losses"] = losses
    assert story.tell().owed_by_period("A") == owed
    assert story.findings(1) == ["NEGATIVE_BASE"]


def test_gt13_a_restatement_after_release_is_a_difference(story: Story) -> None:
    """
    revenue
        period | component  | revenue
        1      | COMMISSION | 6506849315
        2      | COMMISSION | 6406849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 50 %
    """
    released = story.tell().computations[1]
    # The same period again, with what was restated; the second row stands for it above.
    story.drawn["revenue"] = [{"component": "COMMISSION", "revenue": "6406849315"}]
    restated = story.tell().computations[1]
    (true_up,) = find_true_ups(released.lines, restated.lines, restated.unresolved)
    assert (true_up.released, true_up.recomputed) == (1_628_826_315, 1_603_793_826)
    assert true_up.difference == -25_032_489
    assert true_up.line_id == released.lines[0].line_id
    assert restated.lines[0].base == 3_207_587_652


def test_gt14_a_debit_balance_is_carried_forward() -> None:
    """Earned -0.07 SOL, then 0.08 SOL: nothing is paid, then 0.01 SOL, and nothing is left over."""
    first = calculate_balance(0, -70_000_000)
    second = calculate_balance(first.closing, 80_000_000)
    assert (first.payable, first.closing) == (0, -70_000_000)
    assert (second.payable, second.closing) == (10_000_000, 0)


def test_gt15_a_minimum_guarantee_is_made_up(story: Story) -> None:
    """A year of 7.3 SOL earns 1.11 SOL on GT06's scale; 0.39 SOL make it up to the guaranteed 1.5 SOL.

    periods
        period | starts     | ends
        1      | 2025-01-01 | 2025-12-31
    revenue
        component | revenue
        EXEC_FEES | 7.3 SOL
    agreements
        partner | component | method      | scope | pays                               | floor   | guarantee
        A       | EXEC_FEES | FIXED_SHARE | YEAR  | 10 % to 2 SOL, 15 % to 5 SOL, 20 % | 1.5 SOL | yes
    """
    story.tell()
    assert story.lines() == {"A V": 1_110_000_000, "A -": 390_000_000}
    assert story.owed() == {"A": 1_500_000_000}
    assert story.findings() == ["GUARANTEE_PAID"]


def test_gt18_dividing_once_or_twice_loses_what_an_exact_split_does_not(story: Story) -> None:
    """Rounding the partner's part down, and then the commission, loses a unit; so does one division of all.

    revenue
        component  | revenue
        COMMISSION | 6506849315
    stakes
        wallet | stake
        w1     | 50000 SOL
        w2     | 45123.456789012 SOL
        w3     | 85500 SOL
        w4     | 9376.543210988 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 50 %
    """
    revenue, stake, all_stake = 6_506_849_315, 95_123_456_789_012, 190_000 * SOL
    rounded_twice = floor_share(revenue * stake // all_stake, 5_000)
    exact = Fraction(revenue * stake, all_stake) / 2
    assert (rounded_twice, floor(exact)) == (1_628_826_314, 1_628_826_314)
    # The split gives every unit of the revenue to somebody; A is given one that rounding would lose.
    assert story.tell().owed() == {"A": 1_628_826_315}
    assert 0 < 1_628_826_315 - exact < 1


def test_gt19_tiers_on_a_fixed_share(story: Story) -> None:
    """A part of a single validator's tips of 2.4 SOL.

    revenue
        component | revenue
        MEV_TIPS  | 2.4 SOL
    agreements
        partner | component | method      | pays                               | floor   | cap
        A       | MEV_TIPS  | FIXED_SHARE | 10 % to 2 SOL, 15 % to 5 SOL, 20 % |         |
        A       | MEV_TIPS  | FIXED_SHARE | 10 % to 2 SOL, 15 % to 5 SOL, 20 % | 0.3 SOL |
        A       | MEV_TIPS  | FIXED_SHARE | 10 % to 2 SOL, 15 % to 5 SOL, 20 % |         | 0.25 SOL
    """
    assert [line.amount for line in story.tell().computations[1].lines] == [
        260_000_000,
        300_000_000,
        250_000_000,
    ]


def test_they_agree_with_the_shared_vectors(
    golden: dict[str, Any], integers: Callable[[str], list[int]]
) -> None:
    shares = golden["GT01_alloc_COMMISSION"]
    fixture = golden["fixture"]
    stakes = {wallet: fixture[wallet] for wallet in ("w1", "w2", "w3", "w4")}
    total = shares.pop("total")
    assert split_exactly(total, stakes) == shares
    fees = split_exactly(fixture["EXEC_FEES"], stakes)
    assert fees == {wallet: golden["GT02b_CLIENT_REVENUE_SOL_EXEC"][wallet] for wallet in stakes}

    by_stake = golden["GT04_TIER_BY_STAKE"]
    tiers = (Tier(50_000 * SOL, 1_000), Tier(100_000 * SOL, 1_500), Tier(None, 2_000))
    sliced = [number for part in cut(tiers, by_stake["stake_A"]) for number in (part.amount, part.rate_bps)]
    assert sliced == integers(by_stake["slices"])

    cumulative = golden["GT06_CUMULATIVE"]
    assert integers(cumulative["marg_cum"]) == [180_000_000, 215_000_000, 715_000_000]
    assert integers(cumulative["cliff_cum"]) == [180_000_000, 315_000_000, 965_000_000]
    expected = {
        ("GT01_STAKE_WEIGHT", "comm_A_5000bps"): 1_628_826_315,
        ("GT01_STAKE_WEIGHT", "house"): 3_706_790_124,
        ("GT02_CLIENT_REVENUE_ETH", "comm_P_2000bps"): 40_000_000_000_000_000,
        ("GT03_FIXED_SHARE", "comm_500bps"): 200_000_000,
        ("GT04_TIER_BY_STAKE", "marginal_on_COMMISSION"): 403_031_456,
        ("GT04_TIER_BY_STAKE", "cliff_on_COMMISSION"): 488_647_894,
        ("GT05_TIER_BY_REVENUE", "marginal"): 886_172_266,
        ("GT05_TIER_BY_REVENUE", "cliff"): 1_236_172_266,
        ("GT08_PRORATION", "next_period_policy"): 325_765_263,
        ("GT07_FLOOR_CAP", "g300"): 500_000_000,
        ("GT07_FLOOR_CAP", "zero_base_guarantee"): 500_000_000,
        ("GT10_DOUBLE_DIP", "scaled_A"): 2_181_818_186,
        ("GT10b_GUARD_90pct", "A"): 1_963_636_367,
        ("GT10b_GUARD_90pct", "B"): 1_636_363_639,
        ("GT13_TRUE_UP", "true_up"): -25_032_489,
        ("GT15_MIN_GUARANTEE", "earned"): 1_110_000_000,
        ("GT15_MIN_GUARANTEE", "guarantee"): 1_500_000_000,
        ("GT15_MIN_GUARANTEE", "true_up"): 390_000_000,
        ("GT17_PIPELINE", "after_cap"): 800_000_000,
        ("GT19_FIXED_SHARE_TIER", "tiered"): 260_000_000,
        ("GT20_STAKE_WEIGHT_TIER", "with_floor_450M"): 450_000_000,
        ("GT18_REFERENCE_DRIFT", "ref_double_trunc"): 1_628_826_314,
        ("GT18_REFERENCE_DRIFT", "exact_floor"): 1_628_826_314,
        ("GT01c_LINE_GRAIN", "w1"): 856_164_384,
    }
    assert {key: golden[key[0]][key[1]] for key in expected} == expected
    assert integers(golden["GT12_NEG"]["carry"]) == [0, 7_000_000_000_000_000]
    assert integers(golden["GT14_DEBIT_BALANCE"]["pays"]) == [0, -70_000_000, 10_000_000, 0]
