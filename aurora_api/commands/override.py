"""`aurora override LINE`: set a line's amount by hand, confirm what another person set, or withdraw it.

Exactly one of the three at a time. Raises OverrideError.
"""

from typing import Annotated
from uuid import UUID

import typer

from aurora_api.commands.arguments import By
from aurora_api.commands.audit import audit
from aurora_api.commands.console import console
from aurora_assets.commission.overrides import OverrideError, OverrideState
from aurora_assets.statements.override_store import confirm_override, override_line, withdraw_override
from aurora_resources.config.files import load_chains
from aurora_resources.warehouse.connection import open_warehouse

app = typer.Typer(add_completion=False)


@app.command()
def override(
    line: Annotated[str, typer.Argument(help="A line's id; `aurora statement show` lists them.")],
    *,
    reason: Annotated[str, typer.Option(help="Reason, for the audit log.")],
    by: By,
    amount: Annotated[
        str | None, typer.Option(help="The amount that replaces the computed one, in native units.")
    ] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Use the computed amount again.")] = False,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Confirm what another person set, or a stale amount.")
    ] = False,
) -> None:
    """Set the amount of a commission line by hand."""
    if [amount is not None, withdraw, confirm].count(True) != 1:
        raise OverrideError("say one of --amount, --confirm and --withdraw")
    line_id = _line_id(line)
    chains = load_chains()
    with open_warehouse(migrated=True) as warehouse, warehouse.transaction() as connection:
        if amount is not None:
            action = "make"
            done = override_line(connection, chains, line_id, _amount(amount), reason=reason, by=by)
        elif withdraw:
            action = "withdraw"
            done = withdraw_override(connection, line_id, reason=reason, by=by)
        else:
            action = "confirm"
            done = confirm_override(connection, chains, line_id, reason=reason, by=by)
        after = {
            "state": done.decision.state.value,
            "computed": _text(done.computed),
            "amount": _text(None if amount is None else _amount(amount)),
        }
        audit(
            connection,
            f"override.{action}",
            "CommissionLine",
            str(line_id),
            by=by,
            reason=reason,
            after=after,
        )
    effect = {
        OverrideState.NONE: "no override; the computed amount counts",
        OverrideState.IN_FORCE: "the override counts",
        OverrideState.UNCONFIRMED: "the override counts once another person confirms it",
        OverrideState.STALE: "the override is stale: confirm or withdraw it",
    }[done.decision.state]
    console.print(f"line {line_id}, computed {done.computed}: {effect}", highlight=False, soft_wrap=True)
    if done.released_in is not None:
        console.print(
            f"The {done.released_in} is released and stays as it is: the difference goes into the next one.",
            soft_wrap=True,
        )


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _line_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise OverrideError(f'"{text}" is not a line id; `aurora statement show` lists them') from None


def _amount(text: str) -> int:
    try:
        return int(text.replace(",", ""))
    except ValueError:
        raise OverrideError(f'"{text}" is not a whole amount in native units') from None
