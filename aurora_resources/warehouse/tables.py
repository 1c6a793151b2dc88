"""The tables that are written slice by slice, declared once: columns with their types, key, and slice.

Facts are replaced by chain and period (`slices.py`), computed rows are superseded by generation, and a replay
compares both. A test compares this catalogue with a migrated database.
"""

from dataclasses import dataclass
from typing import Final

from psycopg import sql

from aurora_resources.warehouse.connection import DbConnection


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the warehouse that is written slice by slice.

    `columns` are all of its columns with their PostgreSQL types, in order. `slice_by` names a slice, `key` a
    row within it. `filled` columns are left to the database, by an identity, a default or a trigger.
    """

    schema: str
    name: str
    columns: tuple[tuple[str, str], ...]
    slice_by: tuple[str, ...]
    key: tuple[str, ...]
    filled: frozenset[str] = frozenset()

    @property
    def full_name(self) -> str:
        """The name with its schema, such as `canonical.validator_fees`."""
        return f"{self.schema}.{self.name}"

    @property
    def identifier(self) -> sql.Identifier:
        """The table, quoted."""
        return sql.Identifier(self.schema, self.name)

    @property
    def written(self) -> tuple[str, ...]:
        """The columns that a row to be written has, in order."""
        return tuple(name for name, _ in self.columns if name not in self.filled)


def _facts(name: str, /, *key: str, **columns: str) -> Table:
    """A canonical table of one chain and period a slice."""
    period = {"chain_id": "text", "period_id": "bigint"}
    return Table("canonical", name, tuple((period | columns).items()), tuple(period), key)


def _computed(name: str, /, *key: str, filled: frozenset[str] = frozenset(), **columns: str) -> Table:
    """A computed table of one generation a slice."""
    generation = {"generation_id": "bigint"}
    return Table("computation", name, tuple((generation | columns).items()), tuple(generation), key, filled)


PERIODS: Final = Table(
    "registry",
    "periods",
    (
        ("chain_id", "text"),
        ("period_id", "bigint"),
        ("label", "text"),
        ("first_slot", "bigint"),
        ("last_slot", "bigint"),
        ("starts_at", "timestamp with time zone"),
        ("ends_at", "timestamp with time zone"),
    ),
    ("chain_id", "period_id"),
    (),
)
VALIDATOR_IDENTITIES: Final = _facts(
    "validator_identities",
    "validator_key",
    validator_key="text",
    identity="text",
    source="text",
    ingestion_id="bigint",
)
VALIDATOR_FEES: Final = _facts(
    "validator_fees",
    "validator_key",
    validator_key="text",
    state="registry.fact_state",
    gross="registry.native_amount",
    delegators_share="registry.native_amount_nn",
    operator_share="registry.native_amount",
    produced_blocks="integer",
    provider="text",
    ingestion_id="bigint",
)
VALIDATOR_MEV: Final = _facts(
    "validator_mev",
    "validator_key",
    validator_key="text",
    state="registry.fact_state",
    gross="registry.native_amount_nn",
    protocol_fee="registry.native_amount_nn",
    delegators_share="registry.native_amount_nn",
    operator_share="registry.native_amount_nn",
    commission_bps="registry.bps",
    provider="text",
    ingestion_id="bigint",
)
VALIDATOR_REWARDS: Final = _facts(
    "validator_rewards",
    "validator_key",
    validator_key="text",
    state="registry.fact_state",
    commission="registry.native_amount",
    delegators_share="registry.native_amount",
    own_rewards="registry.native_amount",
    active_stake="registry.native_amount_nn",
    stakers_state="registry.fact_state",
    staker_count="integer",
    provider="text",
    ingestion_id="bigint",
)
STAKE_REWARDS: Final = _facts(
    "stake_rewards",
    "validator_key",
    "stake_account",
    validator_key="text",
    stake_account="text",
    staker="text",
    withdrawer="text",
    active_stake="registry.native_amount_nn",
    stake_basis="text",
    reward="registry.native_amount",
    commission="registry.native_amount",
    tips="registry.native_amount_nn",
    tips_commission="registry.native_amount_nn",
    ingestion_id="bigint",
)
VALIDATOR_META: Final = _facts(
    "validator_meta",
    "validator_key",
    validator_key="text",
    name="text",
    identity="text",
    commission_bps="registry.bps",
    version="text",
    delinquent="boolean",
    website="text",
    provider="text",
    ingestion_id="bigint",
    group_name="text",
    operator="text",
    client="text",
)
FACT_FINDINGS: Final = Table(
    "canonical",
    "findings",
    (
        ("chain_id", "text"),
        ("period_id", "bigint"),
        ("dataset", "text"),
        ("position", "integer"),
        ("code", "text"),
        ("message", "text"),
        ("validator_key", "text"),
    ),
    ("chain_id", "period_id", "dataset"),
    ("position",),
)
GENERATIONS: Final = Table(
    "computation",
    "generations",
    (
        ("generation_id", "bigint"),
        ("dataset", "text"),
        ("chain_id", "text"),
        ("period_id", "bigint"),
        ("is_current", "boolean"),
        ("content_digest", "bytea"),
        ("row_count", "integer"),
        ("based_on", "bigint"),
        ("engine_version", "text"),
        ("run_id", "text"),
        ("created_at", "timestamp with time zone"),
        ("terms_digest", "bytea"),
    ),
    ("chain_id", "period_id", "dataset"),
    ("generation_id",),
    frozenset({"created_at", "generation_id"}),
)
VALIDATOR_PNL: Final = _computed(
    "validator_pnl",
    "validator_key",
    chain_id="text",
    period_id="bigint",
    validator_key="text",
    exec_fees="registry.native_amount",
    exec_fees_state="registry.fact_state",
    mev_tips="registry.native_amount",
    mev_tips_state="registry.fact_state",
    vote_rewards="registry.native_amount",
    vote_rewards_state="registry.fact_state",
    commission="registry.native_amount",
    commission_state="registry.fact_state",
    total_revenue="registry.native_amount",
    costs="registry.native_amount_nn",
    net_income="registry.native_amount",
    completeness="text",
)
PARTNER_STAKE: Final = _computed(
    "partner_stake",
    "validator_key",
    "partner_id",
    chain_id="text",
    period_id="bigint",
    validator_key="text",
    partner_id="integer",
    active_stake="registry.native_amount_nn",
    wallet_count="integer",
)
COMMISSION_LINES: Final = _computed(
    "commission_lines",
    "line_id",
    line_id="uuid",
    chain_id="text",
    period_id="bigint",
    validator_key="text",
    partner_id="integer",
    agreement_id="text",
    version="integer",
    rule_id="text",
    component="registry.component",
    method="text",
    base="registry.native_amount",
    rate_trace="jsonb",
    floor_applied="boolean",
    cap_applied="boolean",
    scaled="boolean",
    allocated="boolean",
    state="registry.fact_state",
    claimed="registry.native_amount",
    amount="registry.native_amount",
    engine_version="text",
)
RULE_HISTORIES: Final = _computed(
    "rule_histories",
    "agreement_id",
    "rule_id",
    chain_id="text",
    period_id="bigint",
    agreement_id="text",
    rule_id="text",
    base_to_date="registry.native_amount_nn",
    loss_carried="registry.native_amount_nn",
    scope_window="text",
)
COMMISSION_STATEMENTS: Final = _computed(
    "commission_statements",
    "statement_id",
    statement_id="uuid",
    partner_id="integer",
    chain_id="text",
    period_id="bigint",
    billing_month="date",
    status="text",
    total="registry.native_amount",
    line_count="integer",
    releasable="boolean",
)
FINDINGS: Final = _computed(
    "findings",
    "position",
    filled=frozenset({"chain_id"}),
    position="integer",
    code="text",
    message="text",
    partner_id="integer",
    validator_key="text",
    component="registry.component",
    blocks_release="boolean",
    chain_id="text",
)

FACT_TABLES: Final = (
    VALIDATOR_IDENTITIES,
    VALIDATOR_FEES,
    VALIDATOR_MEV,
    VALIDATOR_REWARDS,
    STAKE_REWARDS,
    VALIDATOR_META,
    FACT_FINDINGS,
)
"""Canonical facts: replaced by chain and period."""

COMPUTED_TABLES: Final = (
    VALIDATOR_PNL,
    PARTNER_STAKE,
    COMMISSION_LINES,
    RULE_HISTORIES,
    COMMISSION_STATEMENTS,
    FINDINGS,
)
"""What a generation holds: superseded, never replaced."""

TABLES: Final = (PERIODS, *FACT_TABLES, GENERATIONS, *COMPUTED_TABLES)
"""Every table of the catalogue."""


def use_ledger_tables(connection: DbConnection) -> None:
    """Resolve tables without a schema to those of the ledger, to the end of the transaction."""
    connection.execute("set local search_path to canonical, computation, registry")
