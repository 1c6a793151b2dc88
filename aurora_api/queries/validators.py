"""The tracked validators, their registration through the API, and their P&L by period.

An unknown amount of P&L is null, and its state says why.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import strawberry

from aurora_api.access.principal import Capability
from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.fast_lists.row_fields import columns_selected, made, member, money, stored
from aurora_api.problems import Code, Problem
from aurora_api.queries.chains import FromPeriod, ToPeriod, period_range, read_ordinal
from aurora_api.schema.enums import Completeness, FactState
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.node import ID_DESCRIPTION, Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, PAGE_MAX, After, Connection, First, Keyset
from aurora_api.schema.permissions import requires
from aurora_api.schema.scalars import Ordinal

_VALIDATORS: Final = Keyset("validators", {"validator_key": str})


class _ValidatorRow(NamedTuple):
    validator_key: str
    name: str | None
    declared_wallets: list[str] | None
    identities: list[dict[str, Any]] | None
    mev_declared_none: bool | None
    registered_at: datetime | None


class _OwnWalletRow(NamedTuple):
    chain_id: str
    validator_key: str
    wallet: str


@strawberry.type(
    description="An identity that a validator uses from a given period.",
    directives=requires(Capability.READ_FACTS),
)
class ValidatorIdentity:
    """An identity."""

    identity: str
    from_period: Ordinal | None = strawberry.field(description="Null: from the first period.")


@strawberry.type(
    description="A validator's registration through the API; chains.yaml takes precedence.",
    directives=requires(Capability.READ_FACTS),
)
class ValidatorRegistration:
    """A registration."""

    identities: list[ValidatorIdentity]
    own_wallets: list[str] | None = strawberry.field(
        description="The operator's own withdrawal authorities; null: not declared."
    )
    mev_declared_none: bool = strawberry.field(
        description="Whether the operator declared that it takes no MEV."
    )
    registered_at: datetime = strawberry.field(description="UTC.")


@strawberry.type(description="A tracked validator.", directives=requires(Capability.READ_PNL))
class Validator(Node):
    """A validator."""

    chain_id: str
    validator_key: str = strawberry.field(description="Its key on the chain; it never changes.")
    name: str | None = strawberry.field(description="The declared name; null: none was declared.")
    registration: ValidatorRegistration | None = strawberry.field(
        description="Null: it was not registered through the API, but in chains.yaml, or met on the chain.",
        directives=requires(Capability.READ_FACTS),
    )

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="The operator's own withdrawal authorities, as declared at the last ingestion.",
        directives=requires(Capability.READ_FACTS),
    )
    async def own_wallets(self, info: Info) -> list[str]:
        """Read together with those of the page's other validators."""
        return await info.context.loader(_load_own_wallets).load((self.chain_id, self.validator_key))


async def _load_own_wallets(reader: Reader, keys: list[tuple[str, str]]) -> list[list[str]]:
    rows = await reader.rows(
        "registry/validators.operator_wallets",
        _OwnWalletRow,
        chain_ids=[chain_id for chain_id, _ in keys],
        validator_keys=[validator_key for _, validator_key in keys],
    )
    wallets: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows:
        wallets[row.chain_id, row.validator_key].append(row.wallet)
    return [wallets[key] for key in keys]


async def resolve_validators(
    info: Info, chain_id: str, first: First = PAGE_DEFAULT, after: After = None
) -> Connection[Validator]:
    """The validators of a chain, by key."""
    chain = await info.context.find_chain(chain_id)
    page = _VALIDATORS.page(first, after, {"chain_id": chain.chain_id})
    rows = await info.context.reader.rows(
        "registry/validators.validator_page",
        _ValidatorRow,
        chain_id=chain.chain_id,
        validator_key=None,
        granted_keys=_granted(info),
        **page.parameters,
    )
    return page.connection(rows, lambda row: _validator(row, chain.chain_id))


async def resolve_validator(info: Info, chain_id: str, validator_key: str) -> Validator | None:
    """One validator; None when none is visible."""
    chain = await info.context.find_chain(chain_id)
    rows = await info.context.reader.rows(
        "registry/validators.validator_page",
        _ValidatorRow,
        chain_id=chain.chain_id,
        validator_key=validator_key,
        granted_keys=_granted(info),
        after_validator_key=None,
        row_limit=1,
    )
    return _validator(rows[0], chain.chain_id) if rows else None


def _granted(info: Info) -> list[str] | None:
    """The validators that may be listed, None for all. The names in a partner's own lines are no secret."""
    caller = info.context.caller
    keys: Sequence[str] | None = caller.validator_keys
    return list(keys or ()) if caller.is_partner or keys is not None else None


def _validator(row: _ValidatorRow, chain_id: str) -> Validator:
    return Validator(
        id=node_id("Validator", chain_id, row.validator_key),
        chain_id=chain_id,
        validator_key=row.validator_key,
        name=row.name,
        registration=None
        if row.registered_at is None
        else ValidatorRegistration(
            identities=[
                ValidatorIdentity(
                    identity=known["identity"],
                    from_period=None if known["from_period"] is None else Ordinal(known["from_period"]),
                )
                for known in row.identities or ()
            ],
            own_wallets=row.declared_wallets,
            mev_declared_none=bool(row.mev_declared_none),
            registered_at=row.registered_at,
        ),
    )


ValidatorKeys: TypeAlias = Annotated[
    list[str] | None,
    strawberry.argument(description=f"Only these validators, at most {PAGE_MAX}; null for all."),
]

