"""Questions to a beacon node (the standard Beacon API), and what its failures mean.

`base_url` is the node's address without `/eth`. Answers are read in `beacon_answers.py`. Only finalised
history is asked for, apart from finality itself and the validators of now; questions of history are
`immutable`, and an answer to one that the node does not call final is refused here, before it is kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

import httpx
import msgspec

from aurora_resources.errors import (
    HistoryUnavailable,
    NotYetAvailable,
    ProviderError,
    TransientProviderError,
)
from aurora_resources.http.statuses import NOT_FOUND
from aurora_resources.records import Json, ProviderRequest

MAX_IDS: Final = 1_000
"""Validators one question asks about: about half a megabyte of answer."""
GENESIS: Final = "GET beacon/genesis"
SPEC: Final = "GET config/spec"
FINALITY: Final = "GET finality_checkpoints"
HEADER: Final = "GET beacon/headers"
BLOCK: Final = "GET beacon/blocks"
VALIDATORS: Final = "POST states/validators"
DUTIES: Final = "GET duties/proposer"
SYNC_COMMITTEE: Final = "GET sync_committees"
BLOCK_REWARDS: Final = "GET rewards/blocks"
ATTESTATION_REWARDS: Final = "POST rewards/attestations"
SYNC_REWARDS: Final = "POST rewards/sync_committee"

HEAD: Final = "head"
BlockId: TypeAlias = int | str
"""A slot, or a 0x block root."""


@dataclass(frozen=True, slots=True)
class Beacon:
    """The questions one beacon node can be asked; `provider` is its name in `providers.yaml`."""

    provider: str

    def genesis(self) -> ProviderRequest:
        """Time and validators root of the network's start: tells which network the node is on."""
        return self._get(GENESIS, "/eth/v1/beacon/genesis", immutable=True)

    def spec(self) -> ProviderRequest:
        """The network's constants and fork epochs; asked anew, for a fork epoch may be set later."""
        return self._get(SPEC, "/eth/v1/config/spec")

    def finality(self) -> ProviderRequest:
        """The checkpoints as of the head: the newest finalised epoch."""
        return self._get(FINALITY, f"/eth/v1/beacon/states/{HEAD}/finality_checkpoints")

    def header(self, block: BlockId) -> ProviderRequest:
        """The header at a slot, of a root or of the head; 404 where there is none (`slots.fetch_slot`)."""
        return self._get(HEADER, f"/eth/v1/beacon/headers/{block}", immutable=block != HEAD)

    def block(self, root: str) -> ProviderRequest:
        """A whole block by its root: the execution payload and the slashings in it; up to a megabyte."""
        return self._get(BLOCK, f"/eth/v2/beacon/blocks/{root}", immutable=True)

    def validators(
        self, state: int | Literal["head"], ids: Sequence[int | str]
    ) -> tuple[ProviderRequest, ...]:
        """Balance, life and credentials of validators (indices or public keys) in the state at a slot.

        Unknown ones are left out of the answer without a word. Raises ValueError for no ids at all: a node
        takes that for every validator there is.
        """
        path = f"/eth/v1/beacon/states/{state}/validators"
        return tuple(
            self._post(VALIDATORS, path, {"ids": chunk}, immutable=state != HEAD) for chunk in _chunks(ids)
        )

    def proposer_duties(self, epoch: int, version: Literal[1, 2] = 2) -> ProviderRequest:
        """Who was to propose each slot of an epoch. Version 2 is newer, not all nodes have it."""
        path = f"/eth/v{version}/validator/duties/proposer/{epoch}"
        return self._get(DUTIES, path, immutable=True)

    def sync_committee(self, slot: int, epoch: int) -> ProviderRequest:
        """The committee of the sync period of `epoch`, taken from the state at `slot`, which is inside it."""
        path = f"/eth/v1/beacon/states/{slot}/sync_committees"
        return self._get(SYNC_COMMITTEE, path, (("epoch", str(epoch)),), immutable=True)

    def block_rewards(self, root: str) -> ProviderRequest:
        """What the proposer of a block earned in the consensus layer, in gwei; never its fees."""
        return self._get(BLOCK_REWARDS, f"/eth/v1/beacon/rewards/blocks/{root}", immutable=True)

    def attestation_rewards(self, epoch: int, ids: Sequence[int | str]) -> tuple[ProviderRequest, ...]:
        """Rewards and penalties of the attestations of `epoch`, in gwei; there once epoch + 1 is over.

        Raises ValueError for no ids: a node takes that for every validator there is.
        """
        path = f"/eth/v1/beacon/rewards/attestations/{epoch}"
        return tuple(self._post(ATTESTATION_REWARDS, path, chunk, immutable=True) for chunk in _chunks(ids))

    def sync_rewards(self, block: BlockId, ids: Sequence[int | str]) -> tuple[ProviderRequest, ...]:
        """Rewards and penalties of committee members in one block, in gwei. Raises ValueError for no ids."""
        path = f"/eth/v1/beacon/rewards/sync_committee/{block}"
        return tuple(self._post(SYNC_REWARDS, path, chunk, immutable=True) for chunk in _chunks(ids))

    def _get(
        self, endpoint: str, path: str, query: tuple[tuple[str, str], ...] = (), *, immutable: bool = False
    ) -> ProviderRequest:
        return ProviderRequest(self.provider, endpoint, "GET", path, query, immutable=immutable)

    def _post(self, endpoint: str, path: str, body: Json, *, immutable: bool) -> ProviderRequest:
        return ProviderRequest(self.provider, endpoint, "POST", path, body=body, immutable=immutable)


