"""Pooled execution income is booked once, and divided exactly by effective balance and epochs."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.config.chain_rules import Group, Pool
from aurora_resources.providers.ethereum.beacon import ValidatorState
from aurora_resources.providers.ethereum.evidence import Evidence
from aurora_resources.providers.ethereum.execution_income import Shared, pooled
from aurora_resources.providers.ethereum.periods import Window

KEYS = tuple("0x" + digit * 96 for digit in "abc")
WINDOW = Window(3, 12, 15, 12 * 32, 16 * 32 - 1)


def known(*effective_eth: int | None) -> Evidence:
    """Evidence of three validators with these effective balances all through the window."""
    states = {
        key: ValidatorState(
            index, key, "active_ongoing", 0, eth * 10**9, slashed=False, activation_epoch=0, exit_epoch=None,
            withdrawable_epoch=None, credentials="0x00",
        )
        for index, (key, eth) in enumerate(zip(KEYS, effective_eth, strict=True))
        if eth is not None
    }  # fmt: skip
    return cast(Evidence, SimpleNamespace(window=WINDOW, states_by_epoch={12: states}))


def group(pool: Pool, **more: Any) -> Group:
    return Group.model_validate(
        {"code": "g", "operator": "us", "client": "c", "validators": KEYS, "pool": pool, **more}
    )


def shared(evidence: Evidence, of: Group, *amounts: int | None, with_payouts: bool = True) -> Shared:
    return pooled(evidence, of, dict(zip(KEYS, amounts, strict=True)), with_payouts=with_payouts)


def test_a_shared_pool_weighs_by_effective_balance() -> None:
    found = shared(known(32, 64, 2048), group(Pool.SHARED), 2144, 0, 0)
    assert dict(zip("abc", found.amounts.values(), strict=True)) == {"a": 32, "b": 64, "c": 2048}


@given(st.lists(st.integers(0, 2**250), min_size=3, max_size=3))
def test_nothing_is_lost_in_a_shared_pool(amounts: list[int]) -> None:
    found = shared(known(32, 33, 1000), group(Pool.SHARED), *amounts)
    assert sum(found.amounts.values()) == sum(amounts)


@pytest.mark.parametrize(
    ("evidence", "amounts", "code"),
    [
        (known(32, 32, 32), (1, None, 1), "POOL_INCOMPLETE"),
        (known(32, None, 32), (1, 0, 1), "POOL_INCOMPLETE"),
    ],
)
def test_what_is_not_known_is_not_shared(
    evidence: Evidence, amounts: tuple[int | None, ...], code: str
) -> None:
    found = shared(evidence, group(Pool.SHARED), *amounts)
    assert found.amounts == {}
    assert [finding.code for finding in found.findings_of(KEYS[0])] == [code]


def test_an_external_pool_books_what_it_paid_and_not_what_went_to_it() -> None:
    of = group(Pool.EXTERNAL, pool_payouts=[{"period": 3, "amount": 301}])
    fees = shared(known(32, 32, 32), of, 500, 0, 0, with_payouts=False)
    assert set(fees.amounts.values()) == {0}
    paid = shared(known(32, 32, 32), of, 500, None, 0)
    assert sorted(paid.amounts.values()) == [100, 100, 101]
    assert paid.code == "POOLED"
    undeclared = shared(known(32, 32, 32), group(Pool.EXTERNAL), 0, 0, 0)
    assert undeclared.amounts == {}
    assert undeclared.code == "POOL_PAYOUT_UNDECLARED"
