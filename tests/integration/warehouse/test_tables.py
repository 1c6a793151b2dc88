"""The catalogue of tables, compared with a migrated database and with the records that fill it."""

from dataclasses import fields
from typing import Any

import pytest

from aurora_resources import records
from aurora_resources.warehouse import tables
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.tables import Table

RECORDS = (
    (tables.VALIDATOR_IDENTITIES, records.ValidatorIdentity),
    (tables.VALIDATOR_FEES, records.ValidatorFees),
    (tables.VALIDATOR_MEV, records.ValidatorMev),
    (tables.VALIDATOR_REWARDS, records.ValidatorRewards),
    (tables.STAKE_REWARDS, records.StakeReward),
    (tables.VALIDATOR_META, records.ValidatorMeta),
    (tables.PERIODS, records.Period),
)


@pytest.mark.parametrize("table", tables.TABLES, ids=lambda table: table.full_name)
def test_a_table_is_as_the_database_has_it(warehouse: Warehouse, table: Table) -> None:
    with warehouse.connect() as connection:
        columns = connection.execute(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [table.full_name],
        ).fetchall()
        keys = connection.execute(
            "select array(select attname::text from unnest(indkey) as number"
            " join pg_attribute on attrelid = indrelid and attnum = number)"
            " from pg_index where indrelid = %s::regclass and indisunique and indpred is null",
            [table.full_name],
        ).fetchall()
    assert tuple(columns) == table.columns
    assert any(set(key) <= {*table.slice_by, *table.key} for (key,) in keys)
    assert {*table.slice_by, *table.key, *table.filled} <= {name for name, _ in table.columns}


@pytest.mark.parametrize(("table", "record"), RECORDS, ids=lambda one: getattr(one, "__name__", ""))
def test_every_column_of_a_fact_is_a_field_of_its_record(table: Table, record: type[Any]) -> None:
    names = {field.name for field in fields(record)} | {"chain_id", "period_id"}
    assert {*table.written} - {"ingestion_id"} == names


def test_only_findings_stand_in_two_schemas() -> None:
    names = [table.name for table in tables.TABLES]
    assert {name for name in names if names.count(name) > 1} == {"findings"}
