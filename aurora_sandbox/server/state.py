"""What the running sandbox holds: providers, networks or a recording, faults in force, requests seen."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.faults import Fault, FaultPlan
from aurora_sandbox.server.messages import SandboxRequest
from aurora_sandbox.server.provider import Control, Network, Provider, fault_reader
from aurora_sandbox.server.recording import Recorder, Recording

_REQUESTS_KEPT: Final = 10_000


class SandboxState:
    """Changed by requests to `/_sandbox` and by serving; used from one event loop."""

    def __init__(
        self,
        providers: Sequence[Provider[Any]],
        controls: Iterable[Control],
        source: Mapping[str, Network] | Recording,
        *,
        faults: Iterable[Fault] = (),
        recorder: Recorder | None = None,
        max_batch: int | None = None,
    ) -> None:
        """`source` is the served networks by name, or the recording that is replayed in their place.

        `max_batch` is the most calls of a JSON-RPC batch, any number if None.
        """
        self.providers = providers
        self.controls = {(control.method, control.path): control for control in controls}
        self.recording = source if isinstance(source, Recording) else None
        self.networks = {} if isinstance(source, Recording) else dict(source)
        self.fault_reader = fault_reader(providers)
        self.faults = FaultPlan(faults)
        self.recorder = recorder
        self.max_batch = max_batch
        self.requests: deque[dict[str, Any]] = deque(maxlen=_REQUESTS_KEPT)

    def network(self, name: str) -> Network:
        """The served network. Raises ConfigurationError while a recording is replayed."""
        if name not in self.networks:
            raise ConfigurationError("the sandbox replays a recording: no network to look at, set or advance")
        return self.networks[name]

    def chain(self, provider: Provider[Any]) -> Any:  # noqa: ANN401 - known to the provider's own module
        """What the provider's responses come from; None over a recording and for a path of no provider."""
        network = self.networks.get(provider.network)
        return None if network is None else network.chain

    def log(self, request: SandboxRequest, provider: str, status: int, faults: list[str]) -> None:
        """Keep one request for `/_sandbox/requests`; headers, and with them keys, are not kept."""
        self.requests.append(
            {
                "provider": provider,
                "method": request.method,
                "path": request.path,
                "query": dict(request.query),
                "json": request.json,
                "status": status,
                "faults": faults,
            }
        )

    def describe(self) -> dict[str, Any]:
        """The state as `/_sandbox/state` shows it."""
        shown: dict[str, Any]
        if self.recording is not None:
            shown = {"mode": "recording", "exchanges": self.recording.size}
        else:
            shown = {"mode": "world"}
            for network in self.networks.values():
                shown |= network.describe()
        return {**shown, "requests": len(self.requests), "faults": self.faults.describe()}
