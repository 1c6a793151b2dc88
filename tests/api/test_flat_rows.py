"""Lists completed at once are the very answers, and errors, that graphql-core gives one field at a time."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple
from unittest.mock import patch

import msgspec
import pytest
import strawberry
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext as Stock

from aurora_api.fast_lists.executor import FlatRows
from aurora_api.fast_lists.row_fields import made, member, money, stored
from aurora_api.schema.money import Coin, Money
from aurora_api.schema.pagination import Connection, Edge, Keyset
from aurora_api.schema.scalars import ORDINAL_MAX, SCALARS, Amount, Bps, Ordinal
from aurora_api.service.schema import schema as served

if TYPE_CHECKING:
    from tests.api.conftest import Service

COIN = Coin("lamports", 9, "SOL")


@strawberry.enum
class Colour(Enum):
    RED = "RED"
    GREEN = strawberry.enum_value("GREEN", name="VERDANT")


@strawberry.interface
class Named:
    name: str


@strawberry.type
class Part(Named):
    rate: Bps
    tags: list[str | None] | None


@strawberry.type
class Row(Named):
    id: strawberry.ID
    number: int
    maybe: int | None
    flag: bool
    ordinal: Ordinal
    amount: Amount
    money: Money | None
    colour: Colour | None
    at: datetime
    day: date | None
    part: Part
    parts: list[Part | None]
    grid: list[list[int]]
    hidden: strawberry.Private[int] = 0

    @strawberry.field
    def twice(self) -> int:
        return self.number * 2

    @strawberry.field
    def fragile(self) -> int | None:
        return 10 // self.hidden

    @strawberry.field
    async def later(self) -> int:
        return self.number

    @strawberry.field
    def plus(self, more: int = 1) -> int:
        return self.number + more

    @strawberry.field
    def where(self, info: strawberry.Info) -> str:
        return info.field_name


class Line(NamedTuple):
    """A row of the warehouse."""

    number: Any = 7
    name: Any = "one"
    maybe: Any = None
    amount: Any = -(2**200)
    unknown: Any = None
    colour: Any = "GREEN"


@strawberry.type
class Flat:
    """A type that keeps its row."""

    row: strawberry.Private[Any]
    coin: strawberry.Private[Coin]
    where: str
    number: int = strawberry.field(resolver=stored("number"))
    name: str = strawberry.field(resolver=stored("name"))
    maybe: int | None = strawberry.field(resolver=stored("maybe"))
    amount: Money = strawberry.field(resolver=money("amount"))
    unknown: Money | None = strawberry.field(resolver=money("unknown"))
    colour: Colour | None = strawberry.field(resolver=member("colour", Colour))
    label: str = strawberry.field(resolver=made(lambda flat: f"{flat.where}/{flat.row.number}", "number"))

    @strawberry.field
    def half(self) -> int:
        return int(self.row.number) // 2

    @strawberry.field
    async def later(self) -> int:
        return int(self.row.number)


@dataclass
class Rows:
    """What the queries answer with."""

    given: ClassVar[list[Any]] = []


@strawberry.type
class Query:
    @strawberry.field
    def rows(self) -> list[Row]:
        return Rows.given

    @strawberry.field
    def maybe_rows(self) -> list[Row | None] | None:
        return Rows.given

    @strawberry.field
    async def page(self) -> Connection[Row]:
        page = Keyset("rows", {"number": int}).page(100, None, {})
        edges = [Edge(node=row, page=page, row=row) for row in Rows.given]
        return Connection(edges=edges, page_info=None)  # type: ignore[arg-type]

    @strawberry.field
    async def lines(self) -> Connection[Flat]:
        page = Keyset("lines", {"number": int}).page(2, None, {})
        return page.row_connection(Rows.given, Flat, coin=COIN, where="here")

    @strawberry.field
    def named(self) -> list[Named]:
        return Rows.given


schema = strawberry.Schema(query=Query, types=[Part], config=StrawberryConfig(scalar_map=SCALARS))


def row(**changes: Any) -> Row:
    usual: dict[str, Any] = {
        "name": "one",
        "id": strawberry.ID("r1"),
        "number": 7,
        "maybe": None,
        "flag": True,
        "ordinal": ORDINAL_MAX,
        "amount": 2**200,
        "money": Money(amount=Amount(-5), coin=COIN),
        "colour": Colour.GREEN,
        "at": datetime(2026, 1, 2, 3, tzinfo=UTC),
        "day": date(2026, 1, 2),
        "part": Part(name="p", rate=Bps(10_000), tags=["a", None]),
        "parts": [Part(name="q", rate=Bps(0), tags=None), None],
        "grid": [[1, 2], [], [3]],
        "hidden": 2,
    }
    return Row(**{**usual, **changes})


def answer(executor: type[Stock], query: str, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    with patch.object(schema, "execution_context_class", executor):
        result = asyncio.run(schema.execute(query, variable_values=variables))
    errors = [(error.message, error.path, error.locations) for error in result.errors or ()]
    return msgspec.json.encode(result.data), errors


def same(query: str, variables: dict[str, Any] | None = None) -> tuple[Any, Any]:
    """The answer, which both executors give, to the byte."""
    quick, slow = answer(FlatRows, query, variables), answer(Stock, query, variables)
    assert quick == slow
    assert repr(quick) == repr(slow)
    data, errors = quick
    return msgspec.json.decode(data), errors


@pytest.fixture(autouse=True)
def _silence(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL", logger="strawberry.execution")


PLAIN = """name id number maybe flag ordinal amount colour at day grid twice __typename
    money { amount unit decimals displayUnit display __typename }
    part { rate tags name } parts { name tags }"""


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The fields that graphql-core completed one by one."""
    fields: list[str] = []
    execute_field = FlatRows.execute_field

    def counting(self: FlatRows, parent: Any, source: Any, nodes: Any, path: Any) -> Any:
        fields.append(nodes[0].name.value)
        return execute_field(self, parent, source, nodes, path)

    monkeypatch.setattr(FlatRows, "execute_field", counting)
    return fields


