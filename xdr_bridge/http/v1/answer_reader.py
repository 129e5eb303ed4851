"""Read the answers of an API, strictly, from any pieces of bytes. No I/O and no clock.

Follows RFC 9112 (the grammar) and RFC 9110 (which answers have content). Where the standard lets
a recipient repair what is malformed, this one refuses: a guess about where an answer ends is a
guess about which page gets the next one. What every browser reads alike is no guess; the table in
docs/odd-answers.md says case by case.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple, Protocol

from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.grammar import BARE_LF, CONTENT_LENGTH, FIELD_LINES
from xdr_bridge.http.messages import Headers, ResponseHead, has_body
from xdr_bridge.http.v1.chunks import TOLERANT, ChunkReader

# RFC 9112, section 4, but for the space before an empty reason, which common servers leave out.
_STATUS_LINE = r"HTTP/1\.([01]) ([1-9][0-9][0-9])(?: ([\t\x20-\x7e\x80-\xff]*+))?+\r\n"
_HEAD = re.compile(rf"{_STATUS_LINE}({FIELD_LINES.pattern})\r\n")
_START = b"HTTP/1."
_MAX_INTERIM = 20
_MAX_KNOWN_HEADS = 64
_MAX_KNOWN_BYTES = 2048


class Sink(Protocol):
    """Who wants an answer, as it comes."""

    def on_head(self, head: ResponseHead) -> None:
        """Take the head of the final answer."""

    def on_data(self, data: bytes) -> None:
        """Take a piece of its content, never an empty one."""


class _Head(NamedTuple):
    """A head that is in order, whatever method it answers.

    Attributes:
        head: It.
        length: The size of the content in bytes; None if chunked or up to the connection's end.
        chunked: Whether the content is.
        closes: Whether the connection carries nothing after it.
    """

    head: ResponseHead
    length: int | None
    chunked: bool
    closes: bool


class KnownHeads:
    """The heads of late, read once: within a second most answers of an API repeat one another."""

    def __init__(self) -> None:
        self._heads: dict[bytes, _Head] = {}

    def find(self, block: bytes) -> _Head | None:
        """Return the head that was read from these very bytes."""
        return self._heads.get(block)

    def keep(self, block: bytes, head: _Head) -> None:
        """Remember a head, unless it is long."""
        if len(block) <= _MAX_KNOWN_BYTES:
            if len(self._heads) >= _MAX_KNOWN_HEADS:
                self._heads.clear()
            self._heads[block] = head


class AnswerReader:
    """Reads the answer to one request.

    Attributes:
        sink: Who is told.
        started: Whether any byte of an answer has come.
        answered: Whether the head of the final answer has been told.
        done: Whether the answer is complete.
        reusable: Whether, once it is done, the connection may carry another request.
        owes: Whether the head of an answer that has no content announces some, as one to HEAD
            does: APIs exist that send it all the same, after the end, to the next call.
    """

    __slots__ = (
        "_chunks",
        "_held",
        "_interim",
        "_known",
        "_left",
        "_max_head_bytes",
        "_method",
        "_step",
        "answered",
        "done",
        "owes",
        "reusable",
        "sink",
        "started",
    )

    _chunks: ChunkReader

    def __init__(
        self, method: str, sink: Sink, max_head_bytes: int, known: KnownHeads | None = None
    ) -> None:
        """Wait for an answer.

        Args:
            method: The request's.
            sink: Who is told.
            max_head_bytes: The largest head, and the largest trailers.
            known: What the readers of one API share.
        """
        self.sink = sink
        self.started = False
        self.answered = False
        self.done = False
        self.reusable = True
        self.owes = False
        self._method = method
        self._max_head_bytes = max_head_bytes
        # Plain functions: a bound method here would be a reference cycle for each call.
        self._step: Callable[[AnswerReader, bytes], bytes] = AnswerReader._read_head
        self._known = known
        self._held = bytearray()
        self._left = 0
        self._interim = 0

    def feed(self, data: bytes) -> bool:
        """Take what has arrived and return whether the answer is complete.

        What comes before a mistake is told before it is raised, so that the pieces in which the
        bytes arrive change nothing. The content of one call is told as one piece.

        Raises:
            UpstreamError: The answer is malformed: `UPSTREAM_BROKEN` before its head was told,
                `UPSTREAM_CUT` after.
        """
        self.started = True
        while data and not self.done:
            data = self._step(self, data)
        if data:
            # Nobody asked for what these bytes may answer.
            self.reusable = False
        return self.done

    def close(self) -> None:
        """Take the end of the connection, which completes an answer of unknown length.

        TLS or not, an orderly end is enough: servers that close without `close_notify` are too
        many to refuse (RFC 9112, section 9.8, lets us only if the length is known otherwise).

        Raises:
            UpstreamError: The answer is not complete.
        """
        self.reusable = False
        if self._step is AnswerReader._read_until_close:
            self.done = True
        else:
            raise self._error("it closed the connection in the middle of its answer")

    def _read_head(self, data: bytes) -> bytes:
        block, rest = self._through_blank_line(data, self._max_head_bytes)
        if block is None:
            held = self._held
            # Something else than HTTP may never send an empty line: say so now.
            fresh = max(0, len(held) - len(data))
            if not held.startswith(_START[: len(held)]) or BARE_LF.search(held, fresh):
                raise self._error("the head of its answer is malformed")
            return b""
        known = self._known
        read = None if known is None else known.find(block)
        if read is None:
            read = self._judge(block)
            if known is not None:
                known.keep(block, read)
        if read.head.status < 200:
            self._skip_interim(read.head.status)
            return rest
        self._frame(read)
        self.answered = True
        self.sink.on_head(read.head)
        return rest

    def _judge(self, block: bytes) -> _Head:
        """Read a head, and find out where its content ends (RFC 9112, section 6.3)."""
        match = _HEAD.fullmatch(block.decode("latin-1"))
        if match is None:
            raise self._error("the head of its answer is malformed")
        minor, status, reason, fields = match.groups()
        lines = fields.split("\r\n")[:-1]
        headers = Headers.trusted(
            [
                (name, value.strip(" \t"))
                for name, _, value in [line.partition(":") for line in lines]
            ]
        )
        head = ResponseHead(status=int(status), reason=reason or "", headers=headers)
        if head.status < 200:
            return _Head(head, None, chunked=False, closes=False)
        lengths = headers.get_all("content-length")
        codings = headers.get_all("transfer-encoding")
        # RFC 9112, section 6.1: in HTTP/1.0 a transfer coding means faulty framing.
        if codings and (minor == "0" or [coding.lower() for coding in codings] != ["chunked"]):
            raise self._error("the Transfer-Encoding of its answer is not just chunked")
        length = self._length(headers.get("content-length"))
        # "close" as a part of another option ends a connection early, which harms nobody.
        closes = minor == "0" or "close" in (headers.get("connection") or "").lower()
        if lengths and (codings or lengths != [str(length)]):
            kept = [pair for pair in headers if pair[0].lower() != "content-length"]
            if codings:
                # Section 6.3: the coding counts, and whoever passes it on drops the length. There
                # may be somebody on the way who reads it otherwise: nothing follows.
                closes, length = True, None
            else:
                kept.append(("Content-Length", str(length)))
            head = replace(head, headers=Headers.trusted(kept))
        return _Head(head, length, chunked=bool(codings), closes=closes)

    def _length(self, value: str | None) -> int | None:
        """Return what Content-Length says, also if it says it twice (RFC 9110, section 8.6)."""
        if value is None:
            return None
        length, *others = (part.strip(" \t") for part in value.split(","))
        if CONTENT_LENGTH.fullmatch(length) is None or any(other != length for other in others):
            raise self._error("the Content-Length of its answer is not one number")
        return int(length)

    def _skip_interim(self, status: int) -> None:
        """Drop an interim answer (RFC 9110, section 15.2)."""
        if status == 101:
            raise self._error("it switched protocols without being asked to")
        self._interim += 1
        if self._interim > _MAX_INTERIM:
            raise self._error("it sends interim answers without end")

    def _frame(self, read: _Head) -> None:
        """Get ready for the content."""
        if read.closes:
            self.reusable = False
        if not has_body(self._method, read.head.status):
            self.done = True
            self.owes = read.chunked or bool(read.length)
        elif read.chunked:
            self._chunks = ChunkReader(TOLERANT, max_trailer_bytes=self._max_head_bytes)
            self._step = AnswerReader._read_chunks
        elif read.length is not None:
            self._left = read.length
            self.done = not read.length
            self._step = AnswerReader._read_counted
        else:
            self.reusable = False
            self._step = AnswerReader._read_until_close

    def _read_counted(self, data: bytes) -> bytes:
        piece = data[: self._left]
        rest = data[self._left :]
        self._left -= len(piece)
        self.done = not self._left
        self.sink.on_data(piece)
        return rest

    def _read_until_close(self, data: bytes) -> bytes:
        self.sink.on_data(data)
        return b""

    def _read_chunks(self, data: bytes) -> bytes:
        try:
            rest = self._chunks.feed(data, self.sink.on_data)
        except ValueError as error:
            raise self._error(f"the chunked content of its answer: {error}") from None
        self.done = self._chunks.done
        return rest

    def _through_blank_line(self, data: bytes, limit: int) -> tuple[bytes | None, bytes]:
        """Split after an empty line, or hold everything until one comes."""
        held = self._held
        if held:
            # The mark may have begun in what is held; nothing before is searched again.
            searched = max(0, len(held) - 3)
            held += data
            end = held.find(b"\r\n\r\n", searched)
            if end >= 0:
                data = bytes(held)
                held.clear()
        else:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                held += data
        if end + 4 > limit or len(held) > limit:
            raise self._error(f"the head of its answer exceeds {limit} bytes")
        if end < 0:
            return None, b""
        return data[: end + 4], data[end + 4 :]

    def _error(self, what: str) -> UpstreamError:
        if self.answered:
            return UpstreamError(Code.UPSTREAM_CUT, f"the API's answer broke off: {what}")
        return UpstreamError(Code.UPSTREAM_BROKEN, f"the API gave no usable answer: {what}")
