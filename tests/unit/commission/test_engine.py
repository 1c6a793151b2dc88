"""The whole computation: ownership and versions at the period's start, ids, guard, totals, corrections."""

import dataclasses
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from aurora_assets.commission.agreement import AgreementStatus, Method, RuleKey
from aurora_assets.commission.corrections import find_true_ups
from aurora_assets.commission.engine import Computation
from aurora_assets.commission.guard import GuardPolicy, apply_guard
from aurora_assets.commission.lines import ENGINE_VERSION, Line, line_id
from aurora_resources.records import Component


def amounts(computation: Computation) -> list[int]:
    return [line.amount for line in computation.lines]


def test_what_changes_inside_a_period_counts_from_the_next(make: SimpleNamespace) -> None:
    middle = make.start + timedelta(days=1)
    period = make.facts(make.revenue(1_000), make.stake("w", 1))
    rule = make.rule(Method.STAKE_WEIGHT)
    early = make.agreement(rule, valid_until=middle)
    late = make.agreement(make.rule(Method.STAKE_WEIGHT, rate_bps=2_000), version=2, valid_from=middle)
    assert amounts(make.run(period, early, late, make.claim("w"))) == [100]
    assert amounts(make.run(period, early, make.claim("w", valid_from=middle))) == []
    following = make.facts(
        *period.revenues, *period.stakes, starts_at=make.end, ends_at=make.end + timedelta(2)
    )
    assert amounts(make.run(following, early, late, make.claim("w"))) == [200]


def test_a_suspended_agreement_pays_nothing_and_has_no_total(make: SimpleNamespace) -> None:
    suspended = make.agreement(status=AgreementStatus.SUSPENDED)
    computation = make.run(make.facts(make.revenue(1_000)), suspended)
    assert (computation.lines, computation.totals) == ((), {})


def test_rules_do_not_stack(make: SimpleNamespace) -> None:
    rules = [make.rule(rule_id=str(n), order=n, component=part) for n, part in enumerate(Component)]
    period = make.facts(*(make.revenue(1_000, part) for part in Component))
    computation = make.run(period, make.agreement(*rules))
    assert amounts(computation) == [100] * 4
    assert computation.totals["A"].amount == 400
    assert computation.totals["A"].line_count == 4


def test_a_rule_for_another_chain_leaves_this_one_alone(make: SimpleNamespace) -> None:
    rules = (make.rule(rule_id="there", chain_id="other"), make.rule(rule_id="here"))
    computation = make.run(make.facts(make.revenue(1_000)), make.agreement(*rules))
    assert [line.rule_id for line in computation.lines] == ["here"]
    assert {key.rule_id for key in computation.history} == {"here"}


def test_a_validator_with_a_loss_gets_a_line_of_nothing(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(1_000), make.revenue(-400, validator="v2"))
    computation = make.run(period, make.agreement())
    assert [(line.validator_key, line.base, line.amount) for line in computation.lines] == [
        ("v1", 1_000, 60),
        ("v2", -400, 0),
    ]
    assert make.codes(computation) == ["NEGATIVE_BASE"]


def test_a_faulty_agreement_pays_nothing_and_says_why(make: SimpleNamespace) -> None:
    faulty = make.agreement(make.rule(floor=5, cap=1))
    sound = make.agreement(agreement_id="b", partner="B")
    computation = make.run(make.facts(make.revenue(1_000)), faulty, sound)
    assert [(line.partner_id, line.amount) for line in computation.lines] == [("B", 100)]
    (finding,) = computation.findings
    assert (finding.code, finding.partner_id, finding.rule_id) == ("AGREEMENT_INVALID", "A", None)
    assert finding.message.startswith("agreement a v1: rule r: its floor 5 is above its cap 1")
    assert [computation.totals[name].complete for name in "AB"] == [False, True]


def test_a_dispute_over_a_wallet_blocks_the_period(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(1_000), make.stake("w", 1))
    claims = [make.claim("w", "A"), make.claim("w", "B")]
    computation = make.run(period, make.agreement(make.rule(Method.STAKE_WEIGHT)), *claims)
    assert make.codes(computation) == ["OWNERSHIP_CONFLICT"]
    assert amounts(computation) == [100]
    assert not computation.totals["A"].complete


def test_a_guarantee_is_owed_where_nobody_staked(make: SimpleNamespace) -> None:
    rule = make.rule(Method.STAKE_WEIGHT, floor=70, guarantee=True)
    period = make.facts(make.revenue(1_000), make.stake("x", 1))
    computation = make.run(period, make.agreement(rule))
    (line,) = computation.lines
    assert (line.validator_key, line.base, line.amount, line.sources) == (None, 0, 70, ())
    assert make.codes(computation) == ["GUARANTEE_PAID"]
    assert computation.totals["A"].complete


