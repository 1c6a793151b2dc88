"""Strict models of `chains.yaml` and `providers.yaml`.

The protocols' own `rules` are in `chain_rules.py`; `files.py` reads the files, resolves variables and checks
one file against the other. Each field has a description, an example and, for a quantity, a unit:
`docs/configuration/` is generated from them.
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
from aurora_resources.config.chain_rules import RULES_BY_PROTOCOL, ChainRules, Protocol, StrictModel
from aurora_resources.errors import ConfigurationError
from aurora_resources.records import Feed, TrackedValidator

CHAINS_FILE = "chains.yaml"
PROVIDERS_FILE = "providers.yaml"


class PeriodType(StrEnum):
    """The kind of a chain's periods."""

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
    """Retries of a request, with jittered exponential waits."""

    attempts: int = Field(
        default=5,
        ge=1,
        le=20,
        description="Attempts of a request, the first one included.",
        examples=[5],
        json_schema_extra={"unit": "attempts"},
    )
    base_seconds: float = Field(
        default=0.5,
        gt=0,
        description="Wait before the second attempt; it doubles with each further attempt.",
        examples=[0.5],
        json_schema_extra={"unit": "seconds"},
    )
    cap_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Longest wait between two attempts.",
        examples=[30.0],
        json_schema_extra={"unit": "seconds"},
    )


class BreakerSettings(StrictModel):
    """The circuit breaker: after several failed requests in a row, requests to the provider are paused."""

    failures: int = Field(
        default=8,
        ge=1,
        description="Failed requests in a row that open the breaker; a request fails after all its attempts.",
        examples=[8],
        json_schema_extra={"unit": "requests"},
    )
    pause_seconds: float = Field(
        default=30.0,
        gt=0,
        description="Length of the pause.",
        examples=[30.0],
        json_schema_extra={"unit": "seconds"},
    )


class ProviderSettings(StrictModel):
    """One provider: its address, key and limits."""

    name: str = Field(
        min_length=1,
        description="Name of the provider; `chains.yaml` refers to it. On Solana it selects the adapter "
        "(`rpc`, `jito`, `solanabeach`, `stakewiz`), with a suffix where there are several (`rpc-archive`).",
        examples=["rpc"],
    )
    enabled: bool = Field(
        default=True,
        description="Whether the provider may be used; a disabled one needs no environment variables.",
        examples=[False],
    )
    base_url: Annotated[str, AfterValidator(_http_url)] = Field(
        repr=False,  # may hold a key
        description="Address of the provider, path included. It may hold a key, which is never logged.",
        examples=["${SOLANA_RPC_URL:-https://rpc.example.com}"],
    )
    api_key: SecretStr | None = Field(
        default=None,
        description="Key sent as `Authorization: Bearer`; name an environment variable.",
        examples=["${SOLANABEACH_API_KEY}"],
    )
    rate_limit: float = Field(
        default=5.0,
        gt=0,
        description="Highest rate of requests, sent evenly.",
        examples=[4],
        json_schema_extra={"unit": "requests per second"},
    )
    timeout_sec: float = Field(
        default=30.0,
        gt=0,
        description="Longest duration of one attempt, the whole answer included.",
        examples=[60],
        json_schema_extra={"unit": "seconds"},
    )
    concurrency: int = Field(
        default=4,
        ge=1,
        description="Requests in progress at once.",
        examples=[4],
        json_schema_extra={"unit": "requests"},
    )
    retry: RetrySettings = Field(
        default=RetrySettings(), description="Retries of a failed request.", examples=[{"attempts": 3}]
    )
    breaker: BreakerSettings = Field(
        default=BreakerSettings(),
        description="When requests to a failing provider are paused.",
        examples=[{"failures": 4, "pause_seconds": 60}],
    )
    notes: str | None = Field(
        default=None, description="A remark for people; not used.", examples=["600 requests in 20 minutes."]
    )


class ValidatorDefaults(StrictModel):
    """Defaults for the validators of a chain."""

    own_wallets: tuple[str, ...] | None = Field(
        default=None,
        description="Withdrawal keys or addresses of the operator, for validators that list none.",
        examples=[["CLeqaVNGNgNmPoWyNu58paejdGeN79MAoX7t4ZnkFQzB"]],
    )
    mev: Literal["none"] | None = Field(
        default=None,
        description="`none` declares that the validators run no MEV client: their MEV is 0, not missing.",
        examples=["none"],
    )