def test_plain_rows_take_no_step_a_field(counted: list[str]) -> None:
    Rows.given = [row(), row(money=None, colour=None, day=None, parts=[]), row(number=-(2**30))]
    data, errors = same(f"{{ rows {{ {PLAIN} }} }}")
    assert not errors
    assert data["rows"][0]["money"]["display"] == "-0.000000005"
    assert data["rows"][0]["colour"] == "VERDANT"
    assert counted == ["rows"]


def test_edges_of_a_connection_take_none_either(counted: list[str]) -> None:
    Rows.given = [row(), row()]
    data, _ = same(f"{{ page {{ edges {{ cursor node {{ {PLAIN} }} }} }} }}")
    assert data["page"]["edges"][1]["cursor"]
    assert counted == ["page", "edges"]


@pytest.mark.parametrize(
    "selection",
    [
        "a: number b: number number",
        "...F ... on Row { flag } ... on Named { name } ... { at }",
        "number @skip(if: $yes) flag @include(if: $yes) name @include(if: $no) at @skip(if: $no)",
        "number @skip(if: true) flag @include(if: false)",
        "money { amount } money { display } ... on Row { money { unit a: amount } }",
        "__typename t: __typename",
        "number later",
        "plus plus2: plus(more: 2)",
        "where number",
        "part { __typename ...P } parts { ...P }",
        "fragile",
    ],
)
@pytest.mark.parametrize("root", ["rows", "maybeRows"])
def test_every_way_to_select(root: str, selection: str) -> None:
    Rows.given = [row(), row(number=2), row(parts=[])]
    fragments = "fragment F on Row { id ...G } fragment G on Row { number } fragment P on Part { rate tags }"
    query = (
        f"query($yes: Boolean!, $no: Boolean!) {{ {root} {{ {selection} id @skip(if: $yes)"
        f" x: id @include(if: $no) }} rest: {root} {{ ...F parts {{ ...P }} }} }} {fragments}"
    )
    same(query, {"yes": True, "no": False})
    same(query, {"yes": False, "no": True})


