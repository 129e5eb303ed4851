"""Each limit of size exactly, and one beyond, through real sockets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi, ThreadedRawApi
from tests.support.clients import RawAnswer, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.raw_api import answering
from xdr_bridge.tunnel.decoding import Limits

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]


def padded(head: bytes, size: int) -> bytes:
    """Fill a head up to this size with one field."""
    start, field = head[:-2], b"X-Pad: "
    return start + field + b"x" * (size - len(start) - len(field) - 4) + b"\r\n\r\n"


def check_plain(answer: RawAnswer, status: int, code: str) -> None:
    assert (answer.status, answer.code) == (status, code)


@pytest.mark.parametrize("pieces", [1, 2, 1000])
def test_a_head(make_bridge: MakeBridge, api: TableApi, pieces: int) -> None:
    bridge = make_bridge(max_head_bytes=1000)
    for size in (1000, 1001):
        data = padded(request("GET", "/status/200"), size)
        assert len(data) == size
        step = -(-size // pieces)
        with bridge.connect() as client:
            for start in range(0, size, step):
                client.send(data[start : start + step])
            answer = client.read()
        if size == 1000:
            assert answer.status == 200
        else:
            check_plain(answer, 431, "header-block-too-large")
            assert "1000 bytes" in answer.json["detail"]
    assert len(api.received) == 1


def test_a_head_without_an_end(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(max_head_bytes=1000, head_seconds=1)
    begun = request("GET", "/status/200")[:-2] + b"X-Pad: "
    with bridge.connect() as client:
        client.send(begun + b"x" * (1000 - len(begun)))
        # So far it may still end well: it is only late.
        assert client.read().code == "request-timeout"
    with bridge.connect() as client:
        client.send(begun + b"x" * (1001 - len(begun)))
        check_plain(client.read(), 431, "header-block-too-large")


def test_fields(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(max_fields=10)
    # With Host and Origin.
    fields = [("X-Field", str(number)) for number in range(9)]
    assert bridge.call("GET", "/status/200", *fields[:8]).status == 200
    check_plain(bridge.call("GET", "/status/200", *fields), 431, "header-block-too-large")


def test_the_defaults_of_a_head(bridge: RunningGateway) -> None:
    assert bridge.ask(padded(request("GET", "/status/200"), 65536)).status == 200
    answer = bridge.ask(padded(request("GET", "/status/200"), 65537))
    check_plain(answer, 431, "header-block-too-large")
    fields = [("X-Field", str(number)) for number in range(127)]
    assert bridge.call("GET", "/status/200", *fields[:126]).status == 200
    check_plain(bridge.call("GET", "/status/200", *fields), 431, "header-block-too-large")


def test_trailers(bridge: RunningGateway) -> None:
    head = request("PUT", "/echo", ("Transfer-Encoding", "chunked")) + b"4\r\nbody\r\n0"
    for size in (8192, 8193):
        trailers = b"\r\nX: " + b"x" * (size - 9) + b"\r\n\r\n"
        assert len(trailers) == size
        answer = bridge.ask(head + trailers)
        if size == 8192:
            assert answer.json["body"] == "body"
        else:
            check_plain(answer, 431, "header-block-too-large")


# A tunnelled call ------------------------------------------------------------------------------


@pytest.fixture
def small(make_bridge: MakeBridge) -> RunningGateway:
    limits = Limits(url_characters=200, header_block_bytes=100, header_lines=5, body_bytes=1000)
    return make_bridge(limits=limits)


def path(size: int, end: str = "") -> str:
    return "/echo/" + "a" * (size - 6 - len(end)) + end


def test_a_url(small: RunningGateway) -> None:
    assert small.call("GET", path(200)).status == 200
    check_plain(small.call("GET", path(201)), 414, "url-too-long")
    assert read_frame(small.call("GET", path(200, "?$xdr=1"))).status == 200
    assert small.call("GET", path(201, "?$xdr=1")).network_error == "url-too-long"
    for size in (200, 201):
        answer = small.tunnel(f"PUT {path(size)} XDR/1\r\n\r\n")
        if size == 200:
            assert read_frame(answer).json["path"] == path(200)
        else:
            assert answer.network_error == "url-too-long"


def test_a_header_block(small: RunningGateway) -> None:
    for size in (100, 101):
        # What ends the request line counts, what ends the block does not.
        field = "\r\nX: " + "x" * (size - 5)
        assert len(field) == size
        answer = small.tunnel(f"PUT /echo XDR/1{field}\r\n\r\nbody")
        if size == 100:
            assert read_frame(answer).json["headers"]["x"] == field[5:]
        else:
            assert answer.network_error == "header-block-too-large"
        line = "X: " + "x" * (size - 3)
        answer = small.call("GET", f"/echo?$xdr=1&$httpHeaders={line.replace(' ', '%20')}")
        if size == 100:
            assert read_frame(answer).json["headers"]["x"] == line[3:]
        else:
            assert answer.network_error == "header-block-too-large"


def test_header_lines(small: RunningGateway) -> None:
    for count in (5, 6):
        lines = "".join(f"X-{number}: 1\r\n" for number in range(count))
        answers = [
            small.tunnel(f"PUT /echo XDR/1\r\n{lines}\r\n"),
            small.call(
                "GET", f"/echo?$xdr=1&$httpHeaders={lines}".replace("\r\n", "%0A").replace(" ", "")
            ),
        ]
        for answer in answers:
            if count == 5:
                assert read_frame(answer).json["headers"]["x-4"] == "1"
            else:
                assert answer.network_error == "header-block-too-large"


@pytest.mark.parametrize(
    ("form", "is_framed"), [("query form", True), ("query form", False), ("body form", True)]
)
def test_a_body(small: RunningGateway, form: str, is_framed: bool) -> None:
    for size in (1000, 1001):
        body = b"x" * size
        if form == "body form":
            answer = small.tunnel(b"PUT /echo XDR/1\r\n\r\n" + body)
        else:
            flag = "$xdr=1&" if is_framed else ""
            answer = small.call("POST", f"/echo?{flag}$httpMethod=PUT", body=body)
        told: Any
        status, told = answer.status, answer
        if is_framed:
            told = read_frame(answer)
            status = told.status
        if size == 1000:
            assert status == 200
            assert len(told.json["body"]) == 1000
        else:
            assert status == 413
            assert told.json["code"] == "body-too-large"


def test_all_of_them_at_once(small: RunningGateway) -> None:
    head = f"OPTIONS {path(200)} HTTP/1.1\r\nX: " + "x" * 95
    small_enough = f"{head.replace('OPTIONS', 'DELETE')}\r\n\r\n" + "x" * 1000
    assert len(read_frame(small.tunnel(small_enough)).json["body"]) == 1000


# The API's answer ------------------------------------------------------------------------------


def test_the_head_of_an_answer(make_api: MakeApi, make_bridge: MakeBridge, logs: Logs) -> None:
    for size in (1000, 1001):
        head = padded(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", size)
        assert len(head) == size
        bridge = make_bridge(make_api(answering(head + b"ok")).url, max_answer_head_bytes=1000)
        answer = bridge.call("GET", "/x")
        if size == 1000:
            assert answer.body == b"ok"
        else:
            check_plain(answer, 502, "upstream-broken")
            assert "1000 bytes" in answer.json["detail"]
    logs.expect("upstream-broken")


def test_the_trailers_of_an_answer(make_api: MakeApi, make_bridge: MakeBridge, logs: Logs) -> None:
    for size in (1000, 1001):
        trailers = b"\r\nX: " + b"x" * (size - 9) + b"\r\n\r\n"
        body = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0" + trailers
        bridge = make_bridge(make_api(answering(body)).url, max_answer_head_bytes=1000)
        frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
        assert frame.end == ("ok" if size == 1000 else "upstream-cut")
    logs.expect("upstream-cut")
