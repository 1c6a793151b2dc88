"""Every provider and every control of the sandbox; a new provider is one module and one line here."""

from typing import Any, Final

from aurora_sandbox.ethereum import beacon, execution, relay
from aurora_sandbox.ethereum import network as ethereum
from aurora_sandbox.server.provider import Control, Provider, fault_reader
from aurora_sandbox.solana import jito, rpc, solanabeach, stakewiz
from aurora_sandbox.solana import network as solana

PROVIDERS: Final[tuple[Provider[Any], ...]] = (
    rpc.PROVIDER,
    jito.PROVIDER,
    solanabeach.PROVIDER,
    stakewiz.PROVIDER,
    beacon.PROVIDER,
    execution.PROVIDER,
    *relay.PROVIDERS,
)
CONTROLS: Final[tuple[Control, ...]] = (*solana.CONTROLS, *ethereum.CONTROLS)
FAULTS: Final = fault_reader(PROVIDERS)
"""Reads faults that name these providers, from text (`parse`) or fields (`build`)."""
