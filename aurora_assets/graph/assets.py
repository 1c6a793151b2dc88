"""The assets of a chain, by layer: staging, canonical, registry, computation.

Keys are chain, layer, table. A staging asset keeps what the providers of a feed answered, a canonical asset
is one table of facts, and the computation assets are the P&L, the commission lines and the statements.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import dagster as dg

from aurora_assets.graph.materialize import Metadata, materialize, materialize_fetched
from aurora_assets.graph.partitions import chain_partitions
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.pipeline import write_facts
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_assets.pipeline.ingest import Ingested, ingest
from aurora_assets.pipeline.pnl import book_pnl
from aurora_assets.pipeline.write_facts import WrittenFacts
from aurora_assets.statements.correction_store import correct_chain
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import PeriodError
from aurora_resources.providers.wiring import chain_source
from aurora_resources.records import ChainHead, Feed, Fetcher, Finding
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

STAGING: Final = "staging"
CANONICAL: Final = "canonical"
REGISTRY: Final = "registry"
COMPUTATION: Final = "computation"

COMPUTED: Final = ("validator_pnl", "commission_lines", "commission_statements")
"""The tables of the computation layer, in the order in which they are computed."""

_ALIKE_MAX: Final = 12
"""Findings of one code that are listed one by one; of more, only the first `_EXAMPLES`."""
_EXAMPLES: Final = 3
_ROWS_MAX: Final = 50


class StagingConfig(dg.Config):
    """`refresh` fetches again even where nothing is left open."""

    refresh: bool = False


def staging_key(chain_id: str, feed: Feed) -> dg.AssetKey:
    """The key of a feed's staging asset."""
    return dg.AssetKey([chain_id, STAGING, feed.value])


def canonical_key(chain_id: str, table: str) -> dg.AssetKey:
    """The key of a table of facts."""
    return dg.AssetKey([chain_id, CANONICAL, table])


def computation_key(chain_id: str, table: str) -> dg.AssetKey:
    """The key of a computed table."""
    return dg.AssetKey([chain_id, COMPUTATION, table])


def agreements_key(chain_id: str) -> dg.AssetKey:
    """The key of the chain's agreements and wallets, which the graph observes and does not materialize."""
    return dg.AssetKey([chain_id, REGISTRY, "agreements"])


def chain_assets(chain: ChainSettings) -> Iterator[dg.AssetsDefinition | dg.AssetSpec]:
    """Every asset of a chain."""
    for feed, policy in chain_source(chain).policies.items():
        yield _staging_asset(chain, feed, policy.depends_on)
    for name, table in _TABLES.items():
        yield _canonical_asset(chain, name, table)
    yield _agreements(chain)
    yield from _computation_assets(chain)


def terms_changed(chain_id: str, period_id: int, digest: bytes) -> dg.AssetObservation:
    """The event that a period's terms changed: its lines are stale until they are computed again.

    An observation, because Dagster compares data versions of an external asset for no other event.
    """
    return dg.AssetObservation(
        agreements_key(chain_id), partition=str(period_id), tags={"dagster/data_version": digest.hex()}
    )


def _group(chain_id: str, layer: str) -> str:
    """The name of an asset group; Dagster allows no dash in it."""
    return f"{chain_id.replace('-', '_')}_{layer}"


