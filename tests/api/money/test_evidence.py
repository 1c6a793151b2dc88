"""From a number down to its responses: facts, the way of a line, what disagrees, what has an id."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from tests.api.money.conftest import Bureau

SOURCES = "sources(first: 3) { sha256 provider endpoint fetchedAt sizeBytes role }"
FACTS = f"""query($key: String!, $after: String) {{ canonicalFacts(chainId: "solana-mainnet", fromPeriod: 801,
    toPeriod: 802, validatorKeys: [$key], first: 1, after: $after) {{ edges {{ node {{ id periodId
    validatorKey fees {{ state operatorShare {{ amount }} producedBlocks {SOURCES} }}
    mev {{ state operatorShare {{ amount }} commissionBps {SOURCES} }}
    rewards {{ state commission {{ amount }} stakerCount {SOURCES} }} }} }}
    pageInfo {{ hasNextPage endCursor }} }} }}"""
WAY = f"""query($id: ID!) {{ explainLine(id: $id) {{ holds line {{ id lineId amount {{ amount }}
    computation {{ rateBps }} }} steps {{ what formula amount {{ amount }} booked {{ amount }} holds }}
    pnl {{ periodId commission {{ amount }} }} pnlSuperseded facts {{ id rewards {{ {SOURCES} }} }}
    walletCount wallets(first: 2) {{ wallet partOfBase {{ amount }} }} stakeAccountCount
    stakeAccounts(first: 2) {{ stakeAccount activeStake {{ amount }} }}
    sources {{ role state inForce payloadCount payloads(first: 2) {{ sha256 provider request }} }} }} }}"""


def test_facts_tell_the_responses_they_are_from(bureau: Bureau) -> None:
    key = bureau.office.validator
    first = bureau.as_user("auditor").ask(FACTS, key=key)["canonicalFacts"]
    (node,) = [edge["node"] for edge in first["edges"]]
    assert (node["periodId"], node["validatorKey"]) == (801, key)
    for kind in ("fees", "mev", "rewards"):
        assert node[kind]["state"] == "FINAL"
        for source in node[kind]["sources"]:
            ((body, provider),) = bureau.office.pipeline.query(
                "select body, provider from staging.payloads where encode(sha256, 'hex') = %s limit 1",
                source["sha256"],
            )
            assert hashlib.sha256(body).hexdigest() == source["sha256"]
            assert (len(body), provider) == (source["sizeBytes"], source["provider"])
    assert first["pageInfo"]["hasNextPage"]
    rest = bureau.as_user("auditor").ask(FACTS, key=key, after=first["pageInfo"]["endCursor"])
    assert [edge["node"]["periodId"] for edge in rest["canonicalFacts"]["edges"]] == [802]
    assert bureau.as_user("north").code(FACTS, key=key) == "FORBIDDEN"


def test_the_way_of_a_line_holds_step_by_step(bureau: Bureau) -> None:
    line_id, amount = bureau.office.line("half-the-commission", 801)
    way = bureau.as_user("finance").ask(WAY, id=str(line_id))["explainLine"]
    assert (way["line"]["lineId"], way["line"]["amount"]["amount"]) == (str(line_id), str(amount))
    assert way["holds"]
    assert all(step["holds"] for step in way["steps"])
    assert way["steps"][-1]["amount"]["amount"] == str(amount)
    assert (way["pnl"]["periodId"], way["pnlSuperseded"]) == (801, False)
    assert way["sources"]
    assert all(source["payloadCount"] >= len(source["payloads"]) > 0 for source in way["sources"])
    assert way == bureau.as_user("finance").ask(WAY, id=way["line"]["id"])["explainLine"]
    assert bureau.as_user("finance").ask(WAY, id=str(UUID(int=7)))["explainLine"] is None
    assert bureau.as_user("north").code(WAY, id=str(line_id)) == "FORBIDDEN"


def test_a_recomputed_p_and_l_shows_a_line_as_superseded(bureau: Bureau) -> None:
    line_id, _ = bureau.office.line("half-the-commission", 801)
    bureau.office.sql(
        "update canonical.validator_rewards set commission = commission + 7"
        " where period_id = 801 and validator_key = %s",
        bureau.office.validator,
    )
    bureau.office.book_pnl_alone(801)
    way = bureau.as_user("finance").ask(WAY, id=str(line_id))["explainLine"]
    assert way["pnlSuperseded"]


def test_what_disagrees_in_a_period_is_named(bureau: Bureau) -> None:
    query = """query($period: Ordinal!, $codes: [String!]) { reconciliation(chainId: "solana-mainnet",
        periodId: $period) { period { label } checks { name table looksFor blocking passed offendingRows
        sample } factFindings(codes: $codes) { edges { node { code message } } }
        computationFindings { edges { node { code partnerCode blocksRelease } } }
        ingestions { role state payloadCount contentDigest findings } } }"""
    clean = bureau.as_user("ops").ask(query, period=801)["reconciliation"]
    assert {check["name"] for check in clean["checks"]} >= {"pnl_equals_facts", "statements_sum_lines"}
    assert [check["name"] for check in clean["checks"] if check["blocking"] and not check["passed"]] == []
    assert {one["role"] for one in clean["ingestions"]} >= {"fees", "mev", "rewards"}
    bureau.office.sql(
        "update canonical.validator_mev set gross = gross + 1, operator_share = operator_share + 1"
        " where period_id = 801 and validator_key = %s",
        bureau.office.validator,
    )
    bureau.office.sql(
        "insert into canonical.findings (chain_id, period_id, dataset, position, code, message)"
        " values ('solana-mainnet', 801, 'validator_mev', 1000, 'DRIFT', 'two providers differ')"
    )
    told = bureau.as_user("auditor").ask(query, period=801, codes=["DRIFT"])["reconciliation"]
    (broken,) = [check for check in told["checks"] if check["name"] == "pnl_equals_facts"]
    assert (broken["passed"], broken["offendingRows"], broken["blocking"]) == (False, 1, True)
    assert broken["sample"] == [bureau.office.validator]
    drifts = [edge["node"] for edge in told["factFindings"]["edges"]]
    assert {"code": "DRIFT", "message": "two providers differ"} in drifts
    assert {drift["code"] for drift in drifts} == {"DRIFT"}
    assert bureau.as_user("north").code(query, period=801) == "FORBIDDEN"


def test_every_id_finds_its_object_again_and_no_other(bureau: Bureau) -> None:
    finance = bureau.as_user("finance")
    found = finance.ask(
        """{ chains { id } periods(chainId: "solana-mainnet", first: 1) { edges { node { id } } }
        validatorPnl(chainId: "solana-mainnet", first: 1) { edges { node { id } } }
        commissionLines(chainId: "solana-mainnet", partnerCode: "harbor", first: 1) { edges { node { id } } }
        canonicalFacts(chainId: "solana-mainnet", first: 1) { edges { node { id } } }
        periodStatement(partnerCode: "harbor", chainId: "solana-mainnet", periodId: 801) { id }
        statements(partnerCode: "harbor", first: 1) { edges { node { id } } } }"""
    )
    ids = {
        "Chain": found["chains"][0]["id"],
        "PeriodStatement": found["periodStatement"]["id"],
        **{
            kind: found[name]["edges"][0]["node"]["id"]
            for kind, name in (
                ("Period", "periods"),
                ("ValidatorPnl", "validatorPnl"),
                ("CommissionLine", "commissionLines"),
                ("CanonicalFacts", "canonicalFacts"),
                ("Statement", "statements"),
            )
        },
    }
    query = "query($id: ID!) { node(id: $id) { __typename id } }"
    north, south = bureau.as_user("north"), bureau.as_user("south")
    for kind, given in ids.items():
        assert finance.ask(query, id=given)["node"] == {"__typename": kind, "id": given}
        # The other partner's things, and what partners have no right to, are not there for it.
        mine = {"__typename": kind, "id": given} if kind in {"Chain", "Period"} else None
        assert north.ask(query, id=given)["node"] == mine, kind
    own = {"__typename": "CommissionLine", "id": ids["CommissionLine"]}
    assert south.ask(query, id=ids["CommissionLine"])["node"] == own
    for wrong in ("", "x", "WyJDaGFpbiJd", ids["Chain"] + "=", ids["Chain"][:-4], "%00", "W10", "é" * 20):
        assert finance.ask(query, id=wrong)["node"] is None, wrong


def test_how_far_behind_ingestion_is(bureau: Bureau) -> None:
    query = "{ ingestionHealth { chainId status latestPeriod expectedPeriod lagPeriods problem } }"
    of_chain = {row["chainId"]: row for row in bureau.as_user("auditor").ask(query)["ingestionHealth"]}
    assert of_chain["ethereum-mainnet"]["latestPeriod"] is None  # nobody has asked that chain yet
    health = of_chain["solana-mainnet"]
    assert health["latestPeriod"] == 805
    assert health["status"] in {"HEALTHY", "DEGRADED", "UNHEALTHY"}
    assert (health["status"] == "HEALTHY") == (health["problem"] is None)
    assert bureau.as_user("north").code(query) == "FORBIDDEN"
    elsewhere = '{ ingestionHealth(chainId: "elsewhere") { status } }'
    assert bureau.as_user("ops").code(elsewhere) == "NOT_FOUND"
