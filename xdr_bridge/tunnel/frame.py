"""The API's answer to frame, piece by piece: rule 5 of docs/wire-format.md as code.

The JavaScript twin is static/src/frame.js; tests/vectors/frames.json binds the two together.
"""

from __future__ import annotations

import binascii
import zlib
from collections.abc import Callable

from xdr_bridge.http.encoding.text_decoder import TextDecoder
from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.messages import (
    Headers,
    Pair,
    ResponseHead,
    has_body,
    list_items,
    without_hop_by_hop,
)
from xdr_bridge.http.mime_types import text_encoding
from xdr_bridge.http.targets import as_url

PRELUDE = b" " * 2048 + b"\r\n"
# How much of an answer waits for its end, so that a short one leaves in one piece, in bytes.
MAX_HELD_BYTES = 64 * 1024
# No slice makes more than this out of a compressed piece, in bytes: a millisecond or so.
_INFLATE_BYTES = 64 * 1024
# https://source.chromium.org: net/filter/source_stream.cc, and those of shared dictionaries.
_DECODED_BY_BROWSERS = frozenset({"gzip", "x-gzip", "deflate", "br", "zstd", "dcb", "dcz"})
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


def network_error_frame(error: RequestError) -> bytes:
    """Write the frame that stands for a network error (Wire 5.8)."""
    sentence = " ".join(error.told.split())
    return f"XDR/1 error {error.code}\r\n{sentence}\r\n".encode()


class FrameWriter:
    """Writes one frame; every method returns the bytes that are ready to go.

    Until the first of them are, up to `MAX_HELD_BYTES` wait for the answer's end or for a pause.
    `done` tells that the frame is complete.
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
            ValueError: The body has a content coding that browsers know, and that is not gzip or
                deflate.
        """
        self.done = False
        streams, (encoding, is_xml), coding = head.headers.derived(_read_content_fields)
        self._streams = streams or "stream" in flags
        self._has_body = has_body(method, head.status)
        self._decoder = None if "base64" in flags else TextDecoder(encoding, is_xml=is_xml)
        self._remainder = b""
        self._coding = _content_decoder(coding) if coding and self._has_body else None
        lines = head.headers.derived(_exposed_lines, exposes)
        where = f"XDR-URL: {as_url(target)}\r\n" if target else ""
        how = "XDR-Encoding: base64\r\n" if self._has_body and self._decoder is None else ""
        start = f"HTTP/1.1 {head.status} {head.reason}\r\n{lines}{where}{how}\r\n"
        # The head, once something has left None; then what of the body waits with it.
        self._head: bytes | None = start.encode()
        self._held = bytearray()

    def open(self) -> bytes:
        """Return what can go before any byte of the body has come: a streamed frame's beginning."""
        return PRELUDE + self._release() if self._streams else b""

    def write(self, data: bytes) -> bytes:
        """Take a piece of the API's body.

        Of what it inflates to this returns a slice; `is_behind` tells that there is more, which
        further calls return. They may be without data.

        Raises:
            ValueError: Its content coding is broken.
        """
        if self.done or not self._has_body:
            return b""
        if self._coding is not None:
            self._coding.take(data)
            data = self._coding.slice()
        written = self._encode(data)
        if self._head is None:
            return written
        self._held += written
        return self._release() if len(self._held) >= MAX_HELD_BYTES else b""

    @property
    def is_behind(self) -> bool:
        """Whether what `write` has taken is not all done yet."""
        return self._coding is not None and self._coding.is_behind and not self.done

    def pause(self) -> bytes:
        """Return what has come: the API is not going on, and the page need not wait (Wire 5.7)."""
        if self.done:
            return b""
        rest = self._padded_remainder()
        return rest if self._head is None else PRELUDE + self._release() + rest

    def beat(self) -> bytes:
        """Return what means nothing, but shows that the call lives (Wire 5.7)."""
        if self.done or self._head is not None:
            return self.pause()
        return self._padded_remainder() + (b"====" if self._decoder is None else b"\x7f ")

    def end(self) -> bytes:
        """Finish the frame; the API's answer is whole.

        Raises:
            ValueError: Its content coding says that it is not.
        """
        if self.done:
            return b""
        rest = []
        if self._coding is not None:
            while self._coding.is_behind:
                rest.append(self._encode(self._coding.slice()))
            self._coding.end()
        rest.append(self._padded_remainder())
        if self._has_body and self._decoder is not None:
            rest.append(_escape(self._decoder.decode(b"", final=True)))
        return self._release() + b"".join(rest) + self._finish("ok")

    def cut(self, code: Code) -> bytes:
        """Finish the frame of an answer that broke off (Wire 5.5)."""
        if self.done:
            return b""
        # Held text is dropped: the page gets a network error and never sees a part of it.
        self._held.clear()
        return self._release() + self._finish(code)

    def _release(self) -> bytes:
        """Let the head and what waits with it go, if they have not."""
        head, self._head = self._head, None
        if head is None:
            return b""
        released = head + self._held
        self._held.clear()
        return released

    def _finish(self, word: str) -> bytes:
        self.done = True
        return b"\x7f\r\nXDR-End: %b\r\n" % word.encode()

    def _encode(self, data: bytes) -> bytes:
        if self._decoder is not None:
            return _escape(self._decoder.decode(data))
        data = self._remainder + data
        whole = len(data) - len(data) % 3
        self._remainder = data[whole:]
        return binascii.b2a_base64(data[:whole], newline=False)

    def _padded_remainder(self) -> bytes:
        remainder, self._remainder = self._remainder, b""
        return binascii.b2a_base64(remainder, newline=False)


