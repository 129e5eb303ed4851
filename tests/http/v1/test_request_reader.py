"""The strict reader of requests, against tables, Hypothesis, h11, llhttp and Tornado's parser."""

from __future__ import annotations

import contextlib
import tracemalloc
from dataclasses import dataclass, field
from typing import Any

import h11
import httptools
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tornado.httputil import (
    HTTPHeaders,
    HTTPServerRequest,
    parse_request_start_line,
)

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.request_reader import RequestReader


@dataclass
class Request:
    """One request as it was told."""

    head: RequestHead
    version: str
    keep_alive: bool
    length: int | None
    body: bytes = b""
    complete: bool = False


@dataclass
class Told:
    """A sink that keeps everything, bodies joined."""

    requests: list[Request] = field(default_factory=list)
    pieces: int = 0

    def on_request(
        self,
        head: RequestHead,
        *,
        version: str,
        keep_alive: bool,
        length: int | None,
        body: bytes | None,
    ) -> None:
        assert all(request.complete for request in self.requests)
        whole = body is not None
        self.requests.append(Request(head, version, keep_alive, length, body or b"", whole))

    def on_data(self, data: bytes) -> None:
        assert data
        assert type(data) is bytes
        assert not self.requests[-1].complete
        self.requests[-1].body += data
        self.pieces += 1

    def on_end(self) -> None:
        self.requests[-1].complete = True


def read(*pieces: bytes, **limits: int) -> tuple[Told, RequestError | None]:
    """Feed the pieces, one request after the other, until all is read or one is refused."""
    told = Told()
    limits = {"max_head_bytes": 65536, "max_fields": 128, **limits}
    reader = RequestReader(told, client="192.0.2.1", scheme="http", **limits)
    try:
        for piece in pieces:
            rest = piece
            while rest:
                rest = reader.feed(rest)
    except RequestError as error:
        return told, error
    begun = bool(told.requests) and not told.requests[-1].complete
    assert reader.begun or not begun
    return told, None


def refused(data: bytes, **limits: int) -> Code:
    """Return the code for which these bytes are refused."""
    _, error = read(data, **limits)
    assert error is not None
    return error.code


def whole(data: bytes) -> Request:
    """Return the one complete request that these bytes are."""
    told, error = read(data)
    assert error is None, error
    (request,) = told.requests
    assert request.complete
    return request


def test_a_request_is_told_with_everything() -> None:
    data = b"PATCH /a%20b?c=d HTTP/1.1\r\nHost: h:80\r\nX-A:  1 \t\r\nx-a:\r\n"
    data += b"Content-Length: 2\r\n\r\nok"
    request = whole(data)
    assert (request.head.method, request.head.target) == ("PATCH", "/a%20b?c=d")
    assert list(request.head.headers) == [
        ("Host", "h:80"),
        ("X-A", "1"),
        ("x-a", ""),
        ("Content-Length", "2"),
    ]
    assert (request.head.client, request.head.scheme) == ("192.0.2.1", "http")
    assert (request.version, request.keep_alive) == ("HTTP/1.1", True)
    assert (request.length, request.body) == (2, b"ok")


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [
        ("1.1", "", True),
        ("1.1", "Connection: close\r\n", False),
        ("1.1", "Connection: Keep-Alive, CLOSE\r\n", False),
        ("1.1", "Connection: x\r\nConnection: close\r\n", False),
        ("1.1", "Connection: closed\r\n", True),
        ("1.0", "", False),
        ("1.0", "Connection: keep-alive\r\n", True),
        ("1.0", "Connection: Keep-Alive, close\r\n", False),
    ],
)
def test_who_keeps_the_connection(version: str, connection: str, kept: bool) -> None:
    request = whole(f"GET / HTTP/{version}\r\nHost: h\r\n{connection}\r\n".encode())
    assert request.keep_alive is kept


def test_http_1_0_needs_no_host() -> None:
    assert whole(b"GET / HTTP/1.0\r\n\r\n").version == "HTTP/1.0"


