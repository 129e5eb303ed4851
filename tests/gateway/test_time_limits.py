"""How long a page, or an API, may take, also where it drips; and what is said when it is over."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import socket
import threading
from collections.abc import Callable

import h11
import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi, ThreadedRawApi
from tests.support.clients import AnswerParser, Client, RawAnswer, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer
from xdr_bridge.gateway.exchange import Conversation

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
GET = request("GET", "/status/200")
TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
PAUSE_SECONDS = 0.01


def drip(bridge: RunningGateway, client: Client, data: bytes, method: str = "GET") -> RawAnswer:
    """Send this every second or so until an answer comes, and return it."""
    client.socket.settimeout(PAUSE_SECONDS)
    heard = b""
    for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
        with contextlib.suppress(TimeoutError):
            heard = client.socket.recv(1)
            break
        client.send(data)
        bridge.thread.advance(1)
    client.socket.settimeout(PATIENCE_SECONDS)
    client._held = heard
    return client.read(method)


async def known(bridge: RunningGateway) -> None:
    """Wait until a page is connected."""
    while not bridge.gateway.open_connections:
        await asyncio.sleep(0)


# The head --------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"G", b"\r\nGET / HT"])
@pytest.mark.parametrize("kept", [False, True], ids=["new", "kept"])
def test_a_head_that_does_not_come_is_given_up(
    make_bridge: MakeBridge, sent: bytes, kept: bool
) -> None:
    # On a connection that has been used, it may be long before there is anything to ask.
    keep_alive = 20.0 if kept and not sent else 600.0
    bridge = make_bridge(head_seconds=20, keep_alive_seconds=keep_alive)
    with bridge.connect() as client:
        if kept:
            client.send(GET)
            assert client.read().status == 200
        client.send(sent)
        bridge.thread.run(known(bridge))
        bridge.thread.advance(22)
        if sent.strip():
            answer = client.read()
            assert (answer.status, answer.code) == (408, "request-timeout")
            assert answer.get("connection") == "close"
        # Nothing was asked: an answer would be taken for that to the next request.
        assert client.rest() == b""


def test_a_head_that_drips_is_refused(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(head_seconds=20)
    with bridge.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nX: ")
        answer = drip(bridge, client, b"x")
        assert (answer.status, answer.code) == (408, "request-timeout")


# The body --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("form", "target"),
    [("body form", "/xdr/tunnel?$xdr=1"), ("query form", "/echo?$xdr=1"), ("native", "/echo")],
)
@pytest.mark.parametrize("silent", [True, False], ids=["silent", "dripping"])
@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "counted"])
def test_a_body_that_is_late_is_refused_and_the_page_can_read_it(
    make_bridge: MakeBridge, api: TableApi, form: str, target: str, silent: bool, is_chunked: bool
) -> None:
    # The dripping one never pauses for long.
    limits = {"idle_seconds": 20} if silent else {"request_seconds": 20}
    bridge = make_bridge(**limits, min_bytes_per_second=1_000_000)
    field = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", "1000000")
    piece = b"1\r\nx\r\n" if is_chunked else b"x"
    with bridge.connect() as client:
        client.send(request("POST", target, field))
        client.send(piece)
        if silent:
            bridge.thread.run(under_way(bridge, lambda c: c._state.intake is not None))
            bridge.thread.advance(22)
        answer = client.read("POST") if silent else drip(bridge, client, piece, "POST")
        assert answer.cors() == {"access-control-allow-origin": SHOP}
        if form == "native":
            assert (answer.status, answer.code) == (408, "request-timeout")
        else:
            frame = read_frame(answer)
            assert (frame.status, frame.json["code"]) == (408, "request-timeout")
        assert answer.get("connection") == "close"
        assert client.rest() == b""
    assert bridge.closed_all(PATIENCE_SECONDS)


async def under_way(bridge: RunningGateway, ready: Callable[[Conversation], bool]) -> Conversation:
    """Wait until the only request is as far as this."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            for connection in bridge.gateway._listener.connections:
                found = connection._state.conversation
                if found is not None and ready(found):
                    return found
            await asyncio.sleep(0)


