"""The revenue guard

All partners together never get more of a component of a validator than it earned. Guarantees are paid beside
the validators and do not count.
"""

from tests.spec.commission.story import Story


def test_over_claims_block(story: Story) -> None:
    """BLOCK, the default: where claims exceed what was earned, no statement of the period can be released.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 60 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    guard
        policy | limit
        BLOCK  | 100 %
    owed
        partner | amount  | releasable
        A       | 2.4 SOL | no
        B       | 2 SOL   | no
    findings
        finding       | blocks release
        REVENUE_GUARD | yes
    """
    story.holds()


def test_over_claims_may_be_scaled(story: Story) -> None:
    """SCALE, if chosen for a chain: claims shrink in proportion until they fit.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 75 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    guard
        policy | limit
        SCALE  | 100 %
    lines
        partner | validator | amount  | marked
        A       | V         | 2.4 SOL | SCALED
        B       | V         | 1.6 SOL | SCALED
    owed
        partner | amount  | releasable
        A       | 2.4 SOL | yes
        B       | 1.6 SOL | yes
    findings
        finding      | blocks release
        GUARD_SCALED | no
    """
    story.holds()


def test_the_limit_may_be_lower(story: Story) -> None:
    """The limit may be a part of the revenue.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 75 %
        B       | MEV_TIPS  | FIXED_SHARE | 50 %
    guard
        policy | limit
        SCALE  | 90 %
    owed
        partner | amount
        A       | 2.16 SOL
        B       | 1.44 SOL
    findings
        finding      | blocks release
        GUARD_SCALED | no
    """
    story.holds()


def test_every_validator_and_component_stands_for_itself(story: Story) -> None:
    """What one validator or component has left makes up for no other.

    revenue
        validator | component  | revenue
        v1        | MEV_TIPS   | 4 SOL
        v1        | COMMISSION | 100 SOL
        v2        | MEV_TIPS   | 100 SOL
    agreements
        partner | component | method      | validator | pays
        A       | MEV_TIPS  | FIXED_SHARE | v1        | 60 %
        B       | MEV_TIPS  | FIXED_SHARE | v1        | 50 %
    owed
        partner | amount  | releasable
        A       | 2.4 SOL | no
        B       | 2 SOL   | no
    findings
        finding       | blocks release
        REVENUE_GUARD | yes
    """
    story.holds()


def test_guarantees_do_not_count(story: Story) -> None:
    """A guarantee is paid beside the revenue and trips no guard.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays | floor | guarantee
        A       | MEV_TIPS  | FIXED_SHARE | 50 % | 9 SOL | yes
    lines
        partner | validator | amount
        A       | V         | 2 SOL
        A       | none      | 7 SOL
    findings
        finding        | blocks release
        GUARANTEE_PAID | no
    """
    story.holds()


def test_a_floor_counts(story: Story) -> None:
    """A plain floor is paid out of what was earned, and counts.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays | floor
        A       | MEV_TIPS  | FIXED_SHARE | 50 % | 9 SOL
    owed
        partner | amount | releasable
        A       | 9 SOL  | no
    findings
        finding       | blocks release
        REVENUE_GUARD | yes
    """
    story.holds()
