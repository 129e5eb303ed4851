"""Read the requests of a connection, strictly, from any pieces of bytes. No I/O and no clock.

Follows RFC 9112 (the grammar) and RFC 9110 (fields). Twin of `answer_reader.py`: where the standard
lets a recipient repair what is malformed, this one refuses. A guess about where a request ends is a
guess about what the next one is (request smuggling, RFC 9112, section 11.2). Longer than 300 lines,
because each check of a head relies on those before it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple, Protocol

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.grammar import BARE_LF, CONTENT_LENGTH, FIELD_LINE, HOST, TOKEN
from xdr_bridge.http.messages import Field, Headers, RequestHead, list_items
from xdr_bridge.http.v1.chunks import STRICT, ChunkReader, TrailersTooLargeError

# RFC 9112, section 3, after one empty line at most (section 2.2): some browsers end a body with
# one. Support: IE 8 - 9 send queries raw, beyond ASCII; `targets.py` judges what a target holds.
_REQUEST_LINE = re.compile(rf"(?:\r\n)?+({TOKEN}) ([\x21-\x7e\x80-\xff]++) HTTP/1\.([01])\r\n")
# What a request can begin with; anything else, such as TLS, may never send an empty line.
_OPENING = re.compile(rb"(?:\r\n?)?+[!#$%&'*+\-.^_`|~0-9A-Za-z]|\r\n?\Z|\r?\n?\Z")
# Of a head that cannot be read, what tells whose page may read why.
_ORIGIN_LINE = re.compile(rb"\r\norigin:[ \t]*+([\x21-\x7e]*+)[ \t]*+(?=\r\n)", re.IGNORECASE)
_EMPTY_LINE = (b"", b"\r", b"\r\n")
_MAX_TRAILER_BYTES = 8 * 1024
# What an idle connection remembers of the requests before, in characters of field lines.
_MAX_KNOWN_CHARACTERS = 4096
_MAX_KNOWN_LINE = 512
# A larger block of fields is not kept for the next request.
_MAX_KEPT_BYTES = 4096


class Sink(Protocol):
    """Who wants requests, as they come."""

    def on_request(
        self,
        head: RequestHead,
        *,
        version: str,
        keep_alive: bool,
        length: int | None,
        body: bytes | None,
    ) -> None:
        """Take a head.

        Args:
            head: Checked by the grammar.
            version: "HTTP/1.1" or "HTTP/1.0".
            keep_alive: Whether the page wants the connection to stay open.
            length: That of the body in bytes, None where it is chunked.
            body: The whole of it, where it has come along: then nothing else is told.
        """

    def on_data(self, data: bytes) -> None:
        """Take a piece of the body, never an empty one."""

    def on_end(self) -> None:
        """Hear that the request is complete."""


class _Fields(NamedTuple):
    """What the field lines of a head say, whatever its request line is.

    Attributes:
        block: They themselves, with the empty line.
        minor: The version of HTTP/1 by which they were judged.
        headers: The fields.
        length: That of the body in bytes, None where it is chunked.
        keep_alive: Whether the page wants the connection to stay open.
    """

    block: bytes
    minor: str
    headers: Headers
    length: int | None
    keep_alive: bool


class RequestReader:
    """Reads one request after the other.

    Attributes:
        begun: Whether a request has begun that is not complete.
    """

    __slots__ = (
        "_chunks",
        "_client",
        "_held",
        "_host",
        "_kept",
        "_known",
        "_known_characters",
        "_left",
        "_max_fields",
        "_max_head_bytes",
        "_scheme",
        "_sink",
        "_step",
        "_unread",
        "begun",
    )

    _chunks: ChunkReader

    def __init__(
        self,
        sink: Sink,
        *,
        client: str | None,
        scheme: str,
        max_head_bytes: int,
        max_fields: int,
    ) -> None:
        """Wait for a request.

        Args:
            sink: Who is told.
            client: The address of the other side, for the heads.
            scheme: "http" or "https", for the heads.
            max_head_bytes: The largest head.
            max_fields: The most fields in one.
        """
        self.begun = False
        self._sink = sink
        self._client = client
        self._scheme = scheme
        self._max_head_bytes = max_head_bytes
        self._max_fields = max_fields
        # Plain functions: a bound method here would be a reference cycle for each connection.
        self._step: Callable[[RequestReader, bytes], bytes] = RequestReader._read_head
        self._held = bytearray()
        self._unread = b""
        self._host: str | None = None
        self._known: dict[str, Field] = {}
        self._known_characters = 0
        # Those of the request before: the next one has mostly the same to the letter.
        self._kept: _Fields | None = None
        self._left = 0

    @property
    def is_silent(self) -> bool:
        """Whether nothing has come of a request but the line that some send after a body."""
        return self._step is RequestReader._read_head and bytes(self._held[:3]) in _EMPTY_LINE

    @property
    def origin_lines(self) -> list[str]:
        """The value of each Origin field, as far as it has come, of a head that is not told."""
        return [line.decode() for line in _ORIGIN_LINE.findall(self._unread or self._held)]

    def feed(self, data: bytes) -> bytes:
        """Take what has arrived, up to the end of a request, and return what follows it.

        The body in one call is told as one piece, and before a mistake that follows it.

        Raises:
            RequestError: The request is malformed or too large. Nothing that follows can be read.
        """
        self.begun = True
        while data:
            data = self._step(self, data)
            if not self.begun:
                break
        return data

    def _read_head(self, data: bytes) -> bytes:
        searched = 0
        if self._held:
            # In place: a head that drips in would be copied again for each of its bytes.
            searched = max(0, len(self._held) - 3)
            self._held.extend(data)
        held = self._held or data
        end = held.find(b"\r\n\r\n", searched) + 4
        if end > self._max_head_bytes or (end < 4 and len(held) > self._max_head_bytes):
            self._unread = bytes(held)
            raise RequestError(
                Code.HEADER_BLOCK_TOO_LARGE,
                f"the head of the request exceeds {self._max_head_bytes} bytes",
            )
        if end < 4:
            if _OPENING.match(held) is None or BARE_LF.search(held, searched):
                self._unread = bytes(held)
                raise _malformed("the request is no HTTP/1.1 that the bridge reads")
            self._held = self._held or bytearray(data)
            return b""
        if self._held:
            data = bytes(held)
            self._held = bytearray()
        try:
            return self._take_head(data[:end], data[end:])
        except RequestError:
            self._unread = data[:end]
            raise

    def _take_head(self, head: bytes, rest: bytes) -> bytes:
        # An empty line may come before; a request line is longer than one.
        split = head.find(b"\r\n", 2) + 2
        match = _REQUEST_LINE.fullmatch(head[:split].decode("latin-1"))
        if match is None:
            raise _malformed("the first line of the request is malformed")
        minor = match[3]
        block = head[split:]
        kept = self._kept
        if kept is None or block != kept.block or minor != kept.minor:
            kept = self._read_fields(block, minor)
        length = kept.length
        body = None
        if length is not None and length <= len(rest):
            self.begun = False
            body, rest = rest[:length], rest[length:]
        self._sink.on_request(
            RequestHead(
                method=match[1],
                target=match[2],
                headers=kept.headers,
                client=self._client,
                scheme=self._scheme,
                version="1.1" if minor == "1" else "1.0",
            ),
            version="HTTP/1.1" if minor == "1" else "HTTP/1.0",
            keep_alive=kept.keep_alive,
            length=length,
            body=body,
        )
        if body is not None:
            return rest
        if length is None:
            self._step = RequestReader._read_chunks
            self._chunks = ChunkReader(STRICT, max_trailer_bytes=_MAX_TRAILER_BYTES)
        else:
            self._step = RequestReader._read_counted
            self._left = length
        return rest

    def _read_fields(self, block: bytes, minor: str) -> _Fields:
        """Judge the field lines, and keep what they say if they are short."""
        lines = block.decode("latin-1").split("\r\n")
        # The empty line, and what follows its end: nothing.
        del lines[-2:]
        if len(lines) > self._max_fields:
            raise RequestError(
                Code.HEADER_BLOCK_TOO_LARGE, f"the request has more than {self._max_fields} fields"
            )
        known = self._known
        if self._known_characters > _MAX_KNOWN_CHARACTERS - _MAX_KNOWN_LINE:
            known.clear()
            self._known_characters = 0
        headers = Headers.indexed([known.get(line) or self._learn(line) for line in lines])
        self._check_host(headers.get_all("host"), minor)
        length = _body_length(headers, minor)
        connection = headers.get("connection")
        keep_alive = minor == "1"
        if connection is not None:
            options = [item.lower() for item in list_items(connection)]
            keep_alive = "close" not in options and (keep_alive or "keep-alive" in options)
        read = _Fields(block, minor, headers, length, keep_alive)
        self._kept = read if len(block) <= _MAX_KEPT_BYTES else None
        return read

    def _learn(self, line: str) -> Field:
        """Check and split a field line, and remember it: the next request has mostly the same."""
        if FIELD_LINE.fullmatch(line) is None:
            raise _malformed("a field of the request is malformed")
        name, _, value = line.partition(":")
        field = name, value.strip(" \t"), name.lower()
        if len(line) <= min(_MAX_KNOWN_LINE, _MAX_KNOWN_CHARACTERS - self._known_characters):
            self._known[line] = field
            self._known_characters += len(line)
        return field

    def _check_host(self, hosts: list[str], minor: str) -> None:
        """Check Host (RFC 9112, section 3.2)."""
        if len(hosts) != 1:
            if hosts or minor == "1":
                raise _malformed(f"a request has one Host field; this one has {len(hosts)}")
        elif hosts[0] != self._host:
            if HOST.fullmatch(hosts[0]) is None:
                raise _malformed("the Host field is no host with an optional port")
            self._host = hosts[0]

    def _end(self) -> None:
        self._step = RequestReader._read_head
        self.begun = False
        self._sink.on_end()

    def _read_counted(self, data: bytes) -> bytes:
        left = self._left
        piece, rest = (data, b"") if len(data) <= left else (data[:left], data[left:])
        self._left -= len(piece)
        self._sink.on_data(piece)
        if not self._left:
            self._end()
        return rest

    def _read_chunks(self, data: bytes) -> bytes:
        try:
            rest = self._chunks.feed(data, self._sink.on_data)
        except TrailersTooLargeError as error:
            raise RequestError(
                Code.HEADER_BLOCK_TOO_LARGE, f"the body of the request: {error}"
            ) from None
        except ValueError as error:
            raise _malformed(f"the body of the request: {error}") from None
        if self._chunks.done:
            self._end()
        return rest


def _body_length(headers: Headers, minor: str) -> int | None:
    """Find out where a request ends (RFC 9112, section 6.3); None where it is chunked."""
    lengths = headers.get_all("content-length")
    codings = headers.get_all("transfer-encoding")
    if codings:
        if lengths or minor == "0" or len(codings) > 1 or codings[0].lower() != "chunked":
            raise _malformed(
                "Transfer-Encoding is accepted once, as 'chunked', in HTTP/1.1, and"
                " without Content-Length"
            )
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or CONTENT_LENGTH.fullmatch(lengths[0]) is None:
        raise _malformed("Content-Length is accepted once, as digits")
    return int(lengths[0])


def _malformed(what: str) -> RequestError:
    return RequestError(Code.HTTP_MALFORMED, what)
