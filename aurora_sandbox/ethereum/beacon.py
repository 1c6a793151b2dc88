"""The Beacon API as the sandbox serves it: paths, ids, envelopes and the node's own endpoints.

Blocks and duties are in `beacon_blocks.py`, states and rewards in `beacon_states.py`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from aurora_sandbox.ethereum import beacon_blocks, beacon_states
from aurora_sandbox.ethereum.chain import EthereumChain, RestError
from aurora_sandbox.ethereum.network import (
    NETWORK,
    QUOTED,
    TYPED_FIELDS,
    without_rows_of_validator,
)
from aurora_sandbox.ethereum.spec import (
    EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
    FAR_FUTURE_EPOCH,
    GENESIS_TIME,
    GENESIS_VALIDATORS_ROOT,
    SECONDS_PER_SLOT,
    SLOTS_PER_EPOCH,
    SYNC_COMMITTEE_SIZE,
)
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import Json, SandboxRequest, SandboxResponse
from aurora_sandbox.server.provider import Provider
from aurora_sandbox.server.row_faults import Call, RowFaults

VERSION: Final = "Lighthouse/v8.1.3-sandbox/x86_64-linux"
Handler = Callable[..., Json]


def respond(chain: EthereumChain, request: SandboxRequest) -> SandboxResponse:
    """Route one request; `request.path` starts after `/beacon`. Never raises for what a client sends."""
    for method, pattern, handler in _ROUTES:
        found = pattern.fullmatch(request.path)
        if found is None or method != request.method:
            continue
        try:
            return SandboxResponse(handler(chain, request, *found.groups()))
        except RestError as error:
            return error.response
    return _NOT_FOUND


def _genesis(_chain: EthereumChain, _request: SandboxRequest) -> Json:
    return {
        "data": {
            "genesis_time": str(GENESIS_TIME),
            "genesis_validators_root": GENESIS_VALIDATORS_ROOT,
            "genesis_fork_version": "0x00000000",
        }
    }


def _version(_chain: EthereumChain, _request: SandboxRequest) -> Json:
    return {"data": {"version": VERSION}}


def _syncing(chain: EthereumChain, _request: SandboxRequest) -> Json:
    return {
        "data": {
            "head_slot": str(chain.head_slot),
            "sync_distance": "0",
            "is_syncing": False,
            "is_optimistic": False,
            "el_offline": False,
        }
    }


def _spec(_chain: EthereumChain, _request: SandboxRequest) -> Json:
    return {"data": _CONFIG}


_CONFIG: Final[dict[str, Any]] = {
    "CONFIG_NAME": "mainnet",
    "PRESET_BASE": "mainnet",
    "SLOTS_PER_EPOCH": str(SLOTS_PER_EPOCH),
    "SECONDS_PER_SLOT": str(SECONDS_PER_SLOT),
    "SLOT_DURATION_MS": str(SECONDS_PER_SLOT * 1000),
    "EPOCHS_PER_SYNC_COMMITTEE_PERIOD": str(EPOCHS_PER_SYNC_COMMITTEE_PERIOD),
    "SYNC_COMMITTEE_SIZE": str(SYNC_COMMITTEE_SIZE),
    "DEPOSIT_CHAIN_ID": "1",
    "DEPOSIT_NETWORK_ID": "1",
    "GENESIS_FORK_VERSION": "0x00000000",
    "ALTAIR_FORK_EPOCH": "74240",
    "BELLATRIX_FORK_EPOCH": "144896",
    "CAPELLA_FORK_EPOCH": "194048",
    "DENEB_FORK_EPOCH": "269568",
    "ELECTRA_FORK_EPOCH": "364032",
    "FULU_FORK_EPOCH": "411392",
    "GLOAS_FORK_EPOCH": str(FAR_FUTURE_EPOCH),
    "EFFECTIVE_BALANCE_INCREMENT": "1000000000",
    "MAX_EFFECTIVE_BALANCE": "32000000000",
    "MAX_EFFECTIVE_BALANCE_ELECTRA": "2048000000000",
    "MIN_SLASHING_PENALTY_QUOTIENT_ELECTRA": "4096",
    "PROPORTIONAL_SLASHING_MULTIPLIER_BELLATRIX": "3",
    "EPOCHS_PER_SLASHINGS_VECTOR": "8192",
    "INACTIVITY_PENALTY_QUOTIENT_BELLATRIX": "16777216",
    "BLOB_SCHEDULE": [
        {"EPOCH": "412672", "MAX_BLOBS_PER_BLOCK": "15"},
        {"EPOCH": "419072", "MAX_BLOBS_PER_BLOCK": "21"},
    ],
}

_ROUTES: Final[list[tuple[str, re.Pattern[str], Handler]]] = [
    (method, re.compile(path.replace("{}", "([^/]+)")), handler)
    for method, path, handler in (
        ("GET", "/eth/v1/node/version", _version),
        ("GET", "/eth/v1/node/syncing", _syncing),
        ("GET", "/eth/v1/beacon/genesis", _genesis),
        ("GET", "/eth/v1/config/spec", _spec),
        ("GET", "/eth/v1/beacon/headers", beacon_blocks.headers),
        ("GET", "/eth/v1/beacon/headers/{}", beacon_blocks.header),
        ("GET", "/eth/v2/beacon/blocks/{}", beacon_blocks.block),
        ("GET", "/eth/v1/validator/duties/proposer/{}", beacon_blocks.duties),
        ("GET", "/eth/v2/validator/duties/proposer/{}", beacon_blocks.duties_v2),
        ("GET", "/eth/v1/beacon/states/{}/finality_checkpoints", beacon_states.finality_checkpoints),
        ("GET", "/eth/v1/beacon/states/{}/validators", beacon_states.get_validators),
        ("POST", "/eth/v1/beacon/states/{}/validators", beacon_states.post_validators),
        ("GET", "/eth/v1/beacon/states/{}/validators/{}", beacon_states.validator),
        ("POST", "/eth/v1/beacon/states/{}/validator_balances", beacon_states.validator_balances),
        ("GET", "/eth/v1/beacon/states/{}/sync_committees", beacon_states.sync_committees),
        ("GET", "/eth/v1/beacon/rewards/blocks/{}", beacon_states.block_rewards),
        ("POST", "/eth/v1/beacon/rewards/attestations/{}", beacon_states.attestation_rewards),
        ("POST", "/eth/v1/beacon/rewards/sync_committee/{}", beacon_states.sync_committee_rewards),
    )
]


_BY_EPOCH: Final = ("duties/proposer/", "rewards/attestations/")
_BY_BLOCK: Final = ("/headers/", "/blocks/", "rewards/sync_committee/")
_NOT_FOUND: Final = SandboxResponse({"code": 404, "message": "NOT_FOUND", "stacktraces": []}, 404)


def describe_call(chain: EthereumChain | None, request: SandboxRequest) -> Call:
    """A call with the epoch it is about; without a chain, blocks named by a root have none."""
    return Call(request.path.strip("/"), _epoch(chain, request.path), request.json)


def _epoch(chain: EthereumChain | None, path: str) -> int | None:
    parts = path.strip("/").split("/")
    named = parts[4] if "/states/" in path else parts[-1]
    if named.isascii() and named.isdigit():
        return int(named) if any(part in path for part in _BY_EPOCH) else int(named) // SLOTS_PER_EPOCH
    if chain is None or not any(part in path for part in _BY_BLOCK):
        return None
    try:
        return beacon_blocks.resolve_block(chain, named).slot // SLOTS_PER_EPOCH
    except RestError:
        return None


def _missing_state(call: Call) -> SandboxResponse | None:
    """Lighthouse's 404 for a call that needs a past state; None for any other call."""
    slot = 0 if call.epoch is None else call.epoch * SLOTS_PER_EPOCH
    if "/rewards/blocks/" in call.endpoint or "/rewards/sync_committee/" in call.endpoint:
        message = "NOT_FOUND: Parent state is not available! MissingBeaconState(0x00)"
    elif "/rewards/attestations/" in call.endpoint or (
        "/states/" in call.endpoint and call.epoch is not None
    ):
        message = f"NOT_FOUND: missing state at slot {slot}"
    else:
        return None
    return SandboxResponse({"code": 404, "message": message, "stacktraces": []}, 404)


