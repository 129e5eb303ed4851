"""Read a body's text as `XMLHttpRequest` reads it, piece by piece (Encoding standard, section 6).

https://encoding.spec.whatwg.org/#decode
"""

from __future__ import annotations

import codecs
import re
from typing import Protocol

from xdr_bridge.http.encoding.iso_2022_jp import Iso2022JpDecoder
from xdr_bridge.http.encoding.legacy import MultiByteDecoder
from xdr_bridge.http.encoding.single_byte import SingleByteDecoder
from xdr_bridge.http.encoding.tables import ENCODINGS

UTF_8 = "utf-8"
_PYTHONS = {"utf-8": "utf-8", "utf-16le": "utf-16-le", "utf-16be": "utf-16-be"}
_MULTI_BYTE = frozenset({"big5", "gb18030", "euc-jp", "shift_jis", "euc-kr"})
# In these, bytes that are all ASCII are that text, whatever comes before or after them.
_LIKE_ASCII = frozenset({"utf-8", "windows-1252"})
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16le"),
    (codecs.BOM_UTF16_BE, "utf-16be"),
)
# Where the text begins otherwise there is no declaration (XML 1.0, section 2.8).
_XML = b"<?xml"
_DECLARED = re.compile(
    rb"""<\?xml[\t\n\r ][^>]*?[\t\n\r ]encoding[\t\n\r ]*=[\t\n\r ]*(["'])([A-Za-z][\w.-]*)\1"""
)
_MAX_DECLARATION_BYTES = 1024
_WHITE_SPACE = "\t\n\f\r "


class _Decoder(Protocol):
    def decode(self, data: bytes, final: bool = False) -> str: ...


def get_encoding(label: str) -> str | None:
    """Return the encoding that a label means, in lower case; None for no label of the standard.

    https://encoding.spec.whatwg.org/#concept-encoding-get
    """
    # Not what lowers to ASCII, as the Kelvin sign does.
    return ENCODINGS.get(label.strip(_WHITE_SPACE).lower()) if label.isascii() else None


class TextDecoder:
    """Decodes one body; malformed sequences become U+FFFD, and a byte order mark wins."""

    __slots__ = ("_decoder", "_encoding", "_is_xml", "_start", "_started")

    def __init__(self, encoding: str | None, *, is_xml: bool = False) -> None:
        """Begin.

        Args:
            encoding: What `get_encoding` returns; None: not known, which mostly is UTF-8.
            is_xml: Whether a declaration of XML in the text may say then.
        """
        self._encoding = encoding or UTF_8
        self._is_xml = is_xml and encoding is None
        # Only made where it is needed: most bodies are short, and ASCII.
        self._decoder: _Decoder | None = None
        # What may be a part of a byte order mark.
        self._start = b""
        self._started = False

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Take a piece and return the text that is certain; `final` says that it is the last."""
        if self._decoder is None:
            if self._started and not data:
                return ""
            if not self._start and data and not self._is_xml and self._is_plain(data):
                # What follows may look like a byte order mark, but comes too late to be one.
                self._started = True
                return data.decode("ascii")
            if not self._started:
                self._start += data
                if not final and (self._may_be_a_mark() or self._may_be_declared()):
                    return ""
                data, self._start = self._start, b""
            self._decoder, data = self._begin(data)
        return self._decoder.decode(data, final)

    def _may_be_a_mark(self) -> bool:
        """Whether what has come is a proper part of a byte order mark: it cannot be shown yet."""
        start = self._start
        return any(mark.startswith(start) and mark != start for mark, _ in _BYTE_ORDER_MARKS)

    def _may_be_declared(self) -> bool:
        """Whether a declaration of XML has begun, and may not have come as a whole."""
        start = self._start
        return (
            self._is_xml
            and len(start) < _MAX_DECLARATION_BYTES
            and start.startswith(_XML[: len(start)])
            and b">" not in start
        )

    def _is_plain(self, data: bytes) -> bool:
        return self._encoding in _LIKE_ASCII and data.isascii()

    def _begin(self, data: bytes) -> tuple[_Decoder, bytes]:
        encoding = self._encoding
        for mark, marked in () if self._started else _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                data, encoding = data[len(mark) :], marked
                break
        else:
            if self._is_xml:
                encoding = _declared_encoding(data) or encoding
        return _make_decoder(encoding), data


def _declared_encoding(start: bytes) -> str | None:
    found = _DECLARED.match(start[:_MAX_DECLARATION_BYTES])
    encoding = None if found is None else get_encoding(found[2].decode("ascii", "replace"))
    # Who can read the declaration as ASCII knows that it is not UTF-16.
    return UTF_8 if encoding in ("utf-16le", "utf-16be") else encoding


class _Replacement:
    """Decodes what no browser reads: one U+FFFD (Encoding standard, section 14.1)."""

    def __init__(self) -> None:
        self._said = False

    def decode(self, data: bytes, final: bool = False) -> str:
        if self._said or not data:
            return ""
        self._said = True
        return "\ufffd"


def _make_decoder(encoding: str) -> _Decoder:
    # GBK is decoded as gb18030 (section 10.1).
    encoding = "gb18030" if encoding == "gbk" else encoding
    if encoding in _PYTHONS:
        return codecs.getincrementaldecoder(_PYTHONS[encoding])("replace")
    if encoding in _MULTI_BYTE:
        return MultiByteDecoder(encoding)
    if encoding == "iso-2022-jp":
        return Iso2022JpDecoder()
    if encoding == "replacement":
        return _Replacement()
    return SingleByteDecoder(encoding)
