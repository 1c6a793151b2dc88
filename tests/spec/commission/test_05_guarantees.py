"""Guarantees

A guaranteed floor is owed in every period, whatever the validators earned. What they did not earn is paid
beside them, on a line without a validator.
"""

from tests.spec.commission.story import Story


def test_what_is_lacking_is_paid_beside_the_validators(story: Story) -> None:
    """What is lacking to the guarantee is a line of its own, so that no validator pays more than it earned.

    revenue
        component | revenue
        MEV_TIPS  | 3 SOL
    agreements
        partner | component | method      | pays | floor   | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | yes
    lines
        partner | validator | amount
        A       | V         | 0.3 SOL
        A       | none      | 0.2 SOL
    findings
        finding        | blocks release
        GUARANTEE_PAID | no
    """
    story.holds()


def test_a_guarantee_is_owed_without_any_base(story: Story) -> None:
    """A guarantee is owed even when nothing was earned.

    revenue
        component | revenue
        MEV_TIPS  | 0
    agreements
        partner | component | method      | pays | floor   | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | yes
    lines
        partner | validator | amount
        A       | V         | 0
        A       | none      | 0.5 SOL
    findings
        finding        | blocks release
        GUARANTEE_PAID | no
    """
    story.holds()


def test_who_earned_more_gets_nothing_on_top(story: Story) -> None:
    """Whoever earned more than the guarantee is paid what was earned.

    revenue
        component | revenue
        MEV_TIPS  | 7 SOL
    agreements
        partner | component | method      | pays | floor   | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | 10 % | 0.5 SOL | yes
    lines
        partner | validator | amount
        A       | V         | 0.7 SOL
    """
    story.holds()


def test_a_guarantee_needs_an_amount(story: Story) -> None:
    """A guarantee without an amount is refused when the agreement is put in force.

    agreements
        agreement | partner | component | method      | pays | guarantee
        empty     | A       | MEV_TIPS  | FIXED_SHARE | 10 % | yes
    refused
        agreement | because
        empty     | it guarantees nothing
    """
    story.refuses()
