"""Fetch one feed of one period from a chain's providers and keep every response: the staging layer's step.

Providers are asked in the configured order; a validator for which the first one has no fact is asked of the
next, and with `reconcile` the others are asked about every validator, so that the canonical step can compare.
Where the chain's policy combines providers, all are asked. What counts as final is decided here, before
anything is fetched.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from aurora_assets.pipeline.chain_run import ChainRun
from aurora_resources.errors import (
    NotYetAvailable,
    PayloadError,
    PeriodError,
    ProviderError,
    WarehouseError,
)
from aurora_resources.providers.chain_source import FeedPolicy, PeriodView
from aurora_resources.records import (
    ChainHead,
    FactState,
    Feed,
    Fetcher,
    Finding,
    Staged,
    TrackedValidator,
    ValidatorRewards,
)
from aurora_resources.warehouse.connection import DbConnection, Warehouse
from aurora_resources.warehouse.staging import (
    Ingestion,
    SliceKey,
    StagingSlice,
    current_ingestion,
    read_staged,
)


@dataclass(frozen=True, slots=True)
class Ingested:
    """What a staging step did: the ingestion in force, whether anything was fetched, and its findings."""

    ingestion: Ingestion | None
    fetched: bool
    findings: tuple[Finding, ...]


async def ingest(
    run: ChainRun, transport: Fetcher, head: ChainHead, period_id: int, feed: Feed, *, refresh: bool = False
) -> Ingested:
    """Fetch `feed` for one period and make the responses the current ones.

    A settled slice is not fetched again unless `refresh`. Raises PeriodError for a period that is not final
    (or not over, where the feed's policy requires no more), ProviderError when no provider answered and the
    policy does not keep a part.
    """
    policy = run.source.policies[feed]
    if policy.before_final:
        run.require_over(head, period_id)
    else:
        run.require_final(head, period_id)
    key = SliceKey(run.settings.chain_id, period_id, feed)
    with _session(run.warehouse) as connection:
        current = current_ingestion(connection, key)
        if current is not None and current.settled and not refresh:
            return Ingested(current, fetched=False, findings=())
        if policy.only_during_next_period and head.current_period != period_id + 1:
            return Ingested(current, fetched=False, findings=(_no_snapshot(period_id, head),))
        earlier = read_staged(connection, run.settings.chain_id, period_id, policy.depends_on)
        staging = StagingSlice(connection, transport, key, run.run_id, fetch_everything=refresh)
        try:
            outcome = await _FeedRequests(run, staging, period_id, feed, policy, earlier).fetch()
        finally:
            staging.flush()
        settled = outcome.settled and head.current_period >= period_id + policy.settles_after_periods
        ingestion = staging.finish(
            settled=settled, head_period=head.current_period, findings=outcome.findings
        )
    return Ingested(ingestion, fetched=True, findings=tuple(outcome.findings))


@contextmanager
def _session(warehouse: Warehouse) -> Iterator[DbConnection]:
    """A session without a transaction around it. Raises WarehouseError when the server is lost on the way."""
    with warehouse.connect(autocommit=True) as connection:
        try:
            yield connection
        except psycopg.OperationalError as error:
            if not connection.broken:
                raise
            raise WarehouseError(
                f"lost the warehouse ({warehouse.address}): {str(error).strip()}; what was received is kept, "
                "run this again"
            ) from error


@dataclass(slots=True)
class _Outcome:
    """`waiting` are the validators without a fact; `settled`: nothing is left to fetch another time."""

    waiting: tuple[TrackedValidator, ...]
    done: bool = False
    settled: bool = True
    findings: list[Finding] = field(default_factory=list)
    failures: list[ProviderError] = field(default_factory=list)
    not_yet: list[NotYetAvailable] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _FeedRequests:
    """The requests of one feed for one period; `earlier` holds the responses of the feeds it depends on."""

    run: ChainRun
    staging: StagingSlice
    period_id: int
    feed: Feed
    policy: FeedPolicy
    earlier: Staged

    async def fetch(self) -> _Outcome:
        """Ask the feed's providers as its policy says, until every validator has a fact."""
        before = self._open()
        validators = () if self.feed is Feed.PERIODS else before.validators
        outcome = _Outcome(waiting=validators)
        names = self.run.settings.providers.for_feed(self.feed)
        if self.policy.combine_providers:
            for provider in names:
                await self._fetch_from(provider, before, validators, outcome)
            self._read(names[0], validators, outcome)
        else:
            for provider in names:
                if outcome.done and not self._reconciles():
                    break
                wanted = validators if outcome.done else outcome.waiting
                if await self._fetch_from(provider, before, wanted, outcome):
                    self._read(provider, wanted, outcome)
        if outcome.failures and not outcome.done and not self.policy.keep_partial:
            raise outcome.failures[0]
        if self.feed is Feed.PERIODS and not outcome.done:
            raise PeriodError(str(outcome.not_yet[0]))
        outcome.settled = outcome.settled and outcome.done
        return outcome

    async def _fetch_from(
        self, provider: str, before: PeriodView, validators: Sequence[TrackedValidator], outcome: _Outcome
    ) -> bool:
        """Whether `provider` answered everything; `before` is the period as the earlier feeds describe it."""
        try:
            period_id = self.period_id if self.feed is Feed.PERIODS else before.period.period_id
            await self.run.source.fetch(
                self.staging, self.feed, provider, period_id, validators, self._staged()
            )
        except ProviderError as error:
            self._note(error, outcome)
            return False
        return True

    def _read(self, provider: str, validators: Sequence[TrackedValidator], outcome: _Outcome) -> None:
        """Remove from `outcome.waiting` the validators that have a fact now."""
        keys = {validator.validator_key for validator in validators}
        try:
            found = self._states(self._open(), provider)
        except ProviderError as error:
            self._note(error, outcome)
            return
        if outcome.done:
            return
        states = {key: state for key, state in found.items() if key in keys}
        missing = {key for key, state in states.items() if state is FactState.MISSING}
        outcome.waiting = tuple(v for v in outcome.waiting if v.validator_key in missing)
        outcome.done = not outcome.waiting
        outcome.settled = outcome.settled and FactState.PROVISIONAL not in states.values()

    def _note(self, error: ProviderError, outcome: _Outcome) -> None:
        outcome.settled = False  # it may have recovered, or been replaced, the next time
        if isinstance(error, NotYetAvailable):
            outcome.findings.append(Finding("NOT_YET_AVAILABLE", f"period {self.period_id}: {error}"))
            outcome.not_yet.append(error)
            return
        if isinstance(error, PayloadError):
            self.staging.reject(error)
        outcome.findings.append(Finding("PROVIDER_FAILED", f"period {self.period_id}: {error}"))
        if not outcome.done:
            outcome.failures.append(error)

    def _reconciles(self) -> bool:
        """Only fees are counted by providers in different ways; fetching a whole network's takes days."""
        settings = self.run.settings
        return settings.reconcile and self.feed is Feed.FEES and settings.validators != "all"

    def _staged(self) -> Staged:
        return {**self.earlier, **self.staging.staged()}

    def _open(self) -> PeriodView:
        """The period as everything staged so far describes it; no response is decoded twice."""
        return self.run.source.open(self.period_id, self._staged())

    def _states(self, view: PeriodView, provider: str) -> dict[str, FactState]:
        """By validator the state of its fact from `provider`; reading proves that the responses are sound."""
        match self.feed:
            case Feed.PERIODS:
                _ = view.period, view.identities
            case Feed.FEES:
                return {record.validator_key: record.state for record in view.fees(provider).records}
            case Feed.MEV:
                return {record.validator_key: record.state for record in view.mev(provider).records}
            case Feed.REWARDS:
                rewards = view.rewards(provider)[0].records
                return {record.validator_key: _state_with_stakers(record) for record in rewards}
            case Feed.STAKES:
                # Read together with the rewards, which come too late to take the snapshot again.
                view.rewards(self.run.settings.providers.rewards[0])
            case Feed.META:
                view.meta(provider)
        return {}


def _state_with_stakers(record: ValidatorRewards) -> FactState:
    """PROVISIONAL while the commission is known and the stakers are not: there is something left to fetch."""
    if record.state is FactState.FINAL and record.stakers_state is not FactState.FINAL:
        return FactState.PROVISIONAL
    return record.state


def _no_snapshot(period_id: int, head: ChainHead) -> Finding:
    return Finding(
        "NO_STAKE_SNAPSHOT",
        f"no snapshot of stake accounts was taken for period {period_id}: one must be taken while period "
        f"{period_id + 1} runs, and the chain is in {head.current_period}; "
        "stakers come from the MEV provider's own end-of-period snapshot where it has one",
    )
