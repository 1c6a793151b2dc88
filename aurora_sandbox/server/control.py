"""`/_sandbox`: look at the running sandbox, put faults in force, move its epochs on, set Ethereum's node."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.server.answers import Answer, Json, Question
from aurora_sandbox.server.faults import build_fault
from aurora_sandbox.server.state import SandboxState

MAX_EPOCHS = 1000


def answer(state: SandboxState, question: Question) -> Answer:
    """Route one control request; what cannot be done is a 400 that says why."""
    path = question.path.removeprefix("/_sandbox").strip("/")
    control = _CONTROLS.get((question.method, path))
    if control is None:
        return Answer({"error": f"no control {question.method} /_sandbox/{path}"}, 404)
    try:
        return Answer(control(state, question.json))
    except ConfigurationError as error:
        return Answer({"error": str(error)}, 400)


def _state(state: SandboxState, _: Json) -> Json:
    return state.describe()


def _faults(state: SandboxState, _: Json) -> Json:
    return {"faults": state.faults.describe()}


def _add_faults(state: SandboxState, body: Json) -> Json:
    state.faults.add([build_fault(entry) for entry in _entries(body)])
    return {"faults": state.faults.describe()}


def _clear_faults(state: SandboxState, _: Json) -> Json:
    state.faults.clear()
    return {"faults": []}


def _advance(state: SandboxState, body: Json) -> Json:
    state.advance(_epochs(body))
    return state.describe()


def _ethereum(state: SandboxState, _: Json) -> Json:
    return state.ethereum.describe()


def _set_ethereum(state: SandboxState, body: Json) -> Json:
    if not isinstance(body, dict):
        raise ConfigurationError('ethereum: give an object, for example {"finalized_epoch": 401930}')
    state.set_ethereum(body)
    return state.ethereum.describe()


def _requests(state: SandboxState, _: Json) -> Json:
    return {"requests": list(state.requests)}


def _forget_requests(state: SandboxState, _: Json) -> Json:
    state.requests.clear()
    return {"requests": []}


_CONTROLS: Final[Mapping[tuple[str, str], Callable[[SandboxState, Json], Json]]] = {
    ("GET", ""): _state,
    ("GET", "state"): _state,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _add_faults,
    ("DELETE", "faults"): _clear_faults,
    ("POST", "advance"): _advance,
    ("GET", "ethereum"): _ethereum,
    ("POST", "ethereum"): _set_ethereum,
    ("GET", "requests"): _requests,
    ("DELETE", "requests"): _forget_requests,
}


def _entries(body: Json) -> list[Any]:
    entries = body.get("faults") if isinstance(body, dict) and "faults" in body else body
    if not isinstance(entries, list):
        entries = [entries]
    return entries


def _epochs(body: Json) -> int:
    epochs = body.get("epochs", 1) if isinstance(body, dict) else 1 if body is None else body
    if not isinstance(epochs, int) or isinstance(epochs, bool) or not 1 <= epochs <= MAX_EPOCHS:
        raise ConfigurationError(f'advance: give {{"epochs": N}} with N between 1 and {MAX_EPOCHS}')
    return epochs