GET = b"GET / HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"0\r\n\r\n", b""),
        (b"5\r\nhello\r\n0\r\n\r\n", b"hello"),
        (b"005\r\nhello\r\nA\r\n0123456789\r\n00\r\n\r\n", b"hello0123456789"),
        (b'1;a\r\nx\r\n1;b=c;d="e;\\"\t"\r\ny\r\n0;f\r\n\r\n', b"xy"),
        (b"1\r\nx\r\n0\r\nTrailer: 1\r\nContent-Length: 9\r\n\r\n", b"x"),
    ],
)
def test_a_chunked_body(data: bytes, body: bytes) -> None:
    assert whole(CHUNKED + data).body == body


@pytest.mark.parametrize(
    "data",
    [
        b"5\nhello\r\n0\r\n\r\n",
        b"5\r\nhello0\r\n\r\n",
        b"5\r\nhello\n0\r\n\r\n",
        b"5\r\nhelloX\r\n0\r\n\r\n",
        b"+5\r\nhello\r\n0\r\n\r\n",
        b"-1\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b" 5\r\nhello\r\n0\r\n\r\n",
        b"5_0\r\nhello\r\n0\r\n\r\n",
        b"\r\n",
        b"g\r\n",
        b"0123456789abcdef0\r\n",
        b"5 ;x\r\nhello\r\n0\r\n\r\n",
        b"5;\r\nhello\r\n0\r\n\r\n",
        b"5;x=\r\nhello\r\n0\r\n\r\n",
        b"5;x\x00\r\nhello\r\n0\r\n\r\n",
        b"5;x\nGET / HTTP/1.1\r\n\r\n",
        b"5;" + b"x" * 2000,
        b"0\r\nbad trailer\r\n\r\n",
        b"0\r\nX: 1\n\r\n\r\n",
        b"0\r\n X: 1\r\n\r\n",
        b"1;" + b"x" * 1000 + b"\r\ny\r\n" + (b"1;" + b"x" * 1000 + b"\r\ny\r\n") * 16,
    ],
)
def test_a_chunked_body_that_is_refused(data: bytes) -> None:
    assert refused(CHUNKED + data) is Code.HTTP_MALFORMED


def test_trailers_have_a_limit() -> None:
    data = CHUNKED + b"0\r\n" + b"X: 1\r\n" * 2000
    assert refused(data) is Code.HEADER_BLOCK_TOO_LARGE
    assert refused(data + b"\r\n") is Code.HEADER_BLOCK_TOO_LARGE


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\nHost: h\n\n",
        b"GET / HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\rX: 1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\r\n\tb\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: a\x00b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX: \x7f\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nX\xe4: a\r\n\r\n",
        b"GET / HTTP/1.1\r\n Host: h\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: h\r\nHost: i\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /  HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1 \r\nHost: h\r\n\r\n",
        b"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\x0bx HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET / b HTTP/1.1\r\nHost: h\r\n\r\n",
        b"G(T / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"GET /\r\n\r\n",
        b"GET / HTTP/1.2\r\nHost: h\r\n\r\n",
        b"GET / HTTP/2.0\r\nHost: h\r\n\r\n",
        b"GET / http/1.1\r\nHost: h\r\n\r\n",
        b"GET / HTTP/1.1x\r\nHost: h\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b" GET / HTTP/1.1\r\nHost: h\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"{",
    ],
)
def test_a_head_that_is_refused(data: bytes) -> None:
    assert refused(data) is Code.HTTP_MALFORMED


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 3\r\n",
        b"Content-Length: 3\r\nContent-Length: 4\r\n",
        b"Content-Length: 3, 3\r\n",
        b"Content-Length: +3\r\n",
        b"Content-Length: -3\r\n",
        b"Content-Length: 0x3\r\n",
        b"Content-Length: 3_0\r\n",
        b"Content-Length: 3 0\r\n",
        b"Content-Length: \xb2\r\n",
        b"Content-Length:\r\n",
        b"Content-Length: 9999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked, chunked\r\n",
        b"Transfer-Encoding: gzip, chunked\r\n",
        b"Transfer-Encoding: identity\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b'Transfer-Encoding: "chunked"\r\n',
        b"Transfer-Encoding: chunked;q=1\r\n",
        b"Transfer-Encoding:\r\n",
        b"Transfer-Encoding: \x0bchunked\r\n",
    ],
)
def test_doubtful_framing_is_refused(fields: bytes) -> None:
    assert refused(b"POST / HTTP/1.1\r\nHost: h\r\n" + fields + b"\r\n123") is Code.HTTP_MALFORMED


