"""The strict base model of all configuration, and the `rules` of a chain in `chains.yaml`: one a protocol.

What every chain has is in `models.py`. Amounts are native units. Each field has a description, an example
and, for a quantity, a unit: `docs/configuration/` is generated from them.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from aurora_resources.addresses import ADDRESS_LENGTH, HEX_DIGITS, PUBLIC_KEY_LENGTH, normalize_address


def _hex_of(length: int, what: str) -> AfterValidator:
    def check(value: str) -> str:
        lowered = value.lower()
        if len(lowered) != length or not lowered.startswith("0x") or not set(lowered[2:]) <= HEX_DIGITS:
            raise ValueError(f'"{value}" is not {what}: 0x and {length - 2} hexadecimal digits')
        return lowered

    return AfterValidator(check)


Address: TypeAlias = Annotated[str, _hex_of(ADDRESS_LENGTH, "an address")]
PublicKey: TypeAlias = Annotated[str, _hex_of(PUBLIC_KEY_LENGTH, "a validator's public key")]


class StrictModel(BaseModel):
    """Unknown keys are refused, values never change."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class SolanaRules(StrictModel):
    """Rules of Solana that change with the epoch; amounts follow the rule in force."""

    allows_all_validators: ClassVar[bool] = True

    tip_router_first_epoch: int = Field(
        default=752,
        ge=0,
        description="First epoch in which Jito's protocol fee is taken from the tips.",
        examples=[752],
        json_schema_extra={"unit": "epoch number"},
    )
    tip_router_fee_bps: int = Field(
        default=300,
        ge=0,
        le=10_000,
        description="Jito's protocol fee, a part of the tips.",
        examples=[300],
        json_schema_extra={"unit": "basis points (1/10,000)"},
    )
    solanabeach_fee_unit: int = Field(
        default=1,
        ge=1,
        description="The value of one unit of `fees` in Solana Beach's answers, which do not state it.",
        examples=[1],
        json_schema_extra={"unit": "lamports"},
    )

    def normalize_key(self, key: str) -> str:
        """`key` unchanged: base58 has only one form."""
        return key


class FeeBase(StrEnum):
    """The base of a service fee: all income of the client's validators, or that of one layer."""

    GROSS = "GROSS"
    CONSENSUS = "CONSENSUS"
    EXECUTION = "EXECUTION"


class Owner(StrEnum):
    """The party an income belongs to."""

    OPERATOR = "OPERATOR"
    CLIENT = "CLIENT"


class Dated(StrictModel):
    """An entry in force from `from_period` on until before `until_period`."""

    from_period: int | None = Field(
        default=None,
        ge=0,
        description="First period in which the entry is in force; without it, from the beginning.",
        examples=[66986],
        json_schema_extra={"unit": "period number"},
    )
    until_period: int | None = Field(
        default=None,
        ge=1,
        description="First period in which the entry is no longer in force; without it, there is no end.",
        examples=[67038],
        json_schema_extra={"unit": "period number"},
    )

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Dated":
        since, until = self.from_period, self.until_period
        if since is not None and until is not None and until <= since:
            raise ValueError("until_period is not after from_period")
        return self

    def in_force(self, period_id: int) -> bool:
        """Whether the entry is in force in the period."""
        since = self.from_period is None or self.from_period <= period_id
        return since and (self.until_period is None or period_id < self.until_period)


class FeeRecipient(Dated):
    """An address at which execution income of the tracked validators is expected."""

    address: Address = Field(
        description="Address that receives fees and builders' payments.",
        examples=["0x1ad8f8b431f7041d26a059a7fda7cfd689d6a278"],
    )


