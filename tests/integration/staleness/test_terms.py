"""What counts as a change of terms, and what was known of agreements at an earlier time."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from aurora_api.commands.agreement import list_agreements
from aurora_assets.agreements.store import read_agreements, read_claims
from aurora_assets.agreements.terms import ChainTerms
from aurora_assets.commission.agreement import (
    AgreementStatus,
    AgreementVersion,
    Method,
    Rule,
    RuleKey,
    WalletClaim,
    in_force,
)
from aurora_assets.commission.history import RuleState
from aurora_resources.errors import AgreementError
from aurora_resources.records import Component
from tests.integration.pipeline.installation import CHAIN
from tests.integration.staleness.automation import Automation, agreements

DAY = timedelta(days=1)
START = datetime(2026, 1, 1, tzinfo=UTC)
RULE = Rule("r", 1, Component.COMMISSION, Method.FIXED_SHARE, rate_bps=1000)
VERSION = AgreementVersion("a", 1, "A", AgreementStatus.ACTIVE, START, None, (RULE,))
CLAIM = WalletClaim(CHAIN, "w", "A", START)


def digest(
    *given: AgreementVersion | WalletClaim,
    at: datetime = START,
    history: dict[RuleKey, RuleState] | None = None,
) -> bytes:
    versions = [one for one in given if isinstance(one, AgreementVersion)]
    claims = [one for one in given if isinstance(one, WalletClaim)]
    return ChainTerms(CHAIN, versions, claims).digest(at, history or {})


TOLD = digest(VERSION, CLAIM)


@pytest.mark.parametrize(
    "terms",
    [
        [VERSION, CLAIM, replace(VERSION, version=2, valid_from=START + DAY)],
        [VERSION, CLAIM, replace(VERSION, version=2, status=AgreementStatus.DRAFT)],
        [replace(VERSION, valid_until=START + DAY), replace(CLAIM, valid_until=START + DAY)],
        [VERSION, CLAIM, replace(CLAIM, wallet="x", valid_from=START + DAY)],
        [VERSION, CLAIM, replace(CLAIM, wallet="x", chain_id="eth-mainnet")],
        [replace(VERSION, valid_from=START.astimezone()), CLAIM],
    ],
    ids=["later version", "draft", "ended later", "later wallet", "another chain", "another time zone"],
)
def test_the_same_terms(terms: list[AgreementVersion | WalletClaim]) -> None:
    assert digest(*terms) == TOLD


@pytest.mark.parametrize(
    "terms",
    [
        [CLAIM],
        [VERSION],
        [replace(VERSION, version=2), CLAIM],
        [replace(VERSION, status=AgreementStatus.SUSPENDED), CLAIM],
        [replace(VERSION, rules=(replace(RULE, rate_bps=1001),)), CLAIM],
        [replace(VERSION, rules=(replace(RULE, cap=2**255),)), CLAIM],
        [VERSION, CLAIM, replace(CLAIM, wallet="x")],
        [VERSION, replace(CLAIM, partner_id="B")],
        [VERSION, replace(CLAIM, valid_from=START - DAY, valid_until=START)],
        [VERSION, CLAIM, replace(CLAIM, partner_id="B", valid_from=START)],
    ],
    ids=[
        "no agreement", "no wallet", "version", "suspended", "rate", "cap", "another wallet", "owner",
        "wallet ended", "dispute",
    ],
)  # fmt: skip
def test_other_terms(terms: list[AgreementVersion | WalletClaim]) -> None:
    assert digest(*terms) != TOLD


def test_a_span_begins_with_its_first_moment_and_ends_before_its_last() -> None:
    terms = ChainTerms(CHAIN, [replace(VERSION, valid_until=START + DAY)], [])
    before, first, last, after = (
        terms.digest(moment, {}) for moment in (START - DAY / 24, START, START + DAY * 23 / 24, START + DAY)
    )
    assert before == after != first == last


def test_what_rules_remember_is_part_of_the_terms() -> None:
    key = RuleKey("a", "r", CHAIN)
    unknown, some, more = (
        digest(VERSION, CLAIM, history={key: RuleState(base, 0, "2026")}) for base in (None, 1, 2)
    )
    assert len({TOLD, unknown, some, more}) == 4


def test_what_was_believed_on_a_day_about_a_period(
    automation: Automation, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = automation.office.pipeline
    ((recorded,),) = pipeline.query("select clock_timestamp()")
    file = agreements("2026-01-25", 2500)
    file["partners"][1]["wallets"].append(
        {"chain": CHAIN, "wallet": "So11111111111111111111111111111111111111112", "from": "2026-01-25"}
    )
    pipeline.load(file)
    ((starts_at,),) = pipeline.query("select starts_at from registry.periods where period_id = 804")

    def rate(recorded_until: datetime | None) -> int | None:
        with pipeline.warehouse.connect() as connection:
            paying = in_force(read_agreements(connection, recorded_until), starts_at)
        (northwind,) = [one for one in paying if one.agreement_id == "northwind-introduction"]
        return northwind.rules[0].rate_bps

    assert (rate(recorded), rate(None)) == (5000, 2500)
    with pipeline.warehouse.connect() as connection:
        assert len(read_claims(connection, CHAIN, recorded)) + 1 == len(read_claims(connection, CHAIN))
        assert read_agreements(connection, START) == ()
    assert [
        row["version"] for row in listed(capsys, None) if row["agreement_id"] == "northwind-introduction"
    ] == [1, 2]
    (row,) = [
        row for row in listed(capsys, recorded.isoformat()) if row["agreement_id"] == "northwind-introduction"
    ]
    assert (row["agreement_id"], row["version"]) == ("northwind-introduction", 1)
    assert row["valid_from"] == "2020-01-01T00:00:00+00:00"
    assert [row["version"] for row in listed(capsys, "2026-01-01")] == [None, None]
    list_agreements()
    assert "northwind-introduction" in capsys.readouterr().out
    with pytest.raises(AgreementError, match='"yesterday" is not a time; write 2026-01-31 or'):
        list_agreements(as_of="yesterday")


def listed(capsys: pytest.CaptureFixture[str], as_of: str | None) -> list[dict[str, object]]:
    capsys.readouterr()
    list_agreements(as_of=as_of, as_json=True)
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows
