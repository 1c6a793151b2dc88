"""What each method pays on, and what becomes of facts that are not there."""

from types import SimpleNamespace

import pytest

from aurora_assets.commission.agreement import Method, Rule, covered
from aurora_assets.commission.engine import Computation
from aurora_resources.records import Component, FactState


def rows(computation: Computation) -> set[tuple[str | None, int, bool]]:
    return {(line.validator_key, line.base, line.allocated) for line in computation.lines}


@pytest.fixture(params=list(Method))
def method(request: pytest.FixtureRequest) -> Method:
    return Method(request.param)


def test_a_missing_revenue_pays_nothing_and_blocks(make: SimpleNamespace, method: Method) -> None:
    period = make.facts(make.revenue(None), make.stake("w", 5), make.client("w", 3))
    computation = make.run(period, make.agreement(make.rule(method)), make.claim("w"))
    assert (computation.lines, make.codes(computation)) == ((), ["FACT_MISSING"])
    assert computation.findings[0].blocks_release
    assert not computation.totals["A"].complete
    assert {key.rule_id for key in computation.unresolved} == {"r"}


def test_a_revenue_without_a_row_is_missing_too(make: SimpleNamespace, method: Method) -> None:
    period = make.facts(make.revenue(5, Component.EXEC_FEES), make.stake("w", 5))
    computation = make.run(period, make.agreement(make.rule(method)), make.claim("w"))
    assert (computation.lines, make.codes(computation)) == ((), ["FACT_MISSING"])


def test_one_missing_validator_leaves_the_whole_rule_without_an_amount(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(5), make.revenue(None, validator="v2"))
    computation = make.run(period, make.agreement())
    assert computation.lines == ()
    assert [finding.validator_key for finding in computation.findings] == ["v2"]


def test_a_provisional_revenue_marks_every_line_of_its_rule_and_does_not_block(make: SimpleNamespace) -> None:
    late = make.revenue(70, validator="v2", state=FactState.PROVISIONAL)
    computation = make.run(make.facts(make.revenue(50), late), make.agreement())
    assert [line.state for line in computation.lines] == [FactState.PROVISIONAL] * 2
    assert [(finding.code, finding.validator_key) for finding in computation.findings] == [
        ("FACT_PROVISIONAL", "v2")
    ]
    assert computation.totals["A"].complete


def test_a_partner_without_part_in_a_validator_is_not_stopped_by_it(make: SimpleNamespace) -> None:
    period = make.facts(
        make.revenue(100),
        make.stake("w", 1),
        make.revenue(None, validator="v2"),
        make.stake("x", None, "v2"),
        make.client("w", 40),
    )
    for chosen in (Method.STAKE_WEIGHT, Method.CLIENT_REVENUE):
        computation = make.run(period, make.agreement(make.rule(chosen)), make.claim("w"))
        assert make.codes(computation) == []
        assert {line.validator_key for line in computation.lines} == {"v1"}


def test_unknown_stakes_stop_a_split(make: SimpleNamespace) -> None:
    for stakes in ([make.stake("w", 1), make.stake("x", None)], []):
        period = make.facts(make.revenue(100), *stakes)
        computation = make.run(period, make.agreement(make.rule(Method.STAKE_WEIGHT)), make.claim("w"))
        assert (computation.lines, make.codes(computation)) == ((), ["STAKE_UNKNOWN"])


def test_a_zero_revenue_needs_no_stakes(make: SimpleNamespace) -> None:
    for chosen in (Method.STAKE_WEIGHT, Method.CLIENT_REVENUE):
        computation = make.run(
            make.facts(make.revenue(0)), make.agreement(make.rule(chosen)), make.claim("w")
        )
        assert (computation.lines, computation.findings) == ((), ())


@pytest.mark.parametrize(
    ("component", "observed", "base", "allocated"),
    [
        (Component.COMMISSION, 33, 33, False),
        (Component.VOTE_REWARDS, 33, 33, False),
        (Component.MEV_TIPS, 33, 33, False),
        (Component.MEV_TIPS, None, 50, True),
        (Component.EXEC_FEES, None, 50, True),
    ],
)
def test_what_is_not_observed_by_client_is_allocated_if_it_never_can_be(
    make: SimpleNamespace, component: Component, observed: int | None, base: int, *, allocated: bool
) -> None:
    seen = [] if observed is None else [make.client("w", observed, component), make.client("x", 5, component)]
    period = make.facts(make.revenue(100, component), make.stake("w", 1), make.stake("x", 1), *seen)
    agreement = make.agreement(make.rule(Method.CLIENT_REVENUE, component))
    assert rows(make.run(period, agreement, make.claim("w"))) == {("v1", base, allocated)}


