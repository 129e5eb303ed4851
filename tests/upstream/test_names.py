"""Names and addresses on the way to an API. The resolver is ours, the rest is real."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.support.pools import OK, in_loop, send, until
from tests.support.raw_api import RawApi, answering
from xdr_bridge.http.errors import Code
from xdr_bridge.upstream.pool import Pool, UpstreamLimits


class Resolver:
    """Stands in the loop's `getaddrinfo`: says where a name is, and counts who asks.

    Attributes:
        addresses: Of every name; a hostname of ours is in no DNS.
        asked: What was asked for.
        answers: Set while answers are given.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[str] = []
        self.answers = asyncio.Event()
        self.answers.set()
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self)

    async def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        await self.answers.wait()
        if not self.addresses:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")
        tcp = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [(*tcp, (address, port)) for address in self.addresses]


@contextlib.asynccontextmanager
async def apis(*addresses: str) -> AsyncIterator[tuple[int, dict[str, list[socket.socket]]]]:
    """Listen on one port of several loopback addresses; the answer's body is the address."""
    met: dict[str, list[socket.socket]] = {address: [] for address in addresses}
    servers: list[asyncio.Server] = []
    port = 0

    def serve(address: str) -> Any:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (
            len(address),
            address.encode(),
        )

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            met[address].append(writer.get_extra_info("socket"))
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)
            writer.close()

        return accept

    for address in addresses:
        server = await asyncio.start_server(serve(address), address, port)
        servers.append(server)
        port = server.sockets[0].getsockname()[1]
    try:
        yield port, met
    finally:
        for server in servers:
            server.close()
            await server.wait_closed()


@contextlib.asynccontextmanager
async def pool_of(port: int, **limits: Any) -> AsyncIterator[Pool]:
    pool = Pool("api.test", port, limits=UpstreamLimits(**limits))
    try:
        yield pool
    finally:
        await pool.close()
        # The servers' side sees the end one turn later.
        for _ in range(5):
            await asyncio.sleep(0)


@contextlib.contextmanager
def black_hole(address: str, port: int) -> Iterator[None]:
    """Listen, and answer no knock: the queue of those to be accepted is full."""
    with socket.socket() as server, contextlib.ExitStack() as callers:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen(0)
        while True:
            caller = callers.enter_context(socket.socket())
            caller.setblocking(False)
            caller.connect_ex((address, port))
            # A connection that is made at once had room.
            if caller.connect_ex((address, port)) not in (0, errno.EISCONN):
                break
        yield


@in_loop
async def test_a_name_is_resolved_for_each_connection_and_not_for_each_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = Resolver(monkeypatch, "127.0.0.1")
    async with apis("127.0.0.1") as (port, _), pool_of(port) as pool:
        for _ in range(3):
            assert await send(pool).success() == b"127.0.0.1"
        assert resolver.asked == ["api.test"]
        first, second = send(pool), send(pool)
        await first.success()
        await second.success()
        assert resolver.asked == ["api.test"] * 2
        await until(lambda: not pool._opening)


@in_loop
async def test_a_name_that_leads_elsewhere_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch, "127.0.0.1")
    async with apis("127.0.0.1", "127.0.0.2") as (port, met), pool_of(port) as pool:
        assert await send(pool).success() == b"127.0.0.1"
        resolver.addresses = ["127.0.0.2"]
        # Its connection is as good as before.
        assert await send(pool).success() == b"127.0.0.1"
        (connection,) = pool._connections
        connection.opened -= 301
        assert await send(pool).success() == b"127.0.0.1"
        # Old enough by now: it was closed after that call.
        assert await send(pool).success() == b"127.0.0.2"
        assert [len(sockets) for sockets in met.values()] == [1, 1]


@in_loop
async def test_while_a_name_is_being_resolved_other_calls_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = Resolver(monkeypatch, "127.0.0.1")
    async with apis("127.0.0.1") as (port, _), pool_of(port) as pool:
        await send(pool).success()
        resolver.answers.clear()
        busy, waiting = send(pool), send(pool)
        await until(lambda: len(resolver.asked) == 2)
        await busy.success()
        # What waited for a name got the connection of the other.
        await waiting.success()
        assert await send(pool).success() == b"127.0.0.1"
        resolver.answers.set()
        await until(lambda: not pool._opening)


@in_loop
async def test_resolving_blocks_no_loop() -> None:
    """The real resolver is asked in another thread."""
    threads: list[threading.Thread] = []
    real = socket.getaddrinfo

    def getaddrinfo(*args: Any, **kwargs: Any) -> Any:
        threads.append(threading.current_thread())
        return real("127.0.0.1", *args[1:], **kwargs)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(socket, "getaddrinfo", getaddrinfo)
        async with RawApi(answering(OK)) as api, pool_of(api.port) as pool:
            await send(pool).success()
    assert threads
    assert threading.current_thread() not in threads


@in_loop
async def test_the_next_address_is_tried_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch, "127.0.0.3", "127.0.0.4", "127.0.0.2")
    async with apis("127.0.0.2") as (port, _), pool_of(port) as pool:
        assert await send(pool).success() == b"127.0.0.2"


@in_loop
async def test_the_next_address_is_tried_while_one_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """RFC 8305, Happy Eyeballs: of two addresses the dead one costs a quarter of a second."""
    Resolver(monkeypatch, "127.0.0.3", "127.0.0.2")
    async with apis("127.0.0.2") as (port, _):
        with black_hole("127.0.0.3", port):
            async with pool_of(port) as pool:
                assert await send(pool).success() == b"127.0.0.2"


@in_loop
async def test_all_addresses_together_have_the_time_of_one_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Resolver(monkeypatch, "127.0.0.3", "127.0.0.4")
    with socket.create_server(("127.0.0.2", 0)) as free:
        port = free.getsockname()[1]
        with black_hole("127.0.0.3", port), black_hole("127.0.0.4", port):
            async with pool_of(port, connect_seconds=0.4) as pool:
                error = await send(pool).failure()
                assert error.code is Code.UPSTREAM_TIMEOUT
                assert error.detail.startswith(f"no connection to the API at api.test:{port} ")


@in_loop
async def test_if_every_address_refuses_the_api_does(monkeypatch: pytest.MonkeyPatch) -> None:
    Resolver(monkeypatch, "127.0.0.3", "127.0.0.4")
    with socket.create_server(("127.0.0.2", 0)) as free:
        async with pool_of(free.getsockname()[1]) as pool:
            error = await send(pool).failure()
            assert error.code is Code.UPSTREAM_UNREACHABLE
            assert error.detail.endswith(": it refused the connection")


@in_loop
async def test_a_name_that_is_gone_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver(monkeypatch)
    async with apis("127.0.0.1") as (port, _), pool_of(port) as pool:
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_UNREACHABLE
        assert error.detail.endswith(": its name could not be resolved")
        resolver.addresses = ["127.0.0.1"]
        assert await send(pool).success() == b"127.0.0.1"


@in_loop
async def test_a_resolver_that_never_answers_has_the_time_of_a_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolver = Resolver(monkeypatch, "127.0.0.1")
    resolver.answers.clear()
    async with pool_of(9, connect_seconds=0.05) as pool:
        assert (await send(pool).failure()).code is Code.UPSTREAM_TIMEOUT
