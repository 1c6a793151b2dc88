"""Partition sets: one per chain, one key per period, in ascending order.

Dagster orders dynamic keys by insertion, and a range against that order runs nothing and succeeds. So this
module keeps the keys ascending, and every asset refuses an empty selection.
"""

from collections.abc import Iterable, Sequence

import dagster as dg

from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import PeriodError


def partitions_name(chain_id: str) -> str:
    """The name of a chain's partition set."""
    return f"{chain_id}/periods"


def chain_partitions(chain: ChainSettings) -> dg.DynamicPartitionsDefinition:
    """The partition set of a chain; a key is a period id as text."""
    return dg.DynamicPartitionsDefinition(name=partitions_name(chain.chain_id))


def known_periods(instance: dg.DagsterInstance, chain_id: str) -> list[int]:
    """Period ids that have a partition, ascending."""
    return sorted(int(key) for key in instance.get_dynamic_partitions(partitions_name(chain_id)))


def add_periods(instance: dg.DagsterInstance, chain_id: str, periods: Iterable[int]) -> list[int]:
    """Give `periods` partitions and return those that were new.

    To put an older period in its place, the keys after it are deleted and added again in order; what was
    materialized stays, because Dagster records it by key.
    """
    name = partitions_name(chain_id)
    in_order = [int(key) for key in instance.get_dynamic_partitions(name)]
    new = sorted(set(periods) - set(in_order))
    wanted = sorted({*in_order, *new})
    kept = 0
    while kept < len(in_order) and in_order[kept] == wanted[kept]:
        kept += 1
    for misplaced in in_order[kept:]:
        instance.delete_dynamic_partition(name, str(misplaced))
    if wanted[kept:]:
        instance.add_dynamic_partitions(name, [str(period) for period in wanted[kept:]])
    return new


def selected_periods(chain_id: str, keys: Sequence[str]) -> list[int]:
    """The periods of a run, ascending. Raises PeriodError for an empty selection: it is always a mistake."""
    if not keys:
        raise PeriodError(
            f"{chain_id}: the range selects no period; give the older period first, both of them known"
        )
    return sorted(int(key) for key in keys)
