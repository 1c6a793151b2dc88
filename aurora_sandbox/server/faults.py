"""Faults on demand: which kind, where, how often, and their text and JSON form.

What a fault does to a response is in `row_faults.py`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Final, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from pydantic.dataclasses import dataclass as checked_dataclass

from aurora_resources.errors import ConfigurationError

Kind = Literal[
    "rate_limited",
    "http_500",
    "http_503",
    "slow",
    "cut_off",
    "malformed_json",
    "wrong_types",
    "empty_500",
    "missing_epoch",
    "missing_validator",
    "drift",
    "rpc_error",
    "html_200",
    "no_endpoint",
    "no_state",
]
_RETRY_AFTER: Final = frozenset({"retry_after", "retry_after_date"})
_OPTIONS: Final[dict[str, frozenset[str]]] = {
    "rate_limited": _RETRY_AFTER,
    "http_503": _RETRY_AFTER,
    "slow": frozenset({"seconds"}),
    "wrong_types": frozenset({"to"}),
    "missing_validator": frozenset({"validator"}),
    "drift": frozenset({"bps", "lamports", "amount"}),
    "rpc_error": frozenset({"code", "message"}),
}
_EVERY_KIND: Final = frozenset({"epoch", "times"})
_SYNTAX: Final = "PROVIDER[/ENDPOINT]:KIND[:OPTION=VALUE...], for example jito:rate_limited:times=2"
PER_CALL: Final[frozenset[str]] = frozenset(
    {"wrong_types", "missing_epoch", "missing_validator", "drift", "rpc_error", "no_endpoint", "no_state"}
)


@checked_dataclass(frozen=True, slots=True, config=ConfigDict(extra="forbid"))
class Fault:
    """One fault.

    `endpoint` is a pattern with * for a JSON-RPC method or for what the provider's description takes as its
    endpoint. `epoch` limits it to requests or rows of that epoch. `times` is how many requests it hits before
    it ends, None for all. `retry_after` is sent as seconds, `retry_after_date` (seconds from now) as an
    HTTP date. `drift` adds `bps` of each amount, plus a fixed sum in the field's own unit: `lamports` or
    `amount`, whichever the provider's amounts take. `to` is what wrong types become.
    """

    kind: Kind
    provider: str = "*"
    endpoint: str = "*"
    epoch: int | None = Field(default=None, ge=0)
    times: int | None = Field(default=None, ge=1)
    retry_after: int | None = Field(default=None, ge=0)
    retry_after_date: int | None = Field(default=None, ge=0)
    seconds: float = Field(default=5.0, ge=0, le=3600)
    validator: str | None = None
    bps: int = 0
    lamports: int = 0
    amount: int = 0
    code: int = -32005
    message: str = "Node is behind by 150 slots"
    to: Literal["object", "string", "float"] = "object"

    @model_validator(mode="after")
    def _check(self) -> "Fault":
        if self.kind == "missing_validator" and not self.validator:
            raise ValueError("missing_validator needs validator=ADDRESS")
        if self.kind == "drift" and not (self.bps or self.lamports or self.amount):
            raise ValueError("drift needs bps=N, lamports=N or amount=N")
        return self

    def matches(self, provider: str, endpoint: str, epoch: int | None, *, epochs_in_rows: bool) -> bool:
        """Whether a request is hit.

        One about no epoch may hold rows of the fault's, if the provider has such (`epochs_in_rows`).
        """
        if self.provider not in ("*", provider) or not fnmatchcase(endpoint, self.endpoint):
            return False
        in_rows = epoch is None and epochs_in_rows and self.kind in PER_CALL
        return self.epoch is None or in_rows or self.epoch == epoch


_ADAPTER: Final = TypeAdapter(Fault)


@dataclass(frozen=True, slots=True)
class FaultReader:
    """Reads faults of the named providers; those `with_states` can be without one."""

    providers: tuple[str, ...]
    with_states: tuple[str, ...]

    def parse(self, text: str) -> Fault:
        """A fault from its text form. Raises ConfigurationError that says which part is wrong."""
        where, *rest = text.split(":")
        if not rest:
            raise ConfigurationError(f"fault {text!r}: write {_SYNTAX}")
        provider, _, endpoint = where.partition("/")
        fields: dict[str, str] = {"provider": provider, "kind": rest[0]} | (
            {"endpoint": endpoint} if endpoint else {}
        )
        for option in rest[1:]:
            name, equals, value = option.partition("=")
            if not equals or name in fields:
                raise ConfigurationError(
                    f"fault {text!r}: {option!r} is not a new OPTION=VALUE; write {_SYNTAX}"
                )
            fields[name] = value
        return self.build(fields, text)

    def build(self, fields: object, text: str | None = None) -> Fault:
        """A fault from text or from a mapping of its fields. Raises ConfigurationError."""
        if isinstance(fields, str):
            return self.parse(fields)
        shown = f"fault {(text if text is not None else fields)!r}"
        if not isinstance(fields, dict):
            raise ConfigurationError(f"{shown}: give an object or a text {_SYNTAX}")
        kind = fields.get("kind")
        if not isinstance(kind, str) or kind not in get_args(Kind):
            raise ConfigurationError(f"{shown}: unknown kind {kind!r}; known: {', '.join(get_args(Kind))}")
        allowed = _EVERY_KIND | _OPTIONS.get(kind, frozenset()) | {"kind", "provider", "endpoint"}
        if unknown := sorted(set(fields) - allowed):
            options = ", ".join(sorted(allowed - {"kind", "provider", "endpoint"}))
            raise ConfigurationError(f"{shown}: {kind} has no option {unknown[0]!r}; it has: {options}")
        try:
            fault = _ADAPTER.validate_python(fields)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or kind
            raise ConfigurationError(
                f"{shown}: {place}: {first['msg'].removeprefix('Value error, ')}"
            ) from error
        self._check_provider(fault, shown)
        return fault

    def _check_provider(self, fault: Fault, shown: str) -> None:
        if fault.provider != "*" and fault.provider not in self.providers:
            known = ", ".join(("*", *self.providers))
            raise ConfigurationError(f"{shown}: unknown provider {fault.provider!r}; known: {known}")
        if fault.kind == "no_state" and fault.provider not in ("*", *self.with_states):
            names = ", ".join(self.with_states)
            raise ConfigurationError(
                f"{shown}: no_state: no_state is of {names}: other providers have no states"
            )


@dataclass(slots=True)
class _Active:
    fault: Fault
    left: int | None


class FaultPlan:
    """The faults in force; each counts down as requests meet it."""

    def __init__(self, faults: Iterable[Fault] = ()) -> None:
        self._active: list[_Active] = []
        self.add(faults)

    def add(self, faults: Iterable[Fault]) -> None:
        """Put more faults in force."""
        self._active.extend(_Active(fault, fault.times) for fault in faults)

    def concerns_rows(self) -> bool:
        """Whether a fault in force changes rows, so that responses have to be decoded."""
        return any(entry.fault.kind in PER_CALL and entry.left != 0 for entry in self._active)

    def clear(self) -> None:
        """Take all faults away."""
        self._active.clear()

    def take(
        self,
        provider: str,
        calls: Iterable[tuple[str, int | None]],
        *,
        per_call: bool,
        epochs_in_rows: bool = False,
    ) -> list[Fault]:
        """The faults that hit a request with these (endpoint, epoch) calls; each is counted once."""
        calls = tuple(calls)
        hit: list[Fault] = []
        for entry in self._active:
            fault = entry.fault
            if (fault.kind in PER_CALL) is not per_call or entry.left == 0:
                continue
            if any(
                fault.matches(provider, endpoint, epoch, epochs_in_rows=epochs_in_rows)
                for endpoint, epoch in calls
            ):
                hit.append(fault)
                if entry.left is not None:
                    entry.left -= 1
        return hit

    def describe(self) -> list[dict[str, Any]]:
        """Each fault's fields and `left`, how many more requests it hits (null: all)."""
        dumped = [(_ADAPTER.dump_python(entry.fault, exclude_defaults=True), entry) for entry in self._active]
        return [{"provider": "*", **fields, "left": entry.left} for fields, entry in dumped]
