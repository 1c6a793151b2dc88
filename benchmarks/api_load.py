"""Clients for `benchmarks/api.py`: each fetcher, waits for the whole answer, asks again, on one connection.

Where the server ends it they open another, and the time it takes is part of the next answer's.

Every answer is checked: status, number of rows, no error. The clients are light, since they share the
processors with what they measure.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final, TypeAlias

import uvloop

Connection: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

PATIENCE_SECONDS: Final = 30


@dataclass(frozen=True)
class Ask:
    """One kind of question: ready-made requests, all different, and what each answer must hold."""

    name: str
    requests: Sequence[bytes]
    row_mark: bytes
    rows: int

    def check(self, status: int, body: bytes) -> None:
        """Raises ValueError for an answer that is not what was asked for."""
        rows = body.count(self.row_mark)
        if status != 200 or rows != self.rows or b'"errors"' in body:  # noqa: PLR2004 - OK
            raise ValueError(f"{self.name}: {status}, {rows} rows: {body[:600].decode(errors='replace')}")


def request(path: str, body: object, token: str = "") -> bytes:
    """A POST of this JSON as it goes over the wire."""
    content = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(content)}\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    return f"{head}\r\n".encode() + content


@dataclass(frozen=True)
class Measured:
    """What one run took: milliseconds, sorted; the size of a body in bytes, at least and at most."""

    milliseconds: list[float]
    seconds: float
    sizes: tuple[int, int]

    def at(self, quantile: float) -> float:
        """The time that this part of all requests did not take longer than, in milliseconds."""
        return self.milliseconds[min(len(self.milliseconds) - 1, int(quantile * len(self.milliseconds)))]

    @property
    def rate(self) -> float:
        """Requests a second."""
        return len(self.milliseconds) / self.seconds


def measure(port: int, ask: Ask, clients: int, seconds: float) -> Measured:
    """Ask with so many clients for so long. Raises ValueError for a wrong answer."""
    return uvloop.run(_measure(port, ask, clients, seconds))


async def _measure(port: int, ask: Ask, clients: int, seconds: float) -> Measured:
    numbers = count()
    taken: list[float] = []
    sizes: list[int] = []
    begun = time.perf_counter()

    async def client() -> None:
        connection: Connection | None = None
        while (started := time.perf_counter()) - begun < seconds:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if connection is None:
                    connection = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
                reader, writer = connection
                writer.write(ask.requests[next(numbers) % len(ask.requests)])
                status, body, ends = await _answer(reader)
            taken.append((time.perf_counter() - started) * 1000)
            sizes.append(len(body))
            ask.check(status, body)
            if ends:
                writer.close()
                connection = None
        if connection is not None:
            connection[1].close()

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    return Measured(sorted(taken), time.perf_counter() - begun, (min(sizes), max(sizes)))


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes, bool]:
    """Status, body, and whether the connection ends with it."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
    return int(head[9:12]), await reader.readexactly(length), b"\r\nconnection: close" in head
