"""Paging forward yields each row once; a cursor is good only for the query and filters it came from."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service


QUERIES = {
    "periods": ("periodId", 7),
    "validatorPnl": ("id", 21),
    "commissionLines": ("id", 24),
}


def _query(name: str, arguments: str = "") -> str:
    field, _ = QUERIES[name]
    return f"""query($first: Int!, $after: String) {{
        {name}(chainId: "alpha-main", first: $first, after: $after {arguments}) {{
        edges {{ cursor node {{ {field} }} }}
        pageInfo {{ hasNextPage hasPreviousPage startCursor endCursor }} }} }}"""


def _read_all(
    service: Service, name: str, size: int, between: Callable[[], object] = lambda: None
) -> list[object]:
    seen: list[object] = []
    after = None
    while True:
        page = service.ask(_query(name), first=size, after=after)[name]
        assert len(page["edges"]) <= size
        assert page["pageInfo"]["hasPreviousPage"] is (after is not None)
        seen += [edge["node"][QUERIES[name][0]] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return seen
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        after = page["pageInfo"]["endCursor"]
        between()


@pytest.mark.parametrize("name", QUERIES)
def test_paging_to_the_end_yields_each_row_once(service: Service, name: str) -> None:
    whole = _read_all(service, name, 500)
    assert len(set(whole)) == len(whole) == QUERIES[name][1]
    for size in (1, 2, 7):
        assert _read_all(service, name, size) == whole


def test_a_page_is_not_shifted_by_a_recompute(own_service: Service, warehouse: Warehouse) -> None:
    whole = _read_all(own_service, "validatorPnl", 500)

    def recompute() -> None:
        with warehouse.transaction() as session:
            session.execute(
                "with old as (update computation.generations set is_current = false where is_current"
                " and dataset = 'validator_pnl' and period_id = 103 returning generation_id),"
                " new as (insert into computation.generations (dataset, chain_id, period_id, is_current,"
                " content_digest, row_count, engine_version, run_id)"
                " select 'validator_pnl', 'alpha-main', 103, false, sha256('y'), 3, '1', 'test'"
                " returning generation_id)"
                " insert into computation.validator_pnl select new.generation_id, chain_id, period_id,"
                " validator_key, 0, 'FINAL', 0, 'FINAL', 0, 'FINAL', 0, 'FINAL', 0, null, null, 'COMPLETE'"
                " from computation.validator_pnl join old using (generation_id), new"
            )
            session.execute(
                "update computation.generations set is_current = true where generation_id ="
                " (select max(generation_id) from computation.generations)"
            )

    assert _read_all(own_service, "validatorPnl", 5, recompute) == whole


@pytest.mark.parametrize("first", [0, -1, 501])
def test_a_page_has_bounds(service: Service, first: int) -> None:
    error = service.refusal(_query("periods"), first=first)
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "500" in error["message"]


def test_a_page_holds_100_unless_told(own_service: Service, warehouse: Warehouse) -> None:
    with warehouse.transaction() as session:
        session.execute(
            "insert into registry.periods select 'beta-main', n, n::text, n, n, timestamptz '2026-01-01Z'"
            " + n * interval '1 day', timestamptz '2026-01-02Z' + n * interval '1 day'"
            " from generate_series(0, 119) as n"
        )
    page = own_service.ask('{ periods(chainId: "beta-main") { edges { cursor } pageInfo { hasNextPage } } }')[
        "periods"
    ]
    assert len(page["edges"]) == 100
    assert page["pageInfo"]["hasNextPage"]


def test_a_cursor_of_another_query_is_refused(service: Service) -> None:
    cursors = {
        name: service.ask(_query(name), first=1, after=None)[name]["pageInfo"]["endCursor"]
        for name in QUERIES
    }
    for name in QUERIES:
        for other in set(QUERIES) - {name}:
            assert service.code(_query(name), first=1, after=cursors[other]) == "INVALID_CURSOR"
        assert service.code(_query(name, "fromPeriod: 101"), first=1, after=cursors[name]) == "INVALID_CURSOR"


def test_a_made_up_cursor_is_refused(service: Service) -> None:
    good = service.ask(_query("periods"), first=1, after=None)["periods"]["pageInfo"]["endCursor"]
    tag = json.loads(base64.urlsafe_b64decode(good))[0]
    forged = [
        [tag],
        [tag, "x"],
        [tag, 2**70],
        [tag, True],
        [tag, 1, 2],
        [tag, None],
        [],
        {},
        5,
        "text",
        [tag, -1],
    ]
    texts = [base64.urlsafe_b64encode(json.dumps(value).encode()).decode() for value in forged]
    for cursor in [*texts, "", "x", "%%%", "é", "[" * 5000, base64.b64encode(b"\xff\xfe").decode()]:
        assert service.code(_query("periods"), first=1, after=cursor) == "INVALID_CURSOR", cursor
    lines = _query("commissionLines")
    good = service.ask(lines, first=1, after=None)["commissionLines"]["pageInfo"]["endCursor"]
    key = json.loads(base64.urlsafe_b64decode(good))
    forged_line = base64.urlsafe_b64encode(json.dumps([*key[:-1], "no uuid"]).encode()).decode()
    assert service.code(lines, first=1, after=forged_line) == "INVALID_CURSOR"


def test_a_range_that_ends_before_it_starts_is_refused(service: Service) -> None:
    query = '{ validatorPnl(chainId: "alpha-main", fromPeriod: 105, toPeriod: 104) { edges { cursor } } }'
    assert service.code(query) == "INVALID_ARGUMENT"


def test_the_number_of_validators_asked_for_has_a_bound(service: Service) -> None:
    pnl = 'validatorPnl(chainId: "alpha-main", validatorKeys: $keys) { edges { cursor } }'
    query = f"query($keys: [String!]) {{ {pnl} }}"
    assert service.code(query, keys=["k"] * 501) == "LIMIT_EXCEEDED"
