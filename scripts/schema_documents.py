"""Renew the schemas in `docs/`: of GraphQL, of the warehouse and of world files. Run by `make docs`."""

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from aurora_api.service.schema import schema
from aurora_resources.warehouse.connection import URL_VARIABLE, open_warehouse
from aurora_resources.warehouse.description import describe_schema
from aurora_sandbox.solana.world import world_schema

DOCS: Final = Path(__file__).resolve().parents[1] / "docs"


def graphql_schema() -> str:
    """The API's schema in GraphQL's own language."""
    return f"{schema}\n"


def world_file_schema() -> str:
    """The JSON schema of the sandbox's world files."""
    return f"{json.dumps(world_schema(), indent=2)}\n"


def warehouse_schema() -> str:
    """The warehouse's schema, of an empty database that is made for it and removed again."""
    os.environ.pop(URL_VARIABLE, None)
    with tempfile.TemporaryDirectory(prefix="aurora-docs-") as home:
        Path(home).chmod(0o755)  # as root, the server runs as another user
        with open_warehouse(home=Path(home), migrated=True) as warehouse, warehouse.connect() as connection:
            return describe_schema(connection)


GENERATED: Final[Mapping[str, Callable[[], str]]] = {
    "schema.graphql": graphql_schema,
    "warehouse.sql": warehouse_schema,
    "world.schema.json": world_file_schema,
}


def main() -> None:
    """Write every generated file."""
    for name, generate in GENERATED.items():
        (DOCS / name).write_text(generate(), encoding="utf-8")


if __name__ == "__main__":
    main()
