"""No question of the registry asks the warehouse once a row: more rows take no more statements."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.api.registry.asking import agreement, done

if TYPE_CHECKING:
    from tests.api.conftest import Service

QUERIES = {
    "agreements": (
        "{ agreements { edges { node { id partnerName rules { ruleId tiers { tiers { rateBps } } } "
        "versions { version rules { ruleId floor { display } } } } } } }",
        # The agreements, the rules of all newest versions, all versions, the rules of all of them.
        4,
    ),
    "partners": ("{ partners { edges { node { id walletCount activeAgreementCount } } } }", 1),
    "partnerWallets": ("{ partnerWallets { edges { node { id wallet notes } } } }", 1),
    "validators": (
        '{ validators(chainId: "alpha-main") { edges { node { name ownWallets registration { '
        "registeredAt identities { identity } } } } } }",
        # The chain, the validators, all their wallets.
        3,
    ),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_page_of_many_asks_as_often_as_a_page_of_few(
    own_service: Service, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: Counter[str] = Counter()
    execute = psycopg.AsyncCursor.execute

    async def counted(self: Any, query: Any, *given: Any, **named: Any) -> Any:
        text = query.decode() if isinstance(query, bytes) else str(query)
        asked[text.partition("\n")[0]] += 1
        return await execute(self, query, *given, **named)

    query, expected = QUERIES[name]

    def count() -> int:
        asked.clear()
        own_service.ask(query)
        own = [line for line in asked.elements() if line.startswith("-- A row")]
        assert len(own) <= expected, asked
        return sum(asked.values())

    monkeypatch.setattr(psycopg.AsyncCursor, "execute", counted)
    _add(own_service, 0)
    own_service.ask(query)
    few = count()
    for number in range(1, 6):
        _add(own_service, number)
    assert count() == few


def _add(service: Service, number: int) -> None:
    """A partner with a wallet and an agreement of two versions."""
    code = f"more-{number}"
    done(service, "createPartner", partnerCode=code, name="More")
    given = agreement(agreementId=code)
    done(service, "createAgreement", **given | {"partnerCode": code})
    del given["partnerCode"]
    done(service, "amendAgreement", **given | {"name": "Other", "expectedVersion": 1})
    place = {"chainId": "alpha-main", "wallet": f"w{number}", "validFrom": "2026-01-01T00:00:00Z"}
    done(service, "addWallet", partnerCode=code, **place)
