"""Fetches directly from the providers and stores nothing: for the `doctor` command and for tests.

The fetcher of the pipeline stores every response in staging as well.
"""

from collections.abc import Mapping

from aurora_resources.errors import ConfigurationError
from aurora_resources.http.client import ProviderClient
from aurora_resources.records import ProviderRequest, ProviderResponse


class DirectFetcher:
    """A `Fetcher` that sends each request through its provider's entered client."""

    def __init__(self, clients: Mapping[str, ProviderClient]) -> None:
        """`clients` by provider name, the one in `ProviderRequest.provider`."""
        self._clients = clients

    async def fetch(self, request: ProviderRequest) -> ProviderResponse:
        """The response. Raises ProviderError, and ConfigurationError for a provider without a client."""
        client = self._clients.get(request.provider)
        if client is None:
            known = ", ".join(sorted(self._clients)) or "none"
            raise ConfigurationError(
                f'{request.endpoint}: "{request.provider}" is not a provider in use, which are: {known}; '
                "check chains.yaml and providers.yaml"
            )
        return await client.fetch(request)
