"""What the pipeline writes down of itself: where the chain is, attempts that failed, logs with their id."""

import json

import dagster as dg
import pytest

from aurora_assets.graph.runs import CORRELATION_TAG, json_console
from aurora_sandbox.serving import SandboxServer
from tests.integration.pipeline.installation import CHAIN, Pipeline, faults

FAILED = "select distinct period_id, role from staging.failures order by period_id, role"


def test_the_head_is_written_down_and_asking_too_early_is_no_failure(pipeline: Pipeline) -> None:
    assert not pipeline.backfill(809, 809).succeeded
    assert pipeline.query("select chain_id, head_period from staging.heads") == [(CHAIN, 810)]
    assert pipeline.query("select role, message from staging.failures where role <> 'stakes'") == []


def test_attempts_that_fail_are_written_down(pipeline: Pipeline, sandbox: SandboxServer) -> None:
    with faults(sandbox, "jito:http_503"):
        assert not pipeline.backfill(803, 803).succeeded
    assert (803, "mev") in pipeline.query(FAILED)
    ((message,),) = pipeline.query("select distinct message from staging.failures where role = 'mev'")
    assert "503" in message


def test_a_chain_that_does_not_answer_is_written_down(pipeline: Pipeline, sandbox: SandboxServer) -> None:
    with faults(sandbox, "rpc:http_503"):
        assert not pipeline.backfill(803, 803).succeeded
    assert (None, None) in pipeline.query(FAILED)


@pytest.mark.parametrize("tags", [{CORRELATION_TAG: "request-7"}, {}])
def test_a_run_logs_json_under_the_id_of_whoever_started_it(
    tags: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    @dg.op
    def say(context: dg.OpExecutionContext) -> None:
        context.log.info("told")

    @dg.graph
    def telling() -> None:
        say()

    job = telling.to_job(name="telling", logger_defs={"console": json_console}, tags=tags)
    result = job.execute_in_process(run_config={"loggers": {"console": {"config": {"log_level": "INFO"}}}})
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    (line,) = [line for line in lines if line["event"] == "told"]
    assert line["correlation_id"] == tags.get(CORRELATION_TAG, result.run_id)
    assert (line["job_name"], line["step_key"], line["level"]) == ("telling", "say", "info")
