"""One value in which the ledger and its replay differ, and how differing rows become a list of such values.

Values are as PostgreSQL gave them, amounts as `int` in native units; showing them is in `aurora_api`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

WHOLE_ROW: Final = "(row)"


@dataclass(frozen=True, slots=True)
class Discrepancy:
    """A value that is not what the replay gives. `column` is WHOLE_ROW for a row that one side lacks.

    `key` names the row within its table and period. `booked` and `replayed` are the two values.
    """

    period_id: int
    table: str
    key: Mapping[str, object]
    column: str
    booked: object
    replayed: object


def pair_rows(
    period_id: int,
    table: str,
    key: Sequence[str],
    booked: Sequence[Mapping[str, Any]],
    replayed: Sequence[Mapping[str, Any]],
) -> Iterator[Discrepancy]:
    """Every column in which rows of the same key differ, and every row without a counterpart, by key."""

    def by_key(rows: Sequence[Mapping[str, Any]]) -> dict[tuple[object, ...], Mapping[str, Any]]:
        return {tuple(row[column] for column in key): row for row in rows}

    ours, theirs = by_key(booked), by_key(replayed)
    for values in sorted({*ours, *theirs}, key=str):
        named = dict(zip(key, values, strict=True))
        if values not in ours or values not in theirs:
            present = (values in ours, values in theirs)
            presence = ["present" if there else None for there in present]
            yield Discrepancy(period_id, table, named, WHOLE_ROW, *presence)
            continue
        for column, ours_value, theirs_value in _differing(ours[values], theirs[values]):
            yield Discrepancy(period_id, table, named, column, ours_value, theirs_value)


def _differing(
    booked: Mapping[str, Any], replayed: Mapping[str, Any], within: str = ""
) -> Iterator[tuple[str, object, object]]:
    for name in dict.fromkeys((*booked, *replayed)):
        ours, theirs = booked.get(name), replayed.get(name)
        if ours == theirs:
            continue
        if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            yield from _differing(ours, theirs, f"{within}{name}.")
        else:
            yield f"{within}{name}", ours, theirs