def test_http_1_0_has_no_transfer_encoding() -> None:
    data = CHUNKED.replace(b"HTTP/1.1", b"HTTP/1.0") + b"0\r\n\r\n"
    assert refused(data) is Code.HTTP_MALFORMED


def test_heads_have_a_limit_in_bytes() -> None:
    data = GET + b"X: " + b"x" * 100 + b"\r\n\r\n"
    told, error = read(data, max_head_bytes=len(data))
    assert error is None
    assert len(told.requests) == 1
    assert refused(data, max_head_bytes=len(data) - 1) is Code.HEADER_BLOCK_TOO_LARGE
    assert refused(data[:-4], max_head_bytes=len(data) - 5) is Code.HEADER_BLOCK_TOO_LARGE


def test_heads_have_a_limit_in_fields() -> None:
    data = GET + b"X: 1\r\n" * 9 + b"\r\n"
    assert read(data, max_fields=10)[1] is None
    assert refused(data, max_fields=9) is Code.HEADER_BLOCK_TOO_LARGE


def test_one_empty_line_before_a_request_is_passed_over() -> None:
    told, error = read(b"\r\n" + GET + b"\r\n\r\n" + GET + b"\r\n")
    assert error is None
    assert len(told.requests) == 2


def test_the_body_of_one_feed_is_one_piece() -> None:
    told, _ = read(CHUNKED, b"1\r\na\r\n" * 1000)
    assert (told.pieces, told.requests[0].body) == (1, b"a" * 1000)


# Requests of all kinds, right and wrong, for what follows.

_NAMES = st.sampled_from(
    ["Host", "host", "Content-Length", "Transfer-Encoding", "Connection", "X-A", "Expect", "Te"]
)
_VALUES = st.sampled_from(
    [
        "",
        "h",
        "h:80",
        "3",
        "03",
        "3,3",
        "chunked",
        "Chunked",
        "gzip",
        "close",
        "a\tb",
        "\xe4",
        "a:b",
    ]
) | st.text(st.characters(max_codepoint=255), max_size=4)
_LINES = st.builds(
    "{}{}{}{}{}".format,
    _NAMES,
    st.sampled_from([":", ": ", " :", ":\t", ""]),
    _VALUES,
    st.sampled_from(["", " "]),
    st.sampled_from(["\r\n"] * 12 + ["\n", "\r", "\r\n ", "\r\r\n"]),
)
_STARTS = st.builds(
    "{}{} {} HTTP/{}\r\n{}".format,
    st.sampled_from([""] * 8 + ["\r\n", "\n", " "]),
    st.sampled_from(["GET", "POST", "HEAD", "get", "M-SEARCH", "G\tT"]),
    st.sampled_from(["/", "/a?b", "*", "http://h/", "/\x7f", "/\xe4", "//", "/a b", "h:1"]),
    st.sampled_from(["1.1"] * 6 + ["1.0", "1.2", "2.0", "1.11"]),
    st.sampled_from(["Host: h\r\n"] * 6 + [""]),
)
_BODIES = st.sampled_from(
    ["", "abc", "3\r\nabc\r\n0\r\n\r\n", "3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n", "3\nabc\n0\n\n"]
) | st.text(st.characters(max_codepoint=127), max_size=6)
_ONE = st.builds(
    "{}{}{}{}".format,
    _STARTS,
    st.lists(_LINES, max_size=3).map("".join),
    st.sampled_from(["\r\n"] * 9 + ["\n"]),
    _BODIES,
)
_STREAMS = st.lists(_ONE, min_size=1, max_size=2).map(lambda r: "".join(r).encode("latin-1"))


def outcome(*pieces: bytes) -> tuple[object, ...]:
    """Return all that can be observed."""
    told, error = read(*pieces)
    return told.requests, error.code if error else None


@given(_STREAMS | st.binary(max_size=60), st.data())
@example(CHUNKED + b"3\r\nabc\r\n0\r\nX: 1\r\n\r\n" + GET + b"\r\n", None)
def test_the_pieces_in_which_bytes_arrive_change_nothing(
    stream: bytes, data: st.DataObject | None
) -> None:
    expected = outcome(stream)
    if data is None:
        cuts = list(range(len(stream)))
    else:
        cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert outcome(*pieces) == expected


