"""Network cut, process or PostgreSQL killed, two runs at once: nothing is lost, nothing is half done.

In between, every slice is absent or complete; afterwards the books are those of a run nobody disturbed.
"""

import copy
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pytest

from aurora_assets.graph.materialize import watching
from aurora_assets.pipeline.checking import CHECKS, Check, offending_rows
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse, create_database
from aurora_resources.warehouse.migrations import migrate
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.books import Books, books
from tests.integration.pipeline.installation import CHAIN, CHECKOUT, Pipeline
from tests.made_once import MadeOnce

FIRST, LAST = 802, 803
SCRIPT: Final = Path(__file__).with_name("run_backfill.py")
PATIENCE_SECONDS: Final = 120
CHECKS_OF: Final = {
    "lines_within_revenue": "commission_lines",
    "partner_stake_sums": "commission_lines",
    "statements_sum_lines": "commission_lines",
    "pnl_equals_facts": "validator_pnl",
    "pnl_complete": "validator_pnl",
}
"""The computed dataset a check is about; the others are about facts."""


@pytest.fixture(scope="module")
def undisturbed(made_once: MadeOnce, small_world: World) -> Books:
    """The books of a run nobody disturbed."""

    def book(warehouse: Warehouse, folder: Path) -> None:
        with (
            SandboxServer(small_world) as sandbox,
            installation_of_this_process(folder, warehouse, sandbox) as pipeline,
        ):
            assert pipeline.backfill(FIRST, LAST).succeeded

    name = made_once.make("undisturbed", book)
    with made_once.copy(name) as warehouse, dg.DagsterInstance.ephemeral() as instance:
        found = books(Pipeline(made_once.folder(name), warehouse, {}, instance))
    assert all(found[table] for table in found if table != "canonical.findings")
    return found


@contextmanager
def installation_of_this_process(
    folder: Path, warehouse: Warehouse, sandbox: SandboxServer
) -> Iterator[Pipeline]:
    """An installation with the demonstration's agreements; this process and its children find it."""
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        made = Pipeline(folder, warehouse, copy.copy(sandbox.provider_urls), instance)
        made.configure()
        made.load(CHECKOUT / "partners.yaml")
        yield made


@pytest.fixture
def installed(tmp_path: Path, warehouse: Warehouse, sandbox: SandboxServer) -> Iterator[Pipeline]:
    with installation_of_this_process(tmp_path, warehouse, sandbox) as pipeline:
        yield pipeline


class Run:
    """A backfill in a process of its own; `slices` is what it has finished so far."""

    def __init__(self) -> None:
        self.slices: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPT), CHAIN, str(FIRST), str(LAST)],
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._errors = ""
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_errors)]
        for reader in self._readers:
            reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.slices.append(line.strip())

    def _read_errors(self) -> None:
        assert self.process.stderr is not None
        self._errors = self.process.stderr.read()

    def kill_when(self, due: Callable[[], bool]) -> None:
        """kill -9 as soon as it is `due`; fails when the run ends before."""
        wait_until(lambda: due() or self.process.poll() is not None)
        assert self.process.poll() is None, f"it ended before it was killed: {self.told()}"
        self.process.kill()
        self.wait()

    def wait(self) -> int:
        """Its exit status."""
        status = self.process.wait(PATIENCE_SECONDS)
        for reader in self._readers:
            reader.join()
        for stream in (self.process.stdout, self.process.stderr):
            assert stream is not None
            stream.close()
        return status

    def told(self) -> str:
        """What it said at last, for a failed test."""
        return "\n".join([*self.slices[-3:], self._errors[-2000:]])


def wait_until(due: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not due():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.002)


@contextmanager
def as_soon_as(due: Callable[[], bool], then: Callable[[], object]) -> Iterator[None]:
    """Do something once, in a thread, as soon as it is due; fails when it never was."""
    done = threading.Event()
    given_up = threading.Event()

    def watch() -> None:
        while not given_up.is_set():
            if due():
                then()
                done.set()
                return
            time.sleep(0.002)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        given_up.set()
        watcher.join()
    assert done.is_set(), "it never came to that"


def assert_nothing_half(pipeline: Pipeline, undisturbed: Books) -> None:
    """Every slice is as it should be, or not there at all; what there is passes every check."""
    for table, rows in books(pipeline).items():
        for period, found in by_period(rows).items():
            assert found == by_period(undisturbed[table])[period], f"{table} of {period} is half a slice"
    torn = pipeline.query(
        "select ingestion_id, payload_count, count(payload_id) from staging.ingestions "
        "left join staging.ingestion_payloads using (ingestion_id) group by ingestion_id "
        "having payload_count <> count(payload_id)"
    )
    assert torn == []
    booked = set(pipeline.query("select dataset, period_id from computation.generations where is_current"))
    for period in range(FIRST, LAST + 1):
        for check in CHECKS:
            dataset = CHECKS_OF.get(check.name)
            if dataset is None or (dataset, period) in booked:
                assert (check.name, offending(pipeline, check, period)) == (check.name, [])


def by_period(rows: list[Any]) -> dict[int | None, list[Any]]:
    found: dict[int | None, list[Any]] = {}
    for row in rows:
        found.setdefault(row.get("period_id"), []).append(row)
    found.pop(None, None)
    return found


def offending(pipeline: Pipeline, check: Check, period: int) -> list[Any]:
    with pipeline.warehouse.connect() as connection:
        return offending_rows(connection, check, CHAIN, period)


