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
    """A partner who earned more than the guarantee is paid what was earned.

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


def test_a_guarantee_waits_for_a_stake_it_is_measured_by(story: Story) -> None:
    """A guarantee whose rate depends on an unknown stake has no amount yet.

    What is lacking to the guarantee is only known with the commission itself. In period 2 nothing was earned:
    then the stake decides nothing, and the guarantee is owed. In period 3 the stake is known again.

    revenue
        period | component | revenue
        1      | MEV_TIPS  | 3 SOL
        2      | MEV_TIPS  | 0
        3      | MEV_TIPS  | 3 SOL
    stakes
        period | wallet | stake
        3      | w1     | 80 kSOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component | method      | metric | pays                 | floor   | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | STAKE  | 5 % to 50 kSOL, 10 % | 0.5 SOL | yes
    lines
        period | partner | validator | amount
        2      | A       | V         | 0
        2      | A       | none      | 0.5 SOL
        3      | A       | V         | 0.20625 SOL
        3      | A       | none      | 0.29375 SOL
    owed
        period | partner | amount  | releasable
        1      | A       | 0       | no
        2      | A       | 0.5 SOL | yes
        3      | A       | 0.5 SOL | yes
    findings
        period | finding        | blocks release
        1      | STAKE_UNKNOWN  | yes
        2      | GUARANTEE_PAID | no
        3      | GUARANTEE_PAID | no
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