class ServiceTerms(Dated):
    """The service fee of a client: `fee_bps` of `base`, rounded down, and nothing of a loss."""

    fee_bps: int = Field(
        ge=0,
        le=10_000,
        description="The service fee, a part of `base`.",
        examples=[1000],
        json_schema_extra={"unit": "basis points (1/10,000)"},
    )
    base: FeeBase = Field(
        description="Base of the fee: all income (`GROSS`), consensus rewards (`CONSENSUS`) or income of "
        "blocks (`EXECUTION`).",
        examples=["GROSS"],
    )
    execution_income: Owner = Field(
        default=Owner.CLIENT,
        description="Party that fees and MEV of the client's blocks belong to, whatever address they were "
        "paid to.",
        examples=["OPERATOR"],
    )


class Client(StrictModel):
    """A client whose stake the operator runs for a fee."""

    code: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="Identifier of the client; `groups` refer to it.",
        examples=["meridian"],
    )
    terms: tuple[ServiceTerms, ...] = Field(
        min_length=1,
        description="The client's terms, at most one in force in a period.",
        examples=[[{"fee_bps": 1000, "base": "GROSS"}]],
    )

    def terms_in(self, period_id: int) -> ServiceTerms | None:
        """The terms in force in the period."""
        return next((terms for terms in self.terms if terms.in_force(period_id)), None)


class Pool(StrEnum):
    """The use of the execution income of a group's blocks.

    NONE: it belongs to the proposer. SHARED: it is divided among the members by effective balance times
    epochs. EXTERNAL: it belongs to another party's pool, whose payouts are declared by period.
    """

    NONE = "NONE"
    SHARED = "SHARED"
    EXTERNAL = "EXTERNAL"


class PoolPayout(StrictModel):
    """A payout of an external pool to a group for one period."""

    period: int = Field(
        ge=0,
        description="The period the payout is for.",
        examples=[66988],
        json_schema_extra={"unit": "period number"},
    )
    amount: int = Field(
        ge=0,
        strict=True,
        description="The amount paid; 0 declares that nothing was paid.",
        examples=[41000000000000000],
        json_schema_extra={"unit": "wei"},
    )


class Group(Dated):
    """Validators that one operator runs for one client, or with its own stake."""

    code: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*$", description="Identifier of the group.", examples=["meridian-a"]
    )
    operator: str = Field(
        min_length=1,
        description="Name of the operator, shown with the validator.",
        examples=["Aldebaran Staking"],
    )
    client: str | None = Field(
        default=None,
        description="Code of the client in `clients`; without it, the stake is the operator's own.",
        examples=["meridian"],
    )
    validators: tuple[PublicKey, ...] = Field(
        min_length=1,
        description="Public keys of the validators; a validator is in one group at a time.",
        examples=[
            [
                "0x807bdb343726e5b40197dce967da3b287366131cbc176950c2dcabd97c09114402c62bfebcffab054d356aa73ab6a2be"
            ]
        ],
    )
    pool: Pool = Field(
        default=Pool.NONE,
        description="Use of the income of the group's blocks: the proposer's (`NONE`), divided among the "
        "members by effective balance times epochs (`SHARED`), or paid to another party's pool (`EXTERNAL`).",
        examples=["EXTERNAL"],
    )
    pool_payouts: tuple[PoolPayout, ...] = Field(
        default=(),
        description="Payouts of the external pool, one entry a period.",
        examples=[[{"period": 66988, "amount": 41000000000000000}]],
    )


