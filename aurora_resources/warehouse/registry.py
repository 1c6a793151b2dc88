"""The configuration's mirror in the warehouse: chains, providers, and who answers what.

Written by whoever starts a run, so that SQL, the API and foreign keys know the same names as the YAML files.
Nothing secret is written: no address, no key.
"""

from typing import Any

import psycopg

from aurora_resources.config.models import AuroraConfig, ChainSettings
from aurora_resources.records import Feed
from aurora_resources.warehouse.queries import read_query


def sync_registry(connection: psycopg.Connection[Any], config: AuroraConfig) -> None:
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
