"""Which connection a call gets: the line, the openings, and kept ones that are not as they seem."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.pools import (
    OK,
    Recorder,
    answer_once,
    calling,
    head,
    in_loop,
    send,
    silent,
    stream,
    until,
)
from tests.support.raw_api import Peer, answering
from xdr_bridge.http.errors import Code
from xdr_bridge.upstream.pool import Pool, UpstreamLimits

EVIL = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"


class Gate:
    """Stands before `create_connection`: counts, and lets through when it is opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        loop = asyncio.get_running_loop()
        self.open = asyncio.Event()
        self.open.set()
        self.begun = self.now = self.most = 0
        self._connect = loop.create_connection
        monkeypatch.setattr(loop, "create_connection", self)

    async def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.begun += 1
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self.open.wait()
            return await self._connect(*args, **kwargs)
        finally:
            self.now -= 1


class BlockingPeer:
    """An API whose sockets are driven between two turns of the pool's loop, so to speak."""

    def __init__(self) -> None:
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.setblocking(False)
        self.port: int = self.server.getsockname()[1]

    async def accept(self) -> socket.socket:
        own, _ = await asyncio.get_running_loop().sock_accept(self.server)
        return own

    async def take(self, own: socket.socket, size: int = 65536) -> bytes:
        return await asyncio.get_running_loop().sock_recv(own, size)


@contextlib.contextmanager
def blocking_peer() -> Iterator[BlockingPeer]:
    peer = BlockingPeer()
    with peer.server:
        yield peer


