"""API tokens: what they may do, that only a digest is kept, and their end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

CREATE = """mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) {
    __typename ... on NewApiToken { token apiToken { id name } } ... on Problem { code field } } }"""
REVOKE = """mutation ($input: RevokeApiTokenInput!) { revokeApiToken(input: $input) {
    __typename ... on ApiToken { revokedAt } ... on Problem { code message } } }"""
ME = "{ me { username capabilities isApiToken } }"
PNL = '{ validatorPnl(chainId: "alpha-main") { edges { node { validatorKey } } } }'
LINES = '{ commissionLines(chainId: "alpha-main") { edges { cursor } } }'


def create(service: Service, scopes: list[str], days: int = 30) -> dict[str, Any]:
    asked = {"name": "portal", "scopes": scopes, "days": days}
    made: dict[str, Any] = service.ask(CREATE, input=asked)["createApiToken"]
    return made


def test_a_token_does_what_its_scopes_say_and_no_more(own_service: Service, filled: Warehouse) -> None:
    partner = own_service.as_user("north")
    made = create(partner, ["READ_PNL"])
    assert made["token"].startswith("aur_")
    program = own_service.with_token(made["token"])
    assert program.ask(ME)["me"] == {
        "username": "north",
        "capabilities": ["PUBLIC", "READ_PNL", "SIGNED_IN"],
        "isApiToken": True,
    }
    seen = program.ask(PNL)["validatorPnl"]["edges"]
    assert {edge["node"]["validatorKey"] for edge in seen} == {"val-a"}
    assert program.code(LINES) == "FORBIDDEN"
    assert partner.ask(LINES)["commissionLines"]["edges"]
    # It makes no others, and is no session to sign out of.
    assert create(program, ["READ_PNL"])["code"] == "FORBIDDEN"
    out = program.ask("mutation { logout { ... on Problem { code } } }")
    assert out["logout"]["code"] == "INVALID_ARGUMENT"
    with filled.connect() as session:
        kept = str(session.execute("select t::text from access.api_tokens as t").fetchall())
        logged = str(session.execute("select t::text from access.audit_log as t").fetchall())
        used = session.execute("select last_used_at is not null from access.api_tokens").fetchone()
    assert made["token"] not in kept + logged
    assert used == (True,)


def test_nobody_gives_a_token_what_they_do_not_have(own_service: Service) -> None:
    partner = own_service.as_user("north")
    assert create(partner, ["MANAGE_USERS"]) == {
        "__typename": "Problem",
        "code": "INVALID_ARGUMENT",
        "field": "input.scopes",
    }
    assert create(partner, [])["code"] == "INVALID_ARGUMENT"
    assert create(partner, ["READ_PNL"], days=0)["field"] == "input.days"
    assert create(partner, ["READ_PNL"], days=367)["field"] == "input.days"


def test_a_revoked_or_expired_token_is_refused(own_service: Service, filled: Warehouse) -> None:
    ops = own_service.as_user("ops")
    first, second = create(ops, ["READ_PNL"]), create(ops, ["READ_PNL"])
    listed = ops.ask("{ apiTokens { id name revokedAt } }")["apiTokens"]
    assert {token["id"] for token in listed} == {first["apiToken"]["id"], second["apiToken"]["id"]}
    assert ops.ask(REVOKE, input={"apiTokenId": first["apiToken"]["id"]})["revokeApiToken"]["revokedAt"]
    assert own_service.with_token(first["token"]).code(ME) == "SESSION_REVOKED"
    with filled.transaction() as session:
        session.execute("update access.api_tokens set expires_at = now()")
    assert own_service.with_token(second["token"]).code(ME) == "SESSION_EXPIRED"


def test_a_token_ends_with_its_user(own_service: Service, filled: Warehouse) -> None:
    made = create(own_service.as_user("ops"), ["READ_PNL"])
    with filled.transaction() as session:
        session.execute("update access.users set active = false where username = 'ops'")
    assert own_service.with_token(made["token"]).code(ME) == "USER_DISABLED"


def test_a_token_of_somebody_else_is_revoked_by_administrators_alone(own_service: Service) -> None:
    made = create(own_service.as_user("ops"), ["READ_PNL"])
    named = {"apiTokenId": made["apiToken"]["id"]}
    theirs = own_service.as_user("north").ask(REVOKE, input=named)["revokeApiToken"]
    none = own_service.as_user("north").ask(REVOKE, input={"apiTokenId": "x"})["revokeApiToken"]
    assert theirs == none
    assert theirs["code"] == "NOT_FOUND"
    assert own_service.as_user("north").ask("{ apiTokens { id } }")["apiTokens"] == []
    assert own_service.ask(REVOKE, input=named)["revokeApiToken"]["__typename"] == "ApiToken"
