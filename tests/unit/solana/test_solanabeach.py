"""Solana Beach's history: epochs that are there, that are not, and that stand there twice."""

from collections.abc import Callable, Sequence

import anyio
import pytest

from aurora_resources.errors import NotYetAvailable, PayloadError, RefusedByProvider
from aurora_resources.providers.solana import solanabeach
from aurora_resources.providers.solana.fees import Fees, NoFees
from aurora_resources.providers.solana.solanabeach import SolanaBeach, fees_of_history, fetch_history
from aurora_resources.providers.staged import answers
from aurora_resources.records import Feed, ProviderRequest, ProviderResponse

Answer = Callable[..., ProviderResponse]
BEACH = SolanaBeach("solanabeach")


def history(*rows: tuple[int, int, int]) -> dict[str, object]:
    return {
        "history": [{"epoch": epoch, "blocks": blocks, "fees": fees} for epoch, blocks, fees in rows],
        "pagination": {"total": len(rows), "offset": 0, "limit": 1000},
    }


def fees(payloads: Sequence[ProviderResponse], epoch: int, unit: int = 1) -> Fees | NoFees:
    found = answers({(Feed.FEES, "solanabeach"): payloads}, Feed.FEES, "solanabeach")
    return fees_of_history(found, epoch, unit, ["node"])["node"]


def test_the_unit_is_a_rule(answer: Answer) -> None:
    staged = [answer(BEACH.block_rewards("node", 0), history((801, 9, 5), (800, 4, 3)))]
    assert fees(staged, 800) == Fees(3, 4)
    assert fees(staged, 800, unit=1_000) == Fees(3_000, 4)


def test_an_absent_epoch_is_unknown_and_no_zero(answer: Answer) -> None:
    staged = [answer(BEACH.block_rewards("node", 0), history((801, 9, 5)))]
    assert fees(staged, 800) == NoFees("solanabeach has no epoch 800 for identity node")
    zero = [answer(BEACH.block_rewards("node", 0), history((800, 0, 0)))]
    assert fees(zero, 800) == Fees(0, 0)


def test_the_latest_answer_counts(answer: Answer) -> None:
    asked = BEACH.block_rewards("node", 0)
    staged = [answer(asked, history((800, 1, 1))), answer(asked, history((800, 2, 2)))]
    assert fees(staged, 800) == Fees(2, 2)


def test_two_pages_that_disagree_are_refused(answer: Answer) -> None:
    pages = [answer(BEACH.block_rewards("node", at), history((800, 1, 1 + at))) for at in (0, 1000)]
    with pytest.raises(PayloadError, match="stands there twice, with 1 and 1001"):
        fees(pages, 800)


class Pages:
    """Answers a history of `epochs`, newest first, page by page; identities it does not know are 404."""

    def __init__(self, answer: Answer, epochs: range, problem: Exception | None = None) -> None:
        self._answer, self._epochs, self._problem = answer, epochs, problem
        self.offsets: list[int] = []

    async def fetch(self, question: ProviderRequest) -> ProviderResponse:
        if self._problem is not None:
            raise self._problem
        offset = int(dict(question.query)["offset"])
        self.offsets.append(offset)
        page = list(reversed(self._epochs))[offset : offset + solanabeach.PAGE_ROWS]
        payload: ProviderResponse = self._answer(question, history(*((epoch, 1, epoch) for epoch in page)))
        return payload


@pytest.mark.parametrize(
    ("epoch", "asked"), [(2_499, [0]), (1_500, [0]), (1_499, [0, 1_000]), (0, [0, 1_000, 2_000])]
)
def test_pages_are_asked_until_the_epoch_is_found(answer: Answer, epoch: int, asked: list[int]) -> None:
    pages = Pages(answer, range(2_500))
    anyio.run(fetch_history, pages, BEACH, epoch, ["node"])
    assert pages.offsets == asked


def test_an_epoch_that_never_was_ends_with_the_short_page(answer: Answer) -> None:
    pages = Pages(answer, range(2_000))
    anyio.run(fetch_history, pages, BEACH, 9_999, ["node"])
    assert pages.offsets == [0, 1_000, 2_000]


def test_an_unknown_identity_is_no_fault_of_the_others(answer: Answer) -> None:
    gone = NotYetAvailable("not found", provider="solanabeach", endpoint="x", status=404)
    anyio.run(fetch_history, Pages(answer, range(1), gone), BEACH, 800, ["node"])
    refused = RefusedByProvider("no key", provider="solanabeach", endpoint="x", status=401)
    with pytest.raises(RefusedByProvider, match="no key"):
        anyio.run(fetch_history, Pages(answer, range(1), refused), BEACH, 800, ["node"])


def test_it_is_asked_by_identity() -> None:
    asked = BEACH.block_rewards("node", 1_000)
    assert asked.path == "/validator/node/block-rewards-history"
    assert dict(asked.query) == {"offset": "1000", "limit": "1000"}
