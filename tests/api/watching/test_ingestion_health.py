"""How healthy a chain's ingestion is: the states and their limits, at /health/ingestion and in metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aurora_resources.errors import PeriodError
from aurora_resources.records import Feed
from aurora_resources.warehouse.staging import note_failure, see_head

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

CHAIN = "alpha-main"
LAST = 106


@pytest.fixture
def ingested(filled: Warehouse) -> Warehouse:
    """All roles but stakes of one chain's periods to the last but one; of the last, one more is missing."""
    with filled.transaction() as session:
        session.execute("delete from registry.chains where chain_id = 'beta-main'")
        session.execute(
            """
            insert into staging.ingestions (chain_id, period_id, role, state, is_current, content_digest,
                payload_count, head_period, run_id, finished_at)
            select chain_id, period_id, role, 'SETTLED', true, sha256('x'), 0, 0, 'r',
                now() - interval '2 hours'
            from registry.periods, unnest(%s::text[]) as role
            where period_id < %s or role <> 'meta'
            """,
            [[role.value for role in Feed if role is not Feed.STAKES], LAST],
        )
    return filled


def _told(service: Service) -> tuple[int, dict[str, Any]]:
    answer = service.client.get(f"{service.url}/health/ingestion")
    body = answer.json()
    (chain,) = body["chains"]
    assert body["status"] == chain["status"]
    return answer.status_code, chain


# The chain is final two periods behind its head, and ingested up to 105.
@pytest.mark.parametrize(
    ("lag", "status", "code"),
    [
        (0, "HEALTHY", 200),
        (4, "HEALTHY", 200),
        (5, "DEGRADED", 200),
        (10, "DEGRADED", 200),
        (11, "UNHEALTHY", 503),
    ],
)
def test_the_lag_decides(own_service: Service, ingested: Warehouse, lag: int, status: str, code: int) -> None:
    see_head(ingested, CHAIN, LAST - 1 + 2 + lag)
    answered, chain = _told(own_service)
    assert (answered, chain["status"], chain["lag_periods"]) == (code, status, lag)
    assert (chain["latest_period"], chain["expected_period"]) == (LAST - 1, LAST - 1 + lag)
    assert chain["last_success_at"]
    assert (chain["problem"] is None) == (status == "HEALTHY")
    metrics = own_service.client.get(f"{own_service.url}/metrics").text
    assert f'ingestion_lag_periods{{chain="{CHAIN}"}} {lag}.0' in metrics
    state = ["HEALTHY", "DEGRADED", "UNHEALTHY"].index(status)
    assert f'ingestion_status{{chain="{CHAIN}"}} {state}.0' in metrics


def test_what_was_never_seen_or_ingested_is_unknown_and_not_healthy(
    own_service: Service, filled: Warehouse
) -> None:
    with filled.transaction() as session:
        session.execute("delete from registry.chains where chain_id = 'beta-main'")
    code, chain = _told(own_service)
    assert (code, chain["status"], chain["lag_periods"]) == (503, "UNHEALTHY", None)
    see_head(filled, CHAIN, 110)
    _, chain = _told(own_service)
    assert (chain["status"], chain["lag_periods"], chain["expected_period"]) == ("UNHEALTHY", None, 108)
    assert "ingestion_lag_periods{" not in own_service.client.get(f"{own_service.url}/metrics").text


def test_a_recent_failure_is_unhealthy_until_it_is_mended(own_service: Service, ingested: Warehouse) -> None:
    see_head(ingested, CHAIN, LAST + 1)
    assert _told(own_service)[1]["status"] == "HEALTHY"
    note_failure(ingested, CHAIN, PeriodError("secret told"), "run", period_id=LAST - 1, role=Feed.FEES)
    code, chain = _told(own_service)
    assert (code, chain["status"]) == (503, "UNHEALTHY")
    assert chain["last_failure_at"]
    assert "secret" not in str(chain)
    with ingested.transaction() as session:
        session.execute(
            "update staging.ingestions set finished_at = now() + interval '1 s' where period_id = %s",
            [LAST - 1],
        )
    assert _told(own_service)[1]["status"] == "HEALTHY"


def test_a_chain_that_does_not_answer_is_unhealthy_until_it_does(
    own_service: Service, ingested: Warehouse
) -> None:
    see_head(ingested, CHAIN, LAST + 1)
    note_failure(ingested, CHAIN, PeriodError("no answer"), "sensor")
    assert _told(own_service)[1]["status"] == "UNHEALTHY"
    see_head(ingested, CHAIN, LAST + 1)
    assert _told(own_service)[1]["status"] == "HEALTHY"


@pytest.mark.parametrize(("minutes", "status"), [(14, "HEALTHY"), (16, "DEGRADED"), (61, "UNHEALTHY")])
def test_nobody_watching_is_noticed(
    own_service: Service, ingested: Warehouse, minutes: int, status: str
) -> None:
    see_head(ingested, CHAIN, LAST + 1)
    with ingested.transaction() as session:
        session.execute("update staging.heads set seen_at = now() - make_interval(mins => %s)", [minutes])
    assert _told(own_service)[1]["status"] == status


def test_a_failure_is_told_even_when_it_cannot_be_noted(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture
) -> None:
    with warehouse.transaction() as session:
        session.execute("drop table staging.failures")
    note_failure(warehouse, CHAIN, PeriodError("what happened"), "run")
    assert "what happened" in caplog.text
