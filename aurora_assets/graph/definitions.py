"""Everything Dagster loads: the assets, checks, jobs and sensors of every configured chain."""

import warnings
from collections.abc import Sequence

import dagster as dg

from aurora_assets.graph.assets import chain_assets
from aurora_assets.graph.checks import chain_checks
from aurora_assets.graph.jobs import ChainJobs, chain_jobs
from aurora_assets.graph.resources import AuroraResource
from aurora_assets.graph.runs import json_console
from aurora_assets.graph.sensors import chain_sensors
from aurora_resources.config.files import load_chains
from aurora_resources.config.models import ChainSettings


def build_definitions(
    chains: Sequence[ChainSettings], resource: AuroraResource | None = None
) -> dg.Definitions:
    """The graph of these chains; `resource` replaces the one that is made from the environment."""
    with warnings.catch_warnings():
        # Dagster marks single-run backfills and partitioned checks as beta; the tests cover both.
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        jobs: list[tuple[ChainSettings, ChainJobs]] = [(chain, chain_jobs(chain)) for chain in chains]
        return dg.Definitions(
            assets=[asset for chain in chains for asset in chain_assets(chain)],
            asset_checks=[check for chain in chains for check in chain_checks(chain)],
            jobs=[job for _, own in jobs for job in own],
            sensors=[sensor for chain, own in jobs for sensor in chain_sensors(chain, own)],
            resources={"aurora": resource or AuroraResource()},
            loggers={"console": json_console},
            # The steps are small SQL statements: a process for each would cost more than its work.
            executor=dg.in_process_executor,
        )


@dg.definitions
def defs() -> dg.Definitions:
    """The chains of the working directory or `$AURORA_CONFIG_DIR`; each run resolves the secrets itself."""
    return build_definitions(load_chains())
