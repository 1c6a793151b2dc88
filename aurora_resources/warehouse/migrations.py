"""Migrations: Alembic over a folder of SQL files, `NNNN_name.up.sql` and `NNNN_name.down.sql`.

Each number is one revision after the one before; no Python is written for it. A file runs whole, in one
transaction with the note that it ran, and two processes never migrate at once. The files themselves are
in `sql/migrations/`; which revision a database is at is told by `revisions.py`, without Alembic.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import psycopg
import psycopg.sql
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.script import Script, ScriptDirectory
from alembic.script.revision import RevisionMap
from alembic.util import CommandError
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError

from aurora_resources.errors import MigrationError
from aurora_resources.warehouse.address import parse_address
from aurora_resources.warehouse.revisions import VERSION_SCHEMA, VERSION_TABLE, up_files

_OWNED_SCHEMA: Final = "registry"


def migrate(url: str, to: str = "head", *, folder: Path | None = None) -> None:
    """Bring the database at `url` up to revision `to` (`head`, `0003`, `+1`); at `head` nothing happens.

    Raises MigrationError, which names the file and PostgreSQL's message; that file left nothing behind.
    """
    script = _read_folder(folder)
    _run(url, lambda heads, _: script._upgrade_revs(to, heads))  # type: ignore[arg-type]


def downgrade(url: str, to: str, *, folder: Path | None = None) -> None:
    """Take the database back to revision `to` (`base`, `0002`, `-1`). Raises MigrationError."""
    script = _read_folder(folder)
    _run(url, lambda heads, _: script._downgrade_revs(to, heads))  # type: ignore[arg-type]


def _read_folder(folder: Path | None) -> ScriptDirectory:
    """Alembic's view of the folder: one revision a number, each on the one before."""
    files = up_files(folder)
    scripts = [
        _script(path, revision, before)
        for (revision, path), before in zip(files.items(), (None, *files), strict=False)
    ]
    directory = ScriptDirectory(next(iter(files.values())).parent)
    directory.revision_map = RevisionMap(lambda: scripts)
    return directory


def _script(up: Path, revision: str, before: str | None) -> Script:
    """A revision as Alembic loads them from Python files; its two functions run the two SQL files."""
    down = up.with_name(up.name.removesuffix(".up.sql") + ".down.sql")

    def upgrade(*, run: Callable[[Path], None]) -> None:
        run(up)

    def downgrade(*, run: Callable[[Path], None]) -> None:
        run(down)

    module = ModuleType(f"migration_{revision}", up.name)
    vars(module).update(revision=revision, down_revision=before, upgrade=upgrade, downgrade=downgrade)
    return Script(module, revision, up)


def _run(url: str, steps: Callable[[tuple[str, ...], MigrationContext], list[RevisionStep]]) -> None:
    with _connected(url) as connection:
        # Held by the session, over all the files' transactions; closing the session frees it.
        connection.execute(text("select pg_advisory_lock(hashtextextended('aurora migrations', 0))"))
        connection.commit()
        context = _context(connection, steps)
        with context.begin_transaction():
            context.run_migrations(run=lambda path: _run_file(connection, path))


def _run_file(connection: Connection, path: Path) -> None:
    """Send the whole file at once and without parameters, so that `%`, `:x` and `$$` mean themselves."""
    try:
        statements = path.read_bytes()
    except FileNotFoundError as error:
        raise MigrationError(f"{path} is missing, so this step cannot be taken") from error
    session = connection.connection.driver_connection
    if not isinstance(session, psycopg.Connection):
        raise MigrationError(f"migrations need a psycopg session, not {type(session).__name__}")
    try:
        _become_owner(session)
        session.execute(statements)
    except psycopg.Error as error:
        raise MigrationError(f"{path.name}{_line(statements, error)}: {_message(error)}") from error
    if session.info.transaction_status is not TransactionStatus.INTRANS:
        raise MigrationError(f"{path.name} ends the transaction it runs in; remove its commit or rollback")
    session.execute("reset role")  # the note that it ran is in a table of whoever migrates


def _become_owner(session: psycopg.Connection[Any]) -> None:
    """Whoever owns the tables owns what is made beside them: none before they were handed to a role.

    A statement that row-level security would keep rows from fails instead of leaving them out: the owner sees
    no row of a protected table.
    """
    owner = session.execute(
        "select pg_get_userbyid(nspowner) from pg_namespace"
        " where nspname = %s and pg_get_userbyid(nspowner) <> current_user",
        [_OWNED_SCHEMA],
    ).fetchone()
    if owner is not None:
        session.execute("set local row_security = off")
        session.execute(psycopg.sql.SQL("set local role {}").format(psycopg.sql.Identifier(owner[0])))


def _line(statements: bytes, error: psycopg.Error) -> str:
    """` line 12`, where PostgreSQL says at which character it stopped."""
    if not error.diag.statement_position:
        return ""
    before = statements.decode(errors="replace")[: int(error.diag.statement_position) - 1]
    return f" line {before.count(chr(10)) + 1}"


def _message(error: psycopg.Error) -> str:
    facts = (error.diag.message_primary or str(error), error.diag.message_detail, error.diag.message_hint)
    return "; ".join(fact for fact in facts if fact)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    parts = parse_address(url)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(make_conninfo(**parts), application_name="aurora migrate"),
        poolclass=NullPool,
    )
    try:
        with engine.connect() as connection:
            yield connection
    except CommandError as error:
        raise MigrationError(
            f"the database and Aurora's migrations do not fit: {error}. "
            "A newer Aurora may have made it: use that one"
        ) from error
    except DBAPIError as error:
        raise MigrationError(f"the database cannot be migrated: {error.orig}") from error


def _context(
    connection: Connection,
    steps: Callable[[tuple[str, ...], MigrationContext], list[RevisionStep]] | None = None,
) -> MigrationContext:
    return MigrationContext.configure(
        connection,
        opts={
            "fn": steps,
            "version_table": VERSION_TABLE,
            "version_table_schema": VERSION_SCHEMA,
            "transaction_per_migration": True,
        },
    )
