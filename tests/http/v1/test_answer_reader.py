"""The strict reader of answers, against tables, Hypothesis and h11."""

from __future__ import annotations

import h11
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import ResponseHead
from xdr_bridge.http.v1.answer_reader import AnswerReader, KnownHeads


class Told:
    """A sink that keeps everything, content joined."""

    def __init__(self) -> None:
        self.head: ResponseHead | None = None
        self.body = b""
        self.pieces = 0

    def on_head(self, head: ResponseHead) -> None:
        assert self.head is None
        self.head = head

    def on_data(self, data: bytes) -> None:
        assert data
        assert type(data) is bytes
        assert self.head is not None
        self.body += data
        self.pieces += 1


def read(
    *pieces: bytes,
    method: str = "GET",
    limit: int = 65536,
    close: bool = False,
    known: KnownHeads | None = None,
) -> tuple[Told, AnswerReader, UpstreamError | None]:
    """Feed the pieces until the answer is complete or refused."""
    told = Told()
    reader = AnswerReader(method, told, limit, known)
    try:
        for piece in pieces:
            reader.feed(piece)
        if close and not reader.done:
            reader.close()
    except UpstreamError as error:
        return told, reader, error
    return told, reader, None


def outcome(
    *pieces: bytes, method: str = "GET", limit: int = 65536, known: KnownHeads | None = None
) -> tuple[object, ...]:
    """Return all that can be observed, the end of the connection included."""
    told, reader, error = read(*pieces, method=method, limit=limit, close=True, known=known)
    code = error.code if error else None
    return told.head, told.body, reader.done, reader.done and reader.reusable, code


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("answer", "method", "status", "body", "reusable"),
    [
        pytest.param(
            OK + b"Content-Length: 5\r\n\r\nhello", "GET", 200, b"hello", True, id="counted"
        ),
        pytest.param(OK + b"Content-Length: 0\r\n\r\n", "GET", 200, b"", True, id="counted, empty"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n00\r\n\r\n",
            "GET",
            200,
            b"hello",
            True,
            id="chunked",
        ),
        pytest.param(
            OK
            + b'transfer-encoding: Chunked\r\n\r\nA ;x="y"; z\r\n0123456789\r\n0\r\nT: x\r\n\r\n',
            "GET",
            200,
            b"0123456789",
            True,
            id="chunk extensions and trailers",
        ),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0\r\n\r\n",
            "GET",
            200,
            b"hello",
            True,
            id="padded chunk size",
        ),
        pytest.param(OK + b"Content-Length: 5\r\n\r\n", "HEAD", 200, b"", True, id="HEAD"),
        pytest.param(
            OK + b"Transfer-Encoding: chunked\r\n\r\n", "HEAD", 200, b"", True, id="HEAD, chunked"
        ),
        pytest.param(b"HTTP/1.1 204 No Content\r\n\r\n", "DELETE", 204, b"", True, id="204"),
        pytest.param(
            b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
            "GET",
            304,
            b"",
            True,
            id="304",
        ),
        pytest.param(
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            + OK
            + b"Content-Length: 2\r\n\r\nok",
            "POST",
            200,
            b"ok",
            True,
            id="interim answers",
        ),
        pytest.param(
            b"HTTP/1.1 299\r\nContent-Length: 0\r\n\r\n", "GET", 299, b"", True, id="no reason"
        ),
        pytest.param(
            b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", "GET", 200, b"", True, id="empty reason"
        ),
        pytest.param(OK + b"\r\nto the end", "GET", 200, b"to the end", False, id="until close"),
        pytest.param(
            b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
            "GET",
            200,
            b"ok",
            False,
            id="HTTP/1.0",
        ),
        pytest.param(
            OK + b"Connection: x, Close\r\nContent-Length: 2\r\n\r\nok",
            "GET",
            200,
            b"ok",
            False,
            id="Connection: close",
        ),
        pytest.param(
            OK + b"Content-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n",
            "GET",
            200,
            b"ok",
            False,
            id="bytes after the answer",
        ),
    ],
)
def test_valid_answers_end_where_their_framing_says(
    answer: bytes, method: str, status: int, body: bytes, reusable: bool
) -> None:
    whole = outcome(answer, method=method)
    head, *rest = whole
    assert isinstance(head, ResponseHead)
    assert head.status == status
    assert rest == [body, True, reusable, None]
    if not answer.endswith(b"OK\r\n\r\n"):
        assert outcome(*(answer[i : i + 1] for i in range(len(answer))), method=method) == whole


