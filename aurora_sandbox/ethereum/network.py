"""Ethereum as the sandbox serves it: a world's chain, the requests that set its node, and its faults."""

from collections.abc import Mapping
from typing import Any, Final

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.ethereum.chain import EthereumChain, NodeSettings
from aurora_sandbox.ethereum.ledger import Account
from aurora_sandbox.ethereum.spec import SLOTS_PER_EPOCH
from aurora_sandbox.ethereum.world import EthereumWorld, demo_ethereum
from aurora_sandbox.server.faults import Fault
from aurora_sandbox.server.messages import Json, SandboxResponse
from aurora_sandbox.server.provider import Control
from aurora_sandbox.server.row_faults import (
    AmountFormat,
    Call,
    filter_rows,
    read_quoted,
    write_quoted,
)

NETWORK: Final = "ethereum"
TYPED_FIELDS: Final = frozenset(
    {"epoch", "slot", "effective_balance", "gasUsed", "gas_used", "validator_index"}
)
"""Fields beside the amounts whose type the fault `wrong_types` changes."""
_IDENTITIES: Final = ("index", "validator_index", "pubkey", "proposer_pubkey")


class EthereumNetwork:
    """The served world and the state of its node."""

    def __init__(self, world: EthereumWorld | None = None, node: NodeSettings | None = None) -> None:
        """The demonstration's world if none is given; it is made when it is first used."""
        self._node = node or NodeSettings()
        self._chain = None if world is None else EthereumChain(world, self._node)

    @property
    def chain(self) -> EthereumChain:
        """The chain as the node shows it now."""
        if self._chain is None:
            self._chain = EthereumChain(demo_ethereum(), self._node)
        return self._chain

    def set_node(self, changes: Mapping[str, Json]) -> None:
        """Change the node's state. Raises ConfigurationError for an unknown setting or an invalid value."""
        self._chain = self.chain.changed(changes)

    def describe(self) -> dict[str, Any]:
        """Nothing: the node's state is in `/_sandbox/ethereum`."""
        return {}


def _describe_node(network: EthereumNetwork, _: Json) -> Json:
    return network.chain.describe()


def _set_node(network: EthereumNetwork, body: Json) -> Json:
    if not isinstance(body, dict):
        raise ConfigurationError('ethereum: give an object, for example {"finalized_epoch": 401930}')
    network.set_node(body)
    return network.chain.describe()


CONTROLS: Final = (
    Control("GET", "ethereum", NETWORK, _describe_node),
    Control("POST", "ethereum", NETWORK, _set_node),
)


def slot_epoch(row: Mapping[str, Json], call: Call) -> int | None:
    """The epoch of the slot that a row names, or the call's."""
    slot = row.get("slot")
    return int(slot) // SLOTS_PER_EPOCH if isinstance(slot, str) else call.epoch


QUOTED: Final = AmountFormat("wei", read_quoted, write_quoted, lambda fault: fault.amount, slot_epoch)
"""Amounts as the providers of Ethereum write them: in texts, decimal or hexadecimal."""


def without_rows_of_validator(
    chain: EthereumChain | None, fault: Fault, _call: Call, response: SandboxResponse
) -> SandboxResponse:
    """The response without rows that name the validator, by public key or index."""
    names = _names(chain, fault.validator or "")
    return filter_rows(response, lambda row: not _is_named(row, names))


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
