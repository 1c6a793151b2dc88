"""Users as an administrator manages them, and what the audit log keeps of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

PASSWORD = "a-long-password-of-zoe"
SHOWN = (
    "... on User { username role partnerCode chainIds validatorKeys active expiresAt version hasPassword }"
)


def mutate(service: Service, name: str, **given: object) -> dict[str, Any]:
    kind = (
        "UserActivityInput" if name in {"disableUser", "enableUser"} else f"{name[0].upper()}{name[1:]}Input"
    )
    query = (
        f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ __typename {SHOWN} "
        "... on Problem { code message field } } }"
    )
    answer: dict[str, Any] = service.ask(query, input=given)[name]
    return answer


def test_a_user_is_made_changed_stopped_and_let_in_again(own_service: Service, filled: Warehouse) -> None:
    made = mutate(
        own_service,
        "createUser",
        username="Zoe@example.org",
        displayName="Zoe",
        role="PARTNER",
        partnerCode="north",
        password=PASSWORD,
        validatorKeys=["val-b"],
    )
    assert made == {
        "__typename": "User",
        "username": "zoe@example.org",
        "role": "PARTNER",
        "partnerCode": "north",
        "chainIds": None,
        "validatorKeys": ["val-b"],
        "active": True,
        "expiresAt": None,
        "version": 1,
        "hasPassword": True,
    }
    login = (
        'mutation { login(input: {username: "zoe@example.org", password: "a-long-password-of-zoe"}) {'
        " ... on Session { accessToken } ... on Problem { code } } }"
    )
    zoe = own_service.with_token(own_service.with_token(None).ask(login)["login"]["accessToken"])
    changed = mutate(
        own_service, "updateUser", username="zoe@example.org", expectedVersion=1, chainIds=["alpha-main"]
    )
    # What is left out stays; what is null goes.
    assert (changed["chainIds"], changed["validatorKeys"], changed["version"]) == (
        ["alpha-main"],
        ["val-b"],
        2,
    )
    cleared = mutate(own_service, "updateUser", username="zoe@example.org", expectedVersion=2, chainIds=None)
    assert cleared["chainIds"] is None
    stale = mutate(own_service, "updateUser", username="zoe@example.org", expectedVersion=2, displayName="Z")
    assert (stale["code"], stale["field"]) == ("VERSION_CONFLICT", "input.expectedVersion")
    stopped = mutate(own_service, "disableUser", username="zoe@example.org", expectedVersion=3, reason="left")
    assert (stopped["active"], stopped["version"]) == (False, 4)
    assert zoe.code("{ me { username } }") == "USER_DISABLED"
    back = mutate(own_service, "enableUser", username="zoe@example.org", expectedVersion=4, reason="is back")
    assert back["active"]
    # The session from before stays ended.
    assert zoe.code("{ me { username } }") == "SESSION_REVOKED"
    with filled.connect() as session:
        log = session.execute(
            "select actor, action, object_id, outcome, reason, before ->> 'version', after ->> 'version'"
            " from access.audit_log where action not in ('login') order by sequence"
        ).fetchall()
        secrets = session.execute(
            "select count(*) from access.audit_log as t where t::text ~ 'password-of|argon2'"
        )
        assert secrets.fetchone() == (0,)
    zoe_name = "zoe@example.org"
    assert log == [
        ("admin", "createUser", zoe_name, "DONE", None, None, "1"),
        ("admin", "updateUser", zoe_name, "DONE", None, "1", "2"),
        ("admin", "updateUser", zoe_name, "DONE", None, "2", "3"),
        ("admin", "updateUser", None, "REFUSED", None, None, None),
        ("admin", "disableUser", zoe_name, "DONE", "left", "3", "4"),
        ("admin", "enableUser", zoe_name, "DONE", "is back", "4", "5"),
    ]


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"username": "finance"}, "ALREADY_EXISTS", "input.username"),
        ({"username": "no spaces"}, "INVALID_ARGUMENT", "input.username"),
        ({"username": ""}, "INVALID_ARGUMENT", "input.username"),
        ({"displayName": " "}, "INVALID_ARGUMENT", "input.displayName"),
        ({"password": "short"}, "INVALID_ARGUMENT", "input.password"),
        ({"password": "aaaaaaaaaaaaaaaa"}, "INVALID_ARGUMENT", "input.password"),
        ({"role": "PARTNER"}, "INVALID_ARGUMENT", "input.partnerCode"),
        ({"role": "PARTNER", "partnerCode": "west"}, "NOT_FOUND", "input.partnerCode"),
        ({"partnerCode": "north"}, "INVALID_ARGUMENT", "input.partnerCode"),
        ({"role": "AUDITOR"}, "INVALID_ARGUMENT", "input.expiresAt"),
        ({"role": "AUDITOR", "expiresAt": "2030-01-01T00:00:00"}, "INVALID_ARGUMENT", "input.expiresAt"),
        ({"chainIds": []}, "INVALID_ARGUMENT", "input.chainIds"),
        ({"chainIds": ["a,b"]}, "INVALID_ARGUMENT", "input.validatorKeys"),
        ({"oidcIssuer": "https://id.example.org"}, "INVALID_ARGUMENT", "input.oidcSubject"),
    ],
)
def test_a_user_that_cannot_be_is_refused(
    own_service: Service, given: dict[str, object], code: str, field: str
) -> None:
    terms = {"username": "zoe", "displayName": "Zoe", "role": "OPS"} | given
    refused = mutate(own_service, "createUser", **terms)
    assert (refused["code"], refused["field"]) == (code, field)


def test_the_last_administrator_stays(own_service: Service) -> None:
    for refused in (
        mutate(own_service, "disableUser", username="admin", expectedVersion=1, reason="by mistake"),
        mutate(own_service, "updateUser", username="admin", expectedVersion=1, role="OPS"),
        mutate(
            own_service, "updateUser", username="admin", expectedVersion=1, expiresAt="2020-01-01T00:00:00Z"
        ),
    ):
        assert "last administrator" in refused["message"]
    made = mutate(
        own_service,
        "createUser",
        username="second",
        displayName="Second",
        role="ADMIN",
        password=PASSWORD,
    )
    assert made["__typename"] == "User"
    gone = mutate(own_service, "disableUser", username="admin", expectedVersion=1, reason="leaves")
    assert not gone["active"]
    assert own_service.code("{ me { username } }") == "USER_DISABLED"


def test_an_administrator_ends_sessions_and_sets_passwords(own_service: Service) -> None:
    ops = own_service.as_user("ops")
    assert ops.ask("{ me { username } }")
    out = mutate(own_service, "signOutUser", username="ops", reason="laptop lost")
    assert out["__typename"] == "User"
    assert ops.code("{ me { username } }") == "SESSION_REVOKED"
    changed = mutate(own_service, "setPassword", username="north", password=PASSWORD)
    assert (changed["hasPassword"], changed["version"]) == (True, 2)
    assert own_service.as_user("north").code("{ me { username } }") == "SESSION_REVOKED"
    assert mutate(own_service, "signOutUser", username="none", reason="x")["code"] == "NOT_FOUND"


def test_users_are_listed_by_name_page_by_page(service: Service) -> None:
    query = """query ($after: String) { users(first: 4, after: $after) {
        edges { node { username } } pageInfo { endCursor } } }"""
    first = service.ask(query)["users"]
    second = service.ask(query, after=first["pageInfo"]["endCursor"])["users"]
    names = [edge["node"]["username"] for page in (first, second) for edge in page["edges"]]
    assert names == ["admin", "auditor", "finance", "north", "ops", "south"]
    partners = service.ask("{ users(roles: [PARTNER], active: true) { edges { node { partnerCode } } } }")
    assert [edge["node"]["partnerCode"] for edge in partners["users"]["edges"]] == ["north", "south"]
    assert "hash" not in service.post("{ users { edges { node { passwordHash } } } }").json().get("data", "")
