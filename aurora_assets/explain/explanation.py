"""Explain a commission line: its rule, the P&L and facts it is computed from, and the provider responses.

Everything is read in one session; `arithmetic.py` computes the steps again. `aurora explain` and GraphQL show
the result. Amounts are native units.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from psycopg.rows import dict_row

from aurora_assets.agreements.store import read_agreements
from aurora_assets.commission.agreement import Rule
from aurora_assets.commission.methods.protocol import WalletFacts
from aurora_assets.commission.methods.registry import METHODS
from aurora_assets.explain.arithmetic import Step, Trace, compute_steps
from aurora_resources.config.models import ChainSettings
from aurora_resources.errors import AuroraError, ConfigurationError
from aurora_resources.providers.wiring import chain_source
from aurora_resources.records import Component, Feed
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query

Row = dict[str, Any]

PREFIX_LENGTH_MIN: Final = 8
_UUID_DIGITS: Final = 32
_NAMED_MATCHES: Final = 5

_FACTS: Final[Mapping[Component, tuple[Feed, str, str]]] = {
    Component.EXEC_FEES: (Feed.FEES, "validator_fees", "canonical/facts.validator_fees"),
    Component.MEV_TIPS: (Feed.MEV, "validator_mev", "canonical/facts.validator_mev"),
    Component.VOTE_REWARDS: (Feed.REWARDS, "validator_rewards", "canonical/facts.validator_rewards"),
    Component.COMMISSION: (Feed.REWARDS, "validator_rewards", "canonical/facts.validator_rewards"),
}
"""Where a component comes from: its feed, its canonical table, and the statement that reads a row of that."""


class LineNotFound(AuroraError):  # noqa: N818 - what was asked for is not there
    """No commission line in force has that id, or several ids have that prefix."""


@dataclass(frozen=True, slots=True)
class Source:
    """An ingestion and those of its responses about the line's validator, or about no single validator."""

    ingestion: Row
    payloads: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything a line is computed from, from its amount down to the responses.

    `pnl`, `fact` and `fact_table` are None for the line of a guarantee, which has no validator.
    `wallets` are those on the validator that the partner introduced, with their part of the base where it is
    a part; `accounts` the stake accounts they own.
    """

    line: Row
    rule: Rule
    rule_lines: Sequence[Row]
    steps: Sequence[Step]
    pnl: Row | None
    fact_table: str | None
    fact: Row | None
    wallets: Sequence[Row]
    accounts: Sequence[Row]
    sources: Sequence[Source]

    @property
    def holds(self) -> bool:
        """Whether the result of every step equals the booked one."""
        return all(step.holds for step in self.steps)


def explain(connection: DbConnection, line: str, chains: Sequence[ChainSettings]) -> Explanation:
    """The explanation of the line in force whose id is or begins with `line`, at least 8 hexadecimal digits.

    `connection` should be a snapshot. Raises LineNotFound, and ConfigurationError if the
    line's chain is not configured any more.
    """
    reader = _Reader(connection)
    found = reader.one("computation/commission_lines.line_with_context", **_find(reader, line))
    rule = next(
        rule
        for version in read_agreements(connection)
        if (version.agreement_id, version.version) == (found["agreement_id"], found["version"])
        for rule in version.rules
        if rule.rule_id == found["rule_id"]
    )
    keyed = {name: found[name] for name in _KEYS}
    rule_lines = reader.all("computation/commission_lines.lines_of_rule", **keyed)
    if found["validator_key"] is None:
        steps = _steps(found, rule, rule_lines, None, ())
        return Explanation(found, rule, rule_lines, steps, None, None, None, (), (), ())
    component = Component(found["component"])
    feed, fact_table, fact_query = _FACTS[component]
    pnl = reader.one(
        "computation/validator_pnl.pnl_of_generation", **keyed | {"generation_id": found["based_on"]}
    )
    fact = reader.one(fact_query, **keyed)
    wallets = reader.all("canonical/stake_rewards.wallets_of_validator", **keyed)
    revenue: int = pnl[component.lower()]
    allocated: bool = found["allocated"]
    method = METHODS[rule.method]
    facts_of_wallets = [_wallet_facts(row, component) for row in wallets]
    derived = method.derive(revenue, found["partner"], facts_of_wallets, allocated=allocated)
    steps = (
        Step("base on this validator", derived.formula, derived.amount, found["base"]),
        *_steps(
            found,
            rule,
            rule_lines,
            revenue,
            reader.all("computation/commission_lines.claims_on_component", **keyed),
        ),
    )
    settings = next((chain for chain in chains if chain.chain_id == found["chain_id"]), None)
    if settings is None:
        raise ConfigurationError(f"chains.yaml: {found['chain_id']} is not there any more")
    policies = chain_source(settings).policies
    read = [feed, Feed.REWARDS] if method.reads_wallets else [feed]
    feeds = [*read, *(earlier for each in read for earlier in policies[each].depends_on)]
    return Explanation(
        line=found,
        rule=rule,
        rule_lines=rule_lines,
        steps=steps,
        pnl=pnl,
        fact_table=fact_table,
        fact=fact,
        wallets=[
            row | {"part": derived.parts.get(row["wallet"])}
            for row in wallets
            if row["partner"] == found["partner"]
        ],
        accounts=reader.all("canonical/stake_rewards.accounts_of_partner", **keyed),
        sources=_sources(reader, keyed, fact["ingestion_id"], feeds),
    )


def _wallet_facts(row: Row, component: Component) -> WalletFacts:
    """What is observed is kept by component; execution fees have no such column."""
    return WalletFacts(row["wallet"], row["partner"], row["active_stake"], row.get(component.lower()))


_KEYS: Final = (
    "generation_id", "line_id", "chain_id", "period_id", "validator_key", "partner", "agreement_id",
    "version", "rule_id", "component", "starts_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Reader:
    connection: DbConnection

    def all(self, query: str, **named: object) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(read_query(query), named).fetchall()

    def one(self, query: str, **named: object) -> Row:
        (row,) = self.all(query, **named)
        return row


def _find(reader: _Reader, line: str) -> dict[str, object]:
    """Line and generation of the one line in force with that id or prefix."""
    digits = line.strip().lower().replace("-", "")
    if not re.fullmatch(rf"[0-9a-f]{{{PREFIX_LENGTH_MIN},{_UUID_DIGITS}}}", digits):
        raise LineNotFound(
            f'"{line}" is no line id; give at least its first {PREFIX_LENGTH_MIN} hexadecimal digits'
        )
    matches = reader.all(
        "computation/commission_lines.lines_by_id",
        lowest=UUID(digits.ljust(_UUID_DIGITS, "0")),
        highest=UUID(digits.ljust(_UUID_DIGITS, "f")),
        row_limit=_NAMED_MATCHES + 1,
    )
    in_force = [row for row in matches if row["is_current"]]
    if len(in_force) > 1:
        ids = ", ".join(str(row["line_id"]) for row in in_force[:_NAMED_MATCHES])
        raise LineNotFound(f"{line} begins the ids of several lines ({ids}); give more of it")
    if not in_force:
        if matches:
            superseded = matches[0]
            raise LineNotFound(
                f"line {superseded['line_id']} is not in force any more: it was last in generation "
                f"{superseded['generation_id']}, and what took its place has no such line"
            )
        raise LineNotFound(
            f"no commission line has the id {line}; the ids are in GraphQL and in every statement"
        )
    return {"line_id": in_force[0]["line_id"], "generation_id": in_force[0]["generation_id"]}


def _steps(
    line: Row, rule: Rule, rule_lines: Sequence[Row], revenue: int | None, claims: Sequence[Row]
) -> tuple[Step, ...]:
    stored = line["rate_trace"]
    amounts = ("base", "losses", "loss_offset", "net_base", "base_before", "earned")
    trace = Trace(
        **{name: int(stored[name]) for name in amounts},
        stake=None if stored["stake"] is None else int(stored["stake"]),
        claimed=line["claimed"],
        amount=line["amount"],
    )
    return compute_steps(
        rule,
        trace,
        {row["validator_key"]: row["base"] for row in rule_lines if row["validator_key"] is not None},
        line["validator_key"],
        revenue,
        {
            (row["partner"], row["agreement_id"], row["rule_id"], line["validator_key"]): row["claimed"]
            for row in claims
        },
        (line["partner"], line["agreement_id"], line["rule_id"], line["validator_key"]),
    )


def _sources(
    reader: _Reader, keyed: Mapping[str, Any], ingestion_id: int, feeds: Sequence[Feed]
) -> list[Source]:
    """The responses behind the fact first, then those that are read together with it."""
    ingestions = reader.all(
        "staging/ingestions.ingestions_behind",
        **keyed,
        named=[ingestion_id],
        roles=list(dict.fromkeys(feed.value for feed in feeds)),
    )
    identities = reader.all("canonical/facts.validator_identities", **keyed)
    subjects = [keyed["validator_key"], *(row["identity"] for row in identities)]
    return [
        Source(
            ingestion,
            reader.all(
                "staging/payloads.payloads_of_ingestion",
                ingestion_id=ingestion["ingestion_id"],
                subjects=subjects,
            ),
        )
        for ingestion in ingestions
    ]
