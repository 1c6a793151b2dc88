"""The story of two statements, told to the lamport."""

import hashlib
import json
from uuid import UUID

from aurora_assets.statements.content import read_lines
from aurora_assets.statements.override_store import override_line
from aurora_sandbox.solana.world import World
from tests.integration.statements.office import (
    APPROVE,
    FEBRUARY,
    JANUARY,
    PAY,
    RELEASE,
    SUBMIT,
    Office,
    totals,
)


def test_a_restatement_after_release_is_paid_in_the_next_statement(
    office: Office, months_world: World
) -> None:
    # January has three epochs under version 1 of the agreement.
    january = office.view(JANUARY)
    assert january.record.status == "DRAFT"
    assert january.blockers == ()
    assert totals(january)["total"] == office.owed(800, 801, 802) == 38_408_302_933

    # One person submits, another approves, it is released.
    submitted = office.apply_action(SUBMIT, "Ada")
    assert (submitted.record.status, submitted.record.prepared_by) == ("PENDING_APPROVAL", "Ada")
    approved = office.apply_action(APPROVE, "Ben")
    assert approved.content.sha256 == submitted.content.sha256
    released = office.apply_action(RELEASE, "Ada")
    assert (released.record.status, released.record.number) == ("RELEASED", 1)
    assert totals(released)["payable"] == 38_408_302_933
    before = office.lines(801)

    # A validator's tips of epoch 801 turn out to have been less by 2.5 SOL.
    validators = {epoch.epoch: epoch.validators for epoch in months_world.epochs}[801]
    (tips,) = [one.tips for one in validators if one.vote_account == office.validator]
    assert tips is not None
    office.restate_at_the_provider(months_world, 801, tips=tips - 2_500_000_000)
    after = office.lines(801)
    changed = {
        line_id: after[line_id] - amount for line_id, amount in before.items() if after[line_id] != amount
    }
    line_id, amount = office.line("tips-of-its-clients", 801)
    assert list(changed) == [line_id]
    # The validator's cut is 8 %, 28.176 % of its stake is the partner's clients', who is owed 20 %.
    assert changed[line_id] == -11_270_432
    assert office.view(JANUARY).content.sha256 == released.content.sha256

    # A person sets a line of February by hand.
    by_hand, computed = office.line("half-the-commission", 804)
    with office.pipeline.warehouse.transaction() as connection:
        override_line(
            connection,
            office.config.chains,
            by_hand,
            computed + 1_000,
            reason="rounding agreed",
            by="Ada",
        )
    february = office.release(FEBRUARY)
    (item,) = february.content.document["true_ups"]
    assert UUID(item["line_id"]) == line_id
    assert int(item["recomputed"]) == amount
    assert int(item["difference"]) == changed[line_id]
    assert item["cause"].startswith("the base was restated from ")
    assert totals(february) == {
        "lines": office.owed(803, 804) + 1_000,
        "true_ups": changed[line_id],
        "total": office.owed(803, 804) + 1_000 + changed[line_id],
        "opening_balance": 0,
        "payable": office.owed(803, 804) + 1_000 + changed[line_id],
        "closing_balance": 0,
    }
    assert february.record.number == 2

    # Both are paid. In all, exactly what is now computed was paid, and what was set by hand.
    paid = office.apply_action(PAY, "Cyd", JANUARY)
    office.apply_action(PAY, "Cyd", FEBRUARY)
    assert paid.record.status == "PAID"
    assert totals(paid)["payable"] + totals(february)["payable"] == (
        office.owed(800, 801, 802, 803, 804) + 1_000
    )

    # The first statement is, byte by byte, what it was.
    assert paid.content.sha256 == submitted.content.sha256
    assert paid.content.canonical == submitted.content.canonical
    assert hashlib.sha256(paid.content.canonical).digest() == submitted.content.sha256
    assert json.loads(paid.content.canonical) == paid.content.document
    assert sum(line.amount for line in read_lines(paid.content.document)) == 38_408_302_933