def _chunks(ids: Sequence[int | str]) -> list[list[str]]:
    if not ids:
        raise ValueError("no validators to ask about; an empty list means all of them to a beacon node")
    texts = [str(validator) for validator in ids]
    return [texts[start : start + MAX_IDS] for start in range(0, len(texts), MAX_IDS)]


class _Flags(msgspec.Struct):
    """Both flags are left out by old nodes."""

    execution_optimistic: bool = False
    finalized: bool | None = None


class _Refusal(msgspec.Struct):
    message: str = ""


_flags = msgspec.json.Decoder(_Flags)
_refusal = msgspec.json.Decoder(_Refusal)

_OF_THE_CHAIN: Final = frozenset(
    {BLOCK, VALIDATORS, DUTIES, SYNC_COMMITTEE, BLOCK_REWARDS, ATTESTATION_REWARDS, SYNC_REWARDS}
)
"""What a node with the whole history always has: only ever asked about blocks and states that exist."""


def classify_beacon(
    question: ProviderRequest, status: int, _headers: httpx.Headers, body: bytes
) -> ProviderError | None:
    """The error a 404 or a success stands for; other statuses never come here.

    A 404 has two meanings. For a header it says that no block is at that slot, or that the node does not
    have it: `slots.fetch_slot` finds out which. For rewards, states and duties it says that the node has
    pruned them, or lacks the endpoint: never that they are zero.
    """
    if status == NOT_FOUND:
        return _not_found(question, body)
    try:
        flags = _flags.decode(body)
    except msgspec.MsgspecError:
        return None  # the parser says what is wrong with it
    if flags.execution_optimistic:
        return TransientProviderError(
            "the node has not verified the execution payloads yet (execution_optimistic); wait until its "
            "execution client is in sync",
            provider=question.provider,
            endpoint=question.endpoint,
            status=status,
        )
    if flags.finalized is False and question.immutable:
        return NotYetAvailable(
            f"{question.path} is not finalised on this node; ask again later",
            provider=question.provider,
            endpoint=question.endpoint,
            status=status,
        )
    return None


def _not_found(question: ProviderRequest, body: bytes) -> ProviderError | None:
    try:
        says = _refusal.decode(body).message
    except msgspec.MsgspecError:
        says = ""
    reason = f'{question.path}: HTTP 404, the answer says "{says}"' if says else f"{question.path}: HTTP 404"
    if question.endpoint == HEADER:
        return NotYetAvailable(
            f"{reason}; no block is known there",
            provider=question.provider,
            endpoint=question.endpoint,
            status=NOT_FOUND,
        )
    if question.endpoint in _OF_THE_CHAIN:
        return HistoryUnavailable(
            f"{reason}; this node does not hold that state, or lacks the endpoint, and nothing is counted as "
            "zero: configure an archive node, or one that answers rewards",
            provider=question.provider,
            endpoint=question.endpoint,
            status=NOT_FOUND,
        )
    return None
