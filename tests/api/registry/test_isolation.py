"""A partner sees its own registry and nothing else: what is another's is answered as what is not there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.api.registry.asking import MUTATIONS, agreement, do, done, mutation, nodes, refused, rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Running, Service

NODE = """query($id: ID!) { node(id: $id) { __typename
    ... on Agreement { agreementId } ... on PartnerWallet { wallet } ... on Partner { name } } }"""
PAGES = {
    "agreements": "edges { cursor node { id agreementId versions { version } } } pageInfo { endCursor }",
    "partners": "edges { cursor node { id partnerCode walletCount } } pageInfo { endCursor }",
    "partnerWallets": "edges { cursor node { id wallet notes } } pageInfo { endCursor }",
}


@pytest.fixture
def office(filled: Warehouse, running: Running) -> Iterator[Service]:
    """The service, with two wallets and a draft for each partner."""
    with running(filled) as service:
        for partner in ("north", "south"):
            for number in (1, 2):
                done(
                    service,
                    "addWallet",
                    partnerCode=partner,
                    chainId="alpha-main",
                    wallet=f"{partner}-w{number}",
                    validFrom="2026-01-01T00:00:00Z",
                    notes=f"secret of {partner}",
                )
            given = agreement(partnerCode=partner, agreementId=f"{partner}-draft", rules=[rule()])
            done(service, "createAgreement", **given)
        yield service


def page(service: Service, name: str, given: str = "first: 1") -> dict[str, Any]:
    found: dict[str, Any] = service.ask(f"{{ {name}({given}) {{ {PAGES[name]} }} }}")[name]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_lists_hold_its_own_rows_alone(office: Service, name: str) -> None:
    everything = office.post(f"{{ {name} {{ {PAGES[name]} }} }}").text
    assert "north" in everything
    assert "south" in everything
    seen = office.as_user("north").post(f"{{ {name} {{ {PAGES[name]} }} }}").text
    assert "north" in seen
    assert "south" not in seen


@pytest.mark.parametrize("name", PAGES)
def test_ids_and_cursors_of_others_open_nothing(office: Service, name: str) -> None:
    theirs = page(office.as_user("south"), name)
    north = office.as_user("north")
    foreign = theirs["edges"][0]["node"]["id"]
    assert office.as_user("south").ask(NODE, id=foreign)["node"] is not None
    assert north.ask(NODE, id=foreign) == {"node": None}
    aliases = f'a: node(id: "{foreign}") {{ ...id }} b: node(id: "bm90aGluZw") {{ ...id }}'
    answer = north.ask(f"query {{ {aliases} }} fragment id on Node {{ id }}")
    assert answer["a"] == answer["b"] is None
    cursor = theirs["edges"][0]["cursor"]
    after = north.post(f'{{ {name}(after: "{cursor}") {{ {PAGES[name]} }} }}').text
    assert "south" not in after


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ('{ partner(partnerCode: "%s") { name walletCount } }', "partner"),
        ('{ agreement(agreementId: "%s-1") { name versions { version } } }', "agreement"),
        ('{ partnerWallets(partnerCode: "%s") { edges { node { wallet } } } }', None),
        ('{ agreements(partnerCode: "%s") { edges { node { name } } } }', None),
        ('{ exportWallets(partnerCode: "%s") { csv rowCount } }', None),
    ],
)
def test_what_is_anothers_is_answered_as_what_is_missing(
    office: Service, query: str, field: str | None
) -> None:
    north = office.as_user("north")
    own, theirs, missing = (north.post(query % code).json() for code in ("north", "south", "west"))
    assert "errors" not in own
    if field is not None:
        assert theirs == missing == {"data": {field: None}}
        return
    told = [
        (answer["errors"][0]["message"].replace(code, "X"), answer["errors"][0]["extensions"]["code"])
        for answer, code in ((theirs, "south"), (missing, "west"))
    ]
    assert told[0] == told[1]
    assert told[0][1] == "NOT_FOUND"


def test_a_wallet_is_found_by_nobody_else(office: Service) -> None:
    query = '{ partnerWallets(wallet: "%s-w1") { edges { node { wallet } } } }'
    assert nodes(office.as_user("north").ask(query % "south")["partnerWallets"]) == []
    assert len(nodes(office.as_user("north").ask(query % "north")["partnerWallets"])) == 1


def test_drafts_and_reasons_are_the_operators_own(office: Service) -> None:
    north = office.as_user("north")
    assert [each["agreementId"] for each in nodes(page(north, "agreements", "first: 9"))] == ["north-1"]
    draft = '{ agreement(agreementId: "north-draft") { name } }'
    assert north.ask(draft) == {"agreement": None}
    assert office.as_user("auditor").ask(draft)["agreement"] is not None
    for query in ("reason", "versions { reason }"):
        assert north.code(f'{{ agreement(agreementId: "north-1") {{ {query} }} }}') == "FORBIDDEN"


def test_a_partners_validators_are_those_it_was_granted(office: Service) -> None:
    query = '{ validators(chainId: "alpha-main") { edges { node { validatorKey } } } }'
    keys = [[node["validatorKey"] for node in nodes(office.as_user(user).ask(query)["validators"])]
            for user in ("ops", "north", "south")]  # fmt: skip
    assert keys == [["val-a", "val-b", "val-c"], ["val-a"], []]
    one = '{ validator(chainId: "alpha-main", validatorKey: "val-b") { name } }'
    assert office.as_user("north").ask(one) == {"validator": None}
    assert office.as_user("ops").ask(one)["validator"] is not None
    own = '{ validators(chainId: "alpha-main") { edges { node { %s } } } }'
    for field in ("ownWallets", "registration { mevDeclaredNone }"):
        assert office.as_user("north").code(own % field) == "FORBIDDEN"
        office.as_user("ops").ask(own % field)


def test_who_may_change_the_registry(office: Service, filled: Warehouse) -> None:
    with filled.connect() as connection:
        count = "select count(*) from access.audit_log"
        before = connection.execute(count).fetchall()
    for user in ("north", "auditor", "ops"):
        for name in MUTATIONS:
            if (user, name) == ("ops", "registerValidator"):
                continue
            assert office.as_user(user).code(mutation(name), input={}) == "FORBIDDEN", (user, name)
    simulate = """query($input: SimulateAgreementInput!) { simulateAgreement(input: $input,
        chainId: "alpha-main", fromPeriod: 104, toPeriod: 105) { chainId } }"""
    given = {"partnerCode": "north", "agreementId": "a", "rules": []}
    for user in ("north", "auditor", "ops"):
        assert office.as_user(user).code(simulate, input=given) == "FORBIDDEN"
    assert office.as_user("ops").code("{ agreements { edges { cursor } } }") == "FORBIDDEN"
    with filled.connect() as connection:
        assert connection.execute(count).fetchall() == before


def narrow(filled: Warehouse, column: str, only: str) -> None:
    """Let the user finance see this alone."""
    with filled.connect() as connection:
        connection.execute(f"update access.users set {column} = array['{only}'] where username = 'finance'")


def test_whoever_is_narrowed_to_a_chain_changes_nothing_beyond(office: Service, filled: Warehouse) -> None:
    narrow(filled, "chain_ids", "beta-main")
    finance = office.as_user("finance")
    given = {"partnerCode": "north", "wallet": "new", "validFrom": "2026-01-01T00:00:00Z"}
    code, message = refused(finance, "addWallet", chainId="alpha-main", **given)
    assert (code, 'chain "alpha-main" is not configured' in message) == ("AGREEMENT_REFUSED", True)
    done(finance, "addWallet", chainId="beta-main", **given)
    assert [node["wallet"] for node in nodes(page(finance, "partnerWallets", "first: 9"))] == ["new"]
    theirs = {"partnerCode": "north", "chainId": "alpha-main", "wallet": "north-w1"}
    dates = {"validFrom": "2026-01-01T00:00:00Z", "validUntil": "2026-02-01T00:00:00Z"}
    assert refused(finance, "endWallet", **theirs, **dates)[0] == "NOT_FOUND"
    assert finance.code('{ validators(chainId: "alpha-main") { edges { cursor } } }') == "NOT_FOUND"
    file = "chain,wallet,from\nalpha-main,x,2026-01-01\n"
    report = do(finance, "uploadWallets", partnerCode="north", csv=file)
    assert (report["written"], report["rows"][0]["outcome"]) == (False, "REFUSED")
    other = agreement(agreementId="n", rules=[rule(chainId="alpha-main")])
    assert refused(finance, "createAgreement", **other)[0] == "AGREEMENT_REFUSED"
    for chain, told in ((None, "FORBIDDEN"), ("beta-main", None)):
        answer = do(finance, "createAgreement", **other | {"rules": [rule(chainId=chain)]})
        assert answer.get("code") == told
    draft = {"agreementId": "north-draft", "expectedVersion": 1}
    assert refused(finance, "activateAgreement", **draft)[0] == "FORBIDDEN"
    assert done(office, "activateAgreement", **draft)["status"] == "ACTIVE"


def test_whoever_is_narrowed_to_a_validator_changes_nothing_beyond(
    office: Service, filled: Warehouse
) -> None:
    narrow(filled, "validator_keys", "val-a")
    finance = office.as_user("finance")
    given = {"partnerCode": "north", "wallet": "new", "validFrom": "2026-01-01T00:00:00Z"}
    assert refused(finance, "addWallet", chainId="alpha-main", **given)[0] == "FORBIDDEN"
    for key, told in ((None, "FORBIDDEN"), ("val-b", "AGREEMENT_REFUSED"), ("val-a", None)):
        other = agreement(agreementId="n", rules=[rule(validatorKey=key)])
        assert do(finance, "createAgreement", **other).get("code") == told, key
