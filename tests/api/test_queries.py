"""Every query answers what the warehouse holds, exactly, and unknown is null."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from aurora_api.schema.node import node_id
from aurora_resources.units import parse_amount

if TYPE_CHECKING:
    from aurora_resources.warehouse.connection import Warehouse
    from tests.api.conftest import Service

BIG = 2**255 + 12345
CHAIN = "alpha-main"
MONEY = "{ amount unit decimals displayUnit display }"


def _nodes(connection: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]


def test_chains(service: Service) -> None:
    chains = service.ask(
        "{ chains { id chainId name protocol periodType nativeUnit nativeDecimals displayUnit finalityLag"
        " finalityLagUnit latestPeriodId } }"
    )["chains"]
    assert [chain["chainId"] for chain in chains] == ["alpha-main", "beta-main"]
    assert chains[0] == {
        "id": node_id("Chain", "alpha-main"),
        "chainId": "alpha-main",
        "name": "Alpha",
        "protocol": "test",
        "periodType": "EPOCH",
        "nativeUnit": "alphons",
        "nativeDecimals": 9,
        "displayUnit": "ALP",
        "finalityLag": 2,
        "finalityLagUnit": "periods",
        "latestPeriodId": 106,
    }
    assert chains[1]["latestPeriodId"] is None


def test_periods_newest_first_with_slots_beyond_32_bits(service: Service) -> None:
    query = """query($from: Ordinal, $to: Ordinal) { periods(chainId: "alpha-main", fromPeriod: $from,
        toPeriod: $to) { edges { node { id periodId label firstSlot lastSlot startsAt endsAt pnlComputedAt
        commissionsComputedAt } } } }"""
    nodes = _nodes(service.ask(query)["periods"])
    assert [node["periodId"] for node in nodes] == [106, 105, 104, 103, 102, 101, 100]
    last = nodes[-1]
    assert (last["firstSlot"], last["lastSlot"]) == (100 * 10**9, 101 * 10**9 - 1)
    assert (last["startsAt"], last["endsAt"]) == ("2025-12-31T22:00:00+00:00", "2026-01-02T22:00:00+00:00")
    assert last["pnlComputedAt"]
    assert last["commissionsComputedAt"] is None
    within = _nodes(service.ask(query, **{"from": 101, "to": 102})["periods"])
    assert [node["periodId"] for node in within] == [102, 101]
    empty = service.ask(
        '{ periods(chainId: "beta-main") { edges { cursor } pageInfo { hasNextPage endCursor } } }'
    )
    assert empty["periods"] == {"edges": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


PNL = f"""query($keys: [String!], $completeness: [Completeness!]) {{ validatorPnl(chainId: "alpha-main",
    fromPeriod: 104, toPeriod: 105, validatorKeys: $keys, completeness: $completeness) {{ edges {{ node {{
    periodId validatorKey validatorName execFees {MONEY} execFeesState mevTips {MONEY} mevTipsState
    voteRewards {MONEY} voteRewardsState commission {MONEY} commissionState totalRevenue {MONEY}
    costs {MONEY} netIncome {MONEY} completeness }} }} }} }}"""


def test_amounts_of_any_size_arrive_unchanged(service: Service) -> None:
    anna = _nodes(service.ask(PNL, keys=["val-a"])["validatorPnl"])[0]
    assert anna["execFees"] == {
        "amount": str(BIG),
        "unit": "alphons",
        "decimals": 9,
        "displayUnit": "ALP",
        "display": f"{BIG // 10**9}.{BIG % 10**9:09d}",
    }
    assert parse_amount(anna["execFees"]["display"], 9) == BIG
    assert anna["mevTips"]["amount"] == "9007199254740993"
    assert anna["mevTips"]["display"] == "9007199.254740993"
    assert (anna["voteRewards"]["amount"], anna["voteRewards"]["display"]) == ("-5", "-0.000000005")
    assert anna["totalRevenue"]["amount"] == str(BIG + 9007199254740993 - 5)
    assert (anna["validatorName"], anna["completeness"], anna["execFeesState"]) == (
        "Anna",
        "COMPLETE",
        "FINAL",
    )


def test_unknown_is_null_and_zero_is_zero(service: Service) -> None:
    missing = _nodes(service.ask(PNL, keys=["val-b"])["validatorPnl"])[0]
    assert (missing["execFees"], missing["execFeesState"]) == (None, "MISSING")
    assert (missing["totalRevenue"], missing["completeness"]) == (None, "INCOMPLETE")
    assert (missing["costs"], missing["netIncome"]) == (None, None)
    assert (missing["commission"]["amount"], missing["commissionState"]) == ("0", "FINAL")


def test_pnl_is_the_one_in_force_and_filters_narrow_it(service: Service) -> None:
    places = [(node["periodId"], node["validatorKey"]) for node in _nodes(service.ask(PNL)["validatorPnl"])]
    assert places == [(period, key) for period in (104, 105) for key in ("val-a", "val-b", "val-c")]
    incomplete = _nodes(service.ask(PNL, completeness=["INCOMPLETE", "PROVISIONAL"])["validatorPnl"])
    assert {node["validatorKey"] for node in incomplete} == {"val-b"}
    assert _nodes(service.ask(PNL, keys=[])["validatorPnl"]) == []
    assert _nodes(service.ask(PNL, keys=["nobody"])["validatorPnl"]) == []


def test_a_name_told_by_a_provider_is_shown_where_none_is_configured(
    own_service: Service, warehouse: Warehouse
) -> None:
    with warehouse.transaction() as session:
        session.execute("insert into registry.providers values ('told', true)")
        session.execute(
            "insert into staging.ingestions (chain_id, period_id, role, state, is_current, content_digest,"
            " payload_count, head_period, run_id)"
            " values ('alpha-main', 104, 'meta', 'SETTLED', true, sha256('x'), 0, 106, 'test')"
        )
        session.execute(
            "insert into canonical.validator_meta"
            " select 'alpha-main', 104, key, 'Told', null, null, null, null, null, 'told', ingestion_id"
            " from staging.ingestions, unnest(array['val-a', 'val-b']) as key"
        )
    names = [
        (node["periodId"], node["validatorName"]) for node in _nodes(own_service.ask(PNL)["validatorPnl"])
    ]
    assert names == [(104, "Anna"), (104, "Told"), (104, "Carl"), (105, "Anna"), (105, None), (105, "Carl")]


LINE = f"""id periodId partnerCode partnerName agreementId agreementVersion ruleId validatorKey validatorName
    component method base {MONEY} claimed {MONEY} amount {MONEY} state scaled allocated engineVersion
    computation {{ base {MONEY} losses {MONEY} lossOffset {MONEY} netBase {MONEY} baseBefore {MONEY}
    stake {MONEY} rateBps slices {{ money {MONEY} rateBps }} earned {MONEY} floorApplied capApplied
    floor {MONEY} cap {MONEY} guarantee lossPolicy tierMode tierMetric tierScope }}"""
LINES = f"""query($partner: String, $keys: [String!], $components: [Component!], $from: Ordinal) {{
    commissionLines(chainId: "alpha-main", partnerCode: $partner, validatorKeys: $keys,
    components: $components, fromPeriod: $from) {{ edges {{ node {{ {LINE} }} }} }} }}"""


def test_commission_lines_with_the_way_to_their_amount(service: Service) -> None:
    nodes = _nodes(service.ask(LINES, partner="north", **{"from": 105})["commissionLines"])
    assert [(node["ruleId"], node["validatorKey"]) for node in nodes] == [
        (rule, key) for rule in ("rule-1", "rule-2") for key in (None, "val-a", "val-b")
    ]
    line = nodes[1]
    assert (line["validatorName"], line["partnerName"], line["agreementVersion"]) == ("Anna", "North", 1)
    assert (line["component"], line["method"], line["state"]) == ("EXEC_FEES", "FIXED_SHARE", "PROVISIONAL")
    assert (line["base"]["amount"], line["amount"]["amount"]) == ("-3", str(10**18 + 1))
    assert (line["scaled"], line["allocated"]) == (False, True)
    trace = line["computation"]
    assert (trace["base"]["amount"], trace["netBase"]["amount"]) == (str(BIG), str(BIG - 7))
    assert (trace["stake"], trace["rateBps"], trace["floor"]) == (None, None, None)
    assert [(part["money"]["amount"], part["rateBps"]) for part in trace["slices"]] == [
        ("9007199254740993", 1000),
        ("5", 2000),
    ]
    assert (trace["cap"]["amount"], trace["capApplied"], trace["floorApplied"]) == ("123456789", True, False)
    assert (trace["tierMode"], trace["tierMetric"], trace["tierScope"]) == ("MARGINAL", "REVENUE", "QUARTER")


def test_commission_lines_of_all_partners_and_narrowed(service: Service) -> None:
    everyone = _nodes(service.ask(LINES)["commissionLines"])
    assert len({node["id"] for node in everyone}) == len(everyone) == 24
    assert [node["partnerCode"] for node in everyone[:12]] == ["north"] * 6 + ["south"] * 6
    assert {node["amount"]["amount"] for node in everyone} == {str(10**18 + 1)}
    some = _nodes(service.ask(LINES, keys=["val-b"], components=["MEV_TIPS"])["commissionLines"])
    assert {(node["validatorKey"], node["component"]) for node in some} == {("val-b", "MEV_TIPS")}
    assert len(some) == 4


STATEMENT = f"""query($partner: String!, $period: Ordinal!, $after: String) {{
    periodStatement(partnerCode: $partner, chainId: "alpha-main", periodId: $period) {{
    id partnerCode partnerName period {{ label endsAt }} billingMonth status total {MONEY}
    lineCount releasable
    lines {{ edges {{ node {{ {LINE} }} }} }}
    findings(first: 2, after: $after) {{
        edges {{ node {{ message wholePeriod validatorKey validatorName component blocksRelease }} }}
        pageInfo {{ hasNextPage endCursor }} }} }} }}"""


def test_a_statement_is_the_sum_of_its_lines(service: Service) -> None:
    statement = service.ask(STATEMENT, partner="north", period=105)["periodStatement"]
    lines = _nodes(statement["lines"])
    assert len(lines) == statement["lineCount"] == 6
    assert sum(int(line["amount"]["amount"]) for line in lines) == int(statement["total"]["amount"])
    assert {line["partnerCode"] for line in lines} == {"north"}
    assert (statement["status"], statement["releasable"]) == ("DRAFT", False)
    assert (statement["billingMonth"], statement["period"]["label"]) == ("2026-01-01", "Epoch 105")


def test_a_statement_tells_its_own_findings_and_those_of_the_period(service: Service) -> None:
    first = service.ask(STATEMENT, partner="north", period=105)["periodStatement"]["findings"]
    assert [(node["message"], node["wholePeriod"]) for node in _nodes(first)] == [
        ("finding 0", False),
        ("finding 2", True),
    ]
    after = first["pageInfo"]["endCursor"]
    rest = service.ask(STATEMENT, partner="north", period=105, after=after)["periodStatement"]["findings"]
    assert [node["message"] for node in _nodes(rest)] == ["finding 3"]
    assert _nodes(rest)[0]["validatorName"] == "Anna"
    assert not rest["pageInfo"]["hasNextPage"]


def test_no_statement_yet_is_null(service: Service) -> None:
    assert service.ask(STATEMENT, partner="north", period=100)["periodStatement"] is None


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ('{ periods(chainId: "gamma") { edges { cursor } } }', "gamma"),
        ('{ validatorPnl(chainId: "gamma") { edges { cursor } } }', "gamma"),
        ('{ commissionLines(chainId: "gamma") { edges { cursor } } }', "gamma"),
        ('{ periodStatement(chainId: "gamma", partnerCode: "north", periodId: 105) { id } }', "gamma"),
        ('{ commissionLines(chainId: "alpha-main", partnerCode: "west") { edges { cursor } } }', "west"),
        ('{ periodStatement(chainId: "alpha-main", partnerCode: "west", periodId: 105) { id } }', "west"),
        ('{ periodStatement(chainId: "alpha-main", partnerCode: "north", periodId: 99) { id } }', "99"),
    ],
)
def test_what_is_not_there_is_named(service: Service, query: str, told: str) -> None:
    error = service.refusal(query)
    assert error["extensions"]["code"] == "NOT_FOUND"
    assert told in error["message"]


def test_one_failing_question_leaves_the_others_answered(service: Service) -> None:
    body = service.post('{ chains { chainId } periods(chainId: "gamma") { edges { cursor } } }').json()
    assert len(body["data"]["chains"]) == 2
    assert body["data"]["periods"] is None
    assert body["errors"][0]["path"] == ["periods"]