def test_every_request_may_arrive_byte_by_byte() -> None:
    stream = b"\r\n" + CHUNKED + b'3;a="b"\r\nabc\r\n0\r\nX: 1\r\n\r\n' + GET + b"\r\n"
    assert outcome(*(stream[i : i + 1] for i in range(len(stream)))) == outcome(stream)


def first(stream: bytes) -> tuple[Request, bytes] | None:
    """Return the first request, if it is accepted and complete, and its bytes."""
    told = Told()
    limits = {"max_head_bytes": 65536, "max_fields": 128}
    reader = RequestReader(told, client=None, scheme="http", **limits)
    try:
        rest = reader.feed(stream)
    except RequestError:
        return None
    if not told.requests or not told.requests[0].complete:
        return None
    return told.requests[0], stream[: len(stream) - len(rest)].removeprefix(b"\r\n")


@given(_STREAMS)
@example(CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n")
def test_h11_reads_every_accepted_request_the_same_way(stream: bytes) -> None:
    read_by_us = first(stream)
    if read_by_us is None or not read_by_us[0].head.target.isascii():
        # Support: IE 8 - 9 send raw queries; `targets.py` refuses what is not ASCII.
        return
    request, data = read_by_us
    theirs = h11.Connection(h11.SERVER)
    theirs.receive_data(data)
    event = theirs.next_event()
    assert isinstance(event, h11.Request)
    assert event.method.decode() == request.head.method
    assert event.target.decode("latin-1") == request.head.target
    ours = [(name.lower(), value) for name, value in request.head.headers]
    assert [(k.decode(), v.decode("latin-1")) for k, v in event.headers] == ours
    body = b""
    while isinstance(event := theirs.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert (body, theirs.trailing_data[0]) == (request.body, b"")


class Llhttp:
    """What llhttp, the parser inside Node.js, tells through httptools."""

    def __init__(self) -> None:
        self.target = self.body = b""
        self.fields: list[tuple[str, str]] = []
        self.complete = 0
        self._in_head = True

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:
            # llhttp leaves white space at the end, which belongs to nobody.
            self.fields.append((name.decode(), value.decode("latin-1").rstrip(" \t")))

    def on_headers_complete(self) -> None:
        self._in_head = False

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        self.complete += 1


@given(_STREAMS)
@example(CHUNKED + b"3;a=b\r\nabc\r\n0\r\nX: 1\r\n\r\n")
def test_llhttp_reads_every_accepted_request_the_same_way(stream: bytes) -> None:
    read_by_us = first(stream)
    if read_by_us is None:
        return
    request, data = read_by_us
    # llhttp knows a list of methods, and refuses what is no URL; we leave that to `targets.py`.
    if request.head.method not in ("GET", "POST", "HEAD", "M-SEARCH"):
        return
    if not request.head.target.startswith("/") or not request.head.target.isascii():
        return
    theirs = Llhttp()
    httptools.HttpRequestParser(theirs).feed_data(data)
    assert theirs.complete == 1
    assert theirs.target.decode("latin-1") == request.head.target
    assert theirs.fields == list(request.head.headers)
    assert theirs.body == request.body


@given(_STREAMS)
def test_tornado_reads_every_accepted_head_the_same_way(stream: bytes) -> None:
    read_by_us = first(stream)
    if read_by_us is None:
        return
    request, data = read_by_us
    block = data[: data.index(b"\r\n\r\n") + 2].decode("latin-1")
    line, _, rest = block.partition("\r\n")
    start = parse_request_start_line(line)
    headers = HTTPHeaders.parse(rest)
    if headers.get("Host"):
        # Without one, and without a name in it, Tornado has a choice of its own.
        HTTPServerRequest(start_line=start, headers=headers)
    assert (start.method, start.path, start.version) == (
        request.head.method,
        request.head.target,
        request.version,
    )
    ours = sorted((name.lower(), value) for name, value in request.head.headers)
    assert sorted((name.lower(), value) for name, value in headers.get_all()) == ours


# What is kept of one request must change nothing for the next.

_BLOCKS = st.sampled_from(
    [
        b"Host: h\r\n\r\n",
        b"Host: h\r\nConnection: close\r\n\r\n",
        b"Host: h\r\nConnection: keep-alive\r\nX-A: 1\r\n\r\n",
        b"Host: h\r\nContent-Length: 2\r\n\r\nok",
        b"Host: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        b"X-A: 1\r\n\r\n",
        b"Host: h\r\nX-Long: " + b"x" * 5000 + b"\r\n\r\n",
    ]
)
_LINES = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\n",
        b"\r\nGET /a HTTP/1.1\r\n",
        b"PUT /b HTTP/1.0\r\n",
        b"GET  / HTTP/1.1\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"G\r\n",
        b"\r\n\r\n",
    ]
)


