"""Validators that were registered through the API: kept in the warehouse, merged with those of `chains.yaml`.

The pipeline keeps books for both. Where both tell of a validator the file wins, and a chain of `validators:
all` needs no registering.
"""

from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from aurora_resources.config.models import AuroraConfig, ChainSettings, ValidatorEntry
from aurora_resources.errors import AuroraError
from aurora_resources.warehouse.queries import read_query


class RegistrationError(AuroraError):
    """The validator cannot be registered; nothing was written."""


def declare_validator(
    connection: psycopg.Connection[Any], chain: ChainSettings, entry: ValidatorEntry, reason: str
) -> ValidatorEntry | None:
    """Register the validator, or say something else of it: what was said of it before, or None.

    Books are kept for it from the next run on; `aurora backfill --refresh` asks for periods that are settled.
    Raises RegistrationError for one that `chains.yaml` tells of, or whose key has not the form of one.
    """
    if chain.validators == "all":
        raise RegistrationError(
            f"{chain.chain_id} keeps books for every validator (`validators: all`): nothing to register"
        )
    if entry.key in {known.key for known in chain.validators}:
        raise RegistrationError(
            f"validator {entry.key} is declared in chains.yaml, which decides; change it there"
        )
    for address in (entry.key, *(known.identity for known in entry.identity), *(entry.own_wallets or ())):
        try:
            spelled = chain.normalize_address(address)
        except ValueError as fault:
            raise RegistrationError(f"validator {entry.key}: {address!r} is no address: {fault}") from None
        if spelled != address:
            raise RegistrationError(f"validator {entry.key}: write {address} as {spelled}")
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


def read_declared(connection: psycopg.Connection[Any], chain_id: str) -> tuple[ValidatorEntry, ...]:
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


def with_declared(connection: psycopg.Connection[Any], chain: ChainSettings) -> ChainSettings:
    """The chain as configured, and the registered validators after those of the file."""
    if chain.validators == "all":
        return chain
    told = {entry.key for entry in chain.validators}
    registered = (entry for entry in read_declared(connection, chain.chain_id) if entry.key not in told)
    return chain.model_copy(update={"validators": (*chain.validators, *registered)})


def with_all_declared(connection: psycopg.Connection[Any], config: AuroraConfig) -> AuroraConfig:
    """The configuration with every chain's registered validators."""
    chains = tuple(with_declared(connection, chain) for chain in config.chains)
    return config.model_copy(update={"chains": chains})
