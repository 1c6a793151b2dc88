"""Staged answers become canonical facts: pure understanding, then one slice a table.

Where several providers answered, the first with a fact is used and the others are compared with it; every
gap, drift and fallback is written down as a finding beside the facts.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from typing import Any, Final

import psycopg

from aurora_assets.steps.ingest import ChainRun
from aurora_resources.errors import PeriodError
from aurora_resources.records import (
    FactState,
    Finding,
    Period,
    Role,
    Staged,
    StakeReward,
    TrackedValidator,
    ValidatorFees,
    ValidatorIdentity,
    ValidatorMeta,
    ValidatorMev,
    ValidatorRewards,
)
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.slices import SliceTable, replace_slice
from aurora_resources.warehouse.staging import SliceKey, current_ingestion, read_staged


def _table(name: str, record: type[Any]) -> SliceTable:
    """The canonical table of a record: its slice, the record's fields by name, the ingestion."""
    columns = ("chain_id", "period_id", *(field.name for field in fields(record)), "ingestion_id")
    return SliceTable("canonical", name, columns)


IDENTITIES: Final = _table("validator_identities", ValidatorIdentity)
FEES: Final = _table("validator_fees", ValidatorFees)
MEV: Final = _table("validator_mev", ValidatorMev)
REWARDS: Final = _table("validator_rewards", ValidatorRewards)
STAKES: Final = _table("stake_rewards", StakeReward)
META: Final = _table("validator_meta", ValidatorMeta)
FINDINGS: Final = SliceTable(
    "canonical",
    "findings",
    ("chain_id", "period_id", "dataset", "position", "code", "message", "validator_key"),
    ("chain_id", "period_id", "dataset"),
)


@dataclass(frozen=True, slots=True)
class Normalised:
    """What a canonical step did to its slice."""

    row_count: int
    changed: bool
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Slice:
    """Everything the understanding of one period needs."""

    run: ChainRun
    connection: psycopg.Connection[Any]
    period: Period
    validators: tuple[TrackedValidator, ...]
    staged: Staged
    ingestion_id: int

    def load(self, table: SliceTable, records: Iterable[Any]) -> tuple[int, bool]:
        head = (self.run.settings.chain_id, self.period.period_id)
        values = attrgetter(*table.columns[2:-1])
        rows = [(*head, *values(record), self.ingestion_id) for record in records]
        return len(rows), replace_slice(self.connection, table, head, rows)

    def note(self, dataset: str, findings: Sequence[Finding]) -> bool:
        head = (self.run.settings.chain_id, self.period.period_id, dataset)
        rows = [
            (*head, position, finding.code, finding.message, finding.validator_key)
            for position, finding in enumerate(findings)
        ]
        return replace_slice(self.connection, FINDINGS, head, rows)


def normalise_period(run: ChainRun, period_id: int) -> Normalised:
    """Write the period, the validators whose books are kept, and the identity each used in it."""
    with _open(run, period_id, Role.PERIODS, (Role.PERIODS,)) as slice_:
        _register(slice_)
        identities = run.source.understand_identities(period_id, slice_.validators, slice_.staged)
        count, changed = slice_.load(IDENTITIES, identities)
        return Normalised(count, changed, ())


def normalise_fees(run: ChainRun, period_id: int) -> Normalised:
    """Write execution fees: the first provider's fact, compared with the others'."""
    with _open(run, period_id, Role.FEES, (Role.PERIODS, Role.MEV, Role.FEES)) as slice_:
        by_provider: dict[str, dict[str, ValidatorFees]] = {}
        findings = _staging_findings(slice_, Role.FEES)
        for provider in run.settings.providers.fees:
            if (Role.FEES, provider) not in slice_.staged and by_provider:
                continue
            understood = run.source.understand_fees(provider, slice_.period, slice_.validators, slice_.staged)
            by_provider[provider] = {record.validator_key: record for record in understood.records}
            findings += understood.findings
        chosen = [_first_known(v.validator_key, by_provider) for v in slice_.validators]
        known = {record.validator_key for record in chosen if record.state is not FactState.MISSING}
        findings = [finding for finding in findings if not _is_moot(finding, known)]
        findings += [drift for record in chosen for drift in _drifts(record, by_provider)]
        count, changed = slice_.load(FEES, chosen)
        return Normalised(count, slice_.note("validator_fees", findings) or changed, tuple(findings))


def normalise_mev(run: ChainRun, period_id: int) -> Normalised:
    """Write MEV per validator."""
    with _open(run, period_id, Role.MEV, (Role.PERIODS, Role.MEV)) as slice_:
        provider = _answering(slice_, Role.MEV)
        understood = run.source.understand_mev(provider, slice_.period, slice_.validators, slice_.staged)
        findings = [*_staging_findings(slice_, Role.MEV), *understood.findings]
        count, changed = slice_.load(MEV, understood.records)
        return Normalised(count, slice_.note("validator_mev", findings) or changed, tuple(findings))


