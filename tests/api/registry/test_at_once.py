"""Two people at once: one claim on a wallet holds, and one of two changes is told that it is late."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from tests.api.registry.asking import agreement, do, done, rule

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

PATIENCE_SECONDS = 20.0


def wait_for_a_lock(warehouse: Warehouse) -> None:
    """Until some session waits for another's transaction."""
    end = time.monotonic() + PATIENCE_SECONDS
    with warehouse.connect(autocommit=True) as connection:
        while time.monotonic() < end:
            waiting = connection.execute("select count(*) from pg_locks where not granted").fetchone()
            if waiting and waiting[0]:
                return
            time.sleep(0.02)
    raise AssertionError("nobody waits")


def test_a_wallet_that_is_claimed_in_the_same_moment(own_service: Service, filled: Warehouse) -> None:
    given = {"chainId": "alpha-main", "wallet": "w", "validFrom": "2026-01-01T00:00:00Z"}
    with ThreadPoolExecutor(1) as pool:
        with filled.connect() as other, other.transaction():
            other.execute("insert into registry.wallets (chain_id, wallet) values ('alpha-main', 'w')")
            other.execute(
                "insert into registry.partner_wallets (wallet_id, partner_id, valid) "
                "select wallet_id, partner_id, tstzrange('2026-01-01Z', null) "
                "from registry.wallets, registry.partners where wallet = 'w' and code = 'south'"
            )
            answer = pool.submit(do, own_service, "addWallet", partnerCode="north", **given)
            wait_for_a_lock(filled)
        told = answer.result()
    assert (told["code"], "try again" in told["message"]) == ("AGREEMENT_REFUSED", True)
    again = do(own_service, "addWallet", partnerCode="north", **given)
    assert "claimed already by south" in again["message"]


def test_of_two_amendments_one_is_late(own_service: Service, filled: Warehouse) -> None:
    done(own_service, "createAgreement", **agreement())
    changes = [
        {key: value for key, value in agreement(rules=[rule(rateBps=rate)]).items() if key != "partnerCode"}
        for rate in (1000, 2000, 3000, 4000)
    ]
    with ThreadPoolExecutor(len(changes)) as pool:
        answers = list(
            pool.map(lambda each: do(own_service, "amendAgreement", expectedVersion=1, **each), changes)
        )
    assert sorted(answer.get("code", "done") for answer in answers) == ["VERSION_CONFLICT"] * 3 + ["done"]
    with filled.connect() as connection:
        found = connection.execute(
            "select version, count(*) from registry.agreement_versions join registry.agreement_rules "
            "using (agreement_id, version) where agreement_id = 'north-2' group by 1 order by 1"
        ).fetchall()
    assert found == [(1, 1), (2, 1)]


def test_of_two_activations_that_conflict_one_is_refused(own_service: Service) -> None:
    for number in (2, 3):
        done(own_service, "createAgreement", **agreement(agreementId=f"north-{number}"))
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda name: do(own_service, "activateAgreement", agreementId=name, expectedVersion=1),
                ("north-2", "north-3"),
            )
        )
    assert sorted(answer.get("code", "done") for answer in answers) == ["AGREEMENT_REFUSED", "done"]
