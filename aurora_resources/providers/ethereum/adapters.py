"""What a provider of `chains.yaml` speaks: the role it is named for says it, whatever it is called.

Beacon nodes answer periods, stakes, rewards and descriptions, an execution node the fees, relays the MEV.
"""

from typing import Final

from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import Classify
from aurora_resources.providers.ethereum.beacon import classify_beacon
from aurora_resources.providers.ethereum.execution import classify_execution
from aurora_resources.records import Feed

_SPOKEN: Final = {
    Feed.PERIODS: "a beacon node",
    Feed.STAKES: "a beacon node",
    Feed.REWARDS: "a beacon node",
    Feed.META: "a beacon node",
    Feed.FEES: "an execution node",
    Feed.MEV: "a relay",
}


def classifier_of(settings: ChainSettings, provider: str) -> Classify | None:
    """How the client reads the provider's answers; None where HTTP says everything.

    Raises ConfigurationError for a provider that is named for roles of different kinds.
    """
    spoken = {_SPOKEN[role] for role in Feed if provider in settings.providers.for_feed(role)}
    if len(spoken) > 1:
        raise ConfigurationError(
            f'chains.yaml: {settings.chain_id}.providers: "{provider}" cannot be '
            f"{' and '.join(sorted(spoken))}; "
            "give each its own entry in providers.yaml, even at the same address"
        )
    if "a beacon node" in spoken:
        return classify_beacon
    return classify_execution if "an execution node" in spoken else None
