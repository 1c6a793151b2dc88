"""SQL statements by name, read from the files below `sql/` once per process.

A file holds either one statement or several named ones, each in a block that starts with `-- name: put_chain`
and a comment that says what a row is. `registry/chains.put_chain` is the statement `put_chain` of
`sql/registry/chains.sql`; `computation/compute_validator_pnl` is a file with one statement. Comments
before the first block are about the whole file. Parameters are written `%(period_id)s`, so a per cent sign of
SQL itself is written `%%`. Migrations are in `migrations.py`.

aiosql reads the same blocks, but has no driver for psycopg's asynchronous sessions and takes parameters as
`:name`; only its parser would be of use, so the parser is here.
"""

import difflib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

from aurora_resources.errors import WarehouseError

_NAME: Final = "-- name:"
_NOT_QUERIES: Final = frozenset({"migrations"})


@cache
def sql_folder() -> Path:
    """The folder of SQL files: the copy in an installed package, else the checkout's `sql/`."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "_sql", package.parent / "sql"):
        if (folder / "migrations").is_dir():
            return folder
    raise WarehouseError(f"Aurora's SQL files are missing beside {package}; install Aurora again")


def read_query(name: str) -> str:
    """The statement of that name. Raises WarehouseError, with the nearest names, when there is none."""
    queries = all_queries()
    if name in queries:
        return queries[name]
    same = [known for known in queries if name and known.endswith((f".{name}", f"/{name}"))]
    near = same or difflib.get_close_matches(name, queries, n=3)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {len(queries)} statements."
    raise WarehouseError(f"there is no SQL statement {name} in {sql_folder()}; {hint}")


@cache
def all_queries() -> Mapping[str, str]:
    """Every statement by its name. Raises WarehouseError for a file that is not in the documented form."""
    folder = sql_folder()
    queries: dict[str, str] = {}
    for path in sorted(folder.rglob("*.sql")):
        relative = path.relative_to(folder)
        if len(relative.parts) > 1 and relative.parts[0] not in _NOT_QUERIES:
            stem = relative.with_suffix("").as_posix()
            queries |= parse_queries(stem, path.read_text(encoding="utf-8"))
    return queries


def parse_queries(stem: str, text: str) -> dict[str, str]:
    """The statements of one file by their names, which begin with `stem`, the file's path without its ending.

    Raises WarehouseError for a block without a comment or a statement, text before the first block, or a name
    that stands twice.
    """
    before, *blocks = f"\n{text}".split(f"\n{_NAME}")
    if not blocks:
        return {stem: _checked(stem, text)}
    if any(line and not line.startswith("--") for line in before.splitlines()):
        raise WarehouseError(f"sql/{stem}.sql: text before the first `{_NAME}` line belongs to no statement")
    queries: dict[str, str] = {}
    for block in blocks:
        first, _, statement = block.partition("\n")
        name = f"{stem}.{first.strip()}"
        if not first.strip().isidentifier():
            raise WarehouseError(
                f"sql/{stem}.sql: `{_NAME}{first}` must name one statement, such as put_chain"
            )
        if name in queries:
            raise WarehouseError(f"sql/{stem}.sql: the name {first.strip()} stands twice")
        queries[name] = _checked(name, statement)
    return queries


def _checked(name: str, text: str) -> str:
    lines = text.strip().splitlines()
    if not lines or not lines[0].startswith("-- "):
        raise WarehouseError(f"SQL statement {name} must start with a comment that says what a row is")
    if all(line.startswith("--") for line in lines):
        raise WarehouseError(f"SQL statement {name} has a comment and no statement")
    return "\n".join(lines)
