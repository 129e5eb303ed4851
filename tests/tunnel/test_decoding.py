"""Tunnel request to call: the golden vectors, and every way to be refused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers
from xdr_bridge.tunnel.decoding import (
    Call,
    Limits,
    _find_empty_line,
    decode,
)
from xdr_bridge.tunnel.recognition import Tunnel, check_outer, recognise

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/tunnel.json").read_text("utf-8"))
TUNNEL = "/xdr/tunnel"
LIMITS = Limits(url_characters=100, header_block_bytes=200, header_lines=5, body_bytes=50)


def tunnel_of(target: str) -> Tunnel:
    tunnel = recognise(target, TUNNEL)
    assert tunnel is not None
    return tunnel


def call_of(target: str, body: bytes = b"", method: str = "POST", limits: Limits = LIMITS) -> Call:
    tunnel = tunnel_of(target)
    check_outer(tunnel, method, [])
    return decode(tunnel, method, body, limits)


def code_of(target: str, body: bytes = b"", method: str = "POST") -> Code:
    with pytest.raises(RequestError) as refusal:
        call_of(target, body, method)
    assert refusal.value.detail.isprintable()
    return refusal.value.code


def body_form(head: str, body: bytes = b"") -> Code:
    return code_of(f"{TUNNEL}?$xdr=1", head.encode() + body)


def headers(block: str) -> Code:
    """Refuse a header block in both forms, for the same reason."""
    code = body_form(f"PUT /x XDR/1\r\n{block}\r\n\r\n")
    encoded = "".join(f"%{byte:02X}" for byte in block.encode())
    assert code_of(f"/x?$xdr=1&$httpHeaders={encoded}") is code
    return code


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_decodes_to_its_call(case: dict[str, Any]) -> None:
    request, call = case["request"], case["call"]
    tunnel = tunnel_of(request["target"])
    assert (tunnel.form, tunnel.framed) == (f"{case['form']} form", True)
    assert check_outer(tunnel, request["method"], []) == frozenset()
    decoded = decode(tunnel, request["method"], (request["body"] or "").encode(), Limits())
    assert decoded.method == call["method"]
    assert decoded.target == call["target"]
    assert list(decoded.headers) == [tuple(pair) for pair in call["headers"]]
    assert decoded.body == (call["body"] or "").encode()


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "/items?a=1",
        "/items?xdr=1&httpMethod=DELETE",
        "/items?$XDR=1&$httpmethod=DELETE",
        "/items?$once=1",
        "/items?a=$xdr=1",
        "/items?a$xdr=1",
        "/items?%2524xdr=1",
        "/items/$xdr=1",
        "/xdr/tunnel/",
        "/xdr/tunnelx",
        "/XDR/tunnel",
        "/items?$filter=x&$top=5",
    ],
)
def test_an_ordinary_request_is_no_tunnel_request(target: str) -> None:
    assert recognise(target, TUNNEL) is None


@pytest.mark.parametrize(
    ("target", "form", "framed", "inner"),
    [
        ("/x?$xdr=1", "query form", True, "/x"),
        ("/x?$xdr", "query form", True, "/x"),
        ("/x?%24xdr=1", "query form", True, "/x"),
        ("/x?$httpMethod=PUT", "query form", False, "/x"),
        ("/x?%24httpHeaders=", "query form", False, "/x"),
        ("/x?$ct=a/b&a=1", "query form", False, "/x?a=1"),
        ("/x?&&a&$xdr=1&b=&=c", "query form", True, "/x?&&a&b=&=c"),
        ("/x?$filter=y&$xdr=1&$once=1&$once=2", "query form", True, "/x?$filter=y"),
        ("/xdr/tunnel", "body form", False, "/xdr/tunnel"),
        ("/xdr/tunnel?$xdr=1", "body form", True, "/xdr/tunnel"),
    ],
)
def test_a_tunnel_request_is_known_by_its_target(
    target: str, form: str, framed: bool, inner: str
) -> None:
    tunnel = tunnel_of(target)
    assert (tunnel.form, tunnel.framed, tunnel.target) == (form, framed, inner)


@pytest.mark.parametrize(
    ("value", "flags"),
    [
        ("1", set()),
        ("%31", set()),
        ("1,base64", {"base64"}),
        ("1,stream,base64", {"base64", "stream"}),
        ("1%2Cstream", {"stream"}),
    ],
)
def test_flags(value: str, flags: set[str]) -> None:
    assert check_outer(tunnel_of(f"/x?$xdr={value}"), "GET", []) == flags


@pytest.mark.parametrize("value", ["", "2", "01", "1.0", "1,", "1,,base64", "1,gzip", "x", "1 "])
def test_an_unknown_version_or_flag_is_told_what_is_known(value: str) -> None:
    with pytest.raises(RequestError) as refusal:
        check_outer(tunnel_of(f"/x?$xdr={value}"), "GET", [])
    assert refusal.value.code is Code.UNSUPPORTED_VERSION
    assert "version 1 with the flags base64, relay, stream" in refusal.value.detail


@pytest.mark.parametrize("name", ["$xdr=1", "$httpMethod=PUT", "$ct=a/b"])
def test_a_parameter_that_stands_twice_is_refused(name: str) -> None:
    assert code_of(f"/x?$xdr=1&{name}&%24{name[1:]}") is Code.TUNNEL_MALFORMED


@pytest.mark.parametrize("method", ["PUT", "DELETE", "HEAD", "get", "PATCH"])
def test_other_outer_methods_are_refused(method: str) -> None:
    assert code_of("/x?$xdr=1", method=method) is Code.OUTER_METHOD


def test_the_body_form_over_get_is_refused() -> None:
    assert code_of(f"{TUNNEL}?$xdr=1", method="GET") is Code.OUTER_METHOD


@pytest.mark.parametrize(
    "types",
    [
        [],
        [""],
        ["text/plain"],
        ["Text/PLAIN;charset=UTF-8"],
        [" text/plain ; a=b, c"],
        ["text/plain;"],
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["/x?$xdr=1", "/x?$ct=a/b", f"{TUNNEL}?$xdr=1", TUNNEL])
def test_no_type_and_text_are_accepted(target: str, types: list[str]) -> None:
    check_outer(tunnel_of(target), "POST", types)


@pytest.mark.parametrize(
    "types",
    [
        ["application/json"],
        ["multipart/form-data; boundary=x"],
        ["text/plain2"],
        ["text/html"],
        ["text/plain charset=utf-8"],
        ["text/plain", "text/plain"],
        ["text/plain;a", "multipart/form-data"],
        ["application/json;text/plain"],
    ],
    ids=str,
)
@pytest.mark.parametrize("target", ["/x?$xdr=1", "/x?$ct=a/b", f"{TUNNEL}?$xdr=1", TUNNEL])
def test_other_types_are_refused(target: str, types: list[str]) -> None:
    with pytest.raises(RequestError) as refusal:
        check_outer(tunnel_of(target), "POST", types)
    assert refusal.value.code is Code.OUTER_CONTENT_TYPE


@pytest.mark.parametrize(
    ("target", "accepted"),
    [("/x?$ct=a/b", True), ("/x?$xdr=1", False), (TUNNEL, False), (f"{TUNNEL}?$xdr=1", False)],
)
def test_a_form_is_accepted_only_unframed_in_query_form(target: str, accepted: bool) -> None:
    types = ["Application/x-www-form-urlencoded;charset=utf-8"]
    if accepted:
        check_outer(tunnel_of(target), "POST", types)
    else:
        with pytest.raises(RequestError, match="outer-content-type"):
            check_outer(tunnel_of(target), "POST", types)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get2"])
def test_over_get_nothing_is_changed(method: str) -> None:
    assert code_of(f"/x?$xdr=1&$httpMethod={method}", method="GET") is Code.GET_IS_READ_ONLY


@pytest.mark.parametrize("method", ["GET", "head", "Get"])
def test_over_get_something_is_read(method: str) -> None:
    target = f"/x?$xdr=1&$httpMethod={method}"
    assert call_of(target, method="GET").method == method.upper()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_get_and_head_take_no_body(method: str) -> None:
    assert code_of(f"/x?$xdr=1&$httpMethod={method}", b"x") is Code.BODY_NOT_ALLOWED
    assert body_form(f"{method} /x XDR/1\r\n\r\n", b"x") is Code.BODY_NOT_ALLOWED


@pytest.mark.parametrize("method", ["CONNECT", "trace", "Track"])
def test_forbidden_methods(method: str) -> None:
    assert code_of(f"/x?$xdr=1&$httpMethod={method}") is Code.METHOD_FORBIDDEN
    assert body_form(f"{method} /x XDR/1\r\n\r\n") is Code.METHOD_FORBIDDEN


@pytest.mark.parametrize("method", ["", "P%20UT", "PUT%0D%0A", "P%C3%84T", "(x)", "PUT:", "%00"])
def test_a_method_that_is_no_token(method: str) -> None:
    assert code_of(f"/x?$xdr=1&$httpMethod={method}") is Code.METHOD_MALFORMED


@pytest.mark.parametrize(
    "line",
    [
        "",
        "PUT /x",
        "PUT  /x HTTP/1.1",
        "PUT /x HTTP/1.0",
        "PUT /x XDR/2",
        "PUT /x XDR/1.1",
        "PUT /x xdr/1",
        "PUT /x XDR/1 HTTP/1.1",
        "PUT /x HTTP/1.1 ",
        " PUT /x HTTP/1.1",
        "PUT /x http/1.1",
        "PUT /x y HTTP/1.1",
        "PUT\t/x\tHTTP/1.1",
        "a=PUT /x HTTP/1.1=",
        "{}",
    ],
)
def test_a_line_that_is_no_request_line(line: str) -> None:
    assert body_form(f"{line}\r\n\r\n") is Code.TUNNEL_MALFORMED


@pytest.mark.parametrize("body", [b"", b"x", b"PUT /x HTTP/1.1", b"PUT /x HTTP/1.1\r\nA: b\r\n"])
def test_a_body_without_an_empty_line_is_no_request(body: bytes) -> None:
    assert code_of(f"{TUNNEL}?$xdr=1", body) is Code.TUNNEL_MALFORMED


@pytest.mark.parametrize("name", ["$httpMethod=PUT", "$httpHeaders=", "$ct=a/b"])
def test_nothing_is_said_in_two_places(name: str) -> None:
    assert code_of(f"{TUNNEL}?$xdr=1&{name}", b"PUT /x XDR/1\r\n\r\n") is Code.TUNNEL_MALFORMED


@pytest.mark.parametrize("line", ["no colon", "A", "X-A: 1\r\nno colon"])
def test_a_header_line_without_a_colon(line: str) -> None:
    assert headers(line) is Code.TUNNEL_MALFORMED


def test_an_empty_line_among_the_headers_of_a_query() -> None:
    assert code_of("/x?$xdr=1&$httpHeaders=A:1%0D%0A%0D%0AB:2") is Code.TUNNEL_MALFORMED


@pytest.mark.parametrize(
    "line", [": x", "a b: x", " a: x", "a : x", "a\t: x", "\x00: x", "ä: x", "(a): x", "a\r: x"]
)
def test_a_header_name_that_is_no_token(line: str) -> None:
    assert headers(line) is Code.HEADER_NAME_MALFORMED


@pytest.mark.parametrize(
    "value",
    ["a\rb", "a\0b", "\x1b", "\x7f", "\u010d\u010a", "\u0d0a", "€", "😀", "a\x0b", "\u2028"],
)
def test_a_header_value_that_is_none(value: str) -> None:
    assert headers(f"X-A: {value}") is Code.HEADER_VALUE_MALFORMED


@pytest.mark.parametrize(
    "line",
    [
        "Host:evil.test",
        "Cookie:a=b",
        "Origin:https://evil.test",
        "Content-Length:5",
        "Connection:close",
        "Transfer-Encoding:chunked",
        "Upgrade:x",
        "TE:trailers",
        "Trailer:x",
        "Expect:100-continue",
        "Via:x",
        "Referer:http://evil.test",
        "Accept-Encoding:gzip",
        "Access-Control-Request-Method:PUT",
        "Proxy-Authorization:x",
        "Sec-Fetch-Site:same-origin",
        "Keep-Alive:x",
        "X-Forwarded-For:127.0.0.1",
        "Forwarded:for=x",
        "X-Real-IP:x",
        "X-Original-URL:/a",
        "X-Rewrite-URL:/a",
        "X-Original-Host:x",
        "X-Host:x",
        "X-Forwarded-Anything:x",
        "Client-IP:x",
        "True_Client_IP:x",
        "CF-Connecting-IP:x",
        "Remote-User:x",
        "X_HTTP_Method:TRACE",
        "X_Forwarded_For:x",
        "Content_Length:x",
        "XDR-Session:x",
        "xdr-url:/x",
        "X-HTTP-Method-Override:TRACE",
        "X-HTTP-Method:connect",
        "X-Method-Override:GET,TRACK",
    ],
)
def test_headers_that_no_page_may_set(line: str) -> None:
    assert headers(line) is Code.HEADER_FORBIDDEN
    assert headers(f"X-A: 1\r\n{line.swapcase().replace(':', ': ', 1)}") is Code.HEADER_FORBIDDEN


def test_two_overrides_are_judged_together() -> None:
    block = "X-HTTP-Method-Override: GET\r\nx-http-method-override: TRACE"
    assert headers(block) is Code.HEADER_FORBIDDEN


@pytest.mark.parametrize(
    "target",
    [
        "/x?$xdr=1&$httpMethod=%FF",
        "/x?$xdr=%C3",
        "/x?$xdr=1&$httpHeaders=A:%C3%28",
        "/x?$xdr=1&$ct=%ED%A0%80",
        "/x?$xdr=1&$ct=%C0%AF",
    ],
)
def test_parameters_are_strict_utf8(target: str) -> None:
    assert code_of(target) is Code.TEXT_NOT_UTF8


@pytest.mark.parametrize("junk", [b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\x8a"])
def test_the_head_of_a_body_form_is_strict_utf8_and_its_body_any_bytes(junk: bytes) -> None:
    message = b"PUT /x XDR/1\r\nX-A: %b\r\n\r\n"
    assert code_of(f"{TUNNEL}?$xdr=1", message % junk) is Code.TEXT_NOT_UTF8
    assert call_of(f"{TUNNEL}?$xdr=1", message % b"" + junk).body == junk


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("//evil.test/x", Code.TARGET_MALFORMED),
        ("http://evil.test/x", Code.TARGET_MALFORMED),
        ("/a#b", Code.TARGET_MALFORMED),
        ("/K\u00e4se", Code.TARGET_MALFORMED),
        ("/a/../..", Code.TARGET_ESCAPES),
        ("/" + "a" * LIMITS.url_characters, Code.URL_TOO_LONG),
    ],
)
def test_targets_in_the_body_are_checked(target: str, code: Code) -> None:
    assert body_form(f"PUT {target} XDR/1\r\n\r\n") is code


@pytest.mark.parametrize("block", ["X-A: " + "a" * 200, "\r\n".join(f"X-{n}: 1" for n in range(6))])
def test_a_header_block_beyond_the_limits(block: str) -> None:
    assert headers(block) is Code.HEADER_BLOCK_TOO_LARGE


def test_a_head_that_does_not_end() -> None:
    assert body_form("PUT /x XDR/1\r\n" + "a" * 1000) is Code.HEADER_BLOCK_TOO_LARGE


def test_the_largest_body_and_one_byte_more() -> None:
    for target, head in (("/x?$xdr=1", b""), (f"{TUNNEL}?$xdr=1", b"PUT /x XDR/1\r\n\r\n")):
        assert len(call_of(target, head + b"x" * 50).body) == 50
        assert code_of(target, head + b"x" * 51) is Code.BODY_TOO_LARGE


def test_a_content_type_given_but_empty_is_kept() -> None:
    assert call_of("/x?$xdr=1&$ct=", b"x").headers.get_all("Content-Type") == [""]


@pytest.mark.parametrize("path", ["/static/tunnel", "/xdr/tunnel/", "/xdr/tunnel2", "/items"])
@pytest.mark.parametrize("line", [b"PUT /items XDR/1\r\n", b"PUT /items?a HTTP/1.1\n"])
def test_a_body_form_elsewhere_is_no_query_form(path: str, line: bytes) -> None:
    """A copy of the script that takes its folder for the mount: the API would answer 200."""
    message = line + b"Content-Type: a/b\r\n\r\n{}"
    assert code_of(f"{path}?$xdr=1&$once=7", message) is Code.TUNNEL_MALFORMED
    with pytest.raises(RequestError, match=re.escape(f"came to {path!r}")):
        call_of(f"{path}?$xdr=1", message)


@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/items?$xdr=1&$ct=message/http", b"PUT /items XDR/1\r\n\r\n"),
        ("/items?$xdr=1&$httpMethod=PUT", b"PUT /items XDR/1\r\n\r\n"),
        ("/items?$httpMethod=PUT", b"PUT /items XDR/1\r\n\r\n"),
        ("/items?$xdr=1", b"PUT /items XDR/1"),
        ("/items?$xdr=1", b"PUT items XDR/1\r\n"),
        ("/items?$xdr=1", b" PUT /items XDR/1\r\n"),
    ],
)
def test_other_texts_are_bodies(target: str, body: bytes) -> None:
    assert call_of(target, body).body == body


def test_equal_header_blocks_are_read_once_for_each_page() -> None:
    outer = Headers([("Origin", "https://shop.example")])
    query = tunnel_of("/x?$xdr=1&$httpMethod=PUT&$ct=a/b&$httpHeaders=X-A:1%0D%0AX-B:2")
    one = decode(query, "POST", b"1", LIMITS, outer)
    two = decode(query, "POST", b"2", LIMITS, outer)
    assert one.headers is two.headers
    assert decode(query, "POST", b"1", LIMITS, Headers()).headers is not one.headers
    # Without a body no Content-Type is added; with smaller limits the same block is too large.
    bare = tunnel_of("/x?$xdr=1&$httpHeaders=X-A:1")
    assert "Content-Type" in decode(bare, "POST", b"1", LIMITS, outer).headers
    assert "Content-Type" not in decode(bare, "POST", b"", LIMITS, outer).headers
    with pytest.raises(RequestError) as refusal:
        decode(query, "POST", b"1", Limits(header_lines=1), outer)
    assert refusal.value.code is Code.HEADER_BLOCK_TOO_LARGE


def test_a_long_header_block_is_not_remembered() -> None:
    outer = Headers()
    message = b"GET /x XDR/1\r\nX-A: " + b"a" * 2000 + b"\r\n\r\n"
    one, two = (
        decode(tunnel_of(f"{TUNNEL}?$xdr=1"), "POST", message, Limits(), outer) for _ in "12"
    )
    assert one.headers == two.headers
    assert one.headers is not two.headers


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"a", b"\r\n\r\n"]), max_size=12),
    st.integers(0, 14),
)
def test_the_first_empty_line_ends_the_head(pieces: list[bytes], limit: int) -> None:
    message = b"".join(pieces)
    found = re.compile(rb"\r?\n\r?\n").search(message, 0, limit)
    assert _find_empty_line(message, limit) == (found.span() if found else (-1, -1))


def test_white_space_around_a_value_is_nobodys() -> None:
    call = call_of("/x?$xdr=1&$ct=%20a/b%09&$httpHeaders=X-A:%20%0D%0AX-A:%20", b"x")
    assert list(call.headers) == [("X-A", ","), ("Content-Type", "a/b")]


@pytest.mark.parametrize("first", ["X-A%3Aa%0D%0A", "X-A%3Aa%0a", "X-A%3Aa"])
@pytest.mark.parametrize(
    "query",
    [
        "/t?$httpHeaders={}&b=1&%24httpHeaders={}",
        "/t?$httpHeaders=&$httpHeaders={}&b=1&$httpHeaders={}",
    ],
)
def test_header_lines_of_two_parameters_count_together(first: str, query: str) -> None:
    call = call_of(query.format(first, "X-B%3Ab%0D%0Ax-a%3Ac%0D%0A"))
    assert list(call.headers) == [("X-A", "a, c"), ("X-B", "b")]
    assert call.target == "/t?b=1"


@pytest.mark.parametrize("outer", ["application/x-www-form-urlencoded;charset=UTF-8", "text/plain"])
@pytest.mark.parametrize("named", ["", "Content-Type%3Aapplication%2Fgrpc-web%0D%0A"])
def test_a_form_that_comes_unframed_stays_one(outer: str, named: str) -> None:
    tunnel = tunnel_of(f"/t?$httpHeaders=X-A%3Aa%0D%0A{named}")
    check_outer(tunnel, "POST", [outer])
    call = decode(tunnel, "POST", b"a=1", LIMITS, Headers([("Content-Type", outer)]))
    default = outer if outer.startswith("application") else "text/plain;charset=UTF-8"
    assert call.headers.get("content-type") == ("application/grpc-web" if named else default)
