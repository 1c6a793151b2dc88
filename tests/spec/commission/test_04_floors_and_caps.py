"""Floors and caps

A floor is the least a rule pays in a period, a cap the most. Both bound the rule's total over all its
validators, before the total is split over them.
"""

from tests.spec.commission.story import Story


def test_the_floor_lifts(story: Story) -> None:
    """What is earned below the floor is lifted to it, over all validators of the rule together.

    revenue
        validator | component | revenue
        v1        | MEV_TIPS  | 2 SOL
        v2        | MEV_TIPS  | 1 SOL
    agreements
        partner | component | method      | pays | floor
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.6 SOL
    lines
        partner | validator | amount
        A       | v1        | 0.4 SOL
        A       | v2        | 0.2 SOL
    """
    story.holds()


def test_without_a_base_the_floor_pays_nothing(story: Story) -> None:
    """A floor pays nothing where there is no base: only a guarantee does.

    revenue
        component | revenue
        MEV_TIPS  | 0
    agreements
        partner | component | method      | pays | floor
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL
    owed
        partner | amount
        A       | 0
    """
    story.holds()


def test_the_cap_cuts(story: Story) -> None:
    """What is earned above the cap is cut to it.

    revenue
        component | revenue
        MEV_TIPS  | 14 SOL
    agreements
        partner | component | method      | pays | floor   | cap
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | 1 SOL
    owed
        partner | amount
        A       | 1 SOL
    """
    story.holds()


def test_between_floor_and_cap(story: Story) -> None:
    """Between floor and cap the earned commission is paid as it is.

    revenue
        component | revenue
        MEV_TIPS  | 7 SOL
    agreements
        partner | component | method      | pays | floor   | cap
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | 1 SOL
    owed
        partner | amount
        A       | 0.7 SOL
    """
    story.holds()


def test_a_floor_above_the_cap_is_refused(story: Story) -> None:
    """A floor above the cap is refused when the agreement is put in force.

    agreements
        agreement | partner | component | method      | pays | floor | cap
        crossed   | A       | MEV_TIPS  | FIXED_SHARE | 10 % | 2 SOL | 1 SOL
    refused
        agreement | because
        crossed   | its floor 2000000000 is above its cap 1000000000
    """
    story.refuses()


def test_amounts_name_their_chain(story: Story) -> None:
    """A floor, cap or threshold is an amount of one chain, so its rule must name the chain.

    agreements
        agreement | partner | component | method      | chain | pays | floor
        anywhere  | A       | MEV_TIPS  | FIXED_SHARE | any   | 10 % | 2 SOL
    refused
        agreement | because
        anywhere  | amounts of no particular chain
    """
    story.refuses()
