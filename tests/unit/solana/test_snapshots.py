"""A snapshot counts only when the next epoch is proven to have run before and after it."""

from collections.abc import Callable

import pytest

from aurora_resources.providers.solana.rpc import SolanaRpc
from aurora_resources.providers.solana.stakes import snapshot
from aurora_resources.records import Feed, ProviderResponse

Answer = Callable[..., ProviderResponse]
RPC, EPOCH = SolanaRpc("rpc"), 800


def running(epoch: int) -> dict[str, int]:
    return {"epoch": epoch, "absoluteSlot": 1, "slotIndex": 1, "slotsInEpoch": 432_000}


def account(key: str, voter: str) -> dict[str, object]:
    delegation = {"voter": voter, "stake": "5", "activationEpoch": "1", "deactivationEpoch": "9"}
    info = {
        "meta": {"authorized": {"staker": "s", "withdrawer": "w"}},
        "stake": {"delegation": delegation},
    }
    return {"pubkey": key, "account": {"data": {"parsed": {"info": info}}}}


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [(801, 801, True), (801, 802, False), (800, 801, False), (802, 802, False), (801, None, False)],
)
def test_the_epoch_is_proven(result: Answer, before: int, after: int | None, *, counts: bool) -> None:
    payloads = [
        result(RPC.epoch_info(1), running(before)),
        result(RPC.stake_accounts("vote"), [account("a", "vote"), account("b", "vote")]),
        result(RPC.stake_accounts("lonely"), []),
    ]
    if after is not None:
        payloads.append(result(RPC.epoch_info(2), running(after)))
    found = snapshot({(Feed.STAKES, "rpc"): payloads}, ["rpc"], EPOCH)
    assert (found is not None) is counts
    if found is not None:
        held = found.of("vote")
        assert held is not None
        assert sorted(held) == ["a", "b"]
        assert found.of("lonely") == {}
        assert found.of("never asked") is None


def test_none_was_taken() -> None:
    assert snapshot({}, ["rpc"], EPOCH) is None