def test_an_interface_is_left_to_graphql_core() -> None:
    Rows.given = [row(), Part(name="p", rate=Bps(1), tags=[])]
    data, _ = same("{ named { name __typename ... on Part { rate } ... on Row { twice } } }")
    assert [each["__typename"] for each in data["named"]] == ["Row", "Part"]


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2**31},
        {"number": None},
        {"number": "7"},
        {"number": True},
        {"number": 7.5},
        {"flag": 1},
        {"name": 5},
        {"name": None},
        {"ordinal": ORDINAL_MAX + 1},
        {"ordinal": -1},
        {"amount": "5"},
        {"amount": True},
        {"amount": None},
        {"colour": "RED"},
        {"colour": "PINK"},
        {"at": "2026"},
        {"at": None},
        {"day": datetime(2026, 1, 1, tzinfo=UTC)},
        {"part": None},
        {"part": {"name": "no object"}},
        {"part": Part(name="p", rate=Bps(10_001), tags=[])},
        {"parts": (Part(name="p", rate=Bps(1), tags=[]),)},
        {"parts": None},
        {"parts": [ValueError("an error in place of a value")]},
        {"grid": [[1], None]},
        {"grid": [[2**31]]},
        {"money": Money(amount="x", coin=COIN)},  # type: ignore[arg-type]
        {"hidden": 0},
    ],
    ids=repr,
)
@pytest.mark.parametrize("root", ["rows", "maybeRows", "page { edges { node"])
def test_a_bad_value_is_the_same_error_in_the_same_place(root: str, changes: dict[str, Any]) -> None:
    Rows.given = [row(), row(**changes), row()]
    same(f"{{ {root} {{ {PLAIN} fragile }} {'} }' if '{' in root else ''} }}")


@pytest.mark.parametrize("given", [[None], [5], [row(), None], (row(),), [], None, iter([]), 5])
def test_a_list_that_is_none(given: Any) -> None:
    for root in ("rows", "maybeRows"):
        Rows.given = given
        same(f"{{ {root} {{ number name }} }}")


LINE = """where number name maybe label half __typename colour amount { amount unit display }
    unknown { amount unit decimals }"""


def test_a_page_of_rows_makes_no_step_a_field(counted: list[str]) -> None:
    Rows.given = [Line(), Line(number=8, colour=None, unknown=5), Line()]
    edges = f"edges {{ __typename cursor node {{ {LINE} }} }}"
    data, errors = same(f"{{ lines {{ pageInfo {{ hasNextPage }} {edges} }} }}")
    assert not errors
    assert data["lines"]["pageInfo"] == {"hasNextPage": True}
    first, second = (edge["node"] for edge in data["lines"]["edges"])
    assert (first["colour"], second["colour"]) == ("VERDANT", None)
    assert (first["unknown"], second["unknown"]["amount"]) == (None, "5")
    assert counted == ["lines", "pageInfo", "hasNextPage", "edges"]


@pytest.mark.parametrize(
    "changes",
    [
        {"number": 2**31},
        {"number": None},
        {"number": "7"},
        {"name": 5},
        {"maybe": True},
        {"amount": None},
        {"amount": "5"},
        {"unknown": 1.5},
        {"colour": "PINK"},
        {"colour": Colour.RED},
    ],
    ids=repr,
)
def test_a_bad_column_is_the_same_error_in_the_same_place(changes: dict[str, Any]) -> None:
    Rows.given = [Line(), Line(**changes)]
    same(f"{{ lines {{ edges {{ cursor node {{ {LINE} }} }} }} }}")


def test_a_page_with_a_field_that_waits_is_left_to_graphql_core(counted: list[str]) -> None:
    Rows.given = [Line(), Line(number=8)]
    data, errors = same(f"{{ lines {{ edges {{ node {{ later {LINE} }} }} }} }}")
    assert not errors
    assert [edge["node"]["later"] for edge in data["lines"]["edges"]] == [7, 8]
    assert counted.count("later") == 2


