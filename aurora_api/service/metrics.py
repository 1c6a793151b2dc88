"""Prometheus metrics of one service: its requests, its pool, and how far each chain is ingested.

`/metrics` needs no token: nothing about partners or money is in it. What cannot be read at that moment is
left out, never told as it was before.
"""

import logging
from typing import Final

import psycopg
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from psycopg_pool import PoolTimeout
from starlette.requests import Request
from starlette.responses import Response

from aurora_api.queries.ingestion_health import ChainHealth, HealthStatus, read_ingestion_health
from aurora_api.service.context import Pool, Reader

BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0)
_POOL: Final = {
    "pool_size": "Sessions the pool has.",
    "pool_available": "Sessions that wait for a request.",
    "requests_waiting": "Requests that wait for a session.",
}

logger = logging.getLogger("aurora_api.metrics")


class Metrics:
    """The metrics, and the answer to whoever collects them."""

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
        self._pooled = {name: Gauge(f"api_{name}", told, registry=registry) for name, told in _POOL.items()}
        self._up = Gauge("warehouse_up", "Whether the warehouse could be read just now.", registry=registry)
        self._lag = _of_chain("ingestion_lag_periods", "Final periods not wholly ingested.", registry)
        self._status = _of_chain("ingestion_status", "0 HEALTHY, 1 DEGRADED, 2 UNHEALTHY.", registry)
        self._latest = _of_chain("ingestion_latest_period", "Newest wholly ingested period.", registry)
        self._expected = _of_chain("ingestion_expected_period", "Newest final period.", registry)
        self._succeeded = _of_chain("ingestion_last_success_timestamp_seconds", "Last success.", registry)
        self._failed = _of_chain("ingestion_last_failure_timestamp_seconds", "Last failure.", registry)

    def count(self, route: str, operation: str, status: int, seconds: float) -> None:
        """One request was answered. `route` and `operation` are of a few that the service knows."""
        self._requests.labels(route, operation, str(status)).inc()
        self._seconds.labels(route, operation).observe(seconds)

    async def answer(self, _: Request) -> Response:
        """All metrics as Prometheus reads them."""
        stats = self._pool.get_stats()
        for name, gauge in self._pooled.items():
            gauge.set(stats.get(name, 0))
        await self._read_warehouse()
        return Response(generate_latest(self._registry), media_type=CONTENT_TYPE_LATEST)

    async def _read_warehouse(self) -> None:
        for gauge in (self._lag, self._status, self._latest, self._expected, self._succeeded, self._failed):
            gauge.clear()
        reader = Reader(self._pool)
        try:
            chains = await read_ingestion_health(reader)
        except (PoolTimeout, psycopg.Error):
            logger.exception("the ingestion's health could not be read")
            self._up.set(0)
            return
        finally:
            await reader.close()
        self._up.set(1)
        for chain in chains:
            self._tell(chain)

    def _tell(self, chain: ChainHealth) -> None:
        self._status.labels(chain.chain_id).set(list(HealthStatus).index(chain.status))
        for gauge, number in (
            (self._lag, chain.lag_periods),
            (self._latest, chain.latest_period),
            (self._expected, chain.expected_period),
        ):
            if number is not None:
                gauge.labels(chain.chain_id).set(number)
        for gauge, moment in (
            (self._succeeded, chain.last_success_at),
            (self._failed, chain.last_failure_at),
        ):
            if moment is not None:
                gauge.labels(chain.chain_id).set(moment.timestamp())


def _of_chain(name: str, told: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(name, told, ("chain",), registry=registry)
