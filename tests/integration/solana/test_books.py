"""Whole epochs asked over HTTP and understood, compared to the lamport with the world that was served."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aurora_resources.config.models import ChainSettings, ValidatorEntry
from aurora_resources.records import FactState, Feed, ProviderRequest, ProviderResponse, StakeBasis
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.chain import CommissionFields, EpochFacts, Settings
from aurora_sandbox.solana.world import World, load_world

EPOCH = 803
LATER = frozenset({Feed.STAKES})
Serve = Callable[..., SandboxServer]
Keep = Callable[..., Any]
ChainOf = Callable[..., ChainSettings]


def served(server: SandboxServer, epoch: int = EPOCH) -> EpochFacts:
    facts: EpochFacts | None = server.state.networks["solana"].chain.facts(epoch)
    assert facts is not None
    return facts


def entries(world: World, count: int) -> list[ValidatorEntry]:
    (epoch,) = [found for found in world.epochs if found.epoch == EPOCH]
    return [ValidatorEntry(key=validator.vote_account) for validator in epoch.validators[:count]]


@pytest.mark.parametrize("everyone", [True, False], ids=["all", "few"])
def test_every_component_is_that_of_the_world(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World, *, everyone: bool
) -> None:
    server = serve(world, current=EPOCH + 1)
    books = keep_books(server, chain_of(None if everyone else entries(world, 12)), EPOCH)
    facts = served(server)
    by_vote = facts.epoch.by_vote
    assert len(books.validators) == (len(by_vote) if everyone else 12)
    for found in books.fees.values():
        for fees in found.records:
            assert fees.gross == by_vote[fees.validator_key].block_fees
            assert fees.produced_blocks == len(
                facts.slots.produced_by.get(by_vote[fees.validator_key].node, [])
            )
    for mev in books.mev.records:
        split = facts.tip_split(by_vote[mev.validator_key], [])
        if split is None:
            assert (mev.state, mev.gross) == (FactState.MISSING, None)
        else:
            assert (mev.gross, mev.protocol_fee, mev.operator_share) == (
                by_vote[mev.validator_key].tips, split.protocol, split.validator,
            )  # fmt: skip
    for rewards in books.rewards.records:
        accounts = facts.active(rewards.validator_key)
        assert rewards.commission == facts.rewards.voting.get(rewards.validator_key, 0)
        assert rewards.delegators_share == sum(
            facts.rewards.staking.get(account.stake_account, 0) for account in accounts
        )
        assert rewards.active_stake == by_vote[rewards.validator_key].stake
        assert rewards.staker_count == len(accounts)
    assert {found.validator_key: found.name for found in books.meta.records} == {
        validator.validator_key: by_vote[validator.validator_key].name for validator in books.validators
    }
    assert [f for f in books.rewards.findings if f.code not in {"NETWORK_REWARDS"}] == []


def test_every_staker_is_that_of_the_world(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World
) -> None:
    server = serve(world, current=EPOCH + 1)
    books = keep_books(server, chain_of(None, fees=("solanabeach",)), EPOCH)
    facts = served(server)
    held = {
        account.stake_account: account
        for validator in facts.epoch.validators
        for account in facts.active(validator.vote_account)
    }
    assert {row.stake_account for row in books.stakes} == set(held)
    for row in books.stakes:
        account = held[row.stake_account]
        assert row.stake_basis is StakeBasis.SNAPSHOT
        assert (row.active_stake, row.staker, row.withdrawer) == (
            account.stake, account.staker, account.withdrawer,
        )  # fmt: skip
        assert row.reward == facts.rewards.staking.get(row.stake_account, 0)
    by_validator: dict[str, int] = {}
    for row in books.stakes:
        assert row.commission is not None
        by_validator[row.validator_key] = by_validator.get(row.validator_key, 0) + row.commission
    assert {key: amount for key, amount in by_validator.items() if amount} == facts.rewards.voting
    (network,) = [finding for finding in books.rewards.findings if finding.code == "NETWORK_REWARDS"]
    assert f"{facts.rewards.paid:,} lamports in all" in network.message


def test_an_epoch_too_late_for_a_snapshot_has_jitos_stakers(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World
) -> None:
    server = serve(world, current=EPOCH + 3)
    books = keep_books(server, chain_of(None, fees=("solanabeach",)), EPOCH, without=LATER)
    facts = served(server)
    for rewards in books.rewards.records:
        rows = [row for row in books.stakes if row.validator_key == rewards.validator_key]
        if facts.epoch.by_vote[rewards.validator_key].tips is None:
            assert (rows, rewards.stakers_state, rewards.delegators_share) == ([], FactState.MISSING, None)
            continue
        assert {row.stake_basis for row in rows} == {StakeBasis.REWARD_SHARE}
        assert sum(row.active_stake for row in rows) == facts.epoch.by_vote[rewards.validator_key].stake
        assert rewards.stakers_state is FactState.FINAL
    codes = [finding.code for finding in books.rewards.findings]
    assert codes.count("STAKERS_UNKNOWN") == 3
    assert codes.count("REWARDS_UNATTRIBUTED") == 1


def test_own_wallets_earn_a_part_of_the_rewards(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World
) -> None:
    server = serve(world, current=EPOCH + 2)
    facts = served(server)
    validator = facts.epoch.validators[0]
    own = facts.active(validator.vote_account)[0].withdrawer
    entry = ValidatorEntry(key=validator.vote_account, own_wallets=(own,))
    books = keep_books(server, chain_of([entry]), EPOCH, without=LATER)
    (rewards,) = books.rewards.records
    assert rewards.own_rewards == sum(
        facts.rewards.staking[account.stake_account]
        for account in facts.active(validator.vote_account)
        if account.withdrawer == own
    )
    assert 0 < rewards.own_rewards < rewards.delegators_share


@pytest.mark.parametrize("fields", ["percent", "bps", "none"])
def test_every_node_version_says_the_same(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World, fields: CommissionFields
) -> None:
    server = serve(world, current=EPOCH + 1, settings=Settings(commission_fields=fields, rewards_per_block=9))
    books = keep_books(server, chain_of(None, fees=("solanabeach",)), EPOCH)
    paid = served(server).rewards
    assert sum(rewards.commission for rewards in books.rewards.records) == sum(paid.voting.values())
    assert sum(rewards.delegators_share for rewards in books.rewards.records) == sum(paid.staking.values())


def test_staged_payloads_alone_give_the_same_books(
    serve: Serve, keep_books: Keep, understand: Keep, chain_of: ChainOf, world: World
) -> None:
    settings = chain_of(entries(world, 4))
    books = keep_books(serve(world, current=EPOCH + 1), settings, EPOCH)

    def restored(payload: ProviderResponse) -> ProviderResponse:
        asked = json.loads(json.dumps(payload.request.to_json()))
        question = ProviderRequest(
            payload.request.provider,
            payload.request.endpoint,
            asked["method"],
            asked["path"],
            tuple(asked["query"].items()),
            asked["body"],
        )
        assert question.digest() == payload.request.digest()
        return replace(payload, request=question)

    staged = {key: [restored(payload) for payload in kept] for key, kept in books.staged.items()}
    again = understand(settings, EPOCH, staged)
    assert replace(again, staged=books.staged) == books


def test_a_recorded_network_of_1221_validators(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, shared_data: Path
) -> None:
    path = shared_data / "solana" / "snapshot_validators_epoch796_staked.json"
    if not path.is_file():
        pytest.skip(f"no recorded snapshot {path}")
    server = serve(load_world(path), current=797)
    books = keep_books(server, chain_of(None, fees=("rpc",)), 796)
    paid = served(server, 796).rewards
    assert len(books.validators) == 1_221
    assert sum(rewards.commission for rewards in books.rewards.records) == sum(paid.voting.values())
    assert sum(rewards.delegators_share for rewards in books.rewards.records) == sum(paid.staking.values())
    assert sum(rewards.active_stake for rewards in books.rewards.records) == 394_913_870_946_282_897
    assert {mev.state for mev in books.mev.records} == {FactState.MISSING}
    assert {fees.state for fees in books.fees["rpc"].records} == {FactState.MISSING}
