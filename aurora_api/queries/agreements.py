"""What is agreed with partners: agreements as they stand, and every version there was.

A partner sees its own, but no draft: those are the operator's thoughts.
"""

from collections import defaultdict
from datetime import datetime
from typing import Annotated, Final, NamedTuple

import strawberry

from aurora_api.context.loaders import loader_of
from aurora_api.context.request import Info, Reader
from aurora_api.queries.agreement_rules import AgreementRule, load_rules
from aurora_api.queries.partners import find_partner
from aurora_api.schema.enums import AgreementStatus
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset

_KEYSET: Final = Keyset("agreements", {"partner_code": str, "agreement_id": str})


class _AgreementRow(NamedTuple):
    agreement_id: str
    partner_code: str
    partner_name: str
    name: str
    status: str
    version: int
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    recorded_at: datetime


class _VersionRow(NamedTuple):
    agreement_id: str
    version: int
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    recorded_at: datetime


@strawberry.type(description="One version of an agreement; it never changes.")
class AgreementVersion:
    """A version."""

    version: int
    valid_from: datetime = strawberry.field(
        description="UTC; it holds for periods that start from then on, itself included."
    )
    valid_until: datetime | None = strawberry.field(description="UTC; null: it has no end.")
    recorded_at: datetime = strawberry.field(description="When it was saved, UTC.")
    reason: str = strawberry.field(description="Why it was made.")
    agreement_id: strawberry.Private[str]

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="Its rules in order."
    )
    async def rules(self, info: Info) -> list[AgreementRule]:
        """Its rules, read together with those of the page's other versions."""
        return await loader_of(info, load_rules).load((self.agreement_id, self.version))


@strawberry.type(description="An agreement with a partner, as it stands; its newest version.")
class Agreement(Node):
    """An agreement."""

    agreement_id: str = strawberry.field(description="Its name in every other query.")
    partner_code: str
    partner_name: str
    name: str
    status: AgreementStatus
    version: int = strawberry.field(
        description="The newest version's number: a change gives it as expectedVersion."
    )
    valid_from: datetime = strawberry.field(
        description="UTC; the newest version holds for periods that start from then on."
    )
    valid_until: datetime | None = strawberry.field(description="UTC; null: it has no end.")
    recorded_at: datetime = strawberry.field(description="When the newest version was saved, UTC.")
    reason: str = strawberry.field(description="Why the newest version was made.")

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="The newest version's rules in order."
    )
    async def rules(self, info: Info) -> list[AgreementRule]:
        """The newest version's rules, read together with those of the page's other agreements."""
        return await loader_of(info, load_rules).load((self.agreement_id, self.version))

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="Every version, the newest first."
    )
    async def versions(self, info: Info) -> list[AgreementVersion]:
        """All its versions, read together with those of the page's other agreements."""
        return await loader_of(info, _load_versions).load(self.agreement_id)


async def resolve_agreements(
    info: Info,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner's; null for every partner's.")
    ] = None,
    statuses: list[AgreementStatus] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[Agreement]:
    """Agreements, by partner and id."""
    if partner_code is not None:
        partner_code = (await find_partner(info, partner_code)).code
    filters = {
        "partner_code": partner_code,
        "agreement_id": None,
        "statuses": None if statuses is None else [each.value for each in statuses],
        "with_drafts": not info.context.caller.is_partner,
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows("agreement_page.sql", _AgreementRow, **filters, **page.parameters)
    return page.connection(rows, _agreement)


async def resolve_agreement(info: Info, agreement_id: str) -> Agreement | None:
    """One agreement; None when there is none to be seen."""
    rows = await info.context.reader.rows(
        "agreement_page.sql",
        _AgreementRow,
        partner_code=None,
        agreement_id=agreement_id,
        statuses=None,
        with_drafts=not info.context.caller.is_partner,
        after_partner_code=None,
        after_agreement_id=None,
        row_limit=1,
    )
    return _agreement(rows[0]) if rows else None


async def _load_versions(reader: Reader, agreement_ids: list[str]) -> list[list[AgreementVersion]]:
    rows = await reader.rows("agreement_versions.sql", _VersionRow, agreement_ids=agreement_ids)
    versions: defaultdict[str, list[AgreementVersion]] = defaultdict(list)
    for row in rows:
        versions[row.agreement_id].append(
            AgreementVersion(
                version=row.version,
                valid_from=row.valid_from,
                valid_until=row.valid_until,
                recorded_at=row.recorded_at,
                reason=row.reason,
                agreement_id=row.agreement_id,
            )
        )
    return [versions[agreement_id] for agreement_id in agreement_ids]


def _agreement(row: _AgreementRow) -> Agreement:
    return Agreement(
        id=node_id("Agreement", row.agreement_id),
        agreement_id=row.agreement_id,
        partner_code=row.partner_code,
        partner_name=row.partner_name,
        name=row.name,
        status=AgreementStatus(row.status),
        version=row.version,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        recorded_at=row.recorded_at,
        reason=row.reason,
    )