def _escape(text: str) -> bytes:
    """Write text so that it holds no NUL, and DEL only where DEL means something (Wire 5.4)."""
    return text.encode().replace(b"\x7f", b"\x7f1").replace(b"\0", b"\x7f0")


def _read_content_fields(headers: Headers) -> tuple[bool, tuple[str | None, bool], str]:
    """Return whether the body streams, how its text is read, and its coding."""
    content_type = headers.get("Content-Type")
    essence = (content_type or "").partition(";")[0].strip(" \t").lower()
    coding = (headers.get("Content-Encoding") or "").lower()
    return essence == "text/event-stream", text_encoding(content_type), coding


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
    """Undoes gzip and deflate in slices, so that none takes long or grows without limit."""

    def __init__(self, wbits: int) -> None:
        self._wbits = wbits
        self._left = b""
        self._taken = self._made = 0
        self._is_over = False
        self._inflate = zlib.decompressobj(wbits)

    @property
    def is_behind(self) -> bool:
        return bool(self._left)

    def take(self, data: bytes) -> None:
        self._taken += len(data)
        if not self._is_over:
            self._left += data

    def slice(self) -> bytes:
        data, self._left = self._left, b""
        if not data:
            return b""
        if self._made > max(_UNSUSPECTED_BYTES, _MAX_RATIO * self._taken):
            raise ValueError("the content coding makes too much of too little")
        if self._inflate.eof:
            # RFC 1952, section 2.2: there may be more members; browsers drop other rests.
            # All of the rest: what looks like a member later in it is none.
            self._is_over = self._wbits <= zlib.MAX_WBITS or data[0] != 0x1F
            if self._is_over:
                return b""
            self._inflate = zlib.decompressobj(self._wbits)
        try:
            piece = self._inflate.decompress(data, _INFLATE_BYTES)
        except zlib.error as error:
            raise ValueError(f"the content coding is broken: {error}") from None
        self._made += len(piece)
        self._left = self._inflate.unconsumed_tail or self._inflate.unused_data
        return piece

    def end(self) -> None:
        if not self._inflate.eof:
            raise ValueError("the content coding broke off")


def _content_decoder(coding: str) -> _Inflater | None:
    codings = [item for item in list_items(coding) if item != "identity"]
    if not codings or not _DECODED_BY_BROWSERS.issuperset(codings):
        # "UTF-8", "none": Chromium shows the body as it is where it knows one of them not.
        return None
    # The bridge asked for identity; an API that compresses all the same is tolerated.
    if codings in (["gzip"], ["x-gzip"]):
        return _Inflater(wbits=16 + zlib.MAX_WBITS)
    if codings == ["deflate"]:
        return _Inflater(wbits=zlib.MAX_WBITS)
    raise ValueError(f"the content coding {shown(coding)} was not asked for; identity was")
