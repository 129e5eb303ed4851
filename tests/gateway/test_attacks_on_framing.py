"""Row 9: where a request ends is never in doubt; what follows a doubt is never carried out."""

from __future__ import annotations

import socket
from collections.abc import Callable

import pytest

from tests.support.apis import TableApi, ThreadedRawApi, recording
from tests.support.clients import chunked, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]


def received(bridge: RunningGateway) -> list[tuple[str, str]]:
    """Return every call that left the bridge, from its own books."""
    return [(e.call.method, e.call.target) for e in bridge.exchanges if e.call is not None]


SMUGGLED = b"0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        [("Content-Length", "4"), ("Transfer-Encoding", "chunked")],
        [("Content-Length", "4"), ("Content-Length", "5")],
        [("Content-Length", "4, 4")],
        [("Content-Length", "+4")],
        [("Content-Length", "-4")],
        [("Content-Length", "0x4")],
        [("Content-Length", "4_0")],
        [("Content-Length", "\xb2")],
        [("Content-Length", "")],
        [("Content-Length", "9" * 5000)],
        [("Content-Length", "9" * 19)],
        [("Transfer-Encoding", "chunked"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "chunked, identity")],
        [("Transfer-Encoding", "xchunked")],
        [("Transfer-Encoding", "\x0bchunked")],
        [("Transfer-Encoding ", "chunked")],
        [("X", "1\n Transfer-Encoding: chunked")],
    ],
    ids=lambda fields: ascii(fields)[:60],
)
@pytest.mark.parametrize("target", ["/echo", "/echo?$xdr=1", "/xdr/tunnel?$xdr=1"])
def test_9_a_request_whose_end_is_in_doubt_is_refused(
    bridge: RunningGateway, api: TableApi, fields: list[tuple[str, str]], target: str
) -> None:
    with bridge.connect() as client:
        client.send(request("POST", target, *fields) + SMUGGLED)
        answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert bridge.closed_all(PATIENCE_SECONDS)
    assert [path for _, path in api.received + received(bridge)] == []


