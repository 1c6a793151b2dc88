"""Creating and changing agreements. The rules of a change are in `aurora_assets/agreements/`."""

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, Principal, require_rules
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, require_reason, run_audited
from aurora_api.queries.agreements import Agreement, AgreementRuleInput, raw_agreement, resolve_agreement
from aurora_api.schema.permissions import requires
from aurora_assets.agreements.editing import Change, amend_agreement, create_agreement, transition
from aurora_assets.agreements.entries import AgreementEntry, parse_entry
from aurora_assets.agreements.lifecycle import AgreementAction
from aurora_assets.agreements.store import read_chains
from aurora_resources.warehouse.connection import DbConnection

AgreementResult: TypeAlias = Annotated[
    Agreement | MutationProblem,
    strawberry.union(
        "AgreementResult", description="The agreement after the change, or the reason for the refusal."
    ),
]


@strawberry.input(description="A new agreement; it is a draft, and pays nothing until it is activated.")
class CreateAgreementInput:
    """The partner and the agreement's first version."""

    partner_code: str
    agreement_id: str = strawberry.field(
        description="Lower-case letters, digits and hyphens; it never changes."
    )
    name: str
    valid_from: datetime = strawberry.field(
        description="Inclusive: it applies to periods that start at or after this time."
    )
    valid_until: datetime | None = None
    rules: list[AgreementRuleInput]
    reason: str


@strawberry.input(
    description="The next version of an agreement, with all its rules. Earlier versions remain and apply to "
    "periods before validFrom. The new version of an ACTIVE agreement applies immediately."
)
class AmendAgreementInput:
    """The agreement and its next version."""

    agreement_id: str
    expected_version: int = strawberry.field(description="The version that the change is based on.")
    name: str
    valid_from: datetime
    valid_until: datetime | None = None
    rules: list[AgreementRuleInput]
    reason: str


@strawberry.input(description="The agreement to activate, suspend or terminate.")
class MoveAgreementInput:
    """The agreement and the reason."""

    agreement_id: str
    expected_version: int = strawberry.field(description="The version that the change is based on.")
    reason: str


async def resolve_create_agreement(info: Info, input: CreateAgreementInput) -> AgreementResult:  # noqa: A002
    """A draft at version 1."""

    def change(session: DbConnection) -> Change:
        return create_agreement(session, input.partner_code, _entry(input), read_chains(session))

    return await _changed(info, "agreement.create", input.reason, change)


async def resolve_amend_agreement(info: Info, input: AmendAgreementInput) -> AgreementResult:  # noqa: A002
    """The next version."""

    def change(session: DbConnection) -> Change:
        return amend_agreement(session, input.expected_version, _entry(input), read_chains(session))

    return await _changed(info, "agreement.amend", input.reason, change)


async def resolve_activate_agreement(info: Info, input: MoveAgreementInput) -> AgreementResult:  # noqa: A002
    """DRAFT or SUSPENDED to ACTIVE."""
    return await _move(info, input, AgreementAction.ACTIVATE)


async def resolve_suspend_agreement(info: Info, input: MoveAgreementInput) -> AgreementResult:  # noqa: A002
    """ACTIVE to SUSPENDED."""
    return await _move(info, input, AgreementAction.SUSPEND)


async def resolve_terminate_agreement(info: Info, input: MoveAgreementInput) -> AgreementResult:  # noqa: A002
    """ACTIVE or SUSPENDED to TERMINATED, which is final."""
    return await _move(info, input, AgreementAction.TERMINATE)


async def _move(info: Info, given: MoveAgreementInput, action: AgreementAction) -> AgreementResult:
    def change(session: DbConnection) -> Change:
        return transition(session, given.agreement_id, given.expected_version, action)

    return await _changed(info, f"agreement.{action.lower()}", given.reason, change)


async def _changed(
    info: Info, action: str, reason: str, change: Callable[[DbConnection], Change]
) -> AgreementResult:
    def work(session: DbConnection, principal: Principal) -> AuditedChange[str]:
        require_reason(reason)
        made = change(session)
        for agreement in (made.before, made.after):
            require_rules(principal, agreement.newest.rules if agreement else ())
        before = None if made.before is None else made.before.as_data()
        agreement_id = made.after.newest.agreement_id
        return AuditedChange(
            agreement_id,
            "Agreement",
            agreement_id,
            before,
            made.after.as_data(),
            partner_id=made.after.partner_id,
        )

    done = await run_audited(info, action, work, reason=reason)
    if isinstance(done, MutationProblem):
        return done
    found = await resolve_agreement(info, done)
    if found is None:
        raise RuntimeError(f"agreement {done} was changed and cannot be read")
    return found


def _entry(given: CreateAgreementInput | AmendAgreementInput) -> AgreementEntry:
    raw = raw_agreement(
        given.agreement_id, given.name, given.valid_from, given.valid_until, given.rules, given.reason
    )
    return parse_entry(AgreementEntry, raw, f"agreement {given.agreement_id}")


@strawberry.type
class AgreementMutations:
    """The mutations of this module, as root fields."""

    activate_agreement: AgreementResult | None = strawberry.mutation(
        resolver=resolve_activate_agreement,
        description="Activate a draft or suspended agreement.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    amend_agreement: AgreementResult | None = strawberry.mutation(
        resolver=resolve_amend_agreement,
        description="Create the next version of an agreement.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    create_agreement: AgreementResult | None = strawberry.mutation(
        resolver=resolve_create_agreement,
        description="Create an agreement as a draft.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    suspend_agreement: AgreementResult | None = strawberry.mutation(
        resolver=resolve_suspend_agreement,
        description="Suspend an active agreement.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
    terminate_agreement: AgreementResult | None = strawberry.mutation(
        resolver=resolve_terminate_agreement,
        description="Terminate an active or suspended agreement permanently.",
        directives=requires(Capability.WRITE_AGREEMENTS),
    )
