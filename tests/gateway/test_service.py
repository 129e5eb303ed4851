"""The running bridge over real sockets: tunnel requests and native calls, byte for byte."""

from __future__ import annotations

import asyncio
import base64
import gzip
import threading
from collections.abc import Callable

import pytest

from tests.support.apis import BINARY, NO_CONTENT, TableApi, ThreadedRawApi, recording
from tests.support.clients import chunked, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.raw_api import Peer, answering

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
FRAME_HEADERS = {
    "content-type": "text/plain; charset=utf-8",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "pragma": "no-cache",
    "expires": "Thu, 01 Jan 1970 00:00:00 GMT",
    "vary": "Origin",
    "access-control-allow-origin": SHOP,
}

# MoonScript #49 and #58: what Internet Explorer 8 really sent (xdr-behaviour.md, section 2).
IE8_ON_XP = (
    b"POST %b HTTP/1.1\r\n"
    b"Accept: */*\r\n"
    b"Origin: https://shop.example\r\n"
    b"Accept-Language: en-us\r\n"
    b"Accept-Encoding: gzip, deflate\r\n"
    b"User-Agent: Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; Trident/4.0)\r\n"
    b"Host: api.example\r\n"
    b"Content-Length: %d\r\n"
    b"Connection: Keep-Alive\r\n"
    b"Pragma: no-cache\r\n\r\n%b"
)
IE8_MODE_ON_WINDOWS_8 = IE8_ON_XP.replace(b"Accept: */*\r\n", b"Accept: */*\r\nDNT: 1\r\n").replace(
    b"NT 5.1; Trident/4.0", b"NT 6.2; WOW64; Trident/6.0"
)


def test_the_captured_post_of_ie8_with_55_bytes_reaches_the_api(bridge: RunningGateway) -> None:
    body = b"POST /echo/1 HTTP/1.1\r\nX-Request-Id: 7\r\n\r\n" + b"twelve bytes"
    body += b"!" * (55 - len(body))
    answer = bridge.ask(IE8_ON_XP % (b"/xdr/tunnel?$xdr=1", 55, body))
    assert answer.status == 200
    frame = read_frame(answer)
    assert (frame.status, frame.end) == (200, "ok")
    assert frame.json["body"] == body.partition(b"\r\n\r\n")[2].decode()
    assert frame.json["type"] == "text/plain;charset=UTF-8"


def test_the_captured_post_of_ie8_with_no_byte_reaches_the_api(bridge: RunningGateway) -> None:
    answer = bridge.ask(IE8_MODE_ON_WINDOWS_8 % (b"/echo?$xdr=1&$httpMethod=DELETE", 0, b""))
    frame = read_frame(answer)
    assert frame.json["method"] == "DELETE"
    assert frame.json["body"] == ""
    assert frame.json["type"] in (None, "")