def _no_state(
    _chain: EthereumChain | None, _fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    return _missing_state(call) or response


def _no_endpoint(
    _chain: EthereumChain | None, _fault: Fault, _call: Call, _response: SandboxResponse
) -> SandboxResponse:
    return _NOT_FOUND


def _missing_epoch(
    _chain: EthereumChain | None, fault: Fault, call: Call, response: SandboxResponse
) -> SandboxResponse:
    if call.epoch is None or fault.epoch not in (None, call.epoch):
        return response
    return _missing_state(call) or SandboxResponse({"code": 404, "message": "Block not found"}, 404)


_AMOUNTS: Final = frozenset(
    {
        "attestations", "attester_slashings", "balance", "head", "inactivity", "proposer_slashings",
        "reward", "source", "sync_aggregate", "target", "total",
    }
)  # fmt: skip

PROVIDER: Final = Provider(
    name="beacon",
    network=NETWORK,
    prefix="/beacon",
    variables="ETHEREUM_BEACON",
    is_node=True,
    respond=respond,
    describe_call=describe_call,
    rows=RowFaults(
        format=QUOTED,
        amounts={"*": _AMOUNTS},
        typed=TYPED_FIELDS,
        empty=lambda _call: {"execution_optimistic": False, "finalized": True, "data": []},
        no_endpoint=_no_endpoint,
        no_state=_no_state,
        missing_epoch=_missing_epoch,
        missing_validator=without_rows_of_validator,
    ),
)
