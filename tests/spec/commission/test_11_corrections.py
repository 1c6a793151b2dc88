"""Corrections

A released statement never changes. When its facts are restated, what the lines would be now is compared with
what was released, and the difference is stated in the next statement, line by line.
"""

from tests.spec.commission.story import Story


def test_the_difference_is_corrected(story: Story) -> None:
    """A restated fact gives a correction of the difference, up or down; unchanged lines give none.

    revenue
        validator | component  | revenue
        v1        | COMMISSION | 10 SOL
        v2        | COMMISSION | 10 SOL
        v3        | COMMISSION | 10 SOL
    agreements
        partner | component  | method      | pays
        A       | COMMISSION | FIXED_SHARE | 50 %
    owed
        partner | amount
        A       | 15 SOL
    restated
        validator | component  | revenue
        v1        | COMMISSION | 9 SOL
        v2        | COMMISSION | 10.5 SOL
        v3        | COMMISSION | 10 SOL
    corrections
        partner | validator | released | recomputed | difference
        A       | v1        | 5 SOL    | 4.5 SOL    | -0.5 SOL
        A       | v2        | 5 SOL    | 5.25 SOL   | 0.25 SOL
    """
    story.holds()


def test_a_line_that_is_gone_was_owed_nothing(story: Story) -> None:
    """A line that is no longer due is corrected to nothing, and a new one from nothing.

    revenue
        validator | component  | revenue
        v1        | COMMISSION | 10 SOL
    agreements
        partner | component  | method      | pays
        A       | COMMISSION | FIXED_SHARE | 50 %
    owed
        partner | amount
        A       | 5 SOL
    restated
        validator | component  | revenue
        v2        | COMMISSION | 10 SOL
    corrections
        partner | validator | released | recomputed | difference
        A       | v1        | 5 SOL    | 0          | -5 SOL
        A       | v2        | 0        | 5 SOL      | 5 SOL
    """
    story.holds()


def test_what_became_unknown_is_not_corrected(story: Story) -> None:
    """What cannot be computed any more is unknown, not zero: nothing is taken back.

    revenue
        validator | component  | revenue
        v1        | COMMISSION | 10 SOL
    agreements
        partner | component  | method      | pays
        A       | COMMISSION | FIXED_SHARE | 50 %
    owed
        partner | amount
        A       | 5 SOL
    restated
        validator | component  | revenue
        v1        | COMMISSION | ?
    corrections
        partner | validator | released | recomputed | difference
    """
    story.holds()


def test_a_correction_follows_the_scale(story: Story) -> None:
    """A restatement in one period moves the later periods of a scale to date, too.

    revenue
        period | component  | revenue
        1      | COMMISSION | 2 SOL
        2      | COMMISSION | 2 SOL
    agreements
        partner | component  | method      | scope   | pays
        A       | COMMISSION | FIXED_SHARE | QUARTER | 10 % to 2 SOL, 20 %
    owed
        period | partner | amount
        1      | A       | 0.2 SOL
        2      | A       | 0.4 SOL
    restated
        period | component  | revenue
        1      | COMMISSION | 1 SOL
        2      | COMMISSION | 2 SOL
    corrections
        period | partner | validator | released | recomputed | difference
        1      | A       | V         | 0.2 SOL  | 0.1 SOL    | -0.1 SOL
        2      | A       | V         | 0.4 SOL  | 0.3 SOL    | -0.1 SOL
    """
    story.holds()