@contextlib.contextmanager
def refusing() -> Iterator[int]:
    """Give a port that refuses connections, and that nobody else gets meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


# Opening.


@in_loop
async def test_a_call_takes_a_freed_connection_while_a_new_one_is_slow_to_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    answer = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await answer.wait()
        await peer.send(OK)
        await peer.head()
        await peer.send(OK)
        await peer.rest()

    async with calling(script) as (api, pool):
        first = send(pool)
        await until(lambda: len(pool._connections) == 1)
        gate.open.clear()
        second = send(pool)
        await until(lambda: gate.begun == 2)
        answer.set()
        assert await first.success() == b"ok"
        assert await second.success() == b"ok"
        assert len(api.peers) == 1
        # The new one is for whoever comes next.
        gate.open.set()
        await until(lambda: pool.status()["idle"] == 2)


@in_loop
async def test_a_burst_of_calls_opens_few_connections_at_the_same_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    async with calling(answering(OK), max_opening=3) as (_, pool):
        recorders = [send(pool) for _ in range(60)]
        for recorder in recorders:
            assert await recorder.success() == b"ok"
        assert gate.most == 3


@in_loop
async def test_a_burst_of_calls_to_an_api_that_is_gone_fails_at_once_and_few_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    with refusing() as port:
        pool = Pool("127.0.0.1", port, limits=UpstreamLimits(max_opening=2))
        recorders = [send(pool) for _ in range(30)]
        codes = {(await recorder.failure()).code for recorder in recorders}
        assert codes == {Code.UPSTREAM_UNREACHABLE}
        assert (gate.begun, gate.most) == (30, 2)
        await pool.close()


@in_loop
async def test_who_waits_for_an_api_that_accepts_nobody_hears_of_a_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    gate.open.clear()
    limits = UpstreamLimits(max_opening=2, connect_seconds=0.08)
    pool = Pool("127.0.0.1", 9, limits=limits)
    recorders = [send(pool) for _ in range(10)]
    for recorder in recorders:
        error = await recorder.failure()
        assert (error.code, error.detail) == (
            Code.UPSTREAM_TIMEOUT,
            "no connection to the API at 127.0.0.1:9 could be made in time",
        )
    assert gate.most == 2
    await pool.close()


@in_loop
async def test_an_opening_that_fails_with_nobody_in_line_harms_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = Gate(monkeypatch)
    gate.open.clear()
    with refusing() as port:
        pool = Pool("127.0.0.1", port)
        recorder = Recorder()
        transfer = pool.send(head(), recorder)
        await until(lambda: gate.now == 1)
        transfer.cancel()
        gate.open.set()
        await until(lambda: not pool._opening)
        assert not recorder.over.done()
        await pool.close()


@pytest.mark.parametrize("turns", [0, 5])
@in_loop
async def test_a_connection_that_is_dead_on_arrival_fails_one_call_and_no_more(
    monkeypatch: pytest.MonkeyPatch, turns: int
) -> None:
    """As when an API ends the connection together with the TLS handshake."""
    loop = asyncio.get_running_loop()
    connect = loop.create_connection
    made = 0

    async def short_lived(*args: Any, **kwargs: Any) -> Any:
        nonlocal made
        made += 1
        transport, protocol = await connect(*args, **kwargs)
        transport.abort()
        for _ in range(turns):
            await asyncio.sleep(0)
        return transport, protocol

    async with calling(answer_once, answering(OK)) as (_, pool):
        # A kept one, for the call that is repeated.
        assert await send(pool).success() == b"ok"
        monkeypatch.setattr(loop, "create_connection", short_lived)
        repeated, *others = (send(pool) for _ in range(4))
        for recorder in (repeated, *others):
            error = await recorder.failure()
            assert error.code is Code.UPSTREAM_BROKEN
            assert error.detail == "the API closed the connection before it was asked"
        assert made == 4
        await until(lambda: not pool._connections)
        monkeypatch.setattr(loop, "create_connection", connect)
        assert await send(pool).success() == b"ok"


@in_loop
async def test_calls_are_refused_only_beyond_connections_and_line() -> None:
    async with calling(silent, max_connections=4, max_opening=1, max_waiting=2) as (_, pool):
        recorders = [send(pool) for _ in range(7)]
        assert (await recorders[6].failure()).code is Code.OVERLOADED
        await until(lambda: len(pool._connections) == 4)
        assert not any(recorder.over.done() for recorder in recorders[:6])


# Kept connections.


@in_loop
async def test_a_connection_is_not_used_for_ever() -> None:
    async with calling(answering(OK), max_age_seconds=300.0) as (api, pool):
        for seconds, peers in ((200.0, 1), (101.0, 1), (0.0, 1), (0.0, 2)):
            await send(pool).success()
            assert len(api.peers) == peers
            for connection in pool._connections:
                connection.opened -= seconds


@in_loop
async def test_an_old_connection_is_not_handed_on_in_line_either() -> None:
    async with calling(answering(OK), max_connections=1) as (api, pool):
        first, second = Recorder(), Recorder()

        def grow_old() -> None:
            for connection in pool._connections:
                connection.opened -= 301.0

        first.when_head = grow_old
        pool.send(head(), first)
        pool.send(head(), second)
        await second.success()
        assert len(api.peers) == 2


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("said", [b"", EVIL])
@in_loop
async def test_what_has_come_on_a_kept_connection_is_seen_before_it_is_used(
    method: str, said: bytes
) -> None:
    with blocking_peer() as api:
        pool = Pool("127.0.0.1", api.port)
        first = send(pool, method)
        own = await api.accept()
        await api.take(own)
        own.send(OK)
        await first.success()
        # From here to the second call the pool's loop does not look.
        if said:
            own.send(said)
        else:
            own.shutdown(socket.SHUT_WR)
        second = send(pool, method)
        with own, await api.accept() as other:
            assert (await api.take(other)).startswith(method.encode())
            other.send(OK)
            assert await second.success() == b"ok"
            # Not one byte of the second call went there.
            with contextlib.suppress(ConnectionResetError):
                assert await api.take(own) == b""
        await pool.close()


@in_loop
async def test_what_follows_an_answer_is_not_the_answer_to_the_next_in_line() -> None:
    # One read takes this much: the rest stays in the socket.
    body = 65536 - 100
    answer = (b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nX: " % body).ljust(96, b"x")
    answer += b"\r\n\r\n" + bytes(body)
    assert len(answer) == 65536
    with blocking_peer() as api:
        pool = Pool("127.0.0.1", api.port, limits=UpstreamLimits(max_connections=1))
        first, second = Recorder(), send(pool, target="/ahead")
        own = await api.accept()
        await api.take(own)
        pool.send(head(target="/first"), first)
        third = send(pool, target="/next")
        own.send(OK)
        await second.success()
        await api.take(own)
        own.setblocking(True)
        own.sendall(answer + EVIL)
        await first.success()
        with own, await api.accept() as other:
            assert (await api.take(other)).startswith(b"GET /next ")
            other.send(OK)
            assert await third.success() == b"ok"
        await pool.close()


@in_loop
async def test_an_api_that_speaks_first_gets_no_second_call_on_that_connection() -> None:
    with blocking_peer() as api:
        pool = Pool("127.0.0.1", api.port)
        loop = asyncio.get_running_loop()
        connect = loop.create_connection

        async def spoken_to(*args: Any, **kwargs: Any) -> Any:
            made = await connect(*args, **kwargs)
            own, _ = api.server.accept()
            own.send(OK.replace(b"200 OK", b"503 Full"))
            owns.append(own)
            return made

        owns: list[socket.socket] = []
        loop.create_connection = spoken_to  # type: ignore[method-assign]
        first = send(pool)
        assert await first.success() == b"ok"
        assert first.head is not None
        assert first.head.status == 503
        assert pool.status()["idle"] == 0
        owns[0].close()
        await pool.close()


@pytest.mark.parametrize("reset", [False, True])
@in_loop
async def test_an_early_answer_is_read_although_writing_on_has_failed(reset: bool) -> None:
    with blocking_peer() as api:
        pool = Pool("127.0.0.1", api.port)
        transfer, recorder = stream(pool, 1_000_000)
        await (transfer.write(bytes(1000)) or asyncio.sleep(0))
        own = await api.accept()
        while len(await api.take(own, 200)) < 100:
            pass
        # The loop does not look from here on; what is unread makes the end a reset.
        own.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        if reset:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        own.close()
        transfer.write(bytes(1000))
        transfer.write(bytes(1000))
        assert await recorder.success() == b"big"
        assert recorder.head is not None
        assert recorder.head.status == 413
        assert pool.status()["idle"] == 0
        await pool.close()


@in_loop
async def test_half_an_early_answer_is_none() -> None:
    with blocking_peer() as api:
        pool = Pool("127.0.0.1", api.port)
        transfer, recorder = stream(pool, 1_000_000)
        await (transfer.write(bytes(1000)) or asyncio.sleep(0))
        own = await api.accept()
        await api.take(own, 200)
        own.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 30\r\n\r\nbig")
        own.close()
        transfer.write(bytes(1000))
        transfer.write(bytes(1000))
        assert (await recorder.failure()).code is Code.UPSTREAM_CUT
        assert recorder.body == b"big"
        await pool.close()
