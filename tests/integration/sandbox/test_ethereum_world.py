"""Whatever the seed and the length of a window: slots link, balances add up, the past stays."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from aurora_sandbox.ethereum.spec import EthereumSpec
from aurora_sandbox.ethereum.truth import block_truths, window_truth
from aurora_sandbox.ethereum.world import generate_ethereum

SPECS = st.builds(
    EthereumSpec,
    seed=st.integers(0, 10**6),
    window_epochs=st.integers(2, 9),
    windows=st.integers(1, 6),
)


@settings(max_examples=8, deadline=None)
@given(spec=SPECS)
def test_a_world_is_consistent(spec: EthereumSpec) -> None:
    world = generate_ethereum(spec)
    before = None
    for slot in world.slots.values():
        if before is not None:
            assert (slot.parent_root, slot.parent_hash) == (before.root, before.hash)
            assert slot.number == before.number + 1
        before = slot if slot.canonical or before is None else before
    for own in world.own_slots:
        for beside in (own.slot - 1, own.slot + 1):
            assert beside not in world.slots or world.slots[beside].canonical
    for window in range(world.first_window, world.last_window + 1):
        assert [(b.kind, b.member) for b in block_truths(world, window)] == list(spec.planned(window))
        for truth in window_truth(world, window).values():
            moved = truth.attestations_credited + truth.proposals + truth.sync + truth.slashing_credited
            assert truth.balance_end - truth.balance_start == moved + truth.deposits - truth.withdrawals
            assert truth.balance_end > 0
            assert truth.effective_epochs >= spec.window_epochs * min(
                truth.effective_start, truth.effective_end
            )


@settings(max_examples=5, deadline=None)
@given(spec=SPECS)
def test_more_windows_change_no_past(spec: EthereumSpec) -> None:
    world = generate_ethereum(spec)
    longer = world.longer(3)
    assert all(longer.slots[at] == slot for at, slot in world.slots.items())
    end = world.covered.stop - 1
    for account, same in zip(world.accounts, longer.accounts, strict=True):
        assert account.moves == [move for move in same.moves if move.slot <= end]


def test_plain_validators_stand_beside_the_nine() -> None:
    few = generate_ethereum(EthereumSpec(windows=1))
    many = generate_ethereum(EthereumSpec(windows=1, plain=1_000))
    assert len(many.members) == 1_009
    assert len({member.index for member in many.members}) == 1_009
    found = window_truth(many, many.first_window)
    assert {key: found[key] for key in window_truth(few, few.first_window)} == window_truth(
        few, few.first_window
    )
    assert {found[member.pubkey].client for member in many.members[9:]} == {"Meridian", "Tidewater"}
