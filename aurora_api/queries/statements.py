"""Monthly statements: their state, their amounts, and who took which step.

What a statement says line by line is in `statement_documents.py`; what people do to it in
`mutations/statements.py`. Partners see their own from RELEASED on, which the warehouse sees to as well.
"""

import re
from datetime import date, datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry
from strawberry.dataloader import DataLoader

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.queries.partners import find_partner
from aurora_api.queries.statement_documents import Asked, StatementDocument, load_documents
from aurora_api.schema.enums import StatementStatus
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import Node, key_of, node_id, not_found
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_assets.commission.statement import StatementKey

Month: TypeAlias = Annotated[
    str | None, strawberry.argument(description="A billing month, such as 2026-01, inclusive.")
]

Documents: TypeAlias = DataLoader[Asked, StatementDocument | None]

_MONTH: Final = re.compile(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])")
_KEYSET: Final = Keyset("statements", {"month": str, "chain_id": str, "partner_code": str})


class _StatementRow(NamedTuple):
    partner_code: str
    partner_name: str
    chain_id: str
    month: str
    status: str
    statement_id: str | None
    number: int | None
    total: int | None
    opening_balance: int | None
    payable: int | None
    closing_balance: int | None
    sha256: str | None
    prepared_by: str | None
    submitted_at: datetime | None
    approved_by: str | None
    approved_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    paid_by: str | None
    paid_at: datetime | None
    native_unit: str
    native_decimals: int
    display_unit: str


@strawberry.type(
    description="What a partner is owed on a chain for a month: the lines of the periods that ended in it, "
    "and corrections of earlier months. A draft has no amounts yet: its document has what they would be now.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class Statement(Node):
    """One monthly statement."""

    partner_code: str
    partner_name: str
    chain_id: str
    billing_month: str = strawberry.field(
        description="The month in which its periods ended, UTC, such as 2026-01."
    )
    status: StatementStatus
    number: Ordinal | None = strawberry.field(
        description="Sequential from 1 without gaps, assigned at release."
    )
    total: Money | None = strawberry.field(description="The sum of its lines and corrections.")
    opening_balance: Money | None = strawberry.field(
        description="Carried from the previous statement: zero or less."
    )
    payable: Money | None = strawberry.field(description="The amount to be paid.")
    closing_balance: Money | None = strawberry.field(
        description="Carried to the next statement: zero or less."
    )
    sha256: str | None = strawberry.field(
        description="SHA-256 of its frozen content, hexadecimal. Approval and release require it, so that "
        "only reviewed content is approved."
    )
    submitted_by: str | None = strawberry.field(directives=requires(Capability.READ_AUDIT))
    submitted_at: datetime | None = strawberry.field(description="UTC.")
    approved_by: str | None = strawberry.field(directives=requires(Capability.READ_AUDIT))
    approved_at: datetime | None = strawberry.field(description="UTC.")
    released_by: str | None = strawberry.field(directives=requires(Capability.READ_AUDIT))
    released_at: datetime | None = strawberry.field(description="UTC.")
    paid_by: str | None = strawberry.field(directives=requires(Capability.READ_AUDIT))
    paid_at: datetime | None = strawberry.field(description="UTC.")
    key: strawberry.Private[StatementKey]
    frozen_id: strawberry.Private[str | None]
    documents: strawberry.Private[Documents]

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="Its content, frozen at submission; of a draft, its content as of now. Null for a draft "
        "of a month for which no statement can be made any more."
    )
    async def document(self) -> StatementDocument | None:
        """Its periods, lines and corrections."""
        return await self.documents.load((self.key, self.frozen_id))


async def resolve_statements(
    info: Info,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner; null for all partners.")
    ] = None,
    chain_id: str | None = None,
    from_month: Month = None,
    to_month: Month = None,
    statuses: list[StatementStatus] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[Statement]:
    """Statements, the newest month first."""
    if partner_code is not None:
        partner_code = (await find_partner(info, partner_code)).code
    if chain_id is not None:
        chain_id = (await info.context.find_chain(chain_id)).chain_id
    for month in (from_month, to_month):
        if month is not None:
            read_month(month)
    values = None if statuses is None else [status.value for status in statuses]
    return await _read(info, partner_code, chain_id, (from_month, to_month), values, first, after)


