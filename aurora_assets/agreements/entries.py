"""What is agreed with a partner as a person writes it, in a file or through the API: strict models of it.

Amounts are native units as whole numbers, or coins as text with the chain's symbol (`0.5 COIN`), turned into
native units exactly. Dates are days or times in UTC. Here is the way to the engine's own values, too; reading
a file is in `file.py`, writing to the warehouse in `store.py` and `editing.py`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Annotated, Never, Protocol, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, ValidationError

from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    LossPolicy,
    Method,
    Rule,
    Tier,
    TierMetric,
    TierMode,
    TierSchedule,
    TierScope,
    WalletClaim,
)
from aurora_resources.addresses import normalize_address
from aurora_resources.config.chain_rules import StrictModel
from aurora_resources.errors import AgreementError
from aurora_resources.records import Component
from aurora_resources.units import parse_amount

M = TypeVar("M", bound=BaseModel)


class KnownChain(Protocol):
    """What must be known of a chain to read an amount or a wallet: its coin, and whose form its keys have."""

    @property
    def protocol(self) -> str:
        """The protocol it speaks."""

    @property
    def display_unit(self) -> str:
        """The coin's symbol."""

    @property
    def native_decimals(self) -> int:
        """A coin is 10 to this power native units."""


def _first_moment(value: object) -> object:
    """A day is its first moment. A bare number is refused: it would be read as seconds since 1970."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else _refuse_time(value)
    except ValueError:
        return _refuse_time(value)


def _refuse_time(value: object) -> Never:
    raise ValueError(f"{value!r} is not a time; write 2026-01-31 or 2026-01-31T12:00:00+00:00")


def _in_utc(value: datetime) -> datetime:
    """A time without zone is UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_first_moment), AfterValidator(_in_utc)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
NativeOrCoins = Annotated[int, Field(strict=True, ge=0)] | Annotated[str, Field(min_length=1)]


class TierEntry(StrictModel):
    """Up to `upto` (inclusive; left out for the last, open tier) the rate is `rate_bps`."""

    upto: NativeOrCoins | None = Field(
        default=None,
        description="Upper limit of the tier, inclusive; left out for the last, open tier.",
        examples=["0.05 COIN"],
        json_schema_extra={"unit": "native units, or coins with their symbol"},
    )
    rate_bps: int = Field(
        ge=0,
        le=10_000,
        description="Rate of the tier.",
        examples=[1000],
        json_schema_extra={"unit": "basis points (1/10,000)"},
    )


class TiersEntry(StrictModel):
    """Tiers in ascending order and how they are read."""

    mode: TierMode = Field(
        default=TierMode.MARGINAL,
        description="`MARGINAL`: each tier's rate applies to its own slice. `CLIFF`: the rate of the reached "
        "tier applies to everything.",
        examples=["MARGINAL"],
    )
    metric: TierMetric = Field(
        default=TierMetric.REVENUE,
        description="Quantity compared with the limits: the rule's base or the partner's stake under it.",
        examples=["REVENUE"],
    )
    scope: TierScope = Field(
        default=TierScope.PERIOD,
        description="Time over which the base is summed: the period, or the quarter or year to date (UTC).",
        examples=["PERIOD"],
    )
    tiers: tuple[TierEntry, ...] = Field(
        min_length=1,
        description="The tiers, in ascending order.",
        examples=[[{"upto": "0.05 COIN", "rate_bps": 1000}, {"rate_bps": 2000}]],
    )


