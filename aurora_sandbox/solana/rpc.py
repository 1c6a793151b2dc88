"""Solana JSON-RPC as the sandbox serves it: method table, single and batch requests, error objects."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from aurora_sandbox.server.answers import Json
from aurora_sandbox.solana import rpc_blocks, rpc_cluster, rpc_stake
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.rpc_calls import MIN_CONTEXT_SLOT, Params, RpcError

Method = Callable[[Chain, Params], Any]

METHODS: Final[Mapping[str, Method]] = {
    "getBlock": rpc_blocks.get_block,
    "getBlockProduction": rpc_cluster.get_block_production,
    "getBlockTime": rpc_blocks.get_block_time,
    "getBlocks": rpc_blocks.get_blocks,
    "getBlocksWithLimit": rpc_blocks.get_blocks_with_limit,
    "getEpochInfo": rpc_cluster.get_epoch_info,
    "getEpochSchedule": rpc_cluster.get_epoch_schedule,
    "getFirstAvailableBlock": rpc_blocks.get_first_available_block,
    "getHealth": lambda _chain, _params: "ok",
    "getInflationGovernor": rpc_cluster.get_inflation_governor,
    "getInflationRate": rpc_cluster.get_inflation_rate,
    "getInflationReward": rpc_cluster.get_inflation_reward,
    "getLeaderSchedule": rpc_blocks.get_leader_schedule,
    "getProgramAccounts": rpc_stake.get_program_accounts,
    "getSlot": rpc_cluster.get_slot,
    "getVoteAccounts": rpc_cluster.get_vote_accounts,
    "minimumLedgerSlot": rpc_blocks.get_first_available_block,
}


def answer(chain: Chain, call: Json) -> dict[str, Any]:
    """The response object for one request object; never raises for what a client sends."""
    if not isinstance(call, dict) or call.get("jsonrpc") != "2.0" or not isinstance(call.get("method"), str):
        return failure(None, RpcError(-32600, "Invalid request"))
    identifier, method, params = call.get("id"), METHODS.get(call["method"]), call.get("params") or []
    if method is None:
        return failure(identifier, RpcError(-32601, "Method not found"))
    if not isinstance(params, list):
        return failure(identifier, RpcError(-32602, "`params` should be an array"))
    try:
        _check_context(chain, params)
        return {"jsonrpc": "2.0", "result": method(chain, Params(params)), "id": identifier}
    except RpcError as error:
        return failure(identifier, error)


def failure(identifier: Json, error: RpcError) -> dict[str, Any]:
    """The response object of an error."""
    body: dict[str, Any] = {"code": error.code, "message": error.message}
    if error.data is not None:
        body["data"] = error.data
    return {"jsonrpc": "2.0", "error": body, "id": identifier}


def _check_context(chain: Chain, params: list[Any]) -> None:
    config = params[-1] if params else None
    wanted = config.get("minContextSlot") if isinstance(config, dict) else None
    if isinstance(wanted, int) and wanted > chain.now:
        raise RpcError(
            MIN_CONTEXT_SLOT, "Minimum context slot has not been reached", {"contextSlot": chain.now}
        )
