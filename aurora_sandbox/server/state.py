"""What the running sandbox remembers: the served chain or recording, faults in force, requests seen."""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum.chain import EthereumChain, NodeSettings
from aurora_sandbox.ethereum.world import EthereumWorld, demo_ethereum
from aurora_sandbox.server.answers import Question
from aurora_sandbox.server.faults import Fault, FaultPlan
from aurora_sandbox.server.recording import Recorder, Recording
from aurora_sandbox.server.settings import Settings
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.world import World

_REQUESTS_KEPT: Final = 10_000
DEFAULT_SLOTS_PER_EPOCH: Final = 432_000

Grow = Callable[[World, int], World]
"""Lists that many epochs more: the world of a generator grows as the chain advances."""


class SandboxState:
    """Changed by requests to `/_sandbox` and by serving; used from one event loop."""

    def __init__(
        self,
        source: World | Recording,
        *,
        settings: Settings | None = None,
        faults: Iterable[Fault] = (),
        recorder: Recorder | None = None,
        grow: Grow | None = None,
        ethereum: EthereumWorld | None = None,
        node: NodeSettings | None = None,
    ) -> None:
        """`grow` is asked for more epochs on `advance`; without it a world only moves its present.

        `ethereum` is the world beside the Solana one, the demonstration's if left out, and `node` how its
        node stands.
        """
        self.settings = settings or Settings()
        self.recording = source if isinstance(source, Recording) else None
        self._chain = Chain(source, self.settings) if isinstance(source, World) else None
        self._grow = grow
        self._ethereum = EthereumChain(ethereum, node or NodeSettings()) if ethereum else None
        self._node = node or NodeSettings()
        self.faults = FaultPlan(faults)
        self.recorder = recorder
        self.requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS_KEPT)

    @property
    def chain(self) -> Chain:
        """The served chain. Raises ConfigurationError while a recording is replayed."""
        if self._chain is None:
            raise ConfigurationError("the sandbox replays a recording: there is no chain to advance or ask")
        return self._chain

    @property
    def ethereum(self) -> EthereumChain:
        """The served Ethereum chain. Raises ConfigurationError while a recording is replayed."""
        if self.recording is not None:
            raise ConfigurationError("the sandbox replays a recording: there is no chain to set or ask")
        if self._ethereum is None:  # made when first asked: most of Solana's tests never do
            self._ethereum = EthereumChain(demo_ethereum(), self._node)
        return self._ethereum

    def set_ethereum(self, changes: dict[str, Any]) -> None:
        """Change how the Ethereum node stands. Raises ConfigurationError for what cannot be."""
        self._ethereum = self.ethereum.changed(changes)

    @property
    def slots_per_epoch(self) -> int:
        """Of the served chain; mainnet's for a recording."""
        return self._chain.size if self._chain else DEFAULT_SLOTS_PER_EPOCH

    def advance(self, epochs: int) -> None:
        """Move the present on by `epochs`. Raises ConfigurationError while a recording is replayed."""
        world = self.chain.world
        if self._grow is not None:
            world = self._grow(world, epochs)
        current = self.chain.current + epochs
        self._chain = Chain(world.model_copy(update={"current_epoch": current}), self.settings)

    def log(self, question: Question, provider: str, status: int, faults: list[str]) -> None:
        """Remember one request; headers, and so keys, are not kept."""
        self.requests.append(
            {
                "provider": provider,
                "method": question.method,
                "path": question.path,
                "query": dict(question.query),
                "json": question.json,
                "status": status,
                "faults": faults,
            }
        )

    def describe(self) -> dict[str, Any]:
        """The state as `/_sandbox/state` shows it."""
        shown: dict[str, Any] = {"requests": len(self.requests), "faults": self.faults.describe()}
        if self._chain is None:
            exchanges = self.recording.size if self.recording else 0
            return {"mode": "recording", "exchanges": exchanges, **shown}
        chain, last = self._chain, self._chain.world.epochs[-1]
        return {
            "mode": "world",
            "chain_id": chain.world.chain_id,
            "slots_per_epoch": chain.size,
            "current_epoch": chain.current,
            "current_slot": chain.now,
            "first_epoch": chain.first,
            "last_epoch": last.epoch,
            "validators": len(last.validators),
            "stake_accounts": sum(len(v.stake_accounts) for v in last.validators),
            **shown,
        }
