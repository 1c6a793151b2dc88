"""Stake accounts as a node lists them, in both encodings it offers: the account's bytes, or parsed JSON.

Layout of the 200 bytes, little endian: u32 state at 0 (2 = delegated), staker at 12, withdrawer at 44, voter
at 124, then u64 delegated lamports at 156, activation epoch at 164 and deactivation epoch at 172. The lockup
(whose time may be negative) and the deprecated warm-up rate are never read. The delegated stake is the field
itself, never lamports less rent: rent has changed.
"""

import binascii
import struct
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

import msgspec

from aurora_resources.addresses import encode_base58
from aurora_resources.providers.decoding import Shape, unexpected
from aurora_resources.providers.json_rpc import Reply, result, rpc_params
from aurora_resources.records import ProviderResponse

NEVER: Final = 2**64 - 1
"""The deactivation epoch of stake that is not being deactivated."""

_AUTHORITIES: Final = struct.Struct("<32s32s")
_DELEGATION: Final = struct.Struct("<32sQQQ")
_AUTHORITIES_AT: Final = 12
_DELEGATION_AT: Final = 124
_NEEDED_UNTIL: Final = _DELEGATION_AT + _DELEGATION.size
_DELEGATED: Final = 2


class StakeAccount(msgspec.Struct, frozen=True, gc=False):
    """One delegated stake account; `stake` in lamports, rewards already compounded into it.

    `staker_key` and `withdrawer_key` are as they came, in base58 or as bytes: of a million accounts most
    are only asked for their stake, and base58 is slow to write.
    """

    account: str
    staker_key: str | bytes
    withdrawer_key: str | bytes
    voter: str
    stake: int
    activation: int
    deactivation: int

    @property
    def staker(self) -> str:
        """Who may delegate it."""
        return _text(self.staker_key)

    @property
    def withdrawer(self) -> str:
        """Who owns the money."""
        return _text(self.withdrawer_key)


class _Authorized(msgspec.Struct):
    staker: str
    withdrawer: str


class _Meta(msgspec.Struct):
    authorized: _Authorized


class _Delegation(msgspec.Struct, rename="camel"):
    voter: str
    stake: str
    activation_epoch: str
    deactivation_epoch: str


class _Stake(msgspec.Struct):
    delegation: _Delegation


class _Info(msgspec.Struct):
    meta: _Meta | None = None
    stake: _Stake | None = None


class _Parsed(msgspec.Struct):
    info: _Info


class _ParsedData(msgspec.Struct):
    parsed: _Parsed


class _Account(msgspec.Struct):
    data: tuple[str, str] | _ParsedData


class _Row(msgspec.Struct):
    pubkey: str
    account: _Account


_rows = Shape(Reply[tuple[_Row, ...]], keep=False)


def stake_accounts(response: ProviderResponse) -> tuple[StakeAccount, ...]:
    """getProgramAccounts: delegated stake accounts; those without a delegation are left out.

    Raises PayloadError naming the account that cannot be read.
    """
    offset = _slice_offset(response)
    found = []
    for row in result(_rows, response):
        try:
            if isinstance(row.account.data, tuple):
                account = _from_bytes(row.pubkey, row.account.data[0], offset)
            else:
                account = _from_json(row.pubkey, row.account.data.parsed.info)
        except (ValueError, struct.error) as problem:
            raise unexpected(response, f"stake account {row.pubkey}: {problem}") from None
        if account is not None:
            found.append(account)
    return tuple(found)


@lru_cache(maxsize=65_536)
def _written(key: bytes) -> str:
    """A key in base58; validators and large owners come again and again."""
    return encode_base58(key)


def _text(key: str | bytes) -> str:
    return key if isinstance(key, str) else _written(key)


def _from_bytes(pubkey: str, text: str, offset: int) -> StakeAccount | None:
    data = binascii.a2b_base64(text)
    if offset > _AUTHORITIES_AT or offset + len(data) < _NEEDED_UNTIL:
        raise ValueError(f"{len(data)} bytes from {offset} on do not hold bytes 12 to {_NEEDED_UNTIL}")
    if offset == 0 and data[0] != _DELEGATED:
        return None
    staker, withdrawer = _AUTHORITIES.unpack_from(data, _AUTHORITIES_AT - offset)
    voter, stake, activation, deactivation = _DELEGATION.unpack_from(data, _DELEGATION_AT - offset)
    return StakeAccount(pubkey, staker, withdrawer, _written(voter), stake, activation, deactivation)


def _from_json(pubkey: str, info: _Info) -> StakeAccount | None:
    if info.stake is None:
        return None
    if info.meta is None:
        raise ValueError("it is delegated but has no authorities")
    delegation = info.stake.delegation
    return StakeAccount(
        pubkey,
        info.meta.authorized.staker,
        info.meta.authorized.withdrawer,
        delegation.voter,
        int(delegation.stake),
        int(delegation.activation_epoch),
        int(delegation.deactivation_epoch),
    )


def _slice_offset(response: ProviderResponse) -> int:
    """Where the bytes start, from the request's `dataSlice`; 0 without one."""
    params = rpc_params(response.request)
    options = params[1] if len(params) > 1 else None
    cut = options.get("dataSlice") if isinstance(options, Mapping) else None
    offset = cut.get("offset") if isinstance(cut, Mapping) else 0
    return offset if isinstance(offset, int) else 0
