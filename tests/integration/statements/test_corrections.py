"""What changes after release is stated in the next statement: once, with its cause, and never lost."""

from fractions import Fraction
from uuid import UUID

import pytest

from aurora_assets.statements.correction_store import correct_chain
from aurora_assets.statements.override_store import confirm_override, override_line, withdraw_override
from tests.integration.pipeline.installation import CHAIN
from tests.integration.statements.office import (
    APPROVE,
    FEBRUARY,
    NORTHWIND,
    RELEASE,
    REOPEN,
    SUBMIT,
    Office,
    totals,
)

RULE = "half-the-commission"


@pytest.fixture
def released(office: Office) -> Office:
    """January is released to Northwind."""
    office.release()
    return office


def correct(office: Office) -> dict[str, int]:
    return correct_chain(office.pipeline.warehouse, CHAIN)


def test_nothing_to_correct_writes_nothing(released: Office) -> None:
    assert correct(released) == {}
    assert released.true_ups() == []


def test_it_is_booked_once_and_a_further_change_adds_the_further_difference(released: Office) -> None:
    stated = released.owed(801)
    released.restate_commission(801, -100_000_000)
    first = released.owed(801) - stated
    assert first < 0
    assert sum(correct(released).values()) > 0
    assert correct(released) == {}
    assert sum(difference for _, difference, _ in released.true_ups()) == first
    line_id, now = released.line(RULE, 801)
    ((before, after, difference, cause),) = released.pipeline.query(
        "select released, recomputed, difference, cause from computation.true_ups where line_id = %s", line_id
    )
    assert (after, difference) == (now, now - before)
    assert cause.startswith("the base was restated from ")
    # Half of what was the partner's by stake, found here anew; each of the two roundings is below a lamport.
    assert abs(difference + 100_000_000 * stake_share(released, 801) / 2) < 2
    released.restate_commission(801, -50_000_000)
    correct(released)
    assert sum(difference for _, difference, _ in released.true_ups()) == released.owed(801) - stated
    assert {sequence for sequence, _, _ in released.true_ups()} == {1, 2}
    released.restate_commission(801, 150_000_000)
    correct(released)
    assert sum(difference for _, difference, _ in released.true_ups()) == 0


def stake_share(office: Office, period_id: int) -> Fraction:
    """Northwind's part of the first validator's stake."""
    ((mine, everyone),) = office.pipeline.query(
        "select sum(active_stake) filter (where code = 'northwind'), sum(active_stake) "
        "from computation.partner_stake_current left join registry.partners using (partner_id) "
        "where period_id = %s and validator_key = %s",
        period_id,
        office.validator,
    )
    return Fraction(mine, everyone)


def test_a_draft_shows_corrections_before_they_are_kept(released: Office) -> None:
    stated = released.owed(801)
    released.restate_commission(801, -100_000_000)
    assert totals(released.view(FEBRUARY))["true_ups"] == released.owed(801) - stated
    assert released.true_ups() == []
    shown = released.view(FEBRUARY).content.document
    assert released.apply_action(SUBMIT, "Ada", FEBRUARY).content.document == shown


def test_a_reopened_statement_gives_its_corrections_back(released: Office) -> None:
    stated = released.owed(801)
    released.restate_commission(801, -100_000_000)
    released.apply_action(SUBMIT, "Ada", FEBRUARY)
    released.apply_action(REOPEN, "Ben", FEBRUARY)
    released.restate_commission(801, -100_000_000)
    difference = released.owed(801) - stated
    assert totals(released.apply_action(SUBMIT, "Ada", FEBRUARY))["true_ups"] == difference
    # What is found while it waits for approval goes into the one after it.
    released.restate_commission(801, -100_000_000)
    correct(released)
    released.apply_action(APPROVE, "Ben", FEBRUARY)
    february = released.apply_action(RELEASE, "Ada", FEBRUARY)
    assert totals(february)["true_ups"] == difference
    ((open_ones,),) = released.pipeline.query(
        "select sum(difference) from computation.true_ups where statement_id is null"
    )
    assert open_ones == released.owed(801) - stated - difference