def _staging_asset(chain: ChainSettings, feed: Feed, earlier: Sequence[Feed]) -> dg.AssetsDefinition:
    """The asset of a feed, after the feeds that its requests are built from."""
    providers = chain.providers.for_feed(feed)

    @dg.asset(
        key=staging_key(chain.chain_id, feed),
        deps=[staging_key(chain.chain_id, needed) for needed in earlier],
        group_name=_group(chain.chain_id, STAGING),
        partitions_def=chain_partitions(chain),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=f"provider_{providers[0]}",
        kinds={"http", "postgres"},
        description=f"Responses of {', '.join(providers)} for the feed {feed.value}, exactly as received.",
    )
    def staged(
        context: dg.AssetExecutionContext, config: StagingConfig, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        async def step(run: ChainRun, transport: Fetcher, head: ChainHead, period_id: int) -> Metadata:
            return _to_metadata(await ingest(run, transport, head, period_id, feed, refresh=config.refresh))

        return materialize_fetched(context, aurora, chain.chain_id, feed, step)

    return staged


def _to_metadata(ingested: Ingested) -> Metadata:
    metadata: dict[str, Any] = {
        "asked": ingested.fetched,
        "findings": _findings_table(ingested.findings),
    }
    if (ingestion := ingested.ingestion) is not None:
        metadata |= {
            "dagster/row_count": ingestion.payload_count,
            "content_sha256": ingestion.content_digest.hex(),
            "settled": ingestion.settled,
            "chain_was_in_period": ingestion.head_period,
        }
    return metadata


@dataclass(frozen=True, slots=True)
class _Table:
    """A canonical asset: its feed, the tables it comes after, its step, and what a row is."""

    feed: Feed
    after: tuple[str, ...]
    step: Callable[[ChainRun, int], WrittenFacts]
    row: str


_TABLES: Final[Mapping[str, _Table]] = {
    "validator_identities": _Table(
        Feed.PERIODS,
        (),
        write_facts.write_period,
        "The identity each validator used in a period; the period and the validators are registered as well.",
    ),
    "validator_fees": _Table(
        Feed.FEES,
        ("validator_identities",),
        write_facts.write_fees,
        "Execution fees, one row per validator and period.",
    ),
    "validator_mev": _Table(
        Feed.MEV,
        ("validator_identities",),
        write_facts.write_mev,
        "MEV, one row per validator and period.",
    ),
    "stake_rewards": _Table(
        Feed.REWARDS,
        ("validator_identities",),
        write_facts.write_rewards,
        "Stake and rewards per stake account; per validator in canonical.validator_rewards.",
    ),
    "validator_meta": _Table(
        Feed.META,
        ("validator_identities",),
        write_facts.write_meta,
        "Descriptive data, one row per validator and period; it holds no amounts.",
    ),
}


def _canonical_asset(chain: ChainSettings, name: str, table: _Table) -> dg.AssetsDefinition:
    # Every table but the first comes after the identities, and so after the period.
    earlier = [
        feed for feed in chain_source(chain).policies[table.feed].depends_on if feed is not Feed.PERIODS
    ]

    @dg.asset(
        key=canonical_key(chain.chain_id, name),
        deps=[
            *(staging_key(chain.chain_id, feed) for feed in (table.feed, *earlier)),
            *(canonical_key(chain.chain_id, other) for other in table.after),
        ],
        group_name=_group(chain.chain_id, CANONICAL),
        partitions_def=chain_partitions(chain),
        backfill_policy=dg.BackfillPolicy.single_run(),
        kinds={"python", "postgres"},
        description=table.row,
    )
    def normalized(context: dg.AssetExecutionContext, aurora: AuroraResource) -> dg.MaterializeResult[Any]:
        def step(run: ChainRun, period_id: int) -> Metadata:
            written = table.step(run, period_id)
            return {
                "dagster/row_count": written.row_count,
                "changed": written.changed,
                "findings": _findings_table(written.findings),
            }

        return materialize(context, aurora, chain.chain_id, step)

    return normalized


def _agreements(chain: ChainSettings) -> dg.AssetSpec:
    """What the commission lines depend on besides the P&L.

    Each period is a partition with a data version, so that only the periods whose terms changed are stale.
    """
    return dg.AssetSpec(
        agreements_key(chain.chain_id),
        group_name=_group(chain.chain_id, REGISTRY),
        partitions_def=chain_partitions(chain),
        kinds={"postgres"},
        description="Agreements and wallets at a period's start; `aurora agreement load` changes them.",
    )


def _computation_assets(chain: ChainSettings) -> Sequence[dg.AssetsDefinition]:
    chain_id = chain.chain_id
    group = _group(chain_id, COMPUTATION)
    partitions = chain_partitions(chain)
    whole_range = dg.BackfillPolicy.single_run()

    @dg.asset(
        key=computation_key(chain_id, "validator_pnl"),
        deps=[
            canonical_key(chain_id, table) for table in ("validator_fees", "validator_mev", "stake_rewards")
        ],
        kinds={"sql", "postgres"},
        description="Revenue of each validator in a period, by component; no total while one is missing.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def validator_pnl(context: dg.AssetExecutionContext, aurora: AuroraResource) -> dg.MaterializeResult[Any]:
        return materialize(context, aurora, chain_id, _pnl_step)

    @dg.asset(
        key=computation_key(chain_id, "commission_lines"),
        deps=[validator_pnl, agreements_key(chain_id)],
        kinds={"python", "postgres"},
        description="What each partner is owed, line by line, with the trace of its computation.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def commission_lines(
        context: dg.AssetExecutionContext, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        return materialize(context, aurora, chain_id, _lines_step)

    @dg.asset(
        key=computation_key(chain_id, "commission_statements"),
        deps=[commission_lines],
        kinds={"sql", "postgres"},
        description="One statement per partner and period: the sum of its lines, in DRAFT.",
        group_name=group,
        partitions_def=partitions,
        backfill_policy=whole_range,
    )
    def commission_statements(
        context: dg.AssetExecutionContext, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        # A released statement does not change; differences of its lines are corrections in the next one.
        for partner, count in correct_chain(aurora.warehouse, chain_id).items():
            context.log.info(f"{chain_id}: {count} corrections of released lines of {partner}")
        return materialize(context, aurora, chain_id, _statements_step)

    return [validator_pnl, commission_lines, commission_statements]


def _pnl_step(run: ChainRun, period_id: int) -> Metadata:
    booked = book_pnl(run, period_id)
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/validator_pnl.largest_pnl", run, period_id)
        (totals,) = _select(connection, "computation/validator_pnl.pnl_totals", run, period_id)
    complete, provisional, incomplete, *sums = totals
    return {
        "dagster/row_count": booked.row_count,
        "generation": booked.generation_id,
        "changed": booked.changed,
        "complete": complete,
        "provisional": provisional,
        "incomplete": incomplete,
        "totals": _amounts_table(
            run, ("exec fees", "MEV tips", "vote rewards", "commission", "total"), [sums]
        ),
        "pnl": _amounts_table(
            run,
            ("validator", "exec fees", "MEV tips", "vote rewards", "commission", "total", "state"),
            shown,
            booked.row_count,
        ),
    }


def _lines_step(run: ChainRun, period_id: int) -> Metadata:
    done = book_commissions(run, period_id)
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/commission_lines.largest_lines", run, period_id)
    findings = "\n".join(
        f"| {finding.code} | {finding.message} | {'yes' if finding.blocks_release else 'no'} |"
        for finding in done.computation.findings[:_ROWS_MAX]
    )
    return {
        "dagster/row_count": done.booked.row_count,
        "generation": done.booked.generation_id,
        "changed": done.booked.changed,
        "lines": _amounts_table(
            run,
            ("partner", "agreement", "rule", "validator", "component", "base", "amount"),
            shown,
            done.booked.row_count,
        ),
        "findings": dg.MetadataValue.md(
            f"| finding | message | blocks release |\n|---|---|---|\n{findings}" if findings else "none"
        ),
    }


def _statements_step(run: ChainRun, period_id: int) -> Metadata:
    with run.warehouse.connect() as connection:
        shown = _select(connection, "computation/statements.current_sections", run, period_id)
        generation = _select(connection, "computation/generations.lines_generation", run, period_id)
    if not generation:
        raise PeriodError(
            f"{run.settings.chain_id}: period {period_id} has no commission lines; "
            "materialize computation/commission_lines first"
        )
    return {
        "dagster/row_count": len(shown),
        "statements": _amounts_table(run, ("partner", "lines", "status", "releasable", "total"), shown),
    }


def _select(connection: DbConnection, statement: str, run: ChainRun, period_id: int) -> list[tuple[Any, ...]]:
    named = {"chain_id": run.settings.chain_id, "period_id": period_id}
    return connection.execute(read_query(statement), named).fetchall()


def _amounts_table(
    run: ChainRun, heads: Sequence[str], rows: Sequence[Sequence[object]], count: int | None = None
) -> dg.MarkdownMetadataValue:
    """A Markdown table of the first rows, of `count`; native units are shown in the chain's coin, exactly."""
    decimals, unit = run.settings.native_decimals, run.settings.display_unit
    counts = {"lines"}

    def cell(head: str, value: object) -> str:
        if value is None or (isinstance(value, int) and head not in counts):
            return format_amount(value, decimals)
        return str(value)

    lines = [
        "| " + " | ".join(cell(head, value) for head, value in zip(heads, row, strict=True)) + " |"
        for row in rows[:_ROWS_MAX]
    ]
    total = len(rows) if count is None else count
    more = f"\n\nthe largest {_ROWS_MAX} of {total}" if total > _ROWS_MAX else ""
    header = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    return dg.MetadataValue.md("\n".join([header, *lines]) + f"\n\nin {unit}{more}")


def _findings_table(findings: Sequence[Finding]) -> dg.MarkdownMetadataValue:
    """Findings as a Markdown table; of many with the same code, the first few and their number.

    Every finding is a row of canonical.findings.
    """
    if not findings:
        return dg.MetadataValue.md("none")
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(finding.code, []).append(finding)
    rows = [row for alike in by_code.values() for row in _finding_rows(alike)]
    return dg.MetadataValue.md("\n".join(["| finding | validator | message |", "|---|---|---|", *rows]))


def _finding_rows(alike: Sequence[Finding]) -> Iterator[str]:
    """Rows for findings of one code."""
    shown = alike if len(alike) <= _ALIKE_MAX else alike[:_EXAMPLES]
    for finding in shown:
        yield f"| {finding.code} | {finding.validator_key or ''} | {finding.message} |"
    if rest := alike[len(shown) :]:
        validators = len({finding.validator_key for finding in alike} - {None})
        yield f"| {alike[0].code} | {validators:,} validators in all | and {len(rest):,} more |"
