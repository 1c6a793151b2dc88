"""Statements as files over HTTP: by a short address of one user, who is looked at again when it is used."""

from __future__ import annotations

import csv
import hashlib
import io
from typing import TYPE_CHECKING, Any

import jwt
import pytest

from aurora_api.access.download_tokens import PURPOSE
from aurora_assets.statements.csv_file import statement_csv
from aurora_assets.statements.pdf_file import statement_pdf
from tests.api.conftest import KEYS

if TYPE_CHECKING:
    import httpx

    from tests.api.money.conftest import Bureau

DONE = "... on StatementDownload { path fileName expiresAt }"
PLACE = 'partnerCode: "northwind", chainId: "solana-mainnet", billingMonth: "2026-01"'


def _statement_id(bureau: Bureau) -> str:
    found: str = bureau.as_user("admin").ask(f"{{ statement({PLACE}) {{ id }} }}")["statement"]["id"]
    return found


def _ask(bureau: Bureau, username: str, form: str = "CSV") -> dict[str, Any]:
    return bureau.do(username, f"downloadStatement {DONE}", statementId=_statement_id(bureau), format=form)


def _get(bureau: Bureau, path: str) -> httpx.Response:
    return bureau.service.client.get(f"{bureau.service.url}{path}")


def test_a_partner_takes_home_what_was_released(bureau: Bureau) -> None:
    assert _ask(bureau, "north")["code"] == "NOT_FOUND"
    view = bureau.office.release()
    csv_address = _ask(bureau, "north")
    assert csv_address["fileName"] == "statement-1-northwind-solana-mainnet-2026-01.csv"
    answer = _get(bureau, csv_address["path"])
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="{csv_address["fileName"]}"'
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.content == statement_csv(view)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["partner"] for row in rows} == {"northwind"}
    pdf = _get(bureau, _ask(bureau, "north", "PDF")["path"])
    assert pdf.headers["content-type"] == "application/pdf"
    assert hashlib.sha256(pdf.content).digest() == hashlib.sha256(statement_pdf(view)).digest()
    (entry, *_) = bureau.as_user("auditor").ask(
        '{ auditLog(filter: { action: "statement.download", outcomes: [DONE] }) {'
        " edges { node { actor partnerCode after } } } }"
    )["auditLog"]["edges"]
    assert (entry["node"]["actor"], entry["node"]["partnerCode"]) == ("north", "northwind")
    assert "2026-01.pdf" in entry["node"]["after"]


def test_another_partner_is_told_that_it_is_missing(bureau: Bureau) -> None:
    bureau.office.release()
    foreign = _ask(bureau, "south")
    given = bureau.do("south", f"downloadStatement {DONE}", statementId="WyJTdGF0ZW1lbnQiXQ", format="CSV")
    assert foreign == given
    assert foreign["code"] == "NOT_FOUND"
    # An address made for it by whoever has the key would not help it either.
    place = {"partner": "northwind", "chain": "solana-mainnet", "month": "2026-01-01", "format": "CSV"}
    family = hashlib.md5(b"south", usedforsecurity=False).hexdigest()
    session = f"family:{family[:8]}-{family[8:12]}-{family[12:16]}-{family[16:20]}-{family[20:]}"
    claims = {"aud": PURPOSE, "exp": 2**40, "sub": "6", "sid": session, **place}
    token = jwt.encode(claims, KEYS.derive(PURPOSE), algorithm="HS256")
    assert _get(bureau, f"/statements/download?token={token}").status_code == 404


@pytest.mark.parametrize("wrong", ["", "x", "a.b.c", "none", "expired", "other key", "access token"])
def test_a_wrong_address_gives_nothing(bureau: Bureau, wrong: str) -> None:
    bureau.office.release()
    token = _ask(bureau, "north")["path"].partition("=")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    made = {
        "none": jwt.encode(claims, "", algorithm="none"),
        "expired": jwt.encode(claims | {"exp": 1_700_000_000}, KEYS.derive(PURPOSE), algorithm="HS256"),
        "other key": jwt.encode(claims, KEYS.derive("access-token"), algorithm="HS256"),
        "access token": bureau.as_user("north").token,
    }
    answer = _get(bureau, f"/statements/download?token={made.get(wrong, wrong)}")
    assert answer.status_code == 403
    code = answer.json()["errors"][0]["extensions"]["code"]
    assert code == ("TOKEN_EXPIRED" if wrong == "expired" else "TOKEN_INVALID")


def test_an_address_ends_with_its_users_session(bureau: Bureau) -> None:
    bureau.office.release()
    path = _ask(bureau, "north")["path"]
    assert _get(bureau, path).status_code == 200
    bureau.office.sql(
        "update access.refresh_tokens set revoked_at = now(), revoked_because = 'test' where user_id = 5"
    )
    refused = _get(bureau, path)
    assert (refused.status_code, refused.json()["errors"][0]["extensions"]["code"]) == (
        403,
        "SESSION_REVOKED",
    )


def test_staff_take_home_drafts_as_drafts(bureau: Bureau) -> None:
    address = _ask(bureau, "finance")
    assert address["fileName"] == "statement-draft-northwind-solana-mainnet-2026-01.csv"
    rows = list(csv.DictReader(io.StringIO(_get(bureau, address["path"]).text)))
    assert {row["status"] for row in rows} == {"DRAFT"}
