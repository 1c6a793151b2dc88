"""A monthly statement as a value: its states, its balances, its document and digest."""

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from aurora_assets.commission.content import freeze, read_lines
from aurora_assets.commission.corrections import OwedLine, TrueUpItem
from aurora_assets.commission.statement import (
    Statement,
    StatementAction,
    StatementError,
    StatementKey,
    StatementLine,
    StatementPeriod,
    StatementStatus,
    month_gaps,
    next_status,
    person,
    refuse_own_approval,
    same_person,
    settle_balance,
)

PLACE = StatementKey("north", "solana-mainnet", date(2026, 1, 1))
MONTH = PLACE.month


def line(number: int = 1, **fields: Any) -> StatementLine:
    given: dict[str, Any] = {
        "line_id": UUID(int=number),
        "period_id": 800,
        "agreement_id": "a",
        "version": 1,
        "rule_id": "r",
        "validator_key": "v1",
        "validator_name": "Validator \u2116 1",
        "component": "COMMISSION",
        "method": "STAKE_WEIGHT",
        "base": 2**200 + 1,
        "trace": {"rate_bps": 5000, "slices": []},
        "computed": 2**199,
        "amount": 2**199,
        "override_reason": None,
        "allocated": False,
        "scaled": False,
        "state": "FINAL",
        "engine_version": "1",
    }
    return StatementLine(**(given | fields))


def statement(*lines: StatementLine, opening: int = 0, true_ups: tuple[TrueUpItem, ...] = ()) -> Statement:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return Statement(
        place=PLACE,
        partner_name="North",
        native_unit="lamports",
        native_decimals=9,
        display_unit="SOL",
        periods=(StatementPeriod(800, "epoch 800", start, start.replace(day=3)),),
        lines=lines,
        true_ups=true_ups,
        opening_balance=opening,
    )


def true_up(difference: int) -> TrueUpItem:
    owed = OwedLine(UUID(int=9), "north", "solana-mainnet", 799, "a", 1, "r", "v1", "COMMISSION", 100, 7)
    return TrueUpItem(1, owed, 100 - difference, "restated")


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
                    done.append((status.value, action.value, next_status(PLACE, status, action).value))
                except StatementError as error:
                    assert str(PLACE) in str(error)
        assert sorted(done) == sorted(self.ALLOWED)

    def test_a_released_one_is_mended_by_a_correction(self) -> None:
        with pytest.raises(StatementError, match="the difference goes into the next statement"):
            next_status(PLACE, StatementStatus.PAID, StatementAction.REOPEN)

    def test_a_draft_cannot_be_reopened(self) -> None:
        with pytest.raises(StatementError, match="must be PENDING_APPROVAL or APPROVED"):
            next_status(PLACE, StatementStatus.DRAFT, StatementAction.REOPEN)


class TestPeople:
    def test_names_are_compared_as_people_read_them(self) -> None:
        assert same_person("Ada ", "ada")
        assert not same_person("Ada", "Adam")
        assert person(" Ada ") == "Ada"

    def test_the_preparer_cannot_approve(self) -> None:
        refuse_own_approval(PLACE, "Ada", "Ben")
        with pytest.raises(StatementError, match="was submitted by Ada, who cannot approve it"):
            refuse_own_approval(PLACE, "Ada", "ADA")

    def test_nobody_is_no_person(self) -> None:
        with pytest.raises(StatementError, match="nobody is named"):
            person(" ")


class TestPlace:
    def test_the_id_is_for_ever(self) -> None:
        """Published ids must never change: this one is written down."""
        assert str(PLACE) == "statement of north on solana-mainnet for 2026-01"
        assert PLACE.statement_id == UUID("dcac1276-6d14-5c72-8169-f117e1f811ca")
        assert replace(PLACE, month=date(2026, 2, 1)).statement_id != PLACE.statement_id

    def test_a_month_begins_on_its_first_day(self) -> None:
        with pytest.raises(ValueError, match="named by its first day"):
            StatementKey("north", "solana-mainnet", date(2026, 1, 2))


class TestBalances:
    def test_gt14_a_debit_is_carried_until_it_is_set_off(self) -> None:
        first = settle_balance(0, -70_000_000)
        assert (first.payable, first.closing) == (0, -70_000_000)
        second = settle_balance(first.closing, 80_000_000)
        assert (second.payable, second.closing) == (10_000_000, 0)

    def test_nothing_is_kept_back(self) -> None:
        with pytest.raises(ValueError, match="money kept back"):
            settle_balance(1, 5)

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


class TestContent:
    def test_it_is_canonical_and_has_no_number_that_a_reader_could_round(self) -> None:
        frozen = freeze(statement(line(), true_ups=(true_up(-5),), opening=-1))
        assert json.loads(frozen.canonical) == frozen.document
        assert frozen.sha256 == hashlib.sha256(frozen.canonical).digest()
        assert b'"amount":"803469022129495137770981046170581301261101496891396417650688"' in frozen.canonical
        document = frozen.document
        assert document["totals"]["lines"] == str(2**199)
        assert document["totals"]["payable"] == str(2**199 - 6)
        assert document["true_ups"][0]["difference"] == "-5"
        assert document["periods"][0]["ends_at"] == "2026-01-03T00:00:00Z"
        # RFC 8785: keys in order, no space, text as it is.
        assert frozen.canonical.startswith(b'{"billing_month":"2026-01","chain":{"chain_id":')
        assert "Validator \u2116 1".encode() in frozen.canonical

    def test_equal_statements_are_equal_bytes_and_one_lamport_is_another_digest(self) -> None:
        one = freeze(statement(line()))
        assert freeze(statement(line())).canonical == one.canonical
        assert freeze(statement(line(amount=2**199 - 1))).sha256 != one.sha256

    def test_its_lines_can_be_read_again(self) -> None:
        lines = (line(), line(2, validator_key=None, validator_name=None, amount=0, override_reason="gift"))
        assert tuple(read_lines(freeze(statement(*lines)).document)) == lines

    def test_corrections_see_what_is_owed(self) -> None:
        owed = line(amount=3, override_reason="gift").owed("north", "solana-mainnet")
        assert (owed.amount, owed.override_reason, owed.sort_key) == (3, "gift", ("north", "a", "r", "v1"))
