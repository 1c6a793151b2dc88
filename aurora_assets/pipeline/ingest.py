"""Ask a chain's providers about one period and keep every answer: the staging layer's step.

Providers are asked in the configured order; a validator the first one says nothing about is asked from the
next, and with `reconcile` the others are asked about everyone, so that the canonical step can compare. Where
the protocol's policy says that all providers make the fact together, all are asked. What counts as final is
decided here, before anything is asked.
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
from aurora_resources.providers.chain_source import FeedPolicy
from aurora_resources.records import (
    ChainHead,
    FactState,
    Feed,
    Fetcher,
    Finding,
    Period,
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
    """What a staging step did: the ingestion in force, and what a person should know."""

    ingestion: Ingestion | None
    asked: bool
    findings: tuple[Finding, ...]


async def ingest(
    run: ChainRun, transport: Fetcher, head: ChainHead, period_id: int, role: Feed, *, refresh: bool = False
) -> Ingested:
    """Ask `role` for one period and make the answers the current ones.

    A settled slice is not asked again unless `refresh`. Raises PeriodError for a period that is not final
    (or not over, where the role's policy asks for no more), ProviderError when no provider answered and the
    policy does not keep gaps.
    """
    policy = run.source.policies[role]
    if policy.before_final:
        run.require_over(head, period_id)
    else:
        run.require_final(head, period_id)
    key = SliceKey(run.settings.chain_id, period_id, role)
    with _session(run.warehouse) as connection:
        before = current_ingestion(connection, key)
        if before is not None and before.settled and not refresh:
            return Ingested(before, asked=False, findings=())
        if policy.only_during_next_period and head.current_period != period_id + 1:
            return Ingested(before, asked=False, findings=(_no_snapshot(period_id, head),))
        earlier = read_staged(connection, run.settings.chain_id, period_id, policy.depends_on)
        staging = StagingSlice(connection, transport, key, run.run_id, fetch_everything=refresh)
        try:
            outcome = await _Inquiry(run, staging, period_id, role, policy, earlier).fetch()
        finally:
            staging.flush()
        settled = outcome.settled and head.current_period >= period_id + policy.settles_after_periods
        ingestion = staging.finish(
            settled=settled, head_period=head.current_period, findings=outcome.findings
        )
    return Ingested(ingestion, asked=True, findings=tuple(outcome.findings))


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
    """`waiting` are the validators nobody answered for; `settled`: nothing is left to ask another time."""

    waiting: tuple[TrackedValidator, ...]
    done: bool = False
    settled: bool = True
    findings: list[Finding] = field(default_factory=list)
    failures: list[ProviderError] = field(default_factory=list)
    not_yet: list[NotYetAvailable] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Inquiry:
    run: ChainRun
    staging: StagingSlice
    period_id: int
    role: Feed
    policy: FeedPolicy
    earlier: Staged

    async def fetch(self) -> _Outcome:
        """Ask the role's providers as its policy says, until every validator is answered for."""
        validators = self._validators()
        outcome = _Outcome(waiting=validators)
        names = self.run.settings.providers.for_feed(self.role)
        if self.policy.combine_providers:
            for provider in names:
                await self._ask_one(provider, validators, outcome)
            self._read(names[0], validators, outcome)
        else:
            for provider in names:
                if outcome.done and not self._reconciles():
                    break
                asked = validators if outcome.done else outcome.waiting
                if await self._ask_one(provider, asked, outcome):
                    self._read(provider, asked, outcome)
        if outcome.failures and not outcome.done and not self.policy.keep_partial:
            raise outcome.failures[0]
        if self.role is Feed.PERIODS and not outcome.done:
            raise PeriodError(str(outcome.not_yet[0]))
        outcome.settled = outcome.settled and outcome.done
        return outcome

    async def _ask_one(
        self, provider: str, validators: Sequence[TrackedValidator], outcome: _Outcome
    ) -> bool:
        """Whether `provider` answered all that it was asked."""
        try:
            await self.run.source.fetch(
                self.staging, self.role, provider, self._period(), validators, self._staged()
            )
        except ProviderError as error:
            self._note(error, outcome)
            return False
        return True

    def _read(self, provider: str, validators: Sequence[TrackedValidator], outcome: _Outcome) -> None:
        """Take from the waiting those about whom something is known now."""
        try:
            states = self._states(provider, validators)
        except ProviderError as error:
            self._note(error, outcome)
            return
        if outcome.done:
            return
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
        """Only fees are counted by providers in different ways; a whole network's would be asked for days."""
        settings = self.run.settings
        return settings.reconcile and self.role is Feed.FEES and settings.validators != "all"

    def _staged(self) -> Staged:
        return {**self.earlier, **self.staging.staged()}

    def _period(self) -> Period | int:
        if self.role is Feed.PERIODS:
            return self.period_id
        return self.run.source.normalize_period(self.period_id, self.earlier)

    def _validators(self) -> tuple[TrackedValidator, ...]:
        if self.role is Feed.PERIODS:
            return ()
        declared = self.run.settings.declared_validators()
        return self.run.source.normalize_validators(self.period_id, declared, self.earlier)

    def _states(self, provider: str, validators: Sequence[TrackedValidator]) -> dict[str, FactState]:
        """The state of each validator's fact as `provider` tells it; reading proves answers sound."""
        source, staged, period = self.run.source, self._staged(), self._period()
        if isinstance(period, int):
            source.normalize_period(period, staged)
            declared = self.run.settings.declared_validators()
            source.normalize_identities(period, source.normalize_validators(period, declared, staged), staged)
            return {}
        if self.role is Feed.FEES:
            fees = source.normalize_fees(provider, period, validators, staged).records
            return {record.validator_key: record.state for record in fees}
        if self.role is Feed.MEV:
            mev = source.normalize_mev(provider, period, validators, staged).records
            return {record.validator_key: record.state for record in mev}
        if self.role is Feed.REWARDS:
            rewards = source.normalize_rewards(provider, period, validators, staged)[0].records
            return {record.validator_key: _sureness(record) for record in rewards}
        if self.role is Feed.STAKES:
            # Only read together with the rewards, when it is too late to take the snapshot again.
            asked_later = self.run.settings.providers.rewards[0]
            source.normalize_rewards(asked_later, period, validators, staged)
        if self.role is Feed.META:
            source.normalize_meta(provider, period, validators, staged)
        return {}


def _sureness(record: ValidatorRewards) -> FactState:
    """Commission may be known before the stakers are: there is something left to ask, then."""
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