def test_guarantees_do_not_count_against_the_revenue(make: SimpleNamespace) -> None:
    rule = make.rule(rate_bps=10_000, floor=5_000, guarantee=True)
    computation = make.run(make.facts(make.revenue(1_000)), make.agreement(rule))
    assert amounts(computation) == [4_000, 1_000]
    assert make.codes(computation) == ["GUARANTEE_PAID"]


def test_a_floor_counts_against_the_revenue(make: SimpleNamespace) -> None:
    agreement = make.agreement(make.rule(floor=5_000))
    computation = make.run(make.facts(make.revenue(1_000)), agreement)
    assert (amounts(computation), make.codes(computation)) == ([5_000], ["REVENUE_GUARD"])
    scaled = make.run(make.facts(make.revenue(1_000)), agreement, guard=GuardPolicy.SCALE)
    assert (amounts(scaled), make.codes(scaled)) == ([1_000], ["GUARD_SCALED"])


def test_the_guard_looks_at_each_validator_and_component(make: SimpleNamespace) -> None:
    rules = [
        make.rule(rule_id="x", validator_key="v1", rate_bps=6_000),
        make.rule(rule_id="y", validator_key="v2", rate_bps=5_000),
    ]
    period = make.facts(make.revenue(100), make.revenue(100, validator="v2"))
    both = [make.agreement(*rules), make.agreement(*rules, agreement_id="b", partner="B")]
    computation = make.run(period, *both)
    (finding,) = computation.findings
    assert (finding.partner_id, finding.validator_key, finding.component) == (
        None,
        "v1",
        Component.COMMISSION,
    )
    assert "claimed 20 over the limit of 100" in finding.message


def test_the_guards_limit_is_a_rate() -> None:
    for limit_bps in (-1, 10_001):
        with pytest.raises(ValueError, match="the guard's limit is"):
            apply_guard([], {}, GuardPolicy.BLOCK, limit_bps)


def test_a_negative_revenue_leaves_nothing_to_claim(make: SimpleNamespace) -> None:
    period = make.facts(
        make.revenue(-10, Component.VOTE_REWARDS), make.client("w", 50, Component.VOTE_REWARDS)
    )
    rule = make.rule(Method.CLIENT_REVENUE, Component.VOTE_REWARDS)
    computation = make.run(period, make.agreement(rule), make.claim("w"), guard=GuardPolicy.SCALE)
    (line,) = computation.lines
    assert (line.base, line.claimed, line.amount, line.scaled) == (50, 5, 0, True)


def test_line_ids_are_for_ever(make: SimpleNamespace) -> None:
    """Published ids must never change: this one is written down."""
    assert line_id("a", 1, "r", "chain", 1, "v1") == UUID("05fc7579-1d2e-537b-9501-ec044fff72ac")
    (line,) = make.run(make.facts(make.revenue(1)), make.agreement()).lines
    assert line.line_id == line_id("a", 1, "r", "chain", 1, "v1")
    assert line.engine_version == ENGINE_VERSION
    others = [line_id("a", 1, "r", "chain", 1, key) for key in (None, "null", "", '"')]
    assert len(set(others)) == 4


class TestTrueUps:
    def lines(
        self, make: SimpleNamespace, *revenues: int | None
    ) -> tuple[tuple[Line, ...], frozenset[RuleKey]]:
        period = make.facts(
            *(make.revenue(amount, validator=f"v{number}") for number, amount in enumerate(revenues))
        )
        computation = make.run(period, make.agreement())
        return computation.lines, computation.unresolved

    def test_only_what_differs(self, make: SimpleNamespace) -> None:
        released, _ = self.lines(make, 1_000, 500)
        found = find_true_ups(released, *self.lines(make, 900, 500))
        assert [(one.line_id, one.partner_id, one.difference) for one in found] == [
            (released[0].line_id, "A", -10)
        ]

    def test_lines_that_came_and_went(self, make: SimpleNamespace) -> None:
        two, one = self.lines(make, 1_000, 500), self.lines(make, 1_000)
        assert [up.difference for up in find_true_ups(two[0], *one)] == [-50]
        assert [up.difference for up in find_true_ups(one[0], *two)] == [50]

    def test_what_is_unknown_now_is_not_taken_back(self, make: SimpleNamespace) -> None:
        released, _ = self.lines(make, 1_000)
        assert find_true_ups(released, *self.lines(make, None)) == ()

    def test_a_line_is_told_by_its_version(self, make: SimpleNamespace) -> None:
        (first,), _ = self.lines(make, 1_000)
        amended = dataclasses.replace(first, version=2, line_id=UUID(int=1), amount=150)
        assert [up.difference for up in find_true_ups([first], [amended], ())] == [-100, 150]