FIELDS = [*PLAIN.split("money", maxsplit=1)[0].split(), "fragile", "later", "plus", "where"]
MONEYS = st.integers().map(COIN.money)
ROWS = st.builds(
    row,
    number=st.integers(-(2**31) - 1, 2**31),
    maybe=st.none() | st.integers(-5, 5),
    ordinal=st.integers(-1, ORDINAL_MAX + 1),
    amount=st.integers(),
    name=st.text(max_size=3),
    money=st.none() | MONEYS,
    colour=st.sampled_from([None, *Colour]),
    grid=st.lists(st.lists(st.integers(0, 9), max_size=2), max_size=2),
    hidden=st.integers(0, 1),
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(ROWS, max_size=4),
    st.lists(
        st.sampled_from([*FIELDS, "money { amount display }", "parts { name }"]), min_size=1, max_size=6
    ),
    st.sampled_from(["rows", "maybeRows", "page { edges { node"]),
)
def test_any_rows_any_fields(rows: list[Row], fields: list[str], root: str) -> None:
    Rows.given = rows
    selection = " ".join(f"f{place}: {field}" for place, field in enumerate(fields))
    same(f"{{ {root} {{ {selection} }} {'} }' if '{' in root else ''} }}")


MONEY = "{ amount unit decimals displayUnit display __typename }"
REAL = {
    "validatorPnl": (
        "ValidatorPnl",
        "id chainId periodId validatorKey validatorName execFeesState mevTipsState voteRewardsState"
        " commissionState completeness computedAt __typename",
        "execFees mevTips voteRewards commission totalRevenue costs netIncome",
        "",
    ),
    "commissionLines": (
        "CommissionLine",
        "id chainId lineId periodId partnerCode partnerName agreementId agreementVersion ruleId validatorKey"
        " validatorName component method state scaled allocated engineVersion __typename",
        "base claimed amount",
        f"computation {{ base {MONEY} stake {MONEY} rateBps slices {{ money {MONEY} rateBps }} tierMode }}",
    ),
}


def _asks(root: str) -> list[str]:
    _, plain, amounts, others = REAL[root]
    return [*plain.split(), *(f"{name} {MONEY}" for name in amounts.split()), *([others] if others else [])]


def _real(root: str, selection: str) -> str:
    return f'{{ {root}(chainId: "alpha-main", first: 50) {{ edges {{ cursor node {{ {selection} }} }} }} }}'


@pytest.mark.parametrize("root", REAL)
def test_the_services_own_lists_are_those_of_the_stock_executor(
    service: "Service", root: str, counted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    query = _real(root, " ".join(_asks(root)))
    quick = service.post(query).content
    assert counted == [root, "edges"]
    monkeypatch.setattr(served, "execution_context_class", Stock)
    assert service.post(query).content == quick
    assert b"errors" not in quick
    assert quick.count(b'"ValidatorPnl"' if root == "validatorPnl" else b'"CommissionLine"') >= 12


@pytest.mark.parametrize("root", REAL)
def test_a_field_alone_is_what_it_is_among_all(service: "Service", root: str) -> None:
    """Only the columns that a query needs are read: none too few."""
    whole = service.ask(_real(root, " ".join(_asks(root))))[root]["edges"]
    for field in _asks(root):
        name = field.split()[0]
        alone = service.ask(_real(root, field))[root]["edges"]
        assert [(edge["cursor"], edge["node"][name]) for edge in alone] == [
            (edge["cursor"], edge["node"][name]) for edge in whole
        ], name
        renamed = service.ask(
            f'{{ a: {root}(chainId: "alpha-main", first: 50) {{ edges {{ ...E }} }} }}'
            f" fragment E on {REAL[root][0]}Edge {{ b: node {{ c: {field} }} }}"
        )["a"]["edges"]
        assert [edge["b"]["c"] for edge in renamed] == [edge["node"][name] for edge in whole]


def test_every_field_of_these_types_is_tried_here() -> None:
    for root, (kind, *_) in REAL.items():
        tried = {field.split()[0] for field in _asks(root)} - {"__typename"}
        assert tried == set(served._schema.type_map[kind].fields)  # type: ignore[attr-defined]
