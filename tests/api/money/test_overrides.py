"""Amounts set by hand over HTTP: small ones count at once, large ones when another user confirms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from tests.api.money.conftest import Bureau

DONE = "... on LineOverride { lineId state computed { amount } amount { amount } actions { madeBy reason } }"
RULE = "half-the-commission"
ASKED = """query($id: ID!) { lineOverride(lineId: $id) { state amount { amount } actions { amount { amount }
    madeBy reason needsSecondPerson confirmation } } }"""


def _override(bureau: Bureau, username: str, line_id: UUID, amount: int) -> dict[str, Any]:
    return bureau.do(
        username,
        f"overrideCommissionLine {DONE}",
        lineId=str(line_id),
        amount=str(amount),
        reason="side letter",
    )


def test_a_small_one_counts_at_once_and_can_be_withdrawn(bureau: Bureau) -> None:
    line_id, computed = bureau.office.line(RULE, 801)
    made = _override(bureau, "finance", line_id, computed + 5)
    assert (made["state"], made["amount"]["amount"]) == ("IN_FORCE", str(computed + 5))
    assert made["actions"] == [{"madeBy": "finance", "reason": "side letter"}]
    document = bureau.as_user("ops").ask(
        'query { statement(partnerCode: "northwind", chainId: "solana-mainnet", billingMonth: "2026-01") {'
        " document { linesTotal { amount } } } }"
    )["statement"]["document"]
    assert int(document["linesTotal"]["amount"]) == bureau.office.owed(800, 801, 802) + 5
    gone = bureau.do("admin", f"withdrawLineOverride {DONE}", lineId=str(line_id), reason="it was not agreed")
    assert (gone["state"], gone["amount"]["amount"]) == ("NONE", str(computed))


def test_a_large_one_waits_for_another_user(bureau: Bureau) -> None:
    line_id, computed = bureau.office.line(RULE, 801)
    made = _override(bureau, "finance", line_id, computed + 5000)
    assert (made["state"], made["amount"]["amount"]) == ("UNCONFIRMED", str(computed))
    own = bureau.do("finance", f"confirmLineOverride {DONE}", lineId=str(line_id), reason="yes")
    assert (own["__typename"], own["code"]) == ("Problem", "OVERRIDE_REFUSED")
    confirmed = bureau.do("admin", f"confirmLineOverride {DONE}", lineId=str(line_id), reason="checked")
    assert (confirmed["state"], confirmed["amount"]["amount"]) == ("IN_FORCE", str(computed + 5000))
    shown = bureau.as_user("auditor").ask(ASKED, id=str(line_id))["lineOverride"]
    assert [(one["madeBy"], one["needsSecondPerson"], one["confirmation"]) for one in shown["actions"]] == [
        ("finance", True, False),
        ("admin", False, True),
    ]


def test_what_cannot_be_overridden_says_why(bureau: Bureau) -> None:
    line_id, computed = bureau.office.line(RULE, 801)
    nowhere = bureau.do(
        "finance", f"overrideCommissionLine {DONE}", lineId=str(UUID(int=7)), amount="1", reason="x"
    )
    assert (nowhere["code"], nowhere["message"]) == (
        "NOT_FOUND",
        "there is no commission line of that id; statements list their lines",
    )
    assert _override(bureau, "finance", line_id, -1)["code"] == "OVERRIDE_REFUSED"
    assert bureau.as_user("auditor").ask(ASKED, id=str(UUID(int=7)))["lineOverride"] is None
    query = (
        "mutation($input: OverrideCommissionLineInput!) {"
        " overrideCommissionLine(input: $input) { __typename } }"
    )
    given = {"lineId": str(line_id), "amount": str(computed), "reason": "mine"}
    for username in ("ops", "auditor", "north"):
        assert bureau.as_user(username).code(query, input=given) == "FORBIDDEN"
    assert bureau.as_user("north").code(ASKED, id=str(line_id)) == "FORBIDDEN"
