"""Fees block by block: attributed by slot leader, whole or unknown."""

from collections.abc import Callable, Mapping, Sequence

import pytest

from aurora_resources.providers.solana.fees import Fees, NoFees, fees_of_blocks, normalize_fees
from aurora_resources.providers.solana.jito import ValidatorTips
from aurora_resources.providers.solana.mev import TipResponses
from aurora_resources.providers.solana.periods import Boundaries
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.staged import answers
from aurora_resources.records import FactState, Feed, ProviderResponse, TrackedValidator

Answer = Callable[..., ProviderResponse]
RPC = SolanaRpc("rpc")
LIMITS = Boundaries(first_slot=400, last_slot=499, first_produced=401, next_produced=502)


def header(parent: int, height: int | None) -> dict[str, object]:
    return {"parentSlot": parent, "blockHeight": height, "blockTime": 1}


def block(*rows: tuple[str, str, int]) -> dict[str, object]:
    rewards = [
        {"pubkey": pubkey, "rewardType": kind, "lamports": lamports, "postBalance": 1}
        for pubkey, kind, lamports in rows
    ]
    return {"parentSlot": 1, "rewards": rewards}


def fees(
    result: Answer,
    schedule: Mapping[str, Sequence[int] | None],
    produced: Sequence[int],
    blocks: Mapping[int, Mapping[str, object]],
    *,
    heights: tuple[int | None, int | None] | None = None,
    parents: tuple[int, int] = (398, 497),
) -> Mapping[str, Fees | NoFees]:
    before, after = heights or (1_000, 1_000 + len(produced))
    staged = [
        result(RPC.leader_schedule(400, identity), None if led is None else {identity: led} if led else {})
        for identity, led in schedule.items()
    ]
    staged += [
        result(RPC.blocks(400, 499)[0], produced),
        result(RPC.block_header(401), header(parents[0], before)),
        result(RPC.block_header(502), header(parents[1], after)),
        *(result(RPC.block_rewards(slot), said) for slot, said in blocks.items()),
    ]
    return fees_of_blocks(answers({(Feed.FEES, "rpc"): staged}, Feed.FEES, "rpc"), LIMITS, schedule)


def test_all_fee_rows_of_led_blocks_count_whoever_was_credited(result: Answer) -> None:
    found = fees(
        result,
        {"me": [4, 5, 6, 7]},
        [401, 404, 405, 407, 450],
        {
            404: block(("me", "Fee", 100), ("me", "Rent", -7)),
            405: block(("collector", "fee", 20)),
            407: block(),
        },
    )
    assert found == {"me": Fees(120, 3)}


def test_a_block_that_was_not_read_makes_the_sum_unknown(result: Answer) -> None:
    found = fees(result, {"me": [4, 5]}, [401, 404, 405], {404: block(("me", "Fee", 100))})
    assert isinstance(found["me"], NoFees)
    assert "1 of 2 blocks of me were not read" in found["me"].reason


def test_no_slot_led_is_zero_and_no_schedule_is_unknown(result: Answer) -> None:
    found = fees(result, {"idle": [], "forgotten": None}, [401], {})
    assert found["idle"] == Fees(0, 0)
    assert isinstance(found["forgotten"], NoFees)
    assert "no leader schedule" in found["forgotten"].reason


@pytest.mark.parametrize(
    ("heights", "parents", "reason"),
    [
        ((1_000, 1_003), (398, 497), "lists 2 produced slots where block heights prove 3"),
        ((1_000, 1_002), (400, 497), "not the first of their epochs"),
        ((1_000, 1_002), (398, 500), "not the first of their epochs"),
    ],
)
def test_a_hole_in_the_nodes_history_is_found(
    result: Answer, heights: tuple[int, int], parents: tuple[int, int], reason: str
) -> None:
    found = fees(result, {"me": [4]}, [401, 404], {404: block()}, heights=heights, parents=parents)
    assert isinstance(found["me"], NoFees)
    assert reason in found["me"].reason


def test_a_node_without_heights_is_believed(result: Answer) -> None:
    found = fees(result, {"me": [4]}, [401, 404], {404: block()}, heights=(None, None))
    assert found == {"me": Fees(0, 1)}


def book(shared: int | None) -> TipResponses:
    row = ValidatorTips("vote", 800, 1_000, 500, 3, shared)
    return TipResponses("jito", 800, {"vote": row}, 1, {}, None, {})


NOBODY = TipResponses("jito", 800, {}, 0, {}, None, {})


@pytest.mark.parametrize(
    ("tips", "running", "declared_none", "state", "shared", "kept", "codes"),
    [
        (book(30), 802, False, FactState.FINAL, 30, 70, []),
        (book(30), 801, False, FactState.PROVISIONAL, 30, 70, []),
        (book(0), 802, False, FactState.FINAL, 0, 100, []),
        (book(None), 802, False, FactState.PROVISIONAL, None, 100, ["FEES_SHARED_UNKNOWN"]),
        (NOBODY, 802, False, FactState.PROVISIONAL, None, 100, ["FEES_SHARED_UNKNOWN"]),
        (None, 802, False, FactState.PROVISIONAL, None, 100, ["FEES_SHARED_UNKNOWN"]),
        (NOBODY, 802, True, FactState.FINAL, 0, 100, []),
        (book(130), 802, False, FactState.PROVISIONAL, None, 100, ["DRIFT"]),
    ],
)
def test_what_is_shared_is_taken_off_once(
    tips: TipResponses | None,
    running: int,
    declared_none: bool,  # noqa: FBT001 - a column of the table
    state: FactState,
    shared: int | None,
    kept: int,
    codes: list[str],
) -> None:
    validator = TrackedValidator("vote", mev_declared_none=declared_none)
    fees = {"node": Fees(100, 4)}
    found = normalize_fees("rpc", 800, running, [validator], {"vote": "node"}, fees, tips)
    (record,) = found.records
    assert (record.state, record.gross, record.produced_blocks) == (state, 100, 4)
    assert (record.delegators_share, record.operator_share) == (shared, kept)
    assert [finding.code for finding in found.findings] == codes


def test_two_vote_accounts_of_one_identity_get_nothing_and_both_are_named() -> None:
    validators = [TrackedValidator("one"), TrackedValidator("two"), TrackedValidator("lost")]
    found = normalize_fees(
        "rpc", 800, 802, validators, {"one": "node", "two": "node"}, {"node": Fees(100, 4)}, None
    )
    assert {record.state for record in found.records} == {FactState.MISSING}
    assert {record.gross for record in found.records} == {None}
    assert [finding.code for finding in found.findings] == [
        "IDENTITY_SHARED", "IDENTITY_SHARED", "FEES_MISSING",
    ]  # fmt: skip
    assert "one and two" in found.findings[0].message
