"""How each role is asked: which questions of which adapter, with what earlier roles have brought.

Roles are asked in the order PERIODS, MEV, STAKES, then FEES, REWARDS and META in any order.
"""

from collections.abc import Sequence

from aurora_resources.config.models import ChainSettings
from aurora_resources.providers.solana.adapters import adapter_of
from aurora_resources.providers.solana.evidence import Evidence
from aurora_resources.providers.solana.fees import fetch_blocks, fetch_history, shared_identities
from aurora_resources.providers.solana.jito import Jito
from aurora_resources.providers.solana.payouts import fetch_accounts, fetch_paying_blocks, needs_blocks
from aurora_resources.providers.solana.periods import fetch_period
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.snapshots import fetch_snapshot
from aurora_resources.providers.solana.solanabeach import SolanaBeach
from aurora_resources.providers.solana.stakewiz import Stakewiz
from aurora_resources.providers.solana.tips import fetch_tips
from aurora_resources.records import Feed, Fetcher, Staged, TrackedValidator


async def fetch_role(
    settings: ChainSettings,
    fetcher: Fetcher,
    role: Feed,
    provider: str,
    epoch: int,
    validators: Sequence[TrackedValidator],
    staged: Staged,
) -> None:
    """Ask `provider` everything `role` needs. Raises ProviderError, ConfigurationError."""
    adapter = adapter_of(settings, provider, role)
    known = Evidence(settings, epoch, staged)
    match role:
        case Feed.PERIODS:
            await fetch_period(fetcher, SolanaRpc(provider), epoch)
        case Feed.MEV:
            await fetch_tips(fetcher, Jito(provider), epoch, validators)
        case Feed.STAKES:
            await fetch_snapshot(fetcher, SolanaRpc(provider), epoch, known.limits, validators)
        case Feed.FEES:
            identities = known.identity_of(validators)
            told_apart = set(identities.values()) - set(shared_identities(identities))
            if adapter == "rpc":
                await fetch_blocks(fetcher, SolanaRpc(provider), known.limits, told_apart)
            else:
                await fetch_history(fetcher, SolanaBeach(provider), epoch, told_apart)
        case Feed.REWARDS:
            accounts = _accounts(known, validators)
            if settings.validators == "all" or needs_blocks(len(accounts)):
                await fetch_paying_blocks(fetcher, SolanaRpc(provider), known.limits)
            else:
                await fetch_accounts(fetcher, SolanaRpc(provider), epoch, accounts)
        case Feed.META:
            await fetcher.fetch(Stakewiz(provider).validators())


def _accounts(known: Evidence, validators: Sequence[TrackedValidator]) -> list[str]:
    """The vote accounts, then the stake accounts known from Jito's claims and from our snapshot."""
    keys = [validator.validator_key for validator in validators]
    stakes: set[str] = set()
    for key in keys:
        if known.tips is not None:
            stakes.update([claim.claimant for claim in known.tips.stakers(key)])
        if known.snapshot is not None:
            stakes.update(known.snapshot.of(key) or ())
    return [*keys, *sorted(stakes.difference(keys))]
