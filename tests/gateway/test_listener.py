"""Connections from pages over real sockets: what is read when, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import select
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future

import h11
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.apis import NO_CONTENT, TableApi, ThreadedRawApi, recording
from tests.support.clients import chunked, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer
from xdr_bridge.gateway import service as gateway
from xdr_bridge.gateway.listener import Listener

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
PatientStop = Callable[[RunningGateway], Future[None]]
GET = request("GET", "/status/200")


def listener(bridge: RunningGateway) -> Listener:
    return bridge.gateway._listener


def test_small_pieces_of_an_answer_are_not_held_back(bridge: RunningGateway) -> None:
    async def options() -> list[int]:
        return [
            c._transport._transport.get_extra_info("socket").getsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY
            )
            for c in listener(bridge).connections
        ]

    with bridge.connect() as client:
        client.send(GET)
        client.read()
        assert all(bridge.thread.run(options()))


@pytest.mark.parametrize("size", [1, 2, 7, 4096])
def test_a_request_may_come_in_pieces(bridge: RunningGateway, size: int) -> None:
    message = b"PUT /echo XDR/1\r\n\r\nbody"
    stream = (
        b"\r\n"
        + request("POST", "/xdr/tunnel?$xdr=1", body=message)
        + request("PUT", "/echo", ("Transfer-Encoding", "chunked"))
        + chunked(b"one", b"two")
        + GET
    )
    with bridge.connect() as client:
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(stream), size):
            client.send(stream[start : start + size])
        assert b'"body": "body"' in client.read("POST").body
        assert client.read("PUT").json["body"] == "onetwo"
        assert client.read().body == b"status 200"


def test_requests_sent_ahead_wait_in_the_socket(bridge: RunningGateway) -> None:
    count = 2000
    with bridge.connect() as client:
        sender = threading.Thread(target=client.send, args=(GET * count,))
        sender.start()
        for _ in range(count):
            assert client.read().body == b"status 200"
        sender.join()


def test_a_page_that_reads_no_answers_asks_for_no_more_of_them(bridge: RunningGateway) -> None:
    answer = len(bridge.call("GET", "/xdr/xdr-bridge.js").body)

    async def unsent() -> int:
        # What has been read is looked at; the rest waits in the socket.
        for _ in range(100):
            await asyncio.sleep(0)
        return max(c._transport.get_write_buffer_size() for c in listener(bridge).connections)

    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(request("GET", "/xdr/xdr-bridge.js") * 400)
        assert bridge.thread.run(unsent()) < 65536 + 2 * answer
        for _ in range(3):
            assert len(client.read().body) == answer


def test_a_request_sent_ahead_of_a_closing_answer_is_not_carried_out(
    bridge: RunningGateway, api: TableApi
) -> None:
    with bridge.connect() as client:
        client.send(request("GET", "/status/200", ("Connection", "close")) + GET)
        assert client.read().status == 200
        assert client.rest() == b""
    assert len(api.received) == 1


def test_a_refusal_can_be_read_by_a_page_that_goes_on_sending(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\nbroken\r\n\r\n")
        client.send(b"x" * 300_000)
        answer = client.read()
        assert (answer.status, answer.code) == (400, "http-malformed")
        assert answer.get("connection") == "close"


def test_a_page_that_only_goes_on_sending_is_given_up(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(b"broken\r\n\r\n")
        assert client.read().status == 400
        with contextlib.suppress(ConnectionError):
            while True:
                client.send(b"x" * 65536)


def test_a_malformed_body_is_refused_and_its_call_given_up(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    begun, ended = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.rest()
        ended.set()

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Transfer-Encoding", "chunked")) + b"3\r\nabc\r\n")
        assert begun.wait(PATIENCE_SECONDS)
        client.send(b"nonsense\r\n")
        assert client.read("PUT").code == "http-malformed"
        assert client.rest() == b""
    assert ended.wait(PATIENCE_SECONDS)


def test_a_malformed_body_under_an_answer_ends_the_connection(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
        await peer.rest()

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Transfer-Encoding", "chunked")) + b"3\r\nabc\r\n")
        data = b""
        while not data.endswith(b"abc"):
            data += client.socket.recv(65536)
        client.send(b"nonsense\r\n")
        with contextlib.suppress(ConnectionResetError):
            assert client.rest() == b""


def test_a_malformed_body_takes_no_early_answer_away(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("TRACE", "/x", ("Transfer-Encoding", "chunked")) + b"3\r\nabc\r\n")
        # The answer is here, but not read, when the mistake is made.
        select.select([client.socket], [], [], PATIENCE_SECONDS)
        client.send(b"nonsense\r\n")
        assert client.read("TRACE").code == "method-forbidden"
        assert client.rest() == b""


def test_a_malformed_body_of_a_head_is_refused_without_a_body(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    async def script(peer: Peer) -> None:
        await peer.rest()

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("HEAD", "/x", ("Transfer-Encoding", "chunked")) + b"nonsense\r\n")
        assert client.read("HEAD").status == 400
        assert client.rest() == b""


def test_a_body_that_came_with_its_head_needs_no_100_continue(bridge: RunningGateway) -> None:
    fields = [("Expect", "100-continue")]
    answer = bridge.call("PUT", "/echo", *fields, body=b"body")
    assert (answer.json["body"], answer.interim) == ("body", [])


def test_other_expectations_are_passed_over(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("PUT", "/echo", ("Expect", "tea"), ("Content-Length", "4")))
        client.send(b"body")
        answer = client.read("PUT")
        assert (answer.json["body"], answer.interim) == ("body", [])


def test_a_body_that_came_whole_goes_on_in_one_piece(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen, NO_CONTENT)).url)
    assert bridge.call("PUT", "/x", body=b"body").status == 204
    assert seen[0].endswith(b"Content-Length: 4\r\n\r\nbody")


def test_stopping_closes_idle_connections_and_ends_busy_ones_after_their_answer(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(NO_CONTENT)

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as idle, bridge.connect() as busy:
        busy.send(GET)
        assert arrived.wait(PATIENCE_SECONDS)
        stopping = asyncio.run_coroutine_threadsafe(
            bridge.gateway.stop(grace_seconds=PATIENCE_SECONDS), bridge.thread.loop
        )
        assert idle.rest() == b""
        go_on.set()
        answer = busy.read()
        assert (answer.status, answer.get("connection")) == (204, "close")
        assert busy.rest() == b""
        stopping.result(PATIENCE_SECONDS)


@pytest.fixture
def patient_stop(monkeypatch: pytest.MonkeyPatch) -> PatientStop:
    """Begin to stop a bridge that waits for requests on their way for as long as the test takes."""
    monkeypatch.setattr(gateway, "_ARRIVAL_SECONDS", 2 * PATIENCE_SECONDS)

    def stop(bridge: RunningGateway) -> Future[None]:
        stopping = bridge.begin_to_stop(grace_seconds=2 * PATIENCE_SECONDS)
        with pytest.raises(ConnectionError):
            bridge.connect()
        return stopping

    return stop


@pytest.mark.parametrize("before", [0, 1])
def test_a_request_that_comes_while_the_bridge_stops_is_answered(
    make_bridge: MakeBridge, patient_stop: PatientStop, before: int
) -> None:
    bridge = make_bridge()
    with bridge.connect() as client:
        for _ in range(before):
            client.send(GET)
            assert client.read().get("connection") is None
        bridge.thread.run(_known(bridge, 1))
        stopping = patient_stop(bridge)
        client.send(GET)
        answer = client.read()
        assert (answer.status, answer.get("connection")) == (200, "close")
        assert client.rest() == b""
    stopping.result(PATIENCE_SECONDS)


async def _known(bridge: RunningGateway, count: int) -> None:
    while bridge.gateway.open_connections < count:
        await asyncio.sleep(0)


def test_an_answer_that_has_promised_another_is_followed_by_one_more(
    make_api: MakeApi, make_bridge: MakeBridge, patient_stop: PatientStop
) -> None:
    go_on = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none")
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(b"two")
        await peer.head()
        await peer.send(NO_CONTENT)

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(GET)
        assert client.socket.recv(65536, socket.MSG_PEEK)
        stopping = patient_stop(bridge)
        go_on.set()
        answer = client.read()
        assert (answer.body, answer.get("connection")) == (b"onetwo", None)
        client.send(GET)
        answer = client.read()
        assert (answer.status, answer.get("connection")) == (204, "close")
        assert client.rest() == b""
    stopping.result(PATIENCE_SECONDS)


def test_a_bridge_in_a_hurry_waits_for_nothing(
    make_api: MakeApi, make_bridge: MakeBridge, patient_stop: PatientStop
) -> None:
    arrived = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await peer.rest()

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as idle, bridge.connect() as busy:
        busy.send(GET)
        assert arrived.wait(PATIENCE_SECONDS)
        stopping = patient_stop(bridge)
        bridge.thread.loop.call_soon_threadsafe(bridge.gateway.hurry)
        stopping.result(PATIENCE_SECONDS)
        assert busy.rest() == b""
        assert idle.rest() == b""


def test_many_connections_come_and_go(bridge: RunningGateway) -> None:
    for _ in range(500):
        with bridge.connect() as client:
            client.send(GET[: len(GET) // 2])
    assert bridge.closed_all(PATIENCE_SECONDS)
    assert bridge.call("GET", "/status/200").status == 200


_PARTS = st.sampled_from(
    [
        GET,
        request("PUT", "/echo", body=b"body"),
        request("POST", "/xdr/tunnel?$xdr=1", body=b"GET /echo XDR/1\r\n\r\n"),
        request("PUT", "/echo", ("Transfer-Encoding", "chunked")),
        chunked(b"abc"),
        b"GET / HTTP/1.1\r\n",
        b"Host: h\r\n",
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"\n",
        b"0\r\n\r\n",
        b"\0",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
        b"CONNECT evil.test:443 HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET http://evil.test/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /?$xdr=1 HTTP/1.0\r\nOrigin: https://shop.example\r\n\r\n",
    ]
) | st.binary(max_size=20)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(st.lists(_PARTS, max_size=6), st.lists(st.integers(0, 400), max_size=4))
@example([GET, b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhell"], [7])
def test_any_bytes_get_whole_answers_or_a_closed_connection(
    bridge: RunningGateway, parts: list[bytes], cuts: list[int]
) -> None:
    stream = b"".join(parts)
    points = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    received = b""
    with bridge.connect() as client, contextlib.suppress(ConnectionError):
        client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start, end in itertools.pairwise(points):
            client.send(stream[start:end])
        client.socket.shutdown(socket.SHUT_WR)
        while data := client.socket.recv(65536):
            received += data
    _check_answers(received)


def _check_answers(received: bytes) -> None:
    """Check that these bytes are whole answers, one after the other."""
    while received:
        reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        reader.send(h11.Request(method="GET", target="/", headers=[("Host", "any")]))
        reader.send(h11.EndOfMessage())
        reader.receive_data(received)
        event: object = reader.next_event()
        while isinstance(event, h11.InformationalResponse):
            if not reader.trailing_data[0]:
                # The page went away before it sent the body that it was asked for.
                return
            event = reader.next_event()
        assert isinstance(event, h11.Response), received
        while not isinstance(event, h11.EndOfMessage):
            event = reader.next_event()
            if event is h11.NEED_DATA:
                # The page went away in the middle of the answer.
                return
            assert isinstance(event, h11.Data | h11.EndOfMessage), received
        received = reader.trailing_data[0]


def test_what_is_answered_reads_back(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("PUT", "/echo", body=b"x" * 100_000))
        assert len(json.loads(client.read("PUT").body)["body"]) == 100_000
