"""What is sent: the URL, headers and body that a question becomes.

Secrets from the settings come in here and nowhere else; a `ProviderRequest` never holds one.
"""

import json
from collections.abc import Mapping

import httpx

from aurora_resources.config.models import ProviderSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.records import ProviderRequest


def root_url(settings: ProviderSettings) -> httpx.URL:
    """`base_url`, ready for `url_of`. Raises ConfigurationError, without the value, which may hold a key."""
    try:
        url = httpx.URL(settings.base_url)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise ConfigurationError(f'providers.yaml: base_url of "{settings.name}" is not a URL; correct it')
    return url


def standing_headers(settings: ProviderSettings, extra: Mapping[str, str] | None) -> httpx.Headers:
    """The headers of every request; `extra` win. Raises ConfigurationError for a key no header can carry."""
    headers = httpx.Headers({"Accept": "application/json", "User-Agent": "aurora"})
    key = settings.api_key.get_secret_value() if settings.api_key is not None else ""
    if not (key.isascii() and key.isprintable()):
        raise ConfigurationError(
            f'providers.yaml: api_key of "{settings.name}" has a line end or a sign that no header can '
            "carry; correct the environment variable it names"
        )
    if key:
        headers["Authorization"] = f"Bearer {key}"
    headers.update(extra)
    return headers


def url_of(root: httpx.URL, question: ProviderRequest) -> httpx.URL:
    """The question's path below the root's, and its query after the root's, which may hold a key.

    Raises ConfigurationError when the path cannot stand in a URL: a validator's key is misspelt.
    """
    parameters = httpx.QueryParams([*root.params.multi_items(), *question.query])
    bare = root.copy_with(query=None, fragment=None)
    try:
        url = httpx.URL(str(bare).rstrip("/") + question.path) if question.path else bare
    except httpx.InvalidURL as problem:
        raise ConfigurationError(
            f"{question.provider} {question.endpoint}: {question.path!r} cannot stand in a URL ({problem}); "
            "check the validators' keys in chains.yaml"
        ) from None
    return url.copy_merge_params(parameters) if parameters else url


def body_of(question: ProviderRequest) -> tuple[bytes | None, dict[str, str]]:
    """The question's body as JSON, with its header; nothing for a question without one."""
    if question.body is None:
        return None, {}
    text = json.dumps(question.body, separators=(",", ":"), allow_nan=False)
    return text.encode(), {"Content-Type": "application/json"}
