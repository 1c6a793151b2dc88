"""What the warehouse knows of chains, providers and validators beside the YAML files.

Chains and providers are copied from the configuration, so that SQL, the API and foreign keys know the same
names; nothing secret is written, no address and no key. Validators can also be registered through the API and
are tracked together with those of `chains.yaml`; where both describe a validator, the file decides. Chains of
`validators: all` need no registration.
"""

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aurora_resources.config.models import AuroraConfig, ChainSettings, ValidatorEntry
from aurora_resources.errors import AuroraError
from aurora_resources.records import Feed
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query


def sync_registry(connection: DbConnection, config: AuroraConfig) -> None:
    """Make the registry say what the configuration says; unchanged rows are not written."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.executemany(
            read_query("registry/chains.put_provider"),
            [{"provider": provider.name, "enabled": provider.enabled} for provider in config.providers],
        )
        for chain in config.chains:
            cursor.execute(read_query("registry/chains.put_chain"), _chain_row(chain))
            answers = [
                (role.value, priority, provider)
                for role in Feed
                for priority, provider in enumerate(chain.providers.for_feed(role), start=1)
            ]
            roles, priorities, providers = (list(column) for column in zip(*answers, strict=True))
            cursor.execute(
                read_query("registry/chains.sync_chain_providers"),
                {
                    "chain_id": chain.chain_id,
                    "roles": roles,
                    "priorities": priorities,
                    "providers": providers,
                },
            )


def _chain_row(chain: ChainSettings) -> dict[str, object]:
    return chain.model_dump(
        mode="json",
        include={
            "chain_id",
            "name",
            "protocol",
            "period_type",
            "native_unit",
            "native_decimals",
            "display_unit",
            "finality_lag",
            "finality_lag_unit",
        },
    )


class RegistrationError(AuroraError):
    """The validator cannot be registered; nothing was written."""


def declare_validator(
    connection: DbConnection, chain: ChainSettings, entry: ValidatorEntry, reason: str
) -> ValidatorEntry | None:
    """Register the validator, or say something else of it: what was said of it before, or None.

    It is tracked from the next run on; `aurora backfill --refresh` fetches periods that are settled again.
    Raises RegistrationError for one that `chains.yaml` tells of, or whose key has not the form of one.
    """
    if chain.validators == "all":
        raise RegistrationError(
            f"{chain.chain_id} tracks every validator (`validators: all`): nothing to register"
        )
    if entry.key in {known.key for known in chain.validators}:
        raise RegistrationError(
            f"validator {entry.key} is declared in chains.yaml, which decides; change it there"
        )
    for address in (entry.key, *(known.identity for known in entry.identity), *(entry.own_wallets or ())):
        try:
            normalized = chain.normalize_address(address)
        except ValueError as fault:
            raise RegistrationError(f"validator {entry.key}: {address!r} is no address: {fault}") from None
        if normalized != address:
            raise RegistrationError(f"validator {entry.key}: write {address} as {normalized}")
    before = {known.key: known for known in read_declared(connection, chain.chain_id)}.get(entry.key)
    connection.execute(
        read_query("registry/validators.put_declared_validator"),
        {
            "chain_id": chain.chain_id,
            "validator_key": entry.key,
            "name": entry.name,
            "identities": Jsonb([known.model_dump() for known in entry.identity]),
            "own_wallets": None if entry.own_wallets is None else list(entry.own_wallets),
            "mev_declared_none": entry.mev == "none",
            "reason": reason,
        },
    )
    connection.execute(
        read_query("registry/validators.put_validator"),
        {"chain_id": chain.chain_id, "validator_key": entry.key, "name": entry.name},
    )
    return before


def read_declared(connection: DbConnection, chain_id: str) -> tuple[ValidatorEntry, ...]:
    """The registered validators of a chain, by key."""
    with connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute(read_query("registry/validators.declared_validators"), {"chain_id": chain_id})
        return tuple(
            ValidatorEntry(
                key=row["validator_key"],
                name=row["name"],
                identity=row["identities"],
                own_wallets=row["own_wallets"],
                mev="none" if row["mev_declared_none"] else None,
            )
            for row in cursor
        )


def with_declared(connection: DbConnection, chain: ChainSettings) -> ChainSettings:
    """The chain as configured, and the registered validators after those of the file."""
    if chain.validators == "all":
        return chain
    configured = {entry.key for entry in chain.validators}
    registered = (entry for entry in read_declared(connection, chain.chain_id) if entry.key not in configured)
    return chain.model_copy(update={"validators": (*chain.validators, *registered)})


def with_all_declared(connection: DbConnection, config: AuroraConfig) -> AuroraConfig:
    """The configuration with every chain's registered validators."""
    chains = tuple(with_declared(connection, chain) for chain in config.chains)
    return config.model_copy(update={"chains": chains})
