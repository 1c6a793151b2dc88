"""`/_sandbox`: look at the running sandbox, put faults in force, and steer the served networks."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.state import SandboxState

PREFIX: Final = "/_sandbox"


def control(state: SandboxState, request: SandboxRequest) -> SandboxResponse:
    """The response to one control request; what cannot be done is a 400 with the reason."""
    path = request.path.removeprefix(PREFIX).strip("/")
    own = _CONTROLS.get((request.method, path))
    of_network = state.controls.get((request.method, path))
    try:
        if own is not None:
            return SandboxResponse(own(state, request.json))
        if of_network is not None:
            found = of_network.run(state.network(of_network.network), request.json)
            return SandboxResponse(state.describe() if found is None else found)
    except ConfigurationError as error:
        return SandboxResponse({"error": str(error)}, 400)
    return SandboxResponse({"error": f"no control {request.method} {PREFIX}/{path}"}, 404)


def _state(state: SandboxState, _: Json) -> Json:
    return state.describe()


def _faults(state: SandboxState, _: Json) -> Json:
    return {"faults": state.faults.describe()}


def _add_faults(state: SandboxState, body: Json) -> Json:
    state.faults.add([state.fault_reader.build(entry) for entry in _entries(body)])
    return {"faults": state.faults.describe()}


def _clear_faults(state: SandboxState, _: Json) -> Json:
    state.faults.clear()
    return {"faults": []}


def _requests(state: SandboxState, _: Json) -> Json:
    return {"requests": list(state.requests)}


def _clear_requests(state: SandboxState, _: Json) -> Json:
    state.requests.clear()
    return {"requests": []}


_CONTROLS: Final[Mapping[tuple[str, str], Callable[[SandboxState, Json], Json]]] = {
    ("GET", ""): _state,
    ("GET", "state"): _state,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _clear_requests,
}


def _entries(body: Json) -> list[Any]:
    entries = body.get("faults") if isinstance(body, dict) and "faults" in body else body
    return entries if isinstance(entries, list) else [entries]
