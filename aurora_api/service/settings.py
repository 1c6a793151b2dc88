"""The settings of the service: signing keys, external issuer, rate limits, development mode."""

import os
from dataclasses import dataclass, field
from typing import Final

from aurora_api.access.oidc import OidcSettings, oidc_from_environment
from aurora_api.access.rates import RateLimiter, RateLimits, rate_limits_from_environment
from aurora_api.access.token_keys import TokenKeys, token_keys_from_environment

DEVELOPMENT_VARIABLE: Final = "AURORA_API_DEVELOPMENT"


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """The settings of one service. Without `oidc` no external token is accepted.

    `development` enables GraphiQL and introspection; not for production.
    """

    keys: TokenKeys = field(repr=False)
    oidc: OidcSettings | None = None
    limits: RateLimiter = field(default_factory=RateLimits)
    development: bool = False


def settings_from_environment(limits: RateLimiter | None = None) -> ApiSettings:
    """The settings of the environment, with these `limits` if given. Raises ConfigurationError."""
    return ApiSettings(
        keys=token_keys_from_environment(),
        oidc=oidc_from_environment(),
        limits=limits or rate_limits_from_environment(),
        development=os.environ.get(DEVELOPMENT_VARIABLE) == "1",
    )
