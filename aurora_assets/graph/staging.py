"""The staging assets of a chain: ask a role's providers about each period and keep every answer."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

import dagster as dg

from aurora_assets.graph.materialize import Metadata, materialise_asking
from aurora_assets.graph.partitions import chain_partitions
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.ingest import Ingested, ingest
from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.wiring import chain_source
from aurora_resources.records import ChainHead, Feed, Fetcher, Finding

LAYER: Final = "staging"
_ALIKE_SHOWN: Final = 12
_EXAMPLES_SHOWN: Final = 3


class StagingConfig(dg.Config):
    """`refresh` asks again even where nothing is left open."""

    refresh: bool = False


def staging_key(chain_id: str, role: Feed) -> dg.AssetKey:
    """Chain, layer, role."""
    return dg.AssetKey([chain_id, LAYER, role.value])


def group_of(chain_id: str, layer: str) -> str:
    """Dagster's groups may not hold a dash."""
    return f"{chain_id.replace('-', '_')}_{layer}"


def staging_assets(chain: ChainSettings) -> Sequence[dg.AssetsDefinition]:
    """One asset a role, after those its questions are built from."""
    return [
        _staging_asset(chain, role, policy.earlier) for role, policy in chain_source(chain).policies.items()
    ]


def _staging_asset(chain: ChainSettings, role: Feed, earlier: Sequence[Feed]) -> dg.AssetsDefinition:
    providers = chain.providers.for_feed(role)

    @dg.asset(
        key=staging_key(chain.chain_id, role),
        deps=[staging_key(chain.chain_id, needed) for needed in earlier],
        group_name=group_of(chain.chain_id, LAYER),
        partitions_def=chain_partitions(chain),
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=f"provider_{providers[0]}",
        kinds={"http", "postgres"},
        description=f"Responses of {', '.join(providers)} about {role.value}, exactly as received.",
    )
    def staged(
        context: dg.AssetExecutionContext, config: StagingConfig, aurora: AuroraResource
    ) -> dg.MaterializeResult[Any]:
        async def step(run: ChainRun, transport: Fetcher, head: ChainHead, period_id: int) -> Metadata:
            return _told(await ingest(run, transport, head, period_id, role, refresh=config.refresh))

        return materialise_asking(context, aurora, chain.chain_id, role, step)

    return staged


def _told(ingested: Ingested) -> Metadata:
    ingestion = ingested.ingestion
    told: dict[str, Any] = {"asked": ingested.asked, "findings": findings_table(ingested.findings)}
    if ingestion is not None:
        told |= {
            "dagster/row_count": ingestion.payload_count,
            "content_sha256": ingestion.content_digest.hex(),
            "settled": ingestion.settled,
            "chain_was_in_period": ingestion.head_period,
        }
    return told


def findings_table(findings: Sequence[Finding]) -> dg.MarkdownMetadataValue:
    """Findings as a Markdown table a person wants to read: of many alike the first few and their number.

    Every one of them is a row of its own in canonical.findings.
    """
    if not findings:
        return dg.MetadataValue.md("none")
    alike: dict[str, list[Finding]] = {}
    for finding in findings:
        alike.setdefault(finding.code, []).append(finding)
    rows = [row for of_code in alike.values() for row in _finding_rows(of_code)]
    return dg.MetadataValue.md("\n".join(["| finding | validator | message |", "|---|---|---|", *rows]))


def _finding_rows(alike: Sequence[Finding]) -> Iterator[str]:
    """Rows for findings of one code."""
    shown = alike if len(alike) <= _ALIKE_SHOWN else alike[:_EXAMPLES_SHOWN]
    for finding in shown:
        yield f"| {finding.code} | {finding.validator_key or ''} | {finding.message} |"
    if rest := alike[len(shown) :]:
        validators = len({finding.validator_key for finding in alike} - {None})
        yield f"| {alike[0].code} | {validators:,} validators in all | and {len(rest):,} more |"
