"""A validator's execution fees of an epoch: counted block by block from a node, and the records.

Solana Beach sums fees itself (`solanabeach.py`). Fees are attributed by slot leader, whichever account the
Fee row credited. If the block of a produced slot was not read, the sum is unknown, not smaller. A validator
that shares priority fees with its stakers pays them out of the same fees; Jito reports that part (`mev.py`),
and it is subtracted once, in `normalize_fees`.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aurora_resources.errors import HistoryUnavailable
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc
from aurora_resources.providers.solana.findings import (
    DRIFT,
    FEES_DOUBTED,
    FEES_MISSING,
    FEES_SHARED_UNKNOWN,
    IDENTITY_SHARED,
    coins,
)
from aurora_resources.providers.solana.mev import TipResponses, tips_state
from aurora_resources.providers.solana.periods import Boundaries
from aurora_resources.providers.solana.rpc import BLOCK_HEADER, SolanaRpc
from aurora_resources.providers.staged import Answers
from aurora_resources.records import (
    FactState,
    Fetcher,
    Finding,
    Normalized,
    ProviderResponse,
    TrackedValidator,
    ValidatorFees,
)

_ONE_BY_ONE: Final = 16
"""Up to so many identities the leader schedule is asked for each; above, the whole schedule once."""


@dataclass(frozen=True, slots=True)
class Fees:
    """What one identity's blocks earned: lamports, and how many blocks."""

    lamports: int
    blocks: int


@dataclass(frozen=True, slots=True)
class NoFees:
    """Why the fees of an identity are not known."""

    reason: str


async def fetch_blocks(
    fetcher: Fetcher, node: SolanaRpc, limits: Boundaries, identities: Iterable[str]
) -> None:
    """Read every block that `identities` produced between `limits`.

    Raises HistoryUnavailable when the node's list of produced slots has holes, and ProviderError.
    """
    wanted = sorted(set(identities))
    if not wanted:
        return
    one_by_one: list[str | None] = [*wanted] if len(wanted) <= _ONE_BY_ONE else [None]
    scheduled = await fetch_all(fetcher, [node.leader_schedule(limits.first_slot, one) for one in one_by_one])
    leaders = _Leaders.read(scheduled)
    if not any(leaders.slots_of(identity) for identity in wanted):
        return
    listed = await fetch_all(fetcher, node.blocks(limits.first_slot, limits.last_slot))
    headers = [node.block_header(limits.first_produced), node.block_header(limits.next_produced)]
    produced = _produced(listed)
    hole = _hole(limits, len(produced), await fetch_all(fetcher, headers))
    if hole is not None:
        raise HistoryUnavailable(
            f"{hole}; configure a node with an archive", provider=node.provider, endpoint="getBlocks"
        )
    led = {limits.first_slot + slot for identity in wanted for slot in leaders.slots_of(identity) or ()}
    await fetch_all(fetcher, [node.block_rewards(slot) for slot in sorted(led & produced)])


def fees_of_blocks(
    found: Answers, limits: Boundaries, identities: Iterable[str]
) -> Mapping[str, Fees | NoFees]:
    """Fees by identity from the staged blocks. Raises PayloadError."""
    leaders = _Leaders.read(found.every("getLeaderSchedule"))
    listed = found.every("getBlocks")
    produced = _produced(listed)
    hole = _hole(limits, len(produced), found.every(BLOCK_HEADER)) if listed else None
    by_slot = {
        rpc_params(response.request)[0]: rpc.block_rewards(response).total(rpc.FEE)
        for response in found.every("getBlock")
    }

    def fees_of(identity: str) -> Fees | NoFees:
        indices = leaders.slots_of(identity)
        if indices is None:
            return NoFees(f"{found.provider} has no leader schedule of the epoch for {identity}")
        if indices and not listed:
            return NoFees(f"the produced slots were not asked of {found.provider}")
        if hole is not None:
            return NoFees(hole)
        led = [slot for index in indices if (slot := limits.first_slot + index) in produced]
        if unread := [slot for slot in led if slot not in by_slot]:
            return NoFees(
                f"{len(unread)} of {len(led)} blocks of {identity} were not read from {found.provider}, "
                f"the first in slot {unread[0]}"
            )
        return Fees(sum([by_slot[slot] for slot in led]), len(led))

    return {identity: fees_of(identity) for identity in identities}


@dataclass(frozen=True, slots=True)
class _Leaders:
    """Leader slots by identity; `all_known`: an identity that is not there led no slot."""

    by_identity: Mapping[str, Sequence[int]]
    all_known: bool

    @classmethod
    def read(cls, responses: Iterable[ProviderResponse]) -> "_Leaders":
        by_identity: dict[str, Sequence[int]] = {}
        all_known = False
        for response in responses:
            schedule = rpc.leader_schedule(response)
            options = rpc_params(response.request)[1]
            asked = options.get("identity") if isinstance(options, Mapping) else None
            if schedule is None:
                continue
            if asked is None:
                all_known = True
                by_identity.update(schedule)
            else:
                by_identity[str(asked)] = schedule.get(str(asked), ())
        return cls(by_identity, all_known)

    def slots_of(self, identity: str) -> Sequence[int] | None:
        """Indices from the epoch's first slot, None when the node does not know."""
        return self.by_identity.get(identity, () if self.all_known else None)


