"""Exact splits

Amounts are whole native units: lamports, wei. Nothing is lost or made by rounding. A rate is rounded down
once, on the rule's total; wherever something is split, the parts sum to the whole.
"""

from aurora_resources.units import split_exactly
from tests.spec.commission.drawing import amount
from tests.spec.commission.story import Story


def splits(story: Story) -> None:
    """Every drawn row: the total split by the weights gives the parts."""
    for row in story.drawn["splits"]:
        weights = {f"{key:03}": int(weight) for key, weight in enumerate(row["by weights"].split(", "))}
        parts = split_exactly(int(row["total"]), weights)
        assert ", ".join(map(str, parts.values())) == row["parts"]
        assert sum(parts.values()) == amount(row["total"])


def test_largest_remainder(story: Story) -> None:
    """Each part is rounded toward zero; the units left over go to the parts that lost most.

    Among equals, the first by name comes first.

    splits
        total | by weights    | parts
        10    | 1, 1, 1       | 4, 3, 3
        100   | 333, 333, 334 | 33, 33, 34
        7     | 0, 5, 2       | 0, 5, 2
    """
    splits(story)


def test_a_loss_is_split_alike(story: Story) -> None:
    """A negative total is split as its mirror image.

    splits
        total | by weights | parts
        -10   | 1, 1, 1    | -4, -3, -3
    """
    splits(story)


def test_the_shares_sum_to_the_revenue(story: Story) -> None:
    """The shares of all partners and the rest come from one split: they sum to the revenue.

    revenue
        component  | revenue
        COMMISSION | 100
    stakes
        wallet | stake
        w1     | 1 SOL
        w2     | 1 SOL
        w3     | 1 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | B
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 100 %
        B       | COMMISSION | STAKE_WEIGHT | 100 %
    shares
        of     | share
        A      | 34
        B      | 33
        nobody | 33
    owed
        partner | amount
        A       | 34
        B       | 33
    """
    story.holds()


def test_the_total_is_rounded_once(story: Story) -> None:
    """A rule's total is rounded once and then split over its validators, not rounded on each.

    Rounding 49.5 and 49.5 down on each validator would pay 98.

    revenue
        validator | component | revenue
        v1        | MEV_TIPS  | 99
        v2        | MEV_TIPS  | 99
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 50 %
    lines
        partner | validator | amount
        A       | v1        | 50
        A       | v2        | 49
    owed
        partner | amount
        A       | 99
    """
    story.holds()


def test_the_operator_keeps_the_dust(story: Story) -> None:
    """A commission is rounded down: 5 % of 39 lamports are 1.95, and 1 is paid.

    revenue
        component | revenue
        MEV_TIPS  | 39
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 5 %
    owed
        partner | amount
        A       | 1
    """
    story.holds()
