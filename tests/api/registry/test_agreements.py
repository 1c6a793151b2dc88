"""Agreements through the API: drafted, amended, activated, ended; refused in the file's words; audited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.registry.asking import agreement, do, done, nodes, refused, rule

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

TIERS = {
    "scope": "QUARTER",
    "tiers": [{"upTo": "50000000000000000000", "rateBps": 1000}, {"rateBps": 2000}],
}


def move(service: Service, name: str, version: int = 1) -> dict[str, Any]:
    return do(service, f"{name}Agreement", agreementId="north-2", expectedVersion=version)


def test_a_life_from_draft_to_end(own_service: Service) -> None:
    finance = own_service.as_user("finance")
    rules = [
        rule(floor="123", cap="9007199254740993", guarantee=True, lossPolicy="NO_CARRY"),
        rule(ruleId="own-validator", validatorKey="val-a", rateBps=None, tiers=TIERS),
    ]
    draft = done(finance, "createAgreement", **agreement(rules=rules))
    assert (draft["status"], draft["version"], draft["validUntil"]) == ("DRAFT", 1, None)
    first, second = draft["rules"]
    assert (first["floorAmount"], first["capAmount"]) == ("123", "9007199254740993")
    assert first["floor"] == {"amount": "123", "display": "0.000000123"}
    assert (first["guarantee"], first["lossPolicy"], first["tiers"]) == (True, "NO_CARRY", None)
    assert second["tiers"] == {
        "mode": "MARGINAL",
        "metric": "REVENUE",
        "scope": "QUARTER",
        "tiers": [
            {
                "upToAmount": "50000000000000000000",
                "upTo": {"display": "50000000000.000000000"},
                "rateBps": 1000,
            },
            {"upToAmount": None, "upTo": None, "rateBps": 2000},
        ],
    }
    assert move(finance, "activate")["status"] == "ACTIVE"
    changed = done(
        finance,
        "amendAgreement",
        agreementId="north-2",
        expectedVersion=1,
        name="Second, mended",
        validFrom="2026-03-01T00:00:00+01:00",
        rules=[rule(rateBps=4000)],
    )
    assert (changed["status"], changed["version"], changed["name"]) == ("ACTIVE", 2, "Second, mended")
    assert changed["validFrom"] == "2026-02-28T23:00:00+00:00"
    assert move(finance, "suspend", 2)["status"] == "SUSPENDED"
    assert move(finance, "activate", 2)["status"] == "ACTIVE"
    assert move(finance, "terminate", 2)["status"] == "TERMINATED"
    for name in ("activate", "suspend", "terminate"):
        answer = move(finance, name, 2)
        assert (answer["code"], answer["message"]) == (
            "AGREEMENT_REFUSED",
            "agreement north-2 is TERMINATED, which is final; make a new agreement",
        )
    shown = finance.ask(
        '{ agreement(agreementId: "north-2") { versions { version validFrom reason rules { rateBps } } } }'
    )["agreement"]["versions"]
    assert [(each["version"], [one["rateBps"] for one in each["rules"]]) for each in shown] == [
        (2, [4000]),
        (1, [5000, None]),
    ]
    assert {each["reason"] for each in shown} == {"test"}


def test_every_step_and_every_refusal_is_in_the_audit_log(own_service: Service, filled: Warehouse) -> None:
    finance = own_service.as_user("finance")
    done(finance, "createAgreement", **agreement(reason="signed on paper"))
    move(finance, "suspend")
    move(finance, "activate")
    with filled.connect() as connection:
        rows = connection.execute(
            "select actor, action, outcome, object_id, reason, before ->> 'status', after ->> 'status', code "
            "from access.audit_log left join registry.partners using (partner_id) order by sequence"
        ).fetchall()
        ((after,),) = connection.execute(
            "select after from access.audit_log where action = 'agreement.create'"
        ).fetchall()
    assert rows == [
        ("finance", "agreement.create", "DONE", "north-2", "signed on paper", None, "DRAFT", "north"),
        ("finance", "agreement.suspend", "REFUSED", None, "test", None, None, None),
        ("finance", "agreement.activate", "DONE", "north-2", "test", "DRAFT", "ACTIVE", "north"),
    ]
    assert after["rules"][0]["rate_bps"] == "5000"


@pytest.mark.parametrize(
    ("changes", "code", "told"),
    [
        ({"rules": []}, "AGREEMENT_REFUSED", "rules: Tuple should have at least 1 item"),
        ({"rules": [rule(rateBps=None)]}, "AGREEMENT_REFUSED", "rule half: it needs either a rate or tiers"),
        ({"rules": [rule(tiers=TIERS)]}, "AGREEMENT_REFUSED", "it needs either a rate or tiers"),
        ({"rules": [rule(floor="5", cap="3")]}, "AGREEMENT_REFUSED", "its floor 5 is above its cap 3"),
        ({"rules": [rule(floor="-5")]}, "AGREEMENT_REFUSED", "rules.0.floor"),
        ({"rules": [rule(ruleId="Half!")]}, "AGREEMENT_REFUSED", "rules.0.id: String should match pattern"),
        ({"rules": [rule(), rule()]}, "AGREEMENT_REFUSED", "rule id half is used 2 times"),
        ({"rules": [rule(), rule(ruleId="b")]}, "AGREEMENT_REFUSED", "are equally specific for COMMISSION"),
        ({"rules": [rule(chainId="gamma")]}, "AGREEMENT_REFUSED", 'chain "gamma" is not configured'),
        ({"rules": [rule(validatorKey="nobody")]}, "AGREEMENT_REFUSED", "nobody is not known on alpha-main"),
        ({"rules": [rule(chainId="beta-main", validatorKey="val-a")]}, "AGREEMENT_REFUSED", "on beta-main"),
        ({"validUntil": "2026-01-01T00:00:00Z"}, "AGREEMENT_REFUSED", "give a later end"),
        ({"name": " "}, "AGREEMENT_REFUSED", "name: String should have at least 1 character"),
        ({"agreementId": "North 2"}, "AGREEMENT_REFUSED", "id: String should match pattern"),
        ({"agreementId": "south-1"}, "ALREADY_EXISTS", "there is an agreement south-1 already"),
        ({"partnerCode": "west"}, "NOT_FOUND", 'there is no partner "west"'),
        ({"reason": "  "}, "INVALID_ARGUMENT", "reason is empty"),
    ],
)
def test_what_could_not_be_put_in_force_is_refused(
    service: Service, changes: dict[str, Any], code: str, told: str
) -> None:
    found, message = refused(service, "createAgreement", **agreement(**changes))
    assert (found, told in message) == (code, True), message
    assert service.ask('{ agreement(agreementId: "north-2") { id } }') == {"agreement": None}


def test_whoever_changes_it_has_seen_its_newest_version(own_service: Service) -> None:
    done(own_service, "createAgreement", **agreement())
    amended = {key: value for key, value in agreement().items() if key != "partnerCode"}
    same = refused(own_service, "amendAgreement", expectedVersion=1, **amended)
    assert same == ("AGREEMENT_REFUSED", "agreement north-2: version 1 says just this already")
    done(own_service, "amendAgreement", expectedVersion=1, **amended | {"name": "Other"})
    code, message = refused(own_service, "amendAgreement", expectedVersion=1, **amended)
    assert code == "VERSION_CONFLICT"
    assert "north-2 is at version 2, not 1: somebody changed it; read it again" in message
    assert move(own_service, "activate", 1)["code"] == "VERSION_CONFLICT"
    assert move(own_service, "activate", 2)["status"] == "ACTIVE"
    assert refused(own_service, "suspendAgreement", agreementId="none", expectedVersion=1)[0] == "NOT_FOUND"


def test_two_agreements_never_pay_on_the_same_thing(own_service: Service) -> None:
    rules = [rule(component="EXEC_FEES")]
    done(own_service, "createAgreement", **agreement(rules=rules))
    answer = move(own_service, "activate")
    assert answer["code"] == "AGREEMENT_REFUSED"
    assert "north-1 (rule rule-1) and north-2 (rule half) of north both pay on EXEC_FEES" in answer["message"]
    # Another partner's is no conflict.
    done(own_service, "createAgreement", **agreement(partnerCode="south", agreementId="south-2"))
    assert (
        done(own_service, "activateAgreement", agreementId="south-2", expectedVersion=1)["status"] == "ACTIVE"
    )


def test_pages_and_filters(own_service: Service) -> None:
    for number in range(2, 7):
        done(own_service, "createAgreement", **agreement(agreementId=f"north-{number}"))
    query = """query($after: String, $statuses: [AgreementStatus!], $partner: String) {
        agreements(first: 2, after: $after, statuses: $statuses, partnerCode: $partner) {
        edges { node { agreementId } } pageInfo { hasNextPage endCursor } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = own_service.ask(query, after=after, statuses=["DRAFT", "ACTIVE"])["agreements"]
        seen += [node["agreementId"] for node in nodes(page)]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == [*(f"north-{number}" for number in range(1, 7)), "south-1"]
    (one,) = nodes(own_service.ask(query, partner="south")["agreements"])
    assert one == {"agreementId": "south-1"}
    assert own_service.code(query, after=after, statuses=["DRAFT"]) == "INVALID_CURSOR"
    assert own_service.code(query, partner="west") == "NOT_FOUND"
