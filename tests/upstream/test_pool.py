"""The pool, over real sockets, against an API that is made of scripts."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import ssl
import struct
import tracemalloc

import pytest

from tests.support.loops import advance
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
from tests.support.raw_api import SELF_SIGNED, Peer, RawApi, answering, server_tls
from xdr_bridge.http.errors import Code
from xdr_bridge.http.messages import Headers, RequestHead
from xdr_bridge.upstream.connections import Connection
from xdr_bridge.upstream.pool import Pool, UpstreamLimits

MEBIBYTE = 1 << 20
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
HEAD_OF_MUCH = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"


# The request on the wire.


@in_loop
async def test_a_get_is_its_head_with_a_host_and_no_framing() -> None:
    seen = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        await peer.send(OK)

    async with calling(script) as (api, pool):
        recorder = Recorder()
        pool.send(head("GET", "/a?b=%20c", ("X-A", "\xe4")), recorder)
        assert await recorder.success() == b"ok"
        assert recorder.head is not None
        assert recorder.head.status == 200
        host = b"Host: 127.0.0.1:%d\r\n" % api.port
        assert seen == [b"GET /a?b=%20c HTTP/1.1\r\n" + host + b"X-A: \xe4\r\n\r\n"]


@in_loop
async def test_a_host_that_is_given_is_kept() -> None:
    seen = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        await peer.send(OK)

    async with calling(script) as (_, pool):
        recorder = Recorder()
        pool.send(head("DELETE", "/", ("host", "api.example")), recorder)
        await recorder.success()
        assert seen == [b"DELETE / HTTP/1.1\r\nhost: api.example\r\n\r\n"]


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("POST", b"", 0), ("PUT", b"", 0), ("PATCH", b"", 0), ("POST", b"abc", 3), ("GET", b"x", 1)],
)
@in_loop
async def test_head_and_body_leave_together_and_the_body_is_counted(
    method: str, body: bytes, length: int
) -> None:
    seen = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.reader.read(65536))
        await peer.send(OK)

    async with calling(script) as (api, pool):
        await send(pool, method, body).success()
        line = f"{method} / HTTP/1.1\r\nHost: 127.0.0.1:{api.port}\r\n"
        assert seen == [f"{line}Content-Length: {length}\r\n\r\n".encode() + body]


@in_loop
async def test_a_streamed_body_of_known_length_goes_as_it_is() -> None:
    seen = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        seen.append(await peer.body(5))
        await peer.send(OK)

    async with calling(script) as (_, pool):
        transfer, recorder = stream(pool, 5)
        await (transfer.write(b"he") or asyncio.sleep(0))
        await (transfer.write(b"llo") or asyncio.sleep(0))
        transfer.end()
        await recorder.success()
        assert b"\r\nContent-Length: 5\r\n\r\n" in seen[0]
        assert seen[1] == b"hello"


@in_loop
async def test_a_streamed_body_of_unknown_length_goes_in_chunks() -> None:
    seen = []
    expected = b"b\r\nhello world\r\n1\r\n!\r\n0\r\n\r\n"

    async def script(peer: Peer) -> None:
        seen.append(await peer.head())
        seen.append(await peer.body(len(expected)))
        await peer.send(OK)

    async with calling(script) as (_, pool):
        transfer, recorder = stream(pool, None)
        transfer.write(b"hello world")
        # An empty chunk would be the last one.
        assert transfer.write(b"") is None
        transfer.write(b"!")
        transfer.end()
        transfer.end()
        await recorder.success()
        assert b"\r\nTransfer-Encoding: chunked\r\n\r\n" in seen[0]
        assert b"Content-Length" not in seen[0]
        assert seen[1] == expected


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(head(target="//evil.example/"), id="two slashes"),
        pytest.param(head(target="http://evil.example/"), id="absolute form"),
        pytest.param(head(target="*"), id="asterisk form"),
        pytest.param(head(target=""), id="no target"),
        pytest.param(head(target="/a b"), id="space in the target"),
        pytest.param(head(target="/a\tb"), id="tab in the target"),
        pytest.param(head(target="/a\r\nX: y"), id="line end in the target"),
        pytest.param(head(target="/a\n"), id="line feed at the end"),
        pytest.param(head(target="/\x00"), id="NUL in the target"),
        pytest.param(head(target="/\u0100"), id="beyond Latin-1"),
        pytest.param(head("GET / HTTP/1.1\r\nX:"), id="line end in the method"),
        pytest.param(head("G T"), id="space in the method"),
        pytest.param(head(""), id="no method"),
        pytest.param(head("CONNECT"), id="CONNECT"),
        pytest.param(head("GET", "/", ("content-length", "3")), id="Content-Length"),
        pytest.param(head("GET", "/", ("Transfer-Encoding", "chunked")), id="Transfer-Encoding"),
        pytest.param(head("GET", "/", ("CONNECTION", "close")), id="Connection"),
        pytest.param(
            RequestHead(method="GET", target="/", headers=Headers.trusted([("A", "b\r\nC: d")])),
            id="line end in a value",
        ),
        pytest.param(
            RequestHead(method="GET", target="/", headers=Headers.trusted([("A", "b\0")])),
            id="NUL in a value",
        ),
        pytest.param(
            RequestHead(method="GET", target="/", headers=Headers.trusted([("A", "\u010d")])),
            id="value beyond Latin-1",
        ),
    ],
)
@in_loop
async def test_a_head_that_could_be_two_is_never_sent(bad: RequestHead) -> None:
    async with calling(silent) as (api, pool):
        with pytest.raises(ValueError):  # noqa: PT011 - two kinds of it
            pool.send(bad, Recorder())
        with pytest.raises(ValueError):  # noqa: PT011
            pool.stream(bad, Recorder(), None)
        assert api.peers == []


@in_loop
async def test_a_streamed_body_keeps_its_word() -> None:
    async with calling(silent) as (_, pool):
        transfer, _ = stream(pool, 3)
        transfer.write(b"ab")
        with pytest.raises(ValueError, match="longer"):
            transfer.write(b"cd")
        with pytest.raises(ValueError, match="1 bytes short"):
            transfer.end()
        transfer.write(b"c")
        transfer.end()
        with pytest.raises(ValueError, match="ended already"):
            transfer.write(b"d")


# Keeping connections.


@in_loop
async def test_a_connection_is_used_again_the_latest_first() -> None:
    async with calling(answering(OK)) as (api, pool):
        first, second = send(pool), send(pool)
        await first.success()
        await second.success()
        assert len(api.peers) == 2
        served: list[int] = []
        for _ in range(3):
            await send(pool).success()
            served.append(len(api.peers))
        assert served == [2, 2, 2]
        assert sorted(peer.sent for peer in api.peers) == [len(OK), 4 * len(OK)]


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        pytest.param("HEAD", HEAD_OF_MUCH, id="HEAD, counted"),
        pytest.param(
            "HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", id="HEAD, chunked"
        ),
        pytest.param("HEAD", b"HTTP/1.1 200 OK\r\n\r\n", id="HEAD, of no length"),
        pytest.param("HEAD", b"HTTP/1.1 404 No\r\nContent-Length: 9\r\n\r\n", id="HEAD, refused"),
        pytest.param("GET", b"HTTP/1.1 204 No Content\r\n\r\n", id="204"),
        pytest.param("GET", b"HTTP/1.1 304 Same\r\nETag: a\r\n\r\n", id="304"),
        pytest.param("GET", b"HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", id="304, counted"),
        pytest.param(
            "GET", b"HTTP/1.1 304 Same\r\nTransfer-Encoding: chunked\r\n\r\n", id="304, chunked"
        ),
        pytest.param(
            "GET", b"HTTP/1.1 103 Early\r\nContent-Length: 9\r\n\r\n" + EMPTY, id="1xx, counted"
        ),
        pytest.param("DELETE", EMPTY, id="no content"),
    ],
)
@in_loop
async def test_an_answer_without_content_ends_with_its_head(method: str, answer: bytes) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        assert (await peer.head()).startswith(b"GET / ")
        await peer.send(OK)
        await peer.rest()

    owes = method != "DELETE" and b"103" not in answer and (b"-Len" in answer or b"chunk" in answer)
    async with calling(script if not owes else answering(answer), answering(OK)) as (api, pool):
        assert await send(pool, method).success() == b""
        assert await send(pool).success() == b"ok"
        # What such a head announces may come late: it would be the answer to the next call.
        assert len(api.peers) == 1 + owes


@in_loop
async def test_a_chunked_answer_is_its_content_without_extensions_and_trailers() -> None:
    async def script(peer: Peer) -> None:
        for _ in range(2):
            await peer.head()
            await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\nTrailer: X\r\n\r\n")
            for piece in (
                b"3;a=b\r\nabc",
                b"\r\n0",
                b"004 \r\ndefg\r\n",
                b"0;c\r\nX: y\r",
                b"\n\r\n",
            ):
                await peer.send(piece)
        await peer.rest()

    async with calling(script) as (api, pool):
        for _ in range(2):
            recorder = send(pool)
            assert await recorder.success() == b"abcdefg"
            assert recorder.head is not None
            assert recorder.head.headers.get("X") is None
        assert len(api.peers) == 1


@in_loop
async def test_a_call_made_when_an_answer_ends_finds_its_connection_free() -> None:
    async with calling(answering(OK)) as (api, pool):
        first, second = Recorder(), Recorder()
        first.when_end = lambda: pool.send(head(), second)
        pool.send(head(), first)
        await second.success()
        assert len(api.peers) == 1


@in_loop
async def test_nagle_is_off() -> None:
    async with calling(answering(OK)) as (_, pool):
        await send(pool).success()
        (connection,) = pool._connections
        own = connection._transport.get_extra_info("socket")
        assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


@in_loop
async def test_the_receiver_hears_nothing_before_send_returns() -> None:
    async with calling(silent, max_connections=1, max_waiting=0) as (_, pool):
        send(pool)
        refused = send(pool)
        assert not refused.over.done()
        assert (await refused.failure()).code is Code.OVERLOADED


@in_loop
async def test_an_idle_connection_that_the_api_closes_leaves_the_pool() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)

    async with calling(script) as (api, pool):
        await send(pool).success()
        await until(lambda: not pool._connections)
        assert pool.status()["idle"] == 0
        assert await send(pool, "POST").success() == b"ok"
        assert len(api.peers) == 2


@in_loop
async def test_bytes_on_an_idle_connection_close_it() -> None:
    spoken = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await spoken.wait()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        await peer.rest()

    async with calling(script, answering(OK)) as (api, pool):
        await send(pool).success()
        spoken.set()
        await until(lambda: not pool._connections)
        assert await send(pool).success() == b"ok"
        assert len(api.peers) == 2


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(OK + b"HTTP/1.1 200 OK\r\n\r\n", id="bytes after it"),
        pytest.param(OK.replace(b"Content", b"Connection: close\r\nContent"), id="close"),
        pytest.param(OK.replace(b"HTTP/1.1", b"HTTP/1.0"), id="HTTP/1.0"),
    ],
)
@in_loop
async def test_after_such_an_answer_the_connection_is_closed(answer: bytes) -> None:
    left = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        left.append(await peer.rest())

    async with calling(script) as (_, pool):
        assert await send(pool).success() == b"ok"
        assert pool.status()["idle"] == 0
        await until(lambda: left == [b""])


@in_loop
async def test_idle_connections_are_closed_before_the_api_would() -> None:
    gone = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        assert await peer.rest() == b""
        gone.set()

    async with calling(script) as (_, pool):
        await send(pool).success()
        assert pool.status()["idle"] == 1
        await advance(6)
        await gone.wait()
        await until(lambda: not pool._connections)
        # Nothing is left to look after.
        await until(lambda: pool._sweep is None)


@in_loop
async def test_a_connection_too_old_is_not_used_even_before_it_is_swept() -> None:
    async with calling(answering(OK)) as (api, pool):
        await send(pool).success()
        (connection,) = pool._kept.anybodys
        connection.since -= 4.5
        await send(pool).success()
        assert len(api.peers) == 2


@in_loop
async def test_no_more_than_max_idle_connections_are_kept() -> None:
    async with calling(answering(OK), max_idle=1) as (_, pool):
        recorders = [send(pool) for _ in range(3)]
        for recorder in recorders:
            await recorder.success()
        await until(lambda: len(pool._connections) == 1)
        assert pool.status()["idle"] == 1


@in_loop
async def test_a_connection_that_broke_meanwhile_is_not_kept() -> None:
    async with calling(answering(OK)) as (_, pool):
        recorder = Recorder()
        recorder.when_data = lambda: next(iter(pool._connections))._transport.abort()
        pool.send(head(), recorder)
        assert await recorder.success() == b"ok"
        assert pool.status()["idle"] == 0
        await until(lambda: not pool._connections)


# Waiting in line.


@in_loop
async def test_calls_beyond_the_connections_wait_in_order() -> None:
    seen = []

    async def script(peer: Peer) -> None:
        while True:
            seen.append((await peer.head()).split()[1])
            await peer.send(OK)

    async def tolerant(peer: Peer) -> None:
        try:
            await script(peer)
        except asyncio.IncompleteReadError:
            return

    async with calling(tolerant, max_connections=1, max_waiting=3) as (api, pool):
        recorders = [send(pool, target=f"/{i}") for i in range(5)]
        for recorder in recorders[:4]:
            assert await recorder.success() == b"ok"
        error = await recorders[4].failure()
        assert error.code is Code.OVERLOADED
        assert seen == [b"/0", b"/1", b"/2", b"/3"]
        assert len(api.peers) == 1


@in_loop
async def test_a_connection_that_closes_makes_room_for_the_next_in_line() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK.replace(b"Content", b"Connection: close\r\nContent"))

    async with calling(script, max_connections=1) as (api, pool):
        recorders = [send(pool) for _ in range(3)]
        for recorder in recorders:
            assert await recorder.success() == b"ok"
        assert len(api.peers) == 3


@in_loop
async def test_who_waits_in_line_too_long_is_told_that_the_bridge_is_overloaded() -> None:
    async with calling(silent, max_connections=1, connect_seconds=0.08) as (_, pool):
        busy = send(pool)
        await until(lambda: bool(pool._connections))
        error = await send(pool).failure()
        assert error.code is Code.OVERLOADED
        assert not busy.over.done()


@in_loop
async def test_who_leaves_the_line_is_not_served() -> None:
    async with calling(answering(OK), max_connections=1) as (api, pool):
        first, second, third = Recorder(), Recorder(), Recorder()
        pool.send(head(), first)
        transfer = pool.send(head(), second)
        pool.send(head(), third)
        transfer.cancel()
        await third.success()
        assert not second.over.done()
        assert api.peers[0].sent == 2 * len(OK)


@in_loop
async def test_a_connection_whose_call_was_cancelled_meanwhile_serves_another() -> None:
    async with calling(answering(OK), max_connections=1) as (api, pool):
        recorder = Recorder()
        pool.send(head(), recorder).cancel()
        second = send(pool)
        await second.success()
        assert not recorder.over.done()
        assert len(api.peers) == 1


# Not reaching the API.


@in_loop
async def test_a_refused_connection_is_an_unreachable_api() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pool = Pool("127.0.0.1", port)
    error = await send(pool).failure()
    assert error.code is Code.UPSTREAM_UNREACHABLE
    assert error.detail == (
        f"the API at 127.0.0.1:{port} could not be reached: it refused the connection"
    )
    await pool.close()


@in_loop
async def test_a_name_without_address_is_an_unreachable_api() -> None:
    pool = Pool("a..b", 80)
    error = await send(pool).failure()
    assert error.code is Code.UPSTREAM_UNREACHABLE
    assert error.detail == (
        "the API at a..b:80 could not be reached: its name could not be resolved"
    )
    await pool.close()


@in_loop
async def test_an_api_that_does_not_speak_tls_is_an_unreachable_api() -> None:
    async def plain(peer: Peer) -> None:
        await peer.reader.read(1)
        await peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with RawApi(plain) as api:
        pool = Pool("127.0.0.1", api.port, ssl=ssl.create_default_context())
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_UNREACHABLE
        assert error.detail.endswith(": TLS could not be agreed on")
        await pool.close()


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (OSError(errno.ENETDOWN, "secret 192.0.2.1"), os.strerror(errno.ENETDOWN).lower()),
        (OSError("Multiple exceptions: secret"), "the connection failed"),
    ],
)
@in_loop
async def test_what_else_may_go_wrong_is_said_in_words_without_addresses(
    cause: OSError, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def create_connection(*_: object, **__: object) -> None:
        raise cause

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)
    pool = Pool("::1", 80)
    error = await send(pool).failure()
    assert error.code is Code.UPSTREAM_UNREACHABLE
    assert error.detail == f"the API at [::1]:80 could not be reached: {words}"
    await pool.close()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE])
@in_loop
async def test_without_a_descriptor_the_bridge_is_overloaded(
    code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def create_connection(*_: object, **__: object) -> None:
        raise OSError(code, "too many")

    monkeypatch.setattr(asyncio.get_running_loop(), "create_connection", create_connection)
    pool = Pool("::1", 80)
    error = await send(pool).failure()
    assert error.code is Code.OVERLOADED
    assert error.detail == "no file descriptor is left for a connection to the API at [::1]:80"
    await pool.close()


@in_loop
async def test_those_in_line_are_served_after_a_connection_could_not_be_made() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    pool = Pool("127.0.0.1", port, limits=UpstreamLimits(max_connections=1))
    recorders = [send(pool) for _ in range(4)]
    codes = [(await recorder.failure()).code for recorder in recorders]
    assert codes == [Code.UPSTREAM_UNREACHABLE] * 4
    await pool.close()


@in_loop
async def test_a_connection_that_takes_too_long_is_a_timeout() -> None:
    async with RawApi(silent) as api:
        # The TCP connection is made, TLS never is.
        pool = Pool(
            "127.0.0.1",
            api.port,
            ssl=ssl.create_default_context(),
            limits=UpstreamLimits(connect_seconds=0.05),
        )
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_TIMEOUT
        assert f"127.0.0.1:{api.port}" in error.detail
        await pool.close()


# Repeating.


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"])
@in_loop
async def test_an_idempotent_call_on_a_dead_kept_connection_is_repeated(method: str) -> None:
    seen = []

    async def second(peer: Peer) -> None:
        request = await peer.head()
        seen.append(request + (await peer.body(3) if method == "PUT" else b""))
        await peer.send(OK)
        await peer.rest()

    async with calling(answer_once, second) as (api, pool):
        await send(pool).success()
        recorder = send(pool, method, b"abc" if method == "PUT" else b"")
        assert await recorder.success() == (b"" if method == "HEAD" else b"ok")
        assert len(api.peers) == 2
        assert seen[0].startswith(method.encode() + b" / HTTP/1.1\r\n")


@pytest.mark.parametrize("method", ["POST", "PATCH", "LOCK"])
@in_loop
async def test_a_call_that_may_have_been_done_is_not_repeated(method: str) -> None:
    async with calling(answer_once, answering(OK)) as (api, pool):
        await send(pool).success()
        error = await send(pool, method).failure()
        assert error.code is Code.UPSTREAM_UNANSWERED
        assert "not repeated because it may have been done" in error.detail
        assert len(api.peers) == 1


@in_loop
async def test_a_post_of_which_nothing_was_sent_is_repeated() -> None:
    loop = asyncio.get_running_loop()

    async def serve(server: socket.socket) -> socket.socket:
        own, _ = await loop.sock_accept(server)
        assert (await loop.sock_recv(own, 65536)).startswith(b"POST / HTTP/1.1\r\n")
        await loop.sock_sendall(own, OK)
        return own

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        pool = Pool("127.0.0.1", server.getsockname()[1])
        first = send(pool, "POST")
        own = await serve(server)
        await first.success()
        # A reset; the loop does not go round before the next call, so nobody has noticed yet.
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        own.close()
        second = send(pool, "POST")
        with await serve(server):
            assert await second.success() == b"ok"
        await pool.close()


@in_loop
async def test_a_fresh_connection_that_dies_is_not_repeated() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()

    async with calling(script) as (api, pool):
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_UNANSWERED
        assert len(api.peers) == 1


@pytest.mark.parametrize("ends", [True, False])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
@in_loop
async def test_a_call_that_comes_after_the_end_of_a_kept_connection_is_made_again(
    method: str, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    async def serve(server: socket.socket) -> socket.socket:
        own, _ = await loop.sock_accept(server)
        assert await loop.sock_recv(own, 65536)
        await loop.sock_sendall(own, OK)
        return own

    # On this machine an end is never on its way: it is there, and would be seen.
    monkeypatch.setattr(Connection, "is_quiet", lambda self: True)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        pool = Pool("127.0.0.1", server.getsockname()[1])
        first = send(pool)
        own = await serve(server)
        await first.success()
        if ends:
            own.close()
            second = send(pool, method)
            with await serve(server):
                assert await second.success() == b"ok"
        else:
            second = send(pool, method)
            # It is there, though nobody looks at it: a reset, which says nothing of that.
            own.close()
            error = await second.failure()
            assert error.code is Code.UPSTREAM_UNANSWERED
        await pool.close()


@in_loop
async def test_a_put_that_may_have_been_done_is_not_called_undone() -> None:
    """The API reads it on a kept connection, and is gone before it could be repeated."""
    pool: Pool
    server: asyncio.Server
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(OK)
        await reader.readuntil(b"\r\n\r\n")
        server.close()
        writer.close()
        gone.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    pool = Pool("127.0.0.1", server.sockets[0].getsockname()[1])
    await send(pool).success()
    error = await send(pool, "PUT").failure()
    assert gone.is_set()
    assert error.code is Code.UPSTREAM_UNANSWERED
    assert "may have been done; then the API at 127.0.0.1" in error.detail
    assert "127.0.0.1" not in error.told
    await pool.close()


@in_loop
async def test_a_call_is_repeated_once_only_and_on_a_fresh_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()

    async with calling(answer_once, answer_once, script) as (api, pool):
        kept = [send(pool), send(pool)]
        for recorder in kept:
            await recorder.success()
        # Two stale connections idle: the repetition must not try the other one.
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_UNANSWERED
        assert len(api.peers) == 3


@in_loop
async def test_a_call_whose_answer_has_begun_is_not_repeated() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK)
        await peer.head()
        await peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    async with calling(script) as (api, pool):
        await send(pool).success()
        assert (await send(pool).failure()).code is Code.UPSTREAM_BROKEN
        assert len(api.peers) == 1


@pytest.mark.parametrize("length", [None, 3, 0])
@in_loop
async def test_a_streamed_put_is_repeated_before_its_first_piece(length: int | None) -> None:
    async def second(peer: Peer) -> None:
        await peer.head()
        if length is None:
            assert await peer.body(13) == b"3\r\nabc\r\n0\r\n\r\n"
        else:
            assert await peer.body(length) == b"abc"[:length]
        await peer.send(OK)

    async with calling(answer_once, second) as (api, pool):
        await send(pool).success()
        transfer, recorder = stream(pool, length, "PUT")
        await until(lambda: len(api.peers) == 2)
        if length != 0:
            transfer.write(b"abc")
        transfer.end()
        assert await recorder.success() == b"ok"


@in_loop
async def test_an_empty_streamed_put_is_repeated_with_its_end() -> None:
    async def second(peer: Peer) -> None:
        await peer.head()
        assert await peer.body(5) == b"0\r\n\r\n"
        await peer.send(OK)

    async with calling(answer_once, second) as (api, pool):
        await send(pool).success()
        transfer, recorder = stream(pool, None, "PUT")
        transfer.end()
        assert await recorder.success() == b"ok"
        assert len(api.peers) == 2


@in_loop
async def test_a_streamed_put_is_not_repeated_after_its_first_piece() -> None:
    async with calling(answer_once, answering(OK)) as (api, pool):
        await send(pool).success()
        transfer, recorder = stream(pool, 6, "PUT")
        transfer.write(b"abc")
        assert (await recorder.failure()).code is Code.UPSTREAM_UNANSWERED
        assert len(api.peers) == 1
        assert transfer.write(b"def") is None
        transfer.end()


# Answers that go wrong.


@pytest.mark.parametrize(
    ("answer", "code", "body"),
    [
        pytest.param(b"", Code.UPSTREAM_UNANSWERED, b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200", Code.UPSTREAM_BROKEN, b"", id="in the head"),
        pytest.param(b"garbage\r\n\r\n", Code.UPSTREAM_BROKEN, b"", id="garbage"),
        pytest.param(OK[:-1], Code.UPSTREAM_CUT, b"o", id="in a counted body"),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
            Code.UPSTREAM_CUT,
            b"hello",
            id="in a chunked body",
        ),
        pytest.param(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloX",
            Code.UPSTREAM_CUT,
            b"hello",
            id="garbage in a chunked body",
        ),
    ],
)
@in_loop
async def test_an_answer_that_breaks_off_is_an_error(
    answer: bytes, code: Code, body: bytes
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)

    async with calling(script) as (_, pool):
        recorder = send(pool)
        assert (await recorder.failure()).code is code
        assert recorder.body == body
        await until(lambda: not pool._connections)


@in_loop
async def test_an_answer_of_unknown_length_ends_with_the_connection() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")

    async with calling(script) as (_, pool):
        assert await send(pool).success() == b"to the end"


@pytest.mark.parametrize("started", [False, True])
@in_loop
async def test_a_reset_is_no_end(started: bool) -> None:
    seen = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        if started:
            await peer.send(b"HTTP/1.1 200 OK\r\n\r\nbegun")
            await seen.wait()
        peer.reset()

    async with calling(script) as (_, pool):
        recorder = Recorder()
        recorder.when_data = seen.set
        pool.send(head(), recorder)
        error = await recorder.failure()
        assert error.code is (Code.UPSTREAM_CUT if started else Code.UPSTREAM_UNANSWERED)


@in_loop
async def test_a_head_beyond_the_limit_is_a_broken_answer() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nA: " + b"b" * 2000)
        await peer.rest()

    async with calling(script, max_head_bytes=1000) as (_, pool):
        assert (await send(pool).failure()).code is Code.UPSTREAM_BROKEN


# Time.


@in_loop
async def test_an_api_that_does_not_answer_is_a_timeout() -> None:
    async with calling(silent, first_byte_seconds=0.05) as (_, pool):
        assert (await send(pool).failure()).code is Code.UPSTREAM_TIMEOUT


@pytest.mark.parametrize("begun", [False, True])
@in_loop
async def test_what_has_come_while_the_process_was_stopped_is_read_before_it_is_judged(
    begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        pool = Pool("127.0.0.1", server.getsockname()[1])
        recorder = send(pool)
        own, _ = await loop.sock_accept(server)
        with own:
            assert await loop.sock_recv(own, 65536)
            if begun:
                await loop.sock_sendall(own, OK[:-1])
                await recorder.headed
            # The loop does not go round any more; then the timer comes first.
            assert own.send(OK[-1:] if begun else OK)
            stopped = loop.time() + 1000
            monkeypatch.setattr(loop, "time", lambda: stopped)
            pool._on_sweep()
            assert await recorder.success() == b"ok"
            monkeypatch.undo()
            await pool.close()


@in_loop
async def test_interim_answers_and_half_a_head_buy_no_time() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        for piece in (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 200 OK\r\n"):
            await peer.send(piece)
        await peer.rest()

    async with calling(script, first_byte_seconds=0.05) as (_, pool):
        assert (await send(pool).failure()).code is Code.UPSTREAM_TIMEOUT


@in_loop
async def test_a_body_that_stalls_is_cut() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK[:-1])
        await peer.rest()

    async with calling(script, idle_seconds=0.05) as (_, pool):
        recorder = send(pool)
        assert (await recorder.failure()).code is Code.UPSTREAM_CUT
        assert recorder.body == b"o"


@in_loop
async def test_the_api_is_not_blamed_while_the_page_reads_or_writes_slowly() -> None:
    """Two calls are held up by us while a third, held up by the API, runs into its limit."""

    async def paused(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK[:-1])
        await peer.rest()

    async def uploading(peer: Peer) -> None:
        await peer.head()
        await peer.body(1)
        await peer.send(OK)
        await peer.rest()

    async with calling(paused, uploading, silent) as (api, pool):
        first = Recorder()
        transfer = pool.send(head(), first)
        first.when_head = transfer.pause
        await first.headed
        upload, second = stream(pool, 1)
        await until(lambda: len(api.peers) == 2)
        third = send(pool)
        await until(lambda: len(api.peers) == 3)
        await advance(121)
        assert (await third.failure()).code is Code.UPSTREAM_TIMEOUT
        assert not first.over.done()
        assert not second.over.done()
        upload.write(b"x")
        upload.end()
        assert await second.success() == b"ok"
        transfer.resume()
        await advance(121)
        assert (await first.failure()).code is Code.UPSTREAM_CUT


@in_loop
async def test_an_api_that_stops_reading_an_upload_is_a_timeout() -> None:
    release = asyncio.Event()

    async def script(peer: Peer) -> None:
        peer.writer.transport.pause_reading()
        await release.wait()

    async with calling(script, first_byte_seconds=0.1) as (_, pool):
        transfer, recorder = stream(pool, None)
        while True:
            future = transfer.write(bytes(65536))
            if future is not None and pool._connections:
                break
            await (future or asyncio.sleep(0))
        assert (await recorder.failure()).code is Code.UPSTREAM_TIMEOUT
        # The writer is not left waiting.
        await future
        release.set()


# Back-pressure and memory.


@in_loop
async def test_a_paused_answer_stays_in_the_socket_until_it_is_resumed() -> None:
    size = 32 * MEBIBYTE

    async def flood(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size // 65536):
            await peer.send(bytes(65536))
        await peer.rest()

    async with calling(flood, answering(OK)) as (api, pool):
        recorder = Recorder()
        recorder.keep = False
        transfer = pool.send(head(), recorder)
        recorder.when_head = transfer.pause
        await recorder.headed
        for _ in range(50):
            # Calls on another connection are the clock.
            await send(pool).success()
        assert recorder.received <= 65536
        assert api.peers[0].sent < size / 2
        transfer.resume()
        transfer.resume()
        await recorder.success()
        assert recorder.received == size


@in_loop
async def test_pausing_before_there_is_a_connection_holds_back_all_of_the_answer() -> None:
    async with calling(answering(OK)) as (api, pool):
        recorder = Recorder()
        transfer = pool.send(head(), recorder)
        transfer.pause()
        await until(lambda: bool(api.peers) and api.peers[0].sent > 0)
        for _ in range(10):
            await send(pool).success()
        assert recorder.head is None
        transfer.resume()
        assert await recorder.success() == b"ok"


@in_loop
async def test_a_pause_at_the_end_of_an_answer_does_not_deafen_the_connection() -> None:
    async with calling(answering(OK)) as (api, pool):
        recorder = Recorder()
        transfer = pool.send(head(), recorder)
        recorder.when_head = transfer.pause
        recorder.when_data = transfer.pause
        assert await recorder.success() == b"ok"
        transfer.pause()
        assert await send(pool).success() == b"ok"
        assert len(api.peers) == 1


@in_loop
async def test_write_says_when_the_api_reads_slowly() -> None:
    total = 0
    read_on = asyncio.Event()
    size = 32 * MEBIBYTE

    async def script(peer: Peer) -> None:
        nonlocal total
        peer.writer.transport.pause_reading()
        await read_on.wait()
        peer.writer.transport.resume_reading()
        await peer.head()
        while total < size:
            total += len(await peer.reader.read(65536))
        await peer.send(OK)

    async with calling(script) as (_, pool):
        transfer, recorder = stream(pool, size)
        # Nothing is connected yet.
        future = transfer.write(bytes(65536))
        assert future is not None
        await future
        written = 65536
        while True:
            future = transfer.write(bytes(65536))
            written += 65536
            if future is not None:
                break
        assert not future.done()
        assert written < size / 2
        read_on.set()
        while written < size:
            await (future or asyncio.sleep(0))
            future = transfer.write(bytes(65536))
            written += 65536
        transfer.end()
        assert await recorder.success() == b"ok"
        assert total == size


@in_loop
async def test_memory_stays_flat_while_much_passes_both_ways() -> None:
    size = 48 * MEBIBYTE
    piece = bytes(65536)

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        left = size
        while left:
            echo = await peer.reader.read(65536)
            left -= len(echo)
            await peer.send(echo)
        await peer.rest()

    async with calling(script) as (_, pool):
        tracemalloc.start()
        try:
            transfer, recorder = stream(pool, size)
            recorder.keep = False
            for _ in range(size // len(piece)):
                await (transfer.write(piece) or asyncio.sleep(0))
            transfer.end()
            await recorder.success()
            assert recorder.received == size
            assert tracemalloc.get_traced_memory()[1] < 4 * MEBIBYTE
        finally:
            tracemalloc.stop()


# Early answers, cancelling, closing.


@in_loop
async def test_an_answer_before_the_upload_ends_is_told_and_the_connection_closed() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\n\r\nbig")
        await peer.rest()

    async with calling(script) as (_, pool):
        transfer, recorder = stream(pool, 10)
        await (transfer.write(b"abc") or asyncio.sleep(0))
        assert await recorder.success() == b"big"
        assert recorder.head is not None
        assert recorder.head.status == 413
        assert transfer.write(b"more than ever was announced") is None
        transfer.end()
        transfer.pause()
        transfer.resume()
        transfer.cancel()
        await until(lambda: not pool._connections)


@in_loop
async def test_an_answer_may_run_while_the_upload_does() -> None:
    async def echo(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(3):
            await peer.send(await peer.body(6))
        await peer.send(await peer.body(5))
        await peer.rest()

    async with calling(echo) as (_, pool):
        transfer, recorder = stream(pool, None)
        for letter in (b"a", b"b", b"c"):
            await (transfer.write(letter) or asyncio.sleep(0))
            await until(lambda letter=letter: recorder.body.endswith(letter))
        transfer.end()
        assert await recorder.success() == b"abc"
        # Both sides are complete: the connection is as good as ever.
        assert pool.status()["idle"] == 1


@in_loop
async def test_a_connection_with_unsent_bytes_is_not_used_again() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        peer.writer.transport.pause_reading()
        await peer.send(OK)
        await asyncio.Event().wait()

    async with calling(script) as (_, pool):
        recorder = send(pool, "POST", bytes(32 * MEBIBYTE))
        assert await recorder.success() == b"ok"
        await until(lambda: not pool._connections)


@pytest.mark.parametrize("moment", ["connecting", "sent", "head", "data"])
@in_loop
async def test_the_api_sees_a_cancelled_call_close_and_the_receiver_hears_no_more(
    moment: str,
) -> None:
    requested, closed = asyncio.Event(), asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        requested.set()
        if moment in ("head", "data"):
            await peer.send(OK)
        await peer.rest()
        closed.set()

    async with calling(script) as (_, pool):
        recorder = Recorder()
        transfer = pool.send(head(), recorder)
        recorder.when_head = transfer.cancel if moment == "head" else recorder.when_head
        recorder.when_data = transfer.cancel
        if moment == "connecting":
            transfer.cancel()
            await until(lambda: pool.status()["idle"] == 1)
        else:
            await requested.wait()
            if moment == "sent":
                transfer.cancel()
            await closed.wait()
        await until(lambda: moment == "connecting" or not pool._connections)
        assert recorder.received == (2 if moment == "data" else 0)
        assert not recorder.over.done()
        transfer.cancel()


@in_loop
async def test_cancelling_frees_a_waiting_writer() -> None:
    async with calling(silent) as (_, pool):
        transfer, _ = stream(pool, 5)
        future = transfer.write(b"abc")
        assert future is not None
        transfer.cancel()
        await future


@in_loop
async def test_closing_the_pool_ends_every_call_with_an_error() -> None:
    async def begun(peer: Peer) -> None:
        await peer.head()
        await peer.send(OK[:-1])
        await peer.rest()

    async with calling(begun, silent, max_connections=3) as (api, pool):
        answered = send(pool)
        await answered.headed
        asked = send(pool)
        await until(lambda: len(pool._connections) == 2)
        connecting, waiting = send(pool), send(pool)
        await pool.close()
        assert answered.code is Code.UPSTREAM_CUT
        assert [asked.code, connecting.code, waiting.code] == [Code.OVERLOADED] * 3
        assert pool._connections == set()
        late = send(pool)
        assert (await late.failure()).code is Code.OVERLOADED
        await pool.close()
        assert len(api.peers) <= 3


@in_loop
async def test_closing_the_pool_closes_idle_connections() -> None:
    async with calling(answering(OK)) as (_, pool):
        await send(pool).success()
        await pool.close()
        assert pool._connections == set()
        assert pool._sweep is None


def test_a_receiver_that_raises_loses_its_connection_and_no_other() -> None:
    """Our own bug: it is reported by the loop, and the pool goes on."""
    problems: list[object] = []

    async def main() -> None:
        asyncio.get_running_loop().set_exception_handler(
            lambda _, context: problems.append(context["exception"])
        )
        async with calling(answering(OK)) as (api, pool):
            recorder = Recorder()
            mistake = KeyError("bug")

            def fail() -> None:
                raise mistake

            recorder.when_head = fail
            pool.send(head(), recorder)
            assert (await recorder.failure()).code is Code.UPSTREAM_CUT
            assert problems == [mistake]
            assert await send(pool).success() == b"ok"
            assert len(api.peers) == 2

    asyncio.run(main())


# TLS.


@in_loop
async def test_calls_go_through_verified_tls_both_ways() -> None:
    size = 4 * MEBIBYTE

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.body(size)
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + bytes(size))
        await peer.head()
        await peer.send(OK)
        await peer.rest()

    async with RawApi(script, ssl_context=server_tls()) as api:
        context = ssl.create_default_context(cafile=SELF_SIGNED)
        pool = Pool("127.0.0.1", api.port, ssl=context, server_hostname="localhost")
        recorder = Recorder()
        transfer = pool.send(head("PUT"), recorder, bytes(size))
        recorder.when_head = transfer.pause
        await recorder.headed
        transfer.resume()
        assert await recorder.success() == bytes(size)
        assert await send(pool).success() == b"ok"
        assert len(api.peers) == 1
        await pool.close()


@in_loop
async def test_an_answer_of_unknown_length_ends_without_close_notify_too() -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n\r\nto the end")
        raw = peer.writer.transport._ssl_protocol._transport
        raw.close()

    async with RawApi(script, ssl_context=server_tls()) as api:
        context = ssl.create_default_context(cafile=SELF_SIGNED)
        pool = Pool("localhost", api.port, ssl=context)
        assert await send(pool).success() == b"to the end"
        await pool.close()


@in_loop
async def test_a_certificate_that_is_not_trusted_is_an_unreachable_api() -> None:
    # The test's own server reports the broken handshake to the loop.
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)
    async with RawApi(silent, ssl_context=server_tls()) as api:
        pool = Pool("127.0.0.1", api.port, ssl=ssl.create_default_context())
        error = await send(pool).failure()
        assert error.code is Code.UPSTREAM_UNREACHABLE
        assert error.detail.endswith(
            "could not be reached: its certificate was issued by 'xdr-bridge tests', which the"
            " bridge does not trust (self-signed certificate); --api-ca names other authorities"
        )
        await pool.close()
