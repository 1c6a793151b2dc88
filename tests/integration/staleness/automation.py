"""What Dagster's daemon does with the sensor of changed terms, by hand: tick, report, run."""

import copy
from typing import Any

import dagster as dg
import yaml
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from aurora_assets.graph.assets import agreements_key, computation_key
from aurora_assets.graph.definitions import build_definitions
from tests.integration.pipeline.installation import CHAIN, CHECKOUT
from tests.integration.statements.office import Office

SENSOR = "solana_mainnet_terms"


class Automation:
    """The sensor with its cursor, the runs it requested so far, and the office it works for."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.instance = office.pipeline.instance
        self.definitions = build_definitions(office.config.chains)
        self.cursor: str | None = None
        self.run_keys: list[str | None] = []

    def tick(self) -> list[dg.RunRequest]:
        """One evaluation; its events are recorded, its requests returned."""
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self.cursor, sensor_name=SENSOR, definitions=self.definitions
        )
        result = self.definitions.resolve_sensor_def(SENSOR)(context)
        assert isinstance(result, dg.SensorResult)
        for event in result.asset_events:
            self.instance.report_runless_asset_event(event)
        self.cursor = result.cursor
        requests = list(result.run_requests or [])
        self.run_keys += [request.run_key for request in requests]
        return requests

    def run(self, requests: list[dg.RunRequest]) -> None:
        """Run what was requested, one after the other."""
        for request in requests:
            assert request.job_name is not None
            done = self.definitions.resolve_job_def(request.job_name).execute_in_process(
                instance=self.instance,
                partition_key=request.partition_key,
                run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
            )
            assert done.success

    def settle(self) -> list[int]:
        """Tick and run until nothing is requested; the periods that ran, in order."""
        ran = []
        while requests := self.tick():
            self.run(requests)
            ran += periods(requests)
        return ran

    def lines_status(self, period_id: int) -> StaleStatus:
        """What Dagster's user interface says of the commission lines of a period."""
        return self._resolver().get_status(computation_key(CHAIN, "commission_lines"), str(period_id))

    def terms_version(self, period_id: int) -> str:
        """The data version last reported of the agreements of a period."""
        filtered = dg.AssetRecordsFilter(agreements_key(CHAIN), asset_partitions=[str(period_id)])
        (record,) = self.instance.fetch_observations(filtered, limit=1).records
        assert record.asset_observation is not None
        return record.asset_observation.tags["dagster/data_version"]

    def _resolver(self) -> CachingStaleStatusResolver:
        graph = self.definitions.resolve_asset_graph()
        return CachingStaleStatusResolver(self.instance, graph, LoadingContextForTest(self.instance))


def periods(requests: list[dg.RunRequest]) -> list[int]:
    """The requested periods."""
    return [int(request.partition_key or "") for request in requests]


def agreements(valid_from: str, rate_bps: int) -> dict[str, Any]:
    """The checkout's agreements, but half the commission of Northwind is another part from a date on."""
    file: dict[str, Any] = copy.deepcopy(yaml.safe_load((CHECKOUT / "partners.yaml").read_text()))
    northwind, *_ = file["partners"][0]["agreements"]
    northwind |= {"from": valid_from, "reason": "renegotiated"}
    northwind["rules"][0]["rate_bps"] = rate_bps
    return file
