"""What holds for any input: Hypothesis looks for the one for which it does not."""

from __future__ import annotations

import base64
import itertools
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import assume, event, example, given
from hypothesis import strategies as st

from tests.support.clients import read_frame
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.encoding.text_decoder import TextDecoder
from xdr_bridge.http.errors import ConfigError, RequestError
from xdr_bridge.http.messages import Headers, ResponseHead, is_token
from xdr_bridge.http.mime_types import text_encoding
from xdr_bridge.http.origins import parse_origin
from xdr_bridge.http.targets import resolve_target, split_target
from xdr_bridge.tunnel.decoding import Call, Limits, decode
from xdr_bridge.tunnel.frame import FrameWriter
from xdr_bridge.tunnel.recognition import check_outer, recognise

TUNNEL = "/xdr/tunnel"
LIMITS = Limits()
METHODS = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "patch", "BREW"])
TOKENS = st.text("abcXYZ019-!#$%&'*+.^`|~", min_size=1, max_size=12).map(lambda t: f"X-{t}")
VALUES = st.text(
    st.characters(max_codepoint=255, exclude_categories=["Cc"]) | st.just("\t"), max_size=40
).map(lambda value: value.strip(" \t"))
SEGMENTS = st.text("abz019-._~!$&'()*+,;=:@%^`|{}<>\"", max_size=8)
TARGETS = st.lists(SEGMENTS, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
# Pieces of which attacks are made.
SHARDS = st.sampled_from(
    [
        b"PUT ",
        b"GET ",
        b"/x",
        b" HTTP/1.1",
        b" XDR/1",
        b"\r\n",
        b"\n",
        b"\r",
        b"\r\n\r\n",
        b"X-A: 1",
        b":",
        b"\x00",
        b"Host: e",
        b"\xc4\x8d\xc4\x8a",
        b"\xff",
        b"Content-Length: 5",
        b" ",
        b"//",
        b"\t",
    ]
)
MESSAGES = st.binary(max_size=200) | st.lists(SHARDS, max_size=12).map(b"".join)
PARAMETERS = st.lists(
    st.sampled_from(["$xdr=1", "$xdr", "$xdr=1,base64", "$httpMethod=PUT", "$httpMethod=", "$ct=a"])
    | st.binary(max_size=30).map(lambda data: "$httpHeaders=" + quote(data, safe=":"))
    | st.binary(max_size=8).map(lambda data: "$httpMethod=" + quote(data, safe=""))
    | st.text("$%24xdrocthpMHe=&1", max_size=12),
    max_size=4,
).map("&".join)


def decoded(target: str, method: str, body: bytes) -> Call | None:
    tunnel = recognise(target, TUNNEL)
    if tunnel is None:
        return None
    try:
        check_outer(tunnel, method, [])
        return decode(tunnel, method, body, LIMITS)
    except RequestError as error:
        refusal = error
    assert refusal.detail.isprintable()
    assert refusal.code.status < 500
    return None


def check_harmless(call: Call) -> None:
    assert is_token(call.method)
    assert call.method.upper() not in {"CONNECT", "TRACE", "TRACK"}
    assert call.target.startswith("/")
    assert not call.target.startswith(("//", "/\\"))
    assert call.target.isascii()
    assert call.target.isprintable()
    assert " " not in call.target
    seen = set()
    for name, value in call.headers:
        assert is_token(name)
        assert name.lower() not in seen
        seen.add(name.lower())
        assert not set(value) & set("\r\n\0")
        value.encode("latin-1")
    assert not seen & {"host", "content-length", "transfer-encoding", "connection", "origin"}
    assert not call.body or call.method not in ("GET", "HEAD")


@given(MESSAGES, PARAMETERS)
def test_any_bytes_in_body_form_are_a_harmless_call_or_refused(body: bytes, query: str) -> None:
    call = decoded(f"{TUNNEL}?{query}", "POST", body)
    if call is not None:
        check_harmless(call)


@given(st.sampled_from(["GET", "POST", "PUT"]), PARAMETERS, st.binary(max_size=20))
def test_any_query_form_is_a_harmless_call_or_refused(method: str, query: str, body: bytes) -> None:
    call = decoded(f"/x?{query}", method, body)
    if call is not None:
        check_harmless(call)
        if method == "GET":
            assert call.method in ("GET", "HEAD")


CALLS = st.tuples(METHODS, TARGETS, st.dictionaries(TOKENS, VALUES, max_size=4), st.binary())


def resolved(target: str) -> str:
    try:
        return resolve_target(target, max_characters=1000)
    except RequestError:
        assume(False)
        raise


@given(CALLS)
def test_what_is_written_in_body_form_is_read_again(
    parts: tuple[str, str, dict[str, str], bytes],
) -> None:
    method, target, fields, body = parts
    headers = {name: value for name, value in fields.items() if "_" not in name}
    assume(len({name.lower() for name in headers}) == len(headers))
    target = resolved(target)
    body = b"" if method in ("GET", "HEAD") else body
    lines = [f"{method} {target} XDR/1", *(f"{n}: {v}" for n, v in headers.items())]
    message = "\r\n".join([*lines, "", ""]).encode() + body
    call = decoded(f"{TUNNEL}?$xdr=1", "POST", message)
    assert call is not None
    default = {"Content-Type": "text/plain;charset=UTF-8"} if body else {}
    assert (call.method, call.target, call.body) == (method, target, body)
    assert dict(call.headers) == {**headers, **default}


@given(CALLS)
def test_what_is_written_in_query_form_is_read_again(
    parts: tuple[str, str, dict[str, str], bytes],
) -> None:
    method, target, fields, body = parts
    assume(len({name.lower() for name in fields}) == len(fields))
    target = resolved(target)
    body = b"" if method in ("GET", "HEAD") else body
    block = "".join(f"{name}:{value}\r\n" for name, value in fields.items())
    query = f"$xdr=1&$httpMethod={quote(method)}&$httpHeaders={quote(block, safe='')}"
    call = decoded(f"{target}?a=%2F+&{query}&$once=1", "POST", body)
    assert call is not None
    assert (call.method, call.target, call.body) == (method, f"{target}?a=%2F+", body)
    assert {n: v for n, v in call.headers if n != "Content-Type"} == fields


CHARSETS = st.sampled_from(
    [
        "",
        "utf-8",
        "iso-8859-1",
        "windows-1251",
        "windows-1255",
        "windows-874",
        "shift_jis",
        "gbk",
        "gb18030",
        "big5",
        "euc-jp",
        "euc-kr",
        "iso-2022-jp",
        "utf-16",
        "utf-16be",
        "koi8-u",
        "?",
    ]
)
TYPES = st.sampled_from(["text/plain", "image/png", "application/json"])
BODIES = st.binary(max_size=300) | st.text(max_size=80).map(str.encode)
FLAGS = st.sets(st.sampled_from(["base64", "stream"])).map(frozenset)


def framed(body: bytes, cuts: list[int], content_type: str, flags: frozenset[str]) -> bytes:
    head = ResponseHead(status=200, reason="OK", headers=Headers([("Content-Type", content_type)]))
    frame = FrameWriter(head, method="GET", target="/x", exposes=lambda _: True, flags=flags)
    at = [0, *sorted(cut % (len(body) + 1) for cut in cuts), len(body)]
    pieces = [body[a:b] for a, b in itertools.pairwise(at)]
    return frame.open() + b"".join([frame.write(piece) for piece in pieces]) + frame.end()


@given(BODIES, st.lists(st.integers(0, 400), max_size=6), TYPES, CHARSETS, FLAGS)
@example(b"\x1b$B\x1b(B", [1, 2, 3], "text/plain", "iso-2022-jp", frozenset())
@example(b"\xff\xfe\x00\xd8", [1, 3], "text/plain", "", frozenset())
def test_any_body_at_any_chunking_makes_one_whole_frame(
    body: bytes, cuts: list[int], essence: str, charset: str, flags: frozenset[str]
) -> None:
    content_type = f"{essence};charset={charset}" if charset else essence
    whole = framed(body, [], content_type, flags)
    assert framed(body, cuts, content_type, flags) == whole
    assert b"\0" not in whole
    whole.decode("utf-8", "strict")
    frame = read_frame(whole)
    assert frame.end == "ok"
    if "base64" in flags:
        assert base64.b64decode(frame.body, validate=True) == body
    else:
        encoding, is_xml = text_encoding(content_type)
        assert frame.body == TextDecoder(encoding, is_xml=is_xml).decode(body, final=True)


@given(st.text("/.%2eE?a\\#@:", max_size=14) | st.text(max_size=14))
def test_a_resolved_target_is_one_path_and_stays_as_it_is(text: str) -> None:
    try:
        target = resolve_target(text, max_characters=100)
    except RequestError as error:
        # Nothing else is raised.
        event(error.code)
        return
    assert target.startswith("/")
    assert not target.startswith("//")
    path, _ = split_target(target)
    segments = path.lower().replace("%2e", ".").split("/")
    assert not {".", ".."} & set(segments)
    assert resolve_target(target, max_characters=100) == target


@given(
    st.sampled_from(["http", "https", "moz-extension"]),
    st.from_regex(r"[a-z0-9_]([a-z0-9-]{0,5}[a-z])?(\.[a-z]{1,5}){0,3}", fullmatch=True)
    | st.ip_addresses(v=4).map(str)
    | st.ip_addresses(v=6).map(lambda address: f"[{address.compressed}]"),
    st.none() | st.integers(1, 65535),
)
def test_an_origin_is_written_as_it_was_read(scheme: str, host: str, port: int | None) -> None:
    assume(not host.isdigit())
    text = f"{scheme}://{host}" + ("" if port is None else f":{port}")
    origin = parse_origin(text)
    assert parse_origin(str(origin)) == origin
    assert str(origin) == text or (scheme, port) in (("http", 80), ("https", 443))


@given(st.text(max_size=40) | st.text("htps:/.*[]0a-@", max_size=30))
def test_any_text_is_an_origin_or_a_value_error(text: str) -> None:
    try:
        origin = parse_origin(text)
    except ValueError:
        return
    assert parse_origin(str(origin)) == origin


ORIGINS = st.lists(
    st.sampled_from(["*", "null", "https://a.example", "http://b.example:8080", "https://c"]),
    max_size=3,
    unique=True,
)
NAMES = st.lists(st.sampled_from(["*", "X-A", "Authorization", "Cookie", "ETag"]), max_size=3)


@given(ORIGINS, st.booleans(), NAMES, NAMES, st.sampled_from(["https://a.example", "https://z"]))
def test_a_wildcard_never_meets_credentials(
    origins: list[str], credentials: bool, asked: list[str], exposed: list[str], origin: str
) -> None:
    options: dict[str, Any] = {
        "origins": origins,
        "credentials": credentials,
        "request_headers": asked,
        "exposed_headers": exposed,
    }
    try:
        policy = CorsPolicy(**options)
    except ConfigError:
        return
    try:
        policy.admit_origin([origin])
    except RequestError:
        return
    fields = (
        *policy.response_fields(origin),
        *policy.preflight_fields(origin, "PUT", ["x-a"]),
    )
    if credentials:
        assert all("*" not in value for _, value in fields)
    assert {v for n, v in fields if n == "Access-Control-Allow-Origin"} <= {origin, "*"}


@given(st.binary(max_size=60).map(lambda data: data.decode("latin-1")))
def test_any_header_text_is_kept_to_the_letter_or_refused(text: str) -> None:
    try:
        headers = Headers([("X-A", text)])
    except RequestError:
        assert set(map(ord, text)) & {*range(9), *range(10, 32), 127}
        return
    assert headers.get("x-a") == text
    assert text.encode("latin-1").count(b"\n") == 0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_smallest_bodies_keep_their_bytes(size: int) -> None:
    for first in range(256):
        body = bytes([first]) * size
        frame = read_frame(framed(body, [1], "image/png", frozenset({"base64"})))
        assert base64.b64decode(frame.body) == body
