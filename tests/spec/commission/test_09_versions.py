"""Versions, and changes inside a period

A changed agreement is a new version; old ones are kept as they were. A period is never divided: what is in
force when it starts holds until it ends.
"""

from tests.spec.commission.story import Story


def test_a_change_takes_effect_with_the_next_period(story: Story) -> None:
    """A change inside a period takes effect with the next one.

    Version 2 is agreed from noon of the 3rd, in the middle of period 1.

    periods
        period | starts     | ends
        1      | 2025-01-02 | 2025-01-04
        2      | 2025-01-04 | 2025-01-06
    revenue
        period | component | revenue
        1      | MEV_TIPS  | 10 SOL
        2      | MEV_TIPS  | 10 SOL
    agreements
        agreement | version | partner | from             | component | method      | pays
        referral  | 1       | A       | 2024-01-01       | MEV_TIPS  | FIXED_SHARE | 10 %
        referral  | 2       | A       | 2025-01-03 12:00 | MEV_TIPS  | FIXED_SHARE | 15 %
    lines
        period | partner | version | validator | amount
        1      | A       | 1       | V         | 1 SOL
        2      | A       | 2       | V         | 1.5 SOL
    """
    story.holds()


def test_from_the_very_start_of_a_period(story: Story) -> None:
    """A version valid from the moment a period starts holds in that period; one that ends then does not.

    periods
        period | starts     | ends
        1      | 2025-01-02 | 2025-01-04
        2      | 2025-01-04 | 2025-01-06
    revenue
        period | component | revenue
        1      | MEV_TIPS  | 10 SOL
        2      | MEV_TIPS  | 10 SOL
    agreements
        agreement | partner | from       | until      | component | method      | pays
        ending    | A       | 2024-01-01 | 2025-01-04 | MEV_TIPS  | FIXED_SHARE | 10 %
        beginning | B       | 2025-01-04 |            | MEV_TIPS  | FIXED_SHARE | 20 %
    lines
        period | partner | agreement | validator | amount
        1      | A       | ending    | V         | 1 SOL
        2      | B       | beginning | V         | 2 SOL
    """
    story.holds()


def test_the_newest_version_decides(story: Story) -> None:
    """Where versions overlap, the newest decides.

    revenue
        component | revenue
        MEV_TIPS  | 10 SOL
    agreements
        agreement | version | partner | component | method      | pays
        referral  | 1       | A       | MEV_TIPS  | FIXED_SHARE | 10 %
        referral  | 2       | A       | MEV_TIPS  | FIXED_SHARE | 15 %
    lines
        partner | version | validator | amount
        A       | 2       | V         | 1.5 SOL
    """
    story.holds()


def test_a_draft_never_pays(story: Story) -> None:
    """A draft pays nothing and disturbs nothing.

    revenue
        component | revenue
        MEV_TIPS  | 10 SOL
    agreements
        agreement | version | status | partner | component | method      | pays
        referral  | 1       | ACTIVE | A       | MEV_TIPS  | FIXED_SHARE | 10 %
        referral  | 2       | DRAFT  | A       | MEV_TIPS  | FIXED_SHARE | 15 %
    lines
        partner | version | validator | amount
        A       | 1       | V         | 1 SOL
    """
    story.holds()


def test_suspended_is_not_replaced_by_an_older_version(story: Story) -> None:
    """A suspended or terminated version pays nothing, and no older one comes back in its place.

    revenue
        component | revenue
        MEV_TIPS  | 10 SOL
    agreements
        agreement | version | status    | partner | component | method      | pays
        referral  | 1       | ACTIVE    | A       | MEV_TIPS  | FIXED_SHARE | 10 %
        referral  | 2       | SUSPENDED | A       | MEV_TIPS  | FIXED_SHARE | 15 %
        other     | 1       | ACTIVE    | B       | MEV_TIPS  | FIXED_SHARE | 5 %
    lines
        partner | version | validator | amount
        B       | 1       | V         | 0.5 SOL
    owed
        partner | amount
        B       | 0.5 SOL
    """
    story.holds()


def test_a_new_version_goes_on_where_the_old_one_was(story: Story) -> None:
    """What a rule remembers, such as its base of the quarter, stays with it through a change of version.

    periods
        period | starts     | ends
        1      | 2025-01-02 | 2025-01-04
        2      | 2025-01-04 | 2025-01-06
    revenue
        period | component | revenue
        1      | MEV_TIPS  | 2 SOL
        2      | MEV_TIPS  | 2 SOL
    agreements
        agreement | version | partner | from       | component | method      | scope   | pays
        scale     | 1       | A       | 2024-01-01 | MEV_TIPS  | FIXED_SHARE | QUARTER | 10 % to 2 SOL, 20 %
        scale     | 2       | A       | 2025-01-03 | MEV_TIPS  | FIXED_SHARE | QUARTER | 10 % to 2 SOL, 30 %
    owed
        period | partner | amount
        1      | A       | 0.2 SOL
        2      | A       | 0.6 SOL
    """
    story.holds()
