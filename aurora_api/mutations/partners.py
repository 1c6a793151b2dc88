"""Making and renaming partners."""

from typing import Annotated, TypeAlias

import strawberry

from aurora_api.access.principal import Principal
from aurora_api.context.request import Info
from aurora_api.mutations.audited import AuditedChange, MutationProblem, run_audited
from aurora_api.mutations.reasons import require_reason
from aurora_api.queries.partners import PartnerNode, resolve_partner
from aurora_assets.agreements.entries import PartnerEntry, parse_entry
from aurora_assets.agreements.partners import KnownPartner, create_partner, rename_partner
from aurora_resources.warehouse.connection import DbConnection

PartnerResult: TypeAlias = Annotated[
    PartnerNode | MutationProblem,
    strawberry.union("PartnerResult", description="The partner as it is now, or why nothing was done."),
]


@strawberry.input(description="A new partner.")
class CreatePartnerInput:
    """Who."""

    partner_code: str = strawberry.field(
        description="Small letters, digits and hyphens; it never changes, and is its name in every query."
    )
    name: str
    reason: str


@strawberry.input(description="Another name for a partner.")
class UpdatePartnerInput:
    """Who, and how it is called now."""

    partner_code: str
    name: str
    reason: str


async def create(info: Info, input: CreatePartnerInput) -> PartnerResult:  # noqa: A002
    """A partner without wallets and agreements."""

    def work(session: DbConnection, _: Principal) -> AuditedChange[str]:
        require_reason(input.reason)
        made = create_partner(session, _entry(input.partner_code, input.name))
        return AuditedChange(made.code, "Partner", made.code, None, _told(made), partner_id=made.partner_id)

    done = await run_audited(info, "partner.create", work, reason=input.reason)
    return await _shown(info, done)


async def update(info: Info, input: UpdatePartnerInput) -> PartnerResult:  # noqa: A002
    """The same partner under another name."""

    def work(session: DbConnection, _: Principal) -> AuditedChange[str]:
        require_reason(input.reason)
        before, after = rename_partner(session, _entry(input.partner_code, input.name))
        return AuditedChange(
            after.code, "Partner", after.code, _told(before), _told(after), partner_id=after.partner_id
        )

    done = await run_audited(info, "partner.update", work, reason=input.reason)
    return await _shown(info, done)


async def _shown(info: Info, done: str | MutationProblem) -> PartnerResult:
    if isinstance(done, MutationProblem):
        return done
    found = await resolve_partner(info, done)
    if found is None:
        raise RuntimeError(f"partner {done} was changed and cannot be read")
    return found


def _entry(code: str, name: str) -> PartnerEntry:
    return parse_entry(PartnerEntry, {"code": code, "name": name}, "partner")


def _told(partner: KnownPartner) -> dict[str, str]:
    return {"code": partner.code, "name": partner.name}
