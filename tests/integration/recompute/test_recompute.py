"""Recompute as plan and apply, on real books: what the plan says is what is then booked."""

import json
from datetime import date

import pytest

from aurora_api.commands.recompute import recompute
from aurora_assets.commission.statement import StatementAction, StatementKey
from aurora_assets.recompute.plan import Plan, apply_plan, plan_recompute
from aurora_assets.statements.store import apply_action, view_statement
from aurora_resources.errors import PeriodError, RevenueGuardError
from tests.integration.pipeline.installation import CHAIN
from tests.integration.recompute.books import Booked

SUBMIT, APPROVE, RELEASE = StatementAction.SUBMIT, StatementAction.APPROVE, StatementAction.RELEASE
TO_DATE = {
    "mode": "MARGINAL",
    "scope": "QUARTER",
    "tiers": [{"upto": "0.05 SOL", "rate_bps": 4000}, {"rate_bps": 7000}],
}


def differences(plan: Plan) -> dict[tuple[int, str, str, str | None], tuple[int | None, int | None]]:
    return {
        (period.period_id, change.key.partner_id, change.key.rule_id, change.key.validator_key): (
            change.old,
            change.new,
        )
        for period in plan.periods
        for change in period.changes
    }


def test_unchanged_inputs_plan_nothing_and_write_nothing(booked: Booked) -> None:
    before = booked.content()
    plan = plan_recompute(booked.run, booked.periods)
    assert differences(plan) == {}
    assert plan.affected == {}
    assert [(period.lines_differ, period.pnl_differs) for period in plan.periods] == [(False, False)] * 3
    assert sum(period.unchanged for period in plan.periods) == len(booked.amounts())
    applied = apply_plan(booked.run, plan)
    assert not any(period.pnl_changed or period.lines_changed for period in applied.periods)
    assert booked.content() == before


def test_a_changed_agreement_is_planned_line_by_line_and_then_booked_so(booked: Booked) -> None:
    old = booked.amounts()
    booked.pipeline.load(booked.changed("half-the-commission", rate_bps=6000))
    before = booked.content()

    plan = plan_recompute(booked.run, booked.periods)
    assert booked.content() == before, "a plan writes nothing"
    assert set(plan.affected) == {"northwind"}
    planned = differences(plan)
    # Every line of the agreement has a new version; amounts differ on the one rule only.
    assert set(planned) == {place for place in old if place[1] == "northwind"}
    assert {place[2] for place, (was, becomes) in planned.items() if was != becomes} == {
        "half-the-commission"
    }
    assert {place: was for place, (was, _) in planned.items()} == {place: old[place] for place in planned}

    apply_plan(booked.run, plan)
    new = booked.amounts()
    assert {place: new[place] for place in planned} == {
        place: becomes for place, (_, becomes) in planned.items()
    }
    assert {place: amount for place, amount in new.items() if place not in planned} == {
        place: amount for place, amount in old.items() if place not in planned
    }
    assert sum(new.values()) - sum(old.values()) == plan.affected["northwind"]
    after = booked.content()
    apply_plan(booked.run, plan_recompute(booked.run, booked.periods))
    assert booked.content() == after, "applying again writes nothing"


def test_a_plan_folds_what_rules_remember_over_its_periods(booked: Booked) -> None:
    """With a scale over the quarter each period builds on the one before, which is not booked yet."""
    booked.pipeline.load(booked.changed("half-the-commission", tiers=TO_DATE))
    plan = plan_recompute(booked.run, booked.periods)
    apply_plan(booked.run, plan)
    new = booked.amounts()
    assert {place: becomes for place, (_, becomes) in differences(plan).items()} == {
        place: amount for place, amount in new.items() if place[1] == "northwind"
    }
    again = plan_recompute(booked.run, booked.periods)
    assert not any(period.lines_differ for period in again.periods)
    # The last period alone finds what the booked ones before it left.
    assert not plan_recompute(booked.run, booked.periods[2:]).periods[0].lines_differ


def restate(
    booked: Booked, commission: str = "commission - 1000000", own_rewards: str = "own_rewards"
) -> tuple[str, int | None]:
    """Another commission in period 803 on the validator that pays northwind most there."""
    ((validator, stated),) = booked.pipeline.query(
        f"update canonical.validator_rewards set commission = {commission}, own_rewards = {own_rewards}, "
        f"state = case when {commission} is null then 'MISSING' else state::text end "
        "where period_id = 803 and validator_key = ("
        "    select validator_key from computation.commission_lines_current "
        "    where period_id = 803 and rule_id = 'half-the-commission' order by amount desc limit 1"
        ") returning validator_key, commission"
    )
    return validator, stated


def test_a_restated_fact_changes_the_p_and_l_too(booked: Booked) -> None:
    validator, stated = restate(booked)
    plan = plan_recompute(booked.run, booked.periods)
    assert [period.pnl_differs for period in plan.periods] == [False, True, False]
    assert [period.lines_differ for period in plan.periods] == [False, True, False]
    assert validator in {place[3] for place in differences(plan)}
    northwind = plan.affected["northwind"]
    assert northwind is not None
    assert -500_000 <= northwind < 0, "half of at most a million lamports"
    applied = apply_plan(booked.run, plan)
    assert [period.pnl_changed for period in applied.periods] == [False, True, False]
    assert booked.pipeline.pnl(803)[validator]["commission"] == stated


