"""Every refusal, by every door: code, status, sentence, shape, and an API that heard nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.apis import TableApi
from tests.support.clients import RawAnswer, read_frame, request
from tests.support.gateways import SHOP, RunningGateway, running_gateway
from xdr_bridge.http.errors import Code, Fault
from xdr_bridge.tunnel.decoding import Limits

LIMITS = Limits(body_bytes=100, header_block_bytes=1000, header_lines=5, url_characters=500)
EVIL = "https://evil.test"


def in_query(parameters: str, body: bytes = b"", method: str = "POST") -> bytes:
    return request(method, f"/echo?{parameters}", body=body if method == "POST" else None)


def in_body(message: str, parameters: str = "$xdr=1") -> bytes:
    return request("POST", f"/xdr/tunnel?{parameters}", body=message.encode())


def put(line: str) -> bytes:
    return in_body(f"PUT /echo XDR/1\r\n{line}\r\n\r\n")


# Refused inside a frame (Wire 5.8): the code, and a request that provokes it.
FRAMED = [
    (Code.METHOD_NOT_ALLOWED, in_body("BREW /echo XDR/1\r\n\r\n")),
    (Code.METHOD_NOT_ALLOWED, in_query("$xdr=1&$httpMethod=patch")),
    (Code.HEADER_NOT_ALLOWED, put("Authorization: Bearer t")),
    (Code.UNSUPPORTED_VERSION, in_query("$xdr=2")),
    (Code.UNSUPPORTED_VERSION, in_body("", "$xdr=1,zip")),
    (Code.OUTER_METHOD, in_query("$xdr=1", method="DELETE")),
    (Code.OUTER_METHOD, in_query("$xdr=1", method="HEAD")),
    (Code.OUTER_METHOD, request("GET", "/xdr/tunnel?$xdr=1")),
    (
        Code.OUTER_CONTENT_TYPE,
        request("POST", "/echo?$xdr=1", ("Content-Type", "application/json"), body=b"{}"),
    ),
    (Code.GET_IS_READ_ONLY, in_query("$xdr=1&$httpMethod=DELETE", method="GET")),
    (Code.TUNNEL_MALFORMED, in_body("hello")),
    (Code.TUNNEL_MALFORMED, in_query("$xdr=1&$xdr=1")),
    (Code.TUNNEL_MALFORMED, in_body("PUT /x XDR/1\r\n\r\n", "$xdr=1&$httpMethod=PUT")),
    (Code.TEXT_NOT_UTF8, in_query("$xdr=1&$httpMethod=%FF")),
    (Code.TARGET_NOT_BRIDGED, in_body("PUT /xdr/tunnel XDR/1\r\n\r\n")),
    (Code.TARGET_NOT_BRIDGED, in_body("PUT /xdr XDR/1\r\n\r\n")),
    (Code.TARGET_NOT_BRIDGED, in_body("PUT /a/../xdr/x?y XDR/1\r\n\r\n")),
    (Code.METHOD_MALFORMED, in_query("$xdr=1&$httpMethod=A%20B")),
    (Code.METHOD_FORBIDDEN, in_body("TRACE /echo XDR/1\r\n\r\n")),
    (Code.HEADER_NAME_MALFORMED, put("a b: c")),
    (Code.HEADER_VALUE_MALFORMED, put("a: \u010d\u010a")),
    (Code.HEADER_FORBIDDEN, put("Host: evil.test")),
    (Code.HEADER_BLOCK_TOO_LARGE, put("a: " + "b" * 1000)),
    (Code.BODY_NOT_ALLOWED, in_query("$xdr=1&$httpMethod=GET", b"x")),
    (Code.TARGET_MALFORMED, in_body("PUT //evil.test XDR/1\r\n\r\n")),
    (Code.TARGET_ESCAPES, in_body("PUT /.. XDR/1\r\n\r\n")),
    (Code.URL_TOO_LONG, in_body(f"PUT /{'a' * 500} XDR/1\r\n\r\n")),
]
NOT_ABOUT_FRAMES = [
    (code, data)
    for code, data in FRAMED
    if code is not Code.UNSUPPORTED_VERSION and b"$xdr=1&$xdr=1" not in data
]
# Refused as a plain answer: to a page that is not let in, or that asked for no frame.
PLAIN = [
    (Code.ORIGIN_MISSING, request("GET", "/echo?$xdr=1", origin=None)),
    (Code.ORIGIN_MALFORMED, request("GET", "/echo?$xdr=1", origin="https://EVIL.test")),
    (Code.ORIGIN_MALFORMED, request("GET", "/echo?$xdr=1", ("Origin", SHOP))),
    (Code.ORIGIN_NOT_ALLOWED, request("GET", "/echo?$xdr=1", origin=EVIL)),
    (Code.ORIGIN_NOT_ALLOWED, request("POST", "/xdr/tunnel", origin="null", body=b"junk")),
    (Code.ORIGIN_NOT_ALLOWED, request("PUT", "/echo?$xdr=9", origin=EVIL, body=b"x")),
    (Code.ORIGIN_NOT_ALLOWED, request("DELETE", "/echo", origin=EVIL)),
    (Code.METHOD_NOT_ALLOWED, request("BREW", "/echo")),
    (Code.METHOD_FORBIDDEN, request("TRACE", "/echo")),
    (Code.METHOD_FORBIDDEN, request("track", "/echo")),
    (Code.TARGET_MALFORMED, request("GET", "//evil.test/")),
    (Code.TARGET_ESCAPES, request("GET", "/..")),
    (Code.URL_TOO_LONG, request("GET", "/" + "a" * 500)),
    (Code.NOT_FOUND, request("GET", "/xdr/nothing")),
    (Code.NOT_FOUND, request("GET", "/xdr")),
    (Code.UPGRADE_NOT_SUPPORTED, request("GET", "/echo", ("Upgrade", "WebSocket"))),
    (Code.HTTP_MALFORMED, b"GET / HTTP/1.1\r\nOrigin: https://shop.example\r\n\r\n"),
    (Code.HTTP_MALFORMED, request("GET", "/", ("Host", "other"))),
]
# Who has tests elsewhere, because a request alone does not provoke it.
ELSEWHERE = {
    Code.BODY_TOO_LARGE: "a frame with status 413: test_streams.py",
    Code.MISDIRECTED_REQUEST: "test_refusals.py",
    Code.FORWARDED_MALFORMED: "test_behind_a_proxy.py",
    Code.LOOP_DETECTED: "a frame with status 508: test_behind_a_proxy.py",
    Code.UPSTREAM_UNREACHABLE: "test_streams.py",
    Code.UPSTREAM_BROKEN: "test_streams.py",
    Code.UPSTREAM_UNANSWERED: "test_faults.py",
    Code.UPSTREAM_TIMEOUT: "test_streams.py",
    Code.UPSTREAM_CUT: "test_streams.py",
    Code.REDIRECT_REFUSED: "test_attacks.py",
    Code.TOO_MANY_REDIRECTS: "test_webtest.py",
    Code.OVERLOADED: "the pool's: tests/upstream/test_pool.py",
    Code.REQUEST_TIMEOUT: "test_time_limits.py",
    Code.TOO_MANY_CALLS: "test_call_limits.py",
    Code.TOO_MANY_CONNECTIONS: "test_connection_limits.py",
    Code.INTERNAL_ERROR: "a bug by definition: below",
    # Of relayed calls only.
    Code.RELAY_OFF: "test_relay.py",
    Code.RELAY_MALFORMED: "test_relay.py",
    Code.RELAY_NOT_SAME_ORIGIN: "test_relay.py",
    Code.CREDENTIALS_NOT_ALLOWED: "test_relay.py",
    # Under API authority only.
    Code.PREFLIGHT_STATUS: "test_preflights.py",
    Code.PREFLIGHT_MALFORMED: "test_preflights.py",
    Code.PREFLIGHT_ORIGIN: "test_preflights.py",
    Code.PREFLIGHT_METHOD: "test_preflights.py",
    Code.PREFLIGHT_HEADER: "test_preflights.py",
    Code.CORS_CHECK_FAILED: "test_authority.py",
}


@pytest.fixture(scope="module")
def small_bridge(shared_api: TableApi) -> Iterator[RunningGateway]:
    with ExitStack() as stack:
        yield stack.enter_context(running_gateway(shared_api.url, limits=LIMITS))


def ids(rows: list[tuple[Code, bytes]]) -> list[str]:
    return [f"{code}-{number}" for number, (code, _) in enumerate(rows)]


def check_untouched(bridge: RunningGateway, api: TableApi) -> None:
    assert api.received == []
    assert bridge.call("GET", "/status/200", origin=None).status == 200, "the bridge lives on"


def test_every_code_has_a_case() -> None:
    cases = {code for code, _ in FRAMED + PLAIN}
    assert cases | ELSEWHERE.keys() == set(Code)
    assert not cases & ELSEWHERE.keys()


@pytest.mark.parametrize(("code", "data"), FRAMED, ids=ids(FRAMED))
def test_a_refusal_in_a_frame(
    small_bridge: RunningGateway, api: TableApi, code: Code, data: bytes
) -> None:
    answer = small_bridge.ask(data)
    if data.startswith(b"HEAD "):
        assert (answer.status, answer.body) == (200, b"")
    else:
        assert answer.network_error == code
    assert answer.cors() == {"access-control-allow-origin": SHOP}
    assert answer.vary() == {"origin"}
    assert answer.get("content-type") == "text/plain; charset=utf-8"
    assert answer.get("x-content-type-options") == "nosniff"
    assert answer.get("cache-control") == "no-store"
    check_untouched(small_bridge, api)


@pytest.mark.parametrize(("code", "data"), NOT_ABOUT_FRAMES, ids=ids(NOT_ABOUT_FRAMES))
def test_the_same_refusal_without_a_frame(
    small_bridge: RunningGateway, api: TableApi, code: Code, data: bytes
) -> None:
    # `$ct` alone makes a query form, the path alone a body form.
    other = b"?$ct=text/plain" if b"/echo?" in data else b"?a=1"
    head, gap, body = data.replace(b"?$xdr=1", other, 1).partition(b"\r\n\r\n")
    answer = small_bridge.ask(head + gap + body)
    assert answer.status == code.status
    assert answer.cors()["access-control-allow-origin"] == SHOP
    assert answer.vary() == {"origin"}
    if not data.startswith(b"HEAD "):
        assert answer.code == code
    check_untouched(small_bridge, api)


@pytest.mark.parametrize(("code", "data"), FRAMED, ids=ids(FRAMED))
def test_a_refused_origin_learns_nothing_of_another_refusal(
    small_bridge: RunningGateway, api: TableApi, code: Code, data: bytes
) -> None:
    answer = small_bridge.ask(data.replace(SHOP.encode(), EVIL.encode(), 1))
    assert answer.status == 403
    assert answer.cors() == {}
    assert answer.vary() == {"origin"}
    if not data.startswith(b"HEAD "):
        assert answer.code == Code.ORIGIN_NOT_ALLOWED
    check_untouched(small_bridge, api)


@pytest.mark.parametrize(("code", "data"), PLAIN, ids=ids(PLAIN))
def test_a_plain_refusal(
    small_bridge: RunningGateway, api: TableApi, code: Code, data: bytes
) -> None:
    answer = small_bridge.ask(data)
    assert answer.status == code.status
    assert answer.code == code
    # A page that is allowed can read why.
    readable = {} if code.is_about_origin else {"access-control-allow-origin": SHOP}
    assert answer.cors() == readable
    assert answer.vary() == {"origin"}
    check_untouched(small_bridge, api)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ([("Access-Control-Request-Method", "BREW")], Code.METHOD_NOT_ALLOWED),
        ([("Access-Control-Request-Method", "put")], Code.METHOD_NOT_ALLOWED),
        ([("Access-Control-Request-Method", "TRACE")], Code.METHOD_FORBIDDEN),
        ([("Access-Control-Request-Method", "A B")], Code.METHOD_MALFORMED),
        ([("Access-Control-Request-Method", "")], Code.METHOD_MALFORMED),
        ([("Access-Control-Request-Method", "PUT")] * 2, Code.METHOD_MALFORMED),
        (
            [
                ("Access-Control-Request-Method", "PUT"),
                ("Access-Control-Request-Headers", "x-a,authorization"),
            ],
            Code.HEADER_NOT_ALLOWED,
        ),
        (
            [
                ("Access-Control-Request-Method", "PUT"),
                ("Access-Control-Request-Headers", "x-a,(b)"),
            ],
            Code.HEADER_NAME_MALFORMED,
        ),
        (
            [
                ("Access-Control-Request-Method", "PUT"),
                ("Access-Control-Request-Headers", "x" + "," * 4096),
            ],
            Code.HEADER_NOT_ALLOWED,
        ),
    ],
    ids=lambda value: str(value)[:70],
)
def test_a_refused_preflight(
    small_bridge: RunningGateway, api: TableApi, fields: list[tuple[str, str]], code: Code
) -> None:
    answer = small_bridge.call("OPTIONS", "/echo", *fields)
    assert (answer.status, answer.code) == (403, code)
    check_preflight_vary(answer)
    assert answer.cors() == {}
    assert api.received == []


@pytest.mark.parametrize("origin", [EVIL, "null", "https://SHOP.example"])
def test_a_preflight_from_elsewhere(
    small_bridge: RunningGateway, api: TableApi, origin: str
) -> None:
    fields = [("Access-Control-Request-Method", "PUT")]
    answer = small_bridge.call("OPTIONS", "/echo", *fields, origin=origin)
    assert answer.status == 403
    assert answer.cors() == {}
    check_preflight_vary(answer)
    assert api.received == []


@pytest.mark.parametrize("target", ["/echo", "/echo?$xdr=1&$httpMethod=GET", "/nowhere"])
def test_a_preflight_that_passes(small_bridge: RunningGateway, api: TableApi, target: str) -> None:
    answer = small_bridge.call(
        "OPTIONS",
        target,
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "content-type,x-b"),
    )
    assert (answer.status, answer.body) == (204, b"")
    assert answer.cors() == {
        "access-control-allow-origin": SHOP,
        "access-control-allow-methods": "PUT",
        "access-control-allow-headers": "content-type, x-b",
    }
    check_preflight_vary(answer)
    assert api.received == []


def check_preflight_vary(answer: RawAnswer) -> None:
    assert answer.vary() == {
        "origin",
        "access-control-request-method",
        "access-control-request-headers",
    }


def test_a_mistake_of_our_own_names_nothing(small_bridge: RunningGateway) -> None:
    reply = small_bridge.gateway.bridge.internal_error()
    assert reply.head.status == 500
    assert json.loads(reply.body)["code"] == "internal-error"
    assert Code.INTERNAL_ERROR.fault is Fault.BRIDGE


def test_an_allowed_call_passes_every_door(small_bridge: RunningGateway, api: TableApi) -> None:
    assert read_frame(small_bridge.ask(put("X-A: 1"))).json["method"] == "PUT"
    assert small_bridge.ask(put("X-A: 1").replace(b"?$xdr=1", b"?a=1")).json["method"] == "PUT"
    assert small_bridge.call("PUT", "/echo", body=b"x").json["method"] == "PUT"
    assert [method for method, _ in api.received] == ["PUT"] * 3
