"""Row 9: where a request ends is never in doubt; what follows a doubt is never carried out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.apis import TableApi, ThreadedRawApi, recording
from tests.support.clients import request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS

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
    bridge.tunnel(b"PUT /x HTTP/1.1\r\n\r\n" + SMUGGLED)
    bridge.call("PUT", "/y", body=SMUGGLED)
    assert len(seen) == 2
    for sent in seen:
        assert sent.endswith(b"\r\nContent-Length: %d\r\n\r\n%b" % (len(SMUGGLED), SMUGGLED))
