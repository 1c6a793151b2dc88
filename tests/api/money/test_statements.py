"""A month's statement from draft to paid over HTTP: who may do what, who sees it when, what is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.api.money.conftest import Bureau

MONEY = "{ amount display }"
STATEMENT = f"""id partnerCode chainId billingMonth status number sha256 total {MONEY} openingBalance {MONEY}
    payable {MONEY} closingBalance {MONEY} submittedAt releasedAt paidAt"""
ONE = f"""query($partner: String!, $month: String!) {{ statement(partnerCode: $partner,
    chainId: "solana-mainnet", billingMonth: $month) {{ {STATEMENT} document {{ sha256 total {MONEY}
    linesTotal {MONEY} correctionsTotal {MONEY} periods {{ periodId lineCount total {MONEY} }}
    lines(first: 500) {{ edges {{ node {{ lineId periodId rate amount {MONEY} computed {MONEY} }} }} }}
    }} }} }}"""
ALL = f"""query($partner: String) {{ statements(partnerCode: $partner) {{ edges {{ node {{
    {STATEMENT} }} }} }} }}"""
DONE = "... on Statement { id status number sha256 submittedBy approvedBy releasedBy paidBy }"


def _listed(bureau: Bureau, username: str, **variables: object) -> list[dict[str, Any]]:
    edges = bureau.as_user(username).ask(ALL, **variables)["statements"]["edges"]
    return [edge["node"] for edge in edges]


def _one(bureau: Bureau, username: str = "finance", month: str = "2026-01") -> dict[str, Any]:
    found: dict[str, Any] = bureau.as_user(username).ask(ONE, partner="northwind", month=month)["statement"]
    return found


def _release(bureau: Bureau, month: str = "2026-01") -> dict[str, Any]:
    statement_id = _one(bureau, month=month)["id"]
    sha256 = bureau.do("finance", f"submitStatement {DONE}", statementId=statement_id)["sha256"]
    seen = {"statementId": statement_id, "expectedSha256": sha256}
    assert bureau.do("admin", f"approveStatement {DONE}", **seen)["status"] == "APPROVED"
    return bureau.do("admin", f"releaseStatement {DONE}", **seen)


def test_drafts_are_the_operators_alone(bureau: Bureau) -> None:
    drafts = _listed(bureau, "auditor", partner="northwind")
    assert [(draft["billingMonth"], draft["status"], draft["total"]) for draft in drafts] == [
        ("2026-03", "DRAFT", None),
        ("2026-02", "DRAFT", None),
        ("2026-01", "DRAFT", None),
    ]
    document = _one(bureau)["document"]
    lines = [edge["node"] for edge in document["lines"]["edges"]]
    assert sum(int(line["amount"]["amount"]) for line in lines) == int(document["linesTotal"]["amount"])
    assert int(document["total"]["amount"]) == bureau.office.owed(800, 801, 802)
    assert [period["periodId"] for period in document["periods"]] == [800, 801, 802]
    assert _listed(bureau, "north") == []
    north = bureau.as_user("north")
    assert north.ask(ONE, partner="northwind", month="2026-01")["statement"] is None
    node = "query($id: ID!) { node(id: $id) { id } }"
    assert north.ask(node, id=drafts[0]["id"])["node"] is None
    assert bureau.as_user("ops").ask(node, id=drafts[0]["id"])["node"] == {"id": drafts[0]["id"]}


def test_from_draft_to_paid_with_four_eyes(bureau: Bureau) -> None:
    statement_id = _one(bureau)["id"]
    submitted = bureau.do("finance", f"submitStatement {DONE}", statementId=statement_id, reason="January")
    assert (submitted["status"], submitted["submittedBy"]) == ("PENDING_APPROVAL", "finance")
    seen = {"statementId": statement_id, "expectedSha256": submitted["sha256"]}

    own = bureau.do("finance", f"approveStatement {DONE}", **seen)
    assert (own["__typename"], own["code"]) == ("Problem", "STATEMENT_REFUSED")
    assert "submitted by finance" in own["message"]
    unseen = bureau.do("admin", f"approveStatement {DONE}", statementId=statement_id, expectedSha256="0" * 64)
    assert (unseen["code"], unseen["field"]) == ("VERSION_CONFLICT", "input.expectedSha256")
    approved = bureau.do("admin", f"approveStatement {DONE}", **seen)
    assert (approved["status"], approved["approvedBy"]) == ("APPROVED", "admin")

    assert bureau.do("finance", f"releaseStatement {DONE}", **seen)["code"] == "STATEMENT_REFUSED"
    released = bureau.do("admin", f"releaseStatement {DONE}", **seen)
    assert (released["status"], released["number"]) == ("RELEASED", 1)
    assert bureau.do("admin", f"rejectStatement {DONE}", statementId=statement_id, reason="no")["code"] == (
        "STATEMENT_REFUSED"
    )
    unsaid = bureau.do("finance", f"markStatementPaid {DONE}", statementId=statement_id, reason=" ")
    assert (unsaid["code"], unsaid["field"]) == ("INVALID_ARGUMENT", "input.reason")
    paid = bureau.do("finance", f"markStatementPaid {DONE}", statementId=statement_id, reason="wire 7")
    assert (paid["status"], paid["paidBy"]) == ("PAID", "finance")

    log = bureau.as_user("auditor").ask(
        '{ auditLog(filter: { action: "statement" }) { edges { node { actor action outcome reason objectId '
        "partnerCode before after correlationId } } } }"
    )["auditLog"]["edges"]
    told = [(entry["node"]["actor"], entry["node"]["action"], entry["node"]["outcome"]) for entry in log]
    assert told == [
        ("finance", "statement.mark_paid", "DONE"),
        ("finance", "statement.mark_paid", "REFUSED"),
        ("admin", "statement.reject", "REFUSED"),
        ("admin", "statement.release", "DONE"),
        ("finance", "statement.release", "REFUSED"),
        ("admin", "statement.approve", "DONE"),
        ("admin", "statement.approve", "REFUSED"),
        ("finance", "statement.approve", "REFUSED"),
        ("finance", "statement.submit", "DONE"),
    ]
    newest = log[0]["node"]
    assert (newest["reason"], newest["partnerCode"]) == ("wire 7", "northwind")
    assert '"RELEASED"' in newest["before"]
    assert '"PAID"' in newest["after"]


def test_a_rejected_statement_is_a_draft_again(bureau: Bureau) -> None:
    statement_id = _one(bureau)["id"]
    bureau.do("finance", f"submitStatement {DONE}", statementId=statement_id)
    rejected = bureau.do("admin", f"rejectStatement {DONE}", statementId=statement_id, reason="wrong rate")
    assert (rejected["status"], rejected["sha256"], rejected["submittedBy"]) == ("DRAFT", None, None)


def test_what_is_released_is_its_partners_and_nobody_elses(bureau: Bureau) -> None:
    released = _release(bureau)
    assert [(one["billingMonth"], one["status"], one["number"]) for one in _listed(bureau, "north")] == [
        ("2026-01", "RELEASED", 1)
    ]
    shown = _one(bureau, "north")
    assert shown["sha256"] == released["sha256"] == shown["document"]["sha256"]
    assert int(shown["payable"]["amount"]) == bureau.office.owed(800, 801, 802)

    south = bureau.as_user("south")
    assert _listed(bureau, "south") == []
    foreign = south.refusal(ALL, partner="northwind")
    missing = south.refusal(ALL, partner="nobody")
    assert foreign["extensions"]["code"] == missing["extensions"]["code"] == "NOT_FOUND"
    assert foreign["message"].replace("northwind", "nobody") == missing["message"]
    node = "query($id: ID!) { node(id: $id) { id ... on Statement { status } } }"
    assert south.ask(node, id=released["id"])["node"] is None
    assert bureau.as_user("north").ask(node, id=released["id"])["node"]["status"] == "RELEASED"


def test_roles_without_the_right_are_refused(bureau: Bureau) -> None:
    query = "mutation($input: SubmitStatementInput!) { submitStatement(input: $input) { __typename } }"
    given = {"statementId": _one(bureau)["id"]}
    for username in ("ops", "auditor", "north"):
        assert bureau.as_user(username).code(query, input=given) == "FORBIDDEN"
    names = "{ statements { edges { node { submittedBy } } } }"
    assert bureau.as_user("north").code(names) == "FORBIDDEN"
    blockers = "{ statements { edges { node { document { blockers } } } } }"
    assert bureau.as_user("north").code(blockers) == "FORBIDDEN"


def test_who_sees_a_part_of_the_books_states_nothing(bureau: Bureau) -> None:
    statement_id = _one(bureau)["id"]
    bureau.office.sql(
        "update access.users set validator_keys = array[%s] where username = 'finance'",
        bureau.office.validator,
    )
    refused = bureau.do("finance", f"submitStatement {DONE}", statementId=statement_id)
    assert (refused["__typename"], refused["code"]) == ("Problem", "FORBIDDEN")
    bureau.office.sql(
        "update access.users set validator_keys = null, chain_ids = '{elsewhere}' where username = 'finance'"
    )
    hidden = bureau.do("finance", f"submitStatement {DONE}", statementId=statement_id)
    assert (hidden["__typename"], hidden["code"]) == ("Problem", "NOT_FOUND")


def test_a_correction_is_in_the_next_month(bureau: Bureau) -> None:
    _release(bureau)
    bureau.office.restate_commission(801, -100_000_000)
    february = bureau.as_user("finance").ask(
        'query { statement(partnerCode: "northwind", chainId: "solana-mainnet", billingMonth: "2026-02") {'
        " document { correctionsTotal { amount } corrections { edges { node { periodId cause"
        " released { amount } recomputed { amount } difference { amount } } } } } } }"
    )["statement"]["document"]
    items = [edge["node"] for edge in february["corrections"]["edges"]]
    assert items
    assert all(item["periodId"] == 801 for item in items)
    assert sum(int(item["difference"]["amount"]) for item in items) == int(
        february["correctionsTotal"]["amount"]
    )


def test_lines_of_a_document_page_through(bureau: Bureau) -> None:
    query = """query($after: String) { statement(partnerCode: "northwind", chainId: "solana-mainnet",
        billingMonth: "2026-01") { document { lines(first: 7, after: $after) { edges { node { lineId } }
        pageInfo { hasNextPage endCursor } } } } }"""
    seen: list[str] = []
    after = None
    while True:
        page = bureau.as_user("ops").ask(query, after=after)["statement"]["document"]["lines"]
        seen += [edge["node"]["lineId"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            break
        after = page["pageInfo"]["endCursor"]
    whole = [edge["node"]["lineId"] for edge in _one(bureau)["document"]["lines"]["edges"]]
    assert seen == whole