def test_a_body_that_is_fast_enough_may_take_longer(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(request_seconds=5, min_bytes_per_second=100)
    pieces, head = 100, b"PUT /echo HTTP/1.1\r\n\r\n"
    sent = len(head)

    async def as_if_slow() -> None:
        listener = bridge.gateway._listener
        conversation = await under_way(
            bridge, lambda c: c._state.intake is not None and c._state.intake._received == sent
        )
        for _ in range(2):
            listener.sweep(bridge.gateway.clock())
        # As if each piece had taken nearly as long as it may.
        conversation._state.intake._began -= 0.9

    with bridge.connect() as client:
        fields = [("Content-Length", str(100 * pieces + len(head)))]
        client.send(request("POST", "/xdr/tunnel?$xdr=1", *fields))
        client.send(head)
        for _ in range(pieces):
            bridge.thread.run(as_if_slow())
            client.send(b"x" * 100)
            sent += 100
        assert len(read_frame(client.read("POST")).json["body"]) == 100 * pieces


def test_the_time_in_which_the_api_holds_a_body_back_is_not_the_pages(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    total = 16 * 1024 * 1024
    go_on = threading.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.body(total)
        await peer.send(b"HTTP/1.1 204 No Content\r\n\r\n")

    bridge = make_bridge(make_api(slow).url, request_seconds=20, min_bytes_per_second=0)

    async def as_if_long() -> None:
        conversation = await under_way(
            bridge, lambda c: c._state.intake._received > 0 and c.deadline is None
        )
        conversation._state.intake._began -= 100
        conversation._state.intake._paused -= 100
        go_on.set()
        await under_way(bridge, lambda c: c.deadline is not None)
        for _ in range(2):
            bridge.gateway._listener.sweep(bridge.gateway.clock())

    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Content-Length", str(total))))
        sender = threading.Thread(target=client.send, args=(b"x" * total,))
        sender.start()
        bridge.thread.run(as_if_long())
        assert client.read("PUT").status == 204
        sender.join()


def test_a_late_body_under_an_answer_is_a_broken_answer(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    async def early(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"Content-Length: 10\r\n\r\nabc")
        await peer.rest()

    bridge = make_bridge(make_api(early).url, request_seconds=20, min_bytes_per_second=0)
    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Content-Length", "1000")) + b"x")
        assert client.socket.recv(1, socket.MSG_PEEK)
        bridge.thread.advance(22)
        with pytest.raises((h11.RemoteProtocolError, ConnectionResetError)):
            client.read("PUT")
    assert bridge.closed_all(PATIENCE_SECONDS)


# Reading ---------------------------------------------------------------------------------------


async def endless(peer: Peer) -> None:
    await peer.head()
    await peer.send(TEXT + b"\r\n")
    with contextlib.suppress(ConnectionError):
        while True:
            await peer.send(b"x" * 65536)


@pytest.mark.parametrize(
    "target", ["/x", "/xdr/xdr-bridge.js"], ids=["in the middle", "at the end"]
)
def test_a_page_that_sips_its_answer_is_given_up(
    make_api: MakeApi, make_bridge: MakeBridge, target: str
) -> None:
    bridge = make_bridge(make_api(endless).url, idle_seconds=0.2)
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(request("GET", target) * (1 if target == "/x" else 400))
        for _ in range(int(PATIENCE_SECONDS / PAUSE_SECONDS)):
            client.socket.recv(1)
            if bridge.closed_all(PAUSE_SECONDS):
                return
    pytest.fail("a byte now and then kept the connection")


@pytest.mark.parametrize("answered", [False, True], ids=["in the middle", "at the end"])
@pytest.mark.parametrize(("read", "kept"), [(0, False), (5999, False), (6000, True)])
def test_a_page_has_to_read_so_much_of_its_answer(
    make_api: MakeApi, make_bridge: MakeBridge, answered: bool, read: int, kept: bool
) -> None:
    bridge = make_bridge(make_api(endless).url, idle_seconds=60, min_bytes_per_second=100)

    async def as_if_late() -> None:
        listener = bridge.gateway._listener
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (
                any(c._outflow.is_full and c._outflow._unsent for c in listener.connections)
            ):
                await asyncio.sleep(0)
        (connection,) = listener.connections
        # As if the page had read so much in all the time that it had.
        connection._outflow._unsent = connection._transport.get_write_buffer_size() + read
        late = bridge.gateway.clock() - 1
        if connection._state.conversation is None:
            connection._deadline = late
        else:
            connection._state.conversation.deadline = late
        for _ in range(2):
            listener.sweep(bridge.gateway.clock())

    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(
            request("GET", "/xdr/xdr-bridge.js") * 400 if answered else request("GET", "/x")
        )
        bridge.thread.run(as_if_late())
        if kept:
            assert len(client.socket.recv(1)) == 1
            assert bridge.gateway.open_connections == 1
        else:
            assert bridge.closed_all(PATIENCE_SECONDS)


def test_a_page_that_reads_slowly_does_not_look_as_if_it_did_not_read(
    bridge: RunningGateway,
) -> None:
    if not hasattr(socket, "TCP_NOTSENT_LOWAT"):
        pytest.skip("the kernel cannot be told")

    async def low_water() -> list[int]:
        return [
            c._transport._transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT
            )
            for c in bridge.gateway._listener.connections
        ]

    with bridge.connect() as client:
        client.send(GET)
        assert client.read().status == 200
        assert set(bridge.thread.run(low_water())) == {128 * 1024}


def test_what_is_cut_off_never_looks_whole(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    bridge = make_bridge(make_api(endless).url, idle_seconds=0.2)
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        # An answer to HTTP/1.0 ends with its connection.
        client.send(b"GET /x HTTP/1.0\r\n\r\n")
        assert bridge.closed_all(PATIENCE_SECONDS)
        with pytest.raises(ConnectionResetError):
            client.rest()


# The API ---------------------------------------------------------------------------------------


async def pause(peer: Peer) -> None:
    """Wait for a moment, unless the bridge goes away."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PAUSE_SECONDS):
            await peer.rest()


def give_time(bridge: RunningGateway, client: Client, method: str = "GET") -> RawAnswer:
    """Let second after second pass for an API that goes on; return the page's answer."""
    parser = AnswerParser(method)
    client.socket.settimeout(PAUSE_SECONDS)
    answer = None
    while answer is None:
        bridge.thread.advance(1)
        with contextlib.suppress(TimeoutError):
            answer = parser.feed(client.socket.recv(65536))
    return answer


def test_an_answer_that_goes_on_and_on_may_have_a_total(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    begun = threading.Semaphore(0)

    async def drips(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"\r\n")
        begun.release()
        with contextlib.suppress(ConnectionError):
            while True:
                await peer.send(b"x")
                await pause(peer)

    bridge = make_bridge(make_api(drips).url, total_seconds=20)
    with bridge.connect() as client:
        client.send(request("GET", "/x?$xdr=1"))
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        frame = read_frame(give_time(bridge, client))
        assert (frame.status, frame.end) == (200, "upstream-cut")
    with bridge.connect() as client:
        client.send(request("GET", "/x"))
        assert begun.acquire(timeout=PATIENCE_SECONDS)
        with pytest.raises((h11.RemoteProtocolError, ConnectionResetError)):
            give_time(bridge, client)
    for _ in range(2):
        logs.expect("upstream-cut: the API's answer was not complete within 20 seconds")


def test_a_head_that_drips_from_the_api_has_the_same_total(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def drips(peer: Peer) -> None:
        await peer.head()
        with contextlib.suppress(ConnectionError):
            for piece in itertools.chain([TEXT + b"X: "], itertools.repeat(b"x")):
                await peer.send(piece)
                await pause(peer)

    bridge = make_bridge(make_api(drips).url, total_seconds=0.3)
    answer = bridge.call("GET", "/x")
    assert (answer.status, answer.code) == (504, "upstream-timeout")
    logs.expect("upstream-timeout: the API's answer was not complete within 0.3 seconds")


# What follows an answer that nobody waits for --------------------------------------------------


@pytest.mark.parametrize("drips", [False, True], ids=["announced", "dripping"])
@pytest.mark.parametrize("status", [200, 302])
def test_a_call_goes_on_before_the_body_of_a_preflight_or_redirect_has_come(
    make_api: MakeApi, make_bridge: MakeBridge, status: int, drips: bool
) -> None:
    cors = b"Access-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: PUT\r\n"
    gone = threading.Event()

    async def first(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 %d X\r\nLocation: /y\r\n%b" % (status, cors))
        await peer.send(b"Content-Length: 60000\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while drips and not peer.reader.at_eof():
                await peer.send(b"x")
                await asyncio.sleep(PAUSE_SECONDS)
        await peer.rest()
        gone.set()

    async def second(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\n%bContent-Length: 2\r\n\r\nok" % cors)
        await peer.rest()

    # Nothing else ends the wait: not in the time that a test has.
    patience = {"idle_seconds": 3600.0, "first_byte_seconds": 3600.0, "allow_origins": None}
    bridge = make_bridge(make_api(first, second).url, **patience)
    method = "PUT" if status == 200 else "GET"
    answer = bridge.tunnel(f"{method} /x HTTP/1.1\r\n\r\n")
    assert read_frame(answer).body == "ok"
    assert gone.wait(PATIENCE_SECONDS)
