"""The validators whose books are kept, and what was registered of them through the API."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import strawberry

from aurora_api.context.reader import Reader
from aurora_api.context.request import Info
from aurora_api.schema.node import Node, node_id
from aurora_api.schema.pagination import PAGE_DEFAULT, After, Connection, First, Keyset
from aurora_api.schema.scalars import Ordinal

_KEYSET: Final = Keyset("validators", {"validator_key": str})


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


@strawberry.type(description="An identity that a validator uses from a period on.")
class ValidatorIdentity:
    """An identity."""

    identity: str
    from_period: Ordinal | None = strawberry.field(description="Null: from the first on.")


@strawberry.type(description="What was registered of a validator through the API; chains.yaml decides.")
class ValidatorRegistration:
    """A registration."""

    identities: list[ValidatorIdentity]
    own_wallets: list[str] | None = strawberry.field(
        description="The operator's own withdrawers; null: not declared."
    )
    mev_declared_none: bool = strawberry.field(description="Whether it is declared to take no MEV.")
    registered_at: datetime = strawberry.field(description="UTC.")


@strawberry.type(description="A validator whose books are kept.")
class Validator(Node):
    """A validator."""

    chain_id: str
    validator_key: str = strawberry.field(description="Its key on the chain, which never changes.")
    name: str | None = strawberry.field(description="As declared; null: it was not named.")
    registration: ValidatorRegistration | None = strawberry.field(
        description="Null: it was not registered through the API, but in chains.yaml, or met on the chain."
    )

    @strawberry.field(  # type: ignore[untyped-decorator] # Strawberry types it so
        description="The operator's own withdrawers, as declared when a period was last kept."
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
    page = _KEYSET.page(first, after, {"chain_id": chain.chain_id})
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
    """One validator; None when there is none to be seen."""
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