class RuleEntry(StrictModel):
    """One rule: a component, a method, and exactly one of `rate_bps` and `tiers`."""

    id: Code = Field(
        description="Identifier of the rule within its agreement.", examples=["half-the-commission"]
    )
    component: Component = Field(
        description="Component of the validators' revenue that the rule pays from.", examples=["COMMISSION"]
    )
    method: Method = Field(
        description="Attribution method, which determines the base; see `docs/commission-rules.md`.",
        examples=["STAKE_WEIGHT"],
    )
    chain: str | None = Field(
        default=None,
        description="Chain the rule is for; without it, every chain. Required for amounts in coins.",
        examples=["my-chain"],
    )
    validator: str | None = Field(
        default=None,
        description="Validator the rule is for; without it, every validator.",
        examples=["a validator key"],
    )
    rate_bps: int | None = Field(
        default=None,
        ge=0,
        le=10_000,
        description="Rate of the rule; exactly one of `rate_bps` and `tiers` is given.",
        examples=[5000],
        json_schema_extra={"unit": "basis points (1/10,000)"},
    )
    tiers: TiersEntry | None = Field(
        default=None,
        description="Rates by tier.",
        examples=[{"tiers": [{"upto": "0.05 COIN", "rate_bps": 1000}, {"rate_bps": 2000}]}],
    )
    floor: NativeOrCoins | None = Field(
        default=None,
        description="Least amount the rule pays in a period.",
        examples=["0.01 COIN"],
        json_schema_extra={"unit": "native units, or coins with their symbol"},
    )
    cap: NativeOrCoins | None = Field(
        default=None,
        description="Largest amount the rule pays in a period.",
        examples=["5 COIN"],
        json_schema_extra={"unit": "native units, or coins with their symbol"},
    )
    guarantee: bool = Field(
        default=False,
        description="Whether the floor is owed even when there is no base.",
        examples=[True],
    )
    loss_policy: LossPolicy = Field(
        default=LossPolicy.CARRY,
        description="What happens to a negative base. `CARRY`: it is set against the rule's next positive "
        "bases. `NO_CARRY`: it is dropped.",
        examples=["CARRY"],
    )


class AgreementEntry(StrictModel):
    """One agreement as it stands now; loading a changed one makes a new version."""

    id: Code = Field(description="Identifier of the agreement.", examples=["northwind-introduction"])
    name: str = Field(
        min_length=1,
        description="Name shown to people.",
        examples=["Introduction of institutional stake"],
    )
    status: AgreementStatus = Field(
        default=AgreementStatus.DRAFT,
        description="Only an `ACTIVE` agreement pays.",
        examples=["ACTIVE"],
    )
    valid_from: Moment = Field(
        alias="from",
        description="Begin of the agreement, inclusive.",
        examples=["2020-01-01"],
        json_schema_extra={"unit": "day or time, UTC"},
    )
    valid_until: Moment | None = Field(
        default=None,
        alias="until",
        description="End of the agreement, exclusive; without it, there is no end.",
        examples=["2027-01-01"],
        json_schema_extra={"unit": "day or time, UTC"},
    )
    reason: str = Field(
        default="loaded from file",
        description="Reason of this version, recorded with it.",
        examples=["annual renewal"],
    )
    rules: tuple[RuleEntry, ...] = Field(
        min_length=1,
        description="The rules, in the order in which they are applied.",
        examples=[[{"id": "half", "component": "COMMISSION", "method": "STAKE_WEIGHT", "rate_bps": 5000}]],
    )


class WalletEntry(StrictModel):
    """A wallet the partner introduced: what may withdraw the stake on its chain, a key or an address."""

    chain: str = Field(description="Chain of the wallet.", examples=["my-chain"])
    wallet: str = Field(
        min_length=1,
        description="Withdrawal key or address of the stake.",
        examples=["a withdrawal key"],
    )
    valid_from: Moment = Field(
        alias="from",
        description="Begin of the claim, inclusive.",
        examples=["2020-01-01"],
        json_schema_extra={"unit": "day or time, UTC"},
    )
    valid_until: Moment | None = Field(
        default=None,
        alias="until",
        description="End of the claim, exclusive; without it, there is no end.",
        examples=["2027-01-01"],
        json_schema_extra={"unit": "day or time, UTC"},
    )
    notes: str | None = Field(
        default=None, min_length=1, max_length=500, description="A remark.", examples=["cold wallet"]
    )


class PartnerEntry(StrictModel):
    """One partner with everything that is agreed with it."""

    code: Code = Field(description="Identifier of the partner.", examples=["northwind"])
    name: str = Field(min_length=1, description="Name on statements.", examples=["Northwind Capital"])
    wallets: tuple[WalletEntry, ...] = Field(
        default=(),
        description="Wallets the partner introduced.",
        examples=[[{"chain": "my-chain", "wallet": "a withdrawal key", "from": "2020-01-01"}]],
    )
    agreements: tuple[AgreementEntry, ...] = Field(
        default=(), description="Agreements with the partner, by id.", examples=[[]]
    )


