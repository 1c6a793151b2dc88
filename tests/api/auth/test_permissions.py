"""What each role may ask for: every root field as every role, and documents that try to get around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import strawberry
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLUnionType,
    get_named_type,
    parse,
)

from aurora_api.access.principal import ROLE_CAPABILITIES, Capability, UserRole
from aurora_api.context.reader import Reader
from aurora_api.schema.permissions import fields_without_permission, needed_by, permissions_of, requires
from aurora_api.service.schema import schema

if TYPE_CHECKING:
    from tests.api.auth.conftest import Playground
    from tests.api.conftest import Service

CORE = schema._schema
USERS = {
    "admin": UserRole.ADMIN,
    "finance": UserRole.FINANCE,
    "ops": UserRole.OPS,
    "auditor": UserRole.AUDITOR,
    "north": UserRole.PARTNER,
}
ROOTS = [
    (kind, name)
    for kind, root in (("query", CORE.query_type), ("mutation", CORE.mutation_type))
    if root is not None
    for name in root.fields
]
SCALARS = {
    "String": '"x"',
    "ID": '"x"',
    "Int": "1",
    "Boolean": "true",
    "Ordinal": "1",
    "Bps": "1",
    "Amount": '"1"',
    "DateTime": '"2030-01-01T00:00:00Z"',
    "Date": '"2030-01-01"',
    "UUID": '"00000000-0000-4000-8000-000000000000"',
}


def value_of(kind: GraphQLInputType) -> str:
    """Some value of that type, as GraphQL writes it."""
    if isinstance(kind, GraphQLNonNull):
        return value_of(kind.of_type)
    if isinstance(kind, GraphQLList):
        return f"[{value_of(kind.of_type)}]"
    if isinstance(kind, GraphQLEnumType):
        return next(iter(kind.values))
    if isinstance(kind, GraphQLInputObjectType):
        if kind.is_one_of:
            name, first = next(iter(kind.fields.items()))
            return f"{{{name}: {value_of(first.type)}}}"
        needed = {name: each for name, each in kind.fields.items() if isinstance(each.type, GraphQLNonNull)}
        return "{" + " ".join(f"{name}: {value_of(each.type)}" for name, each in needed.items()) + "}"
    assert isinstance(kind, GraphQLNamedType)
    return SCALARS[kind.name]


def document(kind: str, name: str) -> str:
    """The smallest document that asks for this root field."""
    root = CORE.query_type if kind == "query" else CORE.mutation_type
    assert root is not None
    field = root.fields[name]
    needed = {
        each: argument for each, argument in field.args.items() if isinstance(argument.type, GraphQLNonNull)
    }
    arguments = " ".join(f"{each}: {value_of(argument.type)}" for each, argument in needed.items())
    answer = get_named_type(field.type)
    composite = isinstance(answer, GraphQLObjectType | GraphQLUnionType) or hasattr(answer, "fields")
    return (
        f"{kind} {{ {name}{f'({arguments})' if arguments else ''} {'{ __typename }' if composite else ''} }}"
    )


@pytest.mark.parametrize("username", USERS)
@pytest.mark.parametrize(("kind", "name"), ROOTS, ids=[name for _, name in ROOTS])
def test_every_root_field_as_every_role(
    service: Service, playground: Playground, kind: str, name: str, username: str
) -> None:
    """Refused with 403 before anything is executed, or not refused for want of a permission."""
    needed = permissions_of(CORE)[f"{kind.title()}.{name}"]
    asked = playground.as_user(username) if kind == "mutation" else service.as_user(username)
    answer = asked.post(document(kind, name))
    body = answer.json()
    codes = {error["extensions"]["code"] for error in body.get("errors", ())}
    if needed in ROLE_CAPABILITIES[USERS[username]]:
        assert answer.status_code == 200, body
        assert not codes & {"FORBIDDEN", "UNAUTHENTICATED", "INTERNAL", "GRAPHQL_VALIDATION_FAILED"}, body
    else:
        assert (answer.status_code, codes) == (403, {"FORBIDDEN"})
        assert "data" not in body
    if needed is not Capability.PUBLIC:
        nobody = service.with_token(None).post(document(kind, name))
        assert (nobody.status_code, nobody.json()["errors"][0]["extensions"]["code"]) == (
            401,
            "UNAUTHENTICATED",
        )


def test_the_matrix_is_that_of_the_specification() -> None:
    can = {role: {capability.value for capability in ROLE_CAPABILITIES[role]} for role in UserRole}
    assert [role.value for role in UserRole if "MANAGE_USERS" in can[role]] == ["ADMIN"]
    assert [role.value for role in UserRole if "WRITE_AGREEMENTS" in can[role]] == ["ADMIN", "FINANCE"]
    assert [role.value for role in UserRole if "APPROVE_STATEMENTS" in can[role]] == ["ADMIN", "FINANCE"]
    assert [role.value for role in UserRole if "CONFIGURE" in can[role]] == ["ADMIN", "OPS"]
    assert [role.value for role in UserRole if "INGEST" in can[role]] == ["ADMIN", "OPS"]
    assert [role.value for role in UserRole if "RECOMPUTE" in can[role]] == ["ADMIN", "FINANCE", "OPS"]
    assert [role.value for role in UserRole if "READ_AGREEMENTS" not in can[role]] == ["OPS"]
    for staff_only in ("READ_AUDIT", "READ_HEALTH", "READ_FACTS", "READ_FINDINGS"):
        assert [role.value for role in UserRole if staff_only not in can[role]] == ["PARTNER"]
    for everybody in ("READ_PNL", "READ_COMMISSIONS", "EXPORT"):
        assert all(everybody in can[role] for role in UserRole)


@pytest.mark.parametrize(
    "query",
    [
        "{ chains { id } users { edges { cursor } } }",
        "{ chains { id } u: users { edges { cursor } } }",
        "query { ...all } fragment all on Query { users { __typename } }",
        "query { ... on Query { ... { users { __typename } } } }",
        "query { ...a } fragment a on Query { ...b } fragment b on Query { users { edges { cursor } } }",
        "{ users @skip(if: true) { edges { cursor } } }",
        "query ($no: Boolean = false) { users @include(if: $no) { __typename } }",
        'mutation { logout { __typename } signOutUser(input: {username: "op", reason: "r"}) { __typename } }',
        'mutation { logout { __typename } setPassword(input: {username: "x", password: ""}) { __typename } }',
    ],
)
def test_a_document_is_refused_as_a_whole_and_nothing_of_it_is_executed(
    service: Service, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    asked: list[str] = []
    rows = Reader.rows

    async def counted(self: Reader, name: str, row_type: type[Any], /, **parameters: object) -> list[Any]:
        asked.append(name)
        return await rows(self, name, row_type, **parameters)

    monkeypatch.setattr(Reader, "rows", counted)
    finance = service.as_user("finance")
    answer = finance.post(query)
    assert (answer.status_code, "data" in answer.json()) == (403, False)
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert "MANAGE_USERS" in error["message"]
    assert asked == []
    # Nor was the session ended by the part that would have been allowed.
    assert finance.ask("{ me { username } }")["me"] == {"username": "finance"}


def test_only_the_operation_that_is_named_counts(service: Service) -> None:
    query = "query A { chains { id } } query B { users { edges { cursor } } }"
    for name, status in (("A", 200), ("B", 403)):
        answer = service.client.post(
            f"{service.url}/graphql",
            json={"query": query, "operationName": name},
            headers={"Authorization": f"Bearer {service.as_user('ops').token}"},
        )
        assert answer.status_code == status


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        "{ __typename }",
        '{ __type(name: "User") { name } }',
        "{ nothing }",
        "{ chains { nothing } }",
        "mutation { ...m } fragment m on Mutation { logout { __typename } }",
        'mutation { login(input: {username: "a", password: "b"}) { __typename } logout { __typename } }',
        'mutation A { login(input: {username: "a", password: "b"}) { __typename } } query B { __typename }',
        "fragment f on Query { __typename }",
    ],
)
def test_without_a_token_nothing_of_the_schema_is_told(service: Service, query: str) -> None:
    answer = service.with_token(None).post(query)
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] in {"UNAUTHENTICATED", "BAD_REQUEST"}
    assert answer.status_code in {400, 401}
    assert "Did you mean" not in answer.text


@strawberry.type
class Secret:
    """A type whose fields have no permission."""

    text: str


# On a root type it does not count: root fields are declared one by one.
@strawberry.type(directives=requires(Capability.PUBLIC))
class Query:
    """One field with a permission, one without."""

    secret: Secret
    chains: int = strawberry.field(directives=requires(Capability.SIGNED_IN))


def test_a_field_without_a_permission_does_not_build() -> None:
    built = strawberry.Schema(query=Query)._schema
    assert fields_without_permission(built) == ["Query.secret", "Secret.text"]
    assert fields_without_permission(CORE) == []
    known = set(CORE.type_map)
    # And no permission is of something that is not there any more.
    assert [name for name in permissions_of(CORE) if name.partition(".")[0] not in known] == []


def test_what_a_document_needs_is_worked_out_once() -> None:
    asked = parse("{ users { edges { node { username } } } chains { id } }")
    before = needed_by.cache_info().hits
    first = needed_by(CORE, asked, None)
    assert needed_by(CORE, asked, None) is first
    assert needed_by.cache_info().hits == before + 1
    assert first == {
        Capability.MANAGE_USERS: "Query.users",
        Capability.SIGNED_IN: "Query.chains",
    }
