"""What a user sees of every fault the sandbox can make, and that nothing of it remains once it is gone.

Most cases call the graph's steps directly (`steps.py`); the last ones go through Dagster.
"""

import copy
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

import dagster as dg
import httpx
import pytest
import yaml

from aurora_resources.postgres.server import EmbeddedServer
from aurora_resources.warehouse.connection import Warehouse
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.providers import FAULTS
from aurora_sandbox.server.faults import Kind
from aurora_sandbox.serving import SandboxServer, sandbox_app
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.generate import generate_world
from aurora_sandbox.solana.world import Validator
from tests.integration.pipeline.books import COMPONENTS, Books, assert_honest, books
from tests.integration.pipeline.installation import CHAIN, Pipeline, faults
from tests.integration.pipeline.steps import work_through
from tests.integration.pipeline.warehouses import another_warehouse

EPOCH: Final = 801
PROVIDERS: Final = ("rpc", "jito", "solanabeach", "stakewiz")
WORLD: Final = generate_world(WorldSpec(validators=8, stakers=24, epochs=4, slots_per_epoch=64))
FIRST, SECOND = WORLD.epochs[1].validators[1], WORLD.epochs[1].validators[4]
"""Two validators with few blocks that earned something of every component."""

Plan = tuple[str | dict[str, Any], ...]


@dataclass(frozen=True)
class Sees:
    """What a user sees while a fault lasts.

    `failed` is the step that fails; its message names provider, endpoint and period, and has every text of
    `saying`. Without it the period is booked: `states` are the components of FIRST that are not final,
    `codes` the findings, whose messages together have every text of `saying`. With `refresh` the period is
    complete all the same, so that only asking everything again brings what the fault took away.
    """

    failed: str | None = None
    names: tuple[str, str] | None = None
    saying: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    states: dict[str, str] = field(default_factory=dict)
    refresh: bool = False


def fails(step: str, provider: str, endpoint: str, *saying: str) -> Sees:
    return Sees(failed=step, names=(provider, endpoint), saying=saying)


def fees_of(validator: Validator) -> int:
    """The fees of its blocks, in lamports, which the generated world always has."""
    assert validator.block_fees is not None
    return validator.block_fees


def booked(
    *codes: str,
    saying: tuple[str, ...] = (),
    refresh: bool = False,
    states: Mapping[str, str] = MappingProxyType({}),
) -> Sees:
    return Sees(codes=frozenset(codes), saying=saying, states=dict(states), refresh=refresh)


TROUBLE: Final = "2 attempts"
SHAPE: Final = "is kept in staging"
NO_TIPS: Final = {"exec_fees": "PROVISIONAL", "mev_tips": "MISSING", "vote_rewards": "MISSING"}
NO_REWARDS: Final = {"vote_rewards": "MISSING", "commission": "MISSING"}
HISTORY: Final = "configure a node with an archive"


def of_one(kind: str, **options: object) -> Callable[[str], Plan]:
    """The fault of a kind at the place that a text `PROVIDER[/ENDPOINT]` names."""

    def at(where: str) -> Plan:
        provider, _, endpoint = where.partition("/")
        return ({"provider": provider, "endpoint": endpoint or "*", "kind": kind, **options},)

    return at


def rpc_error(where: str, code: int, message: str) -> Plan:
    return of_one("rpc_error", code=code, message=message)(where)


# Faults that the client outlasts: it asks again, three times in all.
OUTLASTED: Final[dict[str, dict[str, Any]]] = {
    "rate_limited": {"kind": "rate_limited"},
    "http_500": {"kind": "http_500"},
    "http_503": {"kind": "http_503"},
    "empty_500": {"kind": "empty_500"},
    "cut_off": {"kind": "cut_off"},
    "slow": {"kind": "slow", "seconds": 0.05},
}
OUTLASTED_CODES: Final = {
    -32005: "Node is behind by 150 slots",
    -32603: "Internal error",
    -32019: "Failed to query long-term storage; please try again",
    -32014: "Block status not yet available for slot 51200",
}

