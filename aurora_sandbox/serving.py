"""The entry of the sandbox: applications over worlds and recordings, served in background or foreground.

The command line imports this module and `options.py` and nothing else of the package.
"""

import socket
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import uvicorn

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum import network as ethereum_network
from aurora_sandbox.ethereum.chain import NodeSettings
from aurora_sandbox.ethereum.network import EthereumNetwork
from aurora_sandbox.ethereum.world import EthereumWorld
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.providers import CONTROLS, FAULTS, PROVIDERS
from aurora_sandbox.server.app import SandboxApp
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.provider import Network
from aurora_sandbox.server.recording import Recorder, Recording
from aurora_sandbox.server.state import SandboxState
from aurora_sandbox.solana import network as solana
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import Growth, demo_world, generate_world
from aurora_sandbox.solana.network import Grow, SolanaNetwork
from aurora_sandbox.solana.world import World, load_world

PATHS: Final = {provider.name: provider.path for provider in PROVIDERS}
"""The path of each provider's base URL, by name."""
NODE_VARIABLES: Final = tuple(provider.url_variable for provider in PROVIDERS if provider.is_node)
"""The environment variables that name a node of a real network."""
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

    `source` is the Solana world; `ethereum` is served beside it, the demonstration's world if left out.
    """
    chosen = settings or Settings()
    networks: Mapping[str, Network] | Recording = (
        source
        if isinstance(source, Recording)
        else {
            solana.NETWORK: SolanaNetwork(source, chosen, grow),
            ethereum_network.NETWORK: EthereumNetwork(ethereum, node),
        }
    )
    recorder = Recorder(record) if record is not None else None
    state = SandboxState(
        PROVIDERS, CONTROLS, networks, faults=faults, recorder=recorder, max_batch=chosen.max_batch
    )
    return SandboxApp(state)


class SandboxServer:
    """A context manager: the sandbox serves on `base_url` from entry to exit, in a daemon thread."""

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
        """The state of the sandbox; while it runs, change it through `/_sandbox` only."""
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


def demo_sandbox() -> "SandboxServer":
    """A server for the demonstration's worlds of every chain, all their periods final; not started yet."""
    return SandboxServer(demo_world())


def growing_sandbox(port: int) -> "SandboxServer":
    """A server for a generated world that grows as its chain is advanced; not started yet.

    It begins in the epoch after the last listed one, so that the latest periods become final by advancing.
    """
    spec = WorldSpec()
    world = generate_world(spec)
    now = world.epochs[-1].epoch + 1
    return SandboxServer(
        sandbox_app(world.model_copy(update={"current_epoch": now}), grow=Growth(spec)), port=port
    )


def sandbox_of_options(
    spec: WorldSpec,
    *,
    world: Path | None = None,
    recording: Path | None = None,
    record: Path | None = None,
    faults: Iterable[str] = (),
) -> SandboxApp:
    """The application that replays `recording`, serves the file `world`, or else generates from `spec`.

    `record` is a folder to append to, `faults` are in text form. Raises ConfigurationError for a world,
    recording or fault that is wrong.
    """
    if world is not None and recording is not None:
        raise ConfigurationError("give --world or --recording, not both")
    plan = [FAULTS.parse(text) for text in faults]
    if recording is not None:
        return sandbox_app(Recording.load(recording), faults=plan, record=record)
    if world is not None:
        return sandbox_app(load_world(world), faults=plan, record=record)
    return sandbox_app(generate_world(spec), faults=plan, record=record, grow=Growth(spec))


def sandbox_environment(urls: Mapping[str, str]) -> dict[str, str]:
    """The environment variables that point a client at `urls` (by provider), with their values."""
    environment: dict[str, str] = {}
    for provider in PROVIDERS:
        if provider.name in urls:
            environment |= provider.environment(urls[provider.name])
    return environment


def _listen(host: str, port: int) -> socket.socket:
    # Named as TCP, so that asyncio turns off Nagle's algorithm: 40 ms a response otherwise.
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
    # h11 closes a connection whose response ends early, as the fault cut_off needs.
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
