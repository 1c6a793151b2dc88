"""How each role is asked: which questions of which adapter, with what earlier roles have brought.

Roles are asked in the order PERIODS, MEV, STAKES, then FEES, REWARDS and META in any order.
"""

from collections.abc import Sequence

from aurora_resources.config import ChainSettings
from aurora_resources.providers.solana.adapters import adapter_of
from aurora_resources.providers.solana.evidence import Evidence
from aurora_resources.providers.solana.fees import ask_blocks, ask_history, shared_identities
from aurora_resources.providers.solana.jito import Jito
from aurora_resources.providers.solana.payouts import ask_accounts, ask_paying_blocks, needs_blocks
from aurora_resources.providers.solana.periods import ask_period
from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.snapshots import ask_snapshot
from aurora_resources.providers.solana.solanabeach import SolanaBeach
from aurora_resources.providers.solana.stakewiz import Stakewiz
from aurora_resources.providers.solana.tips import ask_tips
from aurora_resources.records import Asks, Role, Staged, TrackedValidator


async def ask_role(
    settings: ChainSettings,
    asks: Asks,
    role: Role,
    provider: str,
    epoch: int,
    validators: Sequence[TrackedValidator],
    staged: Staged,
) -> None:
    """Ask `provider` everything `role` needs. Raises ProviderError, ConfigurationError."""
    adapter = adapter_of(settings, provider, role)
    known = Evidence(settings, epoch, staged)
    match role:
        case Role.PERIODS:
            await ask_period(asks, SolanaRpc(provider), epoch)
        case Role.MEV:
            await ask_tips(asks, Jito(provider), epoch, validators)
        case Role.STAKES:
            await ask_snapshot(asks, SolanaRpc(provider), epoch, known.limits, validators)
        case Role.FEES:
            identities = known.identity_of(validators)
            told_apart = set(identities.values()) - set(shared_identities(identities))
            if adapter == "rpc":
                await ask_blocks(asks, SolanaRpc(provider), known.limits, told_apart)
            else:
                await ask_history(asks, SolanaBeach(provider), epoch, told_apart)
        case Role.REWARDS:
            accounts = _accounts(known, validators)
            if settings.validators == "all" or needs_blocks(len(accounts)):
                await ask_paying_blocks(asks, SolanaRpc(provider), known.limits)
            else:
                await ask_accounts(asks, SolanaRpc(provider), epoch, accounts)
        case Role.META:
            await asks.ask(Stakewiz(provider).validators())


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
