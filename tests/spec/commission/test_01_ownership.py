"""Ownership

A partner is paid for the wallets it introduced. The owner of a wallet is the one who may withdraw its stake;
a wallet belongs to one partner at a time, and to nobody until somebody introduces it.
"""

from tests.spec.commission.story import Story


def test_a_partner_is_paid_for_its_wallets(story: Story) -> None:
    """Stake earns a commission for the partner who introduced it.

    Stake that nobody introduced earns nobody a commission. What is left of the revenue stays with the
    operator.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 600 SOL
        w2     | 300 SOL
        w3     | 100 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | B
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 50 %
        B       | COMMISSION | STAKE_WEIGHT | 40 %
    shares
        of     | share
        A      | 6 SOL
        B      | 3 SOL
        nobody | 1 SOL
    owed
        partner | amount
        A       | 3 SOL
        B       | 1.2 SOL
    """
    story.holds()


def test_all_wallets_of_a_partner_count_together(story: Story) -> None:
    """All wallets of a partner count together.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
        w2     | 200 SOL
        w2     | 100 SOL
        w3     | 200 SOL
    wallets
        wallet | partner
        w1     | A
        w2     | A
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 50 %
    owed
        partner | amount
        A       | 4 SOL
    """
    story.holds()


def test_ownership_at_the_start_of_the_period_decides(story: Story) -> None:
    """Who owns a wallet when a period starts owns it for the whole period.

    Period 2 starts on the 4th. A wallet introduced on the 5th counts from period 3, and one that is given
    up on the 4th does not count in period 2 any more.

    periods
        period | starts     | ends
        1      | 2025-01-02 | 2025-01-04
        2      | 2025-01-04 | 2025-01-06
        3      | 2025-01-06 | 2025-01-08
    revenue
        period | component  | revenue
        1      | COMMISSION | 10 SOL
        2      | COMMISSION | 10 SOL
        3      | COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
        w2     | 500 SOL
    wallets
        wallet | partner | from       | until
        w1     | A       | 2025-01-05 |
        w2     | B       | 2024-01-01 | 2025-01-04
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 10 %
        B       | COMMISSION | STAKE_WEIGHT | 10 %
    owed
        period | partner | amount
        1      | A       | 0
        1      | B       | 0.5 SOL
        2      | A       | 0
        2      | B       | 0
        3      | A       | 0.5 SOL
        3      | B       | 0
    """
    story.holds()


def test_the_first_introduction_holds(story: Story) -> None:
    """Where two partners claim a wallet, the first introduction holds.

    No statement is released until all claims but one are ended.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
        w2     | 500 SOL
    wallets
        wallet | partner | from
        w1     | A       | 2024-06-01
        w1     | B       | 2024-01-01
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 10 %
        B       | COMMISSION | STAKE_WEIGHT | 10 %
    owed
        partner | amount  | releasable
        A       | 0       | no
        B       | 0.5 SOL | no
    findings
        finding            | blocks release
        OWNERSHIP_CONFLICT | yes
    """
    story.holds()


def test_a_wallet_is_introduced_on_one_chain(story: Story) -> None:
    """A wallet introduced on another chain counts nothing here.

    revenue
        component  | revenue
        COMMISSION | 10 SOL
    stakes
        wallet | stake
        w1     | 500 SOL
    wallets
        wallet | partner | chain
        w1     | A       | elsewhere
    agreements
        partner | component  | method       | pays
        A       | COMMISSION | STAKE_WEIGHT | 10 %
    owed
        partner | amount
        A       | 0
    """
    story.holds()