class IdentityEntry(StrictModel):
    """An identity of a validator, in use from a period on."""

    identity: str = Field(
        min_length=1,
        description="Identity key, by which execution fees are looked up.",
        examples=["EpogjFsbCswN6uZF7qPrnzhZx7ENRb5iDNV2JWzmTVSv"],
    )
    from_period: int | None = Field(
        default=None,
        ge=0,
        description="First period with this identity; without it, from the beginning.",
        examples=[800],
        json_schema_extra={"unit": "period number"},
    )


class ValidatorEntry(StrictModel):
    """A tracked validator."""

    key: str = Field(
        min_length=1,
        description="Vote account (Solana) or public key (Ethereum) of the validator.",
        examples=["4X9ASE4SD3PPcwsYjZeVWm1rUaoVbkfictrk8Bd7zQWT"],
    )
    name: str | None = Field(
        default=None, description="Name shown in tables and statements.", examples=["Aldebaran Staking 1"]
    )
    identity: tuple[IdentityEntry, ...] = Field(
        default=(),
        description="Identity of the validator: one key, or a list of keys with their first periods. Without "
        "it, the chain's own record is used.",
        examples=["EpogjFsbCswN6uZF7qPrnzhZx7ENRb5iDNV2JWzmTVSv"],
    )
    own_wallets: tuple[str, ...] | None = Field(
        default=None,
        description="Withdrawal keys or addresses of the operator: rewards of stake they can withdraw are "
        "the operator's. An empty list declares that there are none.",
        examples=[["CLeqaVNGNgNmPoWyNu58paejdGeN79MAoX7t4ZnkFQzB"]],
    )
    mev: Literal["none"] | None = Field(
        default=None,
        description="`none` declares that the validator runs no MEV client: its MEV is 0, not missing.",
        examples=["none"],
    )

    @model_validator(mode="before")
    @classmethod
    def _identity_may_be_one_key(cls, data: Any) -> Any:  # noqa: ANN401 - raw YAML
        if isinstance(data, dict) and isinstance(data.get("identity"), str):
            return {**data, "identity": [{"identity": data["identity"]}]}
        return data


ProviderNames = Annotated[tuple[str, ...], BeforeValidator(_as_tuple), Field(min_length=1)]


class ChainProviders(StrictModel):
    """The providers of each feed: one name, or several in order of preference."""

    fees: ProviderNames = Field(
        description="Providers of execution fees. On Ethereum: execution nodes.",
        examples=[["solanabeach", "rpc"]],
    )
    mev: ProviderNames = Field(
        description="Providers of MEV. On Ethereum: every relay the validators are registered with.",
        examples=["jito"],
    )
    rewards: ProviderNames = Field(
        description="Providers of consensus rewards. On Ethereum: beacon nodes.", examples=["rpc"]
    )
    meta: ProviderNames = Field(
        description="Providers of names and other descriptive data.", examples=["stakewiz"]
    )
    rpc: ProviderNames = Field(
        default=("rpc",), description="Nodes that periods and stakes are fetched from.", examples=["rpc"]
    )

    def for_feed(self, feed: Feed) -> tuple[str, ...]:
        """Names of the feed's providers, in order of preference; periods and stakes come from the node."""
        if feed in {Feed.PERIODS, Feed.STAKES}:
            return self.rpc
        names: tuple[str, ...] = getattr(self, feed.value)
        return names

    def names(self) -> frozenset[str]:
        """Every provider the chain uses."""
        return frozenset(name for feed in Feed for name in self.for_feed(feed))


