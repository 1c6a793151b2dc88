"""`aurora explain LINE`: trace a commission amount to the provider responses behind it, as a tree or as JSON.

`aurora_assets.explain.explanation` collects the trace; this module prints it. Amounts are in native units,
with coins beside them.

Raises LineNotFound and ConfigurationError.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final

import psycopg
import typer
from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from aurora_api.commands.arguments import AsJson
from aurora_api.commands.console import console, print_json, to_json_value
from aurora_api.commands.migrate import open_read_only
from aurora_assets.commission.agreement import Rule
from aurora_assets.commission.methods.registry import METHODS
from aurora_assets.explain.explanation import Explanation, Source
from aurora_assets.explain.explanation import explain as trace_line
from aurora_resources.config.files import load_config
from aurora_resources.config.models import ChainSettings
from aurora_resources.units import format_amount

SHOWN: Final = 5
"""How many wallets, accounts or responses are shown without `--all`."""

_UNBROKEN: Final = 100_000

_COUNTS: Final = frozenset({"produced_blocks", "commission_bps", "staker_count", "ingestion_id"})


app = typer.Typer(add_completion=False)


@app.command()
def explain(
    line: Annotated[str, typer.Argument(help="A line's id, or its first 8 hexadecimal digits or more.")],
    *,
    show_all: Annotated[bool, typer.Option("--all", help="Every wallet, account and response.")] = False,
    as_json: AsJson = False,
) -> None:
    """Trace an amount: line, rule, P&L, facts, and the responses with their SHA-256."""
    config = load_config()
    with open_read_only("aurora-explain") as warehouse, warehouse.connect() as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        found = trace_line(connection, line, config.chains)
    if as_json:
        print_json(as_data(found, show_all=show_all))
        return
    # A terminal wraps a long line under its branch; in a file it stays whole, so that it can be searched.
    page = console if console.is_terminal else Console(width=_UNBROKEN)
    page.print(_Shown(config.chain(found.line["chain_id"]), show_all).tree(found))


def as_data(found: Explanation, *, show_all: bool) -> dict[str, Any]:
    """The trace as JSON; amounts are whole numbers of native units. Lists are complete with `show_all`."""

    def listed(rows: Sequence[object]) -> dict[str, object]:
        return {"count": len(rows), "first": to_json_value(rows if show_all else rows[:SHOWN])}

    return {
        "line": to_json_value({name: value for name, value in found.line.items() if name != "rate_trace"}),
        "rate_trace": found.line["rate_trace"],
        "rule": to_json_value(asdict(found.rule)),
        "lines_of_the_rule": to_json_value(found.rule_lines),
        "steps": [asdict(step) | {"holds": step.holds} for step in found.steps],
        "holds": found.holds,
        "pnl": to_json_value(found.pnl),
        "fact": None if found.fact is None else {"table": found.fact_table, **_plain_row(found.fact)},
        "wallets": listed(found.wallets),
        "stake_accounts": listed(found.accounts),
        "ingestions": [
            {**_plain_row(source.ingestion), "payloads": listed(source.payloads)} for source in found.sources
        ],
    }


def _plain_row(row: dict[str, Any]) -> dict[str, object]:
    return {name: to_json_value(value) for name, value in row.items()}


@dataclass(frozen=True, slots=True)
class _Shown:
    chain: ChainSettings
    show_all: bool

    def tree(self, found: Explanation) -> Tree:
        line = found.line
        root = Tree(
            f"[bold]{escape(line['partner_name'])}[/] is owed [bold]{self.money(line['amount'])}[/] "
            f"for {escape(line['component'])} of {self.validator(line)}, {line['period_label']}"
        )
        self._line(root.add("[bold]line[/]"), line)
        self._rule(root.add("[bold]rule[/]"), found.rule, line)
        self._steps(root.add("[bold]arithmetic[/]"), found)
        if found.pnl is None or found.fact is None:
            self._beside(root.add("[bold]beside the validators[/]"), found)
            return root
        self._pnl(root.add("[bold]P&L[/] computation.validator_pnl"), found.pnl)
        self._fact(root.add(f"[bold]facts[/] canonical.{found.fact_table}"), found.fact)
        self._stakes(root.add("[bold]stake[/] canonical.stake_rewards"), found)
        evidence = root.add("[bold]evidence[/] staging.ingestions and staging.payloads")
        for source in found.sources:
            self._source(evidence, source)
        return root

    def money(self, amount: int | None) -> str:
        """The amount in native units and in coins; `unknown` for None."""
        if amount is None:
            return "unknown"
        coins = format_amount(amount, self.chain.native_decimals)
        return f"{amount:,} {self.chain.native_unit} ({coins} {self.chain.display_unit})"

    def validator(self, line: dict[str, Any]) -> str:
        if line["validator_key"] is None:
            return "no single validator (a guarantee)"
        name = line["validator_name"]
        return escape(f"{name} ({line['validator_key']})" if name else line["validator_key"])

    def _line(self, branch: Tree, line: dict[str, Any]) -> None:
        marks = [mark for mark in ("allocated", "scaled") if line[mark]]
        branch.add(f"{line['line_id']}, {', '.join([line['state'], *marks])}")
        branch.add(f"statement {line['statement_id']}, {self.money(line['statement_total'])} in all")
        branch.add(
            f"generation {line['generation_id']} by engine {line['engine_version']}, "
            f"run {line['run_id']}, {line['created_at']:%Y-%m-%d %H:%M:%S%z}"
        )

    def _rule(self, branch: Tree, rule: Rule, line: dict[str, Any]) -> None:
        until = line["valid_until"]
        branch.add(
            escape(f"{line['agreement_id']} v{line['version']} ({line['agreement_name']}), ")
            + f"from {line['valid_from']:%Y-%m-%d}"
            + (f" until {until:%Y-%m-%d}" if until else "")
            + escape(f"; {line['version_reason']}")
        )
        terms = f"{rule.rule_id}: {rule.component} by {rule.method}"
        terms += f", {rule.rate_bps} bps" if rule.rate_bps is not None else ""
        branch.add(escape(terms))
        branch.add(f"base: {METHODS[rule.method].meaning}")
        if rule.tiers is not None:
            schedule = rule.tiers
            tiers = branch.add(f"tiers {schedule.mode} by {schedule.metric}, {schedule.scope}")
            for tier in schedule.tiers:
                upto = "above" if tier.upper is None else f"up to {self.money(tier.upper)}"
                tiers.add(f"{upto}: {tier.rate_bps} bps")
        for what, amount in (("floor", rule.floor), ("cap", rule.cap)):
            if amount is not None:
                guaranteed = ", guaranteed" if what == "floor" and rule.guarantee else ""
                branch.add(f"{what} {self.money(amount)}{guaranteed}")
        branch.add(f"losses: {rule.loss_policy}")

    def _steps(self, branch: Tree, found: Explanation) -> None:
        for step in found.steps:
            mark = "" if step.holds else f" [red]but {self.money(step.booked)} is booked[/]"
            branch.add(f"{step.what}: {step.formula} = {self.money(step.amount)}{mark}")

    def _beside(self, branch: Tree, found: Explanation) -> None:
        branch.add("A guarantee is paid beside what the rule earned on its validators; their lines:")
        rows = [row for row in found.rule_lines if row["validator_key"] is not None]
        self._some(
            branch,
            (f"{row['line_id']} on {row['validator_key']}: {self.money(row['claimed'])}" for row in rows),
            len(rows),
        )

    def _pnl(self, branch: Tree, pnl: dict[str, Any]) -> None:
        since = "in force" if pnl["is_current"] else "[red]superseded since: recompute[/]"
        branch.add(f"generation {pnl['generation_id']}, {since}, {pnl['completeness']}")
        for column in ("exec_fees", "mev_tips", "vote_rewards", "commission"):
            branch.add(f"{column} {self.money(pnl[column])}, {pnl[f'{column}_state']}")
        branch.add(f"total_revenue {self.money(pnl['total_revenue'])}")

    def _fact(self, branch: Tree, fact: dict[str, Any]) -> None:
        for name, value in fact.items():
            is_amount = isinstance(value, int) and name not in _COUNTS
            branch.add(escape(f"{name} {self.money(value) if is_amount else to_json_value(value)}"))

    def _stakes(self, branch: Tree, found: Explanation) -> None:
        wallets = branch.add(f"{len(found.wallets)} wallets of {escape(found.line['partner'])} on it")
        self._some(wallets, map(self._wallet, found.wallets), len(found.wallets))
        accounts = branch.add(f"{len(found.accounts)} stake accounts of theirs")
        self._some(accounts, map(self._account, found.accounts), len(found.accounts))

    def _wallet(self, row: dict[str, Any]) -> str:
        part = f", stands for {self.money(row['part'])} of the base" if row["part"] is not None else ""
        return f"{row['wallet']}: stake {self.money(row['active_stake'])}{part}"

    def _account(self, row: dict[str, Any]) -> str:
        amounts = ("reward", "commission", "tips", "tips_commission")
        parts = ", ".join(f"{name} {_native(row[name])}" for name in amounts)
        return f"{row['stake_account']}: stake {_native(row['active_stake'])} ({row['stake_basis']}), {parts}"

    def _source(self, branch: Tree, source: Source) -> None:
        own = source.ingestion
        since = "" if own["is_current"] else ", superseded since"
        node = branch.add(
            f"ingestion {own['ingestion_id']} {own['role']} {own['state']}{since}, "
            f"{own['finished_at']:%Y-%m-%d %H:%M:%S%z}, {own['payload_count']} responses, of which "
            f"{len(source.payloads)} are about this validator or about all; "
            f"digest {bytes(own['content_digest']).hex()}"
        )
        self._some(node, map(_payload, source.payloads), len(source.payloads))

    def _some(self, branch: Tree, texts: Iterable[str], count: int) -> None:
        for position, text in enumerate(texts):
            if position == SHOWN and not self.show_all:
                branch.add(f"and {count - SHOWN:,} more: --all")
                return
            branch.add(escape(text))


def _native(amount: int | None) -> str:
    return "unknown" if amount is None else f"{amount:,}"


def _payload(row: dict[str, Any]) -> str:
    asked = json.dumps(row["request"], separators=(",", ":"))
    return (
        f"{row['provider']} {row['endpoint']}, fetched {row['fetched_at']:%Y-%m-%d %H:%M:%S%z}, "
        f"status {row['status']}, {row['size_bytes']:,} bytes, SHA-256 {bytes(row['sha256']).hex()}; {asked}"
    )
