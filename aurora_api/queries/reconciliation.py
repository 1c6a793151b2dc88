"""The reconciliation of a period: checks of its rows, findings about facts and computation, ingestion.

The checks run at each query, on the rows in force; no earlier result is stored.
"""

from datetime import datetime
from typing import Annotated, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.access.principal import Capability, require_full_view
from aurora_api.context.read_only import read_with
from aurora_api.context.request import Info
from aurora_api.queries.chains import Period, find_period
from aurora_api.schema.enums import Component
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal
from aurora_assets.pipeline.checking import CheckOutcome, run_checks

_FACTS: Final = Keyset("reconciliation.factFindings", {"dataset": str, "position": int})
_COMPUTATION: Final = Keyset("reconciliation.computationFindings", {"position": int})
_SAMPLE: Final = 10

Codes: TypeAlias = Annotated[
    list[str] | None, strawberry.argument(description="Only these codes, such as DRIFT; null for all.")
]


@strawberry.type(
    description="What one check found in the period.", directives=requires(Capability.READ_FINDINGS)
)
class CheckResult:
    """One check."""

    name: str
    table: str
    looks_for: str = strawberry.field(description="What an offending row is.")
    blocking: bool = strawberry.field(
        description="Whether a failure stops the computations that use the table."
    )
    passed: bool
    offending_rows: int
    sample: list[str] = strawberry.field(description=f"The first {_SAMPLE} offending rows, in words.")


@strawberry.type(
    description="A finding of normalization: a drift, a gap, a fallback.",
    directives=requires(Capability.READ_FINDINGS),
)
class FactFinding:
    """One finding about facts."""

    dataset: str
    code: str
    message: str
    validator_key: str | None
    validator_name: str | None


@strawberry.type(
    description="A finding of the commission computation.",
    directives=requires(Capability.READ_FINDINGS),
)
class ComputationFinding:
    """One finding about commissions."""

    code: str
    message: str
    partner_code: str | None = strawberry.field(description="Null when it is about the whole period.")
    validator_key: str | None
    validator_name: str | None
    component: Component | None
    blocks_release: bool


@strawberry.type(
    description="One set of responses that a period's facts were derived from.",
    directives=requires(Capability.READ_FINDINGS),
)
class Ingestion:
    """The responses of one feed."""

    role: str
    state: str = strawberry.field(description="SETTLED, or OPEN while a provider's answer is outstanding.")
    payload_count: int
    finished_at: datetime = strawberry.field(description="UTC.")
    content_digest: str = strawberry.field(description="SHA-256 over the responses' digests, hexadecimal.")
    run_id: str
    findings: list[str] = strawberry.field(description="Findings of ingestion, in words.")


class _FactFindingRow(NamedTuple):
    dataset: str
    position: int
    code: str
    message: str
    validator_key: str | None
    validator_name: str | None


class _ComputationFindingRow(NamedTuple):
    position: int
    code: str
    message: str
    partner_code: str | None
    validator_key: str | None
    validator_name: str | None
    component: str | None
    blocks_release: bool


class _IngestionRow(NamedTuple):
    role: str
    state: str
    payload_count: int
    finished_at: datetime
    content_digest: str
    run_id: str
    findings: list[str]


@strawberry.type(
    description="The reconciliation of one period: checks and findings.",
    directives=requires(Capability.READ_FINDINGS),
)
class Reconciliation:
    """One period."""

    chain_id: str
    period: Period

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="The result of every check on the period's rows in force, executed now."
    )
    async def checks(self, info: Info) -> list[CheckResult]:
        """The checks. Raises Problem for a user who sees only some validators."""
        require_full_view(info.context.caller, "checking a period")
        chain_id, period_id = self.chain_id, self.period.period_id
        outcomes = await read_with(
            info, lambda session: list(run_checks(session, chain_id, period_id, _SAMPLE))
        )
        return [_check(outcome) for outcome in outcomes]

    @strawberry.field(description="Findings of normalization.")  # type: ignore[untyped-decorator]
    async def fact_findings(
        self, info: Info, codes: Codes = None, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[FactFinding]:
        """Drifts between providers, gaps, fallbacks."""
        filters = {"chain_id": self.chain_id, "period_id": int(self.period.period_id), "codes": codes}
        page = _FACTS.page(first, after, filters)
        rows = await info.context.reader.rows(
            "canonical/facts.finding_page", _FactFindingRow, **filters, **page.parameters
        )
        return page.connection(
            rows,
            lambda row: FactFinding(
                dataset=row.dataset,
                code=row.code,
                message=row.message,
                validator_key=row.validator_key,
                validator_name=row.validator_name,
            ),
        )

    @strawberry.field(description="Findings of the commission computation.")  # type: ignore[untyped-decorator]
    async def computation_findings(
        self, info: Info, codes: Codes = None, first: First = PAGE_DEFAULT, after: After = None
    ) -> Connection[ComputationFinding]:
        """Of the computation in force, for all partners."""
        filters = {"chain_id": self.chain_id, "period_id": int(self.period.period_id), "codes": codes}
        page = _COMPUTATION.page(first, after, filters)
        rows = await info.context.reader.rows(
            "computation/findings.finding_page", _ComputationFindingRow, **filters, **page.parameters
        )
        return page.connection(
            rows,
            lambda row: ComputationFinding(
                code=row.code,
                message=row.message,
                partner_code=row.partner_code,
                validator_key=row.validator_key,
                validator_name=row.validator_name,
                component=None if row.component is None else Component(row.component),
                blocks_release=row.blocks_release,
            ),
        )

    @strawberry.field(description="The responses in force, by feed.")  # type: ignore[untyped-decorator]
    async def ingestions(self, info: Info) -> list[Ingestion]:
        """The sets of responses in force."""
        rows = await info.context.reader.rows(
            "staging/ingestions.ingestions_of_period",
            _IngestionRow,
            chain_id=self.chain_id,
            period_id=self.period.period_id,
        )
        return [Ingestion(**row._asdict()) for row in rows]


async def resolve_reconciliation(info: Info, chain_id: str, period_id: Ordinal) -> Reconciliation:
    """The reconciliation of one period."""
    chain = await info.context.find_chain(chain_id)
    return Reconciliation(chain_id=chain.chain_id, period=await find_period(info, chain.chain_id, period_id))


def _check(outcome: CheckOutcome) -> CheckResult:
    return CheckResult(
        name=outcome.check.name,
        table=outcome.check.table,
        looks_for=outcome.check.looks_for,
        blocking=outcome.check.blocking,
        passed=outcome.offending_rows == 0,
        offending_rows=outcome.offending_rows,
        sample=list(outcome.sample),
    )


@strawberry.type
class ReconciliationQueries:
    """The queries of this module, as root fields."""

    reconciliation: Reconciliation | None = strawberry.field(
        resolver=resolve_reconciliation,
        description="The reconciliation of one period: checks and findings.",
        directives=requires(Capability.READ_FINDINGS),
    )
