"""Negative balances

A statement's lines and corrections may sum to less than zero. Then nothing is paid, and what is left is set
off by the next statement: a partner is never asked for money back.
"""

from aurora_assets.commission.statement import calculate_balance
from tests.spec.commission.drawing import known
from tests.spec.commission.story import Story


def test_a_negative_total_is_carried_forward(story: Story) -> None:
    """What a statement cannot set off is the opening balance of the next; what is owed is paid at once.

    balances
        statement | opening    | total     | paid     | left over
        January   | 0          | 0.3 SOL   | 0.3 SOL  | 0
        February  | 0          | -0.07 SOL | 0        | -0.07 SOL
        March     | -0.07 SOL  | 0.03 SOL  | 0        | -0.04 SOL
        April     | -0.04 SOL  | 0.05 SOL  | 0.01 SOL | 0
    """
    left = 0
    for row in story.drawn["balances"]:
        assert known(row["opening"]) == left
        settled = calculate_balance(left, known(row["total"]))
        assert (settled.payable, settled.closing) == (known(row["paid"]), known(row["left over"]))
        left = settled.closing


def test_paid_and_left_over_are_all_there_is(story: Story) -> None:
    """What is paid and what is left over sum to the opening balance and the total, always.

    balances
        opening | total | paid | left over
        0       | 0     | 0    | 0
        -1      | 1     | 0    | 0
        -1      | 2     | 1    | 0
        -5      | -3    | 0    | -8
    """
    for row in story.drawn["balances"]:
        settled = calculate_balance(known(row["opening"]), known(row["total"]))
        assert (settled.payable, settled.closing) == (known(row["paid"]), known(row["left over"]))
        assert settled.payable + settled.closing == settled.opening + settled.total