# Bodies that cannot be understood, by the place they come from.
SPOILT: Final = {
    "rpc/getBlockTime": fails("periods", "rpc", "getBlockTime", SHAPE),
    "rpc/getVoteAccounts": fails("periods", "rpc", "getVoteAccounts", SHAPE),
    "rpc/getInflationReward": fails("rewards", "rpc", "getInflationReward", SHAPE),
    "rpc/getBlock": booked("PROVIDER_FAILED", saying=("rpc getBlock", SHAPE)),
    "jito/validators": fails("mev", "jito", "POST /validators", SHAPE),
    "jito/staker_rewards": fails("mev", "jito", "GET /staker_rewards", SHAPE),
    "jito/mev_rewards": fails("mev", "jito", "POST /mev_rewards", SHAPE),
    "solanabeach": booked("PROVIDER_FAILED", saying=("solanabeach block-rewards-history", SHAPE)),
    "stakewiz": fails("meta", "stakewiz", "GET /validators", SHAPE),
}

# Faults that do not pass, by the place they are at.
PERMANENT: Final[dict[str, tuple[Plan, Sees]]] = {
    **{
        f"{kind} jito": (
            of_one(kind)("jito/validator_rewards"),
            fails("mev", "jito", "GET /validator_rewards", reason, TROUBLE),
        )
        for kind, reason in {
            "rate_limited": "HTTP 429",
            "http_500": "HTTP 500",
            "empty_500": "HTTP 500",
            "cut_off": "no complete answer",
        }.items()
    },
    **{
        f"{kind} solanabeach": (
            of_one(kind)("solanabeach"),
            booked("PROVIDER_FAILED", saying=("solanabeach block-rewards-history", reason)),
        )
        for kind, reason in {"rate_limited": "HTTP 429", "empty_500": "HTTP 500"}.items()
    },
    "http_500 rpc": (of_one("http_500")("rpc"), fails("periods", "rpc", "getEpochInfo", "HTTP 500")),
    "cut_off rpc": (
        of_one("cut_off")("rpc/getInflationReward"),
        fails("rewards", "rpc", "getInflationReward", "no complete answer", TROUBLE),
    ),
    "http_503 stakewiz": (
        of_one("http_503")("stakewiz"),
        fails("meta", "stakewiz", "GET /validators", "HTTP 503", TROUBLE),
    ),
    "both fee providers": (
        (*of_one("http_500")("solanabeach"), *of_one("html_200")("rpc/getBlock")),
        fails("fees", "solanabeach", "block-rewards-history", "HTTP 500"),
    ),
    **{
        f"{kind} {where}": (of_one(kind)(where), SPOILT[where])
        for kind, places in {
            "malformed_json": list(SPOILT),
            "html_200": ["rpc/getVoteAccounts", "solanabeach", "jito/staker_rewards"],
            "wrong_types": ["rpc/getInflationReward", "rpc/getBlock", "jito/validators", "stakewiz"],
        }.items()
        for where in places
    },
    "a float for an integer": (
        of_one("wrong_types", to="float")("jito/validator_rewards"),
        fails("mev", "jito", "GET /validator_rewards", "Expected `int`, got `float`"),
    ),
    "a text for an integer": (
        of_one("wrong_types", to="string")("rpc/getInflationReward"),
        fails("rewards", "rpc", "getInflationReward", "Expected `int`, got `str`"),
    ),
    "missing_epoch rpc": (
        of_one("missing_epoch", epoch=EPOCH)("rpc"),
        fails("periods", "rpc", "getBlockTime", "not available", "-32004", "ask again later"),
    ),
    "missing_epoch rpc rewards": (
        of_one("missing_epoch", epoch=EPOCH)("rpc/getInflationReward"),
        booked(
            "NOT_YET_AVAILABLE",
            "REWARDS_MISSING",
            "STAKERS_UNKNOWN",
            saying=("rpc getInflationReward", "-32004"),
            states=NO_REWARDS,
        ),
    ),
    "missing_epoch rpc blocks": (
        of_one("missing_epoch", epoch=EPOCH)("rpc/getBlock"),
        booked("NOT_YET_AVAILABLE", saying=("rpc getBlock",)),
    ),
    "missing_epoch jito": (
        of_one("missing_epoch", epoch=EPOCH)("jito"),
        booked(
            "MEV_MISSING",
            "FEES_SHARED_UNKNOWN",
            "STAKERS_UNKNOWN",
            saying=("jito has not published epoch 801",),
            states=NO_TIPS,
        ),
    ),
    "missing_epoch solanabeach": (
        of_one("missing_epoch", epoch=EPOCH)("solanabeach"),
        booked(refresh=True),
    ),
    "missing_epoch for fees": (
        (
            *of_one("missing_epoch", epoch=EPOCH)("solanabeach"),
            *of_one("missing_epoch", epoch=EPOCH)("rpc/getLeaderSchedule"),
        ),
        booked("FEES_MISSING", saying=("solanabeach has no epoch 801",), states={"exec_fees": "MISSING"}),
    ),
    "missing_epoch stakewiz": (of_one("missing_epoch", epoch=EPOCH)("stakewiz"), booked()),
    "missing_validator jito": (
        of_one("missing_validator", validator=FIRST.vote_account)("jito"),
        booked(
            "MEV_MISSING",
            "FEES_SHARED_UNKNOWN",
            "STAKERS_UNKNOWN",
            "DRIFT",
            saying=("jito has no row for it in epoch 801",),
            states=NO_TIPS,
        ),
    ),
    "missing_validator solanabeach": (
        of_one("missing_validator", validator=FIRST.identity)("solanabeach"),
        booked(refresh=True),
    ),
    "missing_validator rpc": (
        of_one("missing_validator", validator=FIRST.vote_account)("rpc/getVoteAccounts"),
        booked(refresh=True),
    ),
    "missing_validator stakewiz": (
        of_one("missing_validator", validator=FIRST.vote_account)("stakewiz"),
        booked("META_MISSING", saying=("stakewiz does not describe it",), refresh=True),
    ),
    "rpc_error -32004": (
        rpc_error("rpc/getInflationReward", -32004, "Block not available for slot 51328"),
        booked(
            "NOT_YET_AVAILABLE", "REWARDS_MISSING", "STAKERS_UNKNOWN", saying=("-32004",), states=NO_REWARDS
        ),
    ),
    "rpc_error -32017": (
        rpc_error("rpc/getInflationReward", -32017, "Epoch rewards period still active at slot 51330"),
        booked(
            "NOT_YET_AVAILABLE", "REWARDS_MISSING", "STAKERS_UNKNOWN", saying=("-32017",), states=NO_REWARDS
        ),
    ),
    **{
        f"rpc_error {code}": (
            rpc_error("rpc/getInflationReward", code, message),
            fails("rewards", "rpc", "getInflationReward", message, f"code {code}", remedy),
        )
        for code, message, remedy in (
            (-32005, "Node is behind by 150 slots", TROUBLE),
            (-32603, "Internal error", TROUBLE),
            (-32019, "Failed to query long-term storage; please try again", TROUBLE),
            (-32602, "Invalid params: Invalid param: WrongSize", "repeating it cannot help"),
            (-32601, "Method not found", "repeating it cannot help"),
            (-32001, "Block 51264 cleaned up, does not exist on node", HISTORY),
            (-32007, "Slot 51264 was skipped, or missing due to ledger jump to recent snapshot", HISTORY),
            (-32009, "Slot 51264 was skipped, or missing in long-term storage", HISTORY),
            (-32018, "Rewards not found: epoch boundary block is missing", HISTORY),
        )
    },
    "rpc_error at the fallback": (
        rpc_error("rpc/getBlock", -32007, "Slot 51264 was skipped"),
        booked("PROVIDER_FAILED", saying=("rpc getBlock", "-32007", HISTORY)),
    ),
}

