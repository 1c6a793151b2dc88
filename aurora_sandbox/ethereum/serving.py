"""Ethereum's providers in the sandbox's server: their paths, what a request calls, and who answers it.

Faults are applied by the server; what they do to these answers is in `fault_rows.py`.
"""

from collections.abc import Mapping
from typing import Final

from aurora_sandbox.ethereum import beacon, execution, relay
from aurora_sandbox.ethereum.beacon_blocks import resolve
from aurora_sandbox.ethereum.chain import EthereumChain, Refusal
from aurora_sandbox.ethereum.spec import RELAYS, SLOTS_PER_EPOCH
from aurora_sandbox.server.answers import Answer, Json, Question
from aurora_sandbox.server.fault_effects import Call

BEACON: Final = "beacon"
EXECUTION: Final = "execution"
ETHEREUM_PATHS: Final[Mapping[str, str]] = {
    BEACON: "/beacon",
    EXECUTION: "/execution",
    **{name: "/relays/" + name.removeprefix("relay-") for name in RELAYS},
}
PROVIDERS: Final = frozenset(ETHEREUM_PATHS)
_BY_EPOCH: Final = ("duties/proposer/", "rewards/attestations/")
_BY_BLOCK: Final = ("/headers/", "/blocks/", "rewards/sync_committee/")


def split_path(path: str) -> tuple[str, str] | None:
    """The provider of a path and what is left of it; None if it is none of Ethereum's."""
    for provider, prefix in ETHEREUM_PATHS.items():
        if path == prefix or path.startswith(prefix + "/"):
            return provider, path[len(prefix) :] or "/"
    return None


def rest_call(chain: EthereumChain | None, provider: str, inner: Question) -> Call:
    """The call of a request to the node's Beacon API or to a relay, with the epoch it is about.

    Without a chain (a recording is replayed) blocks named by a root or a hash have no epoch.
    """
    if provider == BEACON:
        epoch = _beacon_epoch(chain, inner.path)
        return Call(provider, inner.path.strip("/"), epoch, inner.json, SLOTS_PER_EPOCH)
    endpoint = inner.path.removeprefix(relay.PREFIX).strip("/")
    epoch = relay.epoch_of(inner.query)
    block_hash = inner.query.get("block_hash", "").lower()
    if epoch is None and chain is not None and block_hash:
        slots = [row.slot for row in chain.world.claims[provider] if row.block_hash == block_hash]
        epoch = slots[0] // SLOTS_PER_EPOCH if slots else None
    return Call(provider, endpoint, epoch, inner.json, SLOTS_PER_EPOCH)


def rpc_call(chain: EthereumChain | None, body: Json) -> Call:
    """One JSON-RPC call with the epoch of the block it names."""
    method = body.get("method") if isinstance(body, dict) else None
    slot = execution.block_asked(chain, body) if chain is not None else None
    epoch = None if slot is None else slot.slot // SLOTS_PER_EPOCH
    return Call(EXECUTION, method if isinstance(method, str) else "", epoch, body, SLOTS_PER_EPOCH)


def rest_answer(chain: EthereumChain, provider: str, inner: Question) -> Answer:
    """What the Beacon API or a relay answers."""
    if provider == BEACON:
        return beacon.answer(chain, inner)
    return relay.answer(chain, provider, inner)


def _beacon_epoch(chain: EthereumChain | None, path: str) -> int | None:
    parts = path.strip("/").split("/")
    named = parts[4] if "/states/" in path else parts[-1]
    if named.isascii() and named.isdigit():
        return int(named) if any(part in path for part in _BY_EPOCH) else int(named) // SLOTS_PER_EPOCH
    if chain is None or not any(part in path for part in _BY_BLOCK):
        return None
    try:
        return resolve(chain, named).slot // SLOTS_PER_EPOCH
    except Refusal:
        return None
