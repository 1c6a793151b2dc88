"""`aurora user`: add, list and change users. Every change is recorded in the audit log.

A password comes from `AURORA_USER_PASSWORD`, a terminal, or the first line of standard input; it is never an
argument, which other users of the machine could read. Every command raises UserCommandError for a change that
the rules refuse.
"""

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final, TypeAlias

import typer
from psycopg.rows import class_row
from rich.table import Table

from aurora_api.access.passwords import hash_password
from aurora_api.access.principal import UserRole
from aurora_api.access.sessions import auth_transaction
from aurora_api.access.users import (
    UserRow,
    UserTerms,
    create_user,
    find_user_named,
    set_password,
    update_user,
)
from aurora_api.commands.arguments import AsJson
from aurora_api.commands.audit import audit
from aurora_api.commands.console import console, print_json
from aurora_api.problems import Problem
from aurora_resources.errors import AuroraError
from aurora_resources.warehouse.connection import DbConnection, open_warehouse
from aurora_resources.warehouse.queries import read_query

PASSWORD_VARIABLE: Final = "AURORA_USER_PASSWORD"  # noqa: S105 - a variable's name


Username: TypeAlias = Annotated[str, typer.Argument(help="The name to sign in with.")]

app = typer.Typer(add_completion=False, no_args_is_help=True, help="Users and how they sign in.")


class UserCommandError(AuroraError):
    """`aurora user` cannot do what it was called for; the message says why."""


@app.command()
def add(
    username: Username,
    role: Annotated[UserRole, typer.Option(help="The user's role.", case_sensitive=False)],
    *,
    name: Annotated[str | None, typer.Option(help="Display name; the username if not given.")] = None,
    partner: Annotated[str | None, typer.Option(help="A partner's code, with the role PARTNER.")] = None,
    chain: Annotated[list[str] | None, typer.Option(help="Only this chain; may be repeated.")] = None,
    validator: Annotated[
        list[str] | None,
        typer.Option(help="Only this validator; for PARTNER, one whose P&L it sees; may be repeated."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Expiry, such as 2026-12-31 (UTC).")] = None,
    oidc: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Issuer and subject of an external identity; the user then has no password."),
    ] = None,
) -> None:
    """Add a user; the password is asked for, or read from AURORA_USER_PASSWORD or standard input."""
    terms = UserTerms(
        display_name=name or username,
        role=role,
        partner_code=partner,
        chain_ids=tuple(chain) if chain else None,
        validator_keys=tuple(validator) if validator else None,
        expires_at=read_time(expires) if expires else None,
        oidc_issuer=oidc[0] if oidc else None,
        oidc_subject=oidc[1] if oidc else None,
    )
    hashed = _new_hash(username) if oidc is None else None
    with _users() as session:
        made = create_user(session, username, terms, hashed)
        audit(
            session,
            "createUser",
            "User",
            made.username,
            after=made.audited,
            partner_id=made.partner_id,
        )
    console.print(f"{made.username} is {_described(made)}", highlight=False)


@app.command("list")
def show_list(*, as_json: AsJson = False) -> None:
    """Every user."""
    no_filter = {"roles": None, "active": None, "after_username": None, "row_limit": None}
    with _users() as session, session.cursor(row_factory=class_row(UserRow)) as cursor:
        users = cursor.execute(read_query("access/users.user_page").encode(), no_filter).fetchall()
    if as_json:
        print_json([{**user.audited, "hasPassword": user.has_password} for user in users])
        return
    table = Table(box=None)
    for head in ("user", "name", "role", "partner", "chains", "validators", "state"):
        table.add_column(head)
    for user in users:
        table.add_row(
            user.username,
            user.display_name,
            user.role,
            user.partner_code or "",
            _listed(user.chain_ids),
            _listed(user.validator_keys) if user.role != "PARTNER" or user.validator_keys else "none",
            _state(user),
        )
    console.print(table)


@app.command("set-password")
def change_password(username: Username) -> None:
    """Give a user another password; their sessions end. Read as `add` reads it."""
    hashed = _new_hash(username)
    with _users() as session:
        user = find_user_named(session, username)
        set_password(session, user.user_id, hashed)
        audit(session, "setPassword", "User", user.username, partner_id=user.partner_id)
    console.print(f"{user.username} has a new password, and no session any more", highlight=False)


@app.command()
def disable(username: Username) -> None:
    """Disable a user at once: sessions and API tokens end."""
    _change(username, lambda terms: replace(terms, active=False))


@app.command()
def enable(username: Username) -> None:
    """Enable a disabled user."""
    _change(username, lambda terms: replace(terms, active=True))


@app.command()
def expire(
    username: Username,
    when: Annotated[str, typer.Argument(help="A time such as 2026-12-31 (UTC), or `never`.")],
) -> None:
    """Set the time from which a user can no longer sign in."""
    # An auditor must have an expiry; `never` is refused for that role.
    expires_at = None if when == "never" else read_time(when)
    _change(username, lambda terms: replace(terms, expires_at=expires_at))


def read_time(text: str) -> datetime:
    """A time such as 2026-12-31 or 2026-12-31T18:00+01:00; UTC if the text has no zone.

    Raises UserCommandError for text of another form.
    """
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise UserCommandError(f"{text} is not a time; write 2026-12-31, or 2026-12-31T18:00Z") from None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def _change(username: str, changed: Callable[[UserTerms], UserTerms]) -> None:
    with _users() as session:
        before = find_user_named(session, username)
        after = update_user(session, before, before.version, changed(before.terms))
        audit(
            session,
            "updateUser",
            "User",
            after.username,
            before=before.audited,
            after=after.audited,
            partner_id=after.partner_id,
        )
    console.print(f"{after.username} is {_described(after)}", highlight=False)


@contextmanager
def _users() -> Iterator[DbConnection]:
    """A transaction that may read and change users. Turns a Problem into a UserCommandError."""
    try:
        with open_warehouse(migrated=True) as warehouse, auth_transaction(warehouse) as session:
            yield session
    except Problem as problem:
        raise UserCommandError(str(problem)) from problem


def _new_hash(username: str) -> str:
    try:
        return hash_password(_read_password(username))
    except Problem as problem:
        raise UserCommandError(str(problem)) from problem


def _read_password(username: str) -> str:
    given = os.environ.get(PASSWORD_VARIABLE)
    if given is not None:
        return given
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    typed = getpass.getpass(f"Password for {username}: ")
    if getpass.getpass("Once more: ") != typed:
        raise UserCommandError("the two passwords are not the same; nothing was changed")
    return typed


def _described(user: UserRow) -> str:
    partner = f" of {user.partner_code}" if user.partner_code else ""
    return f"{user.role}{partner}, {_state(user)}"


def _state(user: UserRow) -> str:
    if not user.active:
        return "disabled"
    if user.expires_at is None:
        return "active"
    when = f"{user.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return f"expired {when}" if user.expires_at <= datetime.now(UTC) else f"active until {when}"


def _listed(values: list[str] | None) -> str:
    return "all" if values is None else ", ".join(values)
