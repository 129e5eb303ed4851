"""What others make of the same bytes: h11 counts requests and reads answers. None of ours."""

from __future__ import annotations

import gzip
import re
import zlib
from dataclasses import dataclass, field

import h11

_MAX_HEAD_BYTES = 1 << 20
_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "expect",
}
_OF_TRAILERS = (
    "Only Transfer-Encoding: chunked",
    "bad Content-Length",
    "conflicting Content-Length",
)


@dataclass
class Asked:
    """One request, as h11 reads it."""

    method: str
    target: str
    version: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False
    rest: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def keeps(self) -> bool:
        """Whether another request may follow on the connection (RFC 9112, section 9.3)."""
        options = [o.strip().lower() for v in self.all("connection") for o in v.split(",")]
        return "close" not in options and (self.version == "1.1" or "keep-alive" in options)


def readable(stream: bytes) -> bytes:
    """Write a request so that h11 reads it: a query may hold what it does not.

    Support: IE 8 - 9 send queries raw, beyond ASCII.
    """
    line, end, rest = stream.partition(b"\r\n")
    return re.sub(rb"[\x80-\xff]", b"~", line) + end + rest


def read_requests(stream: bytes) -> list[Asked]:
    """Read the requests that a page has sent, up to the first mistake or one that closes."""
    found: list[Asked] = []
    while stream:
        # RFC 9112, section 2.2: an empty line before a request is passed over.
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=_MAX_HEAD_BYTES)
        reader.receive_data(readable(stream.removeprefix(b"\r\n")))
        asked = read_request(reader)
        if asked is None:
            break
        found.append(asked)
        if not asked.whole or not asked.keeps:
            break
        stream = asked.rest
    return found


def read_request(reader: h11.Connection) -> Asked | None:
    """Read what has come of one request; None if that is no head."""
    asked = None
    try:
        while (event := reader.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                asked = Asked(
                    event.method.decode(),
                    event.target.decode(),
                    event.http_version.decode(),
                    [(k.decode(), v.decode("latin-1")) for k, v in event.headers],
                )
            elif isinstance(event, h11.Data) and asked is not None:
                asked.body += event.data
            elif isinstance(event, h11.EndOfMessage) and asked is not None:
                asked.whole = True
                asked.rest = reader.trailing_data[0]
                break
            else:
                break
    except h11.RemoteProtocolError as error:
        if asked is not None and any(words in str(error) for words in _OF_TRAILERS):
            # Of trailers, which mean nothing to the bridge, h11 reads these two.
            asked.whole = True
            asked.rest = reader.trailing_data[0]
    return asked


def check_call(asked: Asked, authority: str) -> None:
    """Check a request as the API gets it: framed once, for it, and end to end."""
    assert asked.version == "1.1"
    assert asked.target.startswith("/")
    assert not asked.target.startswith("//")
    assert asked.method.upper() not in ("CONNECT", "TRACE", "TRACK")
    names = [name for name, _ in asked.fields]
    assert asked.all("host") == [authority]
    assert names.count("content-length") + names.count("transfer-encoding") <= 1
    assert not _HOP_BY_HOP & set(names)
    assert asked.all("x-forwarded-for") == ["192.0.2.1"]
    assert not [name for name in names if "_" in name and "forwarded" in name]


@dataclass
class Got:
    """One answer, as h11 reads it; `whole` tells that nothing of it is missing."""

    status: int
    reason: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    whole: bool = False
    rest: bytes = b""
    interim: list[int] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def is_problem(self) -> bool:
        """Whether it is one of the bridge's own refusals."""
        return self.all("content-type") == ["application/problem+json"]

    @property
    def ends_with_connection(self) -> bool:
        return not self.all("content-length") and not self.all("transfer-encoding")

    def decoded(self) -> bytes | None:
        """Undo the content coding; None where that cannot be done."""
        (coding,) = {value.lower() for value in self.all("content-encoding")} or {"identity"}
        try:
            if coding in ("gzip", "x-gzip"):
                return gzip.decompress(self.body)
            if coding == "deflate":
                return zlib.decompress(self.body)
        except (OSError, EOFError, zlib.error):
            return None
        return self.body if coding == "identity" else None


def read_answer(stream: bytes, method: str, *, ended: bool) -> Got | None:
    """Read one answer; None where the connection ended before its head.

    Raises:
        h11.RemoteProtocolError: Its head is malformed.
    """
    reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
    reader.send(h11.Request(method=method, target="/", headers=[("Host", "any")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(stream)
    got: Got | None = None
    interim: list[int] = []
    while True:
        try:
            event = reader.next_event()
            if event is h11.NEED_DATA:
                if not ended:
                    return got
                ended = False
                reader.receive_data(b"")
                continue
        except h11.RemoteProtocolError as error:
            if got is None and "ConnectionClosed" not in str(error):
                raise
            if got is not None and any(words in str(error) for words in _OF_TRAILERS):
                got.whole = True
                got.rest = reader.trailing_data[0]
            return got
        if isinstance(event, h11.InformationalResponse):
            interim.append(event.status_code)
        elif isinstance(event, h11.Response):
            fields = [(k.decode(), v.decode("latin-1")) for k, v in event.headers]
            reason = event.reason.decode("latin-1")
            got = Got(event.status_code, reason, fields, interim=interim)
        elif isinstance(event, h11.Data) and got is not None:
            got.body += event.data
        elif isinstance(event, h11.EndOfMessage) and got is not None:
            got.whole = True
            got.rest = reader.trailing_data[0]
            return got
        else:
            return got


def read_answers(stream: bytes, methods: list[str], *, ended: bool) -> list[Got]:
    """Read the answers that a page has got, the last one perhaps not whole.

    Args:
        stream: Everything it has got.
        methods: Those of its requests; an answer beyond is a refusal of what is no request.
        ended: Whether the connection is at its end.
    """
    answers: list[Got] = []
    while stream:
        method = methods[len(answers)] if len(answers) < len(methods) else "GET"
        got = read_answer(stream, method, ended=ended)
        if got is not None and method == "HEAD" and got.all("content-length") and got.is_problem:
            # A head that the bridge could not read has no method.
            got = read_answer(stream, "GET", ended=ended)
        if got is None:
            break
        answers.append(got)
        if not got.whole:
            break
        stream = got.rest
    return answers