# Faults with which a provider says something wrong in the right form.
DRIFTS: Final[dict[str, tuple[Plan, Sees]]] = {
    "fees of solanabeach": (
        of_one("drift", bps=100)("solanabeach"),
        booked(
            "DRIFT",
            saying=(
                f"solanabeach says {fees_of(FIRST) * 101 // 100}",
                f"rpc says {FIRST.block_fees}",
                "solanabeach is used",
            ),
        ),
    ),
    "fees of rpc": (
        of_one("drift", lamports=7)("rpc/getBlock"),
        booked("DRIFT", saying=(f"solanabeach says {FIRST.block_fees}, rpc says", "solanabeach is used")),
    ),
    "tips of jito": (
        of_one("drift", lamports=1_000_000)("jito/validator_rewards"),
        booked("DRIFT", saying=("in validator_rewards", "in validators")),
    ),
}


@pytest.fixture(scope="module")
def server() -> Iterator[SandboxServer]:
    with SandboxServer(WORLD) as running:
        yield running


@pytest.fixture(scope="module")
def instance() -> Iterator[dg.DagsterInstance]:
    """For the cases that do not go through Dagster: making one takes longer than they do."""
    with dg.DagsterInstance.ephemeral() as shared:
        yield shared


def install(
    folder: Path, warehouse: Warehouse, urls: dict[str, str], instance: dg.DagsterInstance
) -> Pipeline:
    """An installation that keeps the books of FIRST and SECOND."""
    made = Pipeline(folder, warehouse, copy.copy(urls), instance)
    made.configure(validators=[entry(FIRST), entry(SECOND)])
    return made


