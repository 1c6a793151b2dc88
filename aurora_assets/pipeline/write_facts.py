"""Staged responses become canonical facts: each table's slice is replaced in one transaction, if it changed.

`normalize.py` makes the rows; this module writes them.
"""

from dataclasses import asdict, dataclass

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.normalize import StagedSlice, normalize_slice, read_slice
from aurora_resources.errors import PeriodError
from aurora_resources.records import Feed, Finding
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.slices import replace_slice
from aurora_resources.warehouse.tables import FACT_FINDINGS


@dataclass(frozen=True, slots=True)
class WrittenFacts:
    """What a canonical step did to its slice."""

    row_count: int
    changed: bool
    findings: tuple[Finding, ...]


def write_period(run: ChainRun, period_id: int) -> WrittenFacts:
    """Write the period, the tracked validators, and the identity each used in it."""
    return _write(run, period_id, Feed.PERIODS)


def write_fees(run: ChainRun, period_id: int) -> WrittenFacts:
    """Write execution fees: the first provider's fact, compared with the others'."""
    return _write(run, period_id, Feed.FEES)


def write_mev(run: ChainRun, period_id: int) -> WrittenFacts:
    """Write MEV per validator."""
    return _write(run, period_id, Feed.MEV)


def write_rewards(run: ChainRun, period_id: int) -> WrittenFacts:
    """Write consensus rewards, per validator and per stake account, in one transaction."""
    return _write(run, period_id, Feed.REWARDS)


def write_meta(run: ChainRun, period_id: int) -> WrittenFacts:
    """Write descriptive data of the tracked validators."""
    return _write(run, period_id, Feed.META)


def _write(run: ChainRun, period_id: int, feed: Feed) -> WrittenFacts:
    """One transaction over the slice of `feed`. Raises PeriodError when nothing is staged, PayloadError."""
    chain_id = run.settings.chain_id
    with run.warehouse.transaction(("canonical", chain_id, str(period_id), feed)) as connection:
        slice_ = read_slice(connection, run, period_id, feed)
        if slice_ is None:
            raise PeriodError(
                f"{chain_id}: nothing is staged for {feed} of period {period_id}; "
                f"materialise staging/{feed} of that period first"
            )
        if feed is Feed.PERIODS:
            _register(connection, slice_)
        facts = normalize_slice(slice_)
        key = slice_.key
        changed = [replace_slice(connection, table, key, rows) for table, rows in facts.tables.items()]
        if facts.dataset is not None:
            noted = facts.finding_rows(key)
            changed.append(replace_slice(connection, FACT_FINDINGS, (*key, facts.dataset), noted))
        return WrittenFacts(sum(map(len, facts.tables.values())), any(changed), facts.findings)


def _register(connection: DbConnection, slice_: StagedSlice) -> None:
    """The period, its validators and their own wallets, in the registry; unchanged rows are not written."""
    chain_id = slice_.run.settings.chain_id
    with connection.cursor() as cursor:
        cursor.execute(
            read_query("registry/periods.put_period"), {"chain_id": chain_id} | asdict(slice_.view.period)
        )
        cursor.executemany(
            read_query("registry/validators.put_validator"),
            [
                {"chain_id": chain_id, "validator_key": v.validator_key, "name": v.name}
                for v in slice_.view.validators
            ],
        )
        cursor.execute(
            read_query("registry/validators.sync_operator_wallets"),
            {
                "chain_id": chain_id,
                "validator_keys": [
                    v.validator_key for v in slice_.view.validators for _ in v.own_wallets or ()
                ],
                "wallets": [wallet for v in slice_.view.validators for wallet in v.own_wallets or ()],
            },
        )
