"""What can be configured: strict models of what stands in `chains.yaml` and `providers.yaml`.

What is particular to a protocol is in `chain_rules.py`; reading the files, resolving variables and checking
one file against the other is in `config_files.py`.
"""

from collections import Counter
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)

from aurora_resources.addresses import normalize_address
from aurora_resources.config.chain_rules import RULES_BY_PROTOCOL, ChainRules, Protocol
from aurora_resources.config.strict_model import StrictModel
from aurora_resources.errors import ConfigurationError
from aurora_resources.records import Feed, TrackedValidator

CHAINS_FILE = "chains.yaml"
PROVIDERS_FILE = "providers.yaml"


class PeriodType(StrEnum):
    """What a period of a chain is."""

    EPOCH = "EPOCH"
    BLOCK_WINDOW = "BLOCK_WINDOW"
    SLOT_RANGE = "SLOT_RANGE"


def _http_url(value: str) -> str:
    if not value.startswith(("http://", "https://")):
        raise ValueError("must start with http:// or https://")
    return value.rstrip("/")


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class RetrySettings(StrictModel):
    """How often a request is put again: `attempts` in all, jittered exponential waits in seconds."""

    attempts: int = Field(default=5, ge=1, le=20)
    base_seconds: float = Field(default=0.5, gt=0)
    cap_seconds: float = Field(default=30.0, gt=0)


class BreakerSettings(StrictModel):
    """After `failures` in a row the provider is left alone for `pause_seconds`."""

    failures: int = Field(default=8, ge=1)
    pause_seconds: float = Field(default=30.0, gt=0)


class ProviderSettings(StrictModel):
    """One provider: where it is, how it is asked. `rate_limit` is requests a second."""

    name: str = Field(min_length=1)
    enabled: bool = True
    base_url: Annotated[str, AfterValidator(_http_url)] = Field(repr=False)  # may hold a key
    api_key: SecretStr | None = None
    rate_limit: float = Field(default=5.0, gt=0)
    timeout_sec: float = Field(default=30.0, gt=0)
    concurrency: int = Field(default=4, ge=1)
    retry: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    notes: str | None = None


class ValidatorDefaults(StrictModel):
    """What holds for every validator that does not say otherwise."""

    own_wallets: tuple[str, ...] | None = None
    mev: Literal["none"] | None = None


class IdentityEntry(StrictModel):
    """An identity used from a period on."""

    identity: str = Field(min_length=1)
    from_period: int | None = Field(default=None, ge=0)


class ValidatorEntry(StrictModel):
    """A validator whose books are kept; `key` is its vote account or public key."""

    key: str = Field(min_length=1)
    name: str | None = None
    identity: tuple[IdentityEntry, ...] = ()
    own_wallets: tuple[str, ...] | None = None
    mev: Literal["none"] | None = None

    @model_validator(mode="before")
    @classmethod
    def _identity_may_be_one_key(cls, data: Any) -> Any:  # noqa: ANN401 - raw YAML
        if isinstance(data, dict) and isinstance(data.get("identity"), str):
            return {**data, "identity": [{"identity": data["identity"]}]}
        return data


ProviderNames = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class ChainProviders(StrictModel):
    """Who answers which request: one name, or several in order of preference."""

    fees: ProviderNames
    mev: ProviderNames
    rewards: ProviderNames
    meta: ProviderNames
    rpc: ProviderNames = ("rpc",)

    def for_feed(self, role: Feed) -> tuple[str, ...]:
        """Names for `role`, in order of preference; periods and stakes are asked from the node."""
        if role in {Feed.PERIODS, Feed.STAKES}:
            return self.rpc
        names: tuple[str, ...] = getattr(self, role.value)
        return names

    def names(self) -> frozenset[str]:
        """Every provider the chain uses."""
        return frozenset(name for role in Feed for name in self.for_feed(role))


