"""Read a chunked body, strictly, from any pieces of bytes (RFC 9112, section 7.1). No I/O.

Extensions mean nothing to us and are ignored, trailers are dropped; both are bounded.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from xdr_bridge.http.grammar import BARE_LF, FIELD_LINES, TOKEN

# At least as long as the longest chunk line that matches.
_MAX_LINE = 1100
_SIZE = r"([0-9A-Fa-f]{1,15}+)"
_QUOTED = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"'


class TrailersTooLargeError(ValueError):
    """The trailer section exceeds its limit."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How chunk lines may look. Every one but the first begins with the CRLF of the chunk before.

    Attributes:
        first: Matches the first chunk line: the size, the extensions.
        following: Matches any other.
        max_extension_bytes: All extensions of one body; None: each line's length is bound enough.
    """

    first: re.Pattern[bytes]
    following: re.Pattern[bytes]
    max_extension_bytes: int | None


def _dialect(extensions: str, max_extension_bytes: int | None) -> Dialect:
    line = rf"{_SIZE}({extensions})\r\n".encode("latin-1")
    return Dialect(re.compile(line), re.compile(rb"\r\n" + line), max_extension_bytes)


# chunk-size [ chunk-ext ] CRLF to the letter, without the bad white space of section 7.1.1: for
# requests, where extensions are either few or an attack.
STRICT = _dialect(rf"(?:;{TOKEN}(?:=(?:{TOKEN}|{_QUOTED}))?+)*+", 16 * 1024)
# Servers that pad the size with spaces exist, and some sign every chunk.
TOLERANT = _dialect(r"[ \t]{0,16}+(?:;[\t\x20-\x7e\x80-\xff]{0,1024}+)?+", None)


class ChunkReader:
    """Reads one body; `done` tells that its last byte, trailers included, has come."""

    __slots__ = (
        "_dialect",
        "_extension_bytes",
        "_held",
        "_in_trailers",
        "_left",
        "_line",
        "_max_trailer_bytes",
        "done",
    )

    def __init__(self, dialect: Dialect, *, max_trailer_bytes: int) -> None:
        """Wait for the first chunk line."""
        self.done = False
        self._dialect = dialect
        self._max_trailer_bytes = max_trailer_bytes
        self._line = dialect.first
        self._held = b""
        self._left = 0
        self._extension_bytes = 0
        self._in_trailers = False

    def feed(self, data: bytes, on_data: Callable[[bytes], None]) -> bytes:
        """Take what has arrived and return what follows the body.

        Args:
            data: What has arrived.
            on_data: Is told the content in it, as one piece, and before a mistake that follows.

        Raises:
            ValueError: The body is malformed; the message says which part.
            TrailersTooLargeError: So are its trailers.
        """
        if not self._in_trailers:
            data = self._read_chunks(data, on_data)
        return self._read_trailers(data) if self._in_trailers else data

    def _read_chunks(self, data: bytes, on_data: Callable[[bytes], None]) -> bytes:
        """Take whole and begun chunks."""
        if self._held:
            data, self._held = self._held + data, b""
        position = 0
        pieces: list[bytes] = []
        try:
            while True:
                if self._left:
                    piece = data[position : position + self._left]
                    pieces.append(piece)
                    position += len(piece)
                    self._left -= len(piece)
                if position == len(data):
                    return b""
                match = self._line.match(data, position)
                if match is None:
                    self._hold_line(data[position:])
                    return b""
                position = match.end()
                self._take_line(match)
                if not self._left:
                    # An empty line right here ends the body; see _read_trailers.
                    self._held = b"\r\n"
                    self._in_trailers = True
                    return data[position:]
        finally:
            content = b"".join(pieces)
            if content:
                on_data(content)

    def _take_line(self, match: re.Match[bytes]) -> None:
        self._line = self._dialect.following
        self._left = int(match[1], 16)
        self._extension_bytes += len(match[2])
        limit = self._dialect.max_extension_bytes
        if limit is not None and self._extension_bytes > limit:
            raise ValueError("its chunks have too many extensions")

    def _hold_line(self, begun: bytes) -> None:
        skip = 0 if self._line is self._dialect.first else 2
        if begun.find(b"\n", skip) >= 0 or len(begun) > _MAX_LINE:
            raise ValueError("a chunk of it is malformed")
        self._held = begun

    def _read_trailers(self, data: bytes) -> bytes:
        """Drop the trailer section (section 7.1.2); `_held` began with a CRLF."""
        searched = max(0, len(self._held) - 3)
        data = self._held + data
        end = data.find(b"\r\n\r\n", searched) + 4
        if end > self._max_trailer_bytes or (end < 4 and len(data) > self._max_trailer_bytes):
            raise TrailersTooLargeError(f"its trailers exceed {self._max_trailer_bytes} bytes")
        if end < 4:
            if BARE_LF.search(data, searched):
                raise ValueError("its trailers are malformed")
            self._held = data
            return b""
        self._held = b""
        if FIELD_LINES.fullmatch(data[2 : end - 2].decode("latin-1")) is None:
            raise ValueError("its trailers are malformed")
        self.done = True
        return data[end:]
