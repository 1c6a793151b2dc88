"""What a partner is owed for one period: the total, the lines it is the sum of, and the findings.

A section of the monthly statement in `statements.py`, which is what is approved, released and paid.
"""

from datetime import date, datetime
from typing import Final, NamedTuple

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.chains import ChainRow
from aurora_api.context.request import Info
from aurora_api.queries.chains import Period, find_period, read_ordinal
from aurora_api.queries.commission_lines import CommissionLine, lines_of_statement
from aurora_api.queries.partners import Partner, find_partner
from aurora_api.schema.enums import Component, StatementStatus
from aurora_api.schema.money import Money
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal

_FINDINGS: Final = Keyset("findings", {"position": int})


@strawberry.type(
    description="A finding of a commission computation.",
    directives=requires(Capability.READ_FINDINGS),
)
class Finding:
    """One finding."""

    code: str
    message: str
    whole_period: bool = strawberry.field(
        description="Whether it concerns the whole period instead of this partner alone."
    )
    validator_key: str | None
    validator_name: str | None
    component: Component | None
    blocks_release: bool = strawberry.field(description="Whether it blocks the release of the statement.")


class _FindingRow(NamedTuple):
    position: int
    code: str
    message: str
    partner_id: int | None
    validator_key: str | None
    validator_name: str | None
    component: str | None
    blocks_release: bool


class _StatementRow(NamedTuple):
    generation_id: int
    partner_id: int
    billing_month: date
    status: str
    total: int
    line_count: int
    releasable: bool
    computed_at: datetime
    engine_version: str


@strawberry.type(
    description="What a partner is owed for one period of a chain: the sum of its lines. A section of the "
    "month's statement.",
    directives=requires(Capability.READ_COMMISSIONS),
)
class PeriodStatement(Node):
    """One section in force."""

    chain_id: str
    partner_code: str
    partner_name: str
    period: Period
    billing_month: date = strawberry.field(
        description="The first day of the month in which the period ended, UTC."
    )
    status: StatementStatus = strawberry.field(description="The status of the month's statement.")
    total: Money = strawberry.field(description="The sum of all its lines.")
    line_count: int
    releasable: bool = strawberry.field(description="False while a finding blocks the release.")
    computed_at: datetime = strawberry.field(description="UTC.")
    engine_version: str
    row: strawberry.Private[_StatementRow]

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="Its lines, ordered by agreement, rule and validator."
    )
    async def lines(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[CommissionLine]:
        """The lines that it is the sum of."""
        return await lines_of_statement(
            info, self.chain_id, self.partner_code, self.period.period_id, first, after
        )

    @strawberry.field(  # type: ignore[untyped-decorator]
        description="Findings about this partner or about the whole period.",
        directives=requires(Capability.READ_FINDINGS),
    )
    async def findings(
        self, info: Info, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[Finding]:
        """The findings of its computation, in the engine's order."""
        filters = {
            "chain_id": self.chain_id,
            "generation_id": self.row.generation_id,
            "partner_id": self.row.partner_id,
        }
        page = _FINDINGS.page(first, after, filters)
        rows = await info.context.reader.rows(
            "computation/findings.findings_of_partner", _FindingRow, **filters, **page.parameters
        )
        return page.connection(rows, _finding)


async def resolve_period_statement(
    info: Info, partner_code: str, chain_id: str, period_id: Ordinal
) -> PeriodStatement | None:
    """The section in force; None while the partner has none for that period."""
    chain = await info.context.find_chain(chain_id)
    partner = await find_partner(info, partner_code)
    period = await find_period(info, chain.chain_id, period_id)
    rows = await info.context.reader.rows(
        "computation/statements.section_of_period",
        _StatementRow,
        chain_id=chain.chain_id,
        period_id=period.period_id,
        partner_id=partner.partner_id,
    )
    return _statement(rows[0], chain, partner, period) if rows else None


async def find_period_statement(
    info: Info, partner_code: str, chain_id: str, period_id: str
) -> PeriodStatement | None:
    """The same by the parts of its id."""
    return await resolve_period_statement(info, partner_code, chain_id, read_ordinal(period_id))


def _statement(row: _StatementRow, chain: ChainRow, partner: Partner, period: Period) -> PeriodStatement:
    return PeriodStatement(
        id=node_id("PeriodStatement", partner.code, chain.chain_id, period.period_id),
        chain_id=chain.chain_id,
        partner_code=partner.code,
        partner_name=partner.name,
        period=period,
        billing_month=row.billing_month,
        status=StatementStatus(row.status),
        total=chain.coin.money(row.total),
        line_count=row.line_count,
        releasable=row.releasable,
        computed_at=row.computed_at,
        engine_version=row.engine_version,
        row=row,
    )


def _finding(row: _FindingRow) -> Finding:
    return Finding(
        code=row.code,
        message=row.message,
        whole_period=row.partner_id is None,
        validator_key=row.validator_key,
        validator_name=row.validator_name,
        component=None if row.component is None else Component(row.component),
        blocks_release=row.blocks_release,
    )


@strawberry.type
class PeriodStatementQueries:
    """The queries of this module, as root fields."""

    period_statement: PeriodStatement | None = strawberry.field(
        resolver=resolve_period_statement,
        description="A partner's section for one period; null if there is none.",
        directives=requires(Capability.READ_COMMISSIONS),
    )
