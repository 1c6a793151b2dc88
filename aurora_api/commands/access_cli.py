"""`aurora user ...` and `aurora audit ...` as typed; the work is in `commands/`."""

from typing import Annotated

import typer

from aurora_api.access.principal import UserRole

users = typer.Typer(no_args_is_help=True, help="Who may sign in.")
audit = typer.Typer(no_args_is_help=True, help="What was done, by whom.")

_Name = Annotated[str, typer.Argument(help="The name to sign in with.")]
_Json = Annotated[bool, typer.Option("--json", help="As data.")]


@users.command("add")
def user_add(
    username: _Name,
    role: Annotated[UserRole, typer.Option(help="What they are to the operator.", case_sensitive=False)],
    *,
    name: Annotated[str | None, typer.Option(help="Name for people; the username if not given.")] = None,
    partner: Annotated[str | None, typer.Option(help="A partner's code, with the role PARTNER.")] = None,
    chain: Annotated[list[str] | None, typer.Option(help="Only this chain; may be repeated.")] = None,
    validator: Annotated[
        list[str] | None,
        typer.Option(help="Only this validator; for PARTNER, whose P&L it sees; may be repeated."),
    ] = None,
    expires: Annotated[str | None, typer.Option(help="Until when, such as 2026-12-31 (UTC).")] = None,
    oidc: Annotated[
        tuple[str, str] | None,
        typer.Option(help="Issuer and subject of an external identity; then no password is asked for."),
    ] = None,
) -> None:
    """Add a user; the password is asked for, or read from AURORA_USER_PASSWORD or standard input."""
    from aurora_api.access.users import UserTerms
    from aurora_api.commands import user as command

    terms = UserTerms(
        display_name=name or username,
        role=role,
        partner_code=partner,
        chain_ids=tuple(chain) if chain else None,
        validator_keys=tuple(validator) if validator else None,
        expires_at=command.read_time(expires) if expires else None,
        oidc_issuer=oidc[0] if oidc else None,
        oidc_subject=oidc[1] if oidc else None,
    )
    command.add(username, terms, with_password=oidc is None)


@users.command("list")
def user_list(*, json: _Json = False) -> None:
    """Every user."""
    from aurora_api.commands import user as command

    command.show_list(as_json=json)


@users.command("set-password")
def user_set_password(username: _Name) -> None:
    """Give a user another password; their sessions end. Read as `add` reads it."""
    from aurora_api.commands import user as command

    command.change_password(username)


@users.command("disable")
def user_disable(username: _Name) -> None:
    """Put a user out at once: sessions and API tokens end."""
    from aurora_api.commands import user as command

    command.set_active(username, active=False)


@users.command("enable")
def user_enable(username: _Name) -> None:
    """Let a user in again."""
    from aurora_api.commands import user as command

    command.set_active(username, active=True)


@users.command("expire")
def user_expire(
    username: _Name,
    when: Annotated[str, typer.Argument(help="From when on, such as 2026-12-31 (UTC), or `never`.")],
) -> None:
    """Say until when a user may come."""
    from aurora_api.commands import user as command

    command.set_expiry(username, None if when == "never" else command.read_time(when))


@audit.command("verify")
def audit_verify(
    *,
    anchor: Annotated[
        str | None, typer.Option(help="number:hash of a row, as noted from an earlier call.")
    ] = None,
    json: _Json = False,
) -> None:
    """Prove that no row of the audit log was edited, removed or inserted; 1 if one was."""
    from aurora_api.commands import audit as command

    if not command.verify(anchor, as_json=json):
        raise typer.Exit(1)
