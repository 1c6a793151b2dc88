"""What a person sets by hand: with a reason, by two above a size, and only while the line is as it was."""

from uuid import UUID, uuid4

import pytest

from aurora_assets.commission.overrides import OverrideError
from aurora_assets.commission.statement import StatementError
from aurora_assets.statements.content import read_lines
from aurora_assets.statements.override_store import (
    Overridden,
    confirm_override,
    override_line,
    withdraw_override,
)
from tests.integration.statements.office import SUBMIT, Office, totals

RULE = "half-the-commission"


def override(
    office: Office, line_id: UUID, amount: int, *, by: str = "Ada", reason: str = "agreed"
) -> Overridden:
    with office.pipeline.warehouse.transaction() as connection:
        return override_line(connection, office.config.chains, line_id, amount, reason=reason, by=by)


def confirm(office: Office, line_id: UUID, by: str) -> Overridden:
    with office.pipeline.warehouse.transaction() as connection:
        return confirm_override(connection, office.config.chains, line_id, reason="checked", by=by)


def withdraw(office: Office, line_id: UUID) -> Overridden:
    with office.pipeline.warehouse.transaction() as connection:
        return withdraw_override(connection, line_id, reason="mistaken", by="Ada")


def test_the_newest_counts_and_withdrawing_brings_the_computed_amount_back(office: Office) -> None:
    line_id, computed = office.line(RULE, 801)
    everything = office.owed(800, 801, 802)
    override(office, line_id, 5)
    override(office, line_id, 0, reason="a gift")
    view = office.view()
    assert totals(view)["lines"] == everything - computed
    (line,) = [line for line in read_lines(view.content.document) if line.line_id == line_id]
    assert (line.computed, line.amount, line.override_reason) == (computed, 0, "a gift")
    assert withdraw(office, line_id).decision.state == "NONE"
    assert totals(office.view())["lines"] == everything
    assert office.pipeline.query("select count(*) from computation.overrides") == [(3,)]


def test_it_survives_a_recompute_that_leaves_the_line_as_it_is(office: Office) -> None:
    line_id, computed = office.line("tips-of-its-clients", 801)
    override(office, line_id, computed + 7)
    office.restate_commission(801, -100_000_000)
    assert office.view().blockers == ()
    assert totals(office.view())["lines"] == office.owed(800, 801, 802) + 7


def test_it_turns_stale_when_the_line_is_computed_differently_and_blocks_until_decided(
    office: Office,
) -> None:
    line_id, computed = office.line(RULE, 801)
    override(office, line_id, 5)
    office.restate_commission(801, -100_000_000)
    now = office.lines(801)[line_id]
    (blocker,) = office.view().blockers
    assert blocker == (
        f"line {line_id} of period 801: the override to 5 was made when it was computed as {computed}, but "
        f"it is now computed as {now}: confirm or withdraw it"
    )
    with pytest.raises(StatementError, match="confirm or withdraw it"):
        office.apply_action(SUBMIT, "Ada")
    assert confirm(office, line_id, "Ada").decision.state == "IN_FORCE"
    assert totals(office.view())["lines"] == office.owed(800, 801, 802) - now + 5


def test_above_the_size_it_waits_for_another_person(office: Office) -> None:
    office.pipeline.configure(override_second_person_above=1_000)
    line_id, computed = office.line(RULE, 801)
    assert override(office, line_id, computed + 1_000).decision.state == "IN_FORCE"
    assert override(office, line_id, computed + 1_001).decision.state == "UNCONFIRMED"
    assert totals(office.view())["lines"] == office.owed(800, 801, 802)
    with pytest.raises(StatementError, match="by Ada waits for another person: confirm or withdraw it"):
        office.apply_action(SUBMIT, "Ada")
    with pytest.raises(OverrideError, match="Ada made this override and cannot confirm it; ask another"):
        confirm(office, line_id, "ADA ")
    assert confirm(office, line_id, "Ben").decision.state == "IN_FORCE"
    assert totals(office.view())["lines"] == office.owed(800, 801, 802) + 1_001
    with pytest.raises(OverrideError, match="no override that waits to be confirmed"):
        confirm(office, line_id, "Cyd")


def test_the_database_takes_no_confirmation_by_the_same_person_or_of_another_amount(office: Office) -> None:
    office.pipeline.configure(override_second_person_above=0)
    line_id, computed = office.line(RULE, 801)
    override(office, line_id, computed + 1)
    copy = (
        "insert into computation.overrides (line_id, partner_id, chain_id, period_id, amount, "
        "computed_amount, reason, made_by, needs_second_person, confirms) select line_id, partner_id, "
        "chain_id, period_id, amount + %s, computed_amount, reason, %s, false, override_id "
        "from computation.overrides"
    )
    assert "another person must confirm it" in office.refusal(copy, 0, "ada")
    assert "has another amount" in office.refusal(copy, 1, "Ben")


def test_refusals(office: Office) -> None:
    line_id, _ = office.line(RULE, 801)
    with pytest.raises(OverrideError, match="an override needs a reason; say why"):
        override(office, line_id, 5, reason="  ")
    with pytest.raises(OverrideError, match="-1 is negative; a line pays 0 or more"):
        override(office, line_id, -1)
    with pytest.raises(OverrideError, match="there is no line"):
        override(office, uuid4(), 5)
    with pytest.raises(OverrideError, match="has no override to withdraw"):
        withdraw(office, line_id)
    with pytest.raises(StatementError, match="say who does this"):
        override(office, line_id, 5, by="")
    office.apply_action(SUBMIT, "Ada")
    with pytest.raises(OverrideError, match="which is PENDING_APPROVAL; reopen it before you override"):
        override(office, line_id, 5)


def test_the_database_takes_no_empty_reason_and_changes_no_row(office: Office) -> None:
    line_id, _ = office.line(RULE, 801)
    override(office, line_id, 5)
    assert "append-only: update is refused" in office.refusal("update computation.overrides set amount = 6")
    assert "append-only: delete is refused" in office.refusal("delete from computation.overrides")
    empty = (
        "insert into computation.overrides (line_id, partner_id, chain_id, period_id, amount, "
        "computed_amount, reason, made_by, needs_second_person) select line_id, partner_id, chain_id, "
        "period_id, 1, 1, ' ', 'Ada', false from computation.overrides"
    )
    assert "overrides_reason_check" in office.refusal(empty)


def test_a_line_that_is_gone_can_only_be_withdrawn(office: Office) -> None:
    line_id, computed = office.line(RULE, 801)
    override(office, line_id, 5)
    office.sql("update registry.agreements set status = 'SUSPENDED' where agreement_id like 'northwind%%'")
    office.rebook(801)
    assert office.lines(801) == {}
    (blocker,) = office.view().blockers
    assert blocker.endswith(f"computed as {computed}, but it is not there any more: withdraw it")
    with pytest.raises(OverrideError, match="is not computed any more; its override can be withdrawn"):
        override(office, line_id, 6)
    withdraw(office, line_id)
    assert office.view().blockers == ()