def test_a_negative_statement_pays_nothing_and_is_set_off_by_the_next(released: Office) -> None:
    january = totals(released.view())["total"]
    # The agreement had never been in force for these: all of January is owed back.
    released.sql("update registry.agreements set status = 'SUSPENDED' where agreement_id like 'northwind%%'")
    released.rebook(800, 801, 802)
    released.sql("update registry.agreements set status = 'ACTIVE' where agreement_id like 'northwind%%'")
    february = released.release(FEBRUARY)
    two_epochs = released.owed(803, 804)
    assert two_epochs < january
    assert totals(february) == {
        "lines": two_epochs,
        "true_ups": -january,
        "total": two_epochs - january,
        "opening_balance": 0,
        "payable": 0,
        "closing_balance": two_epochs - january,
    }
    assert {item["cause"] for item in february.content.document["true_ups"]} == {"the line is no longer due"}
    march = totals(released.view(FEBRUARY.replace(month=3)))
    assert march["opening_balance"] == two_epochs - january
    assert march["payable"] == max(0, march["lines"] + two_epochs - january)


def test_an_override_of_a_released_line_becomes_a_correction(released: Office) -> None:
    line_id, computed = released.line(RULE, 801)
    warehouse, chains = released.pipeline.warehouse, released.config.chains
    with warehouse.transaction() as connection:
        done = override_line(connection, chains, line_id, computed + 9, reason="side letter", by="Ada")
    assert done.released_in == "statement of northwind for 2026-01"
    (item,) = released.view(FEBRUARY).content.document["true_ups"]
    assert (item["difference"], item["cause"]) == ("9", "set by hand: side letter")
    assert correct(released) == {NORTHWIND: 1}
    # Stale, it is not known what is owed on the line: it is left alone, and the draft says so.
    released.restate_commission(801, -100_000_000)
    correct(released)
    assert corrections_of(released, line_id) == [9]
    assert any(str(line_id) in text for text in released.view(FEBRUARY).left_alone)
    with warehouse.transaction() as connection:
        confirm_override(connection, chains, line_id, reason="still", by="Ada")
    assert correct(released) == {}
    with warehouse.transaction() as connection:
        withdraw_override(connection, line_id, reason="void", by="Ada")
    assert correct(released) == {NORTHWIND: 1}
    now = released.lines(801)[line_id]
    assert corrections_of(released, line_id) == [9, now - computed - 9]
    assert released.view(FEBRUARY).left_alone == ()


def corrections_of(office: Office, line_id: UUID) -> list[int]:
    rows = office.pipeline.query(
        "select difference from computation.true_ups where line_id = %s order by sequence", line_id
    )
    return [difference for (difference,) in rows]


def test_what_cannot_be_computed_again_is_left_alone(released: Office) -> None:
    released.sql(
        "update canonical.validator_rewards set state = 'MISSING', commission = null, own_rewards = null "
        "where period_id = 801 and validator_key = %s",
        released.validator,
    )
    released.rebook(801)
    assert correct(released) == {}
    february = released.view(FEBRUARY)
    assert totals(february)["true_ups"] == 0
    assert february.left_alone[0].startswith("period 801: FACT_MISSING: ")
    assert february.blockers == ()


def test_a_correction_cannot_be_edited_or_moved_by_sql(released: Office) -> None:
    released.restate_commission(801, -100_000_000)
    released.release(FEBRUARY)
    assert "cannot be changed" in released.refusal(
        "update computation.true_ups set difference = difference - 1, recomputed = recomputed - 1"
    )
    assert "cannot move" in released.refusal("update computation.true_ups set statement_id = null")
    assert "delete is refused" in released.refusal("delete from computation.true_ups")
