"""Over time, exactly what is owed in the end was paid, whatever happened in between."""

from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_assets.commission.corrections import OwedLine, TrueUpItem, new_corrections, stated_so_far
from aurora_assets.commission.statement import calculate_balance

amounts = st.integers(0, 2**128)
signed = st.integers(-(2**128), 2**128)
# What a line is computed as at one time: None is a line that is not there.
books = st.dictionaries(st.integers(1, 6), amounts, max_size=6)


def owed(number: int, amount: int) -> OwedLine:
    return OwedLine(
        UUID(int=number), "p", "c", 800 + number % 2, "a", 1, "r", f"v{number}", "COMMISSION", amount, amount
    )


@settings(max_examples=200, deadline=None)
@given(st.lists(signed, max_size=12))
def test_payments_and_what_is_left_sum_to_all_that_was_stated(totals: list[int]) -> None:
    paid, balance = 0, 0
    for total in totals:
        settled = calculate_balance(balance, total)
        assert settled.payable >= 0 >= settled.closing
        assert 0 in {settled.payable, settled.closing}
        assert settled.payable + settled.closing == balance + total
        paid, balance = paid + settled.payable, settled.closing
    assert paid + balance == sum(totals)


@settings(max_examples=200, deadline=None)
@given(books, st.lists(books, max_size=6))
def test_what_was_stated_in_all_is_what_is_computed_in_the_end(
    first: dict[int, int], recomputed: list[dict[int, int]]
) -> None:
    released = [owed(number, amount) for number, amount in first.items()]
    kept: list[TrueUpItem] = []

    def due(book: dict[int, int]) -> tuple[TrueUpItem, ...]:
        sequences: dict[UUID, int] = {}
        for item in kept:
            sequences[item.line.line_id] = max(item.sequence, sequences.get(item.line.line_id, 0))
        in_force = {line.line_id: line for line in (owed(*entry) for entry in book.items())}
        return new_corrections(stated_so_far(released, kept), in_force, (), sequences)

    for book in recomputed:
        kept.extend(due(book))
        assert due(book) == ()
    final = recomputed[-1] if recomputed else first
    assert sum(first.values()) + sum(item.difference for item in kept) == sum(final.values())
    assert len({item.true_up_id for item in kept}) == len(kept)
    assert all(item.difference != 0 for item in kept)


@settings(max_examples=200, deadline=None)
@given(books, books, st.lists(signed, max_size=3))
def test_payments_over_time_equal_the_final_computation(
    first: dict[int, int], final: dict[int, int], others: list[int]
) -> None:
    """A released month, its correction, and other months: what is paid and carried is what is owed."""
    stated = {line.line_id: line for line in (owed(*entry) for entry in first.items())}
    in_force = {line.line_id: line for line in (owed(*entry) for entry in final.items())}
    corrections = new_corrections(stated, in_force, (), {})
    months = [sum(first.values()), *others, sum(item.difference for item in corrections)]
    paid, balance = 0, 0
    for total in months:
        settled = calculate_balance(balance, total)
        paid, balance = paid + settled.payable, settled.closing
    assert paid + balance == sum(final.values()) + sum(others)
