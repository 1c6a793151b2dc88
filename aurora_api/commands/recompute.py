"""`aurora recompute CHAIN --from A --to B`: show which lines change, and book them unless `--plan` is given.

Raises PeriodError, AgreementError and RevenueGuardError.
"""

from collections.abc import Iterator
from typing import Annotated
from uuid import uuid4

import typer
from rich.table import Table

from aurora_api.commands.arguments import AsJson, Chain, First, Last
from aurora_api.commands.console import console, print_json
from aurora_assets.pipeline.chain_run import chain_run
from aurora_assets.recompute.periods import period_range
from aurora_assets.recompute.plan import (
    Applied,
    LineChange,
    Plan,
    PlannedPeriod,
    apply_plan,
    plan_recompute,
)
from aurora_resources.config.files import load_config
from aurora_resources.config.models import ChainSettings
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import open_warehouse

app = typer.Typer(add_completion=False)


@app.command()
def recompute(
    chain: Chain,
    *,
    first: First,
    last: Last,
    plan_only: Annotated[bool, typer.Option("--plan", help="Only show what would change.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show which lines change under current facts and agreements, and book the changes."""
    periods = period_range(chain, first, last)
    settings = load_config().chain(chain)
    with open_warehouse(migrated=True) as warehouse:
        run = chain_run(warehouse, settings, f"recompute-{uuid4()}")
        plan = plan_recompute(run, periods)
        if not as_json:
            show_plan(settings, plan)
        applied = None if plan_only else apply_plan(run, plan)
    if as_json:
        print_json(as_data(plan, applied))
    elif applied is not None:
        show_applied(applied)


def as_data(plan: Plan, applied: Applied | None) -> dict[str, object]:
    """The result as JSON; amounts are native units as text, null where there is no line or it is unknown."""
    booked = {} if applied is None else {period.period_id: period for period in applied.periods}
    return {
        "chain": plan.chain_id,
        "applied": applied is not None,
        "corrections": None if applied is None else dict(applied.corrections),
        "affected": [
            {"partner": partner_id, "difference": _text(difference)}
            for partner_id, difference in plan.affected.items()
        ],
        "periods": [
            {
                "period": period.period_id,
                "would_change": {"pnl": period.pnl_differs, "lines": period.lines_differ},
                "changed": None
                if period.period_id not in booked
                else {
                    "pnl": booked[period.period_id].pnl_changed,
                    "lines": booked[period.period_id].lines_changed,
                },
                "refusal": period.refusal,
                "unchanged_lines": period.unchanged,
                "lines": [_line(period, change) for change in period.changes],
                "findings": [
                    {"code": finding.code.value, "message": finding.message} for finding in period.findings
                ],
            }
            for period in plan.periods
        ],
    }


def _line(period: PlannedPeriod, change: LineChange) -> dict[str, object]:
    key = change.key
    return {
        "partner": key.partner_id,
        "agreement": key.agreement_id,
        "rule": key.rule_id,
        "validator": key.validator_key,
        "component": change.component,
        "old": _text(change.old),
        "new": _text(change.new),
        "difference": _text(change.difference),
        "unknown": change.unknown,
        "released": change.key.partner_id in period.released,
        "old_line_id": _text(change.old_line_id),
        "new_line_id": _text(change.new_line_id),
        "old_version": change.old_version,
        "new_version": change.new_version,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def show_plan(chain: ChainSettings, plan: Plan) -> None:
    """Print every changed amount, the affected partners, and what prevents booking."""
    names = {known.validator_key: known.name for known in chain.declared_validators() or ()}

    def coins(amount: int | None) -> str:
        return format_amount(amount, chain.native_decimals)

    table = Table(
        title=f"What a recompute of {chain.name} changes ({chain.display_unit})", title_justify="left"
    )
    for head in ("period", "partner", "rule", "validator"):
        table.add_column(head)
    for head in ("old", "new", "difference"):
        table.add_column(head, justify="right")
    for period in plan.periods:
        moved = [change for change in period.changes if change.difference != 0]
        for position, change in enumerate(moved, start=1):
            key = change.key.validator_key
            table.add_row(
                str(period.period_id),
                change.key.partner_id,
                change.key.rule_id + _versions(change),
                "(no validator)" if key is None else names.get(key) or key,
                coins(change.old),
                "unknown" if change.unknown else coins(change.new),
                coins(change.difference),
                end_section=position == len(moved),
            )
    if table.row_count:
        console.print(table)
        for partner_id, difference in plan.affected.items():
            amount = "unknown" if difference is None else f"{coins(difference)} {chain.display_unit}"
            console.print(f"  {partner_id} is affected: {amount}", markup=False)
    for period in plan.periods:
        for sentence in _describe(period):
            console.print(f"  period {period.period_id}: {sentence}", markup=False)


def _versions(change: LineChange) -> str:
    if change.old_version == change.new_version or None in (change.old_version, change.new_version):
        return ""
    return f" (v{change.old_version} to v{change.new_version})"


def _describe(period: PlannedPeriod) -> Iterator[str]:
    if period.refusal is not None:
        yield f"refused: {period.refusal}"
    if not (period.lines_differ or period.pnl_differs):
        yield f"nothing to write, {period.unchanged} lines stay as they are"
    elif not period.changes:
        yield f"no amount changes on {period.unchanged} lines, but how they are explained does"
    else:
        kept = sum(change.difference == 0 for change in period.changes)
        yield (
            f"{len(period.changes) - kept} amounts change, {kept} lines only their version of the "
            f"agreement, {period.unchanged} lines stay as they are"
        )
    corrected = sorted({change.key.partner_id for change in period.changes} & period.released)
    if corrected:
        yield (
            f"released to {', '.join(corrected)}: that statement stays as it is, the difference goes into "
            "the next one as a correction"
        )
    for finding in period.findings:
        if period.refusal is None:
            yield f"{finding.code}: {finding.message}"


def show_applied(applied: Applied) -> None:
    """Print what was booked."""
    written = [period for period in applied.periods if period.lines_changed or period.pnl_changed]
    if not written:
        console.print("Nothing was written: what is booked is what would be computed.")
    for period in written:
        what = [
            name
            for name, changed in (("P&L", period.pnl_changed), ("commission lines", period.lines_changed))
            if changed
        ]
        console.print(f"Booked {' and '.join(what)} of period {period.period_id}: {period.line_count} lines.")
    for partner_id, count in applied.corrections.items():
        console.print(f"{count} corrections of lines released to {partner_id} wait for its next statement.")
