"""Staged answers of one period become rows of canonical tables: pure once they are read, nothing is written.

Where several providers answered, the first with a fact is used and the others are compared with it; every
gap, drift and fallback is a finding beside the facts. Writing is in `normalise.py`, comparing with what is
booked in `replay.py`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

import psycopg

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.records import (
    FactState,
    Feed,
    Finding,
    Normalized,
    Period,
    Staged,
    StakeReward,
    TrackedValidator,
    ValidatorFees,
    ValidatorMev,
    ValidatorRewards,
)
from aurora_resources.warehouse.queries import read_query
from aurora_resources.warehouse.staging import SliceKey, current_ingestion, read_staged
from aurora_resources.warehouse.tables import (
    STAKE_REWARDS,
    VALIDATOR_FEES,
    VALIDATOR_IDENTITIES,
    VALIDATOR_META,
    VALIDATOR_MEV,
    VALIDATOR_REWARDS,
    Table,
)

Row: TypeAlias = tuple[object, ...]
T = TypeVar("T")


_GIVEN: Final = frozenset({"chain_id", "period_id", "ingestion_id"})
"""Columns of a fact that say where it belongs and what it was made from; the others are its record's."""


@dataclass(frozen=True, slots=True)
class StagedSlice:
    """What the understanding of one role of one period needs; `told` is what the asking itself found."""

    run: ChainRun
    role: Feed
    period: Period
    validators: tuple[TrackedValidator, ...]
    staged: Staged
    told: tuple[Finding, ...]
    ingestion_id: int

    @property
    def place(self) -> tuple[str, int]:
        """The chain and the period: what every row begins with."""
        return self.run.settings.chain_id, self.period.period_id

    def rows(self, table: Table, records: Iterable[Any]) -> list[Row]:
        """The records as rows in the order of the table's columns."""
        values = attrgetter(*(column for column in table.written if column not in _GIVEN))
        before = table.written.index("ingestion_id") - len(self.place)
        return [
            (*self.place, *row[:before], self.ingestion_id, *row[before:]) for row in map(values, records)
        ]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows by canonical table, and the findings about them, kept under the name `dataset` if there is one."""

    tables: Mapping[Table, list[Row]]
    dataset: str | None = None
    findings: tuple[Finding, ...] = field(default=())

    def finding_rows(self, place: tuple[str, int]) -> list[Row]:
        """The findings as rows of canonical.findings, in their order."""
        return [
            (*place, self.dataset, position, finding.code, finding.message, finding.validator_key)
            for position, finding in enumerate(self.findings)
        ]


def read_slice(
    connection: psycopg.Connection[Any], run: ChainRun, period_id: int, role: Feed
) -> StagedSlice | None:
    """Everything staged for `role` and the roles it builds on; None when nothing is staged for it.

    Raises PayloadError when the period's own description cannot be understood.
    """
    chain_id = run.settings.chain_id
    ingestion = current_ingestion(connection, SliceKey(chain_id, period_id, role))
    if ingestion is None:
        return None
    earlier = run.source.policies[role].depends_on
    staged = read_staged(connection, chain_id, period_id, (*earlier, role))
    return StagedSlice(
        run=run,
        role=role,
        period=run.source.normalize_period(period_id, staged),
        validators=run.source.normalize_validators(period_id, run.settings.declared_validators(), staged),
        staged=staged,
        told=tuple(
            finding
            for asked in (*(r for r in earlier if r not in UNDERSTANDING), role)
            for finding in _told(connection, SliceKey(chain_id, period_id, asked))
        ),
        ingestion_id=ingestion.ingestion_id,
    )


def understand(slice_: StagedSlice) -> Facts:
    """The canonical rows of the slice's role. Raises PayloadError, KeyError for a role without facts."""
    return UNDERSTANDING[slice_.role](slice_)


def _told(connection: psycopg.Connection[Any], key: SliceKey) -> tuple[Finding, ...]:
    """What the asking itself found: providers that failed or had nothing yet."""
    row = connection.execute(
        read_query("staging/ingestions.ingestion_findings"),
        {"chain_id": key.chain_id, "period_id": key.period_id, "role": key.role.value},
    ).fetchone()
    return () if row is None else tuple(Finding(**told) for told in row[0])


def _identities(slice_: StagedSlice) -> Facts:
    source, period_id = slice_.run.source, slice_.period.period_id
    identities = source.normalize_identities(period_id, slice_.validators, slice_.staged)
    return Facts({VALIDATOR_IDENTITIES: slice_.rows(VALIDATOR_IDENTITIES, identities)})


