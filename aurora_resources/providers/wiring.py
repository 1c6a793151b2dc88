"""Where configuration meets adapters: the only module that knows which protocol and wire format is which.

Everybody else receives a `ChainSource` and something that `asks`.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, NamedTuple

from aurora_resources.config.models import AuroraConfig, ChainSettings
from aurora_resources.http.client import Classify, ProviderClient
from aurora_resources.http.fetcher import DirectFetcher
from aurora_resources.providers.chain_source import ChainSource
from aurora_resources.providers.ethereum import chain as ethereum_adapters
from aurora_resources.providers.ethereum.chain import EthereumChain
from aurora_resources.providers.solana import chain as solana_adapters
from aurora_resources.providers.solana.chain import SolanaChain
from aurora_resources.records import Fetcher


class _Protocol(NamedTuple):
    source: Callable[[ChainSettings], ChainSource]
    classifier: Callable[[ChainSettings, str], Classify | None]


_PROTOCOLS: Final[Mapping[str, _Protocol]] = {
    "solana": _Protocol(SolanaChain, solana_adapters.classifier_of),
    "ethereum": _Protocol(EthereumChain, ethereum_adapters.classifier_of),
}


def chain_source(chain: ChainSettings) -> ChainSource:
    """The protocol of a configured chain."""
    return _PROTOCOLS[chain.protocol].source(chain)


@asynccontextmanager
async def open_transport(config: AuroraConfig, chain: ChainSettings) -> AsyncIterator[Fetcher]:
    """One client for each provider of the chain, open for as long as the context lasts."""
    classifier = _PROTOCOLS[chain.protocol].classifier
    async with AsyncExitStack() as stack:
        yield DirectFetcher(
            {
                name: await stack.enter_async_context(
                    ProviderClient(config.provider(name), classifier(chain, name))
                )
                for name in sorted(chain.providers.names())
            }
        )