def assert_completes(pipeline: Pipeline, undisturbed: Books) -> None:
    """Running it again brings the books of a run nobody disturbed."""
    result = pipeline.backfill(FIRST, LAST)
    assert result.succeeded, result.failures
    assert books(pipeline) == undisturbed
    assert_nothing_half(pipeline, undisturbed)


@pytest.mark.parametrize("requests", [20, 90])
def test_a_network_that_is_cut_is_named_and_the_next_run_completes(
    requests: int, installed: Pipeline, sandbox: SandboxServer, small_world: World, undisturbed: Books
) -> None:
    port = int(sandbox.base_url.rpartition(":")[2])
    with as_soon_as(
        lambda: len(sandbox.state.requests) >= requests,
        lambda: sandbox.__exit__(None, None, None),
    ):
        result = installed.backfill(FIRST, LAST)
    assert not result.succeeded
    message = " ".join(result.failures.values())
    assert any(f"{provider} " in message for provider in installed.urls)
    assert "no complete answer" in message
    assert str(LAST) in message
    assert_nothing_half(installed, undisturbed)
    with SandboxServer(small_world, port=port):
        assert_completes(installed, undisturbed)


def test_a_process_that_is_killed_again_and_again_loses_nothing(
    installed: Pipeline, sandbox: SandboxServer, undisturbed: Books
) -> None:
    chance = random.Random()  # noqa: S311 - another moment every time; the seed is told by a failure
    seed = chance.randrange(2**32)
    chance.seed(seed)
    print(f"seed {seed}")  # noqa: T201 - shown when the test fails
    asked = len(sandbox.state.requests)
    first = chance.randrange(10, 60)
    Run().kill_when(lambda: len(sandbox.state.requests) >= asked + first)
    assert_nothing_half(installed, undisturbed)
    for least, most in ((8, 14), (18, 25)):
        run = Run()
        slices = chance.randrange(least, most)
        pause = chance.uniform(0, 0.05)

        def due(run: Run = run, slices: int = slices, pause: float = pause) -> bool:
            if len(run.slices) <= slices:
                return False
            time.sleep(pause)
            return True

        run.kill_when(due)
        assert_nothing_half(installed, undisturbed)
    assert_completes(installed, undisturbed)


def test_what_a_killed_run_has_received_is_not_asked_for_again(
    installed: Pipeline, sandbox: SandboxServer, undisturbed: Books
) -> None:
    """Blocks never change: those that were kept before the kill are taken from staging."""
    Run().kill_when(lambda: blocks_kept(installed) > 0)
    kept = {told(body) for (body,) in installed.query(KEPT_BLOCKS)}
    before = len(sandbox.state.requests)
    assert_completes(installed, undisturbed)
    asked = [request["json"] for request in list(sandbox.state.requests)[before:]]
    again = {told(body) for body in asked if isinstance(body, dict) and body.get("method") == "getBlock"}
    assert len(kept) > 0
    assert len(again) > 0  # those of the other epoch, at least
    assert sorted(kept & again) == []


KEPT_BLOCKS: Final = (
    # With their rewards: the header of a boundary is asked once for each of the two epochs it parts.
    "select request -> 'body' from staging.payloads where endpoint = 'getBlock' and accepted"
)


def told(body: dict[str, Any]) -> str:
    """A question in one spelling."""
    return json.dumps([body["method"], body["params"]], sort_keys=True)


def blocks_kept(pipeline: Pipeline) -> int:
    return len(pipeline.query(KEPT_BLOCKS))


def test_two_backfills_at_once_book_everything_once(
    installed: Pipeline, sandbox: SandboxServer, undisturbed: Books
) -> None:
    runs = [Run(), Run()]
    statuses = [run.wait() for run in runs]
    assert statuses == [0, 0], [run.told() for run in runs]
    asking = [request for request in sandbox.state.requests if request["provider"] == "jito"]
    assert len(asking) > 0
    assert books(installed) == undisturbed
    assert_nothing_half(installed, undisturbed)
    assert_completes(installed, undisturbed)


@pytest.fixture
def own_server(run_folder: Path) -> Iterator[EmbeddedServer]:
    """A PostgreSQL server of the test's own, durable as a user's is."""
    home = run_folder / f"interrupted-{time.monotonic_ns()}"
    with EmbeddedServer(home) as server:
        create_database(server.url("postgres"), "aurora")
        migrate(server.url("aurora"))
        yield server
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.parametrize("moment", ["asking", "normalising"])
def test_a_server_that_is_killed_loses_nothing_that_was_finished(
    moment: str, own_server: EmbeddedServer, tmp_path: Path, sandbox: SandboxServer, undisturbed: Books
) -> None:
    warehouse = Warehouse(own_server.url("aurora"), application="aurora test", server=own_server)
    with installation_of_this_process(tmp_path, warehouse, sandbox) as pipeline:
        done: list[str] = []
        due = {
            "asking": lambda: len(sandbox.state.requests) >= 40,
            "normalising": lambda: len(done) >= 14,
        }[moment]
        pid = own_server.server_pid
        assert pid is not None
        with (
            watching(lambda asset, period: done.append(f"{asset} {period}")),
            as_soon_as(due, lambda: os.kill(pid, signal.SIGKILL)),
        ):
            result = pipeline.backfill(FIRST, LAST)
        assert not result.succeeded
        assert "the warehouse" in " ".join(result.failures.values())
        own_server.stop()
        own_server.start()
        assert_nothing_half(pipeline, undisturbed)
        assert_completes(pipeline, undisturbed)
