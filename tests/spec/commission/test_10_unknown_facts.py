"""Unknown facts

Unknown is not zero. Where something a rule needs is not known, it pays nothing yet, a finding names what is
missing, and the statement cannot be released until it is known.
"""

from tests.spec.commission.story import Story


def test_missing_revenue(story: Story) -> None:
    """A rule with a missing amount has no line at all, not even for the validators that are known.

    Other partners are not held up.

    revenue
        validator | component | revenue
        v1        | MEV_TIPS  | 10 SOL
        v2        | MEV_TIPS  | ?
    agreements
        partner | component | method      | validator | pays
        A       | MEV_TIPS  | FIXED_SHARE |           | 10 %
        B       | MEV_TIPS  | FIXED_SHARE | v1        | 5 %
    lines
        partner | validator | amount
        B       | v1        | 0.5 SOL
    owed
        partner | amount  | releasable
        A       | 0       | no
        B       | 0.5 SOL | yes
    findings
        finding      | blocks release
        FACT_MISSING | yes
    """
    story.holds()


def test_a_known_zero_is_an_amount(story: Story) -> None:
    """A component that is known to have earned nothing has a line of zero, and blocks nothing.

    revenue
        component | revenue
        MEV_TIPS  | 0
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 10 %
    lines
        partner | validator | amount
        A       | V         | 0
    owed
        partner | amount | releasable
        A       | 0      | yes
    """
    story.holds()


def test_unknown_stake(story: Story) -> None:
    """Where one stake is not known, nothing can be split by stake.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
        w2     | ?
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 10 %
    owed
        partner | amount | releasable
        A       | 0      | no
    findings
        finding       | blocks release
        STAKE_UNKNOWN | yes
    """
    story.holds()


def test_unobserved_clients(story: Story) -> None:
    """A commission that was not observed by client is not guessed from stake.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component  | method         | pays
        A       | COMMISSION | CLIENT_REVENUE | 10 %
    owed
        partner | amount | releasable
        A       | 0      | no
    findings
        finding                | blocks release
        CLIENT_REVENUE_UNKNOWN | yes
    """
    story.holds()


def test_provisional_facts(story: Story) -> None:
    """A provisional amount is paid on and marked: it may still change.

    revenue
        component | revenue | state
        MEV_TIPS  | 10 SOL  | PROVISIONAL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 10 %
    lines
        partner | validator | amount | marked
        A       | V         | 1 SOL  | PROVISIONAL
    findings
        finding          | blocks release
        FACT_PROVISIONAL | no
    """
    story.holds()


def test_what_builds_on_an_unknown_period_is_unknown(story: Story) -> None:
    """A scale to date cannot be climbed over a period that is not known.

    revenue
        period | component | revenue
        1      | MEV_TIPS  | ?
        2      | MEV_TIPS  | 10 SOL
    agreements
        agreement | partner | component | method      | scope   | pays
        scale     | A       | MEV_TIPS  | FIXED_SHARE | QUARTER | 10 % to 2 SOL, 20 %
        flat      | B       | MEV_TIPS  | FIXED_SHARE | PERIOD  | 5 %
    owed
        period | partner | amount  | releasable
        1      | A       | 0       | no
        1      | B       | 0       | no
        2      | A       | 0       | no
        2      | B       | 0.5 SOL | yes
    findings
        period | finding         | blocks release
        1      | FACT_MISSING    | yes
        1      | FACT_MISSING    | yes
        2      | HISTORY_UNKNOWN | yes
    """
    story.holds()
