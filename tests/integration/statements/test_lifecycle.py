"""A statement goes from DRAFT to PAID in order, by two people, complete; released, nothing changes it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from aurora_assets.commission.statement import StatementError, StatementKey
from aurora_assets.statements.store import list_statements
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.installation import CHAIN
from tests.integration.statements.office import (
    APPROVE,
    FEBRUARY,
    JANUARY,
    MARCH,
    NORTHWIND,
    PAY,
    RELEASE,
    REOPEN,
    SUBMIT,
    Office,
)

THIS = "statement_id = %s"
ID = StatementKey(NORTHWIND, CHAIN, JANUARY).statement_id


def test_who_submits_cannot_approve(office: Office) -> None:
    office.apply_action(SUBMIT, "Ada")
    with pytest.raises(StatementError, match="submitted by Ada, who cannot approve it: ask another person"):
        office.apply_action(APPROVE, " ada ")
    refused = office.refusal(
        "update computation.statements set status = 'APPROVED', approved_by = 'ADA', approved_at = now() "
        f"where {THIS}",
        ID,
    )
    assert "statements_preparer_is_not_approver" in refused
    assert office.apply_action(APPROVE, "Ben").record.approved_by == "Ben"


def test_somebody_must_be_named(office: Office) -> None:
    with pytest.raises(StatementError, match="say who does this with --by"):
        office.apply_action(SUBMIT, "  ")


def test_no_step_is_skipped(office: Office) -> None:
    for action, needed in ((APPROVE, "PENDING_APPROVAL"), (RELEASE, "APPROVED"), (PAY, "RELEASED")):
        with pytest.raises(StatementError, match=f"is DRAFT; to {action} it, it must be {needed}"):
            office.apply_action(action, "Ada")
    office.release()
    with pytest.raises(StatementError, match="is RELEASED; to submit it, it must be DRAFT"):
        office.apply_action(SUBMIT, "Ada")
    with pytest.raises(StatementError, match="never changes again: correct the data and recompute"):
        office.apply_action(REOPEN, "Ada")
    assert office.apply_action(PAY, "Cyd").record.paid_by == "Cyd"


def test_reopened_it_is_a_draft_again_and_can_be_submitted_by_another(office: Office) -> None:
    first = office.apply_action(SUBMIT, "Ada")
    office.apply_action(APPROVE, "Ben")
    draft = office.apply_action(REOPEN, "Cyd").record
    assert (draft.status, draft.prepared_by, draft.approved_by) == ("DRAFT", None, None)
    again = office.apply_action(SUBMIT, "Ben")
    assert again.content.sha256 == first.content.sha256
    assert office.apply_action(APPROVE, "Ada").record.status == "APPROVED"


def test_a_month_that_may_get_more_periods_is_not_complete(office: Office) -> None:
    with pytest.raises(StatementError, match="no period that ends after 2026-03 is known yet"):
        office.apply_action(SUBMIT, "Ada", MARCH)


def test_a_period_without_lines_is_named(office: Office) -> None:
    office.sql("update computation.generations set is_current = false where period_id = 801")
    with pytest.raises(StatementError, match="period 801 is without commission lines; backfill"):
        office.apply_action(SUBMIT, "Ada")


def test_a_period_never_asked_for_is_named(office: Office, months_world: World) -> None:
    office.ask(months_world, 807, 807)
    with pytest.raises(StatementError, match="period 806 is never asked for; backfill"):
        office.apply_action(SUBMIT, "Ada", MARCH)


def test_a_finding_that_blocks_release_is_told(office: Office) -> None:
    office.sql(
        "update canonical.validator_rewards set state = 'MISSING', commission = null, own_rewards = null "
        "where period_id = 801 and validator_key = %s",
        office.validator,
    )
    office.rebook(801)
    view = office.view()
    assert any(text.startswith("period 801: FACT_MISSING: ") for text in view.blockers)
    with pytest.raises(StatementError, match="is blocked:\n  period 801: FACT_MISSING"):
        office.apply_action(SUBMIT, "Ada")


def test_books_that_move_after_submission_stop_approval_and_release(office: Office) -> None:
    office.apply_action(SUBMIT, "Ada")
    office.restate_commission(800, -1_000_000)
    with pytest.raises(StatementError, match="the ledger has changed since Ada submitted it"):
        office.apply_action(APPROVE, "Ben")
    office.apply_action(REOPEN, "Ada")
    office.apply_action(SUBMIT, "Ada")
    office.apply_action(APPROVE, "Ben")
    office.restate_commission(800, -1_000_000)
    with pytest.raises(StatementError, match="reopen it, review it, and submit it again"):
        office.apply_action(RELEASE, "Ada")


def test_months_are_released_in_order(office: Office) -> None:
    with pytest.raises(StatementError, match="the statement for 2026-01 comes first"):
        office.apply_action(SUBMIT, "Ada", FEBRUARY)


def test_unknown_places_are_told(office: Office) -> None:
    with pytest.raises(StatementError, match='there is no partner "nobody"'):
        office.view(partner="nobody")
    with pytest.raises(StatementError, match="nothing to state: no period ended in it"):
        office.view(date(2031, 1, 1))


def test_numbers_run_over_all_partners_without_a_gap(office: Office) -> None:
    assert office.release().record.number == 1
    assert office.release(partner="harbor").record.number == 2
    with office.pipeline.warehouse.connect() as connection:
        listed = list_statements(connection, month=JANUARY)
    assert [(row.partner, row.status, row.number) for row in listed] == [
        ("harbor", "RELEASED", 2),
        (NORTHWIND, "RELEASED", 1),
    ]


def test_two_releases_at_once_get_two_numbers(office: Office) -> None:
    for partner in (NORTHWIND, "harbor"):
        office.apply_action(SUBMIT, "Ada", partner=partner)
        office.apply_action(APPROVE, "Ben", partner=partner)
    with ThreadPoolExecutor() as pool:
        done = pool.map(
            lambda partner: office.apply_action(RELEASE, "Ada", partner=partner), (NORTHWIND, "harbor")
        )
        assert {view.record.number for view in done} == {1, 2}


def test_a_number_with_a_gap_is_refused_by_the_database(office: Office) -> None:
    office.apply_action(SUBMIT, "Ada")
    office.apply_action(APPROVE, "Ben")
    refused = office.refusal(
        "update computation.statements set status = 'RELEASED', released_by = 'x', released_at = now(), "
        f"number = 7 where {THIS}",
        ID,
    )
    assert "numbers have no gap" in refused


@pytest.mark.parametrize(
    "change",
    [
        "total = total + 1",
        "payable = payable + 1",
        "content = '{}'",
        "content_sha256 = sha256('x')",
        "number = 9",
        "prepared_by = 'Eve'",
        "status = 'DRAFT'",
        "status = 'PAID', paid_by = 'Eve', paid_at = now(), total = 0, payable = 0",
    ],
)
def test_a_released_statement_cannot_be_edited_by_sql(office: Office, change: str) -> None:
    before = office.release().content.sha256
    refused = office.refusal(f"update computation.statements set {change} where {THIS}", ID)
    assert "cannot be changed" in refused
    assert office.view().content.sha256 == before


def test_a_released_statement_and_its_lines_cannot_be_removed_or_edited_by_sql(office: Office) -> None:
    office.release()
    line_id, _ = office.line("half-the-commission", 801)
    for statement in (
        "update computation.commission_lines set amount = amount + 1 where line_id = %s",
        "delete from computation.commission_lines where line_id = %s",
    ):
        refused = office.refusal(statement, line_id)
        assert "period 801 of solana-mainnet is in a released statement" in refused
    refused = office.refusal("update computation.commission_statements set total = 0 where period_id = 801")
    assert "is in a released statement" in refused
    for table in ("statements", "true_ups", "commission_lines", "commission_statements", "overrides"):
        refused = office.refusal(f"truncate computation.{table} cascade")
        assert "is append-only: truncate is refused" in refused
    assert "delete is refused" in office.refusal("delete from computation.statements")


def test_no_statement_is_born_released(office: Office) -> None:
    refused = office.refusal(
        "insert into computation.statements (statement_id, partner_id, chain_id, billing_month, status) "
        "values (gen_random_uuid(), 1, 'solana-mainnet', '2026-01-01', 'RELEASED')"
    )
    assert "a statement begins as DRAFT, not as RELEASED" in refused


def test_a_recompute_of_a_released_period_still_books_its_new_generation(office: Office) -> None:
    released = office.release()
    line_id, before = office.line("half-the-commission", 801)
    office.restate_commission(801, -100_000_000)
    assert office.lines(801)[line_id] < before
    assert office.view().content.sha256 == released.content.sha256
