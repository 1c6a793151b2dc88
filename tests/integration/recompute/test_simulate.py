"""Simulation on real books: a draft pays what it would if it were booked, and writes nothing."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from aurora_api.commands.simulate import simulate as simulate_command
from aurora_assets.agreements.file import read_agreement_file
from aurora_assets.recompute.plan import apply_plan, plan_recompute
from aurora_assets.recompute.simulation import SimulatedPeriod, simulate, to_draft
from aurora_resources.config.files import load_config
from aurora_resources.errors import AgreementError, PeriodError
from aurora_resources.units import floor_share
from tests.integration.pipeline.installation import CHAIN
from tests.integration.recompute.books import Booked

TO_DATE = {
    "mode": "MARGINAL",
    "scope": "QUARTER",
    "tiers": [{"upto": "0.05 SOL", "rate_bps": 4000}, {"rate_bps": 7000}],
}
Cells = dict[tuple[int, str, str | None], tuple[int | None, int]]


def written(booked: Booked, file: dict[str, Any]) -> Path:
    path = booked.pipeline.folder / "draft.yaml"
    path.write_text(yaml.safe_dump(file))
    return path


def simulated(booked: Booked, file: dict[str, Any]) -> list[SimulatedPeriod]:
    chains = {chain.chain_id: chain for chain in load_config(booked.pipeline.folder).chains}
    draft = to_draft(read_agreement_file(written(booked, file), chains), chains)
    return list(simulate(booked.run, booked.periods, draft))


def cells(periods: list[SimulatedPeriod]) -> Cells:
    return {
        (period.period_id, *row.cell): (row.simulated, row.booked)
        for period in periods
        for row in period.differences
    }


def booked_cells(booked: Booked) -> dict[tuple[int, str, str | None], int]:
    sums: dict[tuple[int, str, str | None], int] = {}
    for (period, partner, _, validator), amount in booked.amounts().items():
        place = (period, partner, validator)
        sums[place] = sums.get(place, 0) + amount
    return sums


def newcomer(**fields: Any) -> dict[str, Any]:
    """A draft of a partner nobody knows yet, from a day that has not come."""
    rule = {
        "id": "of-the-fees",
        "component": "EXEC_FEES",
        "method": "FIXED_SHARE",
        "chain": CHAIN,
        "rate_bps": 250,
    }
    agreement = {"id": "newcomer-first", "name": "First", "from": "2090-01-01", "rules": [rule | fields]}
    return {"partners": [{"code": "newcomer", "name": "Newcomer", "agreements": [agreement]}]}


def test_the_agreements_in_force_simulate_what_is_booked(booked: Booked) -> None:
    before = booked.content()
    found = cells(simulated(booked, booked.file))
    assert {place: amount for place, (amount, _) in found.items()} == booked_cells(booked)
    assert {place: amount for place, (_, amount) in found.items()} == booked_cells(booked)
    assert booked.content() == before


@pytest.mark.parametrize("terms", [{"rate_bps": 7500}, {"tiers": TO_DATE}], ids=["rate", "quarter"])
def test_a_draft_pays_what_it_would_pay_if_it_were_booked(booked: Booked, terms: dict[str, Any]) -> None:
    draft = booked.changed("half-the-commission", **terms)
    before, old = booked.content(), booked_cells(booked)
    found = cells(simulated(booked, draft))
    assert booked.content() == before
    assert {place: amount for place, (_, amount) in found.items()} == old
    booked.pipeline.load(draft)
    apply_plan(booked.run, plan_recompute(booked.run, booked.periods))
    assert {place: amount for place, (amount, _) in found.items()} == booked_cells(booked) != old


def test_a_draft_holds_whatever_its_status_and_dates(booked: Booked) -> None:
    found = cells(simulated(booked, newcomer()))
    mine = {place: amounts for place, amounts in found.items() if place[1] == "newcomer"}
    for period_id in booked.periods:
        pnl = booked.pipeline.pnl(period_id)
        parts = [mine[period_id, "newcomer", key][0] for key in pnl]
        # One rounding for the rule's total, then a split: the sum is exact.
        assert sum(part for part in parts if part is not None) == floor_share(
            sum(row["exec_fees"] for row in pnl.values()), 250
        )
    assert {was for _, was in mine.values()} == {0}
    others = {place: amounts for place, amounts in found.items() if place[1] != "newcomer"}
    assert all(would == was for would, was in others.values())


def test_an_end_can_be_simulated_too(booked: Booked) -> None:
    file = copy.deepcopy(booked.file)
    file["partners"][0]["agreements"][0]["status"] = "TERMINATED"
    found = cells(simulated(booked, file))
    assert {would for place, (would, _) in found.items() if place[1] == "northwind"} == {0}
    assert {place: was for place, (_, was) in found.items()} == booked_cells(booked)


def test_wallets_of_a_draft_count_as_introduced(booked: Booked) -> None:
    ((wallet,),) = booked.pipeline.query(
        "select withdrawer from canonical.stake_rewards where period_id = 803 and withdrawer not in "
        "(select wallet from registry.wallets) group by 1 order by sum(active_stake) desc limit 1"
    )
    file = newcomer(component="COMMISSION", method="CLIENT_REVENUE", rate_bps=10_000)
    file["partners"][0]["wallets"] = [{"chain": CHAIN, "wallet": wallet, "from": "2090-01-01"}]
    found = cells(simulated(booked, file))
    ((given,),) = booked.pipeline.query(
        "select sum(commission) from canonical.stake_rewards where period_id = 803 and withdrawer = %s",
        wallet,
    )
    mine = [amount for place, (amount, _) in found.items() if place[:2] == (803, "newcomer")]
    assert sum(amount for amount in mine if amount is not None) == given > 0


def test_over_claims_are_told_and_unknown_facts_leave_the_amount_unknown(booked: Booked) -> None:
    (first, *_) = simulated(booked, newcomer(rate_bps=10_000))
    assert "REVENUE_GUARD" in {finding.code.value for finding in first.findings}
    booked.pipeline.query(
        "update computation.validator_pnl set exec_fees = null, exec_fees_state = 'MISSING', "
        "total_revenue = null, completeness = 'INCOMPLETE' where period_id = 803 returning 1"
    )
    found = cells(simulated(booked, newcomer()))
    assert found[803, "newcomer", None] == (None, 0)
    assert found[804, "newcomer", next(iter(booked.pipeline.pnl(804)))][0] is not None


def stolen_wallet(file: dict[str, Any]) -> None:
    file["partners"][1]["wallets"] = copy.deepcopy(file["partners"][0]["wallets"])
    del file["partners"][0]


def stolen_agreement(file: dict[str, Any]) -> None:
    file["partners"][1]["agreements"][0]["id"] = "northwind-introduction"
    del file["partners"][0]


def twice(file: dict[str, Any]) -> None:
    file["partners"][0]["agreements"] *= 2


def floor_above_cap(file: dict[str, Any]) -> None:
    agreement = file["partners"][0]["agreements"][0]
    agreement["status"] = "DRAFT"
    agreement["rules"][0] |= {"floor": "2 SOL", "cap": "1 SOL"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (stolen_wallet, "is claimed by northwind; leave it out of the draft"),
        (stolen_agreement, "belongs to partner northwind; give the one of harbor another id"),
        (twice, "drafted twice under the same id"),
        (floor_above_cap, "its floor 2000000000 is above its cap 1000000000"),
    ],
)
def test_a_draft_that_could_not_be_put_in_force_is_refused(booked: Booked, change: Any, told: str) -> None:
    file = copy.deepcopy(booked.file)
    change(file)
    with pytest.raises(AgreementError, match=told):
        simulated(booked, file)


def test_the_command_shows_both_sides(booked: Booked, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(booked, newcomer())
    simulate_command(path, CHAIN, first=802, last=804, as_json=True)
    data = json.loads(capsys.readouterr().out)
    assert [period["period"] for period in data["periods"]] == [802, 803, 804]
    rows = [row for period in data["periods"] for row in period["amounts"]]
    for row in rows:
        assert int(row["simulated"]) - int(row["booked"]) == int(row["difference"])
    assert {row["partner"] for row in rows} == {"newcomer", "northwind", "harbor"}

    simulate_command(path, CHAIN, first=803, last=803, as_json=False)
    shown = capsys.readouterr().out
    assert "newcomer" in shown
    assert "Nothing was booked" in shown
    with pytest.raises(PeriodError, match="period 805 is not known"):
        simulate_command(path, CHAIN, first=804, last=805, as_json=False)
