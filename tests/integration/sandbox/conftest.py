"""A running sandbox and clients that send it requests over real HTTP."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from aurora_sandbox.server.recording import Recording
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.chain import Chain, EpochFacts, Settings
from aurora_sandbox.solana.generate import Growth, demo_spec, demo_world
from aurora_sandbox.solana.world import World

Json = Any
Start = Callable[..., "SandboxClient"]


class SandboxClient:
    """A client of one running sandbox; `rpc` gives the result or the error object of a call."""

    def __init__(self, server: SandboxServer, client: httpx.Client) -> None:
        self.server = server
        self.client = client

    @property
    def chain(self) -> Chain:
        chain: Chain = self.server.state.networks["solana"].chain
        return chain

    def facts(self, epoch: int) -> EpochFacts:
        """The facts of an epoch that the served chain has reached."""
        found = self.chain.facts(epoch)
        assert found is not None
        return found

    def rpc(self, method: str, *params: Json) -> Json:
        body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": list(params)}
        answer = self.client.post(self.server.provider_urls["rpc"], json=body).json()
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
        return answer["result"] if "result" in answer else answer["error"]

    def get(self, provider: str, path: str, **query: Json) -> httpx.Response:
        return self.client.get(self.server.provider_urls[provider] + path, params=query)

    def post(self, provider: str, path: str, json: Json = None, **query: Json) -> httpx.Response:
        return self.client.post(self.server.provider_urls[provider] + path, json=json, params=query)

    def control(self, method: str, path: str, json: Json = None) -> httpx.Response:
        return self.client.request(method, f"{self.server.base_url}/_sandbox/{path}", json=json)


@pytest.fixture
def start() -> Iterator[Start]:
    """Start sandboxes; all are stopped afterwards."""
    servers: list[SandboxServer] = []
    clients: list[httpx.Client] = []

    def run(source: World | Recording | None = None, **options: Json) -> SandboxClient:
        server = SandboxServer(sandbox_app(source or demo_world(), **options)).__enter__()
        servers.append(server)
        clients.append(httpx.Client(timeout=20, trust_env=False))
        return SandboxClient(server, clients[-1])

    yield run
    for client in clients:
        client.close()
    for server in servers:
        server.__exit__(None, None, None)


@pytest.fixture(scope="module")
def demo() -> Iterator[SandboxClient]:
    """The demo world with several payout blocks, shared by tests that only ask."""
    app = sandbox_app(demo_world(), settings=Settings(rewards_per_block=64), grow=Growth(demo_spec()))
    with SandboxServer(app) as server, httpx.Client(timeout=20, trust_env=False) as client:
        yield SandboxClient(server, client)


@pytest.fixture(scope="session")
def shared_solana(shared_data: Path) -> Path:
    """Recorded payloads of the real network, where this machine has them."""
    return shared_data / "solana"
