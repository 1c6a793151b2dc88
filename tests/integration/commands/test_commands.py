"""The `aurora` command as a person types it: real processes, their output, their exit status."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
import yaml

from aurora_sandbox.serving import SandboxServer, sandbox_environment
from aurora_sandbox.solana.generate import demo_world

CHECKOUT = Path(__file__).resolve().parents[3]
AURORA = [sys.executable, "-W", "ignore", "-m", "aurora_api"]


@pytest.fixture
def home(run_folder: Path, tmp_path: Path) -> Path:
    """An Aurora home of the test's own, where the server's unprivileged user can reach it."""
    folder = run_folder / f"home-{tmp_path.name}"
    folder.mkdir()
    return folder


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    """A newcomer's environment: nothing but the checkout's configuration."""
    bare = {name: value for name, value in os.environ.items() if not name.endswith(("_URL", "_API_KEY"))}
    return bare | {
        "AURORA_HOME": str(home),
        "AURORA_CONFIG_DIR": str(CHECKOUT),
        "PYTHONPATH": str(CHECKOUT),
        "COLUMNS": "160",
    }


def aurora(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*AURORA, *arguments],
        cwd=environment["AURORA_HOME"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


@pytest.fixture
def providers() -> Iterator[dict[str, str]]:
    """A sandbox, and the variables that point at it."""
    with SandboxServer(demo_world()) as sandbox:
        yield sandbox_environment(sandbox.provider_urls)


def test_the_demonstration_shows_books_and_a_statement_and_repeats_without_a_change(
    environment: dict[str, str],
) -> None:
    first = aurora(environment, "demo")
    assert first.returncode == 0, first.stderr
    for shown in (
        "exec fees",
        "MEV tips",
        "vote rewards",
        "commission",
        "COMPLETE",
        "Statement of Northwind",
    ):
        assert shown in first.stdout
    for period in (*range(800, 806), *range(66986, 66992)):
        assert f"│ {period}" in first.stdout
    for chain in ("Solana", "Ethereum"):
        assert f"Statement of Northwind Capital on {chain}" in first.stdout
    assert "equal." in first.stdout
    assert "NOT EQUAL" not in first.stdout
    second = aurora(environment, "demo")
    assert second.returncode == 0, second.stderr
    assert "none of them changed by this run" in second.stdout
    for role in ("ADMIN", "FINANCE", "OPS", "PARTNER", "AUDITOR"):
        users = [line.split() for line in first.stdout.splitlines() if line.startswith(f"  {role}")]
        assert users == [line.split() for line in second.stdout.splitlines() if line.startswith(f"  {role}")]
        assert len(users[0][2]) == 20


def test_doctor_tells_what_is_missing_and_what_to_do(
    environment: dict[str, str], providers: dict[str, str]
) -> None:
    without = aurora(environment, "doctor", "--json")
    assert without.returncode == 1
    checks = {check["name"]: check for check in json.loads(without.stdout)}
    assert "SOLANABEACH_API_KEY" in checks["configuration"]["detail"]
    fresh = aurora(environment | providers, "doctor", "--json")
    checks = {check["name"]: check for check in json.loads(fresh.stdout)}
    assert "run `aurora migrate`" in checks["migrations"]["detail"]
    assert checks["solana-mainnet"]["passed"]
    assert checks["ethereum-mainnet"]["passed"]
    assert aurora(environment | providers, "migrate").returncode == 0
    assert aurora(environment | providers, "doctor").returncode == 0


def test_migrations_go_down_and_up_again(environment: dict[str, str]) -> None:
    for arguments in (("migrate",), ("migrate", "--down", "--to", "base"), ("migrate",)):
        done = aurora(environment, *arguments)
        assert done.returncode == 0, done.stderr


def test_an_error_is_one_message_without_a_traceback(
    environment: dict[str, str], providers: dict[str, str]
) -> None:
    for arguments, told in (
        (("backfill", "dogecoin", "--from", "1", "--to", "2"), 'there is no chain "dogecoin"'),
        (("backfill", "solana-mainnet", "--from", "5", "--to", "2"), "give the older period first"),
        (("agreement", "load", "nowhere.yaml"), "there is no such file"),
        (("sandbox", "--fault", "nonsense"), "nonsense"),
    ):
        done = aurora(environment | providers, *arguments)
        assert done.returncode == 1
        assert told in " ".join(done.stderr.split())
        assert "Traceback" not in done.stderr


def impatient(folder: Path) -> dict[str, str]:
    """The checkout's configuration, with short waits before a provider is asked again."""
    for name in ("chains.yaml", "dagster.yaml"):
        shutil.copyfile(CHECKOUT / name, folder / name)
    listed = yaml.safe_load((CHECKOUT / "providers.yaml").read_text())["providers"]
    hasty = [provider | {"retry": {"base_seconds": 0.01, "cap_seconds": 0.05}} for provider in listed]
    (folder / "providers.yaml").write_text(yaml.safe_dump({"providers": hasty}))
    return {"AURORA_CONFIG_DIR": str(folder)}


def test_a_failed_backfill_names_provider_endpoint_period_and_reason(
    environment: dict[str, str], providers: dict[str, str], tmp_path: Path
) -> None:
    nowhere = providers | impatient(tmp_path) | {"JITO_URL": "http://127.0.0.1:9"}
    done = aurora(environment | nowhere, "backfill", "solana-mainnet", "--from", "803", "--to", "803")
    assert done.returncode == 1
    told = " ".join(done.stderr.split())
    for part in (
        "period 803",
        "jito",
        "/validator_rewards",
        "connect",
        "running it again completes the rest",
    ):
        assert part in told


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_up_runs_everything_and_ctrl_c_stops_all_of_it(environment: dict[str, str], home: Path) -> None:
    dagster, api, sandbox = free_port(), free_port(), free_port()
    ports = ["--dagster-port", str(dagster), "--api-port", str(api), "--sandbox-port", str(sandbox)]
    with (home / "up.log").open("w") as log:
        process = subprocess.Popen(
            [*AURORA, "up", *ports],
            cwd=home,
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_for(f"http://127.0.0.1:{dagster}/server_info", process, home)
        wait_for(f"http://127.0.0.1:{api}/health/ready", process, home)
        (admin,) = (
            user for user in json.loads((home / "demo-users.json").read_text()) if user["role"] == "ADMIN"
        )
        assert admin["username"] in (home / "up.log").read_text()
        url = f"http://127.0.0.1:{api}/graphql"
        login = "mutation ($in: LoginInput!) { login(input: $in) { ... on Session { accessToken } } }"
        given = {"in": {"username": admin["username"], "password": admin["password"]}}
        session = httpx.post(url, json={"query": login, "variables": given}).json()["data"]["login"]
        answer = httpx.post(
            url,
            json={"query": "{ chains { chainId } }"},
            headers={"Authorization": f"Bearer {session['accessToken']}"},
        )
        assert answer.json()["data"]["chains"] == [
            {"chainId": "ethereum-mainnet"},
            {"chainId": "solana-mainnet"},
        ]
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)
    for port in (dagster, api, sandbox):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(f"host={home / 'sockets'} user=postgres dbname=aurora").close()


def wait_for(url: str, process: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 600  # a busy machine starts everything slowly
    while time.monotonic() < deadline:
        assert process.poll() is None, (home / "up.log").read_text()
        try:
            if httpx.get(url, timeout=2).is_success:
                return
        except httpx.HTTPError:
            time.sleep(0.5)
    raise AssertionError(f"{url} did not answer: {(home / 'up.log').read_text()[-2000:]}")
