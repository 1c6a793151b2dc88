"""What a fault does: to rows of an answer, or to the whole response.

Rows are recognised by the amount fields each provider documents; amounts change by integer arithmetic only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any, Final

from aurora_sandbox.server.answers import Answer, Json
from aurora_sandbox.server.faults import JSON_RPC, Fault
from aurora_sandbox.solana.jito import EMPTY_NETWORK, EMPTY_PAGE
from aurora_sandbox.solana.rpc import failure
from aurora_sandbox.solana.rpc_calls import RpcError, block_not_available

AMOUNTS: Final[Mapping[str, frozenset[str]]] = {
    "rpc": frozenset({"amount", "lamports"}),
    "jito": frozenset({"amount", "mev_revenue", "mev_rewards", "total_network_mev_lamports"}),
    "solanabeach": frozenset({"fees"}),
    "stakewiz": frozenset(),
}
_HTML: Final = (
    "<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking your browser</body></html>"
)
_REWARD_METHODS: Final = frozenset({"getInflationReward", "getBlock"})
_TYPED_FIELDS: Final = frozenset(
    {"epoch", "activatedStake", "absoluteSlot", "commission", "activated_stake", "blocks"}
)

Row = dict[str, Any]
Change = Callable[[int], Json]
_OTHER_TYPE: Final[Mapping[str, Change]] = {
    "object": lambda value: {"value": value},
    "string": lambda value: f"{value} lamports",
    "float": float,
}


@dataclass(frozen=True, slots=True)
class Call:
    """One call as faults see it: `epoch` is the one it asks about, if any; `body` its JSON or None."""

    provider: str
    endpoint: str
    epoch: int | None
    body: Json
    slots_per_epoch: int


def whole_response(fault: Fault, call: Call) -> Answer | None:
    """The answer that stands instead of the provider's; None where the provider still answers."""
    if fault.kind == "rate_limited":
        return Answer({"error": "Too many requests"}, 429, _retry_after(fault))
    if fault.kind == "http_500":
        return Answer("Internal Server Error", 500)
    if fault.kind == "http_503":
        return Answer("Service Unavailable", 503, _retry_after(fault))
    if fault.kind == "html_200":
        return Answer(_HTML, 200, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "empty_500":
        return Answer(_empty(call), 500)
    return None


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after_date is not None:
        at = datetime.now(UTC) + timedelta(seconds=fault.retry_after_date)
        return {"Retry-After": format_datetime(at, usegmt=True)}
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def rows_of_call(fault: Fault, call: Call, answer: Answer) -> Answer:
    """The provider's answer with the fault in its rows, or an error in its place."""
    if fault.kind == "rpc_error":
        return _rpc_failure(call, RpcError(fault.code, fault.message)) if call.provider == "rpc" else answer
    if fault.kind == "no_endpoint":
        return _without_endpoint(call)
    if fault.kind == "no_state":  # nobody here keeps states
        return answer
    if fault.kind == "missing_epoch":
        return _without_epoch(fault, call, answer)
    if fault.kind == "missing_validator":
        return _without_validator(fault.validator or "", call, answer)
    fields = AMOUNTS.get(call.provider, frozenset())
    if call.provider == "rpc" and call.endpoint not in _REWARD_METHODS:
        fields = frozenset()
    if fault.kind == "wrong_types":
        fields |= _TYPED_FIELDS
        change = _OTHER_TYPE[fault.to]
    else:
        change = partial(_drifted, fault)
    return Answer(_changed(answer.body, fields, change, fault, call), answer.status, answer.headers)


def _drifted(fault: Fault, value: int) -> int:
    return value + value * fault.bps // 10_000 + fault.lamports


def _empty(call: Call) -> Json:
    """The shape of success with nothing in it."""
    if call.provider in JSON_RPC:
        return {
            "jsonrpc": "2.0",
            "result": [],
            "id": call.body.get("id") if isinstance(call.body, dict) else None,
        }
    if call.provider == "beacon":
        return {"execution_optimistic": False, "finalized": True, "data": []}
    if call.provider == "solanabeach":
        return {"history": [], "pagination": {"total": 0, "offset": 0, "limit": 0}}
    if call.provider == "jito":
        shapes = {"validators": {"validators": []}, "mev_rewards": EMPTY_NETWORK}
        return shapes.get(call.endpoint, EMPTY_PAGE if call.endpoint.endswith("_rewards") else [])
    return []


def _without_endpoint(call: Call) -> Answer:
    if call.provider == "rpc":
        return _rpc_failure(call, RpcError(-32601, "Method not found"))
    return Answer({"error": "Not found"}, 404)


def _rpc_failure(call: Call, error: RpcError) -> Answer:
    return Answer(failure(call.body.get("id") if isinstance(call.body, dict) else None, error))


def _changed(value: Json, fields: frozenset[str], change: Change, fault: Fault, call: Call) -> Json:
    """A copy of `value` with integer `fields` changed in each row of the fault's epoch."""
    if isinstance(value, list):
        return [_changed(entry, fields, change, fault, call) for entry in value]
    if not isinstance(value, dict):
        return value
    concerned = fault.epoch is None or _row_epoch(value, call) == fault.epoch
    return {
        key: change(entry)
        if concerned and key in fields and isinstance(entry, int) and not isinstance(entry, bool)
        else _changed(entry, fields, change, fault, call)
        for key, entry in value.items()
    }


def _row_epoch(row: Row, call: Call) -> int | None:
    epoch = row.get("epoch")
    return epoch if isinstance(epoch, int) else call.epoch


def _without_epoch(fault: Fault, call: Call, answer: Answer) -> Answer:
    """The answer of a provider that has not published the epoch."""
    if call.provider == "rpc":
        return _rpc_without_epoch(fault, call, answer)
    if call.provider == "jito" and call.endpoint in ("validators", "mev_rewards"):
        if fault.epoch not in (None, call.epoch):
            return answer
        if call.endpoint == "mev_rewards":
            return Answer(EMPTY_NETWORK, 500)
        rows = [{**row, "mev_rewards": 0, "priority_fee_rewards": None} for row in answer.body["validators"]]
        return Answer({"validators": rows})
    keep: Callable[[Row], bool] = lambda row: (  # noqa: E731
        "epoch" not in row or fault.epoch not in (None, row["epoch"])
    )
    return Answer(_filtered(answer.body, keep), answer.status, answer.headers)


def _rpc_without_epoch(fault: Fault, call: Call, answer: Answer) -> Answer:
    if call.epoch is None or fault.epoch not in (None, call.epoch):
        return answer
    if call.endpoint == "getLeaderSchedule":
        return Answer({**answer.body, "result": None})
    return _rpc_failure(call, block_not_available((call.epoch + 1) * call.slots_per_epoch))


def _without_validator(key: str, call: Call, answer: Answer) -> Answer:
    """The answer of a provider that does not know the validator, by vote account or identity."""
    if key in call.endpoint.split("/"):
        if call.provider == "jito":
            return Answer([])
        return Answer({"err" if call.provider == "solanabeach" else "error": "Validator not found"}, 404)
    if call.endpoint == "getInflationReward" and isinstance(answer.body.get("result"), list):
        addresses = call.body["params"][0]
        rows = [None if at == key else row for at, row in zip(addresses, answer.body["result"], strict=True)]
        return Answer({**answer.body, "result": rows})
    return Answer(_filtered(answer.body, lambda row: key not in row.values()), answer.status, answer.headers)


def _filtered(value: Json, keep: Callable[[Row], bool]) -> Json:
    """A copy of `value` whose lists hold only the rows to keep; counts beside a list follow it."""
    if isinstance(value, list):
        return [_filtered(e, keep) for e in value if not isinstance(e, dict) or keep(e)]
    if not isinstance(value, dict):
        return value
    copy = {key: _filtered(entry, keep) for key, entry in value.items()}
    for name in ("rewards", "history"):
        if isinstance(value.get(name), list):
            gone = len(value[name]) - len(copy[name])
            if value.get("total_count"):
                copy["total_count"] = value["total_count"] - gone
            if isinstance(value.get("pagination"), dict):
                copy["pagination"] = {**value["pagination"], "total": value["pagination"]["total"] - gone}
    return copy
