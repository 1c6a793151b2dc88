"""What a fault does to a provider's response: to rows in it, or to the whole of it.

Each provider describes its rows by a `RowFaults`. Amounts change by integer arithmetic only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from typing import Any, Final, TypeVar

from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import Json, SandboxResponse

C = TypeVar("C")
Row = dict[str, Any]

_HTML: Final = (
    "<!DOCTYPE html><html><head><title>One moment</title></head><body>Checking your browser</body></html>"
)
_FIRST_ERROR_STATUS: Final = 400


@dataclass(frozen=True, slots=True)
class Call:
    """One call as faults see it: `epoch` is the one it is about, if any; `body` its JSON or None."""

    endpoint: str
    epoch: int | None
    body: Json


@dataclass(frozen=True, slots=True)
class AmountFormat:
    """How a provider writes amounts and says which epoch a row is of.

    `read` gives the integer, None for a value that is no amount; `write` puts a changed one in the place of
    the old value. `fixed` is the option of a drift that adds a fixed sum. `row_epoch` is the row's own epoch,
    or the call's.
    """

    unit: str
    read: Callable[[Json], int | None]
    write: Callable[[int, Json], Json]
    fixed: Callable[[Fault], int]
    row_epoch: Callable[[Mapping[str, Json], Call], int | None]


Change = Callable[[Json, int], Json]
"""The new value of an amount, from the old value and the integer it stands for."""


def not_found(_chain: object, _fault: Fault, _call: Call, _response: SandboxResponse) -> SandboxResponse:
    """The 404 of an endpoint that the provider does not offer."""
    return SandboxResponse({"error": "Not found"}, 404)


def unchanged(_chain: object, _fault: Fault, _call: Call, response: SandboxResponse) -> SandboxResponse:
    """The provider's own response: the fault does not concern it."""
    return response


def without_rows_of_epoch(
    _chain: object, fault: Fault, _call: Call, response: SandboxResponse
) -> SandboxResponse:
    """The response without the rows that name the fault's epoch, or any epoch if the fault names none."""
    return filter_rows(response, lambda row: "epoch" not in row or fault.epoch not in (None, row["epoch"]))


