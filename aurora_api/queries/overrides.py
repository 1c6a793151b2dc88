"""Manual overrides of a commission line: every action, and the amount in force.

Setting, confirming and withdrawing are in `mutations/overrides.py`, the rules in the commission engine.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.read_only import read_with
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import is_uuid, read_node_id
from aurora_api.schema.permissions import requires
from aurora_assets.commission.overrides import OverrideAction, OverrideState
from aurora_assets.statements.override_store import LineNotFoundError, OverriddenLine, read_overrides

strawberry.enum(
    OverrideState,
    description="The state of a line's overrides. IN_FORCE: the amount applies. UNCONFIRMED: another user "
    "must confirm it. STALE: the computed amount has changed since, so it must be confirmed again.",
)


@strawberry.type(
    description="One action of a user on a line's amount; actions are appended, never changed.",
    directives=requires(Capability.READ_FINDINGS),
)
class LineOverrideAction:
    """One action."""

    amount: Money | None = strawberry.field(
        description="The amount owed instead; null withdraws the override."
    )
    computed: Money | None = strawberry.field(
        description="The line's computed amount at that time; null: there was none."
    )
    reason: str
    made_by: str
    made_at: datetime = strawberry.field(description="UTC.")
    needs_second_person: bool
    confirmation: bool = strawberry.field(description="Whether it confirms what another user set.")


@strawberry.type(
    description="The amount in force for a commission line, and its history of overrides.",
    directives=requires(Capability.READ_FINDINGS),
)
class LineOverride:
    """A line's overrides."""

    line_id: strawberry.ID
    chain_id: str
    state: OverrideState
    computed: Money | None = strawberry.field(
        description="The line's amount as the engine computes it now; null: it is not there any more."
    )
    amount: Money | None = strawberry.field(
        description="The amount owed: the override's while it is in force."
    )
    actions: list[LineOverrideAction] = strawberry.field(description="Oldest first.")


async def resolve_line_override(info: Info, line_id: strawberry.ID) -> LineOverride | None:
    """The overrides of a line; None when there is no visible line."""
    line = read_line_id(line_id)
    try:
        found = await read_with(info, lambda session: read_overrides(session, line))
    except LineNotFoundError:
        return None
    chain = await info.context.find_chain(found.key.chain_id)
    return line_override(found, chain.coin)


def read_line_id(given: str) -> UUID:
    """The line in an argument: a CommissionLine's id, or its lineId. Raises Problem."""
    key = read_node_id(given)
    if key is not None and key.type_name == "CommissionLine" and len(key.parts) == 1:
        given = key.parts[0]
    if not is_uuid(given):
        raise line_not_found()
    return UUID(given)


def line_not_found() -> Problem:
    """The problem for a line that is missing or not visible to the caller."""
    return Problem(Code.NOT_FOUND, "there is no commission line of that id; statements list their lines")


def line_override(line: OverriddenLine, coin: Coin) -> LineOverride:
    """The line's overrides as they are shown."""
    decision = line.decision
    owed = line.key.amount if decision.in_force is None else decision.in_force.amount
    return LineOverride(
        line_id=strawberry.ID(str(line.line_id)),
        chain_id=line.key.chain_id,
        state=decision.state,
        computed=coin.money(line.key.amount),
        amount=coin.money(owed),
        actions=_actions(line.actions, coin),
    )


def _actions(actions: Sequence[OverrideAction], coin: Coin) -> list[LineOverrideAction]:
    return [
        LineOverrideAction(
            amount=coin.money(action.amount),
            computed=coin.money(action.computed_amount),
            reason=action.reason,
            made_by=action.made_by,
            made_at=action.made_at,
            needs_second_person=action.needs_second_person,
            confirmation=action.confirms is not None,
        )
        for action in sorted(actions, key=lambda action: action.override_id)
    ]


@strawberry.type
class OverrideQueries:
    """The queries of this module, as root fields."""

    line_override: LineOverride | None = strawberry.field(
        resolver=resolve_line_override,
        description="The overrides of a commission line; null if there is no such line.",
        directives=requires(Capability.READ_FINDINGS),
    )
