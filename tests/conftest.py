"""Fixtures of the whole suite: one embedded server a run, a fresh migrated database a test, recorded data.

With pytest-xdist the workers share the server: the first that needs it owns it, the others attach, and the
owner stays until the last of them has finished.
"""

import fcntl
import itertools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from hypothesis import settings

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse, create_database
from aurora_resources.warehouse.migrations import migrate
from tests.made_once import MadeOnce

TEMPLATE = "aurora_template"
CHECKOUT = Path(__file__).resolve().parents[1]
# A lost server loses a test run, no evidence: speed over durability.
FAST = {"shared_buffers": "128MB", "fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

MEMORY_BYTES_MIN = 4 * 2**30

# `make test` draws the same examples every time; `make fuzz` explores, with a new seed for each round.
settings.register_profile("suite", derandomize=True, deadline=None, print_blob=True)
settings.register_profile("fuzz", deadline=None, print_blob=True)
settings.load_profile("suite")

run_folder_key = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that runs all workers (or all tests) makes the run's folder, which outlives them."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell starts background jobs so, and processes that tests start and interrupt would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        config.stash[run_folder_key] = Path(config.workerinput["aurora_run_folder"])
        return
    folder = Path(tempfile.mkdtemp(prefix="aurora-tests-", dir=_memory()))
    folder.chmod(0o755)  # as root, the server runs as another user, who must pass
    config.stash[run_folder_key] = folder


def _memory() -> str | None:
    """A file system in memory where there is a large one that also runs programs: tests are faster there."""
    try:
        found = os.statvfs("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    except OSError:
        return None
    large = found.f_bavail * found.f_frsize > MEMORY_BYTES_MIN
    return "/dev/shm" if large and not found.f_flag & os.ST_NOEXEC else None  # noqa: S108


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: pytest.Session) -> None:
    """Tell a worker the run's folder."""
    vars(node)["workerinput"]["aurora_run_folder"] = str(node.config.stash[run_folder_key])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the run's folder once every worker has ended."""
    if not hasattr(config, "workerinput") and run_folder_key in config.stash:
        shutil.rmtree(config.stash[run_folder_key], ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may reach the database of whoever runs it."""
    monkeypatch.delenv("AURORA_DATABASE_URL", raising=False)
    monkeypatch.delenv("AURORA_HOME", raising=False)


@pytest.fixture(scope="session")
def run_folder(request: pytest.FixtureRequest) -> Path:
    """A folder of this run that every user can traverse, shared by all workers."""
    return request.config.stash[run_folder_key]


@pytest.fixture(scope="session")
def database_server(run_folder: Path) -> Iterator[EmbeddedServer]:
    """The run's PostgreSQL server. Databases on it are for one test each: see `warehouse`."""
    with _in_use(run_folder / "users.lock") as last_one_out:
        server = EmbeddedServer(run_folder / "home", settings=FAST).start()
        yield server
        if server.owned:
            last_one_out()
        server.stop()


@pytest.fixture(scope="session")
def template_database(database_server: EmbeddedServer) -> str:
    """The name of a migrated, empty database to copy; made once a run."""
    with psycopg.connect(database_server.url("postgres"), autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(hashtextextended('template', 0))")
        ready = "select from pg_database where datname = %s and not datallowconn"
        if connection.execute(ready, [TEMPLATE]).fetchone() is None:
            create_database(database_server.url("postgres"), TEMPLATE)
            migrate(database_server.url(TEMPLATE))
            # Nobody may connect while it is copied, not even autovacuum.
            connection.execute(f"alter database {TEMPLATE} with allow_connections false")
    return TEMPLATE


@pytest.fixture(scope="session")
def made_once(database_server: EmbeddedServer, template_database: str, run_folder: Path) -> MadeOnce:
    """Books that are made once a run, by whichever worker needs them first."""
    return MadeOnce(database_server, template_database, run_folder)


@pytest.fixture
def empty_database(database_server: EmbeddedServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a fresh database without any table."""
    with _database(database_server, "template0") as url:
        yield url


@pytest.fixture
def warehouse(database_server: EmbeddedServer, template_database: str) -> Iterator[Warehouse]:
    """A fresh, migrated, empty warehouse, removed after the test."""
    with _database(database_server, template_database) as url:
        yield Warehouse(url, application="aurora test", server=database_server)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded provider data, which is not a part of the project; without it, a skip."""
    folder = Path(os.environ.get("AURORA_SHARED_DATA") or CHECKOUT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip(f"no recorded data in {folder} (set AURORA_SHARED_DATA)")
    return folder


_numbers = itertools.count(1)


@contextmanager
def _database(server: EmbeddedServer, template: str) -> Iterator[str]:
    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f"create database {name} template {template} strategy file_copy")
        try:
            yield server.url(name)
        finally:
            connection.execute(f"drop database {name} with (force)")


@contextmanager
def _in_use(path: Path) -> Iterator[Callable[[], None]]:
    """Count this process among the server's users; the function yielded waits until it is the last one."""
    with path.open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
        yield lambda: fcntl.flock(users, fcntl.LOCK_EX)