class EthereumRules(StrictModel):
    """Rules of a beacon chain: the length of its windows, its identity, fee recipients, clients and groups.

    A period is a window of `window_epochs` epochs, counted from genesis.
    """

    allows_all_validators: ClassVar[bool] = False

    window_epochs: int = Field(
        default=1_575,
        ge=1,
        description="Length of a window, which is a period; 1,575 epochs are a week.",
        examples=[1575],
        json_schema_extra={"unit": "epochs"},
    )
    lag_epochs: int = Field(
        default=10,
        ge=0,
        description="Finalised epochs required after a window before it is final, so that relays have time "
        "to publish.",
        examples=[10],
        json_schema_extra={"unit": "epochs"},
    )
    genesis_time: int = Field(
        default=1_606_824_023,
        ge=0,
        description="Genesis time of the network; a node with another one is refused.",
        examples=[1606824023],
        json_schema_extra={"unit": "seconds since 1970-01-01 UTC"},
    )
    genesis_validators_root: str | None = Field(
        default=None,
        description="Genesis validators root of the network; a node with another one is refused. Without it, "
        "only the genesis time is compared.",
        examples=["0x4b363db94e286120d76eb905340fdd4e54bfe9f06bf33ff6cf5ad27f511bfe95"],
    )
    execution_chain_id: int = Field(
        default=1,
        ge=1,
        description="Chain id that the execution node must have.",
        examples=[1],
        json_schema_extra={"unit": "EIP-155 chain id"},
    )
    fee_recipients: tuple[FeeRecipient, ...] = Field(
        default=(),
        description="Addresses at which execution income is expected.",
        examples=[[{"address": "0x1ad8f8b431f7041d26a059a7fda7cfd689d6a278"}]],
    )
    clients: tuple[Client, ...] = Field(
        default=(),
        description="Clients whose stake is run for a fee.",
        examples=[[{"code": "meridian", "terms": [{"fee_bps": 1000, "base": "GROSS"}]}]],
    )
    groups: tuple[Group, ...] = Field(
        default=(),
        description="Validators by operator and client; a validator in no group is run with its own stake.",
        examples=[[]],
    )

    @model_validator(mode="after")
    def _check_references(self) -> "EthereumRules":
        for kind, codes in (
            ("clients", [client.code for client in self.clients]),
            ("groups", [group.code for group in self.groups]),
        ):
            if repeated := _repeated(codes):
                raise ValueError(f"{kind} lists {', '.join(repeated)} more than once")
        known = {client.code for client in self.clients}
        for client in self.clients:
            _one_at_a_time(client.terms, f"client {client.code} has two terms")
        for group in self.groups:
            if group.client is not None and group.client not in known:
                raise ValueError(f"group {group.code} is of client {group.client}, which clients lacks")
        for key in {key for group in self.groups for key in group.validators}:
            of_key = [group for group in self.groups if key in group.validators]
            _one_at_a_time(of_key, f"{key} is in two groups")
        return self

    def normalize_key(self, key: str) -> str:
        """A public key or address in lower case. Raises ValueError for any other text."""
        try:
            return normalize_address("ethereum", key)
        except ValueError as error:
            raise ValueError(f'"{key}": {error}') from None

    def group_of(self, validator_key: str, period_id: int) -> Group | None:
        """The group a validator is in during the period."""
        for group in self.groups:
            if group.in_force(period_id) and validator_key in group.validators:
                return group
        return None

    def client(self, code: str) -> Client:
        """The client of that code; validation ensures that it exists."""
        return next(client for client in self.clients if client.code == code)

    def recipients_in(self, period_id: int) -> frozenset[str]:
        """Addresses at which execution income is expected in the period."""
        return frozenset(entry.address for entry in self.fee_recipients if entry.in_force(period_id))


ChainRules: TypeAlias = SolanaRules | EthereumRules
Protocol: TypeAlias = Literal["solana", "ethereum"]
RULES_BY_PROTOCOL: Final[dict[str, type[ChainRules]]] = {"solana": SolanaRules, "ethereum": EthereumRules}


def _repeated(values: Iterable[str]) -> list[str]:
    return [value for value, count in Counter(values).items() if count > 1]


def _one_at_a_time(entries: Iterable[Dated], problem: str) -> None:
    """Raise ValueError when two entries are in force in the same period."""
    in_order = sorted(entries, key=lambda entry: -1 if entry.from_period is None else entry.from_period)
    for before, after in pairwise(in_order):
        if before.until_period is None or (after.from_period or 0) < before.until_period:
            raise ValueError(f"{problem} in period {after.from_period or 0}")
