"""Manual overrides of line amounts: make one, confirm another user's, withdraw it.

The rules (a reason, four eyes above the chain's size, no statement under way) are the engine's, in
`aurora_assets/statements/override_store.py`.
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
from aurora_assets.statements.override_store import (
    LineNotFoundError,
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
    strawberry.union(
        "LineOverrideResult", description="The line's amount in force, or the reason for the refusal."
    ),
]


@strawberry.input(description="A manually set amount for a commission line.")
class OverrideCommissionLineInput:
    """The line and its amount."""

    line_id: strawberry.ID = strawberry.field(description="The id or the lineId of a CommissionLine.")
    amount: Amount = strawberry.field(description="The amount owed instead, 0 or more, in native units.")
    reason: str


@strawberry.input(description="Confirm the amount that another user set, or a stale amount.")
class ConfirmLineOverrideInput:
    """The line whose override is confirmed."""

    line_id: strawberry.ID = strawberry.field(description="The id or the lineId of a CommissionLine.")
    reason: str


@strawberry.input(description="Withdraw an override, so that the computed amount applies again.")
class WithdrawLineOverrideInput:
    """The line whose override is withdrawn."""

    line_id: strawberry.ID = strawberry.field(description="The id or the lineId of a CommissionLine.")
    reason: str


async def override_commission_line(info: Info, input: OverrideCommissionLineInput) -> LineOverrideResult:  # noqa: A002
    """Override the line's amount."""

    def change(session: DbConnection, line_id: UUID, by: str) -> None:
        override_line(session, load_chains(), line_id, input.amount, reason=input.reason, by=by)

    return await _change(info, "override.make", input.line_id, input.reason, change)


async def confirm_line_override(info: Info, input: ConfirmLineOverrideInput) -> LineOverrideResult:  # noqa: A002
    """Confirm the override, as another user."""

    def change(session: DbConnection, line_id: UUID, by: str) -> None:
        confirm_override(session, load_chains(), line_id, reason=input.reason, by=by)

    return await _change(info, "override.confirm", input.line_id, input.reason, change)


async def withdraw_line_override(info: Info, input: WithdrawLineOverrideInput) -> LineOverrideResult:  # noqa: A002
    """Withdraw the override."""

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
        except LineNotFoundError:
            raise line_not_found() from None
        change(session, line_id, principal.username)
        after = read_overrides(session, line_id)
        partner_id = after.key.partner_id
        return AuditedChange(
            after, "CommissionLine", str(line_id), _describe(before), _describe(after), partner_id
        )

    done = await run_audited(info, action, work, reason=reason)
    if isinstance(done, MutationProblem):
        return done
    chain = await info.context.find_chain(done.key.chain_id)
    return line_override(done, chain.coin)


def _describe(line: OverriddenLine) -> dict[str, str | None]:
    action = line.decision.action
    return {
        "state": line.decision.state.value,
        "computed": None if line.key.amount is None else str(line.key.amount),
        "amount": None if action is None or action.amount is None else str(action.amount),
    }


@strawberry.type
class OverrideMutations:
    """The mutations of this module, as root fields."""

    confirm_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=confirm_line_override,
        description="Confirm the override that another user made on a line.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    override_commission_line: LineOverrideResult | None = strawberry.mutation(
        resolver=override_commission_line,
        description="Override a line's amount; above the chain's threshold another user must confirm it.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    withdraw_line_override: LineOverrideResult | None = strawberry.mutation(
        resolver=withdraw_line_override,
        description="Withdraw the override of a line; the computed amount applies again.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
