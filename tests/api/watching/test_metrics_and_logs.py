"""Requests are counted, timed and logged as JSON under their correlation id; what is secret is in neither."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from aurora_resources.logs import configure_logs, correlated, current_correlation_id

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Running, Service

ASK = "{ chains { chainId } }"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What this process logs, as `aurora api` would."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    stream = io.StringIO()
    configure_logs(stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def _lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def _metrics(service: Service) -> str:
    answer = service.client.get(f"{service.url}/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return answer.text


def _count(metrics: str, **labels: str) -> float:
    told = ",".join(f'{name}="{value}"' for name, value in sorted(labels.items()))
    found = re.search(re.escape(f"api_requests_total{{{told}}}") + r" (\S+)", metrics)
    return float(found[1]) if found else 0.0


def test_requests_are_counted_by_what_they_ask(own_service: Service) -> None:
    own_service.ask(ASK)
    own_service.ask("query Mine { a: chains { id } ...on Query { chains { id } } }")
    own_service.ask("query Mine { ...Mine } fragment Mine on Query { chains { id } }")
    own_service.code("{ nothing }")
    own_service.with_token(None).post(ASK)
    own_service.client.get(f"{own_service.url}/anything?token=secret")
    metrics = _metrics(own_service)
    assert _count(metrics, route="/graphql", operation="chains", status="200") == 1
    assert _count(metrics, route="/graphql", operation="(several)", status="200") == 2
    assert _count(metrics, route="/graphql", operation="(none)", status="400") == 1
    assert _count(metrics, route="/graphql", operation="(none)", status="401") == 1
    assert _count(metrics, route="(other)", operation="(none)", status="404") == 1
    assert 'api_request_duration_seconds_count{operation="chains",route="/graphql"} 1.0' in metrics
    assert re.search(r"api_pool_size [1-9]", metrics)
    assert "api_requests_waiting 0.0" in metrics
    assert "warehouse_up 1.0" in metrics
    assert not any(word in metrics for word in ("secret", "north", "Mine", "admin", "anything"))


def test_without_a_warehouse_the_metrics_say_so(running: Running, filled: Warehouse) -> None:
    with running(filled) as service:
        with filled.transaction() as session:
            session.execute("alter table staging.heads rename to elsewhere")
        metrics = _metrics(service)
        assert "warehouse_up 0.0" in metrics
        assert "ingestion_status{" not in metrics
        assert service.client.get(f"{service.url}/health/ingestion").status_code == 503


def test_a_request_is_one_line_of_json(own_service: Service, log: io.StringIO) -> None:
    answer = httpx.post(
        f"{own_service.url}/graphql?hidden=secret",
        json={
            "query": "query($c: String!) { periods(chainId: $c) { edges { cursor } } }",
            "variables": {"c": "secret"},
        },
        headers={"Authorization": f"Bearer {own_service.token}", "X-Correlation-Id": "find-me"},
    )
    assert answer.status_code == 200, answer.text
    (line,) = [line for line in _lines(log) if line["logger"] == "aurora_api.requests"]
    assert line["correlation_id"] == "find-me"
    assert line["time"].endswith("Z")
    assert (line["event"], line["level"], line["route"]) == ("request", "info", "/graphql")
    assert (line["operation"], line["status"], line["user"]) == ("periods", 200, "admin")
    assert line["milliseconds"] > 0
    assert own_service.token is not None
    ours = [json.dumps(line) for line in _lines(log) if line["logger"].startswith("aurora")]
    assert not any(word in line for line in ours for word in ("secret", own_service.token))


def test_what_goes_wrong_carries_the_id_and_the_traceback(
    own_service: Service, filled: Warehouse, log: io.StringIO
) -> None:
    with filled.transaction() as session:
        session.execute("alter table registry.chains rename column finality_lag to other")
    answer = own_service.client.post(
        f"{own_service.url}/graphql",
        json={"query": ASK},
        headers={"Authorization": f"Bearer {own_service.token}", "X-Correlation-Id": "find-me"},
    )
    assert answer.json()["errors"][0]["extensions"]["correlationId"] == "find-me"
    (line,) = [line for line in _lines(log) if line["level"] == "error"]
    assert line["correlation_id"] == "find-me"
    assert "UndefinedColumn" in line["exception"]


def test_the_id_is_kept_to_its_own_work(log: io.StringIO) -> None:
    logger = logging.getLogger("anybody")
    with correlated("outer", run_id="r"):
        with correlated("inner"):
            assert current_correlation_id() == "inner"
            logger.info("one", extra={"amount": 2**80, "object": object})
        logger.info("two")
    logger.info("three")
    one, two, three = _lines(log)
    assert (one["correlation_id"], one["run_id"], one["amount"]) == ("inner", "r", 2**80)
    assert (two["correlation_id"], "correlation_id" in three) == ("outer", False)
    assert current_correlation_id() is None