def without_rows_of_validator(
    _chain: object, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    """The response without rows that name the validator; a 404 where the path names it."""
    if fault.validator in call.endpoint.split("/"):
        return SandboxResponse({"error": "Validator not found"}, 404)
    return filter_rows(response, lambda row: fault.validator not in row.values())


RowFault = Callable[[Any, Fault, Call, SandboxResponse], SandboxResponse]
"""A changed response, from the chain (None over a recording), the fault, the call and the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFaults:
    """What faults do to one provider's responses.

    `amounts` are the fields that hold amounts, by pattern of the endpoint; `typed` are further fields whose
    type a fault can change. `empty` is the shape of success with nothing in it.
    """

    format: AmountFormat
    amounts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    typed: frozenset[str] = frozenset()
    empty: Callable[[Call], Json] = lambda _call: []
    rpc_error: RowFault = unchanged
    no_endpoint: RowFault = not_found
    no_state: RowFault | None = None
    missing_epoch: RowFault = without_rows_of_epoch
    missing_validator: RowFault = without_rows_of_validator

    def apply(self, chain: object, fault: Fault, call: Call, response: SandboxResponse) -> SandboxResponse:
        """The provider's response with the fault in its rows, or an error in its place."""
        instead: Mapping[str, RowFault] = {
            "rpc_error": self.rpc_error,
            "no_endpoint": self.no_endpoint,
            "no_state": self.no_state or unchanged,
            "missing_epoch": self.missing_epoch,
            "missing_validator": self.missing_validator,
        }
        if fault.kind in instead:
            return instead[fault.kind](chain, fault, call, response)
        if response.status >= _FIRST_ERROR_STATUS:  # an error has no amounts
            return response
        patterns = (names for pattern, names in self.amounts.items() if fnmatchcase(call.endpoint, pattern))
        fields = frozenset[str]().union(*patterns)
        change = self._drifted(fault)
        if fault.kind == "wrong_types":
            fields |= self.typed
            change = self._other_type(fault)
        return response.with_body(self._changed(response.body, fields, change, fault, call))

    def _drifted(self, fault: Fault) -> Change:
        fixed = self.format.fixed(fault)
        return lambda old, amount: self.format.write(amount + amount * fault.bps // 10_000 + fixed, old)

    def _other_type(self, fault: Fault) -> Change:
        changes: Mapping[str, Change] = {
            "object": lambda old, _amount: {"value": old},
            "string": lambda old, _amount: f"{old} {self.format.unit}",
            "float": lambda _old, amount: float(amount),
        }
        return changes[fault.to]

    def _changed(self, value: Json, fields: frozenset[str], change: Change, fault: Fault, call: Call) -> Json:
        """A copy of `value` with the amounts in `fields` changed, in rows of the fault's epoch."""
        if isinstance(value, list):
            return [self._changed(entry, fields, change, fault, call) for entry in value]
        if not isinstance(value, dict):
            return value
        concerned = fault.epoch is None or self.format.row_epoch(value, call) == fault.epoch
        return {
            name: change(entry, amount)
            if concerned and name in fields and (amount := self.format.read(entry)) is not None
            else self._changed(entry, fields, change, fault, call)
            for name, entry in value.items()
        }


def whole_response(fault: Fault, rows: RowFaults, call: Call) -> SandboxResponse | None:
    """The response in place of the provider's; None where the provider still responds."""
    if fault.kind == "rate_limited":
        return SandboxResponse({"error": "Too many requests"}, 429, _retry_after(fault))
    if fault.kind == "http_500":
        return SandboxResponse("Internal Server Error", 500)
    if fault.kind == "http_503":
        return SandboxResponse("Service Unavailable", 503, _retry_after(fault))
    if fault.kind == "html_200":
        return SandboxResponse(_HTML, 200, {"Content-Type": "text/html; charset=utf-8"})
    if fault.kind == "empty_500":
        return SandboxResponse(rows.empty(call), 500)
    return None


def _retry_after(fault: Fault) -> dict[str, str]:
    if fault.retry_after_date is not None:
        at = datetime.now(UTC) + timedelta(seconds=fault.retry_after_date)
        return {"Retry-After": format_datetime(at, usegmt=True)}
    return {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}


def filter_rows(response: SandboxResponse, keep: Callable[[Row], bool]) -> SandboxResponse:
    """The response with only the rows to keep in its lists; the counts beside a list follow it."""
    return response.with_body(_filtered(response.body, keep))


def _filtered(value: Json, keep: Callable[[Row], bool]) -> Json:
    if isinstance(value, list):
        return [_filtered(entry, keep) for entry in value if not isinstance(entry, dict) or keep(entry)]
    if not isinstance(value, dict):
        return value
    copy = {name: _filtered(entry, keep) for name, entry in value.items()}
    for name in ("rewards", "history"):
        if isinstance(value.get(name), list):
            gone = len(value[name]) - len(copy[name])
            if value.get("total_count"):
                copy["total_count"] = value["total_count"] - gone
            if isinstance(value.get("pagination"), dict):
                copy["pagination"] = {**value["pagination"], "total": value["pagination"]["total"] - gone}
    return copy


def read_integer(value: Json) -> int | None:
    """A JSON integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def read_quoted(value: Json) -> int | None:
    """An integer in a text, decimal or hexadecimal after 0x."""
    return int(value, 0) if isinstance(value, str) else None


def write_quoted(amount: int, old: Json) -> str:
    """The amount as a text in the base of the old one."""
    return hex(amount) if str(old).startswith("0x") else str(amount)


def named_epoch(row: Mapping[str, Json], call: Call) -> int | None:
    """The epoch that a row names as an integer, or the call's."""
    epoch = row.get("epoch")
    return epoch if isinstance(epoch, int) else call.epoch


INTEGERS: Final = AmountFormat(
    "units", read_integer, lambda amount, _old: amount, lambda fault: fault.amount, named_epoch
)
"""Amounts as JSON integers in rows that name their epoch; the format of a provider that nobody described."""
