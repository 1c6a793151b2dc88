"""Every error Aurora raises on purpose, divided by what the reader must do.

    AuroraError
    ├── ConfigurationError          fix a file or an environment variable
    ├── WarehouseError              look at PostgreSQL
    │   ├── EmbeddedServerError     ... at the server Aurora starts itself
    │   └── MigrationError          ... at a migration
    ├── ProviderError               look at a provider; names it, the endpoint and the period
    │   ├── TransientProviderError  retried already; the provider has a problem, try again
    │   ├── NotYetAvailable         try again later: the chain or the provider is not that far yet
    │   ├── HistoryUnavailable      this node does not hold that history: use another one
    │   ├── RefusedByProvider       fix the request, the key or the subscription; not retried
    │   ├── CircuitOpen             too many failures in a row; requests are paused
    │   └── PayloadError            the body is not what the provider documents; it is stored in staging
    ├── RecordingMiss               the replayed recording has no such exchange
    ├── AgreementError              correct the agreement; names it and the rule
    │   (StatementError and OverrideError stand beside the rules they enforce, in `commission/`)
    ├── RevenueGuardError           partners' claims exceed the revenue; names partners and rules
    └── PeriodError                 the period is unknown, not final or not in the range asked for

A message says what happened, where, and what to do.
"""


class AuroraError(Exception):
    """An error with a message for the person who can correct it; shown without a traceback."""


class ConfigurationError(AuroraError):
    """A configuration file or an environment variable is wrong or missing."""


class WarehouseError(AuroraError):
    """PostgreSQL cannot be reached or refused a statement."""


class EmbeddedServerError(WarehouseError):
    """The embedded PostgreSQL server cannot be started or attached."""


class MigrationError(WarehouseError):
    """A migration failed; nothing of it was kept."""


class ProviderError(AuroraError):
    """A provider did not deliver what was requested."""

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        endpoint: str,
        status: int | None = None,
        code: int | None = None,
    ) -> None:
        """`status` is the HTTP status, `code` the JSON-RPC error code, where there is one.

        `body` is set by the client when an answer was received: its bytes, the evidence of the error.
        """
        super().__init__(f"{provider} {endpoint}: {message}")
        self.provider = provider
        self.endpoint = endpoint
        self.status = status
        self.code = code
        self.body: bytes | None = None


class TransientProviderError(ProviderError):
    """A failure that may pass: 429, 5xx, time-out, connection lost, a node behind."""

    def __init__(
        self,
        message: str,
        *,
        provider: str,
        endpoint: str,
        status: int | None = None,
        code: int | None = None,
        retry_after_seconds: float | None = None,
    ) -> None:
        """`retry_after_seconds` is the pause the provider required, if any."""
        super().__init__(message, provider=provider, endpoint=endpoint, status=status, code=code)
        self.retry_after_seconds = retry_after_seconds


class NotYetAvailable(ProviderError):  # noqa: N818 - a state of the world, not a fault
    """The period, block or payout does not exist yet."""


class HistoryUnavailable(ProviderError):  # noqa: N818
    """The node answered, but does not hold this part of the chain's history."""


class RefusedByProvider(ProviderError):  # noqa: N818
    """401, 403, 400, unknown method or invalid parameters: repeating it cannot help."""


class CircuitOpen(ProviderError):  # noqa: N818
    """The provider failed too often in a row; requests to it are paused."""


class PayloadError(ProviderError):
    """The body does not have the documented shape; the bytes are stored as evidence."""


class RecordingMiss(AuroraError):  # noqa: N818
    """A replayed recording holds no exchange for this request."""


class AgreementError(AuroraError):
    """An agreement, rule or wallet is not valid."""


class RevenueGuardError(AuroraError):
    """All partners' lines together exceed the revenue they are paid from."""


class PeriodError(AuroraError):
    """A period is unknown, not final, or the range is empty."""
