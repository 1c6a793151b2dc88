"""Lists of a partner hold its own rows, all of them and nothing else, and count nothing else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from graphql import GraphQLObjectType, get_named_type

from tests.api.isolation.belongings import MONTH, PERIOD, revealed
from tests.api.isolation.partner_schema import CORE, required_arguments, roots, selection_of
from tests.integration.pipeline.installation import CHAIN

if TYPE_CHECKING:
    from tests.api.isolation.belongings import Belongings, Books

USERS = ("north", "south")
QUERIES = {
    path: field for path, field in roots().items() if path.startswith("Query.") and path != "Query.node"
}
CONNECTIONS = [path for path, field in QUERIES.items() if "first" in field.args]
# An argument that must be given, by its name: a literal, or the name of the asker's own thing.
GIVEN = {
    "chainId": CHAIN,
    "billingMonth": MONTH,
    "periodId": PERIOD,
}
OWN_THINGS = {"partnerCode": "code", "agreementId": "agreement", "validatorKey": "validator"}


def _call(path: str, own: Belongings, **more: object) -> str:
    """The root field with what it needs."""
    given = {
        name: own.things[OWN_THINGS[name]] if name in OWN_THINGS else GIVEN[name]
        for name in required_arguments(QUERIES[path])
    }
    written = ", ".join(f"{name}: {json.dumps(value)}" for name, value in (given | more).items())
    return path.partition(".")[2] + (f"({written})" if written else "")


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("path", QUERIES)
def test_no_answer_tells_of_the_other(books: Books, path: str, user: str) -> None:
    """Everything that a partner may select of every query, to the last leaf, its ids and cursors decoded."""
    own, theirs = books.owned[user], books.other(user)
    # An agreement could have so many rules and tiers that few agreements may be asked for at once.
    more = {"first": 5 if path == "Query.agreements" else 40} if path in CONNECTIONS else {}
    answer = books.service.as_user(user).post(f"{{ {_call(path, own, **more)} {selection_of(path)} }}")
    assert "errors" not in answer.json(), answer.text
    assert [mark for mark in theirs.marks if mark in revealed(answer.text)] == []


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("path", CONNECTIONS)
def test_a_list_is_all_of_ones_own_rows_and_counts_no_other(books: Books, path: str, user: str) -> None:
    """The operator's list without the other's rows is the partner's; its last page is the last."""
    own = books.owned[user]
    name = path.partition(".")[2]
    selection = f"{{ edges {{ node {{ {_identity(path)} }} }} pageInfo {{ hasNextPage }} }}"

    def listed(username: str, first: int) -> tuple[list[dict[str, Any]], bool]:
        query = f"{{ {_call(path, own, first=first)} {selection} }}"
        page = books.service.as_user(username).ask(query)[name]
        return [edge["node"] for edge in page["edges"]], page["pageInfo"]["hasNextPage"]

    everybodys, more = listed("admin", 500)
    assert not more
    mine = [row for row in everybodys if _is_of(row, own)]
    assert mine
    assert listed(user, 500) == (mine, False)
    assert listed(user, len(mine)) == (mine, False)
    if path != "Query.periods":
        assert len(mine) < len(everybodys)


def _identity(path: str) -> str:
    """What tells whose a row is."""
    rows = get_named_type(QUERIES[path].type).name.removesuffix("Connection")
    kind = CORE.type_map[rows]
    assert isinstance(kind, GraphQLObjectType)
    return " ".join(each for each in ("id", "partnerCode", "validatorKey", "status") if each in kind.fields)


def _is_of(row: dict[str, Any], own: Belongings) -> bool:
    """Drafts are the operator's alone; a validator is whose it was granted to, lines are the partner's."""
    if row.get("status") == "DRAFT":
        return False
    if "partnerCode" in row:
        return bool(row["partnerCode"] == own.things["code"])
    return bool(row.get("validatorKey", own.things["validator"]) == own.things["validator"])
