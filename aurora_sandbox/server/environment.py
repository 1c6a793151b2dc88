"""The environment variables of `providers.yaml` that send every provider's questions to the sandbox.

Also which of them name a real node, so that no sandbox is needed.
"""

from collections.abc import Mapping
from typing import Final

PREFIXES: Final[Mapping[str, str]] = {
    "rpc": "SOLANA_RPC",
    "jito": "JITO",
    "solanabeach": "SOLANABEACH",
    "stakewiz": "STAKEWIZ",
    "beacon": "ETHEREUM_BEACON",
    "execution": "ETHEREUM_EXECUTION",
    "relay-flashbots": "RELAY_FLASHBOTS",
    "relay-ultrasound": "RELAY_ULTRASOUND",
    "relay-titan": "RELAY_TITAN",
}
"""By the sandbox's provider: the variables are `<prefix>_URL` and `<prefix>_RATE_LIMIT`."""

NODES: Final = ("SOLANA_RPC_URL", "ETHEREUM_BEACON_URL")
"""The variables that name a node of a real network."""

_RATE_LIMIT: Final = "5000"


def sandbox_environment(urls: Mapping[str, str]) -> dict[str, str]:
    """The variables and their values, in the order of `urls` (by provider)."""
    environment = {}
    for provider, url in urls.items():
        environment[f"{PREFIXES[provider]}_URL"] = url
        environment[f"{PREFIXES[provider]}_RATE_LIMIT"] = _RATE_LIMIT
    return environment | {"SOLANABEACH_API_KEY": "sandbox"}
