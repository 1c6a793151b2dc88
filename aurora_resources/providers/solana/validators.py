"""Which validators there are in an epoch, and which identity each used.

The node only knows the validators of now. For an epoch long past, Jito's list of that epoch adds those that
are gone, and declared identities come before anything observed.
"""

from collections.abc import Iterable, Mapping, Sequence

from aurora_resources.providers.solana.mev import TipResponses
from aurora_resources.providers.solana.rpc import VoteAccount
from aurora_resources.providers.solana.stakewiz import WizValidator
from aurora_resources.records import TrackedValidator, ValidatorIdentity


def known_keys(epoch: int, now: Iterable[VoteAccount], published: TipResponses | None) -> tuple[str, ...]:
    """Vote accounts that may have earned something in `epoch`, ascending."""
    keys = {account.vote_pubkey for account in now if _may_have_earned(account, epoch)}
    if published is not None:
        keys.update(published.tips)
    return tuple(sorted(keys))


def identities(
    epoch: int,
    validators: Sequence[TrackedValidator],
    now: Iterable[VoteAccount],
    published: TipResponses | None,
    described: Iterable[WizValidator],
) -> tuple[ValidatorIdentity, ...]:
    """The identity of each validator in `epoch`, from the best source that has it; absent when none has."""
    sources: tuple[tuple[str, Mapping[str, str | None]], ...] = (
        ("chains.yaml", {v.validator_key: _declared(v, epoch) for v in validators}),
        ("getVoteAccounts", {account.vote_pubkey: account.node_pubkey for account in now}),
        (
            "jito validators",
            {}
            if published is None
            else {key: row.identity_account for key, row in published.validators.items()},
        ),
        ("stakewiz validators", {row.vote_identity: row.identity for row in described}),
    )
    found = []
    for validator in validators:
        for source, by_key in sources:
            if identity := by_key.get(validator.validator_key):
                found.append(ValidatorIdentity(validator.validator_key, identity, source))
                break
    return tuple(found)


def _declared(validator: TrackedValidator, epoch: int) -> str | None:
    """The last identity declared from `epoch` or earlier on."""
    in_force = [
        (-1 if since is None else since, identity)
        for since, identity in validator.identities
        if since is None or since <= epoch
    ]
    return max(in_force, key=lambda entry: entry[0])[1] if in_force else None


_CREDITS_KEPT = 5
"""A node lists the credits of the last five epochs; a shorter list is a validator's whole history."""


def _may_have_earned(account: VoteAccount, epoch: int) -> bool:
    voted = [
        of_epoch
        for of_epoch, credits_after, credits_before in account.epoch_credits
        if credits_after > credits_before
    ]
    if voted and len(account.epoch_credits) < _CREDITS_KEPT and min(voted) > epoch:
        return False
    return account.activated_stake > 0 or epoch in voted
