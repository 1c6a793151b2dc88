"""A monthly statement as a value: its states, its balances, its months."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from aurora_assets.commission.statement import (
    StatementAction,
    StatementError,
    StatementKey,
    StatementStatus,
    calculate_balance,
    month_gaps,
    next_status,
    person,
    refuse_own_approval,
    same_person,
)
from tests.unit.statements.samples import KEY, MONTH, line, statement, true_up


class TestStates:
    ALLOWED = (
        ("DRAFT", "submit", "PENDING_APPROVAL"),
        ("PENDING_APPROVAL", "approve", "APPROVED"),
        ("APPROVED", "release", "RELEASED"),
        ("RELEASED", "pay", "PAID"),
        ("PENDING_APPROVAL", "reopen", "DRAFT"),
        ("APPROVED", "reopen", "DRAFT"),
    )

    def test_only_these_steps_exist(self) -> None:
        done = []
        for status in StatementStatus:
            for action in StatementAction:
                try:
                    done.append((status.value, action.value, next_status(KEY, status, action).value))
                except StatementError as error:
                    assert str(KEY) in str(error)
        assert sorted(done) == sorted(self.ALLOWED)

    def test_a_released_one_is_mended_by_a_correction(self) -> None:
        with pytest.raises(StatementError, match="the difference goes into the next statement"):
            next_status(KEY, StatementStatus.PAID, StatementAction.REOPEN)

    def test_a_draft_cannot_be_reopened(self) -> None:
        with pytest.raises(StatementError, match="must be PENDING_APPROVAL or APPROVED"):
            next_status(KEY, StatementStatus.DRAFT, StatementAction.REOPEN)


class TestPeople:
    def test_names_are_compared_as_people_read_them(self) -> None:
        assert same_person("Ada ", "ada")
        assert not same_person("Ada", "Adam")
        assert person(" Ada ") == "Ada"

    def test_the_preparer_cannot_approve(self) -> None:
        refuse_own_approval(KEY, "Ada", "Ben")
        with pytest.raises(StatementError, match="was submitted by Ada, who cannot approve it"):
            refuse_own_approval(KEY, "Ada", "ADA")

    def test_nobody_is_no_person(self) -> None:
        with pytest.raises(StatementError, match="nobody is named"):
            person(" ")


class TestPlace:
    def test_the_id_is_for_ever(self) -> None:
        """Published ids must never change: this one is written down."""
        assert str(KEY) == "statement of north on solana-mainnet for 2026-01"
        assert KEY.statement_id == UUID("dcac1276-6d14-5c72-8169-f117e1f811ca")
        assert replace(KEY, month=date(2026, 2, 1)).statement_id != KEY.statement_id

    def test_a_month_begins_on_its_first_day(self) -> None:
        with pytest.raises(ValueError, match="named by its first day"):
            StatementKey("north", "solana-mainnet", date(2026, 1, 2))


class TestBalances:
    def test_gt14_a_debit_is_carried_until_it_is_set_off(self) -> None:
        first = calculate_balance(0, -70_000_000)
        assert (first.payable, first.closing) == (0, -70_000_000)
        second = calculate_balance(first.closing, 80_000_000)
        assert (second.payable, second.closing) == (10_000_000, 0)

    def test_nothing_is_kept_back(self) -> None:
        with pytest.raises(ValueError, match="an amount that was not paid"):
            calculate_balance(1, 5)

    def test_lines_and_corrections_are_settled_together(self) -> None:
        told = statement(line(amount=100), line(2, amount=50), opening=-30, true_ups=(true_up(-40),))
        assert (told.lines_total, told.true_ups_total) == (150, -40)
        assert (told.balance.total, told.balance.payable, told.balance.closing) == (110, 80, 0)


class TestMonths:
    def test_a_complete_month_has_no_gap(self) -> None:
        assert month_gaps("c", MONTH, {3: True, 4: True}, 2, 5) == []
        assert month_gaps("c", MONTH, {3: True}, None, 4) == []
        assert month_gaps("c", MONTH, {}, 2, 3) == []
        assert month_gaps("c", MONTH, {}, None, 3) == []

    def test_a_month_is_not_over_before_a_later_period_is_known(self) -> None:
        (gap,) = month_gaps("c", MONTH, {3: True}, 2, None)
        assert gap.startswith("c: no period that ends after 2026-01 is known yet")

    @pytest.mark.parametrize(
        ("booked", "before", "after", "told"),
        [
            ({3: True, 5: True}, 2, 6, "c: period 4 is never asked for; backfill"),
            ({4: True}, 2, 6, "c: periods 3, 5 are never asked for; backfill"),
            ({}, 2, 12, "c: periods 3 to 11 are never asked for; backfill"),
            ({3: False, 4: True}, 2, 5, "c: period 3 is without commission lines; backfill"),
        ],
    )
    def test_what_is_missing_is_named(
        self, booked: dict[int, bool], before: int, after: int, told: str
    ) -> None:
        assert month_gaps("c", MONTH, booked, before, after) == [told]

    def test_nothing_known_is_one_gap(self) -> None:
        assert len(month_gaps("c", MONTH, {}, None, None)) == 1
