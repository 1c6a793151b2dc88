"""Much to ask at a time, results in the order of what was asked for.

How many requests really travel at once is the HTTP client's business; here only the number of waiting tasks
is kept small. The first ProviderError stops the rest and is raised as itself, not wrapped in a group.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Final, TypeVar

import anyio

from aurora_resources.errors import ProviderError
from aurora_resources.records import Fetcher, ProviderRequest, ProviderResponse

WAITING_TASKS: Final = 64

Item = TypeVar("Item")
T = TypeVar("T")


async def fetch_all(fetcher: Fetcher, requests: Iterable[ProviderRequest]) -> list[ProviderResponse]:
    """Fetch every request. Raises the first ProviderError met."""
    return await for_each(fetcher.fetch, requests)


async def for_each(work: Callable[[Item], Awaitable[T]], items: Iterable[Item]) -> list[T]:
    """Do `work` for every item. Raises the first ProviderError met."""
    numbered = enumerate(items)
    done: dict[int, T] = {}
    try:
        async with anyio.create_task_group() as group:
            for _ in range(WAITING_TASKS):
                group.start_soon(_work, work, numbered, done)
    except ExceptionGroup as failures:
        raise _first_provider_error(failures) from None
    return [done[number] for number in range(len(done))]


async def _work(
    work: Callable[[Item], Awaitable[T]], numbered: Iterator[tuple[int, Item]], done: dict[int, T]
) -> None:
    for number, item in numbered:
        done[number] = await work(item)


def _first_provider_error(failures: ExceptionGroup[Exception]) -> Exception:
    for failure in failures.exceptions:
        found = _first_provider_error(failure) if isinstance(failure, ExceptionGroup) else failure
        if isinstance(found, ProviderError):
            return found
    return failures
