"""The API's answer to frame, piece by piece: rule 5 of docs/wire-format.md as code.

The JavaScript twin is static/src/frame.js; tests/vectors/frames.json binds the two together.
"""

from __future__ import annotations

import binascii
import re
import zlib
from collections.abc import Callable, Iterator

from xdr_bridge.http.charsets import TextDecoder, charset_of
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers, Pair, ResponseHead, has_body, without_hop_by_hop

_END = b"\r\nXDR-End: ok\r\n"
PRELUDE = b" " * 2048 + b"\r\n"
# How much of a text is looked at before its encoding is decided (Wire 5.4), in bytes.
LOOK_AHEAD_BYTES = 64 * 1024
# No single call makes more than this out of a compressed piece, in bytes.
_INFLATE_BYTES = 64 * 1024
# Beyond this much, text that was a hundred times smaller is a bomb. Nobody asked for a coding.
_UNSUSPECTED_BYTES = 16 * 1024 * 1024
_MAX_RATIO = 100

# Wire 5.10. The charset must be spelt with its hyphen: IE fails on "utf8" with c00ce56e.
FRAME_FIELDS: tuple[Pair, ...] = (
    ("Content-Type", "text/plain; charset=utf-8"),
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
    ("Pragma", "no-cache"),
    ("Expires", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ("Vary", "Origin"),
)

_TEXTUAL = re.compile(
    r"text/.*|.+\+(?:json|xml)|application/(?:json|xml)"
    r"|application/(?:x-)?(?:javascript|ecmascript)|application/x-www-form-urlencoded"
)


def is_textual(content_type: str | None) -> bool:
    """Whether a body of this type travels as text (Wire 5.4)."""
    if content_type is None:
        return True
    essence = content_type.partition(";")[0].strip(" \t").lower()
    return essence == "" or _TEXTUAL.fullmatch(essence) is not None


def network_error_frame(error: RequestError) -> bytes:
    """Write the frame that stands for a network error (Wire 5.8)."""
    sentence = " ".join(error.told.split())
    return f"XDR/1 error {error.code}\r\n{sentence}\r\n".encode()


class FrameWriter:
    """Writes one frame; every method returns the bytes that are ready to go.

    `done` tells that the frame is complete: nothing more of the API's answer is wanted.
    """

    def __init__(
        self,
        head: ResponseHead,
        *,
        method: str,
        target: str,
        exposes: Callable[[str], bool],
        flags: frozenset[str] = frozenset(),
    ) -> None:
        """Begin the frame for the API's answer `head` to a call of `method` on `target`.

        Args:
            head: The API's.
            method: The call's method.
            target: The final target, relative to the base: the frame's `XDR-URL`. Empty: unknown.
            exposes: Whether the page may read the response header of this name (Wire 5.2).
            flags: Those of `$xdr`.

        Raises:
            ValueError: The body has a content coding that is not gzip or deflate.
        """
        self.done = False
        streams, self._text, charset, coding = head.headers.derived(_read_content_fields)
        self._streams = streams or "stream" in flags
        self._has_body = has_body(method, head.status)
        where = f"XDR-URL: {target}\r\n" if target else ""
        lines = head.headers.derived(_exposed_lines, exposes)
        self._head = f"HTTP/1.1 {head.status} {head.reason}\r\n{lines}{where}"
        self._coding = _content_decoder(coding) if coding and self._has_body else None
        if "base64" in flags:
            self._text = False
        self._decoder = TextDecoder(charset)
        self._base64: bool | None = None if self._text else True
        if not self._has_body:
            self._base64 = False
        self._held = ""
        self._remainder = b""

    def open(self) -> bytes:
        """Return what can go before any byte of the body has come: a streamed frame's beginning."""
        if not self._streams:
            return b""
        if self._base64 is None:
            self._base64 = False
        return PRELUDE + self._take_head()

    def write(self, data: bytes) -> bytes:
        """Take a piece of the API's body.

        Raises:
            ValueError: Its content coding is broken.
        """
        if self.done or not self._has_body:
            return b""
        if self._coding is None:
            return self._write_decoded(data)
        head = self._head
        try:
            return b"".join([self._write_decoded(piece) for piece in self._coding.decode(data)])
        except ValueError:
            # What was written of this piece is lost with it; `cut` needs the head.
            self._head = head
            raise

    def end(self) -> bytes:
        """Finish the frame; the API's answer is whole.

        Raises:
            ValueError: Its content coding says that it is not.
        """
        if self.done:
            return b""
        if self._coding is not None:
            self._coding.end()
        if self._base64 is None:
            rest = self._write_text(self._decoder.decode(b"", final=True), final=True)
        elif self._base64 and self._has_body:
            tail = self._decoder.decode(b"", final=True).encode() if self._text else b""
            rest = self._write_base64(tail) + binascii.b2a_base64(self._remainder, newline=False)
        else:
            text = self._decoder.decode(b"", final=True) if self._has_body else ""
            rest = self._take_head() + self._write_plain(text)
        return rest + (b"" if self.done else self._finish("ok"))

    def cut(self, code: Code) -> bytes:
        """Finish the frame of an answer that broke off (Wire 5.5)."""
        if self.done:
            return b""
        # Held text is dropped: the page gets a network error and never sees a part of it.
        return self._take_head() + self._finish(code)

    def _finish(self, word: str) -> bytes:
        self.done = True
        return _END if word == "ok" else f"\r\nXDR-End: {word}\r\n".encode()

    def _take_head(self) -> bytes:
        head, self._head = self._head, ""
        if not head:
            return b""
        encoding = "XDR-Encoding: base64\r\n" if self._base64 and self._has_body else ""
        return f"{head}{encoding}\r\n".encode()

    def _write_decoded(self, data: bytes) -> bytes:
        if self.done:
            return b""
        if self._base64 and self._text is False:
            return self._write_base64(data)
        text = self._decoder.decode(data)
        if self._base64 is None:
            return self._write_text(text)
        if self._base64:
            return self._write_base64(text.encode())
        return self._write_plain(text)

    def _write_text(self, text: str, *, final: bool = False) -> bytes:
        """Hold text back until it is known whether a NUL is in it (Wire 5.4)."""
        self._held += text
        # No further than where a text in smaller pieces would have been decided.
        if self._held.find("\0", 0, LOOK_AHEAD_BYTES) >= 0:
            self._base64 = True
        elif final or len(self._held) >= LOOK_AHEAD_BYTES:
            self._base64 = False
        else:
            return b""
        held, self._held = self._held, ""
        if not self._base64:
            return self._take_head() + self._write_plain(held)
        encoded = self._take_head() + self._write_base64(held.encode())
        if final:
            encoded += binascii.b2a_base64(self._remainder, newline=False)
        return encoded

    def _write_plain(self, text: str) -> bytes:
        before, nul, _ = text.partition("\0")
        return before.encode() + (self._finish(Code.NUL_IN_TEXT) if nul else b"")

    def _write_base64(self, data: bytes) -> bytes:
        data = self._remainder + data
        whole = len(data) - len(data) % 3
        self._remainder = data[whole:]
        return self._take_head() + binascii.b2a_base64(data[:whole], newline=False)


def _read_content_fields(headers: Headers) -> tuple[bool, bool, str, str]:
    """Return whether the body streams, whether it is text, in which charset, and its coding."""
    content_type = headers.get("Content-Type")
    essence = (content_type or "").partition(";")[0].strip(" \t").lower()
    coding = (headers.get("Content-Encoding") or "").lower()
    charset = charset_of(content_type)
    return essence == "text/event-stream", is_textual(content_type), charset, coding


def _exposed_lines(headers: Headers, exposes: Callable[[str], bool]) -> str:
    return "".join(
        [
            f"{name.lower()}: {value}\r\n"
            for name, value in without_hop_by_hop(headers)
            if exposes(name) and not _is_ours(name)
        ]
    )


def _is_ours(name: str) -> bool:
    lowered = name.lower()
    return lowered.startswith(("xdr-", "access-control-"))


class _Inflater:
    """Undoes gzip and deflate in bounded steps, so that no piece can grow without limit."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._taken = self._made = 0
        self._is_over = False
        self._inflate = zlib.decompressobj(wbits)

    def decode(self, data: bytes) -> Iterator[bytes]:
        self._taken += len(data)
        try:
            while data and not self._is_over:
                if self._made > max(_UNSUSPECTED_BYTES, _MAX_RATIO * self._taken):
                    raise ValueError("the content coding makes too much of too little")
                if self._inflate.eof:
                    # RFC 1952, section 2.2: there may be more members; browsers drop other rests.
                    # All of the rest: what looks like a member later in it is none.
                    self._is_over = self._wbits <= zlib.MAX_WBITS or data[0] != 0x1F
                    if self._is_over:
                        return
                    self._inflate = zlib.decompressobj(self._wbits)
                piece = self._inflate.decompress(data, _INFLATE_BYTES)
                self._made += len(piece)
                yield piece
                data = self._inflate.unconsumed_tail or self._inflate.unused_data
        except zlib.error as error:
            raise ValueError(f"the content coding is broken: {error}") from None

    def end(self) -> None:
        if not self._inflate.eof:
            raise ValueError("the content coding broke off")


def _content_decoder(coding: str) -> _Inflater | None:
    if coding == "identity":
        return None
    # The bridge asked for identity; an API that compresses all the same is tolerated.
    if coding in ("gzip", "x-gzip"):
        return _Inflater(wbits=16 + zlib.MAX_WBITS)
    if coding == "deflate":
        return _Inflater(wbits=zlib.MAX_WBITS)
    raise ValueError(f"the content coding {coding!r} was not asked for; identity was")