def _fees(slice_: StagedSlice) -> Facts:
    """The first provider's fact, compared with the others'."""
    run, by_provider = slice_.run, dict[str, dict[str, ValidatorFees]]()
    findings = [*slice_.told]
    for provider in run.settings.providers.fees:
        if (Feed.FEES, provider) not in slice_.staged and by_provider:
            continue
        understood = run.source.normalize_fees(provider, slice_.period, slice_.validators, slice_.staged)
        by_provider[provider] = {record.validator_key: record for record in understood.records}
        findings += understood.findings
    chosen = [_first_known(v.validator_key, by_provider) for v in slice_.validators]
    known = {record.validator_key for record in chosen if record.state is not FactState.MISSING}
    findings = [finding for finding in findings if not _is_moot(finding, known)]
    findings += [drift for record in chosen for drift in _drifts(record, by_provider)]
    return Facts({VALIDATOR_FEES: slice_.rows(VALIDATOR_FEES, chosen)}, VALIDATOR_FEES.name, tuple(findings))


def _mev(slice_: StagedSlice) -> Facts:
    def understood(provider: str) -> Normalized[ValidatorMev]:
        return slice_.run.source.normalize_mev(provider, slice_.period, slice_.validators, slice_.staged)

    found = _most_telling(slice_, understood, lambda told: told.records)
    return Facts(
        {VALIDATOR_MEV: slice_.rows(VALIDATOR_MEV, found.records)},
        VALIDATOR_MEV.name,
        (*slice_.told, *found.findings),
    )


def _rewards(slice_: StagedSlice) -> Facts:
    """Consensus rewards, per validator and per stake account."""

    def understood(provider: str) -> tuple[Normalized[ValidatorRewards], tuple[StakeReward, ...]]:
        return slice_.run.source.normalize_rewards(provider, slice_.period, slice_.validators, slice_.staged)

    found, stakes = _most_telling(slice_, understood, lambda told: told[0].records)
    return Facts(
        {
            VALIDATOR_REWARDS: slice_.rows(VALIDATOR_REWARDS, found.records),
            STAKE_REWARDS: slice_.rows(STAKE_REWARDS, stakes),
        },
        STAKE_REWARDS.name,
        (*slice_.told, *found.findings),
    )


def _meta(slice_: StagedSlice) -> Facts:
    provider = _answering(slice_)[0]
    understood = slice_.run.source.normalize_meta(provider, slice_.period, slice_.validators, slice_.staged)
    described = {record.validator_key for record in understood.records}
    message = f"period {slice_.period.period_id}: {provider} does not describe it"
    unknown = [
        Finding("META_MISSING", message, v.validator_key)
        for v in slice_.validators
        if v.validator_key not in described
    ]
    return Facts(
        {VALIDATOR_META: slice_.rows(VALIDATOR_META, understood.records)},
        VALIDATOR_META.name,
        (*slice_.told, *understood.findings, *unknown),
    )


UNDERSTANDING: Final[Mapping[Feed, Callable[[StagedSlice], Facts]]] = {
    Feed.PERIODS: _identities,
    Feed.FEES: _fees,
    Feed.MEV: _mev,
    Feed.REWARDS: _rewards,
    Feed.META: _meta,
}
"""The roles canonical facts are made from; the stake snapshot is read together with the rewards."""


def _answering(slice_: StagedSlice) -> Sequence[str]:
    """The configured providers with staged answers, in order; the first one when nobody answered."""
    names: Sequence[str] = slice_.run.settings.providers.for_feed(slice_.role)
    return [name for name in names if (slice_.role, name) in slice_.staged] or names[:1]


def _most_telling(
    slice_: StagedSlice,
    normalize_from: Callable[[str], T],
    records: Callable[[T], Iterable[ValidatorMev | ValidatorRewards]],
) -> T:
    """What is understood from the first provider that leaves nothing missing, else the least missing.

    Where all providers' answers are read together, it is the same from each of them.
    """
    together = slice_.run.source.policies[slice_.role].combine_providers
    best: tuple[int, T] | None = None
    for provider in _answering(slice_)[: 1 if together else None]:
        told = normalize_from(provider)
        missing = sum(record.state is FactState.MISSING for record in records(told))
        if best is None or missing < best[0]:
            best = missing, told
        if missing == 0:
            break
    assert best is not None, "there is always a provider"  # noqa: S101
    return best[1]


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