MALFORMED_HEADS = [
    pytest.param(b"HTTP/2 200 OK\r\n\r\n", id="another version"),
    pytest.param(b"HTTP/1.2 200 OK\r\n\r\n", id="HTTP/1.2"),
    pytest.param(b"http/1.1 200 OK\r\n\r\n", id="lower case"),
    pytest.param(b"ICY 200 OK\r\n\r\n", id="another protocol"),
    pytest.param(b"\r\nHTTP/1.1 200 OK\r\n\r\n", id="a line before"),
    pytest.param(b"HTTP/1.1  200 OK\r\n\r\n", id="two spaces"),
    pytest.param(b"HTTP/1.1 20 OK\r\n\r\n", id="two digits"),
    pytest.param(b"HTTP/1.1 099 OK\r\n\r\n", id="status below 100"),
    pytest.param(b"HTTP/1.1 2000 OK\r\n\r\n", id="four digits"),
    pytest.param(b"HTTP/1.1 200OK\r\n\r\n", id="no space after the status"),
    pytest.param(b"HTTP/1.1 200 O\x00K\r\n\r\n", id="NUL in the reason"),
    pytest.param(b"HTTP/1.1 200 O\rK\r\n\r\n", id="bare CR in the reason"),
    pytest.param(b"HTTP/1.1 200 OK\nA: b\r\n\r\n", id="bare LF"),
    pytest.param(OK + b"A: b\n\r\n", id="bare LF after a field"),
    pytest.param(OK + b"A: b\rc\r\n\r\n", id="bare CR in a value"),
    pytest.param(OK + b"A: b\x00\r\n\r\n", id="NUL in a value"),
    pytest.param(OK + b"A: b\x7f\r\n\r\n", id="DEL in a value"),
    pytest.param(OK + b"A: b\r\n c\r\n\r\n", id="folded"),
    pytest.param(OK + b" A: b\r\n\r\n", id="space before the name"),
    pytest.param(OK + b"A : b\r\n\r\n", id="space before the colon"),
    pytest.param(OK + b": b\r\n\r\n", id="no name"),
    pytest.param(OK + b"A\r\n\r\n", id="no colon"),
    pytest.param(OK + b"\xc3\xa4: b\r\n\r\n", id="no token"),
    pytest.param(OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", id="two lengths"),
    pytest.param(OK + b"Content-Length: 5, 05\r\n\r\n", id="a list of lengths"),
    pytest.param(
        OK + b"Content-Length: +5\r\nTransfer-Encoding: chunked\r\n\r\n", id="a sign, chunked"
    ),
    pytest.param(OK + b"Content-Length: +5\r\n\r\n", id="a sign"),
    pytest.param(OK + b"Content-Length: -5\r\n\r\n", id="a negative length"),
    pytest.param(OK + b"Content-Length: 5x\r\n\r\n", id="no digits"),
    pytest.param(OK + b"Content-Length: \xb2\r\n\r\n", id="digits to Python only"),
    pytest.param(OK + b"Content-Length:\r\n\r\n", id="an empty length"),
    pytest.param(OK + b"Content-Length: 1000000000000000000\r\n\r\n", id="a huge length"),
    pytest.param(OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", id="two codings"),
    pytest.param(OK + b"Transfer-Encoding: identity\r\n\r\n", id="another coding"),
    pytest.param(
        OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked twice"
    ),
    pytest.param(
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunked in HTTP/1.0"
    ),
    pytest.param(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", id="101"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n" * 21, id="too many interim answers"),
    pytest.param(b"", id="nothing"),
    pytest.param(OK + b"A: b", id="a head that breaks off"),
    pytest.param(b"HTTP/1.1 100 Continue\r\n\r\n", id="an interim answer only"),
]


@pytest.mark.parametrize(
    ("fields", "content", "told", "reusable"),
    [
        (b"Content-Length: 2\r\ncontent-length: 2\r\n", b"ok", ["2"], True),
        (b"Content-Length: 2,\t2\r\n", b"ok", ["2"], True),
        (
            b"Content-Length: 9\r\nTransfer-Encoding: chunked\r\n",
            b"2\r\nok\r\n0\r\n\r\n",
            [],
            False,
        ),
    ],
)
def test_a_length_that_is_said_twice_is_passed_on_once(
    fields: bytes, content: bytes, told: list[str], reusable: bool
) -> None:
    head, *rest = outcome(OK + fields + b"\r\n" + content)
    assert isinstance(head, ResponseHead)
    assert head.headers.get_all("content-length") == told
    assert rest == [b"ok", True, reusable, None]


@pytest.mark.parametrize("answer", MALFORMED_HEADS)
def test_a_malformed_head_is_a_broken_answer(answer: bytes) -> None:
    expected = (None, b"", False, False, Code.UPSTREAM_BROKEN)
    assert outcome(answer) == expected
    assert outcome(*(answer[i : i + 1] for i in range(len(answer)))) == expected


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"SSH-2.0-OpenSSH_9.2\r\n", id="another protocol"),
        pytest.param(b"HTTP/1.1 200 OK\n\n", id="LF only"),
        pytest.param(b"\x15\x03\x01\x00\x02\x02\x16", id="a TLS alert"),
    ],
)
def test_what_is_not_http_is_refused_before_its_end(start: bytes) -> None:
    _, _, error = read(start)
    assert error is not None
    assert error.code is Code.UPSTREAM_BROKEN


CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("answer", "body"),
    [
        pytest.param(OK + b"Content-Length: 5\r\n\r\nhel", b"hel", id="counted, cut"),
        pytest.param(CHUNKED + b"5\r\nhel", b"hel", id="cut in a chunk"),
        pytest.param(CHUNKED + b"5\r\nhello", b"hello", id="cut after a chunk"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n", b"hello", id="cut before a chunk"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\n", b"hello", id="cut before the trailers"),
        pytest.param(CHUNKED + b"5\r\nhello\r\n0\r\nA: b\r\n", b"hello", id="cut in the trailers"),
        pytest.param(CHUNKED + b"5\r\nhelloXX0\r\n\r\n", b"hello", id="no line end after a chunk"),
        pytest.param(CHUNKED + b"5\nhello\r\n0\r\n\r\n", b"", id="LF after a size"),
        pytest.param(CHUNKED + b"\r\n", b"", id="no size"),
        pytest.param(CHUNKED + b"x\r\n", b"", id="no hexadecimal size"),
        pytest.param(CHUNKED + b"0x5\r\nhello\r\n", b"", id="a prefix"),
        pytest.param(CHUNKED + b"-5\r\nhello\r\n", b"", id="a negative size"),
        pytest.param(CHUNKED + b" 5\r\nhello\r\n", b"", id="a space before the size"),
        pytest.param(CHUNKED + b"1000000000000000\r\nhello", b"", id="a huge size"),
        pytest.param(CHUNKED + b"5;a=\x00\r\nhello\r\n", b"", id="NUL in an extension"),
        pytest.param(CHUNKED + b"5;a=\rb\r\nhello\r\n", b"", id="bare CR in an extension"),
        pytest.param(CHUNKED + b"5;" + b"a" * 2000, b"", id="an extension without end"),
        pytest.param(CHUNKED + b"5;" + b"a" * 2000 + b"\r\nhello", b"", id="a long extension"),
        pytest.param(CHUNKED + b"0\r\nno field\r\n\r\n", b"", id="a malformed trailer"),
        pytest.param(CHUNKED + b"0\r\n" + b"A: b\r\n" * 20000, b"", id="trailers without end"),
    ],
)
def test_a_body_that_goes_wrong_is_told_as_far_as_it_was_right_and_then_cut(
    answer: bytes, body: bytes
) -> None:
    whole = outcome(answer)
    assert whole[1:] == (body, False, False, Code.UPSTREAM_CUT)
    assert whole[0] is not None
    assert outcome(*(answer[i : i + 1] for i in range(len(answer)))) == whole


