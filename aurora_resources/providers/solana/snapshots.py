"""Our own snapshot of stake accounts: taken in the epoch after, it tells who staked in the epoch before.

A node only knows stake accounts of now. A snapshot counts when the next epoch ran before and after it, and
when the payout was complete, since rewards are added to the stake when they are paid.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aurora_resources.errors import HistoryUnavailable, NotYetAvailable
from aurora_resources.providers.concurrently import fetch_all
from aurora_resources.providers.decoding import unexpected
from aurora_resources.providers.json_rpc import rpc_params
from aurora_resources.providers.solana import rpc_answers
from aurora_resources.providers.solana.payouts import fetch_paying_slots
from aurora_resources.providers.solana.periods import Boundaries
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.stake_accounts import StakeAccount, stake_accounts
from aurora_resources.providers.staged import first_with
from aurora_resources.records import Feed, Fetcher, ProviderResponse, Staged, TrackedValidator

_BEFORE, _AFTER = 1, 2


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Delegated stake accounts by validator and address."""

    by_validator: Mapping[str, Mapping[str, StakeAccount]]

    def of(self, vote_account: str) -> Mapping[str, StakeAccount] | None:
        """The accounts of one validator, None when it was not asked for."""
        return self.by_validator.get(vote_account)


async def fetch_snapshot(
    fetcher: Fetcher,
    rpc: SolanaRpc,
    epoch: int,
    limits: Boundaries,
    validators: Sequence[TrackedValidator],
) -> None:
    """Take the snapshot for `epoch`, validator by validator: the whole network's is too large an answer.

    Raises NotYetAvailable before the payout of `epoch` is complete, HistoryUnavailable once epoch + 1 has
    ended: stake accounts of the past cannot be asked for. Raises ProviderError.
    """
    if not validators:
        return
    _check_running(await fetcher.fetch(rpc.epoch_info(_BEFORE)), epoch)
    await fetch_paying_slots(fetcher, rpc, limits)
    await fetch_all(fetcher, [rpc.stake_accounts(validator.validator_key) for validator in validators])
    _check_running(await fetcher.fetch(rpc.epoch_info(_AFTER)), epoch)


def snapshot(staged: Staged, providers: Sequence[str], epoch: int) -> Snapshot | None:
    """The snapshot that is staged for `epoch`, None without a proven one. Raises PayloadError."""
    found = first_with(staged, Feed.STAKES, providers, "getProgramAccounts")
    if found is None:
        return None
    running = {
        payload.question.digest(): rpc_answers.epoch_info(payload).epoch
        for payload in found.every("getEpochInfo")
    }
    if len(running) < _AFTER or set(running.values()) != {epoch + 1}:
        return None
    by_validator: dict[str, dict[str, StakeAccount]] = {}
    for payload in found.every("getProgramAccounts"):
        by_validator.setdefault(_asked_validator(payload), {})
        for account in stake_accounts(payload):
            by_validator.setdefault(account.voter, {})[account.account] = account
    return Snapshot(by_validator)


def _asked_validator(payload: ProviderResponse) -> str:
    """The vote account of the question's voter filter."""
    options = rpc_params(payload.question)[1]
    filters = options.get("filters") if isinstance(options, Mapping) else None
    for entry in filters if isinstance(filters, Sequence) and not isinstance(filters, str) else ():
        compare = entry.get("memcmp") if isinstance(entry, Mapping) else None
        if isinstance(compare, Mapping):
            return str(compare.get("bytes"))
    raise unexpected(payload, "the question has no voter filter")


def _check_running(payload: ProviderResponse, epoch: int) -> None:
    running = rpc_answers.epoch_info(payload).epoch
    if running == epoch + 1:
        return
    kind, problem = (
        (NotYetAvailable, "that epoch has not begun; ask again later")
        if running <= epoch
        else (HistoryUnavailable, "stake accounts of the past cannot be asked for; Jito's stakers are used")
    )
    raise kind(
        f"the stakes of epoch {epoch} can only be read while epoch {epoch + 1} runs, and epoch {running} "
        f"runs now: {problem}",
        provider=payload.question.provider,
        endpoint=payload.question.endpoint,
    )
