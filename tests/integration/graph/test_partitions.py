"""Partition keys ascend whatever the order of adding, and nothing runs on an empty range."""

import dagster as dg
import pytest

from aurora_assets.graph.partitions import add_periods, known_periods, partitions_name, selected_periods
from aurora_resources.errors import PeriodError

CHAIN = "solana-mainnet"


def in_dagster_s_order(instance: dg.DagsterInstance) -> list[int]:
    return [int(key) for key in instance.get_dynamic_partitions(partitions_name(CHAIN))]


def test_an_older_period_takes_its_place() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        assert add_periods(instance, CHAIN, [850, 851, 852]) == [850, 851, 852]
        assert add_periods(instance, CHAIN, [848, 849, 850]) == [848, 849]
        assert in_dagster_s_order(instance) == [848, 849, 850, 851, 852] == known_periods(instance, CHAIN)
        assert add_periods(instance, CHAIN, [853]) == [853]
        assert in_dagster_s_order(instance)[-1] == 853


def test_adding_known_periods_touches_nothing() -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        add_periods(instance, CHAIN, [9, 10])
        assert add_periods(instance, CHAIN, [10, 9]) == []
        assert in_dagster_s_order(instance) == [9, 10]


def test_an_empty_selection_is_an_error_and_numbers_are_not_text() -> None:
    with pytest.raises(PeriodError, match="selects no period"):
        selected_periods(CHAIN, [])
    assert selected_periods(CHAIN, ["100", "99"]) == [99, 100]