def test_a_head_up_to_the_limit_is_read_and_a_longer_one_refused() -> None:
    head = OK + b"Content-Length: 0\r\n\r\n"
    for pieces in ([head], [head[:20], head[20:]]):
        assert read(*pieces, limit=len(head))[1].done
        told, _, error = read(*pieces, limit=len(head) - 1)
        assert error is not None
        assert error.code is Code.UPSTREAM_BROKEN
        assert str(len(head) - 1) in error.detail
        assert told.head is None


def test_a_head_without_end_is_refused_at_the_limit() -> None:
    _, _, error = read(OK + b"A: " + b"b" * 100, limit=100)
    assert error is not None
    assert error.code is Code.UPSTREAM_BROKEN


def test_values_lose_outer_white_space_and_keep_every_byte_of_latin_1() -> None:
    told, _, _ = read(OK + b"A: \t b \xe4\t c \t\r\nB:\r\nA:d\r\n\r\n")
    assert told.head is not None
    assert list(told.head.headers) == [("A", "b \xe4\t c"), ("B", ""), ("A", "d")]
    assert told.head.reason == "OK"


def test_the_chunks_of_one_read_are_told_as_one_piece() -> None:
    told, _, _ = read(CHUNKED + b"1\r\na\r\n" * 100 + b"0\r\n\r\n")
    assert (told.body, told.pieces) == (b"a" * 100, 1)


