"""Rate limits that the workers of one machine share: their parent counts, over a Unix socket.

A call is one line of JSON, and so is its response. Neither side blocks its event loop. The socket is in a
folder that only the parent's operating system user can open.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final, Literal

import anyio
import msgspec
from anyio.abc import SocketStream
from anyio.from_thread import start_blocking_portal
from anyio.streams.buffered import BufferedByteReceiveStream

from aurora_api.access.rates import NOT_COUNTED, Allowance, RateLimiter
from aurora_api.problems import Code, Problem

SOCKET: Final = "rates"
ANSWER_SECONDS: Final = 5.0
LINE_MAX_BYTES: Final = 1024


class _Call(msgspec.Struct):
    """`key` is the address of a sign-in, or the user id of a request."""

    kind: Literal["login", "request"]
    key: str


@contextmanager
def serve_rates(limits: RateLimiter, folder: Path) -> Iterator[None]:
    """Count for the children of this process with `limits`, in a thread, over a socket in `folder`."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_serving(limits, folder / SOCKET)),
    ):
        yield


@asynccontextmanager
async def _serving(limits: RateLimiter, socket: Path) -> AsyncIterator[None]:
    async def answer(stream: SocketStream) -> None:
        async with stream:
            lines = BufferedByteReceiveStream(stream)
            try:
                while True:
                    call = msgspec.json.decode(await lines.receive_until(b"\n", LINE_MAX_BYTES), type=_Call)
                    if call.kind == "login":
                        allowance = await limits.count_login(call.key)
                    else:
                        allowance = await limits.count_request(int(call.key))
                    await stream.send(msgspec.json.encode(allowance) + b"\n")
            except (anyio.BrokenResourceError, anyio.EndOfStream, anyio.IncompleteRead):
                return  # the worker has ended or cancelled its call

    async with await anyio.create_unix_listener(socket) as listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, answer)
        yield
        group.cancel_scope.cancel()


class SharedRateLimits:
    """The client of a worker: it counts over one connection, which is reopened after a failure."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the one of `serve_rates`."""
        self._socket = folder / SOCKET
        self._turn = anyio.Lock()
        self._stream: SocketStream | None = None

    async def count_login(self, address: str) -> Allowance:
        """Count a sign-in from this address. Raises Problem when the parent does not answer."""
        return await self._call(_Call("login", address))

    async def count_request(self, user_id: int) -> Allowance:
        """Count a request of this user. Raises Problem when the parent does not answer."""
        return await self._call(_Call("request", str(user_id)))

    async def close(self) -> None:
        """Close the connection."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await anyio.aclose_forcefully(stream)

    async def _call(self, call: _Call) -> Allowance:
        async with self._turn:
            answered = False
            try:
                with anyio.fail_after(ANSWER_SECONDS):
                    allowance = await self._exchange(msgspec.json.encode(call) + b"\n")
                answered = True
            except (
                OSError,
                anyio.BrokenResourceError,
                anyio.EndOfStream,
                anyio.IncompleteRead,
            ) as error:
                raise Problem(Code.UNAVAILABLE, NOT_COUNTED) from error
            finally:
                if not answered:
                    # Also if the request was cancelled: the next call must not read the response to this one.
                    with anyio.CancelScope(shield=True):
                        await self.close()
            return allowance

    async def _exchange(self, line: bytes) -> Allowance:
        if self._stream is None:
            self._stream = await anyio.connect_unix(self._socket)
        await self._stream.send(line)
        answer = await BufferedByteReceiveStream(self._stream).receive_until(b"\n", LINE_MAX_BYTES)
        return msgspec.json.decode(answer, type=Allowance)
