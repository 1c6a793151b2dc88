"""Everything Dagster loads: the assets, checks, jobs and sensors of every configured chain."""

import warnings
from collections.abc import Iterator, Sequence

import dagster as dg
from dagster._utils.warnings import BetaWarning, PreviewWarning

from aurora_assets.graph.canonical import canonical_assets
from aurora_assets.graph.checks import chain_checks
from aurora_assets.graph.computation import computation_assets
from aurora_assets.graph.finality_sensor import finality_sensor
from aurora_assets.graph.jobs import ChainJobs, chain_jobs
from aurora_assets.graph.recompute_sensor import recompute_sensor
from aurora_assets.graph.registry import agreements_spec
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.run_logs import json_console
from aurora_assets.graph.staging import staging_assets
from aurora_assets.graph.terms_sensor import terms_sensor
from aurora_resources.config.files import load_chains
from aurora_resources.config.models import ChainSettings

_SENSORS = (finality_sensor, terms_sensor, recompute_sensor)


def build_definitions(
    chains: Sequence[ChainSettings], resource: AuroraResource | None = None
) -> dg.Definitions:
    """The graph of these chains; `resource` stands in for the one made from the environment."""
    with warnings.catch_warnings():
        # Single-run backfills and partitioned checks are marked so; both were tried at the locked version.
        warnings.simplefilter("ignore", BetaWarning)
        warnings.simplefilter("ignore", PreviewWarning)
        jobs: list[tuple[ChainSettings, ChainJobs]] = [(chain, chain_jobs(chain)) for chain in chains]
        return dg.Definitions(
            assets=list(_assets(chains)),
            asset_checks=[check for chain in chains for check in chain_checks(chain)],
            jobs=[job for _, own in jobs for job in own],
            sensors=[sensor(chain, own) for chain, own in jobs for sensor in _SENSORS],
            resources={"aurora": resource or AuroraResource()},
            loggers={"console": json_console},
            # Small SQL steps: a process for each would cost more than the work.
            executor=dg.in_process_executor,
        )


def _assets(chains: Sequence[ChainSettings]) -> Iterator[dg.AssetsDefinition | dg.AssetSpec]:
    for chain in chains:
        yield from staging_assets(chain)
        yield from canonical_assets(chain)
        yield agreements_spec(chain)
        yield from computation_assets(chain)


@dg.definitions
def defs() -> dg.Definitions:
    """The chains of the working directory (or `$AURORA_CONFIG_DIR`); secrets are resolved by each run."""
    return build_definitions(load_chains())
