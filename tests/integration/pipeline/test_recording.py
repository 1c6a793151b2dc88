"""Recordings: a backfill that is recorded and replayed, and one built from what Jito really answered."""

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.server.recording import Recording
from aurora_sandbox.serving import PATHS, SandboxServer, sandbox_app
from aurora_sandbox.solana.world import World
from tests.integration.pipeline.commands import sandbox_command
from tests.integration.pipeline.installation import CHECKOUT, Pipeline

Install = Callable[[str], Pipeline]

BOOKS = (
    "registry.periods",
    "canonical.validator_identities",
    "canonical.validator_fees",
    "canonical.validator_mev",
    "canonical.validator_rewards",
    "canonical.stake_rewards",
    "canonical.validator_meta",
    "canonical.findings",
    "computation.validator_pnl_current",
    "computation.partner_stake_current",
    "computation.commission_lines_current",
    "computation.commission_statements_current",
)
"""What is compared; the numbers the database itself gives to rows are left out."""


@pytest.fixture
def install(
    tmp_path: Path,
    database_server: EmbeddedServer,
    template_database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Install]:
    """Installations that ask the sandbox at an address, each with a warehouse and a folder of its own.

    The environment is that of the newest one.
    """
    with ExitStack() as stack:
        instance = stack.enter_context(dg.DagsterInstance.ephemeral())
        server = stack.enter_context(psycopg.connect(database_server.url("postgres"), autocommit=True))
        made: list[str] = []

        def make(base_url: str) -> Pipeline:
            name = f"recording_{os.getpid()}_{len(made)}"
            server.execute(f"create database {name} template {template_database}")
            stack.callback(server.execute, f"drop database {name} with (force)")
            made.append(name)
            folder = tmp_path / name
            folder.mkdir()
            warehouse = Warehouse(
                database_server.url(name), application="aurora test", server=database_server
            )
            monkeypatch.setenv("AURORA_CONFIG_DIR", str(folder))
            monkeypatch.setenv("AURORA_DATABASE_URL", warehouse.url)
            urls = {provider: base_url + path for provider, path in PATHS.items()}
            pipeline = Pipeline(folder, warehouse, urls, instance)
            pipeline.configure()
            return pipeline

        yield make


