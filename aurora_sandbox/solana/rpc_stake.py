"""getProgramAccounts for the Stake program: the current stake accounts, as JSON or 200 raw bytes.

Byte layout: bincode of StakeStateV2, little endian (docs/sandbox.md lists the offsets).
"""

import base64
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from aurora_resources.addresses import decode_base58, encode_base58
from aurora_sandbox.server.json_rpc import INVALID_PARAMS, RpcError
from aurora_sandbox.server.messages import Json
from aurora_sandbox.solana.chain import Chain
from aurora_sandbox.solana.pubkeys import STAKE_PROGRAM, SYSTEM_PROGRAM
from aurora_sandbox.solana.rpc_methods import RENT_EXEMPT_STAKE, Params, context, credits_to, pubkey, u64
from aurora_sandbox.solana.world import U64_MAX, StakeAccount

DATA_SIZE = 200
MAX_FILTERS = 4
_WARMUP_RATE = 0.25
_LAYOUT = struct.Struct("<IQ32s32sqQ32s32sQQQdQ4s")
_VOTER, _WITHDRAWER, _STAKER = 124, 44, 12


@dataclass(frozen=True, slots=True)
class _Held:
    """A stake account now: `stake` includes the rewards paid since the world listed it."""

    account: StakeAccount
    voter: str
    stake: int
    credits_observed: int


def get_program_accounts(chain: Chain, params: Params) -> Json:
    """Stake accounts that pass the filters; other programs own none here."""
    program, config = pubkey(params.any(0)), params.config(1)
    filters = config.get("filters") or []
    if not isinstance(filters, list) or len(filters) > MAX_FILTERS:
        raise RpcError(INVALID_PARAMS, f"Too many filters provided; max {MAX_FILTERS}")
    tests = [_filter(entry) for entry in filters]
    encoding = config.get("encoding", "base58")
    if encoding not in ("jsonParsed", "base64"):
        raise RpcError(
            INVALID_PARAMS,
            "Encoded binary (base 58) data should be less than 128 bytes, please use Base64 encoding.",
        )
    rows = []
    if program == STAKE_PROGRAM:
        cut = _slice(config.get("dataSlice"))
        candidates, tests = _candidates(chain, tests)
        for held in candidates:
            if all(_passes(held, test) for test in tests):
                rows.append(_row(chain, held, encoding, cut))
    return {"context": context(chain), "value": rows} if config.get("withContext") else rows


_Test = tuple[int, bytes] | int


def _filter(entry: Json) -> _Test:
    """A data size, or an offset and the bytes required there."""
    if isinstance(entry, dict) and "dataSize" in entry:
        return u64(entry["dataSize"], "dataSize")
    compare = entry.get("memcmp") if isinstance(entry, dict) else None
    if not isinstance(compare, dict) or not isinstance(compare.get("bytes"), str):
        raise RpcError(INVALID_PARAMS, f"Invalid params: unknown filter {entry!r}")
    offset = u64(compare.get("offset"), "offset")
    try:
        if compare.get("encoding", "base58") == "base64":
            return offset, base64.b64decode(compare["bytes"], validate=True)
        return offset, decode_base58(compare["bytes"])
    except ValueError:
        raise RpcError(INVALID_PARAMS, "Invalid param: Base58 decode error") from None


def _slice(value: Json) -> slice:
    if value is None:
        return slice(None)
    if not isinstance(value, dict):
        raise RpcError(INVALID_PARAMS, "Invalid params: dataSlice must be an object")
    offset = u64(value.get("offset"), "offset")
    return slice(offset, offset + u64(value.get("length"), "length"))


def _candidates(chain: Chain, tests: list[_Test]) -> tuple[list[_Held], list[_Test]]:
    """The accounts an exact address filter finds, or all of them; and the remaining filters."""
    index = _index(chain)
    for test in tests:
        if isinstance(test, tuple) and test[0] in (_VOTER, _WITHDRAWER, _STAKER) and len(test[1]) == 32:  # noqa: PLR2004
            rest = [other for other in tests if other is not test]
            return index.get((test[0], encode_base58(test[1])), []), rest
    return index[()], tests


@lru_cache(maxsize=2)
def _index(chain: Chain) -> dict[tuple[()] | tuple[int, str], list[_Held]]:
    """Accounts by (offset, address) of voter, withdrawer and staker, and all of them under ()."""
    latest = chain.latest
    paid = {} if latest.number == chain.current else latest.rewards.staking
    index: dict[tuple[()] | tuple[int, str], list[_Held]] = {(): []}
    for vote, accounts in latest.accounts.items():
        observed = credits_to(chain, vote, latest.number)
        for account in accounts:
            held = _Held(account, vote, account.stake + paid.get(account.stake_account, 0), observed)
            index[()].append(held)
            for offset, key in ((_VOTER, vote), (_WITHDRAWER, account.withdrawer), (_STAKER, account.staker)):
                index.setdefault((offset, key), []).append(held)
    return index


@lru_cache(maxsize=65_536)
def _bytes_of(address: str) -> bytes:
    """The 32 bytes of an address; cached, because decoding is slow and owners and validators repeat."""
    return decode_base58(address)


def _passes(held: _Held, test: _Test) -> bool:
    if isinstance(test, int):
        return test == DATA_SIZE
    offset, wanted = test
    return stake_bytes(held)[offset : offset + len(wanted)] == wanted


def stake_bytes(held: _Held) -> bytes:
    """The account's 200 bytes of data."""
    end = held.account.deactivation_epoch
    return _LAYOUT.pack(
        2,
        RENT_EXEMPT_STAKE,
        _bytes_of(held.account.staker),
        _bytes_of(held.account.withdrawer),
        0,
        0,
        bytes(32),
        _bytes_of(held.voter),
        held.stake,
        held.account.activation_epoch,
        U64_MAX if end is None else end,
        _WARMUP_RATE,
        held.credits_observed,
        bytes(4),
    )


def _row(chain: Chain, held: _Held, encoding: str, cut: slice) -> dict[str, Any]:
    data: Json
    if encoding == "base64":
        data = [base64.b64encode(stake_bytes(held)[cut]).decode(), "base64"]
    else:
        data = {"parsed": _parsed(chain, held), "program": "stake", "space": DATA_SIZE}
    account = {
        "data": data,
        "executable": False,
        "lamports": RENT_EXEMPT_STAKE + held.stake,
        "owner": STAKE_PROGRAM,
        "rentEpoch": U64_MAX,
        "space": DATA_SIZE,
    }
    return {"account": account, "pubkey": held.account.stake_account}


def _parsed(chain: Chain, held: _Held) -> dict[str, Any]:
    end = held.account.deactivation_epoch
    delegation: dict[str, Any] = {
        "activationEpoch": str(held.account.activation_epoch),
        "deactivationEpoch": str(U64_MAX if end is None else end),
        "stake": str(held.stake),
        "voter": held.voter,
    }
    if chain.settings.commission_fields == "percent":  # newer nodes no longer give it
        delegation["warmupCooldownRate"] = _WARMUP_RATE
    meta = {
        "authorized": {"staker": held.account.staker, "withdrawer": held.account.withdrawer},
        "lockup": {"custodian": SYSTEM_PROGRAM, "epoch": 0, "unixTimestamp": 0},
        "rentExemptReserve": str(RENT_EXEMPT_STAKE),
    }
    stake = {"creditsObserved": held.credits_observed, "delegation": delegation}
    return {"info": {"meta": meta, "stake": stake}, "type": "delegated"}