def entry(validator: Validator) -> dict[str, Any]:
    return {"key": validator.vote_account, "own_wallets": [validator.stake_accounts[0].withdrawer]}


@pytest.fixture
def installed(
    tmp_path: Path, warehouse: Warehouse, server: SandboxServer, instance: dg.DagsterInstance
) -> Pipeline:
    return install(tmp_path, warehouse, server.provider_urls, instance)


@dataclass(frozen=True)
class Undisturbed:
    """The books of EPOCH as they are without any fault."""

    pnl: dict[str, dict[str, Any]]
    all: Books


@pytest.fixture(scope="module")
def undisturbed(
    database_server: EmbeddedServer,
    template_database: str,
    tmp_path_factory: pytest.TempPathFactory,
    server: SandboxServer,
    instance: dg.DagsterInstance,
) -> Undisturbed:
    with another_warehouse(database_server, template_database) as warehouse:
        made = install(tmp_path_factory.mktemp("undisturbed"), warehouse, server.provider_urls, instance)
        assert work_through(made, EPOCH) == {}
        found = Undisturbed(made.pnl(EPOCH), books(made))
    assert found.all["canonical.findings"] == []
    for row in found.pnl.values():
        assert row["completeness"] == "COMPLETE"
        assert all(row[part] > 0 for part in COMPONENTS)
    return found


def patience(installed: Pipeline, attempts: int, timeout_sec: float = 2) -> None:
    """Change how often and how long every provider is asked."""
    path = installed.folder / "providers.yaml"
    document = yaml.safe_load(path.read_text())
    for provider in document["providers"]:
        provider |= {
            "timeout_sec": timeout_sec,
            "retry": {"attempts": attempts, "base_seconds": 0.01, "cap_seconds": 0.05},
        }
    path.write_text(yaml.safe_dump(document))


def hit(server: SandboxServer, kind: str) -> set[str]:
    """The providers whose answers were replaced or spoiled by a fault of `kind`."""
    asked = httpx.get(f"{server.base_url}/_sandbox/requests").json()["requests"]
    httpx.delete(f"{server.base_url}/_sandbox/requests")
    return {request["provider"] for request in asked if kind in request["faults"]}


