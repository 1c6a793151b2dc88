"""Changed terms make exactly the affected periods stale, and automation computes them again."""

from dagster._core.definitions.data_version import StaleStatus

from aurora_assets.statements.override_store import override_line
from tests.integration.pipeline.installation import CHAIN
from tests.integration.staleness.automation import Automation, agreements, periods
from tests.integration.statements.office import FEBRUARY, JANUARY, totals

RULE = "half-the-commission"
# 802 begins on 20 January and ends in it; 803 begins in January, too, and ends in February.
FROM_803 = "2026-01-25"
GENERATIONS = (
    "select generation_id, period_id, is_current, content_digest from computation.generations order by 1"
)
TERMS = "select period_id, terms_digest from computation.generations where is_current order by 1, 2"


def test_nothing_changed_asks_for_nothing_and_writes_nothing(automation: Automation) -> None:
    pipeline = automation.office.pipeline
    before = pipeline.query("select xmin::text, * from computation.generations order by generation_id")
    assert automation.settle() == []
    automation.office.rebook(*range(800, 806))
    assert (
        pipeline.query("select xmin::text, * from computation.generations order by generation_id") == before
    )


def test_a_new_version_runs_the_periods_it_holds_for_once(automation: Automation) -> None:
    office = automation.office
    before = {period: office.lines(period) for period in range(800, 806)}
    office.pipeline.load(agreements(FROM_803, 2500))
    requests = automation.tick()
    assert periods(requests) == [803, 804, 805]
    assert {request.job_name for request in requests} == {"solana_mainnet_recompute"}
    assert automation.tick() == [], "a change is requested once, while its run waits"
    automation.run(requests)
    assert automation.tick() == []
    for period in range(800, 803):
        assert office.lines(period) == before[period]
    assert [
        version
        for (version,) in office.pipeline.query(
            "select distinct version from computation.commission_lines_current "
            "where agreement_id = 'northwind-introduction' and period_id > 802"
        )
    ] == [2]


def test_the_graph_shows_the_affected_periods_stale_until_they_ran(automation: Automation) -> None:
    office = automation.office
    office.pipeline.load(agreements("2025-12-01", 2500))
    assert automation.settle() == list(range(800, 806))
    assert {automation.lines_status(period) for period in range(800, 806)} == {StaleStatus.FRESH}
    versions = {period: automation.terms_version(period) for period in range(800, 806)}
    automation.tick()
    assert {period: automation.terms_version(period) for period in versions} == versions
    office.pipeline.load(agreements(FROM_803, 3000))
    requests = automation.tick()
    stale = {period for period in versions if automation.lines_status(period) is StaleStatus.STALE}
    assert stale == {803, 804, 805}
    assert {period for period in versions if automation.terms_version(period) != versions[period]} == stale
    automation.run(requests)
    assert {automation.lines_status(period) for period in versions} == {StaleStatus.FRESH}


def test_a_wallet_without_stake_changes_no_row_and_nothing_stays_stale(automation: Automation) -> None:
    pipeline = automation.office.pipeline
    file = agreements("2020-01-01", 5000)
    del file["partners"][0]["agreements"][0]["reason"]
    wallet = {"chain": CHAIN, "wallet": "So11111111111111111111111111111111111111112", "from": FROM_803}
    file["partners"][1]["wallets"].append(wallet)
    before = pipeline.query(GENERATIONS)
    pipeline.load(file)
    assert automation.settle() == [803, 804, 805]
    assert pipeline.query(GENERATIONS) == before


def test_terms_that_come_back_are_a_change_each_time(automation: Automation) -> None:
    office = automation.office
    for status in ("SUSPENDED", "ACTIVE", "SUSPENDED"):
        office.sql("update registry.agreements set status = %s where agreement_id like 'harbor%%'", status)
        assert periods(automation.tick()) == list(range(800, 806))
        office.rebook(*range(800, 806))
        assert automation.tick() == []
        assert bool(office.lines(803, partner="harbor")) is (status == "ACTIVE")
    assert len(set(automation.run_keys)) == len(automation.run_keys)


def test_what_an_earlier_period_leaves_to_the_next_is_part_of_its_terms(automation: Automation) -> None:
    office = automation.office
    file = agreements("2025-12-01", 2500)
    rule = file["partners"][0]["agreements"][0]["rules"][0]
    del rule["rate_bps"]
    rule["tiers"] = {
        "mode": "MARGINAL",
        "metric": "REVENUE",
        "scope": "YEAR",
        "tiers": [{"upto": "1 SOL", "rate_bps": 1000}, {"rate_bps": 5000}],
    }
    office.pipeline.load(file)
    automation.settle()
    # Only 801 is booked again; each later period builds on the one before it.
    office.restate_commission(801, -100_000_000)
    assert automation.settle() == [802, 803, 804, 805]
    settled = office.pipeline.query(TERMS)
    office.rebook(*range(800, 806))
    assert office.pipeline.query(TERMS) == settled


def test_released_periods_are_corrected_not_changed(automation: Automation) -> None:
    office = automation.office
    released = office.release()
    stated = office.owed(800, 801, 802)
    office.pipeline.load(agreements("2025-12-01", 2500))
    assert automation.settle() == list(range(800, 806))
    assert office.view(JANUARY).content == released.content
    difference = office.owed(800, 801, 802) - stated
    assert difference < 0
    assert sum(amount for _, amount, _ in office.true_ups()) == difference
    assert totals(office.view(FEBRUARY))["true_ups"] == difference


def test_an_override_turns_stale_with_the_line_it_is_on(automation: Automation) -> None:
    office = automation.office
    line_id, computed = office.line(RULE, 804)
    with office.pipeline.warehouse.transaction() as connection:
        override_line(connection, office.config.chains, line_id, 5, reason="agreed", by="Ada")
    assert automation.tick() == [], "an override changes no computed amount"
    office.sql("update registry.agreements set status = 'SUSPENDED' where agreement_id like 'northwind%%'")
    automation.settle()
    (blocker,) = office.view(FEBRUARY).blockers
    assert blocker.startswith(
        f"line {line_id} of period 804: the override to 5 was made when it was computed"
    )
    assert str(computed) in blocker
