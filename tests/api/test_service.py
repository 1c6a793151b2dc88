"""Health, the sessions behind the service, and the schema that is published."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from aurora_api.context import reader
from aurora_api.context.reader import make_pool
from aurora_api.service.schema import schema
from aurora_resources.warehouse.connection import Warehouse
from aurora_resources.warehouse.migrations import downgrade

if TYPE_CHECKING:
    from tests.api.conftest import Running, Service

CHECKOUT = Path(__file__).resolve().parents[2]
ASK = "{ chains { chainId } }"


def test_a_transaction_ends_with_its_request(own_service: Service, warehouse: Warehouse) -> None:
    own_service.ask(ASK)
    with warehouse.connect(autocommit=True) as session:
        states = session.execute(
            "select state from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchall()
    assert ("idle in transaction",) not in states


def test_health_needs_no_token_and_knows_the_migrations(own_service: Service, warehouse: Warehouse) -> None:
    alive = own_service.client.get(f"{own_service.url}/health")
    assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
    assert alive.headers["X-Correlation-Id"]
    assert own_service.client.get(f"{own_service.url}/health/ready").json() == {"status": "ready"}
    downgrade(warehouse.url, "-1")
    stale = own_service.client.get(f"{own_service.url}/health/ready")
    assert (stale.status_code, "migrate" in stale.json()["problem"]) == (503, True)
    with warehouse.connect(autocommit=True) as session:
        session.execute("drop table public.alembic_version")
    assert own_service.client.get(f"{own_service.url}/health/ready").status_code == 503


def test_a_lost_session_is_replaced(own_service: Service, warehouse: Warehouse) -> None:
    own_service.ask(ASK)
    with warehouse.connect(autocommit=True) as session:
        session.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
    assert own_service.ask(ASK)["chains"]


def test_the_sessions_see_one_moment_and_cannot_write(warehouse: Warehouse) -> None:
    async def try_it() -> None:
        async with make_pool(warehouse) as pool, pool.connection() as session:
            level = await (await session.execute("show transaction_isolation")).fetchone()
            assert level == ("repeatable read",)
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
                await session.execute("delete from registry.validators")

    asyncio.run(try_it())


def test_without_a_warehouse_the_service_lives_and_says_so(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "POOL_WAIT_SECONDS", 0.3)
    with running(Warehouse("postgresql://nobody:secret-word@127.0.0.1:1/none")) as service:
        assert service.client.get(f"{service.url}/health").status_code == 200
        ready = service.client.get(f"{service.url}/health/ready")
        assert (ready.status_code, ready.json()["problem"]) == (503, "the warehouse cannot be reached")
        error = service.refusal(ASK)
        assert error["extensions"]["code"] == "UNAVAILABLE"
        assert not any(word in error["message"] for word in ("secret-word", "127.0.0.1", "nobody"))


def test_a_statement_that_takes_too_long_is_given_up(
    running: Running, filled: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "STATEMENT_SECONDS", 1)
    with running(filled) as service, filled.transaction() as session:
        session.execute("lock table registry.chains in access exclusive mode")
        assert service.code(ASK) == "TIMEOUT"


def test_more_callers_than_sessions_are_all_answered(service: Service) -> None:
    query = '{ chains { id } commissionLines(chainId: "alpha-main") { edges { node { id } } } }'
    with ThreadPoolExecutor(3 * reader.POOL_SIZE) as callers:
        answers = list(callers.map(lambda _: service.ask(query), range(6 * reader.POOL_SIZE)))
    assert all(answer == answers[0] for answer in answers)


@pytest.mark.parametrize(
    ("query", "statements"),
    [
        ('{ periods(chainId: "alpha-main") { edges { node { id } } } }', 2),
        ('{ validatorPnl(chainId: "alpha-main") { edges { node { validatorName } } } }', 1),
        ('{ commissionLines(chainId: "alpha-main") { edges { node { validatorName } } } }', 1),
        (
            '{ periodStatement(chainId: "alpha-main", partnerCode: "north", periodId: 105) { lines { edges {'
            " node { validatorName computation { tierMode } } } } findings { edges { node { validatorName } }"
            " } } }",
            6,
        ),
        # Whoever asks several questions about a chain has it looked up once.
        (
            "{ "
            + " ".join(f'q{n}: periods(chainId: "alpha-main") {{ edges {{ cursor }} }}' for n in range(9))
            + " }",
            10,
        ),
    ],
)
def test_the_number_of_statements_does_not_grow_with_the_rows(
    service: Service, asked: list[str], query: str, statements: int
) -> None:
    # The chain's coin is kept from then on.
    service.ask('{ validatorPnl(chainId: "alpha-main", first: 1) { edges { cursor } } }')
    asked.clear()
    service.ask(query)
    assert len(asked) == statements


def test_the_exported_schema_is_current() -> None:
    exported = (CHECKOUT / "docs" / "schema.graphql").read_text(encoding="utf-8")
    assert exported.rstrip() == schema.as_str().rstrip(), "docs/schema.graphql: run `make docs`"


def test_every_type_and_argument_of_money_is_exact() -> None:
    """No floating-point number anywhere in the schema."""
    assert "Float" not in schema.as_str()


def test_the_service_names_no_chain() -> None:
    names = ("solana", "ethereum", "lamport")
    for path in (CHECKOUT / "aurora_api").glob("*.py"):
        assert path.name == "cli.py" or not any(name in path.read_text().lower() for name in names), path
