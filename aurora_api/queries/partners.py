"""Partners, found by their code, and the wallets that they introduced, as pages and as a CSV file."""

from datetime import datetime
from typing import Annotated, Final, NamedTuple

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.request import Info
from aurora_api.problems import Code, Problem
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_assets.agreements.wallet_csv import write_wallet_csv

_PARTNERS: Final = Keyset("partners", {"code": str})


class Partner(NamedTuple):
    """A partner; `partner_id` stays inside the warehouse, `code` is its public identifier."""

    partner_id: int
    code: str
    name: str


class _PartnerRow(NamedTuple):
    partner_id: int
    code: str
    name: str
    wallet_count: int
    active_agreement_count: int


@strawberry.type(
    name="Partner",
    description="A partner, who introduced stake and is paid for it.",
    directives=requires(Capability.READ_PARTNERS),
)
class PartnerNode(Node):
    """A partner as it is shown."""

    partner_code: str = strawberry.field(description="The identifier used in every other query.")
    name: str
    wallet_count: int = strawberry.field(description="The number of wallets it holds now.")
    active_agreement_count: int


async def find_partner(info: Info, partner_code: str) -> Partner:
    """The partner of that code. Raises Problem when none is visible."""
    rows = await info.context.reader.rows(
        "registry/partners.partner_of_code", Partner, partner_code=partner_code
    )
    if not rows:
        raise Problem(Code.NOT_FOUND, f'there is no partner "{partner_code}"; check its code')
    return rows[0]


async def resolve_partners(
    info: Info,
    search: Annotated[
        str | None, strawberry.argument(description="Only partners whose code or name contains this text.")
    ] = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[PartnerNode]:
    """The partners, by code."""
    filters = {"partner_code": None, "search": search}
    page = _PARTNERS.page(first, after, filters)
    rows = await info.context.reader.rows(
        "registry/partners.partner_page", _PartnerRow, **filters, **page.parameters
    )
    return page.connection(rows, _partner)


async def resolve_partner(info: Info, partner_code: str) -> PartnerNode | None:
    """One partner; None when none is visible."""
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


EXPORT_ROWS_MAX: Final = 100_000

_WALLETS: Final = Keyset(
    "partnerWallets", {"partner_code": str, "chain_id": str, "wallet": str, "start_text": str}
)


class _WalletRow(NamedTuple):
    partner_code: str
    chain_id: str
    wallet: str
    start_text: str
    valid_from: datetime
    valid_until: datetime | None
    notes: str | None
    recorded_at: datetime


@strawberry.type(
    description="A partner's claim on a wallet (the withdrawal authority of stake) for a span of time. No "
    "other partner has a claim on the wallet in that time.",
    directives=requires(Capability.READ_AGREEMENTS),
)
class PartnerWallet(Node):
    """One claim on one wallet."""

    partner_code: str
    chain_id: str
    wallet: str
    valid_from: datetime = strawberry.field(
        description="UTC, inclusive: it holds for periods that start at or after this time."
    )
    valid_until: datetime | None = strawberry.field(description="UTC, exclusive; null: it has no end.")
    notes: str | None = strawberry.field(description="Visible to the partner.")
    recorded_at: datetime = strawberry.field(description="UTC.")


@strawberry.type(
    description="Wallets as a CSV file in the format of uploadWallets.",
    directives=requires(Capability.EXPORT),
)
class WalletExport:
    """A file."""

    file_name: str
    row_count: int
    csv: str = strawberry.field(
        description="Cells that a spreadsheet would evaluate as a formula are quoted."
    )


async def resolve_partner_wallets(
    info: Info,
    partner_code: Annotated[
        str | None, strawberry.argument(description="Only this partner; null for all partners.")
    ] = None,
    chain_id: str | None = None,
    wallet: str | None = None,
    held_at: Annotated[
        datetime | None, strawberry.argument(description="Only claims that hold at this time, UTC.")
    ] = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[PartnerWallet]:
    """Claims on wallets, by partner, chain, wallet and start."""
    if partner_code is not None:
        partner_code = (await find_partner(info, partner_code)).code
    filters = {"partner_code": partner_code, "chain_id": chain_id, "wallet": wallet}
    held = None if held_at is None else held_at.isoformat()
    page = _WALLETS.page(first, after, {**filters, "held_at": held})
    rows = await info.context.reader.rows(
        "registry/wallets.claim_page", _WalletRow, **filters, held_at=held_at, **page.parameters
    )
    return page.connection(rows, _wallet)


async def find_wallet(
    info: Info, partner_code: str, chain_id: str, wallet: str, start: str
) -> PartnerWallet | None:
    """The claim that starts at `start` (ISO form); None when none is visible."""
    for row in await _read_all(info, partner_code, chain_id, wallet):
        if row.valid_from.isoformat() == start:
            return _wallet(row)
    return None


async def resolve_export_wallets(info: Info, partner_code: str, chain_id: str | None = None) -> WalletExport:
    """All claims of a partner, those that ended too."""
    partner = await find_partner(info, partner_code)
    rows = await _read_all(info, partner.code, chain_id, None)
    if len(rows) > EXPORT_ROWS_MAX:
        raise Problem(
            Code.LIMIT_EXCEEDED,
            f"{partner.code} has more than {EXPORT_ROWS_MAX} wallets there; read them with partnerWallets",
        )
    cells = (
        (row.chain_id, row.wallet, _iso(row.valid_from), _iso(row.valid_until), row.notes) for row in rows
    )
    return WalletExport(
        file_name=f"{partner.code}-wallets.csv", row_count=len(rows), csv=write_wallet_csv(cells)
    )


async def _read_all(
    info: Info, partner_code: str, chain_id: str | None, wallet: str | None
) -> list[_WalletRow]:
    return await info.context.reader.rows(
        "registry/wallets.claim_page",
        _WalletRow,
        partner_code=partner_code,
        chain_id=chain_id,
        wallet=wallet,
        held_at=None,
        after_partner_code=None,
        after_chain_id=None,
        after_wallet=None,
        after_start_text=None,
        row_limit=EXPORT_ROWS_MAX + 1,
    )


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _wallet(row: _WalletRow) -> PartnerWallet:
    return PartnerWallet(
        id=node_id("PartnerWallet", row.partner_code, row.chain_id, row.wallet, row.valid_from.isoformat()),
        partner_code=row.partner_code,
        chain_id=row.chain_id,
        wallet=row.wallet,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        notes=row.notes,
        recorded_at=row.recorded_at,
    )


@strawberry.type
class PartnerQueries:
    """The queries of this module, as root fields."""

    export_wallets: WalletExport | None = strawberry.field(
        resolver=resolve_export_wallets,
        description="A partner's wallets as a CSV file.",
        directives=requires(Capability.EXPORT),
    )
    partner: PartnerNode | None = strawberry.field(
        resolver=resolve_partner,
        description="One partner; null when there is none.",
        directives=requires(Capability.READ_PARTNERS),
    )
    partner_wallets: Connection[PartnerWallet] | None = strawberry.field(
        resolver=resolve_partner_wallets,
        description="Partners' claims on wallets, ordered by partner, chain, wallet and start.",
        directives=requires(Capability.READ_AGREEMENTS),
    )
    partners: Connection[PartnerNode] | None = strawberry.field(
        resolver=resolve_partners,
        description="Partners, ordered by code.",
        directives=requires(Capability.READ_PARTNERS),
    )