def normalise_rewards(run: ChainRun, period_id: int) -> Normalised:
    """Write consensus rewards, per validator and per stake account, in one transaction."""
    roles = (Role.PERIODS, Role.MEV, Role.STAKES, Role.REWARDS)
    with _open(run, period_id, Role.REWARDS, roles) as slice_:
        provider = _answering(slice_, Role.REWARDS)
        understood, stakes = run.source.understand_rewards(
            provider, slice_.period, slice_.validators, slice_.staged
        )
        findings = [*_staging_findings(slice_, Role.REWARDS), *understood.findings]
        count, changed = slice_.load(REWARDS, understood.records)
        staker_count, stakes_changed = slice_.load(STAKES, stakes)
        noted = slice_.note("stake_rewards", findings)
        return Normalised(count + staker_count, changed or stakes_changed or noted, tuple(findings))


def normalise_meta(run: ChainRun, period_id: int) -> Normalised:
    """Write descriptive data of the tracked validators."""
    with _open(run, period_id, Role.META, (Role.PERIODS, Role.META)) as slice_:
        provider = _answering(slice_, Role.META)
        understood = run.source.understand_meta(provider, slice_.period, slice_.validators, slice_.staged)
        described = {record.validator_key for record in understood.records}
        unknown = [
            Finding("META_MISSING", f"period {period_id}: {provider} does not describe it", v.validator_key)
            for v in slice_.validators
            if v.validator_key not in described
        ]
        findings = [*_staging_findings(slice_, Role.META), *understood.findings, *unknown]
        count, changed = slice_.load(META, understood.records)
        return Normalised(count, slice_.note("validator_meta", findings) or changed, tuple(findings))


@contextmanager
def _open(run: ChainRun, period_id: int, role: Role, roles: Sequence[Role]) -> Iterator[_Slice]:
    """One transaction over the slice of `role`, with everything staged for `roles`."""
    chain_id = run.settings.chain_id
    with run.warehouse.transaction(("canonical", chain_id, str(period_id), role)) as connection:
        ingestion = current_ingestion(connection, SliceKey(chain_id, period_id, role))
        if ingestion is None:
            raise PeriodError(
                f"{chain_id}: nothing is staged for {role} of period {period_id}; "
                f"materialise staging/{role} of that period first"
            )
        staged = read_staged(connection, chain_id, period_id, roles)
        yield _Slice(
            run=run,
            connection=connection,
            period=run.source.understand_period(period_id, staged),
            validators=run.source.understand_validators(
                period_id, run.settings.declared_validators(), staged
            ),
            staged=staged,
            ingestion_id=ingestion.ingestion_id,
        )


def _register(slice_: _Slice) -> None:
    """The period, its validators and their own wallets, in the registry; unchanged rows are not written."""
    chain_id = slice_.run.settings.chain_id
    with slice_.connection.cursor() as cursor:
        cursor.execute(read_query("registry/put_period.sql"), {"chain_id": chain_id} | asdict(slice_.period))
        cursor.executemany(
            read_query("registry/put_validator.sql"),
            [
                {"chain_id": chain_id, "validator_key": v.validator_key, "name": v.name}
                for v in slice_.validators
            ],
        )
        cursor.execute(
            read_query("registry/sync_operator_wallets.sql"),
            {
                "chain_id": chain_id,
                "validator_keys": [v.validator_key for v in slice_.validators for _ in v.own_wallets or ()],
                "wallets": [wallet for v in slice_.validators for wallet in v.own_wallets or ()],
            },
        )


def _answering(slice_: _Slice, role: Role) -> str:
    """The first configured provider with staged answers; the first configured one when nobody answered."""
    names = slice_.run.settings.providers.for_role(role)
    return next((name for name in names if (role, name) in slice_.staged), names[0])


def _staging_findings(slice_: _Slice, role: Role) -> list[Finding]:
    """What the asking itself found: providers that failed or had nothing yet."""
    rows = slice_.connection.execute(
        read_query("staging/ingestion_findings.sql"),
        {"chain_id": slice_.run.settings.chain_id, "period_id": slice_.period.period_id, "role": role.value},
    ).fetchone()
    return [] if rows is None else [Finding(**told) for told in rows[0]]


def _first_known(validator_key: str, by_provider: Mapping[str, Mapping[str, ValidatorFees]]) -> ValidatorFees:
    """The record of the first provider that knows; else the first provider's MISSING one."""
    told = [records[validator_key] for records in by_provider.values() if validator_key in records]
    return next((record for record in told if record.state is not FactState.MISSING), told[0])


def _is_moot(finding: Finding, known: Set[str]) -> bool:
    """A provider's gap is nobody's concern once another provider has filled it."""
    return finding.code == "FEES_MISSING" and finding.validator_key in known


def _drifts(used: ValidatorFees, by_provider: Mapping[str, Mapping[str, ValidatorFees]]) -> Iterator[Finding]:
    """A finding for every other provider whose gross differs from the one used."""
    for provider, records in by_provider.items():
        other = records.get(used.validator_key)
        if provider == used.provider or other is None or other.gross is None or used.gross is None:
            continue
        if other.gross != used.gross:
            yield Finding(
                "DRIFT",
                f"fees of {used.validator_key}: {used.provider} says {used.gross}, {provider} says "
                f"{other.gross}, a difference of {other.gross - used.gross}; {used.provider} is used",
                used.validator_key,
            )