def test_a_kept_connection_of_ie8_carries_the_next_call(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        for number in range(3):
            message = b"PUT /echo/%d XDR/1\r\n\r\nx" % number
            client.send(IE8_ON_XP % (b"/xdr/tunnel?$xdr=1", len(message), message))
            assert read_frame(client.read("POST")).json["path"] == f"/echo/{number}"


def test_the_outer_head_of_a_frame_is_whole_and_nothing_more(bridge: RunningGateway) -> None:
    answer = bridge.tunnel("PUT /echo XDR/1\r\n\r\nx")
    fields = dict(answer.pairs)
    assert len(fields) == len(answer.pairs)
    assert fields.pop("date")
    assert fields.pop("content-length") == str(len(answer.body))
    assert fields == FRAME_HEADERS


def test_the_call_has_the_headers_of_the_tunnel_and_no_others(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    seen: list[bytes] = []
    api = make_api(recording(seen))
    bridge = make_bridge(api.url, allow_headers=("Authorization", "X-Name"))
    answer = bridge.tunnel(
        "PUT /items/7?a=%2F HTTP/1.1\r\nX-Name: Käse\r\nAuthorization: Bearer t\r\n\r\nx",
    )
    assert read_frame(answer).status == 204
    (sent,) = seen
    assert sent.decode("latin-1").split("\r\n") == [
        "PUT /items/7?a=%2F HTTP/1.1",
        f"Host: {api.url.removeprefix('http://')}",
        "X-Name: Käse",
        "Authorization: Bearer t",
        "Content-Type: text/plain;charset=UTF-8",
        "Accept: */*",
        "Accept-Encoding: identity",
        "Origin: https://shop.example",
        "X-Forwarded-For: 127.0.0.1",
        "X-Forwarded-Proto: http",
        "X-Forwarded-Host: bridge.example",
        "Forwarded: for=127.0.0.1;host=bridge.example;proto=http",
        "Via: 1.1 xdr-bridge",
        "Content-Length: 1",
        "",
        "x",
    ]


def test_the_query_form_keeps_the_body_byte_for_byte(bridge: RunningGateway) -> None:
    target = "/echo/a%2Fb?q=a+b&$xdr=1&$httpMethod=PATCH&$ct=application/x-thing&$once=7"
    answer = bridge.call("POST", target, body=BINARY)
    said = read_frame(answer).json
    assert said["method"] == "PATCH"
    assert said["query"] == "q=a+b"
    assert said["type"] == "application/x-thing"
    assert said["body"].encode("latin-1") == BINARY


def test_the_unframed_query_form_answers_as_the_api_does(bridge: RunningGateway) -> None:
    answer = bridge.call(
        "POST",
        "/echo?$httpMethod=PUT&$httpHeaders=X-A:1%0D%0A",
        ("Content-Type", "application/x-www-form-urlencoded"),
        body=b"a=1",
    )
    assert answer.status == 200
    assert answer.get("content-type") == "application/json"
    assert answer.cors() == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "X-Total-Count",
    }
    assert answer.vary() == {"origin"}
    assert answer.json["method"] == "PUT"
    assert answer.json["headers"]["x-a"] == "1"


def test_an_unframed_head_announces_no_body(bridge: RunningGateway) -> None:
    head = request("POST", "/echo?$httpMethod=HEAD", body=b"")
    with bridge.connect() as page:
        # The API's Content-Length would take the next answer for this one's body.
        page.send(head + request("GET", "/status/404"))
        answers = [page.read("POST"), page.read()]
    assert [(answer.status, answer.body) for answer in answers] == [
        (200, b""),
        (404, b"status 404"),
    ]
    assert answers[0].get("content-length") == "0"


def test_the_unframed_body_form_passes_bytes(bridge: RunningGateway) -> None:
    answer = bridge.tunnel("GET /bytes XDR/1\r\n\r\n", parameters="")
    assert (answer.status, answer.body) == (200, BINARY)


def test_a_frame_turns_bytes_into_base64_for_who_asks(bridge: RunningGateway) -> None:
    frame = read_frame(bridge.call("GET", "/bytes?$xdr=1,base64"))
    assert frame.get("XDR-Encoding") == "base64"
    assert base64.b64decode(frame.body, validate=True) == BINARY


def test_bytes_that_are_read_as_text_are_text(bridge: RunningGateway) -> None:
    frame = read_frame(bridge.call("GET", "/bytes?$xdr=1"))
    assert frame.get("XDR-Encoding") is None
    assert frame.body == BINARY.decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("path", "text"),
    [("latin1", "Käse"), ("status/404", "status 404"), ("status/500", "status 500")],
)
def test_a_frame_shows_text(bridge: RunningGateway, path: str, text: str) -> None:
    assert read_frame(bridge.call("GET", f"/{path}?$xdr=1")).body == text


def test_a_nul_in_a_text_is_escaped(bridge: RunningGateway) -> None:
    answer = bridge.call("GET", "/nul?$xdr=1")
    assert b"\r\n\r\na\x7f0b\x7f\r\n" in answer.body
    assert read_frame(answer).body == "a\0b"


def test_a_frame_exposes_what_cors_would_and_nothing_more(bridge: RunningGateway) -> None:
    frame = read_frame(bridge.call("GET", "/cors?$xdr=1"))
    assert frame.pairs == [
        ("content-length", "4"),
        ("content-type", "text/plain"),
        ("x-total-count", "3"),
        ("XDR-URL", "/cors"),
    ]


def test_the_stream_flag_sends_the_prelude_before_the_api_goes_on(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    go_on = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\none"
        )
        await asyncio.to_thread(go_on.wait, 10)
        await peer.send(b"two")

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("GET", "/x?$xdr=1,stream"))
        early = b""
        while not early.endswith(b"one\r\n"):
            early += client.socket.recv(65536)
        go_on.set()
        assert b" " * 2048 + b"\r\nHTTP/1.1 200 OK\r\n" in early


