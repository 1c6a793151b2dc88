"""`docs/warehouse.sql` is the schema as the migrations make it."""

from pathlib import Path

from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.description import describe_schema

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "warehouse.sql"


def test_the_description_of_the_schema_is_current(warehouse: Warehouse) -> None:
    with warehouse.connect() as connection:
        described = describe_schema(connection)
    assert DOCUMENT.read_text(encoding="utf-8") == described, "docs/warehouse.sql: run `make docs`"
