"""How fast the service answers a portal's main queries: run `python benchmarks/api.py`.

1,000,000 rows of P&L and 5,000,000 commission lines are loaded into a fresh embedded server (`--home` keeps
them for another run). Then 1, 10 and 50 clients ask the real service, over HTTP and signed in: finance for
100 rows of P&L, partners for their lines of 10 periods with their agreement. The floor beside it is the same
SQL with psycopg and JSON alone, in the same run. Every answer is checked. Clients, service and PostgreSQL
share the processors.
"""

import argparse
import hashlib
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import api_rows
import psycopg
from api_load import Ask, measure, request
from api_servers import serve_aurora, serve_floor

from aurora_api.access.authenticate import Identity
from aurora_api.access.rates import REQUESTS_VARIABLE
from aurora_api.access.token_keys import SECRET_VARIABLE, token_keys_from_environment
from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.address import URL_VARIABLE
from aurora_resources.warehouse.connection import Warehouse, create_database
from aurora_resources.warehouse.migrations import migrate

CLIENTS: Final = (1, 10, 50)
WARM_SECONDS: Final = 2.0
SPAN: Final = 10
P95_MAX_MS: Final = 300
TIMES_FLOOR_MAX: Final = 3
STEP: Final = 7
PNL: Final = """query Pnl($from: Ordinal!, $to: Ordinal!) {
  validatorPnl(chainId: "bench-main", fromPeriod: $from, toPeriod: $to, first: 100) {
    edges { node { periodId validatorKey validatorName execFees { amount } mevTips { amount }
      voteRewards { amount } commission { amount } totalRevenue { amount display } completeness } }
    pageInfo { hasNextPage endCursor }
  }
}"""
# What the service reads for these queries: the columns shown, and those of the order, for cursors.
PNL_COLUMNS: Final = (
    *("period_id", "validator_key", "validator_name", "exec_fees", "mev_tips", "vote_rewards", "commission"),
    *("total_revenue", "completeness"),
)
LINE_COLUMNS: Final = (
    *("line_id", "period_id", "partner_code", "agreement_id", "version", "rule_id", "validator_key"),
    *("component", "amount"),
)
LINES: Final = """query Lines($partner: String!, $agreement: String!, $from: Ordinal!, $to: Ordinal!) {
  agreement(agreementId: $agreement) { name status version rules { ruleId component method rateBps } }
  commissionLines(
    chainId: "bench-main", partnerCode: $partner, fromPeriod: $from, toPeriod: $to, first: 500
  ) {
    edges { node { periodId validatorKey agreementId agreementVersion component amount { amount } } }
    pageInfo { hasNextPage endCursor }
  }
}"""


def main() -> int:
    """Load, serve, ask, say; 1 when a target is missed."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, help="where to keep the database; used again if it is there")
    options.add_argument("--seconds", type=float, default=10, help="how long each number of clients asks")
    options.add_argument("--workers", type=int, default=2, help="how many processes the service answers with")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="aurora-benchmark-") as made:
        home = chosen.home or Path(made) / "home"
        home.parent.chmod(0o755)  # as root, the server runs as another user, who must pass
        with EmbeddedServer(home, settings={"shared_buffers": "512MB", "max_wal_size": "4GB"}) as server:
            warehouse = filled(server)
            # Its environment tells the service where all is, and that these clients may ask on and on.
            os.environ |= {"AURORA_HOME": str(home), REQUESTS_VARIABLE: str(10**9)}
            for variable in (URL_VARIABLE, SECRET_VARIABLE):
                os.environ.pop(variable, None)
            with (
                running(serve_floor, warehouse.url) as floor,
                running(serve_aurora, chosen.workers) as service,
            ):
                return report(asks(warehouse), floor, service, chosen.seconds)


def filled(server: EmbeddedServer) -> Warehouse:
    """The warehouse with its rows, loaded if it has none."""
    create_database(server.url("postgres"), "aurora")
    migrate(server.url("aurora"))
    with psycopg.connect(server.url("aurora")) as connection:
        if connection.execute("select from registry.chains").fetchone() is None:
            begun = time.perf_counter()
            api_rows.load(connection)
            rows = f"{api_rows.PNL_ROWS:,} rows of P&L and {api_rows.LINE_ROWS:,} lines"
            print(f"loaded {rows} in {time.perf_counter() - begun:.0f} s", flush=True)
    return Warehouse(server.url("aurora"), application="aurora benchmark", server=server)


@contextmanager
def running(serve: Callable[..., None], *given: object) -> Iterator[int]:
    """A server in a process of its own, ended afterwards; its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(*given, port))
    process.start()
    try:
        for _ in range(300):
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.join(30)


