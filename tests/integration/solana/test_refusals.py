"""What providers withhold, break or contradict: an error that says what to do, or a gap that is told."""

from collections.abc import Callable
from typing import Any

import pytest

from aurora_resources.config.models import ChainSettings, ValidatorEntry
from aurora_resources.errors import (
    ConfigurationError,
    HistoryUnavailable,
    NotYetAvailable,
    PayloadError,
    ProviderError,
    RefusedByProvider,
    TransientProviderError,
)
from aurora_resources.records import FactState, Feed
from aurora_sandbox.serving import SandboxServer
from aurora_sandbox.solana.chain import Settings
from aurora_sandbox.solana.world import World

EPOCH = 803
LATER = frozenset({Feed.STAKES})
Serve = Callable[..., SandboxServer]
Keep = Callable[..., Any]
ChainOf = Callable[..., ChainSettings]


@pytest.fixture
def few(world: World, chain_of: ChainOf) -> ChainSettings:
    """Four of the world's validators, fees from the node first."""
    epoch = world.epochs[EPOCH - 800]
    return chain_of([ValidatorEntry(key=v.vote_account) for v in epoch.validators[:4]])


def test_an_epoch_that_runs_is_not_there_yet(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    with pytest.raises(NotYetAvailable, match="epoch 803 has not ended, the chain is in epoch 803"):
        keep_books(serve(world, current=EPOCH), few, EPOCH)


def test_a_node_whose_history_begins_later(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    with pytest.raises(HistoryUnavailable, match="knows no block of epoch 700"):
        keep_books(serve(world, current=EPOCH), few, 700)


def test_the_payout_that_runs_is_waited_for(
    serve: Serve, keep_books: Keep, few: ChainSettings, chain_of: ChainOf, world: World
) -> None:
    early = Settings(slot_in_epoch=3, rewards_per_block=10)
    server = serve(world, current=EPOCH + 1, settings=early)
    with pytest.raises(NotYetAvailable, match=r"paying blocks after slot .* are finalised"):
        keep_books(server, few, EPOCH)
    with pytest.raises(NotYetAvailable, match="rewards period still active"):
        keep_books(server, few, EPOCH, without=LATER)
    with pytest.raises(NotYetAvailable, match=r"paying blocks after slot .* are finalised"):
        keep_books(server, chain_of(None), EPOCH, without=LATER)


def test_stakes_of_the_past_cannot_be_asked_for(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    with pytest.raises(HistoryUnavailable, match="epoch 805 runs now: stake accounts of the past"):
        keep_books(serve(world, current=EPOCH + 2), few, EPOCH)


def test_a_leader_schedule_no_longer_kept(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    server = serve(world, current=EPOCH + 2, settings=Settings(schedule_epochs=1))
    books = keep_books(server, few, EPOCH, without=LATER)
    assert {fees.state for fees in books.fees["rpc"].records} == {FactState.MISSING}
    assert {fees.gross for fees in books.fees["rpc"].records} == {None}
    assert "no leader schedule" in books.fees["rpc"].findings[0].message
    assert {fees.state for fees in books.fees["solanabeach"].records} == {FactState.FINAL}


def test_jito_before_it_has_published(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    server = serve(world, current=EPOCH + 1, settings=Settings(jito_lag_epochs=2))
    books = keep_books(server, few, EPOCH)
    assert {mev.state for mev in books.mev.records} == {FactState.MISSING}
    assert {mev.gross for mev in books.mev.records} == {None}
    assert "has not published epoch 803 yet" in books.mev.findings[0].message
    # The snapshot alone tells the stakers; what is known of tips and shared fees stays unknown.
    assert {rewards.stakers_state for rewards in books.rewards.records} == {FactState.FINAL}
    assert {row.tips for row in books.stakes} == {None}
    assert {fees.state for fees in books.fees["rpc"].records} == {FactState.PROVISIONAL}
    assert {fees.delegators_share for fees in books.fees["rpc"].records} == {None}


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ("rpc/getBlock:rpc_error:code=-32001:message=cleaned up", HistoryUnavailable, "archive"),
        ("rpc/getBlock:rpc_error:code=-32007:message=Slot was skipped", HistoryUnavailable, "archive"),
        ("rpc/getBlockTime:rpc_error:code=-32004:message=not available", NotYetAvailable, "later"),
        ("rpc/getEpochInfo:rpc_error:code=-32601:message=no method", RefusedByProvider, "supported methods"),
        ("rpc/getVoteAccounts:rpc_error", TransientProviderError, "2 attempts"),
        ("rpc/getVoteAccounts:rate_limited", TransientProviderError, "429"),
        ("rpc/getVoteAccounts:html_200", PayloadError, "malformed"),
        ("rpc/getVoteAccounts:wrong_types", PayloadError, "result"),
        ("rpc/getBlock:wrong_types:to=string", PayloadError, "result"),
        ("rpc/getBlock:wrong_types:to=float", PayloadError, "float"),
        ("jito/validator_rewards:empty_500", TransientProviderError, "500"),
        ("jito/staker_rewards:wrong_types:to=float", PayloadError, "rewards"),
        ("solanabeach:malformed_json", PayloadError, "truncated"),
        ("stakewiz:html_200", PayloadError, "malformed"),
    ],
)
def test_an_answer_that_is_none(
    serve: Serve,
    keep_books: Keep,
    few: ChainSettings,
    world: World,
    fault: str,
    kind: type[ProviderError],
    says: str,
) -> None:
    server = serve(world, current=EPOCH + 2, faults=[fault])
    with pytest.raises(kind, match=says) as raised:
        keep_books(server, few, EPOCH, without=LATER)
    assert type(raised.value) is kind


def test_trouble_that_passes_changes_nothing(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    calm = keep_books(serve(world, current=EPOCH + 2), few, EPOCH, without=LATER)
    troubled = keep_books(
        serve(
            world,
            current=EPOCH + 2,
            faults=["*:rate_limited:times=1", "*:http_503:times=1", "rpc/getBlock:rpc_error:times=1"],
        ),
        few.model_copy(),
        EPOCH,
        without=LATER,
    )
    assert (troubled.fees, troubled.mev, troubled.rewards, troubled.stakes) == (
        calm.fees, calm.mev, calm.rewards, calm.stakes,
    )  # fmt: skip


def test_numbers_that_do_not_fit_are_told(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    server = serve(world, current=EPOCH + 2, faults=["jito/validators:drift:lamports=7"])
    findings = keep_books(server, few, EPOCH, without=LATER).mev.findings
    assert {finding.code for finding in findings} == {"DRIFT"}
    assert len(findings) == 4
    server = serve(world, current=EPOCH + 2, faults=["jito/validator_rewards:drift:lamports=7"])
    messages = [found.message for found in keep_books(server, few, EPOCH, without=LATER).mev.findings]
    assert any("the network's total" in message for message in messages)


def test_a_validator_one_provider_does_not_know(
    serve: Serve, keep_books: Keep, few: ChainSettings, world: World
) -> None:
    key = few.declared_validators()[0].validator_key  # type: ignore[index]
    server = serve(
        world,
        current=EPOCH + 2,
        faults=[
            f"jito/validator_rewards:missing_validator:validator={key}",
            "solanabeach:missing_epoch:epoch=803",
        ],
    )
    books = keep_books(server, few, EPOCH, without=LATER)
    assert [mev.state for mev in books.mev.records] == [FactState.MISSING] + [FactState.FINAL] * 3
    assert {fees.state for fees in books.fees["solanabeach"].records} == {FactState.MISSING}
    assert [fees.state for fees in books.fees["rpc"].records] == [FactState.PROVISIONAL] + [
        FactState.FINAL
    ] * 3


def test_a_provider_that_cannot_answer_a_role(
    serve: Serve, keep_books: Keep, chain_of: ChainOf, world: World
) -> None:
    settings = chain_of([ValidatorEntry(key="v")], fees=("stakewiz",))
    with pytest.raises(
        ConfigurationError, match='"stakewiz" cannot answer fees; name a provider solanabeach'
    ):
        keep_books(serve(world, current=EPOCH + 2), settings, EPOCH, without=LATER)