def _produced(listed: Iterable[ProviderResponse]) -> set[int]:
    return {slot for response in listed for slot in rpc.slots(response)}


def _hole(limits: Boundaries, produced: int, headers: Sequence[ProviderResponse]) -> str | None:
    """What is wrong with a list of `produced` slots, proved by block heights; None when it is whole.

    A height counts produced blocks, so the heights of the epoch's first block and of the next epoch's tell
    how many the epoch has. A missing piece of history looks like skipped slots otherwise.
    """
    by_slot = {rpc_params(found.request)[0]: rpc.block_header(found) for found in headers}
    first, after = by_slot.get(limits.first_produced), by_slot.get(limits.next_produced)
    if first is None or after is None:
        return "the first blocks of the epoch and of the next one were not read"
    if first.parent_slot >= max(limits.first_slot, 1) or not (
        limits.first_produced <= after.parent_slot <= limits.last_slot
    ):
        return (
            f"the blocks in slots {limits.first_produced} and {limits.next_produced} are not the first of "
            "their epochs: the node's history has a hole"
        )
    if first.block_height is None or after.block_height is None:
        return None
    expected = after.block_height - first.block_height
    if produced == expected:
        return None
    return f"the node lists {produced} produced slots where block heights prove {expected}"


def shared_identities(identities: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """Identities used by several of the validators (vote account -> identity), with those validators."""
    used = Counter(identities.values())
    return {
        identity: tuple(sorted(key for key, used_by in identities.items() if used_by == identity))
        for identity, count in used.items()
        if count > 1
    }


def normalize_fees(
    provider: str,
    epoch: int,
    running_epoch: int,
    validators: Sequence[TrackedValidator],
    identities: Mapping[str, str],
    fees: Mapping[str, Fees | NoFees],
    published: TipResponses | None,
) -> Normalized[ValidatorFees]:
    """One record a validator, in lamports. `identities` is by vote account, `fees` by identity."""
    shared_keys = shared_identities(identities)
    records: list[ValidatorFees] = []
    findings: list[Finding] = []
    for validator in validators:
        key = validator.validator_key
        identity = identities.get(key)
        found: Fees | NoFees = NoFees("its identity in the epoch is not known; declare it in chains.yaml")
        code = FEES_MISSING
        if identity is not None and identity in shared_keys:
            code = IDENTITY_SHARED
            found = NoFees(
                f"identity {identity} is used by {' and '.join(shared_keys[identity])}: its blocks cannot be "
                "distinguished; declare in chains.yaml which identity each used"
            )
        elif identity is not None:
            found = fees.get(identity, NoFees(f"{provider} was not asked about identity {identity}"))
        if isinstance(found, NoFees):
            findings.append(Finding(code, f"{provider}, epoch {epoch}: {found.reason}", key))
            records.append(ValidatorFees(key, provider, FactState.MISSING, None, None, None))
            continue
        record, doubts = _fee_record(provider, epoch, running_epoch, validator, found, published)
        records.append(record)
        findings += doubts
    return Normalized(tuple(records), tuple(findings))


def _fee_record(
    provider: str,
    epoch: int,
    running_epoch: int,
    validator: TrackedValidator,
    fees: Fees,
    published: TipResponses | None,
) -> tuple[ValidatorFees, list[Finding]]:
    key, gross = validator.validator_key, fees.lamports
    row = None if published is None else published.tips.get(key)
    shared = None if row is None else row.priority_fee_revenue
    state, doubts = FactState.FINAL, []
    if row is not None and shared is not None:
        state = tips_state(epoch, running_epoch)
    elif row is None and validator.mev_declared_none:
        shared = 0
    if shared is None:
        state = FactState.PROVISIONAL
        answer = "no row for it" if row is None else "a row without priority fees"
        message = f"epoch {epoch}: Jito has {answer}, so what it shared of its fees is not known"
        doubts.append(Finding(FEES_SHARED_UNKNOWN, message, key))
    elif shared > gross:
        state = FactState.PROVISIONAL
        message = (
            f"epoch {epoch}: by Jito it shared {coins(shared)} of its fees, by {provider} it earned "
            f"{coins(gross)} in all"
        )
        doubts.append(Finding(DRIFT, message, key))
        shared = None
    if gross == 0 and fees.blocks > 0:
        state = FactState.PROVISIONAL
        message = (
            f"{provider}, epoch {epoch}: {fees.blocks} blocks and not a lamport of fees; either its "
            "collector is no system account, which burns them, or the provider leaves them out"
        )
        doubts.append(Finding(FEES_DOUBTED, message, key))
    kept = gross if shared is None else gross - shared
    return ValidatorFees(key, provider, state, gross, shared, kept, fees.blocks), doubts