@pytest.mark.parametrize("component", [Component.COMMISSION, Component.VOTE_REWARDS])
def test_what_should_have_been_observed_and_was_not_is_unknown(
    make: SimpleNamespace, component: Component
) -> None:
    period = make.facts(make.revenue(100, component), make.stake("w", 1))
    agreement = make.agreement(make.rule(Method.CLIENT_REVENUE, component))
    computation = make.run(period, agreement, make.claim("w"))
    assert (computation.lines, make.codes(computation)) == ((), ["CLIENT_REVENUE_UNKNOWN"])


def test_an_unknown_observation_is_not_zero(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(100), make.client("w", 4), make.client("w", None), make.client("x", 1))
    agreement = make.agreement(make.rule(Method.CLIENT_REVENUE))
    assert make.codes(make.run(period, agreement, make.claim("w"))) == ["CLIENT_REVENUE_UNKNOWN"]
    assert rows(make.run(period, agreement, make.claim("x"))) == {("v1", 1, False)}


def test_a_client_that_gave_nothing_where_others_did_has_a_base_of_zero(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(100), make.stake("w", 1), make.client("x", 100))
    computation = make.run(period, make.agreement(make.rule(Method.CLIENT_REVENUE)), make.claim("w"))
    assert rows(computation) == {("v1", 0, False)}


def test_no_commission_taken_is_a_known_zero(make: SimpleNamespace) -> None:
    period = make.facts(make.revenue(0), make.stake("w", 1))
    computation = make.run(period, make.agreement(make.rule(Method.CLIENT_REVENUE)), make.claim("w"))
    assert rows(computation) == {("v1", 0, False)}
    assert make.codes(computation) == []


def test_a_line_names_the_rows_it_came_from(make: SimpleNamespace) -> None:
    period = make.facts(
        make.revenue(100, source=7),
        make.stake("w", 1, source="s2"),
        make.stake("w", 1, source="s1"),
        make.stake("x", 1),
    )
    for chosen, sources in [(Method.STAKE_WEIGHT, (7, "s1", "s2")), (Method.FIXED_SHARE, (7,))]:
        (line,) = make.run(period, make.agreement(make.rule(chosen)), make.claim("w")).lines
        assert line.sources == sources


class TestCovered:
    known = ("v1", "v2")

    def covers(self, make: SimpleNamespace, chosen: Rule, *others: Rule) -> list[str] | None:
        return covered(make.agreement(chosen, *others), chosen, "chain", self.known)

    def test_any_and_chain(self, make: SimpleNamespace) -> None:
        assert self.covers(make, make.rule(chain_id=None)) == ["v1", "v2"]
        assert self.covers(make, make.rule()) == ["v1", "v2"]
        assert self.covers(make, make.rule(chain_id="other")) is None

    def test_the_more_specific_rule_takes_the_validator(self, make: SimpleNamespace) -> None:
        special = make.rule(rule_id="s", validator_key="v2")
        assert self.covers(make, make.rule(), special) == ["v1"]
        assert self.covers(make, special, make.rule()) == ["v2"]
        assert self.covers(make, make.rule(chain_id=None), make.rule(rule_id="s")) is None
        assert self.covers(make, make.rule(), make.rule(rule_id="s", chain_id=None)) == ["v1", "v2"]

    def test_rules_of_other_components_and_chains_take_nothing(self, make: SimpleNamespace) -> None:
        others = (
            make.rule(component=Component.MEV_TIPS, rule_id="s", validator_key="v1"),
            make.rule(rule_id="t", validator_key="v2", chain_id="other"),
        )
        assert self.covers(make, make.rule(), *others) == ["v1", "v2"]

    def test_a_validator_named_with_its_chain_is_expected(self, make: SimpleNamespace) -> None:
        assert self.covers(make, make.rule(validator_key="v9")) == ["v9"]
        assert self.covers(make, make.rule(validator_key="v9", chain_id=None)) is None
        assert self.covers(make, make.rule(validator_key="v1", chain_id=None)) == ["v1"]