@pytest.mark.parametrize("body", [b"", b"a=1&b=2"])
def test_a_bare_xdomainrequest_is_a_native_call(bridge: RunningGateway, body: bytes) -> None:
    # Libraries use it themselves where they find it, at the API's own URLs.
    answer = bridge.ask(IE8_ON_XP % (b"/echo/1?c=%20", len(body), body))
    assert (answer.status, answer.get("content-type")) == (200, "application/json")
    assert answer.cors()["access-control-allow-origin"] == SHOP
    said = answer.json
    assert (said["method"], said["path"], said["query"]) == ("POST", "/echo/1", "c=%20")
    assert (said["body"], said["type"]) == (body.decode(), None)
    failed = bridge.ask(IE8_ON_XP % (b"/status/422", 0, b""))
    assert (failed.status, failed.body) == (422, b"status 422")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_a_native_call_passes_through(bridge: RunningGateway, method: str) -> None:
    body = None if method == "GET" else BINARY
    fields = [("Content-Type", "application/x-thing"), ("X-A", "1"), ("Cookie", "c=1")]
    answer = bridge.call(method, "/echo/a%2Fb?c=%20", *fields, body=body)
    assert answer.status == 200
    assert answer.cors() == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "X-Total-Count",
    }
    said = answer.json
    assert (said["method"], said["query"], said["type"]) == (method, "c=%20", "application/x-thing")
    assert said["headers"]["x-a"] == "1"
    assert said["headers"]["cookie"] == "c=1"
    assert said["headers"]["origin"] == SHOP
    assert said["body"].encode("latin-1") == (body or b"")


def test_a_native_answer_passes_bytes(bridge: RunningGateway) -> None:
    answer = bridge.call("GET", "/bytes")
    assert (answer.body, answer.get("content-type")) == (BINARY, "image/png")


def test_a_native_head_has_no_body_and_the_length_of_one(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("HEAD", "/bytes") + request("GET", "/status/200"))
        assert client.read("HEAD").get("content-length") == str(len(BINARY))
        assert client.read("GET").body == b"status 200"


def test_native_options_without_a_preflight_reach_the_api(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(allow_methods=("OPTIONS",))
    assert bridge.call("OPTIONS", "/echo").json["method"] == "OPTIONS"
    assert bridge.call("OPTIONS", "/echo", origin=None).json["method"] == "OPTIONS"


@pytest.mark.parametrize("status", [204, 304])
def test_a_native_answer_without_a_body_keeps_the_connection(
    make_api: MakeApi, make_bridge: MakeBridge, status: int
) -> None:
    bridge = make_bridge(make_api(answering(b"HTTP/1.1 %d X\r\nETag: a\r\n\r\n" % status)).url)
    with bridge.connect() as client:
        for _ in range(2):
            client.send(request("GET", "/"))
            answer = client.read()
            assert (answer.status, answer.body, answer.get("etag")) == (status, b"", "a")
            assert answer.get("transfer-encoding") is None


@pytest.mark.parametrize("status", [204, 304, 205])
def test_a_frame_without_a_body(make_api: MakeApi, make_bridge: MakeBridge, status: int) -> None:
    head = b"HTTP/1.1 %d X\r\nETag: a\r\n" % status
    bridge = make_bridge(
        make_api(answering(head + (b"Content-Length: 0\r\n\r\n" if status == 205 else b"\r\n"))).url
    )
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.status, frame.body, frame.end) == (status, "", "ok")


def test_the_apis_own_cors_headers_never_pass_and_vary_is_merged(bridge: RunningGateway) -> None:
    answer = bridge.call("GET", "/cors")
    assert answer.cors() == {
        "access-control-allow-origin": SHOP,
        "access-control-expose-headers": "X-Total-Count",
    }
    assert answer.get("vary") == "Accept-Language, Origin"
    assert answer.get("x-secret") == "42"


