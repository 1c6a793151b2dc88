"""`aurora simulate FILE CHAIN --from A --to B`: what a draft agreement would have paid; nothing is booked.

Raises AgreementError and PeriodError.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from aurora_api.commands.arguments import AsJson, Chain, First, Last
from aurora_api.commands.console import console, print_json
from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.pipeline.chain_run import chain_run
from aurora_assets.recompute.periods import period_range
from aurora_assets.recompute.simulation import SimulatedPeriod, to_draft
from aurora_assets.recompute.simulation import simulate as run_simulation
from aurora_resources.config.files import load_config
from aurora_resources.config.models import ChainSettings
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import open_warehouse

app = typer.Typer(add_completion=False)


@app.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="An agreement draft, as in partners.yaml.")],
    chain: Chain,
    *,
    first: First,
    last: Last,
    as_json: AsJson = False,
) -> None:
    """Show what a draft agreement would have paid in booked periods; nothing is booked."""
    periods = period_range(chain, first, last)
    config = load_config()
    settings = config.chain(chain)
    chains = {known.chain_id: known for known in config.chains}
    draft = to_draft(read_agreement_file(file, chains), chains)
    with open_warehouse(migrated=True) as warehouse:
        run = chain_run(warehouse, settings, "simulate")
        simulated = run_simulation(run, periods, draft)
    if as_json:
        print_json(as_data(chain, simulated))
    else:
        _show(file, settings, simulated)


def as_data(chain_id: str, simulated: Sequence[SimulatedPeriod]) -> dict[str, object]:
    """The result as JSON; amounts are native units as text, null where unknown."""
    return {
        "chain": chain_id,
        "periods": [
            {
                "period": period.period_id,
                "amounts": [
                    {
                        "partner": row.cell.partner_id,
                        "validator": row.cell.validator_key,
                        "simulated": _text(row.simulated),
                        "booked": str(row.booked),
                        "difference": _text(row.difference),
                    }
                    for row in period.differences
                ],
                "findings": [
                    {
                        "code": finding.code.value,
                        "message": finding.message,
                        "blocks_release": finding.blocks_release,
                    }
                    for finding in period.findings
                ],
            }
            for period in simulated
        ],
    }


def _text(amount: int | None) -> str | None:
    return None if amount is None else str(amount)


def _show(file: Path, chain: ChainSettings, simulated: Sequence[SimulatedPeriod]) -> None:
    names = {known.validator_key: known.name for known in chain.declared_validators() or ()}

    def coins(amount: int | None) -> str:
        return format_amount(amount, chain.native_decimals)

    table = Table(title=f"What {file.name} would have paid ({chain.display_unit})", title_justify="left")
    for head in ("period", "partner", "validator"):
        table.add_column(head)
    for head in ("simulated", "booked", "difference"):
        table.add_column(head, justify="right")
    for period in simulated:
        for position, row in enumerate(period.differences, start=1):
            key = row.cell.validator_key
            table.add_row(
                str(period.period_id),
                row.cell.partner_id,
                "(no validator)" if key is None else names.get(key) or key,
                coins(row.simulated),
                coins(row.booked),
                coins(row.difference),
                end_section=position == len(period.differences),
            )
    console.print(table)
    console.print(_totals(chain, simulated))
    for period in simulated:
        for finding in period.findings:
            console.print(f"  {period.period_id} {finding.code}: {finding.message}", markup=False)
    console.print("Nothing was booked. The draft held in every period, whatever its dates say.")


def _totals(chain: ChainSettings, simulated: Sequence[SimulatedPeriod]) -> Table:
    sums: defaultdict[str, list[int | None]] = defaultdict(list)
    booked: defaultdict[str, int] = defaultdict(int)
    for row in (row for period in simulated for row in period.differences):
        sums[row.cell.partner_id].append(row.simulated)
        booked[row.cell.partner_id] += row.booked
    table = Table(title=f"\nIn all ({chain.display_unit})", title_justify="left")
    table.add_column("partner")
    for head in ("simulated", "booked", "difference"):
        table.add_column(head, justify="right")
    for partner_id, parts in sorted(sums.items()):
        known = [part for part in parts if part is not None]
        total = sum(known) if len(known) == len(parts) else None
        difference = None if total is None else total - booked[partner_id]
        table.add_row(
            partner_id,
            *(
                format_amount(amount, chain.native_decimals)
                for amount in (total, booked[partner_id], difference)
            ),
        )
    return table