def test_what_cannot_be_computed_any_more_is_unknown_and_not_zero(booked: Booked) -> None:
    restate(booked, "null", "null")
    plan = plan_recompute(booked.run, booked.periods)
    changes = [change for change in plan.periods[1].changes if change.key.rule_id == "half-the-commission"]
    assert changes
    assert all(change.unknown and change.new is None and change.difference is None for change in changes)
    assert plan.affected["northwind"] is None
    assert {finding.code.value for finding in plan.periods[1].findings} == {"FACT_MISSING"}


def test_a_refused_period_keeps_the_whole_plan_from_being_booked(booked: Booked) -> None:
    tips = booked.changed("share-of-tips", rate_bps=10_000)
    booked.pipeline.load(booked.changed("tips-of-its-clients", tips, method="FIXED_SHARE", rate_bps=9_000))
    before = booked.content()
    plan = plan_recompute(booked.run, booked.periods)
    assert any(period.refusal is not None and "MEV_TIPS" in period.refusal for period in plan.periods)
    with pytest.raises(RevenueGuardError, match="nothing was booked: .*northwind"):
        apply_plan(booked.run, plan)
    assert booked.content() == before


def test_what_is_released_stays_and_is_corrected(booked: Booked, capsys: pytest.CaptureFixture[str]) -> None:
    """Period 802 ends in January, which is released to northwind; 803 and 804 end in February."""
    booked.pipeline.query(
        "update registry.periods set starts_at = timestamptz '2026-01-20Z' + (period_id - 802) * interval "
        "'10 days', ends_at = timestamptz '2026-01-30Z' + (period_id - 802) * interval '10 days' returning 1"
    )
    apply_plan(booked.run, plan_recompute(booked.run, booked.periods))
    january = StatementKey("northwind", CHAIN, date(2026, 1, 1))
    for action, by in ((SUBMIT, "Ada"), (APPROVE, "Ben"), (RELEASE, "Ada")):
        with booked.pipeline.warehouse.transaction() as connection:
            released = apply_action(connection, january, action, by)
    booked.pipeline.load(booked.changed("half-the-commission", rate_bps=4000))
    plan = plan_recompute(booked.run, booked.periods)
    assert [period.released for period in plan.periods] == [{"northwind"}, set(), set()]

    recompute(CHAIN, first=802, last=804, plan_only=False, as_json=False)
    shown = " ".join(capsys.readouterr().out.split())
    assert "period 802: released to northwind: that statement stays as it is" in shown
    assert "corrections of lines released to northwind wait for its next statement" in shown
    corrected = booked.pipeline.query(
        "select period_id, sum(difference) from computation.true_ups group by 1"
    )
    planned = [change.difference for change in plan.periods[0].changes if change.difference is not None]
    assert corrected == [(802, sum(planned))]
    assert sum(planned) < 0
    with booked.pipeline.warehouse.connect() as connection:
        assert view_statement(connection, january).content == released.content


@pytest.mark.parametrize(
    ("periods", "told"), [((804, 805), "period 805 is not known"), ((899, 899), "period 899 is not known")]
)
def test_a_period_that_is_not_there_is_refused(booked: Booked, periods: tuple[int, int], told: str) -> None:
    with pytest.raises(PeriodError, match=f"{told}; `aurora backfill` it first"):
        plan_recompute(booked.run, range(periods[0], periods[1] + 1))


def test_the_command_shows_the_plan_and_books_only_without_plan(
    booked: Booked, capsys: pytest.CaptureFixture[str]
) -> None:
    booked.pipeline.load(booked.changed("half-the-commission", rate_bps=6000))
    before, totals = booked.content(), booked.totals()
    recompute(CHAIN, first=802, last=804, plan_only=True, as_json=True)
    planned = json.loads(capsys.readouterr().out)
    assert booked.content() == before
    assert not planned["applied"]
    ((partner, difference),) = [entry.values() for entry in planned["affected"]]
    lines = [line for period in planned["periods"] for line in period["lines"]]
    assert sum(int(line["difference"]) for line in lines) == int(difference) > 0
    assert {line["released"] for line in lines} == {False}

    recompute(CHAIN, first=802, last=804, plan_only=False, as_json=False)
    shown = capsys.readouterr().out
    assert "northwind is affected" in shown
    assert "Booked commission lines of period 803" in shown
    assert booked.totals() == totals | {partner: totals[partner] + int(difference)}

    recompute(CHAIN, first=802, last=804, plan_only=False, as_json=False)
    assert "Nothing was written" in capsys.readouterr().out


def test_the_command_refuses_an_empty_range() -> None:
    with pytest.raises(PeriodError, match="--from 804 is after --to 802; give the older period first"):
        recompute(CHAIN, first=804, last=802, plan_only=True, as_json=False)
