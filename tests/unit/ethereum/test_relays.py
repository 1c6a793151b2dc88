"""Relays: pages that overlap, limits that differ, blocks delivered twice, rows nobody asked for."""

import json

import anyio
import pytest

from aurora_resources.errors import PayloadError, RefusedByProvider
from aurora_resources.providers.ethereum.relays import (
    Coverage,
    Relay,
    claims_by_block,
    delivered,
    fetch_delivered,
    scan_delivered,
    scan_is_cheaper,
)
from aurora_resources.records import ProviderRequest, ProviderResponse
from tests.unit.ethereum.blocks import HASH, SOMEBODY, claim
from tests.unit.ethereum.nodes import NOW, DataRelay, Refusing, delivery

RELAY = Relay("relay")


def scanned(relay: DataRelay, first: int, last: int) -> list[int]:
    anyio.run(scan_delivered, relay, RELAY, first, last)
    rows = dict.fromkeys(row for payload in relay.kept for row in delivered(payload))
    return sorted(row.slot for row in rows if first <= row.slot <= last)


@pytest.mark.parametrize("count", [0, 1, 199, 200, 201, 399, 400, 401, 1000])
def test_a_scan_finds_every_delivery_of_the_window(count: int) -> None:
    slots = range(5000, 5000 + count)
    assert scanned(DataRelay([*range(10), *slots, 9999]), 5000, 6000) == list(slots)


@pytest.mark.parametrize("relay", [{"most_rows": 100}, {"gives": 50}])
def test_a_relay_with_smaller_pages_is_read_to_the_end(relay: dict[str, int]) -> None:
    slots = range(5000, 5450)
    assert scanned(DataRelay(slots, **relay), 5000, 6000) == list(slots)


def test_a_scan_stops_before_the_window() -> None:
    relay = DataRelay(range(10_000))
    scanned(relay, 9_000, 9_500)
    assert len(relay.asked) == 3


def test_a_relay_that_refuses_is_an_error() -> None:
    with pytest.raises(RefusedByProvider):
        anyio.run(scan_delivered, Refusing(), RELAY, 1, 2)


def test_a_relay_that_stands_still_is_an_error() -> None:
    relay = DataRelay([7] * 300)
    with pytest.raises(PayloadError, match="no progress"):
        anyio.run(scan_delivered, relay, RELAY, 1, 7)


def test_deliveries_of_single_slots() -> None:
    relay = DataRelay([5, 9])
    anyio.run(fetch_delivered, relay, RELAY, [5, 6])
    assert [[row.slot for row in delivered(payload)] for payload in relay.kept] == [[5], []]


@pytest.mark.parametrize(
    "question",
    [RELAY.delivered_at(6), RELAY.delivered_of("0x" + "22" * 32), RELAY.delivered_below(4)],
)
def test_rows_nobody_asked_for_are_refused(question: ProviderRequest) -> None:
    with pytest.raises(PayloadError, match="asked for"):
        delivered(ProviderResponse(question, 200, json.dumps([delivery(5)]).encode(), NOW))


def test_a_block_of_several_relays_is_put_together_once() -> None:
    found = claims_by_block({"titan": [claim(3), claim(3)], "flashbots": [claim(3)], "odd": [claim(9)]})
    (block,) = found.values()
    assert (block.block_hash, block.relays) == (HASH, ("flashbots", "odd", "titan"))
    assert block.values == (9, 3)
    assert len(block.by_relay) == 3


def test_contradictions_of_one_relay_stay() -> None:
    found = claims_by_block({"a": [claim(3), claim(4)]})[HASH]
    assert (found.values, found.relays) == ((4, 3), ("a",))


def test_different_blocks_of_one_slot_stay_apart() -> None:
    other = "0x" + "22" * 32
    found = claims_by_block({"a": [claim(3), claim(4, block_hash=other, recipient=SOMEBODY)]})
    assert {key: block.values for key, block in found.items()} == {HASH: (3,), other: (4,)}


def test_many_slots_are_scanned_and_few_are_asked_for() -> None:
    few, many = DataRelay(range(5000)), DataRelay(range(5000))
    anyio.run(fetch_delivered, few, RELAY, [100, 1000, 4000])
    assert [dict(question.query).keys() for question in few.asked] == [{"slot"}] * 3
    anyio.run(fetch_delivered, many, RELAY, range(0, 5000, 20))
    assert len(many.asked) <= 27
    assert {"cursor", "limit"} == set(dict(many.asked[0].query))
    for relay, slots in ((few, (100, 1000, 4000)), (many, range(0, 5000, 20))):
        coverage = Coverage(relay.kept)
        assert all(slot in coverage for slot in slots)
    assert 101 not in Coverage(few.kept)


def test_a_scan_that_broke_off_covers_what_it_has_shown() -> None:
    """The lowest slot of a page may go on in the next one, so that it is not answered yet."""
    relay = DataRelay(range(1000))
    anyio.run(relay.fetch, RELAY.delivered_below(999))
    coverage = Coverage(relay.kept)
    assert [slot in coverage for slot in (1000, 999, 801, 800, 5)] == [False, True, True, False, False]
    silent = DataRelay([])
    anyio.run(silent.fetch, RELAY.delivered_below(999))
    assert 0 in Coverage(silent.kept)


def test_asking_block_by_block_or_scanning_whichever_is_less() -> None:
    assert not scan_is_cheaper(requests=48, slots=50_400)
    assert scan_is_cheaper(requests=300, slots=50_400)
