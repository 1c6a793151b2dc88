"""Losses

Vote rewards can be negative where a chain punishes. A partner never owes a commission for a loss; whether
the loss is set off against later earnings is agreed for each rule.
"""

from tests.spec.commission.story import Story


def test_a_loss_is_carried(story: Story) -> None:
    """CARRY, the default: a loss pays nothing, and is set off against the next earnings of the same rule.

    revenue
        period | component    | revenue
        1      | VOTE_REWARDS | -0.05 ETH
        2      | VOTE_REWARDS | 0.12 ETH
    agreements
        partner | component    | method      | pays | losses
        A       | VOTE_REWARDS | FIXED_SHARE | 10 % | CARRY
    owed
        period | partner | amount
        1      | A       | 0
        2      | A       | 0.007 ETH
    findings
        period | finding       | blocks release
        1      | NEGATIVE_BASE | no
    """
    story.holds()


def test_a_loss_may_be_dropped(story: Story) -> None:
    """NO_CARRY: a loss pays nothing and is forgotten.

    revenue
        period | component    | revenue
        1      | VOTE_REWARDS | -0.05 ETH
        2      | VOTE_REWARDS | 0.12 ETH
    agreements
        partner | component    | method      | pays | losses
        A       | VOTE_REWARDS | FIXED_SHARE | 10 % | NO_CARRY
    owed
        period | partner | amount
        1      | A       | 0
        2      | A       | 0.012 ETH
    findings
        period | finding       | blocks release
        1      | NEGATIVE_BASE | no
    """
    story.holds()


def test_a_large_loss_is_carried_on(story: Story) -> None:
    """What a period cannot set off is carried on to the next.

    revenue
        period | component    | revenue
        1      | VOTE_REWARDS | -0.2 ETH
        2      | VOTE_REWARDS | 0.12 ETH
        3      | VOTE_REWARDS | 0.1 ETH
    agreements
        partner | component    | method      | pays | losses
        A       | VOTE_REWARDS | FIXED_SHARE | 10 % | CARRY
    owed
        period | partner | amount
        1      | A       | 0
        2      | A       | 0
        3      | A       | 0.002 ETH
    findings
        period | finding       | blocks release
        1      | NEGATIVE_BASE | no
    """
    story.holds()


def test_losses_and_earnings_of_a_period_meet(story: Story) -> None:
    """Within a period, the loss on one validator is set off against what the rule earns on the others.

    revenue
        validator | component    | revenue
        v1        | VOTE_REWARDS | -0.05 ETH
        v2        | VOTE_REWARDS | 0.12 ETH
    agreements
        partner | component    | method      | pays | losses
        A       | VOTE_REWARDS | FIXED_SHARE | 10 % | CARRY
    lines
        partner | validator | base      | amount
        A       | v1        | -0.05 ETH | 0
        A       | v2        | 0.12 ETH  | 0.007 ETH
    findings
        finding       | blocks release
        NEGATIVE_BASE | no
    """
    story.holds()