def assert_recovers(installed: Pipeline, undisturbed: Undisturbed, *, refresh: bool = False) -> None:
    """The fault is gone: the next run completes everything, and nothing of it remains in the books."""
    assert work_through(installed, EPOCH, refresh=refresh) == {}
    assert installed.pnl(EPOCH) == undisturbed.pnl
    assert installed.findings(EPOCH) == []
    assert books(installed) == undisturbed.all


def test_no_kind_of_fault_is_without_a_case() -> None:
    plans = [plan for plan, _ in (*PERMANENT.values(), *DRIFTS.values())]
    kinds = {FAULTS.build(fault).kind for plan in plans for fault in plan} | set(OUTLASTED)
    elsewhere = {"no_endpoint", "no_state"}  # of the other chain: tests/integration/ethereum/test_gaps.py
    assert kinds | elsewhere == set(get_args(Kind))


@pytest.mark.parametrize("kind", OUTLASTED)
def test_a_short_trouble_at_every_provider_is_outlasted(
    kind: str, installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    hit(server, kind)
    with faults(server, *({**OUTLASTED[kind], "provider": name, "times": 2} for name in PROVIDERS)):
        assert work_through(installed, EPOCH) == {}
    assert hit(server, kind) == set(PROVIDERS)
    assert books(installed) == undisturbed.all


@pytest.mark.parametrize("code", OUTLASTED_CODES)
def test_a_node_s_short_trouble_is_outlasted(
    code: int, installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    fault = {"provider": "rpc", "kind": "rpc_error", "code": code, "message": OUTLASTED_CODES[code]}
    methods = ("getEpochInfo", "getInflationReward", "getBlock")
    with faults(server, *({**fault, "endpoint": method, "times": 2} for method in methods)):
        assert work_through(installed, EPOCH) == {}
        left = httpx.get(f"{server.base_url}/_sandbox/faults").json()
    assert [one["left"] for one in (left["faults"] if isinstance(left, dict) else left)] == [0, 0, 0]
    assert books(installed) == undisturbed.all


@pytest.mark.parametrize("form", [{"retry_after": 1}, {"retry_after_date": 2}], ids=["seconds", "date"])
@pytest.mark.parametrize("kind", ["rate_limited", "http_503"])
def test_a_provider_that_asks_for_a_pause_gets_it(
    kind: str,
    form: dict[str, int],
    installed: Pipeline,
    server: SandboxServer,
    undisturbed: Undisturbed,
) -> None:
    started = time.monotonic()
    with faults(server, {"provider": "jito", "kind": kind, "times": 1, **form}):
        assert work_through(installed, EPOCH) == {}
    assert time.monotonic() - started >= 1
    assert books(installed) == undisturbed.all


def test_an_answer_that_comes_too_late_is_asked_for_again(
    installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    patience(installed, attempts=2, timeout_sec=0.7)
    with faults(server, "jito:slow:seconds=1.2:times=1"):
        assert work_through(installed, EPOCH) == {}
    assert books(installed) == undisturbed.all


def test_a_provider_that_is_always_too_late_fails_by_name(
    installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    patience(installed, attempts=2, timeout_sec=0.5)
    with faults(server, "jito/validator_rewards:slow:seconds=1"):
        failures = work_through(installed, EPOCH)
    assert_fails(failures, fails("mev", "jito", "GET /validator_rewards", "within 0.5 s", TROUBLE))
    patience(installed, attempts=2)
    assert_recovers(installed, undisturbed)


@pytest.mark.parametrize("case", PERMANENT)
def test_a_lasting_fault_is_seen_and_leaves_nothing_behind(
    case: str, installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    plan, sees = PERMANENT[case]
    patience(installed, attempts=2)
    with faults(server, *plan):
        failures = work_through(installed, EPOCH)
    assert_seen(installed, failures, sees, undisturbed)
    assert_recovers(installed, undisturbed, refresh=sees.refresh)


@pytest.mark.parametrize("case", DRIFTS)
def test_a_drift_is_told_with_both_numbers(
    case: str, installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    plan, sees = DRIFTS[case]
    with faults(server, *plan):
        failures = work_through(installed, EPOCH)
    assert failures == {}
    assert_told(installed, sees)
    assert_recovers(installed, undisturbed, refresh=True)


def test_of_two_providers_the_first_one_s_number_is_used(installed: Pipeline, server: SandboxServer) -> None:
    with faults(server, "solanabeach:drift:lamports=5"):
        assert work_through(installed, EPOCH) == {}
    assert installed.pnl(EPOCH)[FIRST.vote_account]["exec_fees"] == fees_of(FIRST) + 5


def test_fees_fall_back_to_the_node(
    installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    patience(installed, attempts=2)
    with faults(server, "solanabeach:http_503"):
        assert work_through(installed, EPOCH) == {}
    assert books(installed, "provider")["canonical.validator_fees"] == [
        {key: value for key, value in row.items() if key != "provider"}
        for row in undisturbed.all["canonical.validator_fees"]
    ]
    assert installed.query("select distinct provider from canonical.validator_fees") == [("rpc",)]


@pytest.mark.parametrize("kind", ["malformed_json", "html_200"])
@pytest.mark.parametrize("where", ["rpc/getInflationReward", "rpc/getBlock", "solanabeach", "jito"])
def test_a_body_that_cannot_be_understood_is_kept_but_never_used_again(
    kind: str, where: str, installed: Pipeline, server: SandboxServer
) -> None:
    with faults(server, *of_one(kind)(where)):
        work_through(installed, EPOCH)
    ((provider, kept, sound),) = installed.query(
        "select provider, count(*), count(*) filter (where sha256(body) = sha256) from staging.payloads "
        "where not accepted group by provider"
    )
    assert provider == where.partition("/")[0]
    assert kept == sound > 0
    assert work_through(installed, EPOCH) == {}


def assert_seen(installed: Pipeline, failures: dict[str, str], sees: Sees, undisturbed: Undisturbed) -> None:
    assert_honest(installed, EPOCH, undisturbed.pnl)
    if sees.failed is not None:
        assert_fails(failures, sees)
        return
    assert failures == {}
    assert_told(installed, sees)
    found, true = installed.pnl(EPOCH)[FIRST.vote_account], undisturbed.pnl[FIRST.vote_account]
    for part in COMPONENTS:
        state = sees.states.get(part, "FINAL")
        assert (part, found[f"{part}_state"]) == (part, state)
        assert found[part] == (None if state == "MISSING" else true[part])


def assert_fails(failures: dict[str, str], sees: Sees) -> None:
    assert list(failures) == [sees.failed]
    assert sees.failed is not None
    assert sees.names is not None
    message = failures[sees.failed]
    for part in (" ".join(sees.names), f"period {EPOCH}", *sees.saying):
        assert part in message


def assert_told(installed: Pipeline, sees: Sees) -> None:
    findings = installed.findings(EPOCH)
    assert {code for code, _ in findings} == sees.codes
    told = "\n".join(message for _, message in findings)
    for part in sees.saying:
        assert part in told


# What a node says in the right form and wrongly, where nobody else says anything: see `assert_honest`.
SILENT: Final = {
    "no Voting row": of_one("missing_validator", validator=FIRST.vote_account)("rpc"),
    "no Fee row": (
        *of_one("missing_validator", validator=FIRST.identity)("solanabeach"),
        *of_one("missing_validator", validator=FIRST.identity)("rpc"),
    ),
}


@pytest.mark.parametrize("case", SILENT)
def test_a_row_that_a_node_leaves_out_is_no_silent_zero(
    case: str, installed: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    with faults(server, *SILENT[case]):
        work_through(installed, EPOCH)
    assert_honest(installed, EPOCH, undisturbed.pnl)


@pytest.mark.parametrize("kind", ["malformed_json", "http_503", "cut_off"])
def test_a_snapshot_that_failed_is_taken_again_while_there_is_time(
    kind: str, tmp_path: Path, warehouse: Warehouse, instance: dg.DagsterInstance
) -> None:
    in_time = WORLD.model_copy(update={"current_epoch": EPOCH + 1})
    with SandboxServer(in_time) as server:
        installed = install(tmp_path, warehouse, server.provider_urls, instance)
        installed.configure(finality_lag=1)
        patience(installed, attempts=2)
        with faults(server, *of_one(kind)("rpc/getProgramAccounts")):
            failures = work_through(installed, EPOCH)
        reason = {"http_503": "HTTP 503", "cut_off": "no complete answer"}.get(kind, SHAPE)
        assert_fails(failures, fails("stakes", "rpc", "getProgramAccounts", reason))
        assert work_through(installed, EPOCH) == {}
        basis = installed.query("select distinct stake_basis from canonical.stake_rewards")
        assert basis == [("SNAPSHOT",)]


@pytest.fixture
def through_dagster(installed: Pipeline, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pipeline]:
    """The installation is the process's, so that runs find it, and has records of its own."""
    monkeypatch.setenv("AURORA_CONFIG_DIR", str(installed.folder))
    monkeypatch.setenv("AURORA_DATABASE_URL", installed.warehouse.url)
    with dg.DagsterInstance.ephemeral() as own:
        installed.instance = own
        yield installed


def test_a_run_that_cannot_even_begin_says_why(through_dagster: Pipeline, server: SandboxServer) -> None:
    patience(through_dagster, attempts=2)
    with faults(server, "rpc:http_503"):
        result = through_dagster.backfill(EPOCH, EPOCH + 1)
    assert not result.succeeded
    (message,) = result.failures.values()
    for part in (CHAIN, "periods 801 to 802", "rpc getEpochInfo", "HTTP 503", TROUBLE):
        assert part in message


def test_a_run_with_a_gap_ends_well_and_says_so(through_dagster: Pipeline, server: SandboxServer) -> None:
    with faults(server, "jito:missing_epoch:epoch=801"):
        assert through_dagster.backfill(EPOCH, EPOCH).succeeded
    record = through_dagster.instance.get_latest_materialization_event(
        dg.AssetKey([CHAIN, "canonical", "validator_mev"])
    )
    assert record is not None
    assert record.asset_materialization is not None
    shown = str(record.asset_materialization.metadata["findings"].value)
    assert "MEV_MISSING" in shown
    assert FIRST.vote_account in shown
    assert "jito has not published epoch 801" in shown


def test_a_period_that_fails_is_named_and_the_others_are_recorded(
    through_dagster: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    patience(through_dagster, attempts=2)
    with faults(server, "jito:http_500:epoch=802"):
        result = through_dagster.backfill(EPOCH, EPOCH + 1)
    assert not result.succeeded
    (message,) = result.failures.values()
    for part in ("period 802", "jito GET /validator_rewards", "HTTP 500", TROUBLE):
        assert part in message
    assert "801" not in message
    assert recorded(through_dagster, "staging", "mev") == {"801"}
    assert recorded(through_dagster, "staging", "periods") == {"801", "802"}
    assert through_dagster.backfill(EPOCH, EPOCH + 1).succeeded
    assert through_dagster.pnl(EPOCH) == undisturbed.pnl
    assert recorded(through_dagster, "computation", "validator_pnl") == {"801", "802"}


def test_a_period_that_fails_leaves_the_others_booked(
    through_dagster: Pipeline, server: SandboxServer, undisturbed: Undisturbed
) -> None:
    patience(through_dagster, attempts=2)
    with faults(server, "jito:http_500:epoch=801"):
        result = through_dagster.backfill(EPOCH - 1, EPOCH + 1)
    assert not result.succeeded
    assert "period 801" in " ".join(result.failures.values())
    assert recorded(through_dagster, "computation", "validator_pnl") == {"800", "802"}
    assert {row["completeness"] for row in through_dagster.pnl(EPOCH + 1).values()} == {"COMPLETE"}
    in_order = "select period_id from computation.generations where dataset = %s order by generation_id"
    booked = [period for (period,) in through_dagster.query(in_order, "commission_lines")]
    assert booked == [EPOCH - 1, EPOCH + 1], "what is to date builds on the periods before"
    assert through_dagster.backfill(EPOCH - 1, EPOCH + 1).succeeded
    assert through_dagster.pnl(EPOCH) == undisturbed.pnl


def recorded(installed: Pipeline, layer: str, name: str) -> set[str]:
    """The periods of an asset that Dagster knows to be materialised."""
    return set(installed.instance.get_materialized_partitions(dg.AssetKey([CHAIN, layer, name])))


IN_PATH, IN_QUERY, AS_KEY, UNREACHED = "k3y-in-path-4711", "k3y-in-query-4712", "k3y-4713", "k3y-4714-lost"


def test_no_key_is_ever_kept_or_shown(
    through_dagster: Pipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    installed = through_dagster
    with SandboxServer(sandbox_app(WORLD, settings=Settings(solanabeach_key=AS_KEY))) as server:
        installed.urls |= {
            "rpc": f"{server.provider_urls['rpc']}/{IN_PATH}",
            "jito": f"{server.provider_urls['jito']}?api-key={IN_QUERY}",
            "solanabeach": server.provider_urls["solanabeach"],
            "stakewiz": f"http://127.0.0.1:{closed_port()}/{UNREACHED}?token={UNREACHED}",
        }
        installed.configure()
        patience(installed, attempts=2)
        path = installed.folder / "providers.yaml"
        document = yaml.safe_load(path.read_text())
        for provider in document["providers"]:
            if provider["name"] == "solanabeach":
                provider["api_key"] = "${THE_KEY}"
        path.write_text(yaml.safe_dump(document))
        monkeypatch.setenv("THE_KEY", AS_KEY)
        caplog.set_level(logging.DEBUG)
        with faults(server, "jito:cut_off:times=1", "rpc/getBlock:html_200", "solanabeach:http_503:times=1"):
            result = installed.backfill(EPOCH, EPOCH)
        monkeypatch.setenv("THE_KEY", "wr0ng-key-4715")
        refused = installed.backfill(EPOCH, EPOCH, refresh=True)
        asked = httpx.get(f"{server.base_url}/_sandbox/requests").json()["requests"]
    # The keys were used, and Stakewiz could not be reached.
    assert {request["path"] for request in asked if request["provider"] == "rpc"} == {f"/rpc/{IN_PATH}"}
    assert {r["query"]["api-key"] for r in asked if r["provider"] == "jito"} == {IN_QUERY}
    assert installed.query("select distinct provider from canonical.validator_fees") == [("rpc",)]
    assert {r["status"] for r in asked if r["provider"] == "solanabeach"} == {200, 401, 503}
    (message,) = result.failures.values()
    assert "stakewiz GET /validators" in message
    said = [
        *map(str, (result, refused)),
        *(dg.serialize_value(entry) for run in (result, refused) for entry in events(installed, run.run_id)),
        *everything_kept(installed),
        caplog.text,
        *capfd.readouterr(),
    ]
    assert "no complete answer" in caplog.text
    assert any("HTTP 401" in text for text in said)
    for secret in (IN_PATH, IN_QUERY, AS_KEY, UNREACHED, "wr0ng-key-4715"):
        assert [text[:300] for text in said if secret in text] == []


def closed_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def events(installed: Pipeline, run_id: str) -> Sequence[dg.EventLogEntry]:
    return installed.instance.all_logs(run_id)


def everything_kept(installed: Pipeline) -> list[str]:
    """Every row of the warehouse as text; bodies as they came."""
    tables = installed.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema in ('registry', 'staging', 'canonical', 'computation')"
    )
    rows = [text for (table,) in tables for (text,) in installed.query(f"select t::text from {table} as t")]
    bodies = installed.query("select body from staging.payloads")
    return rows + [body.decode(errors="replace") for (body,) in bodies]
