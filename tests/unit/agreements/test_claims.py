"""Claims on wallets: whatever is wanted, nobody holds a wallet beside another, and the first one holds."""

from datetime import UTC, datetime, timedelta
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from aurora_assets.agreements.wallets import ClaimOutcome, judge_claims
from aurora_assets.commission.agreement import WalletClaim, holds_at

START = datetime(2026, 1, 1, tzinfo=UTC)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def claim(partner: str, first: int, until: int | None = None, wallet: str = "w") -> WalletClaim:
    return WalletClaim("c", wallet, partner, day(first), None if until is None else day(until))


CLAIMS = st.builds(
    lambda partner, first, length, wallet: claim(
        partner, first, None if length is None else first + length, wallet
    ),
    st.sampled_from(["north", "south"]),
    st.integers(0, 8),
    st.none() | st.integers(1, 5),
    st.sampled_from(["v", "w"]),
)


@given(st.lists(CLAIMS, max_size=6), st.lists(CLAIMS, max_size=6))
def test_no_two_held_claims_ever_meet(first: list[WalletClaim], second: list[WalletClaim]) -> None:
    held = [each.claim for each in judge_claims(first, ()) if each.outcome is ClaimOutcome.ADDED]
    judged = judge_claims(second, held)
    assert [each.claim for each in judged] == second
    held += [each.claim for each in judged if each.outcome is ClaimOutcome.ADDED]
    for one, other in combinations(held, 2):
        if one.wallet == other.wallet:
            assert not any(holds_at(one, day(n)) and holds_at(other, day(n)) for n in range(20))
    for each in judged:
        assert (each.fault is not None) == (each.outcome is ClaimOutcome.REFUSED)
        assert (each.outcome is ClaimOutcome.REFUSED) == (each.claim not in held)
    again = judge_claims([each.claim for each in judged if each.outcome is ClaimOutcome.ADDED], held)
    assert {each.outcome for each in again} <= {ClaimOutcome.UNCHANGED}


def test_the_holder_and_the_remedy_are_named() -> None:
    (other,) = judge_claims([claim("south", 5)], [claim("north", 0, 10)])
    assert other.fault == (
        "wallet w on c is claimed already by north, from 2026-01-01 until 2026-01-11; "
        "the first accepted introduction holds: end that claim first"
    )
    (own,) = judge_claims([claim("north", 5)], [claim("north", 0)])
    assert own.fault == (
        "wallet w on c is north's already, from 2026-01-01; leave it out, or end that claim first"
    )
    (after,) = judge_claims([claim("south", 10)], [claim("north", 0, 10)])
    assert after.outcome is ClaimOutcome.ADDED
