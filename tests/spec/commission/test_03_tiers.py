"""Rates and tiers

A rule has one rate, or tiers: a scale of rates. A tier reaches up to its threshold and includes it. MARGINAL
applies each rate to its own slice; CLIFF applies the rate that was reached to everything.
"""

from tests.spec.commission.story import Story


def test_marginal(story: Story) -> None:
    """MARGINAL: each tier's rate is paid on the slice that lies in it.

    2 SOL at 10 %, 3 SOL at 15 %, 1 SOL at 20 %.

    revenue
        component | revenue
        MEV_TIPS  | 6 SOL
    agreements
        partner | component | method      | mode     | pays
        A       | MEV_TIPS  | FIXED_SHARE | MARGINAL | 10 % to 2 SOL, 15 % to 5 SOL, 20 %
    owed
        partner | amount
        A       | 0.85 SOL
    """
    story.holds()


def test_cliff(story: Story) -> None:
    """CLIFF: the rate of the tier that was reached is paid on everything.

    revenue
        component | revenue
        MEV_TIPS  | 6 SOL
    agreements
        partner | component | method      | mode  | pays
        A       | MEV_TIPS  | FIXED_SHARE | CLIFF | 10 % to 2 SOL, 15 % to 5 SOL, 20 %
    owed
        partner | amount
        A       | 1.2 SOL
    """
    story.holds()


def test_exactly_at_the_threshold(story: Story) -> None:
    """Exactly at a threshold the lower tier still holds; one unit more is in the next.

    revenue
        period | component | revenue
        1      | MEV_TIPS  | 2 SOL
        2      | MEV_TIPS  | 2,000,000,001
    agreements
        agreement | partner | component | method      | mode     | pays
        cliff     | A       | MEV_TIPS  | FIXED_SHARE | CLIFF    | 10 % to 2 SOL, 15 %
        marginal  | B       | MEV_TIPS  | FIXED_SHARE | MARGINAL | 10 % to 2 SOL, 15 %
    owed
        period | partner | amount
        1      | A       | 200,000,000
        1      | B       | 200,000,000
        2      | A       | 300,000,000
        2      | B       | 200,000,000
    """
    story.holds()


def test_a_falling_cliff_is_refused(story: Story) -> None:
    """A CLIFF whose rates fall is refused: earning more would pay less.

    agreements
        agreement | partner | component | method      | mode  | pays
        falling   | A       | MEV_TIPS  | FIXED_SHARE | CLIFF | 20 % to 2 SOL, 10 %
    refused
        agreement | because
        falling   | a CLIFF falls from one tier to the next
    """
    story.refuses()


def test_tiers_by_stake(story: Story) -> None:
    """Tiers may measure the partner's stake instead of the base.

    Of 80,000 SOL, 50,000 lie in the first tier and 30,000 in the second: 11.875 % of the base of 8 SOL.
    The blended rate is never rounded.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 80 kSOL
        w2     | 20 kSOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component  | method       | metric | pays
        A       | COMMISSION | STAKE_WEIGHT | STAKE  | 10 % to 50 kSOL, 15 % to 100 kSOL, 20 %
    owed
        partner | amount
        A       | 0.95 SOL
    """
    story.holds()


def test_quarter_to_date(story: Story) -> None:
    """With QUARTER the scale is climbed over the whole quarter, and begins anew with the next.

    A period belongs to the quarter in which it ends.

    periods
        period | starts     | ends
        1      | 2025-03-24 | 2025-03-26
        2      | 2025-03-27 | 2025-03-29
        3      | 2025-03-30 | 2025-04-01
    revenue
        period | component | revenue
        1      | EXEC_FEES | 1.5 SOL
        2      | EXEC_FEES | 1.5 SOL
        3      | EXEC_FEES | 1.5 SOL
    agreements
        partner | component | method      | scope   | pays
        A       | EXEC_FEES | FIXED_SHARE | QUARTER | 10 % to 2 SOL, 20 %
    owed
        period | partner | amount
        1      | A       | 0.15 SOL
        2      | A       | 0.25 SOL
        3      | A       | 0.15 SOL
    """
    story.holds()


def test_year_to_date(story: Story) -> None:
    """With YEAR it is climbed over the calendar year.

    periods
        period | starts     | ends
        1      | 2025-03-24 | 2025-03-26
        2      | 2025-12-20 | 2025-12-22
        3      | 2025-12-30 | 2026-01-01
    revenue
        period | component | revenue
        1      | EXEC_FEES | 1.5 SOL
        2      | EXEC_FEES | 1.5 SOL
        3      | EXEC_FEES | 1.5 SOL
    agreements
        partner | component | method      | scope | pays
        A       | EXEC_FEES | FIXED_SHARE | YEAR  | 10 % to 2 SOL, 20 %
    owed
        period | partner | amount
        1      | A       | 0.15 SOL
        2      | A       | 0.25 SOL
        3      | A       | 0.15 SOL
    """
    story.holds()


def test_cliff_to_date(story: Story) -> None:
    """With a CLIFF to date, reaching a tier raises the rate of what was already paid, too.

    Period 2 pays 20 % of 3 SOL, less the 0.15 SOL of period 1.

    revenue
        period | component | revenue
        1      | EXEC_FEES | 1.5 SOL
        2      | EXEC_FEES | 1.5 SOL
    agreements
        partner | component | method      | scope   | mode  | pays
        A       | EXEC_FEES | FIXED_SHARE | QUARTER | CLIFF | 10 % to 2 SOL, 20 %
    owed
        period | partner | amount
        1      | A       | 0.15 SOL
        2      | A       | 0.45 SOL
    """
    story.holds()
