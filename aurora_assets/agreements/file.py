"""Partners, their wallets and agreements as a readable YAML file: strict models, and the way to the engine's.

Amounts are native units as whole numbers, or coins as text with the chain's symbol (`0.5 SOL`), turned into
native units exactly. Dates are days or times in UTC. Writing to the warehouse is in `agreements/store.py`.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from aurora_assets.commission.activation import validate
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
from aurora_resources.config import ChainSettings
from aurora_resources.errors import AgreementError
from aurora_resources.records import Component
from aurora_resources.units import parse_amount


def _first_moment(value: object) -> object:
    """A day is its first moment."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return value


def _in_utc(value: datetime) -> datetime:
    """A time without zone is UTC."""
    return value if value.tzinfo else value.replace(tzinfo=UTC)


Moment = Annotated[datetime, BeforeValidator(_first_moment), AfterValidator(_in_utc)]
Code = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
NativeOrCoins = Annotated[int, Field(strict=True, ge=0)] | Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class TierEntry(_Strict):
    """Up to `upto` (inclusive; left out for the last, open tier) the rate is `rate_bps`."""

    upto: NativeOrCoins | None = None
    rate_bps: int = Field(ge=0, le=10_000)


class TiersEntry(_Strict):
    """Tiers in ascending order and how they are read."""

    mode: TierMode = TierMode.MARGINAL
    metric: TierMetric = TierMetric.REVENUE
    scope: TierScope = TierScope.PERIOD
    tiers: tuple[TierEntry, ...] = Field(min_length=1)


class RuleEntry(_Strict):
    """One rule: a component, a method, and exactly one of `rate_bps` and `tiers`."""

    id: Code
    component: Component
    method: Method
    chain: str | None = None
    validator: str | None = None
    rate_bps: int | None = Field(default=None, ge=0, le=10_000)
    tiers: TiersEntry | None = None
    floor: NativeOrCoins | None = None
    cap: NativeOrCoins | None = None
    guarantee: bool = False
    loss_policy: LossPolicy = LossPolicy.CARRY


class AgreementEntry(_Strict):
    """One agreement as it stands now; loading a changed one makes a new version."""

    id: Code
    name: str = Field(min_length=1)
    status: AgreementStatus = AgreementStatus.DRAFT
    valid_from: Moment = Field(alias="from")
    valid_until: Moment | None = Field(default=None, alias="until")
    reason: str = "loaded from file"
    rules: tuple[RuleEntry, ...] = Field(min_length=1)


class WalletEntry(_Strict):
    """A wallet the partner introduced: a withdrawer (Solana) or withdrawal address (Ethereum)."""

    chain: str
    wallet: str = Field(min_length=1)
    valid_from: Moment = Field(alias="from")
    valid_until: Moment | None = Field(default=None, alias="until")


class PartnerEntry(_Strict):
    """One partner with everything that is agreed with it."""

    code: Code
    name: str = Field(min_length=1)
    wallets: tuple[WalletEntry, ...] = ()
    agreements: tuple[AgreementEntry, ...] = ()


class AgreementFile(_Strict):
    """The whole file."""

    format: Literal["aurora-agreements/1"] = "aurora-agreements/1"
    partners: tuple[PartnerEntry, ...] = Field(min_length=1)


def read_agreement_file(path: Path, chains: Mapping[str, ChainSettings]) -> AgreementFile:
    """Read and check a file. Raises AgreementError naming the file, the place in it and the remedy.

    Every agreement that is not a draft must be fit to be put in force; chains must be configured.
    """
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise AgreementError(f"{path}: there is no such file") from None
    except yaml.YAMLError as problem:
        raise AgreementError(f"{path}: not valid YAML: {problem}") from None
    try:
        parsed = AgreementFile.model_validate(raw)
    except ValidationError as problem:
        lines = [
            f"{path}: {'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in problem.errors(include_input=False, include_url=False)
        ]
        raise AgreementError("\n".join(lines)) from None
    for partner in parsed.partners:
        try:
            _check(partner, chains)
        except AgreementError as problem:
            raise AgreementError(f"{path}: partner {partner.code}: {problem}") from None
    return parsed


def _check(partner: PartnerEntry, chains: Mapping[str, ChainSettings]) -> None:
    for wallet in partner.wallets:
        _chain(wallet.chain, chains)
        to_claim(partner, wallet)
    for agreement in partner.agreements:
        version = to_version(partner, agreement, version=1, chains=chains)
        if version.status is not AgreementStatus.DRAFT:
            validate(version)


def to_claim(partner: PartnerEntry, entry: WalletEntry) -> WalletClaim:
    """The engine's claim. Raises AgreementError for a bad time range."""
    return WalletClaim(
        chain_id=entry.chain,
        wallet=entry.wallet,
        partner_id=partner.code,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
    )


def to_version(
    partner: PartnerEntry, entry: AgreementEntry, *, version: int, chains: Mapping[str, ChainSettings]
) -> AgreementVersion:
    """The engine's agreement version, amounts in native units. Raises AgreementError naming the rule."""
    return AgreementVersion(
        agreement_id=entry.id,
        version=version,
        partner_id=partner.code,
        status=entry.status,
        valid_from=entry.valid_from,
        valid_until=entry.valid_until,
        rules=tuple(
            _rule(f"agreement {entry.id} rule {rule.id}", rule, order, chains)
            for order, rule in enumerate(entry.rules, start=1)
        ),
    )


def _rule(where: str, entry: RuleEntry, order: int, chains: Mapping[str, ChainSettings]) -> Rule:
    chain = None if entry.chain is None else _chain(entry.chain, chains)

    def native(amount: int | str | None, field: str) -> int | None:
        if amount is None or isinstance(amount, int):
            return amount
        number, _, symbol = amount.partition(" ")
        if chain is None or symbol != chain.display_unit:
            raise AgreementError(
                f'{where}: {field} "{amount}": write native units as a whole number, or coins of the rule\'s '
                "chain with its symbol (`0.5 SOL`)"
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
        validator_key=entry.validator,
        rate_bps=entry.rate_bps,
        tiers=schedule,
        floor=native(entry.floor, "floor"),
        cap=native(entry.cap, "cap"),
        guarantee=entry.guarantee,
        loss_policy=entry.loss_policy,
    )


def _chain(chain_id: str, chains: Mapping[str, ChainSettings]) -> ChainSettings:
    if chain_id not in chains:
        raise AgreementError(f'chain "{chain_id}" is not configured; chains.yaml has: {", ".join(chains)}')
    return chains[chain_id]
