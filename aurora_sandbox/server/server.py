"""The sandbox on a port: in the background of a process (demo, tests), or in the foreground (the CLI)."""

import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum.chain import NodeSettings
from aurora_sandbox.ethereum.serving import ETHEREUM_PATHS
from aurora_sandbox.ethereum.world import EthereumWorld
from aurora_sandbox.server.app import SandboxApp
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.recording import Recorder, Recording
from aurora_sandbox.server.settings import Settings
from aurora_sandbox.server.state import Grow, SandboxState
from aurora_sandbox.solana.world import World

PATHS: Final = {
    "rpc": "/rpc",
    "jito": "/jito/api/v1",
    "solanabeach": "/solanabeach/v2",
    "stakewiz": "/stakewiz",
    **ETHEREUM_PATHS,
}
_START_SECONDS: Final = 10.0
_STOP_SECONDS: Final = 10.0


def sandbox_app(
    source: World | Recording,
    *,
    settings: Settings | None = None,
    faults: Iterable[Fault] = (),
    record: Path | None = None,
    grow: Grow | None = None,
    ethereum: EthereumWorld | None = None,
    node: NodeSettings | None = None,
) -> SandboxApp:
    """The application that serves a world or replays a recording; `record` is a folder to append to.

    Beside a Solana world stands an Ethereum one: `ethereum`, or the demonstration's if left out.
    """
    state = SandboxState(
        source,
        settings=settings,
        faults=faults,
        recorder=Recorder(record) if record is not None else None,
        grow=grow,
        ethereum=ethereum,
        node=node,
    )
    return SandboxApp(state)


class SandboxServer:
    """A context manager: the sandbox answers on `base_url` from entry to exit, in a daemon thread."""

    def __init__(
        self, source: SandboxApp | World | Recording, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        """Port 0 takes a free one. Give an app of `sandbox_app` for settings, faults or a recorder."""
        self.app = source if isinstance(source, SandboxApp) else sandbox_app(source)
        self._host, self._port = host, port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def state(self) -> SandboxState:
        """What the sandbox remembers; while it runs, change it through `/_sandbox` only."""
        return self.app.state

    @property
    def base_url(self) -> str:
        """Where it listens, without a path."""
        return f"http://{self._host}:{self._port}"

    @property
    def provider_urls(self) -> dict[str, str]:
        """Base URL by provider: rpc, jito, solanabeach, stakewiz; beacon, execution and the relays."""
        return {name: self.base_url + path for name, path in PATHS.items()}

    def __enter__(self) -> Self:
        listener = _listen(self._host, self._port)
        self._port = listener.getsockname()[1]
        self._server = uvicorn.Server(_config(self.app, self._host, self._port))
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [listener]}, name="aurora-sandbox", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise ConfigurationError(f"the sandbox did not start on {self.base_url}")
            time.sleep(0.005)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join(_STOP_SECONDS)
        if self._thread.is_alive():
            raise RuntimeError(f"the sandbox on {self.base_url} did not stop in {_STOP_SECONDS} seconds")
        self._server = self._thread = None


def serve_forever(app: SandboxApp, host: str, port: int) -> None:
    """Serve until interrupted (Ctrl-C or SIGTERM). Raises ConfigurationError for a bad port."""
    listener = _listen(host, port)
    server = uvicorn.Server(_config(app, host, listener.getsockname()[1]))
    server.run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio turns off Nagle's algorithm: 40 ms an answer otherwise.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"the sandbox cannot listen on {host}:{port}: {error.strerror or error}; choose another port"
        ) from error
    return listener


def _config(app: SandboxApp, host: str, port: int) -> uvicorn.Config:
    # h11 closes a connection whose response ends early, which is what the cut_off fault is.
    return uvicorn.Config(
        app,
        host=host,
        port=port,
        http="h11",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,
    )
