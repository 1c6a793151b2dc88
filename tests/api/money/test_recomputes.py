"""A recompute asked for over HTTP is one run of Dagster, tagged with who asked, told as Dagster does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from aurora_assets.graph.definitions import build_definitions
from aurora_assets.graph.sensors import record_runs
from aurora_resources.warehouse.connection import PIPELINE_ROLE
from tests.integration.pipeline.installation import CHAIN

if TYPE_CHECKING:
    from tests.api.money.conftest import Bureau

DONE = "... on Recompute { id status fromPeriod toPeriod force requestedBy correlationId dagsterRunId }"
STATE = "query($id: ID!) { recompute(id: $id) { status dagsterRunId correlationId finishedAt error } }"
START = "mutation($input: StartRecomputeInput!) { startRecompute(input: $input) { __typename } }"


def _start(bureau: Bureau, username: str = "finance", **changes: object) -> dict[str, Any]:
    asked: dict[str, object] = {
        "chainId": CHAIN,
        "fromPeriod": 801,
        "toPeriod": 802,
        "reason": "the rate was wrong",
        "idempotencyKey": "one",
    }
    return bureau.do(username, f"startRecompute {DONE}", **(asked | changes))


def _tick(bureau: Bureau) -> list[dg.RunRequest]:
    """What the daemon would request now."""
    definitions = build_definitions(bureau.office.config.chains)
    sensor = definitions.resolve_sensor_def("solana_mainnet_recomputes")
    context = dg.build_sensor_context(
        bureau.office.pipeline.instance, repository_def=definitions.get_repository_def()
    )
    return list(sensor.evaluate_tick(context).run_requests or [])


def _run(bureau: Bureau, request: dg.RunRequest) -> dg.ExecuteInProcessResult:
    definitions = build_definitions(bureau.office.config.chains)
    assert request.job_name is not None
    return definitions.resolve_job_def(request.job_name).execute_in_process(
        instance=bureau.office.pipeline.instance,
        raise_on_error=False,
        run_config={
            "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            **request.run_config,
        },
        tags=dict(request.tags),
    )


def test_it_is_one_run_over_the_range_and_its_state_is_dagsters(bureau: Bureau) -> None:
    bureau.office.sql(
        "update canonical.validator_rewards set commission = commission - 1000"
        " where period_id = 801 and validator_key = %s",
        bureau.office.validator,
    )
    before = bureau.office.owed(801)
    started = _start(bureau)
    assert (started["status"], started["requestedBy"], started["force"]) == ("PENDING", "finance", False)
    (request,) = _tick(bureau)
    assert request.job_name == "solana_mainnet_recompute"
    ran = _run(bureau, request)
    assert ran.success
    # As the pipeline, which has no more rights than it needs.
    pipeline, instance = (
        bureau.office.pipeline.warehouse.as_role(PIPELINE_ROLE),
        bureau.office.pipeline.instance,
    )
    assert record_runs(pipeline, instance, CHAIN) == []
    state = bureau.as_user("auditor").ask(STATE, id=started["id"])["recompute"]
    assert (state["status"], state["dagsterRunId"]) == ("SUCCESS", ran.run_id)
    assert state["finishedAt"] is not None
    assert bureau.office.owed(801) != before
    run = bureau.office.pipeline.instance.get_run_by_id(ran.run_id)
    assert run is not None
    assert run.tags["aurora/correlation_id"] == started["correlationId"] == state["correlationId"]
    assert run.tags["aurora/requested_by"] == "finance"
    (entry,) = bureau.as_user("ops").ask(
        '{ auditLog(filter: { action: "recompute.start" }) {'
        " edges { node { actor reason correlationId } } } }"
    )["auditLog"]["edges"]
    assert entry["node"] == {
        "actor": "finance",
        "reason": "the rate was wrong",
        "correlationId": started["correlationId"],
    }


def test_a_run_that_fails_says_why(bureau: Bureau) -> None:
    started = _start(bureau, "ops", force=True)
    (request,) = _tick(bureau)
    assert request.job_name == "solana_mainnet_all"
    # No provider can be reached here.
    assert not _run(bureau, request).success
    _tick(bureau)
    state = bureau.as_user("finance").ask(STATE, id=started["id"])["recompute"]
    assert state["status"] == "FAILED"
    assert state["error"]


def test_the_same_key_starts_it_once(bureau: Bureau) -> None:
    first = _start(bureau)
    assert _start(bureau)["id"] == first["id"]
    assert _start(bureau, idempotencyKey="two")["id"] != first["id"]
    assert _start(bureau, "admin")["id"] != first["id"], "a key is its user's own"
    other = _start(bureau, toPeriod=803)
    assert (other["code"], other["field"]) == ("IDEMPOTENCY_CONFLICT", "input.idempotencyKey")
    listed = bureau.as_user("ops").ask("{ recomputes { edges { node { id status } } } }")["recomputes"]
    assert len(listed["edges"]) == 3
    assert len(_tick(bureau)) == 3


@pytest.mark.parametrize(
    ("username", "changes", "code"),
    [
        ("finance", {"force": True}, "FORBIDDEN"),
        ("finance", {"reason": "  "}, "INVALID_ARGUMENT"),
        ("finance", {"idempotencyKey": ""}, "INVALID_ARGUMENT"),
        ("finance", {"fromPeriod": 803}, "PERIOD_REFUSED"),
        ("finance", {"toPeriod": 900}, "PERIOD_REFUSED"),
        ("finance", {"toPeriod": 2**53 - 1}, "PERIOD_REFUSED"),
        ("finance", {"chainId": "elsewhere"}, "NOT_FOUND"),
    ],
)
def test_what_cannot_be_started(bureau: Bureau, username: str, changes: dict[str, object], code: str) -> None:
    refused = _start(bureau, username, **changes)
    assert (refused["__typename"], refused["code"]) == ("Problem", code)
    assert _tick(bureau) == []


def test_who_may_not_start_one(bureau: Bureau) -> None:
    asked = {"chainId": CHAIN, "fromPeriod": 801, "toPeriod": 801, "reason": "x", "idempotencyKey": "k"}
    for username in ("auditor", "north"):
        assert bureau.as_user(username).code(START, input=asked) == "FORBIDDEN"
