"""The partners that commissions are owed to, found by their code."""

from typing import Annotated, Final, NamedTuple

import strawberry

from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset

_KEYSET: Final = Keyset("partners", {"code": str})


class Partner(NamedTuple):
    """A partner; `partner_id` stays inside the warehouse, `code` is what the world knows."""

    partner_id: int
    code: str
    name: str


class _PartnerRow(NamedTuple):
    partner_id: int
    code: str
    name: str
    wallet_count: int
    active_agreement_count: int


@strawberry.type(name="Partner", description="Who introduced stake, and is paid for it.")
class PartnerNode(Node):
    """A partner as it is shown."""

    partner_code: str = strawberry.field(description="Its name in every other query.")
    name: str
    wallet_count: int = strawberry.field(description="The wallets it holds just now.")
    active_agreement_count: int


async def find_partner(info: Info, partner_code: str) -> Partner:
    """The partner of that code. Raises Problem when there is none to be seen."""
    rows = await info.context.reader.rows(
        "registry/partners.partner_of_code", Partner, partner_code=partner_code
    )
    if not rows:
        raise Problem(Code.NOT_FOUND, f'there is no partner "{partner_code}"; check its code')
    return rows[0]


async def resolve_partners(
    info: Info,
    search: Annotated[
        str | None, strawberry.argument(description="Only those with this text in their code or name.")
    ] = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[PartnerNode]:
    """The partners, by code."""
    filters = {"partner_code": None, "search": search}
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows(
        "registry/partners.partner_page", _PartnerRow, **filters, **page.parameters
    )
    return page.connection(rows, _partner)


async def resolve_partner(info: Info, partner_code: str) -> PartnerNode | None:
    """One partner; None when there is none to be seen."""
    rows = await info.context.reader.rows(
        "registry/partners.partner_page",
        _PartnerRow,
        partner_code=partner_code,
        search=None,
        after_code=None,
        row_limit=1,
    )
    return _partner(rows[0]) if rows else None


def _partner(row: _PartnerRow) -> PartnerNode:
    return PartnerNode(
        id=node_id("Partner", row.code),
        partner_code=row.code,
        name=row.name,
        wallet_count=row.wallet_count,
        active_agreement_count=row.active_agreement_count,
    )