def parse_entry(model: type[M], raw: object, where: str) -> M:
    """`raw` as one of the models. Raises AgreementError with a line for each fault: `where`, place, fault."""
    try:
        return model.model_validate(raw)
    except ValidationError as problem:
        lines = [
            f"{where}: {'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_input=False, include_url=False)
        ]
        raise AgreementError("\n".join(lines)) from None


def to_claim(partner_code: str, entry: WalletEntry) -> WalletClaim:
    """The engine's claim. Raises AgreementError for a bad time range."""
    return WalletClaim(
        chain_id=entry.chain,
        wallet=entry.wallet,
        partner_id=partner_code,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
    )


def normalize_wallet(entry: WalletEntry, chains: Mapping[str, KnownChain]) -> WalletEntry:
    """The wallet in its chain's one spelling.

    Raises AgreementError for a chain that is not configured, or a wallet without the form of one there.
    """
    return entry.model_copy(update={"wallet": _spelled("wallet", entry.chain, entry.wallet, chains)})


def normalize_partner(partner: PartnerEntry, chains: Mapping[str, KnownChain]) -> PartnerEntry:
    """The partner with its wallets in their chains' spelling. Raises AgreementError."""
    wallets = tuple(normalize_wallet(entry, chains) for entry in partner.wallets)
    return partner.model_copy(update={"wallets": wallets})


def _spelled(what: str, chain_id: str, key: str, chains: Mapping[str, KnownChain]) -> str:
    try:
        return normalize_address(known_chain(chain_id, chains).protocol, key)
    except ValueError as fault:
        raise AgreementError(f"{what} {key} on {chain_id}: {fault}") from None


def to_version(
    partner_code: str, entry: AgreementEntry, *, version: int, chains: Mapping[str, KnownChain]
) -> AgreementVersion:
    """The engine's agreement version, amounts in native units. Raises AgreementError naming the rule."""
    return AgreementVersion(
        agreement_id=entry.id,
        version=version,
        partner_id=partner_code,
        status=entry.status,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
        rules=tuple(
            _rule(f"agreement {entry.id} rule {rule.id}", rule, order, chains)
            for order, rule in enumerate(entry.rules, start=1)
        ),
    )


def _rule(where: str, entry: RuleEntry, order: int, chains: Mapping[str, KnownChain]) -> Rule:
    chain = None if entry.chain is None else known_chain(entry.chain, chains)

    def native(amount: int | str | None, field: str) -> int | None:
        if amount is None or isinstance(amount, int):
            return amount
        number, _, symbol = amount.partition(" ")
        if chain is None or symbol != chain.display_unit:
            raise AgreementError(
                f'{where}: {field} "{amount}": write native units as a whole number, or coins of the rule\'s '
                "chain with its symbol (`0.5 COIN`)"
            )
        try:
            return parse_amount(number, chain.native_decimals)
        except ValueError as problem:
            raise AgreementError(f"{where}: {field}: {problem}") from None

    schedule = None
    if entry.tiers is not None:
        schedule = TierSchedule(
            tiers=tuple(Tier(native(tier.upto, "tiers.upto"), tier.rate_bps) for tier in entry.tiers.tiers),
            mode=entry.tiers.mode,
            metric=entry.tiers.metric,
            scope=entry.tiers.scope,
        )
    return Rule(
        rule_id=entry.id,
        order=order,
        component=entry.component,
        method=entry.method,
        chain_id=entry.chain,
        validator_key=(
            entry.validator
            if entry.chain is None or entry.validator is None
            else _spelled("validator", entry.chain, entry.validator, chains)
        ),
        rate_bps=entry.rate_bps,
        tiers=schedule,
        floor=native(entry.floor, "floor"),
        cap=native(entry.cap, "cap"),
        guarantee=entry.guarantee,
        loss_policy=entry.loss_policy,
    )


def known_chain(chain_id: str, chains: Mapping[str, KnownChain]) -> KnownChain:
    """What is known of a chain. Raises AgreementError when it is not configured."""
    if chain_id not in chains:
        raise AgreementError(f'chain "{chain_id}" is not configured; chains.yaml has: {", ".join(chains)}')
    return chains[chain_id]
