"""What a plan makes of booked and computed lines: every difference, once, and nothing unknown as zero."""

from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_assets.commission.agreement import Method, RuleKey
from aurora_assets.commission.lines import Line, line_id
from aurora_assets.commission.payout import RuleTrace
from aurora_assets.recompute.periods import BookedLine
from aurora_assets.recompute.plan import Plan, PlannedPeriod, find_changes
from aurora_resources.records import Component, FactState

CHAIN = "chain"
TRACE = RuleTrace(0, 0, 0, 0, 0, None, 1000, (), 0, floor_applied=False, cap_applied=False)

places = st.tuples(
    st.sampled_from(["a", "b"]), st.sampled_from(["r", "s"]), st.sampled_from([None, "v1", "v2"])
)
lines = st.dictionaries(places, st.tuples(st.integers(1, 2), st.integers(0, 10**12)))


def booked(drawn: dict[Any, Any]) -> list[BookedLine]:
    return [
        BookedLine(
            identity(place, version),
            place[0],
            f"of-{place[0]}",
            version,
            place[1],
            place[2],
            "MEV_TIPS",
            amount,
        )
        for place, (version, amount) in drawn.items()
    ]


def computed(drawn: dict[Any, Any]) -> list[Line]:
    return [
        Line(
            line_id=identity(place, version),
            agreement_id=f"of-{place[0]}",
            version=version,
            rule_id=place[1],
            partner_id=place[0],
            chain_id=CHAIN,
            period_id=1,
            validator_key=place[2],
            component=Component.MEV_TIPS,
            method=Method.FIXED_SHARE,
            base=0,
            trace=TRACE,
            claimed=amount,
            amount=amount,
            scaled=False,
            allocated=False,
            state=FactState.FINAL,
            sources=(),
        )
        for place, (version, amount) in drawn.items()
    ]


def identity(place: Any, version: int) -> UUID:
    return line_id(f"of-{place[0]}", version, place[1], CHAIN, 1, place[2])


def plan(changes: tuple[Any, ...]) -> Plan:
    period = PlannedPeriod(
        1, changes, 0, lines_differ=True, pnl_differs=False, refusal=None, findings=(), released=frozenset()
    )
    return Plan(CHAIN, (period,))


@settings(max_examples=200)
@given(before=lines, after=lines)
def test_differences_lead_from_what_is_booked_to_what_is_computed(
    before: dict[Any, Any], after: dict[Any, Any]
) -> None:
    changes = find_changes(booked(before), computed(after), (), CHAIN)
    differing = {place for place in before.keys() | after.keys() if before.get(place) != after.get(place)}
    assert {(c.key.partner_id, c.key.rule_id, c.key.validator_key) for c in changes} == differing
    for partner in ("a", "b"):
        old, new = (
            sum(amount for place, (_, amount) in drawn.items() if place[0] == partner)
            for drawn in (before, after)
        )
        assert plan(changes).affected.get(partner, 0) == new - old
    assert find_changes(booked(after), computed(after), (), CHAIN) == ()


@settings(max_examples=200)
@given(before=lines)
def test_a_rule_that_cannot_be_settled_leaves_its_lines_unknown(before: dict[Any, Any]) -> None:
    unresolved = {RuleKey("of-a", rule_id, CHAIN) for rule_id in ("r", "s")}
    changes = find_changes(booked(before), [], unresolved, CHAIN)
    for change in changes:
        assert change.unknown == (change.key.partner_id == "a")
        assert (change.difference is None) == change.unknown
    affected = plan(changes).affected
    assert affected.get("a") is None
    assert ("a" in affected) == any(place[0] == "a" for place in before)
    assert affected.get("b", 0) == -sum(amount for place, (_, amount) in before.items() if place[0] == "b")
