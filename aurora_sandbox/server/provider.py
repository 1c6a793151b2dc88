"""What a provider of the sandbox is: one description, exported by the module that speaks its wire format.

The list of all providers is in `aurora_sandbox/providers.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

from aurora_sandbox.server.faults import FaultReader
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.row_faults import INTEGERS, Call, RowFaults, unchanged

C = TypeVar("C")
RATE_LIMIT: Final = "5000"
"""Requests a second that a client of the sandbox may make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider(Generic[C]):
    """One provider.

    `network` names the network whose chain its responses come from. Its requests are those below `prefix`;
    `base_path` is what its base URL has after that. `variables` begins the names of its environment
    variables, `<variables>_URL` and `<variables>_RATE_LIMIT`; `credentials` are further ones. `is_node` says
    that its URL names a node of a real network. `respond` and `describe_call` get a request whose path begins
    after `prefix` and whose JSON is one call of a batch; the chain is None for `describe_call` while a
    recording is replayed.
    """

    name: str
    network: str
    prefix: str
    variables: str
    respond: Callable[[C, SandboxRequest], SandboxResponse]
    describe_call: Callable[[C | None, SandboxRequest], Call]
    rows: RowFaults
    base_path: str = ""
    json_rpc: bool = False
    is_node: bool = False
    credentials: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """The path of its base URL."""
        return self.prefix + self.base_path

    @property
    def url_variable(self) -> str:
        """The environment variable that holds its base URL."""
        return f"{self.variables}_URL"

    def environment(self, url: str) -> dict[str, str]:
        """The environment variables that point a client at `url`, with their values."""
        return {self.url_variable: url, f"{self.variables}_RATE_LIMIT": RATE_LIMIT, **self.credentials}

    def inner_path(self, path: str) -> str | None:
        """What follows the prefix in `path`; None for a path of another provider."""
        if path == self.prefix or path.startswith(self.prefix + "/"):
            return path[len(self.prefix) :] or "/"
        return None


class Network(Protocol):
    """A network as the sandbox serves it: its chain now, and its part of `/_sandbox/state`."""

    @property
    def chain(self) -> Any:  # noqa: ANN401 - only the network's own providers know its type
        """What the providers' responses come from."""

    def describe(self) -> dict[str, Any]:
        """The network's fields of `/_sandbox/state`."""


@dataclass(frozen=True, slots=True)
class Control:
    """A request below `/_sandbox/` that looks at or changes one network.

    `run` gets the network and the JSON body and returns the response's body, None for the whole state.
    """

    method: str
    path: str
    network: str
    run: Callable[[Any, Json], Json]


def rest_call(request: SandboxRequest, version: str = "/") -> Call:
    """The call of a request whose body or query names an epoch; the endpoint is the path after `version`."""
    endpoint = request.path.removeprefix(version).strip("/")
    named = request.json.get("epoch") if isinstance(request.json, dict) else request.query.get("epoch")
    epoch = int(named) if isinstance(named, int | str) and str(named).isdigit() else None
    return Call(endpoint, epoch, request.json)


def unknown_provider(path: str, known: Iterable[Provider[Any]]) -> Provider[Any]:
    """A provider that stands for a path of none: it responds with a 404 that lists the known ones."""
    paths = ", ".join(provider.prefix for provider in known)
    missing = SandboxResponse({"error": f"no provider at {path}; there are {paths}"}, 404)
    name = path.lstrip("/").partition("/")[0]
    return Provider(
        name=name,
        network="",
        prefix="/" + name,
        variables="",
        respond=lambda _chain, _request: missing,
        describe_call=lambda _chain, request: rest_call(request),
        rows=RowFaults(format=INTEGERS, no_endpoint=unchanged),
    )


def fault_reader(providers: Iterable[Provider[Any]]) -> FaultReader:
    """What reads faults that name these providers."""
    states = {provider.name: provider.rows.no_state is not None for provider in providers}
    return FaultReader(tuple(states), tuple(name for name, has_states in states.items() if has_states))
