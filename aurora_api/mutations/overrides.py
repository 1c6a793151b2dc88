"""Amounts set by hand: make an override, confirm what another user set, withdraw it.

The rules (a reason, four eyes above the chain's size, no statement under way) are the engine's, in
`aurora_assets/statements/overrides.py`.
"""

from collections.abc import Callable
from typing import Annotated, TypeAlias
from uuid import UUID

import strawberry

from aurora_api.access.principal import Capability, Principal
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.queries.overrides import LineOverride, line_not_found, line_override, read_line_id
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Amount
from aurora_assets.statements.overrides import (
    LineUnknown,
    OverriddenLine,
    confirm_override,
    override_line,
    read_overrides,
    withdraw_override,
)
from aurora_resources.config.files import load_chains
from aurora_resources.warehouse.connection import DbConnection

LineOverrideResult: TypeAlias = Annotated[
    LineOverride | MutationProblem,
    strawberry.union("LineOverrideResult", description="What counts for the line, or why nothing was done."),
]


@strawberry.input(description="Set by hand what a commission line is owed.")
class OverrideCommissionLineInput:
    """Which line, and how much."""

    line_id: strawberry.ID = strawberry.field(description="A CommissionLine's id or lineId.")
    amount: Amount = strawberry.field(description="What is owed instead, 0 or more, in native units.")
    reason: str


@strawberry.input(description="Confirm what another user set, or set a stale amount again.")
class ConfirmLineOverrideInput:
    """Which line, and the amount that was seen."""

    line_id: strawberry.ID = strawberry.field(description="A CommissionLine's id or lineId.")
    reason: str


@strawberry.input(description="Let the computed amount count again.")
class WithdrawLineOverrideInput:
    """Which line."""

    line_id: strawberry.ID = strawberry.field(description="A CommissionLine's id or lineId.")
    reason: str


async def override_commission_line(info: Info, input: OverrideCommissionLineInput) -> LineOverrideResult:  # noqa: A002
    """Set what the line is owed."""

    def change(session: DbConnection, line_id: UUID, by: str) -> None:
        override_line(session, load_chains(), line_id, input.amount, reason=input.reason, by=by)

    return await _change(info, "override.make", input.line_id, input.reason, change)


async def confirm_line_override(info: Info, input: ConfirmLineOverrideInput) -> LineOverrideResult:  # noqa: A002
    """Confirm it, as another user."""

    def change(session: DbConnection, line_id: UUID, by: str) -> None:
        confirm_override(session, load_chains(), line_id, reason=input.reason, by=by)

    return await _change(info, "override.confirm", input.line_id, input.reason, change)


async def withdraw_line_override(info: Info, input: WithdrawLineOverrideInput) -> LineOverrideResult:  # noqa: A002
    """Withdraw it."""

    def change(session: DbConnection, line_id: UUID, by: str) -> None:
        withdraw_override(session, line_id, reason=input.reason, by=by)

    return await _change(info, "override.withdraw", input.line_id, input.reason, change)


async def _change(
    info: Info, action: str, given: str, reason: str, change: Callable[[DbConnection, UUID, str], None]
) -> LineOverrideResult:
    def work(session: DbConnection, principal: Principal) -> AuditedChange[OverriddenLine]:
        require_reason(reason)
        line_id = read_line_id(given)
        try:
            before = read_overrides(session, line_id)
        except LineUnknown:
            raise line_not_found() from None
        change(session, line_id, principal.username)
        after = read_overrides(session, line_id)
        partner_id = after.place.partner_id
        return AuditedChange(after, "CommissionLine", str(line_id), _told(before), _told(after), partner_id)

    done = await run_audited(info, action, work, reason=reason)
    if isinstance(done, MutationProblem):
        return done
    chain = await info.context.find_chain(done.place.chain_id)
    return line_override(done, chain.coin)


def _told(line: OverriddenLine) -> dict[str, str | None]:
    action = line.decision.action
    return {
        "state": line.decision.state.value,
        "computed": None if line.place.amount is None else str(line.place.amount),
        "amount": None if action is None or action.amount is None else str(action.amount),
    }


@strawberry.type
class OverrideMutations:
    """The mutations of this module, as root fields."""

    confirm_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=confirm_line_override,
        description="Confirm the amount that another user set on a line.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    override_commission_line: LineOverrideResult | None = strawberry.mutation(
        resolver=override_commission_line,
        description="Set by hand what a line is owed; above the chain's size another user confirms it.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    withdraw_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=withdraw_line_override,
        description="Let a line's computed amount count again.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
