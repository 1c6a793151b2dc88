"""Which revision a database is at, and which is the newest in the folder of migrations.

Without Alembic, which only moving from one to the other needs and which takes half a second to load: most
commands just look whether the tables are up to date. The moving is in `migrations.py`.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier

from aurora_resources.errors import MigrationError
from aurora_resources.warehouse.address import parse_address
from aurora_resources.warehouse.queries import sql_folder

VERSION_TABLE: Final = "alembic_version"
VERSION_SCHEMA: Final = "public"
_UP_FILE: Final = re.compile(r"(\d{4})_([a-z0-9_]+)\.up\.sql")


def current(url: str) -> str | None:
    """The revision that the database is at, such as `0003`; None before the first. Raises MigrationError."""
    table = Identifier(VERSION_SCHEMA, VERSION_TABLE)
    parts = parse_address(url)
    try:
        with psycopg.connect(make_conninfo(**parts), application_name="aurora migrate") as connection:
            if connection.execute("select to_regclass(%s)", [table.as_string()]).fetchone() == (None,):
                return None
            noted = connection.execute(SQL("select version_num from {}").format(table)).fetchall()
    except psycopg.Error as error:
        raise MigrationError(f"the database's revision cannot be read: {error}") from error
    if len(noted) > 1:
        raise MigrationError(f"{VERSION_SCHEMA}.{VERSION_TABLE} has {len(noted)} rows; it must have one")
    return str(noted[0][0]) if noted else None


def newest(folder: Path | None = None) -> str:
    """The last revision in the folder. Raises MigrationError when the folder is not in order."""
    return list(up_files(folder))[-1]


def up_files(folder: Path | None = None) -> Mapping[str, Path]:
    """Each revision's file, in order; at least one. Raises MigrationError when the folder is not in order."""
    place = folder or sql_folder() / "migrations"
    files: dict[str, Path] = {}
    for number, path in enumerate(sorted(place.glob("*.up.sql")), start=1):
        match = _UP_FILE.fullmatch(path.name)
        if match is None or int(match[1]) != number:
            raise MigrationError(
                f"{path}: expected {number:04}_name.up.sql (lower case, from 0001, no gap or double)"
            )
        files[match[1]] = path
    if not files:
        raise MigrationError(f"{place} holds no migration; install Aurora again")
    return files
