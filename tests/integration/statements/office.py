"""An installation with books of six epochs, and what people do with its statements."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import dagster as dg
import psycopg
import pytest

from aurora_assets.commission.statement import StatementAction, StatementKey
from aurora_assets.pipeline.chain_run import ChainRun
from aurora_assets.pipeline.commissions import book_commissions
from aurora_assets.pipeline.pnl import book_pnl
from aurora_assets.statements.store import StatementView, apply_action, view_statement
from aurora_resources.config.files import load_config
from aurora_resources.config.models import AuroraConfig
from aurora_resources.providers.wiring import chain_source
from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.serving import PATHS, SandboxServer
from aurora_sandbox.solana.generate import demo_world
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.installation import CHAIN, CHECKOUT, Pipeline

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
# 800 to 802 end in January, 803 and 804 in February, 805 in March.
EPOCH_LENGTH = timedelta(days=9, hours=16)
JANUARY, FEBRUARY, MARCH = date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)
NORTHWIND = "northwind"
NOWHERE = "http://127.0.0.1:9"

SUBMIT, APPROVE, RELEASE, PAY, REOPEN = StatementAction


def dated(world: World) -> World:
    """The world with its epochs put into the first months of 2026."""
    starts = {epoch.epoch: FIRST + EPOCH_LENGTH * (epoch.epoch - 800) for epoch in world.epochs}
    starts |= {804: datetime(2026, 2, 12, tzinfo=UTC), 805: datetime(2026, 2, 26, tzinfo=UTC)}
    starts |= {806: datetime(2026, 3, 9, tzinfo=UTC), 807: datetime(2026, 3, 18, tzinfo=UTC)}
    ends = starts | {808: datetime(2026, 3, 28, tzinfo=UTC)}
    epochs = tuple(
        epoch.model_copy(update={"starts_at": starts[epoch.epoch], "ends_at": ends[epoch.epoch + 1]})
        for epoch in world.epochs
    )
    return world.model_copy(update={"epochs": epochs})


@dataclass
class Office:
    """The installation, and people's work in it."""

    pipeline: Pipeline

    @property
    def config(self) -> AuroraConfig:
        return load_config(self.pipeline.folder)

    def apply_action(
        self, action: StatementAction, by: str, month: date = JANUARY, partner: str = NORTHWIND
    ) -> StatementView:
        with self.pipeline.warehouse.transaction() as connection:
            return apply_action(connection, StatementKey(partner, CHAIN, month), action, by)

    def release(self, month: date = JANUARY, partner: str = NORTHWIND) -> StatementView:
        """All the steps to RELEASED."""
        self.apply_action(SUBMIT, "Ada", month, partner)
        self.apply_action(APPROVE, "Ben", month, partner)
        return self.apply_action(RELEASE, "Ada", month, partner)

    def view(self, month: date = JANUARY, partner: str = NORTHWIND) -> StatementView:
        with self.pipeline.warehouse.connect() as connection:
            return view_statement(connection, StatementKey(partner, CHAIN, month))

    def lines(self, *periods: int, partner: str = NORTHWIND) -> dict[UUID, int]:
        """Computed amounts in force, by line."""
        return dict(
            self.pipeline.query(
                "select line_id, amount from computation.commission_lines_current "
                "join registry.partners using (partner_id) where period_id = any(%s) and code = %s "
                "order by period_id, agreement_id, rule_id, validator_key",
                list(periods),
                partner,
            )
        )

    def line(self, rule_id: str, period_id: int, partner: str = NORTHWIND) -> tuple[UUID, int]:
        """The first validator's line of a rule, and its computed amount."""
        ((line_id, amount),) = self.pipeline.query(
            "select line_id, amount from computation.commission_lines_current "
            "join registry.partners using (partner_id) "
            "where rule_id = %s and period_id = %s and code = %s and validator_key = %s",
            rule_id,
            period_id,
            partner,
            self.validator,
        )
        return line_id, amount

    def owed(self, *periods: int, partner: str = NORTHWIND) -> int:
        """Sum of the computed amounts in force, lamports."""
        return sum(self.lines(*periods, partner=partner).values())

    @property
    def validator(self) -> str:
        """The first configured validator."""
        key: str = self.pipeline.chain["validators"][0]["key"]
        return key

    def sql(self, statement: str, *parameters: object) -> None:
        with self.pipeline.warehouse.connect() as connection:
            connection.execute(statement, parameters)

    def refusal(self, statement: str, *parameters: object) -> str:
        """What PostgreSQL says when it refuses a statement."""
        with pytest.raises(psycopg.Error) as caught:
            self.sql(statement, *parameters)
        return str(caught.value.diag.message_primary)

    def rebook(self, *periods: int) -> None:
        """Compute P&L and lines of the periods from the facts as they are now."""
        for period_id in periods:
            book_pnl(self.run, period_id)
            book_commissions(self.run, period_id)

    def book_pnl_alone(self, period_id: int) -> None:
        """Compute P&L from the facts as they are now, and leave the lines behind."""
        book_pnl(self.run, period_id)

    @property
    def run(self) -> ChainRun:
        """A run of the chain without Dagster."""
        chain = self.config.chain(CHAIN)
        return ChainRun(chain, chain_source(chain), self.pipeline.warehouse, "test")

    def restate_commission(self, period_id: int, by: int) -> None:
        """The first validator's commission of a period turns out to be other by so many lamports."""
        self.sql(
            "update canonical.validator_rewards set commission = commission + %s "
            "where period_id = %s and validator_key = %s",
            by,
            period_id,
            self.validator,
        )
        self.rebook(period_id)

    def restate_at_the_provider(self, world: World, epoch: int, **changes: Any) -> None:
        """The first validator's facts of an epoch were others; every provider is asked again."""
        listed = {one.epoch: one for one in world.epochs}
        validators = tuple(
            one.model_copy(update=changes) if one.vote_account == self.validator else one
            for one in listed[epoch].validators
        )
        listed[epoch] = listed[epoch].model_copy(update={"validators": validators})
        self.ask(world.model_copy(update={"epochs": tuple(listed.values())}), epoch, epoch, refresh=True)

    def ask(self, world: World, first: int, last: int, *, refresh: bool = False) -> None:
        """Backfill epochs from a sandbox that serves `world`."""
        with SandboxServer(world) as server:
            self.pipeline.urls = dict(server.provider_urls)
            self.pipeline.configure()
            done = self.pipeline.backfill(first, last, refresh=refresh)
            assert done.succeeded, done.failures

    def true_ups(self, partner: str = NORTHWIND) -> list[tuple[int, int, str]]:
        """Every kept correction: sequence, difference, cause."""
        return [
            (sequence, difference, cause)
            for sequence, difference, cause in self.pipeline.query(
                "select sequence, difference, cause from computation.true_ups "
                "join registry.partners using (partner_id) where code = %s "
                "order by period_id, line_id, sequence",
                partner,
            )
        ]


def totals(view: StatementView) -> Mapping[str, int]:
    """The statement's totals as numbers, lamports."""
    return {name: int(amount) for name, amount in view.content.document["totals"].items()}


@contextmanager
def office_of(folder: Path, warehouse: Warehouse, **changes: Any) -> Iterator[Office]:
    """The installation is the process's for as long as the context lasts; no provider can be reached.

    `changes` are to the chain's configuration.
    """
    with pytest.MonkeyPatch.context() as environment, dg.DagsterInstance.ephemeral() as instance:
        environment.setenv("AURORA_CONFIG_DIR", str(folder))
        environment.setenv("AURORA_DATABASE_URL", warehouse.url)
        pipeline = Pipeline(folder, warehouse, dict.fromkeys(PATHS, NOWHERE), instance)
        pipeline.configure(**changes)
        yield Office(pipeline)


def book_three_months(warehouse: Warehouse, folder: Path) -> None:
    """Epochs 800 to 805, the checkout's agreements: January and February are complete, March has begun."""
    with office_of(folder, warehouse) as office:
        office.pipeline.load(CHECKOUT / "partners.yaml")
        office.ask(dated(demo_world()), 800, 805)
