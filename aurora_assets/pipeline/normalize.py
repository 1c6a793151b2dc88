"""Staged responses of one period become rows of canonical tables; nothing is written here.

Where several providers answered, the first with a fact is used and the others are compared with it; every
gap, drift and fallback is a finding beside the facts. `write_facts.py` writes the rows, `replay.py` compares
them with the stored ones.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Final, TypeAlias, TypeVar

import psycopg

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.providers.chain_source import PeriodView
from aurora_resources.records import (
    FactState,
    Feed,
    Finding,
    Staged,
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
    """One feed of one period, opened; `fetch_findings` are those of fetching it."""

    run: ChainRun
    feed: Feed
    view: PeriodView
    staged: Staged
    fetch_findings: tuple[Finding, ...]
    ingestion_id: int

    @property
    def key(self) -> tuple[str, int]:
        """The chain and the period: what every row begins with."""
        return self.run.settings.chain_id, self.view.period.period_id

    def rows(self, table: Table, records: Iterable[Any]) -> list[Row]:
        """The records as rows in the order of the table's columns."""
        values = attrgetter(*(column for column in table.written if column not in _GIVEN))
        key = self.key
        before = table.written.index("ingestion_id") - len(key)
        return [(*key, *row[:before], self.ingestion_id, *row[before:]) for row in map(values, records)]


@dataclass(frozen=True, slots=True)
class Facts:
    """Rows by canonical table, and the findings about them, kept under the name `dataset` if there is one."""

    tables: Mapping[Table, list[Row]]
    dataset: str | None = None
    findings: tuple[Finding, ...] = field(default=())

    def finding_rows(self, key: tuple[str, int]) -> list[Row]:
        """The findings as rows of canonical.findings, in their order."""
        return [
            (*key, self.dataset, position, finding.code, finding.message, finding.validator_key)
            for position, finding in enumerate(self.findings)
        ]


def read_slice(
    connection: psycopg.Connection[Any], run: ChainRun, period_id: int, feed: Feed
) -> StagedSlice | None:
    """Everything staged for `feed` and the feeds it depends on; None when nothing is staged for it."""
    chain_id = run.settings.chain_id
    ingestion = current_ingestion(connection, SliceKey(chain_id, period_id, feed))
    if ingestion is None:
        return None
    depends_on = run.source.policies[feed].depends_on
    staged = read_staged(connection, chain_id, period_id, (*depends_on, feed))
    return StagedSlice(
        run=run,
        feed=feed,
        view=run.source.open(period_id, staged),
        staged=staged,
        fetch_findings=tuple(
            finding
            for fetched in (*(f for f in depends_on if f not in NORMALIZERS), feed)
            for finding in _fetch_findings(connection, SliceKey(chain_id, period_id, fetched))
        ),
        ingestion_id=ingestion.ingestion_id,
    )


def normalize_slice(slice_: StagedSlice) -> Facts:
    """The canonical rows of the slice's feed. Raises PayloadError, KeyError for a feed without facts."""
    return NORMALIZERS[slice_.feed](slice_)


def _fetch_findings(connection: psycopg.Connection[Any], key: SliceKey) -> tuple[Finding, ...]:
    """The findings of fetching: providers that failed or had nothing yet."""
    row = connection.execute(
        read_query("staging/ingestions.ingestion_findings"),
        {"chain_id": key.chain_id, "period_id": key.period_id, "role": key.role.value},
    ).fetchone()
    return () if row is None else tuple(Finding(**stored) for stored in row[0])


def _identities(slice_: StagedSlice) -> Facts:
    return Facts({VALIDATOR_IDENTITIES: slice_.rows(VALIDATOR_IDENTITIES, slice_.view.identities)})