class ChainSettings(StrictModel):
    """One chain of `chains.yaml`."""

    chain_id: str = Field(
        min_length=1,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="Identifier of the chain everywhere in Aurora.",
        examples=["solana-mainnet"],
    )
    name: str = Field(min_length=1, description="Name shown to people.", examples=["Solana"])
    protocol: Protocol = Field(
        description="Protocol of the chain; it selects the adapters and the model of `rules`.",
        examples=["solana"],
    )
    period_type: PeriodType = Field(description="Kind of the chain's periods.", examples=["EPOCH"])
    native_unit: str = Field(
        min_length=1,
        description="Name of the smallest unit; every amount is counted in it.",
        examples=["lamports"],
    )
    native_decimals: int = Field(
        ge=0,
        le=36,
        description="A coin is 10 to this power native units.",
        examples=[9],
        json_schema_extra={"unit": "decimal places"},
    )
    display_unit: str = Field(min_length=1, description="Symbol of the coin.", examples=["SOL"])
    finality_lag: int = Field(
        ge=0,
        description="Number of periods the chain must be past a period before that period is processed.",
        examples=[2],
        json_schema_extra={"unit": "periods"},
    )
    finality_lag_unit: Literal["PERIODS"] = Field(
        default="PERIODS", description="Unit of `finality_lag`.", examples=["PERIODS"]
    )
    first_period: int | None = Field(
        default=None,
        ge=0,
        description="First period of the ledger; without it, the newest final period at the first run.",
        examples=[800],
        json_schema_extra={"unit": "period number"},
    )
    providers: ChainProviders = Field(
        description="Providers of each feed, by their names in `providers.yaml`.",
        examples=[{"fees": "rpc", "mev": "jito", "rewards": "rpc", "meta": "stakewiz"}],
    )
    reconcile: bool = Field(
        default=True,
        description="Whether a second provider of fees is compared with the first, for listed validators.",
        examples=[False],
    )
    revenue_guard: Literal["BLOCK", "SCALE"] = Field(
        default="BLOCK",
        description="What happens when the partners' claims exceed the revenue they are paid from: `BLOCK` "
        "pays nothing and reports it, `SCALE` reduces the claims in proportion.",
        examples=["SCALE"],
    )
    override_second_person_above: int | None = Field(
        default=None,
        ge=0,
        description="An override that changes a line by more needs the confirmation of a second person; "
        "without it, none does.",
        examples=[1000000000],
        json_schema_extra={"unit": "native units"},
    )
    rules: ChainRules = Field(
        description="Rules of the protocol, by its own model below; may be left out on Solana and Ethereum.",
        examples=[{}],
    )
    validators: Literal["all"] | tuple[ValidatorEntry, ...] = Field(
        description="The tracked validators, or `all` for every validator of the network (Solana only).",
        examples=["all"],
    )
    validator_defaults: ValidatorDefaults = Field(
        default=ValidatorDefaults(),
        description="Defaults for validators that do not state a value.",
        examples=[{"own_wallets": []}],
    )

    @model_validator(mode="before")
    @classmethod
    def _validate_rules(cls, data: Any) -> Any:  # noqa: ANN401 - raw YAML
        """Validate `rules` with the protocol's own model, so that errors name its fields."""
        if not isinstance(data, dict):
            return data
        model, given = RULES_BY_PROTOCOL.get(str(data.get("protocol"))), data.get("rules")
        if model is None or isinstance(given, StrictModel):
            return data
        try:
            return {**data, "rules": model.model_validate({} if given is None else given)}
        except ValidationError as problem:
            faults = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in problem.errors())
            raise ValueError(f"rules: {faults}") from None

    @model_validator(mode="after")
    def _check_validators(self) -> "ChainSettings":
        if self.validators == "all":
            if not self.rules.allows_all_validators:
                raise ValueError(f"validators: `all` is not supported on {self.protocol}; list the keys")
            return self
        keys = Counter(self.rules.normalize_key(entry.key) for entry in self.validators)
        repeated = [key for key, count in keys.items() if count > 1]
        if repeated:
            raise ValueError(f"validators lists {', '.join(repeated)} more than once")
        if not self.validators:
            raise ValueError("validators is empty: list vote accounts, or write `all`")
        return self

    def declared_validators(self) -> tuple[TrackedValidator, ...] | None:
        """The listed validators with the chain's defaults filled in, or None for `all`."""
        if self.validators == "all":
            return None
        return tuple(self._tracked(entry) for entry in self.validators)

    def normalize_address(self, text: str) -> str:
        """An account's or validator's key in canonical form. Raises ValueError for any other text."""
        return normalize_address(self.protocol, text)

    def undeclared(self, validator_key: str) -> TrackedValidator:
        """A validator that is tracked because of `validators: all`."""
        return self._tracked(ValidatorEntry(key=validator_key))

    def _tracked(self, entry: ValidatorEntry) -> TrackedValidator:
        defaults = self.validator_defaults
        own = defaults.own_wallets if entry.own_wallets is None else entry.own_wallets
        return TrackedValidator(
            validator_key=self.rules.normalize_key(entry.key),
            name=entry.name,
            identities=tuple((known.from_period, known.identity) for known in entry.identity),
            own_wallets=None if own is None else tuple(map(self.rules.normalize_key, own)),
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
