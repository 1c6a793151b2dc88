"""Migrations: which revision a database is at, and moving it to another one with Alembic.

A revision is a pair of SQL files, `sql/migrations/NNNN_name.up.sql` and `.down.sql`; no Python is written for
it. A file runs whole, in one transaction with the note that it ran, and two processes never migrate at once.
At the newest revision the repeatable files `sql/routines.sql` and `sql/policies.sql` are applied, too: in the
transaction of the newest migration, or in one of their own when only they have changed.
"""

import hashlib
import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier

from aurora_resources.errors import MigrationError
from aurora_resources.warehouse.address import parse_address
from aurora_resources.warehouse.queries import sql_folder

if TYPE_CHECKING:
    # Alembic and SQLAlchemy take half a second to load, and most commands only look at the revision.
    from alembic.runtime.migration import MigrationContext, RevisionStep
    from alembic.script import Script, ScriptDirectory
    from sqlalchemy import Connection

VERSION_SCHEMA: Final = "public"
VERSION_TABLE: Final = "alembic_version"
REPEATABLE_FILES: Final = ("routines.sql", "policies.sql")
"""Files beside the folder of migrations that are applied whole after them, in this order."""

_REPEATABLE_TABLE: Final = Identifier("public", "repeatable_files")
_OWNED_SCHEMA: Final = "registry"
_UP: Final = ".up.sql"
_NAME_SIGNS: Final = frozenset(string.ascii_lowercase + string.digits + "_")


def current(url: str) -> str | None:
    """The revision that the database is at, such as `0003`; None before the first. Raises MigrationError."""
    table = Identifier(VERSION_SCHEMA, VERSION_TABLE)
    with _reading(url) as connection:
        if connection.execute("select to_regclass(%s)", [table.as_string()]).fetchone() == (None,):
            return None
        noted = connection.execute(SQL("select version_num from {}").format(table)).fetchall()
    if len(noted) > 1:
        raise MigrationError(f"{VERSION_SCHEMA}.{VERSION_TABLE} has {len(noted)} rows; it must have one")
    return str(noted[0][0]) if noted else None


def newest(folder: Path | None = None) -> str:
    """The last revision in the folder. Raises MigrationError when the folder is not in order."""
    return list(up_files(folder))[-1]


def migrate_if_due(url: str) -> None:
    """Bring the database up to the newest revision and repeatable files, unless it is there.

    Raises MigrationError.
    """
    if current(url) == newest():
        with _reading(url) as connection:
            if not _changed_files(connection, sql_folder()):
                return
    migrate(url)


def up_files(folder: Path | None = None) -> Mapping[str, Path]:
    """Each revision's file, in order; at least one. Raises MigrationError when the folder is not in order."""
    directory = _folder(folder)
    files: dict[str, Path] = {}
    for number, path in enumerate(sorted(directory.glob(f"*{_UP}")), start=1):
        revision, _, name = path.name.removesuffix(_UP).partition("_")
        if revision != f"{number:04}" or not name or not set(name) <= _NAME_SIGNS:
            raise MigrationError(
                f"{path}: expected {number:04}_name.up.sql (lower case, from 0001, no gap or double)"
            )
        files[revision] = path
    if not files:
        raise MigrationError(f"{directory} holds no migration; install Aurora again")
    return files


def migrate(url: str, to: str = "head", *, folder: Path | None = None) -> None:
    """Bring the database at `url` up to revision `to` (`head`, `0003`, `+1`), and apply the repeatable files.

    Raises MigrationError, which names the file and PostgreSQL's message; that file left nothing behind.
    """
    from alembic.runtime.migration import MigrationStep  # noqa: PLC0415 - see above

    script = _read_folder(folder)

    def steps(heads: tuple[str, ...], _: "MigrationContext") -> "list[RevisionStep]":
        revisions = list(script.iterate_revisions(to, heads, implicit_base=True))
        return [MigrationStep.upgrade_from_script(script.revision_map, one) for one in reversed(revisions)]

    last = list(up_files(folder).values())[-1]
    directory = _folder(folder).parent
    with _connected(url) as connection:

        def run(path: Path) -> None:
            _run_file(connection, path)
            if path == last:
                for name in _repeatable_files(directory):
                    _apply(connection, name, directory)

        context = _context(connection, steps)
        with context.begin_transaction():
            context.run_migrations(run=run)
        at_newest = context.get_current_heads() == (newest(folder),)
        connection.commit()
        with connection.begin():
            for name in _changed_files(_session(connection), directory) if at_newest else ():
                _apply(connection, name, directory)


def downgrade(url: str, to: str, *, folder: Path | None = None) -> None:
    """Take the database back to revision `to` (`base`, `0002`, `-1`). Raises MigrationError.

    Routines and policies stay as they are, but for those that a migration takes back itself.
    """
    from alembic.runtime.migration import MigrationStep  # noqa: PLC0415 - see above

    script = _read_folder(folder)

    def steps(heads: tuple[str, ...], _: "MigrationContext") -> "list[RevisionStep]":
        revisions = script.revision_map.iterate_revisions(heads, to, select_for_downgrade=True)
        scripts = (script.get_revision(one.revision) for one in revisions)
        return [MigrationStep.downgrade_from_script(script.revision_map, one) for one in scripts]

    with _connected(url) as connection:
        context = _context(connection, steps)
        with context.begin_transaction():
            context.run_migrations(run=lambda path: _run_file(connection, path))
        connection.commit()


def _folder(folder: Path | None) -> Path:
    return folder or sql_folder() / "migrations"


