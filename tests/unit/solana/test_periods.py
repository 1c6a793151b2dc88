"""Slots and times of an epoch from what a node said, and what is missing for them."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable, PayloadError
from aurora_resources.providers.solana.periods import (
    boundaries,
    normalize_period,
    period_answers,
    running_epoch,
)
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.records import Feed, ProviderResponse

Answer = Callable[..., ProviderResponse]
START, NEXT = 800 * 432, 801 * 432


def asked(
    result: Answer,
    *,
    first: list[int] | None = None,
    after: list[int] | None = None,
    time: int | None = 1_700_000_000,
    name: str = "rpc",
) -> list[ProviderResponse]:
    rpc = SolanaRpc(name)
    info = {"epoch": 802, "absoluteSlot": 802 * 432 + 5, "slotIndex": 5, "slotsInEpoch": 432}
    schedule = {"slotsPerEpoch": 432, "firstNormalEpoch": 0, "firstNormalSlot": 0, "warmup": False}
    return [
        result(rpc.epoch_info(), info),
        result(rpc.epoch_schedule(), schedule),
        result(rpc.first_produced(START), [START + 2] if first is None else first),
        result(rpc.first_produced(NEXT), [NEXT + 1] if after is None else after),
        result(rpc.block_time(START + 2), time),
        result(rpc.block_time(NEXT + 1), 1_700_172_800),
        result(rpc.vote_accounts(), {"current": []}),
    ]


def test_an_epoch_is_from_its_first_block_to_the_next_ones(result: Answer) -> None:
    period = period_answers({(Feed.PERIODS, "rpc"): asked(result)}, ["rpc"])
    facts = normalize_period(800, period)
    assert (facts.period_id, facts.label) == (800, "epoch 800")
    assert (facts.first_slot, facts.last_slot) == (START, NEXT - 1)
    assert facts.starts_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert facts.ends_at == datetime.fromtimestamp(1_700_172_800, UTC)
    assert running_epoch(period) == 802
    limits = boundaries(period, 800)
    assert (limits.first_produced, limits.next_produced) == (START + 2, NEXT + 1)


def test_a_node_that_did_not_answer_everything_does_not_count(result: Answer) -> None:
    staged = {
        (Feed.PERIODS, "rpc"): asked(result)[:-1],
        (Feed.PERIODS, "rpc-archive"): asked(result, name="rpc-archive"),
    }
    assert period_answers(staged, ["rpc", "rpc-archive"]).provider == "rpc-archive"
    with pytest.raises(PayloadError, match="nothing complete is staged"):
        period_answers(staged, ["rpc"])


def test_what_is_missing_is_named(result: Answer) -> None:
    def understood(payloads: list[ProviderResponse], epoch: int = 800) -> None:
        normalize_period(epoch, period_answers({(Feed.PERIODS, "rpc"): payloads}, ["rpc"]))

    with pytest.raises(NotYetAvailable, match="epoch 801 has no finalised block"):
        understood(asked(result, after=[]))
    with pytest.raises(HistoryUnavailable, match="knows no block of epoch 800"):
        understood(asked(result, first=[NEXT + 1]))
    with pytest.raises(HistoryUnavailable, match="does not know the time of slot 345602"):
        understood(asked(result, time=None))
    with pytest.raises(PayloadError, match="getBlockTime: it is not staged"):
        understood([payload for payload in asked(result) if payload.request.endpoint != "getBlockTime"])
    with pytest.raises(PayloadError, match="getEpochSchedule: it is not staged"):
        understood([p for p in asked(result) if p.request.endpoint != "getEpochSchedule"])
