"""What a fault does to answers of Ethereum's providers: their amounts are texts, decimal or hexadecimal.

Faults that replace a whole response are the same for every provider, in `sandbox/fault_effects.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from aurora_sandbox.ethereum.chain import EthereumChain
from aurora_sandbox.ethereum.ledger import Account
from aurora_sandbox.ethereum.serving import BEACON, EXECUTION
from aurora_sandbox.server.answers import Answer, Json
from aurora_sandbox.server.fault_effects import Call
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.solana.rpc import failure
from aurora_sandbox.solana.rpc_calls import RpcError

_AMOUNTS: Final[Mapping[str, frozenset[str]]] = {
    BEACON: frozenset(
        {
            "attestations", "attester_slashings", "balance", "head", "inactivity", "proposer_slashings",
            "reward", "source", "sync_aggregate", "target", "total",
        }
    ),
    EXECUTION: frozenset({"effectiveGasPrice", "value"}),
}  # fmt: skip
_RELAY_AMOUNTS: Final = frozenset({"value"})
_TYPED: Final = frozenset({"epoch", "slot", "effective_balance", "gasUsed", "gas_used", "validator_index"})
_IDENTITIES: Final = ("index", "validator_index", "pubkey", "proposer_pubkey")
Change = Callable[[str], Json]


def rows_of_call(chain: EthereumChain | None, fault: Fault, call: Call, answer: Answer) -> Answer:
    """The provider's answer with the fault in its rows, or an error in its place."""
    if fault.kind in ("no_endpoint", "rpc_error", "no_state"):
        return _refused(fault, call, answer)
    if fault.kind == "missing_epoch":
        return _without_epoch(fault, call, answer)
    if fault.kind == "missing_validator":
        names = _names(chain, fault.validator or "")
        return replace(answer, body=_filtered(answer.body, lambda row: not _is_named(row, names)))
    if answer.status >= 400:  # noqa: PLR2004 - an error has no amounts
        return answer
    fields = _AMOUNTS.get(call.provider, _RELAY_AMOUNTS)
    if fault.kind == "wrong_types":
        change: Change = _OTHER_TYPE[fault.to]
        fields |= _TYPED
    else:
        change = lambda text: _drifted(fault, text)  # noqa: E731
    if call.endpoint == "eth_getBalance" and isinstance(answer.body.get("result"), str):
        return replace(answer, body={**answer.body, "result": change(answer.body["result"])})
    return replace(answer, body=_changed(answer.body, fields, change, fault, call))


def _refused(fault: Fault, call: Call, answer: Answer) -> Answer:
    if call.provider == EXECUTION:
        if fault.kind == "rpc_error":
            return _error(call, RpcError(fault.code, fault.message))
        if fault.kind == "no_endpoint":
            message = f"the method {call.endpoint} does not exist/is not available"
            return _error(call, RpcError(-32601, message))
        return answer
    if fault.kind == "no_endpoint":
        return Answer({"code": 404, "message": "NOT_FOUND", "stacktraces": []}, 404)
    if fault.kind == "no_state" and call.provider == BEACON:
        return _stateless(call) or answer
    return answer


def _stateless(call: Call) -> Answer | None:
    """A 404 in Lighthouse's words where a state is needed; None where blocks or the present are enough."""
    slot = 0 if call.epoch is None else call.epoch * call.slots_per_epoch
    if "/rewards/blocks/" in call.endpoint or "/rewards/sync_committee/" in call.endpoint:
        message = "NOT_FOUND: Parent state is not available! MissingBeaconState(0x00)"
    elif "/rewards/attestations/" in call.endpoint or (
        "/states/" in call.endpoint and call.epoch is not None
    ):
        message = f"NOT_FOUND: missing state at slot {slot}"
    else:
        return None
    return Answer({"code": 404, "message": message, "stacktraces": []}, 404)


def _error(call: Call, error: RpcError) -> Answer:
    return Answer(failure(call.body.get("id") if isinstance(call.body, dict) else None, error))


def _without_epoch(fault: Fault, call: Call, answer: Answer) -> Answer:
    """An answer that knows nothing of the epoch: no state, no block, no delivered payload."""
    about = call.epoch is not None and fault.epoch in (None, call.epoch)
    if call.provider == BEACON:
        missing = Answer({"code": 404, "message": "Block not found"}, 404)
        return (_stateless(call) or missing) if about else answer
    if call.provider == EXECUTION:
        return replace(answer, body={**answer.body, "result": None}) if about else answer
    return replace(answer, body=_filtered(answer.body, lambda row: not _in_epoch(fault, row, call)))


def _in_epoch(fault: Fault, row: Mapping[str, Json], call: Call) -> bool:
    slot = row.get("slot")
    if fault.epoch is None or not isinstance(slot, str):
        return fault.epoch in (None, call.epoch)
    return int(slot) // call.slots_per_epoch == fault.epoch


def _names(chain: EthereumChain | None, validator: str) -> frozenset[str]:
    """Public key and index of a validator given by either."""
    one = chain.validator(validator) if chain is not None else None
    if one is None:
        return frozenset({validator})
    known = one.member if isinstance(one, Account) else one
    return frozenset({known.pubkey, str(known.index)})


def _is_named(row: Mapping[str, Json], names: frozenset[str]) -> bool:
    nested = row.get("validator")
    if isinstance(nested, dict) and nested.get("pubkey") in names:
        return True
    return any(row.get(name) in names for name in _IDENTITIES)


def _filtered(value: Json, keep: Callable[[dict[str, Any]], bool]) -> Json:
    if isinstance(value, list):
        return [_filtered(entry, keep) for entry in value if not isinstance(entry, dict) or keep(entry)]
    if isinstance(value, dict):
        return {name: _filtered(entry, keep) for name, entry in value.items()}
    return value


def _changed(value: Json, fields: frozenset[str], change: Change, fault: Fault, call: Call) -> Json:
    """A copy with the quoted amounts in `fields` changed, in rows of the fault's epoch."""
    if isinstance(value, list):
        return [_changed(entry, fields, change, fault, call) for entry in value]
    if not isinstance(value, dict):
        return value
    concerned = fault.epoch is None or _in_epoch(fault, value, call)
    return {
        name: change(entry)
        if concerned and name in fields and isinstance(entry, str)
        else _changed(entry, fields, change, fault, call)
        for name, entry in value.items()
    }


def _drifted(fault: Fault, text: str) -> str:
    amount = int(text, 0)
    drifted = amount + amount * fault.bps // 10_000 + fault.amount
    return hex(drifted) if text.startswith("0x") else str(drifted)


_OTHER_TYPE: Final[Mapping[str, Change]] = {
    "object": lambda text: {"value": text},
    "string": lambda text: f"{text} wei",
    "float": lambda text: float(int(text, 0)),
}
