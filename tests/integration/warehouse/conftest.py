"""Fixtures for tests that start servers of their own: homes, and processes that hold a server."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import pytest

from aurora_resources.postgres.privileges import Account
from aurora_resources.postgres.server import EmbeddedServer

HOLDER = Path(__file__).with_name("hold_server.py")
CHECKOUT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Holder:
    """A process that started or attached to a server, and what it said about it."""

    process: subprocess.Popen[str]
    said: dict[str, Any]

    def let_go(self) -> None:
        """End it in order; the server ends with it if it is the owner."""
        self.process.communicate(timeout=60)

    def kill(self) -> None:
        """End it as a crash would."""
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=60)


class Hold(Protocol):
    def __call__(
        self,
        home: Path | None,
        *,
        account: Account | None = None,
        checkout: Path = CHECKOUT,
        cwd: Path = Path("/"),
        extra: list[str] | None = None,
        **environment: str,
    ) -> Holder: ...


@pytest.fixture
def hold(folder: Path) -> Iterator[Hold]:
    """Start a process that holds the server of a home; all have ended before `folder` is removed."""
    started: list[subprocess.Popen[str]] = []

    def start(
        home: Path | None,
        *,
        account: Account | None = None,
        checkout: Path = CHECKOUT,
        cwd: Path = Path("/"),
        extra: list[str] | None = None,
        **environment: str,
    ) -> Holder:
        process = subprocess.Popen(
            [
                _python_for(account) or sys.executable,
                "-B",
                str(HOLDER),
                *([str(home)] if home else []),
                *(extra or []),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=cwd,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            env={**_environment(checkout), **environment},
        )
        started.append(process)
        assert process.stdout is not None
        return Holder(process, json.loads(process.stdout.readline()))

    yield start
    for process in started:
        if process.returncode is None:
            process.communicate(timeout=60)


@pytest.fixture
def folder(run_folder: Path) -> Iterator[Path]:
    """A folder for one test that every user can traverse."""
    made = Path(tempfile.mkdtemp(dir=run_folder))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@pytest.fixture
def new_home(folder: Path) -> Path:
    """A home that does not exist yet."""
    return folder / "home"


@pytest.fixture(scope="session")
def initialised_home(tmp_path_factory: pytest.TempPathFactory, run_folder: Path) -> Path:
    """A home whose server was started once and stopped, to copy: making one anew takes longer."""
    home = run_folder / tmp_path_factory.getbasetemp().name / "initialised"
    with EmbeddedServer(home):
        pass
    return home


@pytest.fixture
def home(folder: Path, initialised_home: Path) -> Path:
    """A home with an empty database of its own, not running."""
    subprocess.run(["cp", "-a", initialised_home, folder / "home"], check=True)
    (folder / "home" / "postgres.log").unlink()
    return folder / "home"


@pytest.fixture
def as_user() -> Callable[[str], Account]:
    """An unprivileged user that this process can become; a skip where it cannot."""

    def become(name: str) -> Account:
        if os.geteuid() != 0:
            pytest.skip("only root can become another user")
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            pytest.skip(f"there is no user {name}")
        account = Account(entry.pw_uid, entry.pw_gid)
        if _python_for(account) is None:
            pytest.skip(f"user {name} cannot reach a Python with this version and these packages")
        return account

    return become


@cache
def _python_for(account: Account | None) -> str | None:
    """This Python, or the system's own of the same version where the account cannot reach this one."""
    if account is None:
        return sys.executable
    system = Path(f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}")
    for python in (sys.executable, str(system)):
        try:
            tried = subprocess.run(
                [python, "-B", "-c", "import aurora_resources.postgres.server"],
                user=account.uid,
                group=account.gid,
                extra_groups=[],
                cwd="/",
                env=_environment(CHECKOUT),
                capture_output=True,
                check=False,
            )
        except OSError:
            continue
        if tried.returncode == 0:
            return python
    return None


def _environment(checkout: Path) -> dict[str, str]:
    packages = sysconfig.get_path("purelib")
    return {**os.environ, "PYTHONPATH": f"{checkout}:{packages}"}