_PNL: Final = Keyset("validatorPnl", {"period_id": int, "validator_key": str})


class _PnlRow(NamedTuple):
    period_id: int
    validator_key: str
    validator_name: str | None
    exec_fees: int | None
    exec_fees_state: str
    mev_tips: int | None
    mev_tips_state: str
    vote_rewards: int | None
    vote_rewards_state: str
    commission: int | None
    commission_state: str
    total_revenue: int | None
    costs: int | None
    net_income: int | None
    completeness: str
    computed_at: datetime


@strawberry.type(
    name="ValidatorPnl",
    description="One validator's profit and loss in one period. Where a state is MISSING the amount is null.",
    directives=requires(Capability.READ_PNL),
)
class ValidatorPnl(Node):
    """One validator's P&L in one period."""

    id: strawberry.ID = strawberry.field(
        resolver=made(
            lambda pnl: node_id("ValidatorPnl", pnl.chain_id, pnl.row.period_id, pnl.row.validator_key),
            "period_id",
            "validator_key",
        ),
        description=ID_DESCRIPTION,
    )
    row: strawberry.Private[_PnlRow]
    coin: strawberry.Private[Coin]
    chain_id: str
    period_id: Ordinal = strawberry.field(resolver=stored("period_id"))
    validator_key: str = strawberry.field(resolver=stored("validator_key"))
    validator_name: str | None = strawberry.field(resolver=stored("validator_name"))
    exec_fees: Money | None = strawberry.field(
        resolver=money("exec_fees"), description="EXEC_FEES: the operator's share."
    )
    exec_fees_state: FactState = strawberry.field(resolver=member("exec_fees_state", FactState))
    mev_tips: Money | None = strawberry.field(
        resolver=money("mev_tips"), description="MEV_TIPS: the operator's share."
    )
    mev_tips_state: FactState = strawberry.field(resolver=member("mev_tips_state", FactState))
    vote_rewards: Money | None = strawberry.field(
        resolver=money("vote_rewards"),
        description="VOTE_REWARDS: rewards on the operator's own stake, and on nobody else's.",
    )
    vote_rewards_state: FactState = strawberry.field(resolver=member("vote_rewards_state", FactState))
    commission: Money | None = strawberry.field(
        resolver=money("commission"), description="COMMISSION: the commission charged to delegators."
    )
    commission_state: FactState = strawberry.field(resolver=member("commission_state", FactState))
    total_revenue: Money | None = strawberry.field(
        resolver=money("total_revenue"),
        description="The sum of the four components; null while one is missing.",
    )
    costs: Money | None = strawberry.field(resolver=money("costs"), description="Null until measured.")
    net_income: Money | None = strawberry.field(
        resolver=money("net_income"), description="totalRevenue less costs; null while either is unknown."
    )
    completeness: Completeness = strawberry.field(resolver=member("completeness", Completeness))
    computed_at: datetime = strawberry.field(resolver=stored("computed_at"), description="UTC.")


async def resolve_validator_pnl(
    info: Info,
    chain_id: str,
    from_period: FromPeriod = None,
    to_period: ToPeriod = None,
    validator_keys: ValidatorKeys = None,
    completeness: list[Completeness] | None = None,
    first: First = PAGE_DEFAULT,
    after: After = None,
) -> Connection[ValidatorPnl]:
    """P&L in force, by period and validator."""
    coin = await info.context.find_coin(chain_id)
    filters = {
        "chain_id": chain_id,
        **period_range(from_period, to_period),
        "validator_keys": bounded(validator_keys),
        "completeness": None if completeness is None else [each.value for each in completeness],
    }
    page = _PNL.page(first, after, filters)
    columns = columns_selected(info, ValidatorPnl, _PnlRow, _PNL.columns)
    rows = await info.context.reader.some_columns(
        "computation/validator_pnl.pnl_page", columns, **filters, **page.parameters
    )
    return page.row_connection(rows, ValidatorPnl, coin=coin, chain_id=chain_id)


async def find_pnl(info: Info, chain_id: str, period_id: str, validator_key: str) -> ValidatorPnl | None:
    """One validator's P&L in force for one period; None when none is visible."""
    found = await resolve_validator_pnl(
        info, chain_id, read_ordinal(period_id), read_ordinal(period_id), [validator_key], first=1
    )
    return found.edges[0].node if found.edges else None


def bounded(validator_keys: list[str] | None) -> list[str] | None:
    """The keys to filter a query by. Raises Problem when there are too many."""
    if validator_keys is not None and len(validator_keys) > PAGE_MAX:
        raise Problem(
            Code.LIMIT_EXCEEDED,
            f"validatorKeys has {len(validator_keys)} keys; ask for at most {PAGE_MAX} at a time",
        )
    return validator_keys


@strawberry.type
class ValidatorQueries:
    """The queries of this module, as root fields."""

    validator: Validator | None = strawberry.field(
        resolver=resolve_validator,
        description="One validator; null when there is none.",
        directives=requires(Capability.READ_PNL),
    )
    validator_pnl: Connection[ValidatorPnl] | None = strawberry.field(
        resolver=resolve_validator_pnl,
        description="The P&L of validators, ordered by period and validator.",
        directives=requires(Capability.READ_PNL),
    )
    validators: Connection[Validator] | None = strawberry.field(
        resolver=resolve_validators,
        description="The validators of a chain, ordered by key.",
        directives=requires(Capability.READ_PNL),
    )
