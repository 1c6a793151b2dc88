"""Stake accounts in both encodings of a node, and what is not read of them."""

import base64
import json
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aurora_resources.addresses import encode_base58
from aurora_resources.errors import PayloadError
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.stake_accounts import NEVER, StakeAccount, stake_accounts
from aurora_resources.records import ProviderRequest, ProviderResponse

Answer = Callable[..., ProviderResponse]
STAKER, WITHDRAWER, VOTER = bytes([1] * 32), bytes([2] * 32), bytes([0, 0, 7] + [3] * 29)
ASKED = SolanaRpc("rpc").stake_accounts(encode_base58(VOTER))
ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def decode(text: str) -> bytes:
    """Base58 backwards, digit by digit."""
    number = 0
    for sign in text:
        number = number * 58 + ALPHABET.index(sign)
    zeros = len(text) - len(text.lstrip("1"))
    return bytes(zeros) + (number.to_bytes((number.bit_length() + 7) // 8, "big") if number else b"")


@given(st.binary(max_size=40))
def test_base58_can_be_read_back(raw: bytes) -> None:
    assert decode(encode_base58(raw)) == raw


def test_base58_of_known_keys() -> None:
    assert encode_base58(bytes(32)) == "1" * 32
    assert encode_base58(b"hello world") == "StV1DL6CwTryKyV"


def account_bytes(*, state: int = 2, stake: int = 5, activation: int = 1, deactivation: int = NEVER) -> bytes:
    head = struct.pack("<IQ32s32sqQ32s", state, 2_282_880, STAKER, WITHDRAWER, -1, 0, bytes(32))
    return head + struct.pack("<32sQQQdQ4s", VOTER, stake, activation, deactivation, 0.25, 9, bytes(4))


def listed(raw: bytes) -> list[dict[str, Any]]:
    data = [base64.b64encode(raw).decode(), "base64"]
    return [{"pubkey": "stake", "account": {"lamports": 1, "data": data, "rentEpoch": 2**64 - 1}}]


def sliced(offset: int, length: int) -> ProviderRequest:
    assert isinstance(ASKED.body, dict)
    program, options = ASKED.body["params"]
    cut = {**options, "dataSlice": {"offset": offset, "length": length}}
    return replace(ASKED, body={**ASKED.body, "params": [program, cut]})


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_amounts_and_epochs_are_exact(answer: Answer, stake: int, activation: int, deactivation: int) -> None:
    raw = account_bytes(stake=stake, activation=activation, deactivation=deactivation)
    (found,) = stake_accounts(answer(ASKED, {"result": listed(raw)}))
    assert (found.stake, found.activation, found.deactivation) == (stake, activation, deactivation)


@pytest.mark.parametrize(("offset", "length"), [(0, 200), (0, 180), (12, 176), (12, 168), (4, 176)])
def test_whole_and_sliced_bytes_say_the_same(answer: Answer, offset: int, length: int) -> None:
    raw = account_bytes()[offset : offset + length]
    (found,) = stake_accounts(answer(sliced(offset, length), {"result": listed(raw)}))
    assert found == StakeAccount("stake", STAKER, WITHDRAWER, encode_base58(VOTER), 5, 1, NEVER)
    assert (found.staker, found.withdrawer) == (encode_base58(STAKER), encode_base58(WITHDRAWER))


@pytest.mark.parametrize("raw", [b"", account_bytes()[:179]])
def test_too_few_bytes_are_refused_by_name(answer: Answer, raw: bytes) -> None:
    with pytest.raises(PayloadError, match="stake account stake"):
        stake_accounts(answer(ASKED, {"result": listed(raw)}))


def test_nonsense_instead_of_base64_is_refused(answer: Answer) -> None:
    rows = [{"pubkey": "stake", "account": {"data": ["a", "base64"]}}]
    with pytest.raises(PayloadError, match="stake account stake"):
        stake_accounts(answer(ASKED, {"result": rows}))


def test_an_account_without_delegation_is_left_out(answer: Answer) -> None:
    assert stake_accounts(answer(ASKED, {"result": listed(account_bytes(state=1))})) == ()


def test_json_as_recorded(recorded: Callable[[str], bytes], answer: Answer) -> None:
    rows = json.loads(recorded("rpc_getProgramAccounts_stake_jsonParsed_RECORDED.json"))
    found = stake_accounts(answer(ASKED, {"result": rows}))
    delegated = [row for row in rows if row["account"]["data"]["parsed"]["info"].get("stake")]
    assert [account.account for account in found] == [row["pubkey"] for row in delegated]
    assert (found[0].stake, found[0].activation, found[0].deactivation) == (7_717_120, 650, 650)


def test_json_of_a_newer_node(recorded: Callable[[str], bytes], answer: Answer) -> None:
    row = json.loads(recorded("rpc_stake_account_jsonParsed_agave4.json"))
    (found,) = stake_accounts(answer(ASKED, {"result": [row]}))
    assert found.stake == 31_976_055_841_874
    assert (found.activation, found.deactivation) == (884, NEVER)
    assert found.withdrawer == "6iQKfEyhr3bZMotVkW6beNZz5CPAkiwvgV2CTje9pVSS"


def test_json_of_an_initialized_account_with_a_hostile_lockup(answer: Answer) -> None:
    meta = {
        "authorized": {"staker": "s", "withdrawer": "w"},
        "lockup": {"custodian": "c", "epoch": 0, "unixTimestamp": -1},
        "rentExemptReserve": "2282880",
    }
    info = {"meta": meta, "stake": None}
    row = {"pubkey": "x", "account": {"data": {"parsed": {"info": info, "type": "initialized"}}}}
    assert stake_accounts(answer(ASKED, {"result": [row]})) == ()
