"""A Solana node (JSON-RPC over one URL): requests, what its errors mean, and its answers as typed records.

`base_url` is the node's whole address, path and key included; the path of a request is empty. Everything is
requested at commitment `finalized`, so no answer can be undone by a fork. Stake accounts are parsed in
`stake_accounts.py`. The commission fields of reward rows are not read: their shape changes between node
versions (`commission`, `commissionBps`, both, neither), and the commission that counts is the amount in the
Voting row.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import httpx
import msgspec

from aurora_resources.errors import (
    HistoryUnavailable,
    NotYetAvailable,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.providers.decoding import RateBps, Shape, Unsigned, unexpected
from aurora_resources.providers.json_rpc import Failure, Reply, failure, result, rpc_params
from aurora_resources.records import Json, ProviderRequest, ProviderResponse

MAX_ADDRESSES: Final = 32
"""Addresses one getInflationReward may ask for."""
MAX_SLOT_RANGE: Final = 500_000
"""Slots one getBlocks may span."""
BLOCK_HEADER: Final = "getBlock (header)"
STAKE_PROGRAM: Final = "Stake11111111111111111111111111111111111111"
STAKE_ACCOUNT_BYTES: Final = 200
VOTER_OFFSET: Final = 124

_FINALIZED: Final[dict[str, Json]] = {"commitment": "finalized"}


@dataclass(frozen=True, slots=True)
class SolanaRpc:
    """The requests to one node; `provider` is its name in `providers.yaml`."""

    provider: str

    def epoch_info(self, request_id: int = 1) -> ProviderRequest:
        """getEpochInfo: the running epoch and slot. `request_id` tells a second asking from the first."""
        return self._request("getEpochInfo", [_FINALIZED], request_id=request_id)

    def epoch_schedule(self) -> ProviderRequest:
        """getEpochSchedule: how epochs map to slots on this cluster; mainnet has no warm-up, others may."""
        return self._request("getEpochSchedule", [])

    def first_produced(self, start: int) -> ProviderRequest:
        """getBlocksWithLimit: the first produced slot at or after `start`.

        A node without history answers a later slot, without a word.
        """
        return self._request("getBlocksWithLimit", [start, 1, _FINALIZED])

    def produced_after(self, start: int, count: int) -> ProviderRequest:
        """getBlocksWithLimit: the `count` produced slots from `start` on; fewer when not produced yet."""
        return self._request("getBlocksWithLimit", [start, count, _FINALIZED])

    def blocks(self, first: int, last: int) -> tuple[ProviderRequest, ...]:
        """getBlocks: produced slots, both ends included; missing history looks like skipped slots.

        So the answer is asked for anew each time, though the chain's past cannot change: a hole may be
        filled tomorrow.
        """
        return tuple(
            self._request("getBlocks", [start, min(start + MAX_SLOT_RANGE - 1, last), _FINALIZED])
            for start in range(first, last + 1, MAX_SLOT_RANGE)
        )

    def block_time(self, slot: int) -> ProviderRequest:
        """getBlockTime: seconds since 1970, null when unknown; only for a produced slot."""
        return self._request("getBlockTime", [slot])

    def block_header(self, slot: int) -> ProviderRequest:
        """A getBlock without transactions and rewards: height, parent and time of a produced slot."""
        return self._block(slot, rewards=False)

    def block_rewards(self, slot: int) -> ProviderRequest:
        """A getBlock without transactions: signed lamports an account, commission fields left aside."""
        return self._block(slot, rewards=True)

    def vote_accounts(self) -> ProviderRequest:
        """getVoteAccounts: the validators of now, stake in lamports; unstaked delinquents are left out."""
        return self._request("getVoteAccounts", [_FINALIZED])

    def leader_schedule(self, slot: int, identity: str | None) -> ProviderRequest:
        """The getLeaderSchedule of the epoch of `slot`: slot indices from the epoch's start, by identity.

        Null when the node no longer keeps that epoch's schedule. None asks for every identity at once.
        """
        options: dict[str, Json] = dict(_FINALIZED)
        if identity is not None:
            options["identity"] = identity
        return self._request("getLeaderSchedule", [slot, options], subject=identity)

    def inflation_rewards(self, addresses: Sequence[str], epoch: int) -> ProviderRequest:
        """getInflationReward: lamports by position of the address; null where there is no reward row."""
        options: dict[str, Json] = {**_FINALIZED, "epoch": epoch}
        return self._request("getInflationReward", [list(addresses), options], immutable=True)

    def stake_accounts(self, vote_account: str) -> ProviderRequest:
        """The getProgramAccounts of one validator: stake accounts delegated to it, as of now."""
        options: dict[str, Json] = {
            **_FINALIZED,
            "encoding": "base64",
            "filters": [
                {"dataSize": STAKE_ACCOUNT_BYTES},
                {"memcmp": {"offset": VOTER_OFFSET, "bytes": vote_account}},
            ],
        }
        return self._request("getProgramAccounts", [STAKE_PROGRAM, options], subject=vote_account)

    def _block(self, slot: int, *, rewards: bool) -> ProviderRequest:
        options: dict[str, Json] = {
            **_FINALIZED,
            "encoding": "json",
            "transactionDetails": "none",
            "rewards": rewards,
            "maxSupportedTransactionVersion": 0,
        }
        request = self._request("getBlock", [slot, options], immutable=True)
        return request if rewards else replace(request, endpoint=BLOCK_HEADER)

    def _request(
        self,
        method: str,
        params: Sequence[Json],
        *,
        request_id: int = 1,
        subject: str | None = None,
        immutable: bool = False,
    ) -> ProviderRequest:
        body: dict[str, Json] = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}
        return ProviderRequest(
            self.provider, method, "POST", "", body=body, subject=subject, immutable=immutable
        )


# Agave's codes (rpc custom_error.rs). A few servers use the last three for other things, so those are only
# believed together with their words.
_TRANSIENT: Final = {-32005, -32012, -32014, -32016, -32603, -32002}
_NOT_YET: Final = {-32004}
_NO_HISTORY: Final = {-32001, -32007, -32009, -32010, -32011}
_BY_MESSAGE: Final[dict[int, tuple[str, type[ProviderError]]]] = {
    -32017: ("reward", NotYetAvailable),
    -32018: ("boundary", HistoryUnavailable),
    -32019: ("long-term storage", TransientProviderError),
}


def classify_rpc(
    request: ProviderRequest, status: int, _headers: httpx.Headers, body: bytes
) -> ProviderError | None:
    """The error an answer of status 2xx stands for, by code and words; other statuses never come here.

    A slot the node calls skipped is no answer either: only slots that `getBlocks` listed are ever asked for,
    so this node's history has a hole there. A body that is not JSON is left to the parser.
    """
    error = failure(body)
    if error is None:
        return None
    kind, remedy = _meaning(error)
    return kind(
        f"{error.message} (code {error.code}): {remedy}",
        provider=request.provider,
        endpoint=request.endpoint,
        status=status,
        code=error.code,
    )


def _meaning(error: Failure) -> tuple[type[ProviderError], str]:
    kind: type[ProviderError] = RefusedByProvider
    if error.code in _BY_MESSAGE:
        words, meant = _BY_MESSAGE[error.code]
        kind = meant if words in error.message.lower() else TransientProviderError
    elif error.code in _TRANSIENT:
        kind = TransientProviderError
    elif error.code in _NOT_YET:
        kind = NotYetAvailable
    elif error.code in _NO_HISTORY:
        kind = HistoryUnavailable
    return kind, _REMEDIES[kind]


_REMEDIES: Final[dict[type[ProviderError], str]] = {
    TransientProviderError: "the node is in trouble; try again or ask another one",
    NotYetAvailable: "the chain is not there yet; ask again later",
    HistoryUnavailable: "this node does not hold that history; configure a node with an archive",
    RefusedByProvider: "repeating it cannot help; check the node's URL, key and supported methods",
}


FEE: Final = "fee"
VOTING: Final = "voting"
STAKING: Final = "staking"


class EpochInfo(msgspec.Struct, frozen=True, rename="camel"):
    """The running epoch at the time of the answer."""

    epoch: Unsigned
    absolute_slot: Unsigned
    slot_index: Unsigned
    slots_in_epoch: Unsigned


class EpochSchedule(msgspec.Struct, frozen=True, rename="camel"):
    """How epochs map to slots. With warm-up, epochs double in length until `first_normal_epoch`."""

    slots_per_epoch: Unsigned
    first_normal_epoch: Unsigned
    first_normal_slot: Unsigned

    def first_slot(self, epoch: int) -> int:
        """The first slot of `epoch`."""
        if epoch < self.first_normal_epoch:
            return ((1 << epoch) - 1) * _SHORTEST_EPOCH_SLOTS
        return (epoch - self.first_normal_epoch) * self.slots_per_epoch + self.first_normal_slot


class VoteAccount(msgspec.Struct, frozen=True, rename="camel"):
    """One validator as of the answer; stake in lamports; credits as (epoch, credits, credits before)."""

    vote_pubkey: str
    node_pubkey: str
    activated_stake: Unsigned
    epoch_credits: tuple[tuple[int, int, int], ...] = ()
    commission: Unsigned | None = None
    inflation_rewards_commission_bps: RateBps | None = None

    @property
    def announced_bps(self) -> int | None:
        """The commission announced now: basis points where the node gives them, else its percent."""
        if self.inflation_rewards_commission_bps is not None:
            return self.inflation_rewards_commission_bps
        return None if self.commission is None else self.commission * 100


class BlockHeader(msgspec.Struct, frozen=True, rename="camel"):
    """A produced block: `parent_slot` is the produced slot before; `block_height` counts produced slots."""

    parent_slot: Unsigned
    block_height: Unsigned | None = None


class RewardRow(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One credit (or debit) of a block in lamports; the type is an open set and may be null."""

    pubkey: str
    lamports: int
    reward_type: str | None = None

    def is_a(self, kind: str) -> bool:
        """Whether the row is of `kind`; some indexers write the type in lower case."""
        return self.reward_type is not None and self.reward_type.lower() == kind