class ChainSettings(StrictModel):
    """One chain as `chains.yaml` tells it."""

    chain_id: str = Field(min_length=1, pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str = Field(min_length=1)
    protocol: Protocol
    period_type: PeriodType
    native_unit: str = Field(min_length=1)
    native_decimals: int = Field(ge=0, le=36)
    display_unit: str = Field(min_length=1)
    finality_lag: int = Field(ge=0)
    finality_lag_unit: Literal["PERIODS"] = "PERIODS"
    first_period: int | None = Field(default=None, ge=0)
    providers: ChainProviders
    reconcile: bool = True
    revenue_guard: Literal["BLOCK", "SCALE"] = "BLOCK"
    # Native units; an override that moves a line by more counts once another person confirmed it.
    override_second_person_above: int | None = Field(default=None, ge=0)
    rules: ChainRules
    validators: Literal["all"] | tuple[ValidatorEntry, ...]
    validator_defaults: ValidatorDefaults = ValidatorDefaults()

    @model_validator(mode="before")
    @classmethod
    def _rules_are_the_protocol_s(cls, data: Any) -> Any:  # noqa: ANN401 - raw YAML
        """Rules are read by the protocol's own model, so that a mistake in them names the right fields."""
        if not isinstance(data, dict):
            return data
        model, given = RULES_BY_PROTOCOL.get(str(data.get("protocol"))), data.get("rules")
        if model is None or isinstance(given, StrictModel):
            return data
        try:
            return {**data, "rules": model.model_validate({} if given is None else given)}
        except ValidationError as problem:
            told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
            raise ValueError(f"rules: {told}") from None

    @model_validator(mode="after")
    def _no_validator_twice(self) -> "ChainSettings":
        if self.validators == "all":
            if not self.rules.keeps_a_whole_network:
                raise ValueError(f"validators: a whole network of {self.protocol} is not kept; list keys")
            return self
        keys = Counter(self.rules.spelled(entry.key) for entry in self.validators)
        twice = [key for key, count in keys.items() if count > 1]
        if twice:
            raise ValueError(f"validators lists {', '.join(twice)} more than once")
        if not self.validators:
            raise ValueError("validators is empty: list vote accounts, or write `all`")
        return self

    def declared_validators(self) -> tuple[TrackedValidator, ...] | None:
        """The listed validators with the chain's defaults filled in, or None for `all`."""
        if self.validators == "all":
            return None
        return tuple(self._tracked(entry) for entry in self.validators)

    def normalize_address(self, text: str) -> str:
        """An account's or validator's key in the chain's one spelling. Raises ValueError for what is none."""
        return normalize_address(self.protocol, text)

    def undeclared(self, validator_key: str) -> TrackedValidator:
        """A validator met under `validators: all`."""
        return self._tracked(ValidatorEntry(key=validator_key))

    def _tracked(self, entry: ValidatorEntry) -> TrackedValidator:
        defaults = self.validator_defaults
        own = defaults.own_wallets if entry.own_wallets is None else entry.own_wallets
        return TrackedValidator(
            validator_key=self.rules.spelled(entry.key),
            name=entry.name,
            identities=tuple((known.from_period, known.identity) for known in entry.identity),
            own_wallets=None if own is None else tuple(map(self.rules.spelled, own)),
            mev_declared_none=(entry.mev or defaults.mev) == "none",
        )


class AuroraConfig(StrictModel):
    """Both files, checked against each other."""

    chains: tuple[ChainSettings, ...]
    providers: tuple[ProviderSettings, ...]

    def chain(self, chain_id: str) -> ChainSettings:
        """Raise ConfigurationError naming the known chains when `chain_id` is not one."""
        for chain in self.chains:
            if chain.chain_id == chain_id:
                return chain
        known = ", ".join(sorted(chain.chain_id for chain in self.chains))
        raise ConfigurationError(f'{CHAINS_FILE}: there is no chain "{chain_id}"; it has: {known}')

    def provider(self, name: str) -> ProviderSettings:
        """Raise ConfigurationError when the provider is unknown or disabled."""
        for provider in self.providers:
            if provider.name == name and provider.enabled:
                return provider
        raise ConfigurationError(f'{PROVIDERS_FILE}: "{name}" is not an enabled provider')
