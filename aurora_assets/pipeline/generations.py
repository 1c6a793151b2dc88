"""Generations: a computed slice is written beside the one before and takes its place; nothing is deleted.

Content equal to the one in force is not written again, so that a recompute of unchanged inputs changes no
row. "As of" is a generation id.
"""

from dataclasses import dataclass
from typing import Any

import psycopg

from aurora_resources.warehouse.queries import read_query


@dataclass(frozen=True, slots=True)
class GenerationKey:
    """What a generation is a version of."""

    dataset: str
    chain_id: str
    period_id: int


@dataclass(frozen=True, slots=True)
class Booked:
    """A booked slice. `changed` is False when the generation in force already said the same."""

    generation_id: int
    row_count: int
    changed: bool


def current_generation(connection: psycopg.Connection[Any], key: GenerationKey) -> tuple[int, bytes] | None:
    """Id and content digest of the generation in force, or None."""
    row = connection.execute(
        read_query("computation/generations.current_generation"),
        {"dataset": key.dataset, "chain_id": key.chain_id, "period_id": key.period_id},
    ).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


def begin_generation(
    connection: psycopg.Connection[Any],
    key: GenerationKey,
    *,
    digest: bytes,
    row_count: int,
    based_on: int | None,
    engine_version: str,
    run_id: str,
    terms_digest: bytes | None = None,
) -> int:
    """Supersede the generation in force and return the new one's id; the caller inserts its rows."""
    named = {"dataset": key.dataset, "chain_id": key.chain_id, "period_id": key.period_id}
    connection.execute(read_query("computation/generations.supersede_generation"), named)
    rows = connection.execute(
        read_query("computation/generations.add_generation"),
        named
        | {
            "content_digest": digest,
            "row_count": row_count,
            "based_on": based_on,
            "engine_version": engine_version,
            "run_id": run_id,
            "terms_digest": terms_digest,
        },
    ).fetchall()
    generation_id: int = rows[0][0]
    return generation_id


def keep_terms(connection: psycopg.Connection[Any], generation_id: int, terms_digest: bytes) -> None:
    """Note that the generation is what other terms give, too; nothing is written when it is noted already."""
    connection.execute(
        read_query("computation/generations.put_terms"),
        {"generation_id": generation_id, "terms_digest": terms_digest},
    )