class BlockRewards(msgspec.Struct, frozen=True, rename="camel"):
    """A block's rewards. `num_reward_partitions` is on the first block of an epoch only, since partitions."""

    parent_slot: Unsigned
    rewards: tuple[RewardRow, ...]
    num_reward_partitions: Unsigned | None = None

    def total(self, kind: str) -> int:
        """Lamports of all rows of `kind`, whichever account was credited."""
        return sum([row.lamports for row in self.rewards if row.is_a(kind)])


class _VoteAccounts(msgspec.Struct, frozen=True):
    current: tuple[VoteAccount, ...]
    delinquent: tuple[VoteAccount, ...] = ()


class _InflationReward(msgspec.Struct, frozen=True, gc=False):
    epoch: Unsigned
    amount: Unsigned


_SHORTEST_EPOCH_SLOTS: Final = 32

_epoch_info = Shape(Reply[EpochInfo])
_epoch_schedule = Shape(Reply[EpochSchedule])
_slots = Shape(Reply[tuple[Unsigned, ...]])
_seconds = Shape(Reply[int | None])
_header = Shape(Reply[BlockHeader])
_rewards = Shape(Reply[BlockRewards], keep=False)
_vote_accounts = Shape(Reply[_VoteAccounts])
_leader_schedule = Shape(Reply[dict[str, tuple[Unsigned, ...]] | None])
_inflation_rewards = Shape(Reply[tuple[_InflationReward | None, ...]])


