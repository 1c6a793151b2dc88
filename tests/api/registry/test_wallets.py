"""Partners and their wallets: one owner at a time, files taken whole or not at all, harmless exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aurora_resources.addresses import encode_base58
from tests.api.registry.asking import do, done, nodes, refused

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

LIST = """query($partner: String, $chain: String, $wallet: String, $at: DateTime, $first: Int! = 100,
    $after: String) { partnerWallets(partnerCode: $partner, chainId: $chain, wallet: $wallet, heldAt: $at,
    first: $first, after: $after) { edges { node { id partnerCode wallet validFrom validUntil notes } }
    pageInfo { hasNextPage endCursor } } }"""
EXPORT = "query($partner: String!) { exportWallets(partnerCode: $partner) { fileName rowCount csv } }"


def wallet(**changes: object) -> dict[str, object]:
    return {
        "partnerCode": "north",
        "chainId": "alpha-main",
        "wallet": "w1",
        "validFrom": "2026-01-01T00:00:00Z",
        **changes,
    }


def upload(service: Service, text: str, partner: str = "north") -> dict[str, Any]:
    return do(service, "uploadWallets", partnerCode=partner, csv=text)


def count(warehouse: Warehouse) -> int:
    with warehouse.connect() as connection:
        ((found,),) = connection.execute("select count(*) from registry.partner_wallets").fetchall()
    return int(found)


def test_partners_are_made_found_and_renamed(own_service: Service) -> None:
    made = done(own_service, "createPartner", partnerCode="west", name="West Ltd")
    assert made == {"partnerCode": "west", "name": "West Ltd", "walletCount": 0, "activeAgreementCount": 0}
    assert refused(own_service, "createPartner", partnerCode="west", name="W")[0] == "ALREADY_EXISTS"
    code, message = refused(own_service, "createPartner", partnerCode="West!", name="W")
    assert (code, "code: String should match pattern" in message) == ("AGREEMENT_REFUSED", True)
    assert done(own_service, "updatePartner", partnerCode="west", name="Westward")["name"] == "Westward"
    assert refused(own_service, "updatePartner", partnerCode="east", name="E")[0] == "NOT_FOUND"
    query = """query($text: String) { partners(search: $text) {
        edges { node { partnerCode activeAgreementCount } } } }"""
    assert [node["partnerCode"] for node in nodes(own_service.ask(query)["partners"])] == [
        "north",
        "south",
        "west",
    ]
    assert nodes(own_service.ask(query, text="WARD")["partners"]) == [
        {"partnerCode": "west", "activeAgreementCount": 0}
    ]
    assert own_service.ask('{ partner(partnerCode: "north") { name } }') == {"partner": {"name": "North"}}
    assert own_service.ask('{ partner(partnerCode: "east") { name } }') == {"partner": None}


def test_a_wallet_has_one_owner_at_a_time(own_service: Service) -> None:
    first = done(own_service, "addWallet", **wallet(notes="from the fair"))
    assert first == {
        "partnerCode": "north",
        "chainId": "alpha-main",
        "wallet": "w1",
        "validFrom": "2026-01-01T00:00:00+00:00",
        "validUntil": None,
        "notes": "from the fair",
    }
    code, message = refused(own_service, "addWallet", **wallet(partnerCode="south"))
    assert code == "AGREEMENT_REFUSED"
    assert "wallet w1 on alpha-main is claimed already by north, from 2026-01-01" in message
    end = wallet(validUntil="2026-03-01T00:00:00Z")
    assert done(own_service, "endWallet", **end)["validUntil"] == "2026-03-01T00:00:00+00:00"
    later = refused(own_service, "endWallet", **wallet(validUntil="2026-04-01T00:00:00Z"))
    assert "the claim ends at 2026-03-01T00:00:00+00:00 already, which is no later" in later[1]
    assert (
        "give a later end"
        in refused(own_service, "endWallet", **wallet(validUntil="2025-01-01T00:00:00Z"))[1]
    )
    unknown = wallet(validFrom="2026-01-02T00:00:00Z", validUntil="2026-03-01T00:00:00Z")
    assert refused(own_service, "endWallet", **unknown)[0] == "NOT_FOUND"
    done(own_service, "addWallet", **wallet(partnerCode="south", validFrom="2026-03-01T00:00:00Z"))
    assert [node["partnerCode"] for node in nodes(own_service.ask(LIST)["partnerWallets"])] == [
        "north",
        "south",
    ]
    held = own_service.ask(LIST, at="2026-02-28T23:59:59Z")["partnerWallets"]
    assert [node["partnerCode"] for node in nodes(held)] == ["north"]
    assert refused(own_service, "addWallet", **wallet(chainId="gamma"))[1].startswith('chain "gamma" is not')


def test_an_address_must_have_the_form_of_its_chain(own_service: Service, filled: Warehouse) -> None:
    with filled.connect() as connection:
        connection.execute("update registry.chains set protocol = 'solana' where chain_id = 'alpha-main'")
    code, message = refused(own_service, "addWallet", **wallet())
    assert code == "AGREEMENT_REFUSED"
    assert "wallet w1 on alpha-main: it is base58 of 2 bytes" in message
    done(own_service, "addWallet", **wallet(wallet=encode_base58(bytes(range(32)))))


def test_a_file_is_taken_whole(own_service: Service, filled: Warehouse) -> None:
    done(own_service, "addWallet", **wallet(wallet="known"))
    text = "chain,wallet,from,until,notes\r\n" + "".join(
        f"alpha-main,w{number},2026-01-01,,\r\n" for number in range(3000)
    )
    report = upload(own_service, text + "alpha-main,known,2026-01-01,2026-02-01,\r\n")
    assert (report["written"], report["refused"], len(report["rows"])) == (False, 1, 3001)
    assert report["rows"][-1]["line"] == 3002
    assert "known on alpha-main is north's already" in report["rows"][-1]["message"]
    assert count(filled) == 1
    report = upload(own_service, text + "alpha-main,known,2026-01-01,,\r\n")
    assert (report["written"], report["added"], report["unchanged"]) == (True, 3000, 1)
    assert count(filled) == 3001
    again = upload(own_service, text)
    assert (again["written"], again["added"], again["unchanged"]) == (True, 0, 3000)
    with filled.connect() as connection:
        rows = connection.execute(
            "select outcome, after ->> 'added', after ->> 'refused', jsonb_array_length(after -> 'wallets') "
            "from access.audit_log where action = 'wallet.upload' order by sequence"
        ).fetchall()
    assert rows == [("REFUSED", "3000", "1", 0), ("DONE", "3000", "0", 3000), ("DONE", "0", "0", 0)]


def test_every_bad_row_is_told_and_nothing_is_written(own_service: Service, filled: Warehouse) -> None:
    done(own_service, "addWallet", **wallet(partnerCode="south", wallet="taken"))
    report = upload(
        own_service,
        "chain,wallet,from,until\n"
        "alpha-main,good,2026-01-01,\n"
        "gamma,g,2026-01-01,\n"
        "alpha-main,when,2020,\n"
        "alpha-main,back,2026-01-01,2025-01-01\n"
        "alpha-main,taken,2026-01-01,\n"
        "alpha-main,good,2026-06-01,\n"
        "alpha-main,good,2026-01-01,\n",
    )
    assert [(row["line"], row["outcome"]) for row in report["rows"]] == [
        (2, "ADDED"),
        (3, "REFUSED"),
        (4, "REFUSED"),
        (5, "REFUSED"),
        (6, "REFUSED"),
        (7, "REFUSED"),
        (8, "UNCHANGED"),
    ]
    told = [row["message"] for row in report["rows"]]
    for message, part in zip(
        told[1:6],
        (
            "gamma",
            "is not a time",
            "give a later end",
            "claimed already by south",
            "good on alpha-main is north's",
        ),
        strict=True,
    ):
        assert part in message
    assert (report["written"], count(filled)) == (False, 1)
    answer = upload(own_service, "wallet\nw\n")
    assert (answer["__typename"], answer["code"]) == ("Problem", "AGREEMENT_REFUSED")
    assert upload(own_service, "chain,wallet,from\n", "west")["code"] == "NOT_FOUND"


def test_an_export_is_harmless_and_is_taken_back(own_service: Service, filled: Warehouse) -> None:
    for number, notes in enumerate(("=cmd|'/c calc'!A0", "+1", "-1", "@x", 'plain, with "quotes"', None)):
        done(own_service, "addWallet", **wallet(wallet=f"w{number}", notes=notes))
    done(own_service, "addWallet", **wallet(wallet="w9", validUntil="2026-05-01T12:30:00Z"))
    file = own_service.ask(EXPORT, partner="north")["exportWallets"]
    assert (file["fileName"], file["rowCount"]) == ("north-wallets.csv", 7)
    lines = file["csv"].split("\r\n")
    assert lines[0] == "chain,wallet,from,until,notes"
    assert lines[1] == "alpha-main,w0,2026-01-01T00:00:00+00:00,,'=cmd|'/c calc'!A0"
    assert [line.rpartition(",")[2] for line in lines[2:5]] == ["'+1", "'-1", "'@x"]
    report = upload(own_service, file["csv"])
    assert (report["written"], report["added"], report["unchanged"]) == (True, 0, 7)
    with filled.connect() as connection:
        connection.execute("delete from registry.partner_wallets")
    assert upload(own_service, file["csv"])["added"] == 7
    assert own_service.ask(EXPORT, partner="north")["exportWallets"] == file


def test_pages_of_wallets(own_service: Service) -> None:
    upload(own_service, "chain,wallet,from\n" + "".join(f"alpha-main,w{n},2026-01-01\n" for n in range(7)))
    done(own_service, "addWallet", **wallet(partnerCode="south", wallet="w9"))
    seen: list[str] = []
    after = None
    for _ in range(4):
        page = own_service.ask(LIST, first=2, after=after)["partnerWallets"]
        seen += [node["wallet"] for node in nodes(page)]
        after = page["pageInfo"]["endCursor"]
    assert seen == [*(f"w{n}" for n in range(7)), "w9"]
    assert not page["pageInfo"]["hasNextPage"]
    (one,) = nodes(own_service.ask(LIST, wallet="w3")["partnerWallets"])
    node = "query($id: ID!) { node(id: $id) { ... on PartnerWallet { wallet } } }"
    assert own_service.ask(node, id=one["id"]) == {"node": {"wallet": "w3"}}
