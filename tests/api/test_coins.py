"""A chain's coin is kept between requests: never past its time, and never shown to whoever may not see it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aurora_api.context import chains

if TYPE_CHECKING:
    import pytest

    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

PNL = """query($chain: String!) { validatorPnl(chainId: $chain, first: 1) {
    edges { node { totalRevenue { unit displayUnit } } } } }"""


def _unit(service: Service) -> str:
    (edge,) = service.ask(PNL, chain="alpha-main")["validatorPnl"]["edges"]
    return str(edge["node"]["totalRevenue"]["displayUnit"])


def test_a_changed_coin_is_seen_when_its_time_is_over(
    own_service: Service, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _unit(own_service)
    with warehouse.transaction() as session:
        session.execute("update registry.chains set display_unit = 'NEW' where chain_id = 'alpha-main'")
    assert _unit(own_service) == before
    monkeypatch.setattr(chains, "COIN_SECONDS", 0.0)
    assert _unit(own_service) == "NEW"


def test_whoever_is_narrowed_to_another_chain_does_not_see_that_it_is_kept(
    own_service: Service, warehouse: Warehouse
) -> None:
    finance = own_service.as_user("finance")
    _unit(finance)
    with warehouse.transaction() as session:
        session.execute("update access.users set chain_ids = '{beta-main}' where username = 'finance'")
    hidden, missing = (finance.refusal(PNL, chain=chain) for chain in ("alpha-main", "gamma-main"))
    assert hidden["extensions"]["code"] == missing["extensions"]["code"] == "NOT_FOUND"
    assert hidden["message"] == missing["message"].replace("gamma-main", "alpha-main")
