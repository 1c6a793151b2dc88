"""Jito's pages: asked until a short one, put together without repetitions, never from two answers."""

from collections.abc import Callable

import anyio

from aurora_resources.providers.solana import jito
from aurora_resources.providers.solana.jito import Jito
from aurora_resources.providers.solana.mev import fetch_tips, tip_responses
from aurora_resources.records import Feed, ProviderRequest, ProviderResponse, TrackedValidator

Answer = Callable[..., ProviderResponse]
EPOCH = 800
SOURCE = Jito("jito")


def stakers(numbers: range) -> dict[str, object]:
    rows = [
        {
            "claimant": f"a{number}",
            "stake_authority": "s",
            "withdraw_authority": "w",
            "validator_vote_account": "vote",
            "epoch": EPOCH,
            "amount": number,
        }
        for number in numbers
    ]
    return {"rewards": rows, "total_count": 0}


def totals(*keys: str) -> dict[str, object]:
    rows = [
        {
            "vote_account": key,
            "epoch": EPOCH,
            "mev_revenue": 1,
            "mev_commission": 5,
            "num_stakers": 3,
            "priority_fee_revenue": 0,
        }
        for key in keys
    ]
    return {"rewards": rows, "total_count": len(rows)}


class Kobe:
    """Answers as Jito does: `count` stakers of one validator in pages, or nothing published at all."""

    def __init__(self, answer: Answer, count: int, *, published: bool = True) -> None:
        self._answer, self._count, self._published = answer, count, published
        self.asked: list[str] = []
        self.kept: list[ProviderResponse] = []

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        self.asked.append(question.endpoint)
        said: dict[str, object] = {"validators": []}
        if question.endpoint == jito.VALIDATOR_REWARDS:
            said = totals("vote", "other") if self._published else totals()
        elif question.endpoint == jito.NETWORK_REWARDS:
            said = {"epoch": EPOCH, "total_network_mev_lamports": 2}
        elif question.endpoint == jito.STAKER_REWARDS:
            first = (int(dict(question.query)["page"]) - 1) * jito.PAGE_ROWS
            said = stakers(range(first, min(first + jito.PAGE_ROWS, self._count)))
        self.kept.append(self._answer(question, said))
        return self.kept[-1]


def test_stakers_are_asked_for_until_a_short_page(answer: Answer) -> None:
    kobe = Kobe(answer, 2 * jito.PAGE_ROWS + 5)
    anyio.run(fetch_tips, kobe, SOURCE, EPOCH, [TrackedValidator("vote"), TrackedValidator("absent")])
    assert kobe.asked.count(jito.STAKER_REWARDS) == 3
    book = tip_responses({(Feed.MEV, "jito"): kobe.kept}, ["jito"], EPOCH, with_claims=True)
    assert book is not None
    assert [row.amount for row in book.stakers("vote")] == list(range(2 * jito.PAGE_ROWS + 5))
    assert book.stakers("absent") == ()
    assert (book.network_total, book.listed_total, sorted(book.tips)) == (2, 2, ["other", "vote"])


def test_an_epoch_not_published_is_not_asked_about_any_further(answer: Answer) -> None:
    kobe = Kobe(answer, 5, published=False)
    anyio.run(fetch_tips, kobe, SOURCE, EPOCH, [TrackedValidator("vote")])
    assert kobe.asked == [jito.VALIDATOR_REWARDS, jito.VALIDATORS]
    book = tip_responses({(Feed.MEV, "jito"): kobe.kept}, ["jito"], EPOCH, with_claims=True)
    assert book is not None
    assert not book.is_published


def test_rows_repeated_at_a_page_border_count_once(answer: Answer) -> None:
    pages = [
        answer(SOURCE.validator_rewards(EPOCH, 1), totals("vote")),
        answer(SOURCE.staker_rewards(EPOCH, "vote", 1), stakers(range(jito.PAGE_ROWS))),
        answer(
            SOURCE.staker_rewards(EPOCH, "vote", 2), stakers(range(jito.PAGE_ROWS - 3, jito.PAGE_ROWS + 2))
        ),
    ]
    book = tip_responses({(Feed.MEV, "jito"): pages}, ["jito"], EPOCH, with_claims=True)
    assert book is not None
    assert len(book.stakers("vote")) == jito.PAGE_ROWS + 2


def test_a_page_left_from_a_longer_answer_does_not_count(answer: Answer) -> None:
    pages = [
        answer(SOURCE.validator_rewards(EPOCH, 1), totals("vote")),
        answer(SOURCE.staker_rewards(EPOCH, "vote", 1), stakers(range(jito.PAGE_ROWS))),
        answer(SOURCE.staker_rewards(EPOCH, "vote", 2), stakers(range(50_000, 50_002))),
        answer(SOURCE.staker_rewards(EPOCH, "vote", 1), stakers(range(7))),
    ]
    book = tip_responses({(Feed.MEV, "jito"): pages}, ["jito"], EPOCH, with_claims=True)
    assert book is not None
    assert [row.amount for row in book.stakers("vote")] == list(range(7))


def test_nothing_staged_is_no_book() -> None:
    assert tip_responses({}, ["jito"], EPOCH, with_claims=True) is None
