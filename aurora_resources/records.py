"""The vocabulary of facts: requests, responses, and the canonical records made of them.

All amounts are `int` in the chain's native unit; None means unknown, never zero. Nothing here knows a
provider, a chain's protocol, Dagster or SQL. A record is one row: its docstring says of what.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

Json: TypeAlias = "bool | int | str | Sequence[Json] | Mapping[str, Json] | None"

T = TypeVar("T")


class Feed(StrEnum):
    """The kinds of data a chain's providers deliver; staged responses are grouped by feed."""

    PERIODS = "periods"
    FEES = "fees"
    MEV = "mev"
    REWARDS = "rewards"
    META = "meta"
    STAKES = "stakes"


class FactState(StrEnum):
    """How certain a fact is. MISSING has no amount; PROVISIONAL may still change at its provider."""

    FINAL = "FINAL"
    PROVISIONAL = "PROVISIONAL"
    MISSING = "MISSING"


class Component(StrEnum):
    """The four components of a validator's revenue."""

    EXEC_FEES = "EXEC_FEES"
    MEV_TIPS = "MEV_TIPS"
    VOTE_REWARDS = "VOTE_REWARDS"
    COMMISSION = "COMMISSION"


class StakeBasis(StrEnum):
    """Where a staker's active stake comes from.

    SNAPSHOT: our own end-of-period snapshot of stake accounts. REWARD_SHARE: the validator's active stake
    split over its stakers by the rewards they were paid (exact shares, no account snapshot was taken).
    UNKNOWN: neither; the stake is None.
    """

    SNAPSHOT = "SNAPSHOT"
    REWARD_SHARE = "REWARD_SHARE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class ProviderRequest:
    """One HTTP request to one provider, without its base URL, headers or secrets.

    `endpoint` is what messages call it (`getBlock`, `POST /validators`). `subject` is the validator it is
    about, if one. `immutable` says that a good answer can never change (a finalised block), so that an
    answer already staged is used again.
    """

    provider: str
    endpoint: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: Json = None
    subject: str | None = None
    immutable: bool = False

    def to_json(self) -> dict[str, Json]:
        """The request as stored in staging: method, path, query and body; it never holds a secret."""
        return {"method": self.method, "path": self.path, "query": dict(self.query), "body": self.body}

    def digest(self) -> bytes:
        """SHA-256 of the provider and `to_json()` as canonical JSON: the identity of the request."""
        text = json.dumps([self.provider, self.to_json()], sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).digest()


@dataclass(frozen=True, slots=True)
class ProviderResponse:
    """One response exactly as received, with the request it answers."""

    request: ProviderRequest
    status: int
    body: bytes
    fetched_at: datetime
    decoded: dict[object, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What parsers made of the body, by the shape they read it as (`providers/decoding.py`)."""

    @property
    def sha256(self) -> bytes:
        """SHA-256 of the body, 32 bytes."""
        return hashlib.sha256(self.body).digest()


Staged: TypeAlias = Mapping[tuple[Feed, str], Sequence[ProviderResponse]]
"""Responses of one period in the order of their requests, by feed and provider."""


class Fetcher(Protocol):
    """Whatever can put a request to its provider; the graph's one also keeps every answer in staging."""

    async def fetch(self, request: ProviderRequest) -> ProviderResponse:
        """Return the answer. Raises ProviderError (see `errors.py`) after the client's own retries."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """A message about a fact: a gap, a drift, a fallback."""

    code: str
    message: str
    validator_key: str | None = None


@dataclass(frozen=True, slots=True)
class TrackedValidator:
    """A tracked validator.

    `identities` are the keys fees are looked up by, oldest first, as (first period or None, identity);
    `own_wallets` are the operator's withdrawers, None when not declared; `mev_declared_none` is the
    operator's word that it runs no MEV client.
    """

    validator_key: str
    name: str | None = None
    identities: tuple[tuple[int | None, str], ...] = ()
    own_wallets: tuple[str, ...] | None = None
    mev_declared_none: bool = False


@dataclass(frozen=True, slots=True)
class ChainHead:
    """Where the chain is: the running period, and the time of the answer.

    `note` explains it where needed, for example that the chain has stopped finalising.
    """

    current_period: int
    fetched_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """One period of one chain: slots inclusive, times in UTC, `ends_at` is the start of the next period."""

    period_id: int
    label: str
    first_slot: int
    last_slot: int
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class ValidatorIdentity:
    """Which identity a validator used in a period, and how that is known."""

    validator_key: str
    identity: str
    source: str


@dataclass(frozen=True, slots=True)
class ValidatorFees:
    """Execution fees of one validator in one period.

    `gross` is what its produced blocks credited; `delegators_share` what it shared out of that;
    `operator_share` the rest. `produced_blocks` counts the blocks behind it.
    """

    validator_key: str
    provider: str
    state: FactState
    gross: int | None
    delegators_share: int | None
    operator_share: int | None
    produced_blocks: int | None = None


@dataclass(frozen=True, slots=True)
class ValidatorMev:
    """MEV of one validator in one period: `gross` = protocol fee + delegators' + operator's share + dust."""

    validator_key: str
    provider: str
    state: FactState
    gross: int | None
    protocol_fee: int | None
    delegators_share: int | None
    operator_share: int | None
    commission_bps: int | None


@dataclass(frozen=True, slots=True)
class ValidatorRewards:
    """Consensus rewards of one validator in one period.

    `commission` is what the validator took from its delegators; `delegators_share` what they were paid net;
    `own_rewards` the part of `delegators_share` on the operator's own wallets (None: wallets undeclared or
    stakers unknown); `active_stake` the validator's stake that counted. `stakers_state` tells whether the
    per-staker rows are complete.
    """

    validator_key: str
    provider: str
    state: FactState
    commission: int | None
    delegators_share: int | None
    own_rewards: int | None
    active_stake: int | None
    stakers_state: FactState
    staker_count: int


@dataclass(frozen=True, slots=True)
class StakeReward:
    """One stake account of one validator in one period.

    `reward` is the net consensus reward paid to it, `commission` what the validator took from it (its part
    of the validator's commission, split exactly by net reward), `tips` the MEV paid to it, `tips_commission`
    the validator's MEV cut on it (split exactly by tips). `withdrawer` owns the money.
    """

    validator_key: str
    stake_account: str
    staker: str | None
    withdrawer: str | None
    active_stake: int | None
    stake_basis: StakeBasis
    reward: int | None
    commission: int | None
    tips: int | None
    tips_commission: int | None


@dataclass(frozen=True, slots=True)
class ValidatorMeta:
    """Descriptive data of one validator; nothing here is money.

    As a provider gave it, but `group_name`, `operator` and `client`: those are declared, as of the period.
    """

    validator_key: str
    provider: str
    name: str | None
    identity: str | None
    commission_bps: int | None
    version: str | None
    delinquent: bool | None
    website: str | None = None
    group_name: str | None = None
    operator: str | None = None
    client: str | None = None


@dataclass(frozen=True, slots=True)
class Normalized(Generic[T]):
    """Records made of payloads, with the findings about them."""

    records: tuple[T, ...]
    findings: tuple[Finding, ...] = field(default=())
