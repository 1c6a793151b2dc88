"""Prometheus metrics of one service: its requests, its pool, and the ingestion of each chain.

`/metrics` needs no token: it shows nothing about partners or amounts. A value that cannot be read is left
out, never repeated from an earlier reading. Requests are those of all workers, the pool is that of the worker
that responds.
"""

import logging
import os
from collections.abc import Iterable
from typing import Final

import psycopg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    Metric,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from aurora_api.context.reader import Pool, Reader
from aurora_api.queries.ingestion_health import ChainHealth, HealthStatus, read_ingestion_health

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
"""The folder in which several processes keep their counts; the library reads it when it is imported."""

_POOL: Final = {
    "pool_size": "Sessions the pool has.",
    "pool_available": "Sessions that wait for a request.",
    "requests_waiting": "Requests that wait for a session.",
}

logger = logging.getLogger("aurora_api.metrics")


class Metrics:
    """The metrics of one service, and the response that exports them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._registry = registry = CollectorRegistry()
        self._requests = Counter(
            "api_requests", "Requests answered.", ("route", "operation", "status"), registry=registry
        )
        self._seconds = Histogram(
            "api_request_duration_seconds",
            "From the first byte of a request to the last of its answer.",
            ("route", "operation"),
            buckets=BUCKETS,
            registry=registry,
        )

    def count(self, route: str, operation: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` and `operation` are from a limited set, not from the caller."""
        self._requests.labels(route, operation, str(status)).inc()
        self._seconds.labels(route, operation).observe(seconds)

    async def answer(self, _: Request) -> Response:
        """The response with all metrics in Prometheus's text format."""
        counted = self._registry
        if os.environ.get(FOLDER_VARIABLE):
            counted = CollectorRegistry()
            MultiProcessCollector(counted)  # type: ignore[no-untyped-call] # the library has no types here
        current = CollectorRegistry()
        current.register(_CurrentMetrics([*self._read_pool(), *await self._read_warehouse()]))
        return Response(generate_latest(counted) + generate_latest(current), media_type=CONTENT_TYPE_LATEST)

    def _read_pool(self) -> list[Metric]:
        stats = self._pool.get_stats()
        return [
            GaugeMetricFamily(f"api_{name}", help_text, value=stats.get(name, 0))
            for name, help_text in _POOL.items()
        ]

    async def _read_warehouse(self) -> list[Metric]:
        up = GaugeMetricFamily("warehouse_up", "Whether the warehouse could be read just now.")
        reader = Reader(self._pool)
        try:
            chains = await read_ingestion_health(reader)
        except (PoolTimeout, psycopg.Error):
            logger.exception("the ingestion's health could not be read")
            up.add_metric([], 0)
            return [up]
        finally:
            await reader.close()
        up.add_metric([], 1)
        return [up, *_of_chains(chains)]


class _CurrentMetrics(Collector):
    """Metrics that were read for this response."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        return self._metrics


def _of_chains(chains: list[ChainHealth]) -> list[Metric]:
    lag, status, latest, expected, succeeded, failed = metrics = [
        GaugeMetricFamily(name, help_text, labels=["chain"])
        for name, help_text in (
            ("ingestion_lag_periods", "Final periods not wholly ingested."),
            ("ingestion_status", "0 HEALTHY, 1 DEGRADED, 2 UNHEALTHY."),
            ("ingestion_latest_period", "Newest wholly ingested period."),
            ("ingestion_expected_period", "Newest final period."),
            ("ingestion_last_success_timestamp_seconds", "Last success."),
            ("ingestion_last_failure_timestamp_seconds", "Last failure."),
        )
    ]
    for chain in chains:
        status.add_metric([chain.chain_id], list(HealthStatus).index(chain.status))
        for gauge, number in (
            (lag, chain.lag_periods),
            (latest, chain.latest_period),
            (expected, chain.expected_period),
        ):
            if number is not None:
                gauge.add_metric([chain.chain_id], number)
        for gauge, moment in (
            (succeeded, chain.last_success_at),
            (failed, chain.last_failure_at),
        ):
            if moment is not None:
                gauge.add_metric([chain.chain_id], moment.timestamp())
    return [*metrics]
