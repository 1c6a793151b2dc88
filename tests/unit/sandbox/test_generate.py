"""Generated worlds: the same from the same seed, growing without changing, and consistent in themselves."""

from itertools import pairwise

import pytest

from aurora_resources.errors import ConfigurationError
from aurora_sandbox.options import WorldSpec
from aurora_sandbox.solana.chain import Chain, Settings
from aurora_sandbox.solana.generate import (
    demo_spec,
    demo_world,
    generate_world,
    suggest_operators,
    suggest_partners,
)


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    assert demo_world() == demo_world()
    other = generate_world(WorldSpec(seed=8))
    assert other.epochs[0].validators[0].vote_account != demo_world().epochs[0].validators[0].vote_account


def test_more_epochs_only_add() -> None:
    assert generate_world(WorldSpec(epochs=10)).epochs[:8] == demo_world().epochs


def test_the_demo_has_what_a_demonstration_needs() -> None:
    world = demo_world()
    assert [epoch.epoch for epoch in world.epochs] == list(range(800, 808))
    assert (world.present_epoch, world.slots_per_epoch) == (810, 432)
    last = world.epochs[-1]
    assert len(last.validators) == 24
    assert sum(v.delinquent for v in last.validators) == 1
    assert any(v.mev_commission_bps is None for v in last.validators)
    assert {0, 500, 700, 1_000} <= {v.rate_bps for v in last.validators}
    fates = [a for v in world.epochs[3].validators for a in v.stake_accounts if not a.is_active(803)]
    assert fates, "some stake is activating or deactivating"
    assert all(v.leader_slots is not None and v.leader_slots % 4 == 0 for v in last.validators)
    assert sum(v.leader_slots or 0 for v in last.validators) == 432


def test_stakes_compound_from_epoch_to_epoch() -> None:
    world = demo_world()
    chain = Chain(world, Settings())
    for before, after in pairwise(world.epochs):
        facts = chain.facts(before.epoch)
        assert facts is not None
        later = {a.stake_account: a.stake for v in after.validators for a in v.stake_accounts}
        for validator in before.validators:
            for account in validator.stake_accounts:
                if account.stake_account in later:
                    reward = facts.rewards.staking.get(account.stake_account, 0)
                    assert later[account.stake_account] == account.stake + reward


def test_suggestions_name_what_the_world_holds() -> None:
    last = demo_world().epochs[-1]
    operators = suggest_operators(demo_spec())
    assert [len(operator.validators) for operator in operators] == [3, 2, 2]
    for operator in operators:
        for vote, identity, name in operator.validators:
            assert (last.by_vote[vote].identity, last.by_vote[vote].name) == (identity, name)
            own = [a for a in last.by_vote[vote].stake_accounts if a.withdrawer == operator.own_wallet]
            assert own, "an operator stakes with itself"
    for partner in suggest_partners(demo_spec()):
        held = [
            account.stake
            for vote in partner.vote_accounts
            for account in last.by_vote[vote].stake_accounts
            if account.withdrawer == partner.wallet and account.is_active(last.epoch)
        ]
        assert (len(held), sum(held)) == (partner.stake_accounts, partner.stake)


def test_impossible_worlds_are_refused() -> None:
    for changes in ({"validators": 3}, {"stakers": 10}, {"epochs": 0}, {"slots_per_epoch": 8}):
        with pytest.raises(ConfigurationError, match="world"):
            WorldSpec(**changes)
