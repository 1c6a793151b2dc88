"""Solana JSON-RPC as the sandbox serves it: the method table, what a call is about, and its faults."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.json_rpc import (
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    RpcError,
    empty_result,
    failed_call,
    failure,
)
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider
from aurora_sandbox.server.row_faults import Call, RowFaults, without_rows_of_validator
from aurora_sandbox.solana import rpc_methods, rpc_stake
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.network import LAMPORTS, NETWORK, TYPED_FIELDS
from aurora_sandbox.solana.rpc_methods import MIN_CONTEXT_SLOT, Params, block_not_available

MAINNET_SLOTS_PER_EPOCH: Final = 432_000
_BY_SLOT: Final = frozenset({"getBlock", "getLeaderSchedule", "getBlockTime"})

Method = Callable[[Chain, Params], Any]

METHODS: Final[Mapping[str, Method]] = {
    "getBlock": rpc_methods.get_block,
    "getBlockProduction": rpc_methods.get_block_production,
    "getBlockTime": rpc_methods.get_block_time,
    "getBlocks": rpc_methods.get_blocks,
    "getBlocksWithLimit": rpc_methods.get_blocks_with_limit,
    "getEpochInfo": rpc_methods.get_epoch_info,
    "getEpochSchedule": rpc_methods.get_epoch_schedule,
    "getFirstAvailableBlock": rpc_methods.get_first_available_block,
    "getHealth": lambda _chain, _params: "ok",
    "getInflationGovernor": rpc_methods.get_inflation_governor,
    "getInflationRate": rpc_methods.get_inflation_rate,
    "getInflationReward": rpc_methods.get_inflation_reward,
    "getLeaderSchedule": rpc_methods.get_leader_schedule,
    "getProgramAccounts": rpc_stake.get_program_accounts,
    "getSlot": rpc_methods.get_slot,
    "getVoteAccounts": rpc_methods.get_vote_accounts,
    "minimumLedgerSlot": rpc_methods.get_first_available_block,
}


def respond(chain: Chain, request: SandboxRequest) -> SandboxResponse:
    """The response to one request object; never raises for what a client sends."""
    return SandboxResponse(_response_object(chain, request.json))


def _response_object(chain: Chain, call: Json) -> dict[str, Any]:
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        return failure(None, RpcError(INVALID_REQUEST, "Invalid request"))
    identifier, method, params = call.get("id"), METHODS.get(call["method"]), call.get("params") or []
    if method is None:
        return failure(identifier, RpcError(METHOD_NOT_FOUND, "Method not found"))
    if not isinstance(params, list):
        return failure(identifier, RpcError(INVALID_PARAMS, "`params` should be an array"))
    try:
        _check_context(chain, params)
        return {"jsonrpc": "2.0", "result": method(chain, Params(params)), "id": identifier}
    except RpcError as error:
        return failure(identifier, error)


def _check_context(chain: Chain, params: list[Any]) -> None:
    config = params[-1] if params else None
    wanted = config.get("minContextSlot") if isinstance(config, dict) else None
    if isinstance(wanted, int) and wanted > chain.now:
        raise RpcError(
            MIN_CONTEXT_SLOT, "Minimum context slot has not been reached", {"contextSlot": chain.now}
        )


def describe_call(chain: Chain | None, request: SandboxRequest) -> Call:
    """A call with the epoch it is about: named, or that of the slot in its parameters."""
    body = request.json if isinstance(request.json, dict) else {}
    method, params, size = body.get("method"), body.get("params"), _slots_per_epoch(chain)
    epoch: int | None = None
    for value in params if isinstance(params, list) else []:
        if isinstance(value, int) and method in _BY_SLOT:
            epoch = value // size
        elif isinstance(value, dict) and isinstance(value.get("epoch"), int):
            epoch = value["epoch"]
    if method == "getInflationReward" and epoch is None and chain is not None:
        epoch = chain.current - 1
    return Call(method if isinstance(method, str) else "", epoch, request.json)


def _slots_per_epoch(chain: Chain | None) -> int:
    return MAINNET_SLOTS_PER_EPOCH if chain is None else chain.size


def _rpc_error(_chain: Chain | None, fault: Fault, call: Call, _response: SandboxResponse) -> SandboxResponse:
    return failed_call(call.body, RpcError(fault.code, fault.message))


def _no_method(
    _chain: Chain | None, _fault: Fault, call: Call, _response: SandboxResponse
) -> SandboxResponse:
    return failed_call(call.body, RpcError(METHOD_NOT_FOUND, "Method not found"))


def _missing_epoch(
    chain: Chain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if call.epoch is None or fault.epoch not in (None, call.epoch):
        return response
    if call.endpoint == "getLeaderSchedule":
        return response.with_body({**response.body, "result": None})
    return failed_call(call.body, block_not_available((call.epoch + 1) * _slots_per_epoch(chain)))


def _missing_validator(
    chain: Chain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if call.endpoint != "getInflationReward" or not isinstance(response.body.get("result"), list):
        return without_rows_of_validator(chain, fault, call, response)
    pairs = zip(call.body["params"][0], response.body["result"], strict=True)
    rows = [None if address == fault.validator else row for address, row in pairs]
    return response.with_body({**response.body, "result": rows})


_REWARD_AMOUNTS: Final = frozenset({"amount", "lamports"})

PROVIDER: Final = Provider(
    name="rpc",
    network=NETWORK,
    prefix="/rpc",
    variables="SOLANA_RPC",
    is_node=True,
    json_rpc=True,
    respond=respond,
    describe_call=describe_call,
    rows=RowFaults(
        format=LAMPORTS,
        amounts={"getInflationReward": _REWARD_AMOUNTS, "getBlock": _REWARD_AMOUNTS},
        typed=TYPED_FIELDS,
        empty=lambda call: empty_result(call.body),
        rpc_error=_rpc_error,
        no_endpoint=_no_method,
        missing_epoch=_missing_epoch,
        missing_validator=_missing_validator,
    ),
)
