"""Staged answers become canonical facts: each table's slice is replaced in one transaction, if it changed.

What the answers mean is in `understanding.py`; here is only the writing.
"""

from dataclasses import asdict, dataclass

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.normalize import StagedSlice, read_slice, understand
from aurora_resources.errors import PeriodError
from aurora_resources.records import Feed, Finding
from aurora_resources.warehouse.connection import DbConnection
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.slices import replace_slice
from aurora_resources.warehouse.tables import FACT_FINDINGS


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a canonical step did to its slice."""

    row_count: int
    changed: bool
    findings: tuple[Finding, ...]


def normalise_period(run: ChainRun, period_id: int) -> Normalised:
    """Write the period, the validators whose books are kept, and the identity each used in it."""
    return _normalise(run, period_id, Feed.PERIODS)


def normalise_fees(run: ChainRun, period_id: int) -> Normalised:
    """Write execution fees: the first provider's fact, compared with the others'."""
    return _normalise(run, period_id, Feed.FEES)


def normalise_mev(run: ChainRun, period_id: int) -> Normalised:
    """Write MEV per validator."""
    return _normalise(run, period_id, Feed.MEV)


def normalise_rewards(run: ChainRun, period_id: int) -> Normalised:
    """Write consensus rewards, per validator and per stake account, in one transaction."""
    return _normalise(run, period_id, Feed.REWARDS)


def normalise_meta(run: ChainRun, period_id: int) -> Normalised:
    """Write descriptive data of the tracked validators."""
    return _normalise(run, period_id, Feed.META)


def _normalise(run: ChainRun, period_id: int, role: Feed) -> Normalised:
    """One transaction over the slice of `role`. Raises PeriodError when nothing is staged, PayloadError."""
    chain_id = run.settings.chain_id
    with run.warehouse.transaction(("canonical", chain_id, str(period_id), role)) as connection:
        slice_ = read_slice(connection, run, period_id, role)
        if slice_ is None:
            raise PeriodError(
                f"{chain_id}: nothing is staged for {role} of period {period_id}; "
                f"materialise staging/{role} of that period first"
            )
        if role is Feed.PERIODS:
            _register(connection, slice_)
        facts = understand(slice_)
        place = slice_.place
        changed = [replace_slice(connection, table, place, rows) for table, rows in facts.tables.items()]
        if facts.dataset is not None:
            noted = facts.finding_rows(place)
            changed.append(replace_slice(connection, FACT_FINDINGS, (*place, facts.dataset), noted))
        return Normalised(sum(map(len, facts.tables.values())), any(changed), facts.findings)


def _register(connection: DbConnection, slice_: StagedSlice) -> None:
    """The period, its validators and their own wallets, in the registry; unchanged rows are not written."""
    chain_id = slice_.run.settings.chain_id
    with connection.cursor() as cursor:
        cursor.execute(
            read_query("registry/periods.put_period"), {"chain_id": chain_id} | asdict(slice_.period)
        )
        cursor.executemany(
            read_query("registry/validators.put_validator"),
            [
                {"chain_id": chain_id, "validator_key": v.validator_key, "name": v.name}
                for v in slice_.validators
            ],
        )
        cursor.execute(
            read_query("registry/validators.sync_operator_wallets"),
            {
                "chain_id": chain_id,
                "validator_keys": [v.validator_key for v in slice_.validators for _ in v.own_wallets or ()],
                "wallets": [wallet for v in slice_.validators for wallet in v.own_wallets or ()],
            },
        )