@given(st.lists(st.tuples(_LINES, _BLOCKS), max_size=4))
def test_the_request_before_changes_nothing(requests: list[tuple[bytes, bytes]]) -> None:
    together, error = read(b"".join(line + block for line, block in requests))
    alone: list[Request] = []
    first: Code | None = None
    for line, block in requests:
        told, refusal = read(line + block)
        alone += told.requests
        if refusal is not None:
            first = refusal.code
            break
        if line.startswith(b"\r\n\r\n") or line.endswith(b"\r\n\r\n"):
            # These are not one request each; what is told must agree as far as it goes.
            return
    assert together.requests == alone
    assert (error and error.code) == first


def test_equal_fields_are_read_once() -> None:
    block = b"Host: h\r\nX-A: 1\r\n\r\n"
    told, _ = read(b"GET /1 HTTP/1.1\r\n" + block + b"PUT /2 HTTP/1.1\r\n" + block)
    one, two = told.requests
    assert one.head.headers is two.head.headers
    assert (two.head.method, two.head.target) == ("PUT", "/2")


@pytest.mark.parametrize(
    ("head", "origins"),
    [
        (
            b"GET /x HTTP/1.1\r\nHost: b\r\norigin:  https://a.example \r\nX-A: b",
            ["https://a.example"],
        ),
        (
            b"GET /x HTTP/1.1\r\nOrigin: https://a.example\r\nOrigin: null\r\nX",
            ["https://a.example", "null"],
        ),
        (b"GET /x HTTP/1.1\r\nOrigin: https://a.exam", []),
        (b"GET /x HTTP/1.1\r\nX-Origin: https://a.example\r\n", []),
        (
            b"GET /x HTTP/1.1\r\nOrigin: https://a.example\r\nbad line\r\n\r\n",
            ["https://a.example"],
        ),
        (
            b"GET /x HTTP/1.1\r\nOrigin: https://a.example\r\nX: " + b"a" * 70_000,
            ["https://a.example"],
        ),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_whose_page_it_is_can_be_told_of_a_head_that_cannot_be_read(
    head: bytes, origins: list[str]
) -> None:
    class Nobody:
        def on_request(self, *_: Any, **__: Any) -> None:
            raise AssertionError

    reader = RequestReader(
        Nobody(),  # type: ignore[arg-type]
        client=None,
        scheme="http",
        max_head_bytes=65536,
        max_fields=128,
    )
    for piece in (head[:50], head[50:]):
        with contextlib.suppress(RequestError):
            reader.feed(piece)
    assert reader.origin_lines == origins


def test_a_reader_remembers_little_of_a_large_head() -> None:
    fields = b"".join(b"X-Field-%d: %b\r\n" % (i, b"%03d" % i * 160) for i in range(120))
    data = b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n"
    assert len(data) > 59_000

    class Nobody(Told):
        def on_request(self, *_: object, **__: object) -> None: ...

    readers = [
        RequestReader(Nobody(), client=None, scheme="http", max_head_bytes=65536, max_fields=128)
        for _ in range(20)
    ]
    tracemalloc.start()
    try:
        for reader in readers:
            # Each its own: one that is used again must not grow either.
            assert reader.feed(data) + reader.feed(data) == b""
        kept = tracemalloc.get_traced_memory()[0] / len(readers)
    finally:
        tracemalloc.stop()
    # It was 166 kB.
    assert kept < 24_000