def asks(warehouse: Warehouse) -> list[tuple[Ask, Ask]]:
    """The queries: as the floor is asked, and as the service is."""
    with warehouse.connect() as connection:
        users: dict[str, int] = dict(
            connection.execute("select username, user_id from access.users").fetchall()
        )
        partners: dict[str, int] = dict(
            connection.execute("select code, partner_id from registry.partners").fetchall()
        )
    starts = range(1, api_rows.PERIODS - SPAN, STEP)
    codes = sorted(partners)
    of_partners = [(codes[number % len(codes)], start) for number, start in enumerate(starts)]
    finance = token(users, "finance")
    tokens = {code: token(users, f"user-{code}") for code in codes}
    return [
        (
            Ask("floor, 100 rows of P&L", [floor_pnl(start) for start in starts], b'"period_id"', 101),
            Ask("100 rows of P&L", [ask(PNL, finance, start) for start in starts], b'"periodId"', 100),
        ),
        (
            Ask("floor, 500 lines", [floor_lines(*each) for each in of_partners], b'"period_id"', 500),
            Ask(
                "500 lines",
                [
                    ask(LINES, tokens[code], start, partner=code, agreement=f"agreement-{partners[code]}")
                    for code, start in of_partners
                ],
                b'"periodId"',
                500,
            ),
        ),
    ]


def token(users: dict[str, int], username: str) -> str:
    """An access token of the session that this user was given with the rows."""
    family = UUID(hashlib.md5(username.encode(), usedforsecurity=False).hexdigest())
    return token_keys_from_environment().issue(Identity(users[username], f"family:{family}"))


def ask(query: str, bearer: str, start: int, **variables: object) -> bytes:
    """A request to the service, about ten periods."""
    variables |= {"from": start, "to": start + SPAN - 1}
    return request("/graphql", {"query": query, "variables": variables}, bearer)


def floor_pnl(start: int) -> bytes:
    """What the service asks the warehouse for the same P&L."""
    unused = dict.fromkeys(("validator_keys", "completeness", "after_period_id", "after_validator_key"))
    return floor_request("computation/validator_pnl.pnl_page", PNL_COLUMNS, start, 101, unused)


def floor_lines(code: str, start: int) -> bytes:
    """What it asks for the same lines."""
    after = ("period_id", "partner_code", "agreement_id", "rule_id", "validator_key", "line_id")
    unused = dict.fromkeys(("validator_keys", "components", "line_id", *(f"after_{each}" for each in after)))
    return floor_request(
        "computation/commission_line_page",
        LINE_COLUMNS,
        start,
        501,
        {**unused, "partner_code": code, "with_trace": False},
    )


def floor_request(
    query: str, columns: Sequence[str], start: int, limit: int, others: dict[str, Any]
) -> bytes:
    """A request to the floor."""
    span = {"from_period": start, "to_period": start + SPAN - 1, "row_limit": limit}
    parameters = {"chain_id": api_rows.CHAIN, **span, **others}
    return request("/floor", {"query": query, "columns": columns, "parameters": parameters})


def report(pairs: list[tuple[Ask, Ask]], floor_port: int, service_port: int, seconds: float) -> int:
    """Ask, print a line for each number of clients, and judge."""
    missed = []
    print(f"{'':24}{'clients':>8}{'p50':>9}{'p95':>9}{'p99':>9} ms{'a second':>10}{'bytes':>9}")
    for floor_ask, service_ask in pairs:
        p95: dict[tuple[str, int], float] = {}
        for port, each in ((floor_port, floor_ask), (service_port, service_ask)):
            measure(port, each, max(CLIENTS), WARM_SECONDS)
            for clients in CLIENTS:
                found = measure(port, each, clients, seconds)
                p95[each.name, clients] = found.at(0.95)
                print(
                    f"{each.name:24}{clients:>8}{found.at(0.5):>9.1f}{found.at(0.95):>9.1f}"
                    f"{found.at(0.99):>9.1f}   {found.rate:>10.0f}{found.sizes[1]:>9}",
                    flush=True,
                )
        times = p95[service_ask.name, 10] / p95[floor_ask.name, 10]
        crowded = p95[service_ask.name, 50]
        print(f"{service_ask.name}: p95 {crowded:.0f} ms at 50 clients, {times:.1f} times the floor at 10")
        if crowded >= P95_MAX_MS or times >= TIMES_FLOOR_MAX:
            missed.append(service_ask.name)
    targets = f"p95 < {P95_MAX_MS} ms, < {TIMES_FLOOR_MAX} times the floor"
    print(f"missed ({targets}): {', '.join(missed) or 'none'}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