def test_details_repeat_nothing_of_the_answer() -> None:
    _, _, error = read(b"HTTP/1.1 200 OK\r\nX-<script>: \x00secret\r\n\r\n")
    assert error is not None
    assert "secret" not in error.detail
    assert error.detail == "the API gave no usable answer: the head of its answer is malformed"


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """Cut at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[a:b] for a, b in zip([0, *places], [*places, len(data)], strict=True)]


CUTS = st.lists(st.integers(min_value=0, max_value=10_000), max_size=8)
NOISE = st.sampled_from(
    [
        b"\r",
        b"\n",
        b"\r\n",
        b"\r\n\r\n",
        b"\0",
        b" ",
        b":",
        b";",
        b"0",
        b"5",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"abc",
        b"\xff",
        b"A: b\r\n",
    ]
)
ANY_BYTES = st.one_of(st.binary(max_size=300), st.lists(NOISE, max_size=14).map(b"".join))


@given(data=ANY_BYTES, cuts=CUTS, method=st.sampled_from(["GET", "HEAD", "POST"]))
@example(data=CHUNKED + b"3\r\nabc\r\n0\r\n\r", cuts=[], method="GET")
def test_any_bytes_in_any_pieces_are_read_alike_or_refused(
    data: bytes, cuts: list[int], method: str
) -> None:
    whole = outcome(data, method=method, limit=100)
    assert outcome(*split(data, cuts), method=method, limit=100) == whole
    assert (whole[2] is True) != (whole[4] is not None)


TOKENS = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=12).filter(
    lambda name: name.lower() not in {"content-length", "transfer-encoding", "connection"}
)
VALUES = st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30).map(
    lambda value: value.strip(" \t")
)
FIELDS = st.lists(st.tuples(TOKENS, VALUES), max_size=6)
BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=5)


@st.composite
def valid_answers(draw: st.DrawFn) -> bytes:
    """Build an answer that every reader of HTTP/1.1 must accept."""
    pieces = draw(BODIES)
    body = b"".join(pieces)
    framing = draw(st.sampled_from(["counted", "chunked", "close"]))
    fields = draw(FIELDS)
    if framing == "counted":
        fields.insert(draw(st.integers(0, len(fields))), ("Content-LENGTH", str(len(body))))
    elif framing == "chunked":
        fields.insert(draw(st.integers(0, len(fields))), ("transfer-Encoding", "chunked"))
        # h11 knows no space before the semicolon; RFC 9112 does, and the table above has it.
        extension = draw(st.sampled_from([b"", b";a", b';a="b c"']))
        body = b"".join(b"%X%b\r\n%b\r\n" % (len(p), extension, p) for p in pieces)
        body += draw(st.sampled_from([b"0\r\n\r\n", b"000\r\nTrailer: x\r\n\r\n"]))
    status = draw(st.integers(200, 599).filter(lambda status: status not in (204, 304)))
    lines = [f"HTTP/1.1 {status} {draw(VALUES)}", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


@given(answer=valid_answers(), cuts=CUTS, method=st.sampled_from(["GET", "HEAD"]))
def test_valid_answers_are_read_as_h11_reads_them(
    answer: bytes, cuts: list[int], method: str
) -> None:
    if method == "HEAD":
        answer = answer[: answer.index(b"\r\n\r\n") + 4]
    oracle = h11.Connection(h11.CLIENT)
    oracle.send(h11.Request(method=method, target="/", headers=[("Host", "a")]))
    oracle.send(h11.EndOfMessage())
    oracle.receive_data(answer)
    oracle.receive_data(b"")
    head = oracle.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := oracle.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)

    told, reader, error = read(*split(answer, cuts), method=method, close=True)

    assert error is None
    assert reader.done
    assert told.head is not None
    assert told.head.status == head.status_code
    assert told.head.reason.encode("latin-1") == bytes(head.reason)
    fields = [(n.lower().encode("latin-1"), v.encode("latin-1")) for n, v in told.head.headers]
    # h11 shows framing normalised; ours are as they came.
    assert fields == [(bytes(n).lower(), bytes(v)) for n, v in head.headers.raw_items()]
    assert told.body == body


@given(answer=valid_answers(), at=st.integers(min_value=0, max_value=400), noise=NOISE)
def test_where_h11_refuses_a_damaged_head_so_do_we(answer: bytes, at: int, noise: bytes) -> None:
    at %= answer.index(b"\r\n\r\n") + 4
    damaged = answer[:at] + noise + answer[at:]
    oracle = h11.Connection(h11.CLIENT)
    oracle.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    oracle.send(h11.EndOfMessage())
    oracle.receive_data(damaged)
    try:
        oracle.next_event()
    except h11.RemoteProtocolError:
        # h11 knows no protocol beyond 599 and counts 1xx otherwise; no noise makes those.
        told, _, _ = read(damaged)
        assert told.head is None


def test_a_known_head_is_read_once_and_for_every_method() -> None:
    known = KnownHeads()
    answer = OK + b"Content-Length: 2\r\n\r\n"
    heads = []
    for method, body in (("GET", b"ok"), ("HEAD", b""), ("GET", b"no")):
        told = Told()
        reader = AnswerReader(method, told, 65536, known)
        assert reader.feed(answer + body)
        assert reader.reusable
        assert told.body == body
        heads.append(told.head)
    assert heads[0] is heads[1] is heads[2]


@given(
    st.lists(
        st.sampled_from(
            [
                OK + b"Content-Length: 2\r\n\r\nok",
                OK + b"Content-Length: 2, 2\r\n\r\nok",
                OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
                OK + b"Connection: close\r\n\r\nall of it",
                b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
                b"HTTP/1.1 100 Continue\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n",
                b"HTTP/1.1 204 No Content\r\n\r\n",
                b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
                b"HTTP/1.1 200 OK\n\n",
            ]
        ),
        max_size=8,
    ),
    st.sampled_from(["GET", "HEAD"]),
)
def test_the_answers_before_change_nothing(answers: list[bytes], method: str) -> None:
    known = KnownHeads()
    for answer in answers:
        expected = outcome(answer, method=method)
        assert outcome(answer, method=method, known=known) == expected