@pytest.mark.parametrize("target", ["/echo", "/xdr/nothing", "/xdr/tunnel?$xdr=1"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_9_nothing_follows_an_answer_that_closes(
    bridge: RunningGateway, method: str, target: str
) -> None:
    body = b"x" if method == "POST" else None
    with bridge.connect() as client:
        client.send(request(method, target, ("Connection", "close"), body=body) + SMUGGLED[5:])
        assert client.read(method).get("connection") == "close"
        assert client.rest() == b""
    assert bridge.closed_all(PATIENCE_SECONDS)
    assert "/smuggled" not in [path for _, path in received(bridge)]


@pytest.mark.parametrize("target", ["/echo", "/xdr/tunnel?$xdr=1"])
def test_9_http_1_0_has_no_chunks(bridge: RunningGateway, api: TableApi, target: str) -> None:
    data = request("POST", target, ("Transfer-Encoding", "chunked")) + SMUGGLED
    with bridge.connect() as client:
        client.send(data.replace(b"HTTP/1.1", b"HTTP/1.0", 1))
        assert client.rest().startswith(b"HTTP/1.1 400 ")
    assert api.received == []


def test_9_a_body_is_framed_anew(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url)
    bridge.tunnel(b"PUT /x XDR/1\r\n\r\n" + SMUGGLED)
    bridge.call("PUT", "/y", body=SMUGGLED)
    assert len(seen) == 2
    for sent in seen:
        assert sent.endswith(b"\r\nContent-Length: %d\r\n\r\n%b" % (len(SMUGGLED), SMUGGLED))


HEAD = b"POST /echo HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n"
# Lines of which at least one of Tornado's reader, llhttp, h11 and a proxy makes something else.
AMBIGUOUS = {
    "a bare CR ends a line": b"X: 1\rTransfer-Encoding: chunked\r\n",
    "a bare LF ends a line": b"X: 1\nTransfer-Encoding: chunked\r\n",
    "a doubled CR": b"X: 1\r\r\nTransfer-Encoding: chunked\r\n",
    "a bare CR in a name": b"X\r: 1\r\n",
    "a folded length": b"Content-Length:\r\n 5\r\n",
    "a folded coding": b"Transfer-Encoding:\r\n\tchunked\r\n",
    "a field folded into another": b"X: 1\r\n Transfer-Encoding: chunked\r\n",
    "space before the colon": b"Transfer-Encoding : chunked\r\n",
    "tab before the colon": b"Content-Length\t: 5\r\n",
    "no name": b": 5\r\n",
    "no colon": b"Transfer-Encoding chunked\r\n",
    "a NUL in a name": b"Transfer-Encoding\x00: chunked\r\n",
    "a NUL in a value": b"Content-Length: 5\x00\r\n",
    "an 8-bit name": b"Transfer-Encod\xefng: chunked\r\n",
    "a vertical tab in a coding": b"Transfer-Encoding: \x0bchunked\r\n",
    "DEL in a value": b"X: \x7f\r\n",
    "a quoted coding": b'Transfer-Encoding: "chunked"\r\n',
    "a coding with a parameter": b"Transfer-Encoding: chunked;q=0\r\n",
    "an empty coding": b"Transfer-Encoding:\r\n",
    "an empty item in the codings": b"Transfer-Encoding: ,chunked\r\n",
    "a second Host": b"Host: evil.test\r\n",
    "a Host with a path": b"HOST: x/y\r\n",
}


@pytest.mark.parametrize("line", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_9_a_head_of_which_parsers_disagree_is_refused(
    bridge: RunningGateway, api: TableApi, line: bytes
) -> None:
    with bridge.connect() as client:
        client.send(HEAD + line + b"\r\n" + SMUGGLED)
        answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert api.received + received(bridge) == []


BAD_CHUNKS = {
    "LF for CRLF after a size": b"3\nabc\r\n",
    "LF for CRLF after a chunk": b"3\r\nabc\n",
    "a chunk longer than it says": b"3\r\nabcd\r\n",
    "a chunk shorter than it says": b"5\r\nabc\r\n0\r\n\r\n",
    "a hexadecimal prefix": b"0x3\r\nabc\r\n",
    "a sign": b"+3\r\nabc\r\n",
    "a negative size": b"-3\r\nabc\r\n",
    "an underscore": b"0_3\r\nabc\r\n",
    "a space before a size": b" 3\r\nabc\r\n",
    "a space after a size": b"3 \r\nabc\r\n",
    "no size": b"\r\nabc\r\n",
    "a size beyond 64 bits": b"10000000000000003\r\nabc\r\n",
    "an extension without a name": b"3;\r\nabc\r\n",
    "an extension without a value": b"3;a=\r\nabc\r\n",
    "an extension with a bare LF": b"3;a\nb\r\nabc\r\n",
    "an extension with a bare CR": b"3;a\rb\r\nabc\r\n",
    "an extension with a NUL": b"3;a\x00\r\nabc\r\n",
    "a line end in a quoted extension": b'3;a="\r\n"\r\nabc\r\n',
    "an open quote": b'3;a="b\r\nabc\r\n',
    "a folded trailer": b"0\r\nX: 1\r\n y\r\n\r\n",
    "a trailer with a bare LF": b"0\r\nX: 1\n\r\n",
    "a trailer that is a request": b"0\r\nGET /smuggled HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("target", ["/echo", "/echo?$xdr=1", "/xdr/tunnel?$xdr=1"])
@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_9_a_chunked_body_of_which_parsers_disagree_is_refused(
    make_api: MakeApi, make_bridge: MakeBridge, chunks: bytes, target: str
) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        seen.append(await peer.rest())

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("POST", target, ("Transfer-Encoding", "chunked")) + chunks + SMUGGLED)
        answer = client.rest()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert bridge.closed_all(PATIENCE_SECONDS)
    # A native body is streamed: its call may have begun, but it never ends, and nothing follows.
    assert not any(b"smuggled" in one or b"0\r\n\r\n" in one for one in seen)


def test_9_pipelined_requests_are_answered_each_once_and_in_order(
    bridge: RunningGateway, api: TableApi
) -> None:
    message = b"PUT /echo/2 XDR/1\r\n\r\n" + SMUGGLED
    stream = (
        request("PUT", "/echo/1", body=SMUGGLED)
        + request("POST", "/xdr/tunnel?$xdr=1", body=message)
        + request("PUT", "/echo/3", ("Transfer-Encoding", "chunked"))
        + chunked(SMUGGLED)
        + request("GET", "/echo/4")
    )
    for cut in range(1, len(stream), 7):
        api.received.clear()
        with bridge.connect() as client:
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.send(stream[:cut])
            client.send(stream[cut:])
            methods = ("PUT", "POST", "PUT", "GET")
            answers = [client.read(method) for method in methods]
        answers[1] = read_frame(answers[1])  # type: ignore[call-overload]
        bodies = [one.json["body"].encode() for one in answers]
        assert bodies == [SMUGGLED, SMUGGLED, SMUGGLED, b""]
        assert [path for _, path in api.received] == [f"/echo/{n}" for n in range(1, 5)]


@pytest.mark.parametrize("target", ["evil.test:443", "/echo?$xdr=1", "/xdr/tunnel?$xdr=1", "/"])
def test_9_no_connect_looks_like_an_open_tunnel(
    bridge: RunningGateway, api: TableApi, target: str
) -> None:
    # RFC 9110, section 9.3.6: after any 2xx, a frame's too, a proxy in between passes bytes on.
    assert bridge.call("CONNECT", target).code == "method-forbidden"
    assert api.received == []


@pytest.mark.parametrize("value", ["websocket", "WebSocket, h2c", "h2c", "TLS/1.0", "x"])
def test_9_no_protocol_is_switched(make_api: MakeApi, make_bridge: MakeBridge, value: str) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url)
    fields = [
        ("Upgrade", value),
        ("Connection", "Upgrade, HTTP2-Settings"),
        ("HTTP2-Settings", "AAMAAABkAAQAAP__"),
    ]
    with bridge.connect() as client:
        client.send(request("GET", "/x", *fields) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        assert client.read().status == (501 if "websocket" in value.lower() else 204)
        assert client.rest().startswith(b"HTTP/1.1 400 ")
    for sent in seen:
        assert b"Upgrade" not in sent
        assert b"HTTP2-Settings" not in sent


def test_9_an_answer_without_a_body_leaves_nothing_to_be_taken_for_one(
    bridge: RunningGateway,
) -> None:
    with bridge.connect() as client:
        client.send(request("GET", "/echo?$httpMethod=HEAD") + request("GET", "/status/201"))
        assert client.read().body == b""
        assert client.read().status == 201
