"""simulateAgreement over HTTP says what the command says, books nothing, and needs the whole picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aurora_assets.agreements.file import AgreementFile
from aurora_assets.recompute.simulation import simulate, to_draft
from aurora_resources.config.files import load_config
from tests.api.conftest import Service, run_service
from tests.integration.pipeline.installation import CHAIN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.integration.recompute.books import Booked

MONEY = "{ amount unit }"
QUERY = f"""query($input: SimulateAgreementInput!, $from: Ordinal!, $to: Ordinal!, $chain: String!) {{
    simulateAgreement(input: $input, chainId: $chain, fromPeriod: $from, toPeriod: $to) {{
    totals {{ partnerCode simulated {MONEY} booked {MONEY} difference {MONEY} }}
    periods {{ periodId findings {{ code message }}
    amounts {{ partnerCode validatorKey simulated {MONEY} booked {MONEY} difference {MONEY} }} }} }} }}"""
RULE = {
    "ruleId": "of-the-fees",
    "component": "EXEC_FEES",
    "method": "FIXED_SHARE",
    "chainId": CHAIN,
    "rateBps": 250,
}


@pytest.fixture
def office(booked: Booked) -> Iterator[Service]:
    """The service over the books, with the users of the API's tests."""
    warehouse = booked.pipeline.warehouse
    with warehouse.connect() as connection:
        connection.execute(
            "insert into access.users (user_id, username, display_name, role, validator_keys) "
            "overriding system value values (1, 'admin', 'Admin', 'ADMIN', null), "
            "(2, 'finance', 'Finance', 'FINANCE', array['one'])"
        )
        connection.execute(
            "insert into access.refresh_tokens (token_digest, family_id, user_id, expires_at) "
            "select sha256(username::bytea), md5(username)::uuid, user_id, now() + interval '1 day' "
            "from access.users"
        )
    with run_service(warehouse) as service:
        yield service


def ask(service: Service, **changes: Any) -> dict[str, Any]:
    given = {"partnerCode": "newcomer", "agreementId": "newcomer-first", "rules": [RULE], **changes}
    answer: dict[str, Any] = service.ask(QUERY, input=given, chain=CHAIN, **{"from": 802, "to": 804})
    found: dict[str, Any] = answer["simulateAgreement"]
    return found


def test_it_says_what_the_engine_says_and_books_nothing(office: Service, booked: Booked) -> None:
    file = AgreementFile.model_validate(
        {
            "partners": [
                {
                    "code": "newcomer",
                    "name": "N",
                    "agreements": [
                        {
                            "id": "newcomer-first",
                            "name": "First",
                            "from": "2090-01-01",
                            "rules": [
                                {
                                    "id": "of-the-fees",
                                    "component": "EXEC_FEES",
                                    "method": "FIXED_SHARE",
                                    "chain": CHAIN,
                                    "rate_bps": 250,
                                }
                            ],
                        }
                    ],
                }
            ]
        }
    )
    chains = {chain.chain_id: chain for chain in load_config(booked.pipeline.folder).chains}
    expected = simulate(booked.run, booked.periods, to_draft(file, chains))
    before = booked.content()
    found = ask(office)
    assert booked.content() == before
    assert [period["periodId"] for period in found["periods"]] == list(booked.periods)
    told = {
        (period["periodId"], row["partnerCode"], row["validatorKey"]): int(row["simulated"]["amount"])
        for period in found["periods"]
        for row in period["amounts"]
    }
    wanted = {
        (period.period_id, row.cell.partner_id, row.cell.validator_key): row.simulated
        for period in expected
        for row in period.differences
        if row.cell.partner_id == "newcomer"
    }
    assert told == wanted
    (total,) = found["totals"]
    assert total["partnerCode"] == "newcomer"
    assert int(total["simulated"]["amount"]) == sum(told.values()) > 0
    assert (total["booked"]["amount"], total["booked"]["unit"]) == ("0", "lamports")
    assert total["difference"] == total["simulated"]


def test_a_wallet_of_the_draft_counts_and_anothers_is_refused(office: Service, booked: Booked) -> None:
    ((mine,), (theirs,)) = (
        booked.pipeline.query(
            "select withdrawer from canonical.stake_rewards where period_id = 803 and (withdrawer in "
            "(select wallet from registry.wallets)) = %s group by 1 order by sum(active_stake) desc limit 1",
            known,
        )[0]
        for known in (False, True)
    )
    rule = RULE | {"component": "COMMISSION", "method": "CLIENT_REVENUE", "rateBps": 10_000}
    assert int(ask(office, rules=[rule], wallets=[mine])["totals"][0]["simulated"]["amount"]) > 0
    given = {"partnerCode": "newcomer", "agreementId": "n", "rules": [rule], "wallets": [theirs]}
    error = office.refusal(QUERY, input=given, chain=CHAIN, **{"from": 802, "to": 804})
    assert error["extensions"]["code"] == "AGREEMENT_REFUSED"
    assert "leave it out of the draft: a simulation moves no wallet" in error["message"]


@pytest.mark.parametrize(
    ("changes", "place", "code"),
    [
        ({"rules": [RULE | {"rateBps": None}]}, {}, "AGREEMENT_REFUSED"),
        ({"agreementId": "harbor-referral"}, {}, "AGREEMENT_REFUSED"),
        ({"wallets": ["short"]}, {}, "AGREEMENT_REFUSED"),
        ({}, {"to": 805}, "PERIOD_REFUSED"),
        ({}, {"to": 801}, "PERIOD_REFUSED"),
        ({}, {"to": 902}, "LIMIT_EXCEEDED"),
        ({}, {"chain": "gamma"}, "NOT_FOUND"),
    ],
)
def test_what_cannot_be_simulated(
    office: Service, changes: dict[str, Any], place: dict[str, Any], code: str
) -> None:
    given = {"partnerCode": "newcomer", "agreementId": "n", "rules": [RULE], **changes}
    assert office.code(QUERY, input=given, **{"chain": CHAIN, "from": 802, "to": 804, **place}) == code


def test_whoever_sees_a_part_simulates_nothing(office: Service) -> None:
    given = {"partnerCode": "newcomer", "agreementId": "n", "rules": [RULE]}
    narrowed = office.as_user("finance")
    assert narrowed.code(QUERY, input=given, chain=CHAIN, **{"from": 802, "to": 804}) == "FORBIDDEN"
