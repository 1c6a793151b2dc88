"""Every attribution method is registered once, and explains a base as the engine found it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_assets.commission.agreement import Method
from aurora_assets.commission.attribution import Attribution
from aurora_assets.commission.facts import ClientRevenue, PeriodFacts, Revenue, WalletStake
from aurora_assets.commission.methods.protocol import Base, WalletFacts
from aurora_assets.commission.methods.registry import METHODS
from aurora_resources.records import Component, FactState

START = datetime(2025, 3, 1, tzinfo=UTC)
OWNERS = {"w1": "A", "w2": "A", "w3": "B"}


def test_every_name_has_one_method() -> None:
    assert list(METHODS) == list(Method)
    assert all(method.name is name for name, method in METHODS.items())
    assert len({method.label for method in METHODS.values()}) == len(Method)


@pytest.mark.parametrize("method", Method)
@given(
    revenue=st.integers(-(10**20), 10**20) | st.integers(-3, 3),
    component=st.sampled_from(Component),
    wallets=st.dictionaries(
        st.sampled_from(("w1", "w2", "w3", "w4")),
        st.tuples(st.none() | st.integers(0, 9), st.none() | st.integers(-9, 9)),
        min_size=1,
    ),
    observed=st.booleans(),
)
def test_a_base_derived_from_the_kept_facts_is_the_booked_one(
    method: Method, revenue: int, component: Component, wallets: dict[str, tuple[int, int]], *, observed: bool
) -> None:
    facts = PeriodFacts(
        "chain",
        1,
        START,
        START + timedelta(days=2),
        (Revenue("v", component, revenue, FactState.FINAL),),
        tuple(WalletStake("v", wallet, stake) for wallet, (stake, _) in wallets.items()),
        tuple(ClientRevenue("v", wallet, component, gave) for wallet, (_, gave) in wallets.items())
        if observed
        else (),
    )
    base = METHODS[method].find_base(Attribution(facts, OWNERS), "A", facts.revenues[0])
    if isinstance(base, Base):
        kept = [
            WalletFacts(wallet, OWNERS.get(wallet), stake, gave if observed else None)
            for wallet, (stake, gave) in wallets.items()
        ]
        derived = METHODS[method].derive(revenue, "A", kept, allocated=base.allocated)
        assert derived.amount == base.amount
        assert derived.formula


def test_a_part_by_stake_is_not_derived_where_a_stake_is_unknown() -> None:
    kept = [WalletFacts("w1", "A", 5, None), WalletFacts("w4", None, None, None)]
    derived = METHODS[Method.STAKE_WEIGHT].derive(100, "A", kept, allocated=True)
    assert derived.amount is None
    assert derived.parts == {"w1": None, "w4": None}
    assert "not every stake on it is known" in derived.formula
