"""The plain way to ask: straight to the provider, keeping nothing.

For the `doctor` command and for tests; the graph's `Asks` puts every answer into staging as well.
"""

from collections.abc import Mapping

from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import ProviderClient
from aurora_resources.records import ProviderRequest, ProviderResponse


class DirectFetcher:
    """The plain `Asks`: puts each question to its provider's entered client, and keeps nothing."""

    def __init__(self, clients: Mapping[str, ProviderClient]) -> None:
        """`clients` by provider name, as `ProviderRequest.provider` says it."""
        self._clients = clients

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        """Return the answer. Raises ProviderError, and ConfigurationError for a provider without a client."""
        client = self._clients.get(question.provider)
        if client is None:
            known = ", ".join(sorted(self._clients)) or "nobody"
            raise ConfigurationError(
                f'{question.endpoint}: "{question.provider}" is not among the providers that can be asked: '
                f"{known}; check chains.yaml and providers.yaml"
            )
        return await client.answer(question)
