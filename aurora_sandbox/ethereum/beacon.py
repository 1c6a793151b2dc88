"""The Beacon API as the sandbox serves it: paths, ids, envelopes and the node's own endpoints.

Blocks and duties are in `beacon_blocks.py`, states in `beacon_states.py`, rewards in `beacon_rewards.py`.
"""

import re
from collections.abc import Callable
from typing import Any, Final

from aurora_sandbox.ethereum import beacon_blocks, beacon_rewards, beacon_states
from aurora_sandbox.ethereum.chain import EthereumChain, Refusal
from aurora_sandbox.ethereum.spec import (
    EPOCHS_PER_SYNC_COMMITTEE_PERIOD,
    FAR_FUTURE_EPOCH,
    GENESIS_TIME,
    GENESIS_VALIDATORS_ROOT,
    SECONDS_PER_SLOT,
    SLOTS_PER_EPOCH,
    SYNC_COMMITTEE_SIZE,
)
from aurora_sandbox.server.answers import Answer, Json, Question

VERSION: Final = "Lighthouse/v8.1.3-sandbox/x86_64-linux"
Handler = Callable[..., Json]


def answer(chain: EthereumChain, question: Question) -> Answer:
    """Route one request; `question.path` starts after `/beacon`. Never raises for what a client sends."""
    for method, pattern, handler in _ROUTES:
        found = pattern.fullmatch(question.path)
        if found is None or method != question.method:
            continue
        try:
            return Answer(handler(chain, question, *found.groups()))
        except Refusal as refusal:
            return refusal.answer
    return Answer({"code": 404, "message": "NOT_FOUND", "stacktraces": []}, 404)


def _genesis(_chain: EthereumChain, _question: Question) -> Json:
    return {
        "data": {
            "genesis_time": str(GENESIS_TIME),
            "genesis_validators_root": GENESIS_VALIDATORS_ROOT,
            "genesis_fork_version": "0x00000000",
        }
    }


def _version(_chain: EthereumChain, _question: Question) -> Json:
    return {"data": {"version": VERSION}}


def _syncing(chain: EthereumChain, _question: Question) -> Json:
    return {
        "data": {
            "head_slot": str(chain.head_slot),
            "sync_distance": "0",
            "is_syncing": False,
            "is_optimistic": False,
            "el_offline": False,
        }
    }


def _spec(_chain: EthereumChain, _question: Question) -> Json:
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
        ("GET", "/eth/v1/beacon/rewards/blocks/{}", beacon_rewards.of_block),
        ("POST", "/eth/v1/beacon/rewards/attestations/{}", beacon_rewards.of_attestations),
        ("POST", "/eth/v1/beacon/rewards/sync_committee/{}", beacon_rewards.of_sync_committee),
    )
]