def _read_folder(folder: Path | None) -> "ScriptDirectory":
    """Alembic's view of the folder: one revision a number, each on the one before."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - see above
    from alembic.script.revision import RevisionMap  # noqa: PLC0415 - see above

    files = up_files(folder)
    scripts = [
        _script(path, revision, before)
        for (revision, path), before in zip(files.items(), (None, *files), strict=False)
    ]
    directory = ScriptDirectory(next(iter(files.values())).parent)
    directory.revision_map = RevisionMap(lambda: scripts)
    return directory


def _script(up: Path, revision: str, before: str | None) -> "Script":
    """A revision as Alembic loads them from Python files; its two functions run the two SQL files."""
    from alembic.script import Script  # noqa: PLC0415 - see above

    down = up.with_name(up.name.removesuffix(_UP) + ".down.sql")

    def upgrade(*, run: Callable[[Path], None]) -> None:
        run(up)

    def downgrade(*, run: Callable[[Path], None]) -> None:
        run(down)

    module = ModuleType(f"migration_{revision}", up.name)
    vars(module).update(revision=revision, down_revision=before, upgrade=upgrade, downgrade=downgrade)
    return Script(module, revision, up)


def _repeatable_files(directory: Path) -> list[str]:
    return [name for name in REPEATABLE_FILES if (directory / name).is_file()]


def _changed_files(session: psycopg.Connection[Any], directory: Path) -> list[str]:
    """The repeatable files whose text is not the one in force."""
    wanted = {name: _digest(directory / name) for name in _repeatable_files(directory)}
    if not wanted:
        return []
    found = session.execute("select to_regclass(%s)", [_REPEATABLE_TABLE.as_string()]).fetchone()
    if found == (None,):
        return list(wanted)
    applied = session.execute(SQL("select name, sha256 from {}").format(_REPEATABLE_TABLE)).fetchall()
    known = {name: bytes(sha256) for name, sha256 in applied}
    return [name for name, digest in wanted.items() if known.get(name) != digest]


def _apply(connection: "Connection", name: str, directory: Path) -> None:
    """Run a repeatable file and note its digest, in the transaction that is open."""
    _run_file(connection, directory / name)
    _session(connection).execute(
        SQL(
            "insert into {} (name, sha256) values (%s, %s)"
            " on conflict (name) do update set sha256 = excluded.sha256, applied_at = now()"
        ).format(_REPEATABLE_TABLE),
        [name, _digest(directory / name)],
    )


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _run_file(connection: "Connection", path: Path) -> None:
    """Send the whole file at once and without parameters, so that `%`, `:x` and `$$` mean themselves."""
    try:
        statements = path.read_bytes()
    except FileNotFoundError as error:
        raise MigrationError(f"{path} is missing, so this step cannot be taken") from error
    session = _session(connection)
    try:
        _become_owner(session)
        session.execute(statements)
    except psycopg.Error as error:
        raise MigrationError(f"{path.name}{_line(statements, error)}: {_message(error)}") from error
    if session.info.transaction_status is not TransactionStatus.INTRANS:
        raise MigrationError(f"{path.name} ends the transaction it runs in; remove its commit or rollback")
    session.execute("reset role")  # the notes of what ran are in tables of the user who migrates


def _session(connection: "Connection") -> psycopg.Connection[Any]:
    session = connection.connection.driver_connection
    if not isinstance(session, psycopg.Connection):
        raise MigrationError(f"migrations need a psycopg session, not {type(session).__name__}")
    return session


def _become_owner(session: psycopg.Connection[Any]) -> None:
    """Act as the owner of the tables, who then owns what is made; without one, as the user who migrates.

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
        session.execute(SQL("set local role {}").format(Identifier(owner[0])))


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
def _reading(url: str) -> Iterator[psycopg.Connection[Any]]:
    """A session to look at the revision, without Alembic. Raises MigrationError."""
    parts = parse_address(url)
    try:
        with psycopg.connect(make_conninfo(**parts), application_name="aurora migrate") as connection:
            yield connection
    except psycopg.Error as error:
        raise MigrationError(f"the database's revision cannot be read: {error}") from error


@contextmanager
def _connected(url: str) -> Iterator["Connection"]:
    """A session that holds the lock of migrations until it is closed, over the transactions of all files."""
    from alembic.script.revision import RevisionError  # noqa: PLC0415 - see above
    from alembic.util import CommandError  # noqa: PLC0415 - see above
    from sqlalchemy import NullPool, create_engine, text  # noqa: PLC0415 - see above
    from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - see above

    parts = parse_address(url)
    engine = create_engine(
        "postgresql+psycopg://",
        creator=lambda: psycopg.connect(make_conninfo(**parts), application_name="aurora migrate"),
        poolclass=NullPool,
    )
    try:
        with engine.connect() as connection:
            connection.execute(text("select pg_advisory_lock(hashtextextended('aurora migrations', 0))"))
            connection.commit()
            yield connection
    except (CommandError, RevisionError) as error:
        raise MigrationError(
            f"the database and Aurora's migrations do not fit: {error}. "
            "A newer Aurora may have made it: use that one"
        ) from error
    except DBAPIError as error:
        raise MigrationError(f"the database cannot be migrated: {error.orig}") from error


def _context(
    connection: "Connection",
    steps: "Callable[[tuple[str, ...], MigrationContext], list[RevisionStep]]",
) -> "MigrationContext":
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415 - see above

    return MigrationContext.configure(
        connection,
        opts={
            "fn": steps,
            "version_table": VERSION_TABLE,
            "version_table_schema": VERSION_SCHEMA,
            "transaction_per_migration": True,
        },
    )
