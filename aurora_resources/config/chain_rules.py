"""What is particular to a protocol in `chains.yaml`: the `rules` of a chain, one model a protocol.

What every chain has is in `config.py`. Nothing is asked or computed here; amounts are native units.
"""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from aurora_resources.addresses import ADDRESS_LENGTH, HEX_DIGITS, PUBLIC_KEY_LENGTH, normalize_address
from aurora_resources.config.strict_model import StrictModel


def _hex_of(length: int, what: str) -> AfterValidator:
    def check(value: str) -> str:
        lowered = value.lower()
        if len(lowered) != length or not lowered.startswith("0x") or not set(lowered[2:]) <= HEX_DIGITS:
            raise ValueError(f'"{value}" is not {what}: 0x and {length - 2} hexadecimal digits')
        return lowered

    return AfterValidator(check)


Address: TypeAlias = Annotated[str, _hex_of(ADDRESS_LENGTH, "an address")]
PublicKey: TypeAlias = Annotated[str, _hex_of(PUBLIC_KEY_LENGTH, "a validator's public key")]


class SolanaRules(StrictModel):
    """Protocol rules that change with the epoch; amounts follow the rule in force.

    From `tip_router_first_epoch` on, `tip_router_fee_bps` of the tips is Jito's protocol fee.
    `solanabeach_fee_unit` is how many lamports one unit of Solana Beach's undocumented `fees` is.
    """

    keeps_a_whole_network: ClassVar[bool] = True

    tip_router_first_epoch: int = Field(default=752, ge=0)
    tip_router_fee_bps: int = Field(default=300, ge=0, le=10_000)
    solanabeach_fee_unit: int = Field(default=1, ge=1)

    def spelled(self, key: str) -> str:
        """A key's only spelling is its own."""
        return key


class FeeBase(StrEnum):
    """What a service fee is a part of: all the client's validators earn, or one layer of it alone."""

    GROSS = "GROSS"
    CONSENSUS = "CONSENSUS"
    EXECUTION = "EXECUTION"


class Owner(StrEnum):
    """Whose an income is."""

    OPERATOR = "OPERATOR"
    CLIENT = "CLIENT"


class Dated(StrictModel):
    """Holds from `from_period` on (left out: from the beginning) until before `until_period`."""

    from_period: int | None = Field(default=None, ge=0)
    until_period: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> "Dated":
        since, until = self.from_period, self.until_period
        if since is not None and until is not None and until <= since:
            raise ValueError("until_period is not after from_period")
        return self

    def holds_in(self, period_id: int) -> bool:
        """Whether it is in force in the period."""
        since = self.from_period is None or self.from_period <= period_id
        return since and (self.until_period is None or period_id < self.until_period)


class FeeRecipient(Dated):
    """An address that execution income of our validators is expected at."""

    address: Address


class ServiceTerms(Dated):
    """What a client pays: `fee_bps` of `base`, rounded down, and never of a loss.

    `execution_income` is whose the fees and MEV of the client's blocks are, wherever they were paid to.
    """

    fee_bps: int = Field(ge=0, le=10_000)
    base: FeeBase
    execution_income: Owner = Owner.CLIENT


class Client(StrictModel):
    """Somebody whose stake the operator runs, for a fee."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    terms: tuple[ServiceTerms, ...] = Field(min_length=1)

    def terms_in(self, period_id: int) -> ServiceTerms | None:
        """The terms in force in the period."""
        return next((terms for terms in self.terms if terms.holds_in(period_id)), None)


class Pool(StrEnum):
    """What happens to the execution income of a group's blocks.

    NONE: it is the proposer's. SHARED: it is pooled and each member is given its part by effective balance
    and epochs. EXTERNAL: it belongs to a pool of others, and what that paid out is declared by period.
    """

    NONE = "NONE"
    SHARED = "SHARED"
    EXTERNAL = "EXTERNAL"


class PoolPayout(StrictModel):
    """What an external pool paid a group for a period, in wei."""

    period: int = Field(ge=0)
    amount: int = Field(ge=0, strict=True)


class Group(Dated):
    """Validators that one operator runs for one client (none: with its own stake)."""

    code: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    operator: str = Field(min_length=1)
    client: str | None = None
    validators: tuple[PublicKey, ...] = Field(min_length=1)
    pool: Pool = Pool.NONE
    pool_payouts: tuple[PoolPayout, ...] = ()


class EthereumRules(StrictModel):
    """A chain of the beacon-chain kind: its windows, whose its validators are, and where income is expected.

    A period is `window_epochs` epochs, counted from genesis (1,575 are a week). `lag_epochs` more must be
    finalised before a window is final, so that relays had time to publish. `genesis_time` (seconds since
    1970) and `genesis_validators_root` say which network a node must be on, `execution_chain_id` which one
    an execution node.
    """

    keeps_a_whole_network: ClassVar[bool] = False

    window_epochs: int = Field(default=1_575, ge=1)
    lag_epochs: int = Field(default=10, ge=0)
    genesis_time: int = Field(default=1_606_824_023, ge=0)
    genesis_validators_root: str | None = None
    execution_chain_id: int = Field(default=1, ge=1)
    fee_recipients: tuple[FeeRecipient, ...] = ()
    clients: tuple[Client, ...] = ()
    groups: tuple[Group, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> "EthereumRules":
        for kind, codes in (
            ("clients", [client.code for client in self.clients]),
            ("groups", [group.code for group in self.groups]),
        ):
            if twice := _repeated(codes):
                raise ValueError(f"{kind} lists {', '.join(twice)} more than once")
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

    def spelled(self, key: str) -> str:
        """The one spelling of a public key or address: lower case, with or without a checksum's capitals.

        Raises ValueError for what is neither.
        """
        try:
            return normalize_address("ethereum", key)
        except ValueError as fault:
            raise ValueError(f'"{key}": {fault}') from None

    def group_of(self, validator_key: str, period_id: int) -> Group | None:
        """The group a validator is in during the period."""
        for group in self.groups:
            if group.holds_in(period_id) and validator_key in group.validators:
                return group
        return None

    def client(self, code: str) -> Client:
        """The client of that code, which the rules are checked to have."""
        return next(client for client in self.clients if client.code == code)

    def recipients_in(self, period_id: int) -> frozenset[str]:
        """Addresses that execution income is expected at during the period."""
        return frozenset(entry.address for entry in self.fee_recipients if entry.holds_in(period_id))


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
