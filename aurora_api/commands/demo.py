"""`aurora demo`: the whole pipeline on the sandbox, from raw responses to a partner's statement.

It serves a small world of every chain, and ingests and books six periods of each.
"""

import hashlib
import os
from collections.abc import Sequence
from typing import Any, Final

import psycopg
import typer
from rich.table import Table

from aurora_api.access.demo_users import describe_demo_users, ensure_demo_users
from aurora_api.commands.agreement import load_file
from aurora_api.commands.backfill import run_with_progress
from aurora_api.commands.console import console
from aurora_api.commands.environment import configuration_directory, dagster_home, point_at_sandbox
from aurora_assets.graph.backfill import open_instance
from aurora_resources.config.files import load_config
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import ConfigurationError
from aurora_resources.postgres.paths import aurora_home
from aurora_resources.units import format_amount
from aurora_resources.warehouse.connection import open_warehouse
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.registry import sync_registry
from aurora_sandbox.serving import demo_sandbox

HOME: Final = ".aurora/demo"
PERIODS: Final = 6
"""Periods of each chain that are booked, from its first one on."""
PARTNER: Final = "northwind"
AGREEMENTS: Final = "partners.yaml"

_COUNTED: Final = (
    "registry.periods",
    "registry.agreement_rules",
    "staging.payloads",
    "staging.ingestions",
    "canonical.validator_fees",
    "canonical.validator_mev",
    "canonical.stake_rewards",
    "computation.generations",
    "computation.validator_pnl",
    "computation.commission_lines",
    "computation.commission_statements",
)


app = typer.Typer(add_completion=False)


@app.command()
def demo() -> None:
    """Run the whole pipeline on the sandbox: raw responses, P&L, a partner's statement."""
    os.environ.setdefault("AURORA_HOME", HOME)
    with demo_sandbox() as sandbox:
        point_at_sandbox(sandbox.provider_urls)
        config = load_config()
        console.print(
            f"[bold]Aurora[/] on its provider sandbox ({sandbox.base_url}); data in {aurora_home()}\n"
        )
        with open_warehouse(migrated=True) as warehouse, open_instance(dagster_home()) as instance:
            with warehouse.connect() as connection:
                sync_registry(connection, config)
                before = fingerprint(connection)
                load_file(connection, config, configuration_directory() / AGREEMENTS)
            for chain in config.chains:
                run_with_progress(config, instance, chain.chain_id, list(_periods(chain)))
            with warehouse.connect() as connection:
                for chain in config.chains:
                    _show(connection, chain)
                _sum_up(config.chains)
                _compare(before, fingerprint(connection))
            users = ensure_demo_users(warehouse, aurora_home(), PARTNER)
            console.print(describe_demo_users(users), highlight=False)


def _periods(chain: ChainSettings) -> range:
    """The chain's first periods. Raises ConfigurationError for a chain without `first_period`."""
    if chain.first_period is None:
        raise ConfigurationError(f"chains.yaml: {chain.chain_id} has no first_period; the demo begins there")
    return range(chain.first_period, chain.first_period + PERIODS)


def fingerprint(connection: psycopg.Connection[Any]) -> dict[str, tuple[int, str]]:
    """Row count and a digest of every row, by table: equal fingerprints, equal content."""
    result = {}
    for table in _COUNTED:
        name = psycopg.sql.Identifier(*table.split("."))
        digest, count = hashlib.sha256(), 0
        with connection.cursor() as cursor:
            cursor.execute(psycopg.sql.SQL("select t::text from {} as t order by 1").format(name))
            for (row,) in cursor:
                digest.update(row.encode())
                count += 1
        result[table] = (count, digest.hexdigest())
    return result


def _show(connection: psycopg.Connection[Any], chain: ChainSettings) -> None:
    periods = _periods(chain)

    def coins(amount: object) -> str:
        return format_amount(amount if isinstance(amount, int) else None, chain.native_decimals, places=6)

    named = {"chain_id": chain.chain_id, "first": periods[0], "last": periods[-1], "partner": PARTNER}
    pnl = connection.execute(read_query("computation/validator_pnl.demo_pnl"), named).fetchall()
    table = Table(
        title=f"\n{chain.name}: what each validator earned ({chain.display_unit})", title_justify="left"
    )
    for head in ("period", "validator"):
        table.add_column(head)
    for head in ("exec fees", "MEV tips", "vote rewards", "commission", "total"):
        table.add_column(head, justify="right")
    table.add_column("state")
    _add_rows(table, [(str(row[0]), row[1], *map(coins, row[2:7]), row[7]) for row in pnl])
    console.print(table)

    lines = connection.execute(read_query("computation/commission_lines.demo_lines"), named).fetchall()
    (statement,) = connection.execute(read_query("computation/statements.demo_statement"), named).fetchall()
    name, period, status, total, line_count, payloads = statement
    owed = Table(
        title=f"\nStatement of {name} on {chain.name}, period {period}, {status} ({chain.display_unit})",
        title_justify="left",
        show_footer=True,
    )
    for head in ("rule", "validator", "component"):
        owed.add_column(head)
    owed.add_column("base", justify="right", footer="total")
    owed.add_column("rate", justify="right")
    owed.add_column("amount", justify="right", footer=coins(total))
    _add_rows(owed, [(*row[:3], coins(row[3]), _rate(row[4]), coins(row[5])) for row in lines])
    console.print(owed)
    summed = sum(row[5] for row in lines)
    console.print(
        f"{line_count} lines sum to {summed:,} {chain.native_unit}; the statement says {total:,}: "
        f"{'equal' if summed == total else 'NOT EQUAL'}.\n"
        f"Sources of that period: {payloads} raw responses, each stored with its SHA-256."
    )


def _sum_up(chains: Sequence[ChainSettings]) -> None:
    """A partner on several chains has a statement for each, and no sum of them."""
    if len(chains) > 1:
        coins = " and ".join(chain.display_unit for chain in chains)
        console.print(f"\nOne statement a chain: {coins} are never added.")


def _rate(trace: dict[str, Any]) -> str:
    if trace["rate_bps"] is not None:
        return f"{trace['rate_bps']} bps"
    return "tiers " + "/".join(str(part["rate_bps"]) for part in trace["slices"])


def _add_rows(table: Table, rows: Sequence[Sequence[str]]) -> None:
    for index, row in enumerate(rows):
        table.add_row(*row, end_section=index + 1 < len(rows) and rows[index + 1][0] != row[0])


def _compare(before: dict[str, tuple[int, str]], after: dict[str, tuple[int, str]]) -> None:
    rows = sum(count for count, _ in after.values())
    changed = [
        f"{table} {after[table][0] - before[table][0]:+,}" for table in after if after[table] != before[table]
    ]
    if changed:
        console.print(f"{rows:,} rows booked: {', '.join(changed)}. Run it again: no row changes.")
    else:
        console.print(f"{rows:,} rows, none of them changed by this run.")