def epoch_info(response: ProviderResponse) -> EpochInfo:
    """The answer of getEpochInfo. Raises PayloadError."""
    return result(_epoch_info, response)


def epoch_schedule(response: ProviderResponse) -> EpochSchedule:
    """The answer of getEpochSchedule. Raises PayloadError."""
    return result(_epoch_schedule, response)


def slots(response: ProviderResponse) -> tuple[int, ...]:
    """getBlocks, getBlocksWithLimit: produced slots, ascending. Raises PayloadError."""
    return result(_slots, response)


def block_time(response: ProviderResponse) -> datetime | None:
    """The answer of getBlockTime in UTC; None when the node does not know. Raises PayloadError."""
    seconds = result(_seconds, response)
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def block_header(response: ProviderResponse) -> BlockHeader:
    """The answer of getBlock without rewards. Raises PayloadError, also when the block is null."""
    return result(_header, response)


def block_rewards(response: ProviderResponse) -> BlockRewards:
    """The answer of getBlock with rewards. Raises PayloadError, also when block or rewards are null."""
    return result(_rewards, response)


def vote_accounts(response: ProviderResponse) -> tuple[VoteAccount, ...]:
    """getVoteAccounts, delinquent ones included. Raises PayloadError."""
    found = result(_vote_accounts, response)
    return (*found.current, *found.delinquent)


def leader_schedule(response: ProviderResponse) -> dict[str, tuple[int, ...]] | None:
    """getLeaderSchedule: slot indices from the epoch's first slot, by identity; None when not kept."""
    return result(_leader_schedule, response)


def inflation_rewards(response: ProviderResponse, epoch: int) -> Mapping[str, int]:
    """getInflationReward: lamports of each address asked for; 0 where there is no reward row.

    The node answers only when the payout is complete, so a missing row is a known zero. Raises PayloadError
    when the rows are not as many as the addresses, or are of another epoch.
    """
    addresses = rpc_params(response.request)[0]
    rows = result(_inflation_rewards, response)
    if not isinstance(addresses, list | tuple) or len(addresses) != len(rows):
        raise unexpected(response, f"{len(rows)} rows do not match the addresses asked for")
    if strange := [row.epoch for row in rows if row is not None and row.epoch != epoch]:
        raise unexpected(response, f"asked for epoch {epoch}, answered epoch {strange[0]}")
    return {
        str(address): 0 if row is None else row.amount for address, row in zip(addresses, rows, strict=True)
    }