def _fees(slice_: StagedSlice) -> Facts:
    """The first provider's fact, compared with the others'."""
    by_provider: dict[str, dict[str, ValidatorFees]] = {}
    findings = [*slice_.fetch_findings]
    for provider in slice_.run.settings.providers.fees:
        if (Feed.FEES, provider) not in slice_.staged and by_provider:
            continue
        normalized = slice_.view.fees(provider)
        by_provider[provider] = {record.validator_key: record for record in normalized.records}
        findings += normalized.findings
    chosen = [_first_known(v.validator_key, by_provider) for v in slice_.view.validators]
    known = {record.validator_key for record in chosen if record.state is not FactState.MISSING}
    findings = [finding for finding in findings if not _is_moot(finding, known)]
    findings += [drift for record in chosen for drift in _drifts(record, by_provider)]
    return Facts({VALIDATOR_FEES: slice_.rows(VALIDATOR_FEES, chosen)}, VALIDATOR_FEES.name, tuple(findings))


def _mev(slice_: StagedSlice) -> Facts:
    found = _most_complete(slice_, slice_.view.mev, lambda normalized: normalized.records)
    return Facts(
        {VALIDATOR_MEV: slice_.rows(VALIDATOR_MEV, found.records)},
        VALIDATOR_MEV.name,
        (*slice_.fetch_findings, *found.findings),
    )


def _rewards(slice_: StagedSlice) -> Facts:
    """Consensus rewards, per validator and per stake account."""
    found, stakes = _most_complete(slice_, slice_.view.rewards, lambda normalized: normalized[0].records)
    return Facts(
        {
            VALIDATOR_REWARDS: slice_.rows(VALIDATOR_REWARDS, found.records),
            STAKE_REWARDS: slice_.rows(STAKE_REWARDS, stakes),
        },
        STAKE_REWARDS.name,
        (*slice_.fetch_findings, *found.findings),
    )


def _meta(slice_: StagedSlice) -> Facts:
    provider = _answering(slice_)[0]
    normalized = slice_.view.meta(provider)
    described = {record.validator_key for record in normalized.records}
    message = f"period {slice_.view.period.period_id}: {provider} does not describe it"
    unknown = [
        Finding("META_MISSING", message, v.validator_key)
        for v in slice_.view.validators
        if v.validator_key not in described
    ]
    return Facts(
        {VALIDATOR_META: slice_.rows(VALIDATOR_META, normalized.records)},
        VALIDATOR_META.name,
        (*slice_.fetch_findings, *normalized.findings, *unknown),
    )


NORMALIZERS: Final[Mapping[Feed, Callable[[StagedSlice], Facts]]] = {
    Feed.PERIODS: _identities,
    Feed.FEES: _fees,
    Feed.MEV: _mev,
    Feed.REWARDS: _rewards,
    Feed.META: _meta,
}
"""The feeds canonical facts are made from; the stake snapshot is read together with the rewards."""


def _answering(slice_: StagedSlice) -> Sequence[str]:
    """The configured providers with staged answers, in order; the first one when none answered."""
    names: Sequence[str] = slice_.run.settings.providers.for_feed(slice_.feed)
    return [name for name in names if (slice_.feed, name) in slice_.staged] or names[:1]


def _most_complete(
    slice_: StagedSlice,
    normalize_from: Callable[[str], T],
    records: Callable[[T], Iterable[ValidatorMev | ValidatorRewards]],
) -> T:
    """The facts from the first provider that leaves none missing, else from the one with the fewest missing.

    Where all providers' responses are read together, the facts are the same from each of them.
    """
    combined = slice_.run.source.policies[slice_.feed].combine_providers
    best: tuple[int, T] | None = None
    for provider in _answering(slice_)[: 1 if combined else None]:
        normalized = normalize_from(provider)
        missing = sum(record.state is FactState.MISSING for record in records(normalized))
        if best is None or missing < best[0]:
            best = missing, normalized
        if missing == 0:
            break
    assert best is not None, "there is always a provider"  # noqa: S101
    return best[1]


def _first_known(validator_key: str, by_provider: Mapping[str, Mapping[str, ValidatorFees]]) -> ValidatorFees:
    """The record of the first provider that knows; else the first provider's MISSING one."""
    found = [records[validator_key] for records in by_provider.values() if validator_key in records]
    return next((record for record in found if record.state is not FactState.MISSING), found[0])


def _is_moot(finding: Finding, known: Set[str]) -> bool:
    """Whether the finding is about a gap that another provider has filled."""
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