def books(pipeline: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the books, by table."""
    return {
        table: pipeline.query(
            "select to_jsonb(t) - '{generation_id,ingestion_id,computed_at,created_at}'::text[] "
            f"from {table} as t order by 1"
        )
        for table in BOOKS
    }


def evidence(pipeline: Pipeline) -> list[tuple[Any, ...]]:
    """What was asked and answered, byte by byte."""
    return pipeline.query(
        "select role, provider, request_digest, sha256, accepted, status from staging.payloads "
        "order by 1, 2, 3, 4, 5, 6"
    )


def test_a_replayed_backfill_makes_the_same_books(
    install: Install, small_world: World, tmp_path: Path
) -> None:
    recording = tmp_path / "recording"
    with SandboxServer(sandbox_app(small_world, record=recording)) as server:
        first = install(server.base_url)
        first.load(CHECKOUT / "partners.yaml")
        result = first.backfill(803, 803)
        assert result.succeeded, result.failures
    with SandboxServer(Recording.load(recording)) as server:
        second = install(server.base_url)
        second.load(CHECKOUT / "partners.yaml")
        result = second.backfill(803, 803)
        assert result.succeeded, result.failures
        recorded, replayed = books(first), books(second)
        assert replayed == recorded
        assert evidence(second) == evidence(first)
        assert len(recorded["computation.commission_lines_current"]) > 10
        check_that_what_was_not_recorded_is_named(second)
        assert books(second) == recorded


def check_that_what_was_not_recorded_is_named(replaying: Pipeline) -> None:
    result = replaying.backfill(804, 804)
    assert not result.succeeded
    (reason,) = result.failures.values()
    assert "period 804" in reason
    assert "rpc" in reason
    assert "getBlocksWithLimit" in reason
    assert "404" in reason
    assert "the recording has no exchange for this request" in reason
    assert replaying.pnl(804) == {}


# From here on: epoch 678 of mainnet. What Jito answered is recorded; the rest is made up in the same formats.

EPOCH = 678
SLOTS = 432_000
FIGMENT = "CcaHc2L43ZWjwCHART3oZoJvHLAe9hzT2DJNUpBzoTN1"
SECOND = "CvSb7wdQAFpHuSpTYTJnX5SYH4hCfQ9VuGnqrKaKwycB"
HELIUS = "he1iusunGwqrNtafDtLdhsUQDFvo13z9sUa36PauBtk"
OPERATOR_SHARE = {FIGMENT: 46_729_299_992, SECOND: 230_636_318_164, HELIUS: 0}
COMMISSION = {FIGMENT: 201_318_421_337, SECOND: 180_007_199_255_740_993, HELIUS: None}
FEES = {FIGMENT: 61_803_398_874, SECOND: 27_182_818_284, HELIUS: 9_007_199_254_740_993}
STAKE = {FIGMENT: 7_443_959_679_000_000, SECOND: 9_353_000_000_000_000, HELIUS: 13_821_000_000_000_001}
NOBODY = "1" * 32
FINALIZED = {"commitment": "finalized"}
OWN = "Ho3KUULvUS1iVyjp7m1iCNoFzTTVuutR9h5J5dBDVSmC"


def key(text: str) -> str:
    """A made-up key of 43 characters that says what it is for."""
    return (text.replace("0", "z").replace("l", "L") + "x" * 43)[:43]


def identity(vote_account: str) -> str:
    return key(f"node{vote_account[:8]}")


def rpc(method: str, params: Sequence[object], result: object) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "id": "as recorded", "method": method, "params": list(params)}
    answer = {"jsonrpc": "2.0", "result": result, "id": "as recorded"}
    return {"request": {"method": "POST", "path": "/", "json": asked}, "response": {"json": answer}}


def rest(method: str, path: str, answer: object, **asked: object) -> dict[str, Any]:
    """`asked` is the body of a POST, the query of a GET."""
    request: dict[str, object] = {"method": method, "path": path}
    request |= {"json" if method == "POST" else "query": asked}
    return {"request": request, "response": {"headers": {"server": "recorded"}, "json": answer}}


def period_exchanges() -> Iterator[dict[str, Any]]:
    """Epoch 678 as a node of epoch 680 tells it: two slots are skipped at the border."""
    first, after = EPOCH * SLOTS, (EPOCH + 1) * SLOTS
    yield rpc(
        "getEpochInfo",
        [FINALIZED],
        {
            "absoluteSlot": 680 * SLOTS + 9_000,
            "blockHeight": 272_000_000,
            "epoch": 680,
            "slotIndex": 9_000,
            "slotsInEpoch": SLOTS,
            "transactionCount": None,
        },
    )
    yield rpc(
        "getEpochSchedule",
        [],
        {
            "slotsPerEpoch": SLOTS,
            "leaderScheduleSlotOffset": SLOTS,
            "warmup": False,
            "firstNormalEpoch": 0,
            "firstNormalSlot": 0,
        },
    )
    yield rpc("getBlocksWithLimit", [first, 1, FINALIZED], [first])
    yield rpc("getBlocksWithLimit", [after, 1, FINALIZED], [after + 2])
    yield rpc("getBlockTime", [first], 1_728_000_000)
    yield rpc("getBlockTime", [after + 2], 1_728_180_000)
    accounts = [
        {
            "votePubkey": vote,
            "nodePubkey": identity(vote),
            "activatedStake": stake,
            "commission": 0 if vote == HELIUS else 7,
            "epochVoteAccount": True,
            "epochCredits": [[679, 300_000_000, 293_000_000], [680, 300_100_000, 300_000_000]],
            "lastVote": 680 * SLOTS + 8_990,
            "rootSlot": 680 * SLOTS + 8_950,
        }
        for vote, stake in STAKE.items()
    ]
    yield rpc("getVoteAccounts", [FINALIZED], {"current": accounts, "delinquent": []})


def claims(vote: str, tips: int) -> list[dict[str, Any]]:
    """The tree of one validator: its own claim, then two stakers'; three lamports of dust stay in it."""
    rest_of_it = tips - OPERATOR_SHARE[vote] - 3
    parts = [
        (vote, NOBODY, NOBODY, OPERATOR_SHARE[vote]),
        (key(f"own{vote[:6]}"), OWN, OWN, rest_of_it // 4),
        (key(f"big{vote[:6]}"), key("staker"), key("owner"), rest_of_it - rest_of_it // 4),
    ]
    return [
        {
            "claimant": claimant,
            "stake_authority": staker,
            "withdraw_authority": withdrawer,
            "validator_vote_account": vote,
            "epoch": EPOCH,
            "amount": amount,
            "claim_status_account": key("status"),
            "priority_fee_amount": None,
            "priority_fee_claim_status_account": None,
        }
        for claimant, staker, withdrawer, amount in parts
    ]


def jito_exchanges(recorded: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """`recorded` is Jito's own answer; the trees are made up so that they fit it."""
    tips = {row["vote_account"]: row["mev_revenue"] for row in recorded["rewards"]}
    base = "/api/v1"
    yield rest("GET", f"{base}/validator_rewards", recorded, epoch=EPOCH, limit=10_000, page=1)
    listed = [
        {
            "vote_account": vote,
            "mev_commission_bps": 0,
            "mev_rewards": tips[vote],
            "priority_fee_commission_bps": None,
            "priority_fee_rewards": None,
            "active_stake": stake,
            "running_jito": True,
        }
        for vote, stake in STAKE.items()
    ]
    yield rest("POST", f"{base}/validators", {"validators": listed}, epoch=EPOCH)
    network = {
        "epoch": EPOCH,
        "total_network_mev_lamports": sum(tips.values()),
        "jito_stake_weight_lamports": 305_973_432_518_536_409,
        "mev_reward_per_lamport": 7.16512622565213e-05,
    }
    yield rest("POST", f"{base}/mev_rewards", network, epoch=EPOCH)
    for vote in STAKE:
        rows = claims(vote, tips[vote])
        yield rest(
            "GET",
            f"{base}/staker_rewards",
            {"rewards": rows, "total_count": 712_345},
            epoch=EPOCH,
            validator_vote_account=vote,
            limit=10_000,
            page=1,
        )


def stake_rewards() -> dict[str, int]:
    """Made-up rewards of the stakers in the trees, some beyond 2^53."""
    accounts = [key(f"{kind}{vote[:6]}") for vote in STAKE for kind in ("own", "big")]
    return {account: 9_007_199_254_740_993 + 7 * number for number, account in enumerate(accounts)}


def other_exchanges() -> Iterator[dict[str, Any]]:
    """Solana Beach's fees, the node's inflation rewards, Stakewiz' descriptions."""
    for vote, fees in FEES.items():
        history = [{"epoch": 679, "blocks": 9, "fees": 1}, {"epoch": EPOCH, "blocks": 1_204, "fees": fees}]
        path = f"/v2/validator/{identity(vote)}/block-rewards-history"
        yield rest("GET", path, {"history": history}, offset=0, limit=1_000)
    paid = {**COMMISSION, **dict(sorted(stake_rewards().items()))}
    rows = [
        None
        if amount is None
        else {
            "amount": amount,
            "commission": 7,
            "effectiveSlot": 679 * SLOTS + 2,
            "epoch": EPOCH,
            "postBalance": amount + 1,
        }
        for amount in paid.values()
    ]
    yield rpc("getInflationReward", [list(paid), {**FINALIZED, "epoch": EPOCH}], rows)
    described = [
        {
            "vote_identity": vote,
            "identity": identity(vote),
            "name": vote[:8],
            "commission": 7,
            "skip_rate": 0.1,
        }
        for vote in STAKE
    ]
    yield rest("GET", "/validators", described)


@pytest.fixture
def recording_678(shared_data: Path, tmp_path: Path) -> Path:
    """A recording around Jito's real answers about epoch 678; they were given in two pages of two rows."""
    pages = []
    for name in ("jito_validator_rewards_epoch678_b.json", "jito_validator_rewards_epoch678.json"):
        path = shared_data / "solana" / name
        if not path.is_file():
            pytest.skip(f"no recorded answer at {path}")
        pages.append(json.loads(path.read_text()))
    recorded = {"rewards": [row for page in pages for row in page["rewards"]], "total_count": 1_083}
    exchanges = [*period_exchanges(), *jito_exchanges(recorded), *other_exchanges()]
    folder = tmp_path / "epoch678"
    folder.mkdir()
    (folder / "exchanges.jsonl").write_text("".join(json.dumps(line) + "\n" for line in exchanges))
    return folder


def test_the_recorded_tips_of_epoch_678_are_divided_to_the_lamport(
    install: Install, recording_678: Path
) -> None:
    with sandbox_command("--recording", str(recording_678)) as base_url:
        pipeline = install(base_url)
        entries = [{"key": vote, "own_wallets": [OWN]} for vote in STAKE]
        pipeline.configure(validators=entries, reconcile=False)
        result = pipeline.backfill(EPOCH, EPOCH)
        assert result.succeeded, result.failures
    booked = pipeline.pnl(EPOCH)
    assert {vote: row["mev_tips"] for vote, row in booked.items()} == OPERATOR_SHARE
    assert {row["mev_tips_state"] for row in booked.values()} == {"FINAL"}
    assert {vote: row["exec_fees"] for vote, row in booked.items()} == FEES
    assert {vote: row["commission"] for vote, row in booked.items()} == COMMISSION | {HELIUS: 0}
    rewards = stake_rewards()
    assert {vote: row["vote_rewards"] for vote, row in booked.items()} == {
        vote: rewards[key(f"own{vote[:6]}")] for vote in STAKE
    }
    for row in booked.values():
        parts = ("exec_fees", "mev_tips", "vote_rewards", "commission")
        assert row["total_revenue"] == sum(row[part] for part in parts)
    # The older answer does not say what was shared of the fees; the newer one says: nothing.
    assert {vote: row["completeness"] for vote, row in booked.items()} == {
        FIGMENT: "PROVISIONAL",
        SECOND: "COMPLETE",
        HELIUS: "COMPLETE",
    }
    findings = pipeline.findings(EPOCH)
    assert sorted({code for code, _ in findings}) == ["DRIFT", "FEES_SHARED_UNKNOWN"]
    (drift,) = [text for code, text in findings if code == "DRIFT"]
    assert "lists 1083 validators, 4 were received" in drift
