"""Ethereum's amounts of any size and spelling come through exactly, and one block is never booked twice."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.errors import PayloadError
from aurora_resources.providers.ethereum import beacon, execution
from aurora_resources.providers.ethereum.beacon import Beacon
from aurora_resources.providers.ethereum.block_income import BlockEvidence, Transfer, decide
from aurora_resources.providers.ethereum.execution import Execution
from aurora_resources.providers.ethereum.quantities import (
    DecimalInt,
    DecimalUint,
    HexData,
    HexUint,
    gwei_to_wei,
    hex_quantity,
    read_quantity,
)
from aurora_resources.providers.ethereum.relays import (
    BlockClaims,
    Relay,
    RelayClaim,
    claims_by_block,
    delivered,
)
from aurora_resources.records import ProviderRequest, ProviderResponse

LARGEST = 2**256 - 1
wei = st.integers(0, LARGEST)
OURS, BUILDER, KEY, HASH = "0x0a", "0x0b", "0xaa", "0x11"


def answer(question: ProviderRequest, text: str) -> ProviderResponse:
    return ProviderResponse(question, 200, text.encode(), datetime(2026, 11, 1, tzinfo=UTC))


@given(wei)
def test_every_spelling_of_an_amount_is_the_same_amount(amount: int) -> None:
    assert read_quantity(DecimalUint, str(amount)) == amount
    assert read_quantity(DecimalUint, amount) == amount
    assert read_quantity(DecimalInt, str(-amount)) == -amount
    assert read_quantity(HexUint, hex_quantity(amount)) == amount
    assert read_quantity(HexUint, hex(amount).upper().replace("X", "x")) == amount
    assert gwei_to_wei(-amount) == -amount * 10**9


@given(
    st.one_of(
        st.floats(),
        st.booleans(),
        st.none(),
        st.text(max_size=5).filter(lambda text: not (text.isascii() and text.lstrip("-").isdigit())),
        st.integers(min_value=LARGEST + 1),
        st.integers(min_value=LARGEST + 1).map(str),
    )
)
def test_what_is_no_exact_amount_is_refused(found: object) -> None:
    for wanted in (DecimalUint, DecimalInt, HexUint):
        if wanted is HexUint and isinstance(found, str) and found.startswith("0x"):
            continue
        with pytest.raises(ValueError, match="is no"):
            read_quantity(wanted, found)


@pytest.mark.parametrize(
    "written", ["1.0", '"1.0"', '"1e3"', '"0x10"', '" 1"', '"1_0"', '""', "null", "true", '"-1"']
)
def test_a_relays_value_is_never_rounded(written: str) -> None:
    row = {
        "slot": "5",
        "block_hash": "0x11",
        "builder_pubkey": "0xbb",
        "proposer_pubkey": "0xaa",
        "proposer_fee_recipient": "0x0a",
        "value": "VALUE",
    }
    text = json.dumps([row]).replace('"VALUE"', written)
    with pytest.raises(PayloadError, match="value"):
        delivered(answer(Relay("relay").delivered_at(5), text))


@given(wei)
def test_a_balance_of_any_size_passes(amount: int) -> None:
    said = json.dumps({"jsonrpc": "2.0", "id": 1, "result": hex(amount)})
    assert execution.balance(answer(Execution("node").balance("0x0a", 5), said)) == amount


@given(st.lists(st.tuples(*[st.integers(-(2**63), 2**63 - 1)] * 4), max_size=20))
def test_attestation_rewards_are_summed_exactly(rows: list[tuple[int, int, int, int]]) -> None:
    said = [
        {
            "validator_index": str(index),
            "head": str(head),
            "target": str(target),
            "source": str(source),
            "inactivity": str(inactivity),
        }
        for index, (head, target, source, inactivity) in enumerate(rows)
    ]
    (question,) = Beacon("beacon").attestation_rewards(9, [1])
    found = beacon.attestation_rewards(answer(question, json.dumps({"data": {"total_rewards": said}})))
    assert [found[index] for index in range(len(rows))] == [sum(row) for row in rows]


def claimed(values: list[int]) -> BlockClaims:
    rows = {
        f"relay-{number}": [
            RelayClaim(
                slot=DecimalUint(5),
                block_hash=HexData(HASH),
                builder_pubkey=HexData("0xbb"),
                proposer_pubkey=HexData(KEY),
                value=DecimalUint(value),
                recipient=HexData(OURS),
            )
        ]
        for number, value in enumerate(values)
    }
    return claims_by_block(rows)[HASH]


blocks = st.builds(
    lambda fees, keeps_ours, paid, change: BlockEvidence(
        validator_key=KEY,
        slot=5,
        block_hash=HASH,
        fee_recipient=OURS if keeps_ours else BUILDER,
        fees=fees,
        transfers=tuple(Transfer("0x01", BUILDER, OURS, value, succeeded) for value, succeeded in paid),
        balance_changes={} if change is None else {OURS: change},
    ),
    fees=wei,
    keeps_ours=st.booleans(),
    paid=st.lists(st.tuples(wei, st.booleans()), max_size=3),
    change=st.none() | st.integers(-LARGEST, LARGEST),
)


@given(blocks, st.lists(wei, min_size=1, max_size=3))
def test_a_relayed_block_is_one_income_and_no_more_than_was_claimed_or_credited(
    found: BlockEvidence, values: list[int]
) -> None:
    """Relays are never summed, fees at our own address are booked once, and inside the relay's value."""
    ours = frozenset({OURS})
    income = decide(found, claimed(values), ours)
    fees = found.fees if found.fee_recipient == OURS else 0
    assert income.priority_fees == fees
    assert income.mev >= 0
    assert fees <= income.total <= max(fees, *values)
    assert decide(found, claimed(values * 2), ours).total == income.total
    assert decide(found, claimed(values[::-1]), ours).total == income.total


@given(blocks)
def test_without_a_relay_fees_or_payment_are_booked_never_both(found: BlockEvidence) -> None:
    income = decide(found, None, frozenset({OURS}))
    assert 0 in (income.priority_fees, income.mev)
    assert income.total in {0, found.fees, *(row.value for row in found.transfers if row.succeeded)}
