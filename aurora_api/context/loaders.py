"""Dataloaders of a request, made on demand: what many rows of a page need is asked in one question."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from strawberry.dataloader import DataLoader

from aurora_api.context.request import Info, Reader

K = TypeVar("K")
V = TypeVar("V")

Load: TypeAlias = Callable[[Reader, list[K]], Awaitable[list[V]]]


def loader_of(info: Info, load: Load[K, V]) -> DataLoader[K, V]:
    """The request's loader that answers with `load`, one value a key in the keys' order."""
    loaders, reader = info.context.loaders, info.context.reader
    if load not in loaders:

        async def load_all(keys: list[K]) -> list[V]:
            return await load(reader, keys)

        loaders[load] = DataLoader(load_fn=load_all)
    return loaders[load]
