"""A pool in front of an API of scripts, and a receiver that checks what it is told."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.support.loops import PATIENCE_SECONDS, new_loop
from tests.support.raw_api import Peer, RawApi, Script
from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead
from xdr_bridge.upstream.pool import Pool, Transfer, UpstreamLimits

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Recorder:
    """A receiver that keeps what it is told and checks the order.

    The `when_` functions are called from within the receiver's own.
    """

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.head: ResponseHead | None = None
        self.body = b""
        self.received = 0
        self.caught_up = 0
        self.keep = True
        self.error: UpstreamError | None = None
        self.headed: asyncio.Future[None] = loop.create_future()
        self.over: asyncio.Future[None] = loop.create_future()
        self.when_head: Callable[[], object] = lambda: None
        self.when_data: Callable[[], object] = lambda: None
        self.when_end: Callable[[], object] = lambda: None

    def on_head(self, head: ResponseHead) -> None:
        assert self.head is None
        assert not self.over.done()
        self.head = head
        self.headed.set_result(None)
        self.when_head()

    def on_data(self, data: bytes) -> None:
        assert data
        assert self.head is not None
        assert not self.over.done()
        self.received += len(data)
        if self.keep:
            self.body += data
        self.when_data()

    def on_caught_up(self) -> None:
        assert not self.over.done()
        self.caught_up += 1

    def on_end(self) -> None:
        assert self.head is not None
        assert not self.over.done()
        self.over.set_result(None)
        self.when_end()

    def on_error(self, error: UpstreamError) -> None:
        assert not self.over.done()
        assert (error.code is Code.UPSTREAM_CUT) == (self.head is not None)
        self.error = error
        self.over.set_result(None)

    @property
    def code(self) -> Code | None:
        return self.error.code if self.error else None

    async def success(self) -> bytes:
        """Wait for the end and return the body."""
        await self.over
        assert self.error is None
        return self.body

    async def failure(self) -> UpstreamError:
        """Wait for the error."""
        await self.over
        assert self.error is not None
        return self.error


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """Run an async test in a loop of its own; none may take long, and none may log an error."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        problems: list[dict[str, Any]] = []

        async def main() -> None:
            handler = lambda _, context: problems.append(context)  # noqa: E731
            asyncio.get_running_loop().set_exception_handler(handler)
            await asyncio.wait_for(test(*args, **kwargs), 60 * PATIENCE_SECONDS)

        with asyncio.Runner(loop_factory=new_loop) as runner:
            runner.run(main())
        assert problems == []

    return run


@asynccontextmanager
async def calling(*scripts: Script, **limits: Any) -> AsyncIterator[tuple[RawApi, Pool]]:
    """Run the API and a pool for it."""
    async with RawApi(*scripts) as api:
        pool = Pool("127.0.0.1", api.port, limits=UpstreamLimits(**limits))
        try:
            yield api, pool
        finally:
            await pool.close()


def head(method: str = "GET", target: str = "/", *fields: tuple[str, str]) -> RequestHead:
    return RequestHead(method=method, target=target, headers=Headers(fields))


def send(pool: Pool, method: str = "GET", body: bytes = b"", target: str = "/") -> Recorder:
    recorder = Recorder()
    pool.send(head(method, target), recorder, body)
    return recorder


def stream(pool: Pool, length: int | None, method: str = "POST") -> tuple[Transfer, Recorder]:
    recorder = Recorder()
    return pool.stream(head(method), recorder, length), recorder


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop go round until something is so."""
    while not condition():
        await asyncio.sleep(0)


async def silent(peer: Peer) -> None:
    """Read and never answer."""
    await peer.rest()


async def answer_once(peer: Peer) -> None:
    """Answer one request, read the next and close: what a stale kept connection looks like."""
    await peer.head()
    await peer.send(OK)
    await peer.head()
