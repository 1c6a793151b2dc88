"""Who may have earned in an epoch, and under which identity."""

import pytest

from aurora_resources.providers.solana.jito import JitoValidator, ValidatorTips
from aurora_resources.providers.solana.mev import TipResponses
from aurora_resources.providers.solana.rpc import VoteAccount
from aurora_resources.providers.solana.stakewiz import WizValidator
from aurora_resources.providers.solana.validators import identities, known_keys
from aurora_resources.records import TrackedValidator

EPOCH = 800


def voted(*epochs: int) -> tuple[tuple[int, int, int], ...]:
    return tuple((epoch, 20, 10) for epoch in epochs)


def book(*keys: str, listed: tuple[JitoValidator, ...] = ()) -> TipResponses:
    tips = {key: ValidatorTips(key, EPOCH, 1, 0, 1) for key in keys}
    return TipResponses("jito", EPOCH, tips, len(tips), {row.vote_account: row for row in listed}, None, {})


@pytest.mark.parametrize(
    ("account", "earned"),
    [
        (VoteAccount("v", "n", 5, voted(799, 800, 801)), True),
        (VoteAccount("v", "n", 0, voted(799, 800)), True),
        (VoteAccount("v", "n", 0, voted(801, 802)), False),
        (VoteAccount("v", "n", 5, voted(801, 802)), False),
        (VoteAccount("v", "n", 5, voted(801, 802, 803, 804, 805)), True),
        (VoteAccount("v", "n", 0, voted(801, 802, 803, 804, 805)), False),
        (VoteAccount("v", "n", 5, ()), True),
        (VoteAccount("v", "n", 0, ()), False),
        (VoteAccount("v", "n", 0, ((800, 10, 10),)), False),
    ],
)
def test_a_validator_born_later_earned_nothing(account: VoteAccount, *, earned: bool) -> None:
    assert known_keys(EPOCH, [account], None) == (("v",) if earned else ())


def test_jito_adds_those_that_are_gone() -> None:
    now = [VoteAccount("b", "n", 5, voted(800))]
    assert known_keys(EPOCH, now, book("a", "b")) == ("a", "b")


@pytest.mark.parametrize(
    ("declared", "identity", "source"),
    [
        (((None, "old"), (790, "new")), "new", "chains.yaml"),
        (((None, "old"), (800, "new")), "new", "chains.yaml"),
        (((None, "old"), (801, "new")), "old", "chains.yaml"),
        (((801, "new"),), "node", "getVoteAccounts"),
        ((), "node", "getVoteAccounts"),
    ],
)
def test_a_declared_identity_counts_from_its_period_on(
    declared: tuple[tuple[int | None, str], ...], identity: str, source: str
) -> None:
    validator = TrackedValidator("v", identities=declared)
    (found,) = identities(EPOCH, [validator], [VoteAccount("v", "node", 5)], None, [])
    assert (found.identity, found.source) == (identity, source)


def test_the_best_source_that_knows_is_taken() -> None:
    tracked = [TrackedValidator(key) for key in ("a", "b", "c", "d")]
    jito = book(listed=tuple(JitoValidator(key, 0, 0, True, f"jito-{key}") for key in "ab"))
    wiz = [WizValidator(key, f"wiz-{key}") for key in "abc"]
    found = identities(EPOCH, tracked, [VoteAccount("a", "node-a", 5)], jito, wiz)
    assert [(row.validator_key, row.identity) for row in found] == [
        ("a", "node-a"),
        ("b", "jito-b"),
        ("c", "wiz-c"),
    ]
