"""Finding one's way in staged responses: by feed, provider and endpoint, the latest answer to each request.

Responses may come from several runs of the same feed; an older answer to the same request never counts.
Nothing here reads a body.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aurora_resources.records import Feed, ProviderRequest, ProviderResponse, Staged


@dataclass(frozen=True, slots=True)
class Answers:
    """What one provider answered for one feed: by endpoint, the latest answer to each request."""

    provider: str
    by_endpoint: Mapping[str, tuple[ProviderResponse, ...]]

    def every(self, endpoint: str) -> tuple[ProviderResponse, ...]:
        """All answers of an endpoint, in the order they were asked."""
        return self.by_endpoint.get(endpoint, ())

    def last(self, endpoint: str) -> ProviderResponse | None:
        """The latest answer of an endpoint, None when it was never asked."""
        return self.every(endpoint)[-1] if endpoint in self.by_endpoint else None


def answers(staged: Staged, feed: Feed, provider: str) -> Answers:
    """The answers of `provider` for `feed`; empty when nothing is staged."""
    latest: dict[bytes, ProviderResponse] = {}
    for response in staged.get((feed, provider), ()):
        digest = response.request.digest()
        latest.pop(digest, None)  # the order is that of the answers that count
        latest[digest] = response
    by_endpoint: dict[str, list[ProviderResponse]] = {}
    for response in latest.values():
        by_endpoint.setdefault(response.request.endpoint, []).append(response)
    return Answers(provider, {endpoint: tuple(found) for endpoint, found in by_endpoint.items()})


def first_with(staged: Staged, feed: Feed, providers: Sequence[str], endpoint: str) -> Answers | None:
    """The answers of the first of `providers` that was asked `endpoint` for `feed`."""
    for provider in providers:
        found = answers(staged, feed, provider)
        if found.every(endpoint):
            return found
    return None


def query_value(request: ProviderRequest, name: str) -> str | None:
    """One value of the query string."""
    return dict(request.query).get(name)
