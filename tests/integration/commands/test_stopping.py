"""How `aurora up` ends what it started. No test measures time: one that waited in vain would not end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from aurora_api.commands.up import stop

NEVER_REACHED_SECONDS = 3600.0
DEAF = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)]; "
READY = "print('ready', flush=True); "
SLEEP = "import time; time.sleep(3600)"
# As Dagster's web server: it does nothing on an interrupt but wait for the process that it started itself.
WAITS_FOR_ITS_CHILD = (
    "import signal, subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]]); "
    "signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "child.wait()"
)


@contextmanager
def started(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process with a group of its own, once it and its children have printed that they are ready."""
    with subprocess.Popen(
        [sys.executable, "-c", *arguments],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def test_a_process_may_finish_what_it_does_when_it_is_interrupted() -> None:
    finishes = (
        "import signal, sys, time\nsignal.signal(signal.SIGINT, lambda *_: (time.sleep(0.2), sys.exit(7)))\n"
    )
    with started(f"{finishes}{READY}{SLEEP}") as process:
        stop([process], NEVER_REACHED_SECONDS)
        assert process.returncode == 7


def test_what_does_not_end_by_itself_is_killed_with_its_whole_group() -> None:
    with started(f"{DEAF}{WAITS_FOR_ITS_CHILD}", f"{DEAF}{READY}{SLEEP}") as process:
        stop([process], 0.05)
        assert process.returncode == -signal.SIGKILL
        assert process.stdout is not None
        assert process.stdout.read() == b""  # the pipe ends when its last writer, the child, is gone


def test_a_process_that_waits_for_its_own_child_does_not_wait_in_vain() -> None:
    with started(WAITS_FOR_ITS_CHILD, f"{READY}{SLEEP}") as process:
        stop([process], NEVER_REACHED_SECONDS)
        assert process.returncode == 0


def test_all_are_interrupted_before_any_is_waited_for() -> None:
    """The first one ends only once the second one has closed their pipe."""
    reading, writing = os.pipe()
    waits = f"{DEAF}{READY}import os; os.read({reading}, 1)"
    with (
        subprocess.Popen(
            [sys.executable, "-c", waits], pass_fds=[reading], stdout=subprocess.PIPE, start_new_session=True
        ) as first,
        subprocess.Popen(
            [sys.executable, "-c", f"{READY}{SLEEP}"],
            pass_fds=[writing],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as second,
    ):
        os.close(reading)
        os.close(writing)
        for process in (first, second):
            assert process.stdout is not None
            assert process.stdout.readline() == b"ready\n"
        stop([first, second], NEVER_REACHED_SECONDS)
        assert first.returncode == 0


def test_one_that_has_ended_already_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""], start_new_session=True) as process:
        process.wait()
        stop([process], NEVER_REACHED_SECONDS)
        assert process.returncode == 0
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