async def resolve_statement(
    info: Info,
    partner_code: str,
    chain_id: str,
    billing_month: Annotated[str, strawberry.argument(description="Such as 2026-01.")],
) -> Statement | None:
    """The statement, or the draft, of that month; None when none is visible."""
    read_month(billing_month)
    chain = await info.context.find_chain(chain_id)
    partner = await find_partner(info, partner_code)
    months = (billing_month, billing_month)
    found = await _read(info, partner.code, chain.chain_id, months, None, 1, None)
    return found.edges[0].node if found.edges else None


async def find_statement(info: Info, partner_code: str, chain_id: str, month: str) -> Statement | None:
    """The same by the parts of its id."""
    if not _MONTH.fullmatch(month):
        return None
    return await resolve_statement(info, partner_code, chain_id, month)


def key_of_statement(given: str) -> StatementKey:
    """The statement's key in an id. Raises Problem."""
    partner_code, chain_id, month = key_of("Statement", given, 3)
    if not _MONTH.fullmatch(month):
        raise not_found("Statement")
    return StatementKey(partner_code, chain_id, read_month(month))


def read_month(text: str) -> date:
    """The month by its first day. Raises Problem for anything but `2026-01`."""
    if not _MONTH.fullmatch(text):
        raise Problem(Code.INVALID_ARGUMENT, f'"{text}" is no month; write it as 2026-01')
    return date.fromisoformat(f"{text}-01")


async def _read(
    info: Info,
    partner_code: str | None,
    chain_id: str | None,
    months: tuple[str | None, str | None],
    statuses: list[str] | None,
    first: int,
    after: str | None,
) -> Connection[Statement]:
    principal = info.context.principal
    filters = {
        "partner_code": partner_code,
        "chain_id": chain_id,
        "from_month": months[0],
        "to_month": months[1],
        "statuses": statuses,
        "released_only": principal is None or principal.is_partner,
    }
    page = _KEYSET.page(first, after, filters)
    rows = await info.context.reader.rows(
        "computation/statements.statement_page", _StatementRow, **filters, **page.parameters
    )
    documents: Documents = DataLoader(load_fn=load_documents(info))
    return page.connection(rows, lambda row: _statement(row, documents))


def _statement(row: _StatementRow, documents: Documents) -> Statement:
    coin = Coin(row.native_unit, row.native_decimals, row.display_unit)
    return Statement(
        id=node_id("Statement", row.partner_code, row.chain_id, row.month),
        partner_code=row.partner_code,
        partner_name=row.partner_name,
        chain_id=row.chain_id,
        billing_month=row.month,
        status=StatementStatus(row.status),
        number=None if row.number is None else Ordinal(row.number),
        total=coin.money(row.total),
        opening_balance=coin.money(row.opening_balance),
        payable=coin.money(row.payable),
        closing_balance=coin.money(row.closing_balance),
        sha256=row.sha256,
        submitted_by=row.prepared_by,
        submitted_at=row.submitted_at,
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        released_by=row.released_by,
        released_at=row.released_at,
        paid_by=row.paid_by,
        paid_at=row.paid_at,
        key=StatementKey(row.partner_code, row.chain_id, read_month(row.month)),
        frozen_id=row.statement_id if row.sha256 is not None else None,
        documents=documents,
    )


@strawberry.type
class StatementQueries:
    """The queries of this module, as root fields."""

    statement: Statement | None = strawberry.field(
        resolver=resolve_statement,
        description="A partner's statement, or its draft, for one month; null while there is none.",
        directives=requires(Capability.READ_COMMISSIONS),
    )
    statements: Connection[Statement] | None = strawberry.field(
        resolver=resolve_statements,
        description="Monthly statements, the newest month first; for staff drafts of months with lines, too.",
        directives=requires(Capability.READ_COMMISSIONS),
    )
