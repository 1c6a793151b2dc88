"""The arithmetic that `aurora explain` spells out gives what the engine pays, whatever the story."""

from hypothesis import given, settings

from aurora_assets.commission.guard import GuardPolicy
from aurora_assets.commission.lines import Line
from aurora_assets.explain.arithmetic import Trace, compute_steps
from aurora_resources.records import Component
from tests.property.test_commission_engine import Story, compute_story, stories


@given(stories())
@settings(max_examples=200, deadline=None)
def test_the_steps_of_any_line_end_at_its_amount(story: Story) -> None:
    rules = {(one.agreement_id, rule.rule_id): rule for one in story[1] for rule in one.rules}
    for facts, computation in zip(story[0], compute_story(story, guard=GuardPolicy.SCALE), strict=True):
        revenues: dict[tuple[str | None, Component], int | None] = {
            (row.validator_key, row.component): row.amount for row in facts.revenues
        }
        for line in computation.lines:
            siblings = [other for other in computation.lines if other.rule_key == line.rule_key]
            rivals = [
                other
                for other in computation.lines
                if (other.validator_key, other.component) == (line.validator_key, line.component)
            ]
            steps = compute_steps(
                rules[line.agreement_id, line.rule_id],
                trace_of(line),
                {other.validator_key: other.base for other in siblings if other.validator_key is not None},
                line.validator_key,
                revenues.get((line.validator_key, line.component)),
                {} if line.validator_key is None else {one.sort_key: one.claimed for one in rivals},
                line.sort_key,
            )
            assert all(step.holds for step in steps)
            if line.validator_key is None:
                assert [step.amount for step in steps if step.what == "guarantee"] == [line.amount]
            else:
                assert steps[-1].amount == line.amount


def trace_of(line: Line) -> Trace:
    names = ("base", "losses", "loss_offset", "net_base", "base_before", "stake", "earned")
    return Trace(
        **{name: getattr(line.trace, name) for name in names}, claimed=line.claimed, amount=line.amount
    )
