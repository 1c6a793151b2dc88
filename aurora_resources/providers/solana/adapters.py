"""Which adapter a provider of `providers.yaml` speaks, and how the HTTP client is to read its failures.

A provider is named after its adapter (`jito`), with a suffix where there are several (`rpc-archive`).
"""

from typing import Final, Literal, TypeAlias

from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import Classify
from aurora_resources.providers.solana.rpc import classify_rpc
from aurora_resources.records import Feed

Adapter: TypeAlias = Literal["rpc", "solanabeach", "jito", "stakewiz"]

_ADAPTERS: Final[tuple[Adapter, ...]] = ("rpc", "solanabeach", "jito", "stakewiz")
_ROLES: Final[dict[Feed, tuple[Adapter, ...]]] = {
    Feed.PERIODS: ("rpc",),
    Feed.FEES: ("solanabeach", "rpc"),
    Feed.MEV: ("jito",),
    Feed.REWARDS: ("rpc",),
    Feed.META: ("stakewiz",),
    Feed.STAKES: ("rpc",),
}


def adapter_of(settings: ChainSettings, provider: str, role: Feed) -> Adapter:
    """The adapter `provider` speaks. Raises ConfigurationError when that cannot answer `role`."""
    adapter = _named(provider)
    if adapter is None and provider in settings.providers.rpc:
        adapter = "rpc"
    if adapter is None or adapter not in _ROLES[role]:
        can = " or ".join(_ROLES[role])
        raise ConfigurationError(
            f'chains.yaml: {settings.chain_id}.providers: "{provider}" cannot answer {role.value}; name a '
            f"provider {can}, or one whose name begins so, like {_ROLES[role][0]}-2"
        )
    return adapter


def classifier_of(settings: ChainSettings, provider: str) -> Classify | None:
    """How the client reads answers of status 2xx; None where HTTP says everything."""
    speaks_rpc = _named(provider) == "rpc" or provider in settings.providers.rpc
    return classify_rpc if speaks_rpc else None


def _named(provider: str) -> Adapter | None:
    for adapter in _ADAPTERS:
        if provider == adapter or provider.startswith((f"{adapter}-", f"{adapter}_")):
            return adapter
    return None