def test_gzip_that_nobody_asked_for_is_undone_in_a_frame(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    packed = gzip.compress("Käse".encode() * 50_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    bridge = make_bridge(make_api(answering(head + packed)).url)
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.body, frame.end) == ("Käse" * 50_000, "ok")
    assert bridge.call("GET", "/x").body == packed


def test_pipelined_requests_are_answered_in_order(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        wanted = [f"/echo/{number}" for number in range(10)]
        client.send(b"".join(request("GET", path) for path in wanted))
        assert [client.read().json["path"] for _ in wanted] == wanted


def test_pipelined_forms_and_natives_are_answered_in_order(bridge: RunningGateway) -> None:
    message = b"PUT /echo/2 XDR/1\r\n\r\nx"
    with bridge.connect() as client:
        client.send(
            request("POST", "/echo/1", body=b"one")
            + request("POST", "/xdr/tunnel?$xdr=1", body=message)
            + request("DELETE", "/echo/3?$xdr=1")
            + request("GET", "/xdr/xdr-bridge.js")
            + request("GET", "/echo/4?$xdr=1")
        )
        assert client.read("POST").json["body"] == "one"
        assert read_frame(client.read("POST")).json["path"] == "/echo/2"
        assert client.read("DELETE").network_error == "outer-method"
        assert client.read().get("content-type") == "text/javascript; charset=utf-8"
        assert read_frame(client.read()).json["path"] == "/echo/4"


def test_http_1_0_is_answered_and_closed(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(b"GET /echo?$xdr=1 HTTP/1.0\r\nOrigin: https://shop.example\r\n\r\n")
        answer = client.read()
        assert answer.get("connection") == "close"
        assert read_frame(answer).status == 200
        assert client.rest() == b""


def test_http_1_0_may_ask_to_keep_the_connection(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        for _ in range(2):
            client.send(b"GET /status/200 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            answer = client.read()
            assert answer.get("connection") == "keep-alive"
            assert answer.body == b"status 200"


def test_connection_close_is_obeyed(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("GET", "/status/200", ("Connection", "close")))
        assert client.read().get("connection") == "close"
        assert client.rest() == b""


def test_a_chunked_upload_streams_to_the_api(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        data = b""
        while not data.endswith(b"0\r\n\r\n"):
            data += await peer.reader.read(65536)
        seen.append(data)
        await peer.send(NO_CONTENT)

    bridge = make_bridge(make_api(script).url)
    pieces = (b"one", b"two" * 1000, b"three")
    data = request("PUT", "/x", ("Transfer-Encoding", "chunked")) + chunked(*pieces)
    assert bridge.ask(data).status == 204
    said = seen[0]
    content = b""
    while said != b"0\r\n\r\n":
        size, _, said = said.partition(b"\r\n")
        content += said[: int(size, 16)]
        assert said[int(size, 16) :].startswith(b"\r\n")
        said = said[int(size, 16) + 2 :]
    assert content == b"".join(pieces)


def test_a_chunked_tunnel_request_is_read(bridge: RunningGateway) -> None:
    message = (b"PUT /echo XDR/1\r", b"\n\r\n", b"body")
    data = request("POST", "/xdr/tunnel?$xdr=1", ("Transfer-Encoding", "chunked"))
    assert read_frame(bridge.ask(data + chunked(*message))).json["body"] == "body"


def test_expect_100_continue_is_answered_before_the_body(bridge: RunningGateway) -> None:
    with bridge.connect() as client:
        client.send(request("PUT", "/echo", ("Expect", "100-continue"), ("Content-Length", "4")))
        first = client.socket.recv(100)
        assert first.startswith(b"HTTP/1.1 100")
        client.send(b"body")
        assert client.read("PUT").json["body"] == "body"


def test_a_refusal_comes_instead_of_100_continue(bridge: RunningGateway, api: TableApi) -> None:
    with bridge.connect() as client:
        fields = [("Expect", "100-continue"), ("Content-Length", "4")]
        client.send(request("PUT", "/echo", *fields, origin="https://evil.test"))
        answer = client.read("PUT")
        assert (answer.status, answer.interim) == (403, [])
        assert client.rest() == b""
    assert api.received == []


def test_a_get_tunnel_request_with_a_body_is_answered(bridge: RunningGateway) -> None:
    # XDomainRequest: send("x") after open("GET"); whether Internet Explorer sends it is unknown.
    with bridge.connect() as client:
        for _ in range(2):
            client.send(request("GET", "/echo?$xdr=1", body=b"GET /evil HTTP/1.1\r\n\r\n"))
            assert read_frame(client.read()).json["body"] == ""
