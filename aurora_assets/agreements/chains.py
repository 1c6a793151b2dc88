"""The chains as the warehouse knows them, which amounts and wallets are read by."""

from typing import Any, NamedTuple

import psycopg

from aurora_resources.warehouse.queries import read_query


class RegisteredChain(NamedTuple):
    """A chain's coin and protocol."""

    protocol: str
    display_unit: str
    native_decimals: int


def read_chains(connection: psycopg.Connection[Any]) -> dict[str, RegisteredChain]:
    """Every chain that may be seen, by its id."""
    rows = connection.execute(read_query("registry/chains.chains")).fetchall()
    return {chain_id: RegisteredChain(*row) for chain_id, *row in rows}
