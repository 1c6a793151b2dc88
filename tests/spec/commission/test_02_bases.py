"""What a rule pays on

Each rule pays on one component of what validators earn: execution fees, MEV tips, vote rewards on the
operator's own stake, or the commission taken from delegators. The method says which part of it is the base:

{methods}
"""

from tests.spec.commission.story import Story


def test_fixed_share(story: Story) -> None:
    """FIXED_SHARE pays on the whole component, regardless of who staked.

    revenue
        component | revenue
        MEV_TIPS  | 4 SOL
    agreements
        partner | component | method      | pays
        A       | MEV_TIPS  | FIXED_SHARE | 5 %
    lines
        partner | validator | base  | amount
        A       | V         | 4 SOL | 0.2 SOL
    """
    story.holds()


def test_stake_weight(story: Story) -> None:
    """STAKE_WEIGHT pays on the part of the component that is the partner's part of the active stake.

    revenue
        component | revenue
        EXEC_FEES | 8 SOL
    stakes
        wallet | stake
        w1     | 750 SOL
        w2     | 250 SOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component | method       | pays
        A       | EXEC_FEES | STAKE_WEIGHT | 10 %
    lines
        partner | validator | base  | amount
        A       | V         | 6 SOL | 0.6 SOL
    """
    story.holds()


def test_client_revenue(story: Story) -> None:
    """CLIENT_REVENUE pays on what was taken from the partner's own clients.

    Clients may pay different commissions: here w1, of 500 SOL, gave more than w2 of the same size.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
        w2     | 500 SOL
    clients
        wallet | component  | gave
        w1     | COMMISSION | 7 SOL
        w2     | COMMISSION | 3 SOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component  | method         | pays
        A       | COMMISSION | CLIENT_REVENUE | 20 %
    lines
        partner | validator | base  | amount  | marked
        A       | V         | 7 SOL | 1.4 SOL |
    """
    story.holds()


def test_what_no_client_shows_is_allocated(story: Story) -> None:
    """Execution fees reach no client's account: CLIENT_REVENUE splits them by stake, and the line says so.

    revenue
        component | revenue
        EXEC_FEES | 8 SOL
    stakes
        wallet | stake
        w1     | 750 SOL
        w2     | 250 SOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component | method         | pays
        A       | EXEC_FEES | CLIENT_REVENUE | 10 %
    lines
        partner | validator | base  | amount  | marked
        A       | V         | 6 SOL | 0.6 SOL | ALLOCATED
    """
    story.holds()


def test_every_validator_has_its_own_line(story: Story) -> None:
    """A rule covers every validator it does not exclude, with a line for each.

    revenue
        validator | component  | revenue
        v1        | COMMISSION | 10 SOL
        v2        | COMMISSION | 6 SOL
    stakes
        validator | wallet | stake
        v1        | w1     | 500 SOL
        v1        | w2     | 500 SOL
        v2        | w1     | 100 SOL
        v2        | w2     | 200 SOL
    wallets
        wallet | partner
        w1     | A
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 10 %
    lines
        partner | validator | base  | amount
        A       | v1        | 5 SOL | 0.5 SOL
        A       | v2        | 2 SOL | 0.2 SOL
    """
    story.holds()


def test_the_more_specific_rule_wins(story: Story) -> None:
    """Within an agreement, a rule for a named validator takes the place of the general one there.

    revenue
        validator | component | revenue
        v1        | MEV_TIPS  | 10 SOL
        v2        | MEV_TIPS  | 10 SOL
    agreements
        agreement | partner | rule    | component | method      | validator | pays
        general   | A       | all     | MEV_TIPS  | FIXED_SHARE |           | 10 %
        general   | A       | special | MEV_TIPS  | FIXED_SHARE | v2        | 3 %
    lines
        partner | rule    | validator | amount
        A       | all     | v1        | 1 SOL
        A       | special | v2        | 0.3 SOL
    """
    story.holds()


def test_equally_specific_rules_are_refused(story: Story) -> None:
    """Two rules of an agreement for the same component and place are refused when it is put in force.

    agreements
        agreement | partner | rule   | component | method      | pays
        double    | A       | first  | MEV_TIPS  | FIXED_SHARE | 10 %
        double    | A       | second | MEV_TIPS  | FIXED_SHARE | 3 %
    refused
        agreement | because
        double    | rules first and second are equally specific for MEV_TIPS
    """
    story.refuses()


def test_rules_do_not_stack(story: Story) -> None:
    """Every rule pays on the component as it was earned; none pays on what another left.

    revenue
        component  | revenue
        MEV_TIPS   | 10 SOL
        COMMISSION | 20 SOL
    agreements
        agreement | partner | rule       | component  | method      | pays
        both      | A       | tips       | MEV_TIPS   | FIXED_SHARE | 50 %
        both      | A       | commission | COMMISSION | FIXED_SHARE | 50 %
    lines
        partner | rule       | validator | base   | amount
        A       | tips       | V         | 10 SOL | 5 SOL
        A       | commission | V         | 20 SOL | 10 SOL
    owed
        partner | amount
        A       | 15 SOL
    """
    story.holds()
