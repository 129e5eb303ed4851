"""Read a body's text as `XMLHttpRequest` reads it, piece by piece (Encoding standard, section 4).

https://encoding.spec.whatwg.org/#decode
"""

from __future__ import annotations

import codecs
import re

_CHARSET = re.compile(r';[ \t]*charset[ \t]*=[ \t]*"?([^";, \t]+)', re.IGNORECASE)

# Encoding standard, section 4.2: the labels in use that Python spells, or reads, otherwise.
_WINDOWS_1252 = ("ascii", "us-ascii", "latin1", "iso-8859-1", "iso8859-1", "windows-1252", "cp1252")
_CODECS = {
    **dict.fromkeys(_WINDOWS_1252, "cp1252"),
    **{f"windows-125{n}": f"cp125{n}" for n in (0, 1, 3, 4, 5, 6, 7, 8)},
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)},
    "iso-8859-9": "cp1254",
    "windows-874": "cp874",
    "tis-620": "cp874",
    "koi8-r": "koi8-r",
    "koi8-u": "koi8-u",
    "macintosh": "mac-roman",
    "ibm866": "cp866",
    "utf-16": "utf-16-le",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "gb18030": "gb18030",
    "big5": "big5hkscs",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "euc-jp": "euc-jp",
    "iso-2022-jp": "iso2022-jp",
    "euc-kr": "cp949",
    "ks_c_5601-1987": "cp949",
}
# In these, bytes that are all ASCII are that text, whatever comes before or after them.
_LIKE_ASCII = frozenset({"utf-8", "cp1252"})
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def _c1_control(error: UnicodeError) -> tuple[str, int]:
    """Read the five bytes that Python's cp1252 lacks as the C1 controls that the standard names."""
    assert isinstance(error, UnicodeDecodeError)
    return chr(error.object[error.start]), error.start + 1


codecs.register_error("xdr-c1", _c1_control)


def charset_of(content_type: str | None) -> str:
    """Return Python's name for the charset of a Content-Type; an unknown one counts as UTF-8."""
    match = _CHARSET.search(content_type or "")
    return _CODECS.get(match[1].lower(), "utf-8") if match else "utf-8"


class TextDecoder:
    """Decodes one body; malformed sequences become U+FFFD, and a byte order mark wins."""

    __slots__ = ("_charset", "_decoder", "_start", "_started")

    def __init__(self, charset: str) -> None:
        """Begin; `charset` is what `charset_of` returns."""
        self._charset = charset
        # Only made where it is needed: most bodies are short, and ASCII.
        self._decoder: codecs.IncrementalDecoder | None = None
        # What may be a part of a byte order mark.
        self._start = b""
        self._started = False

    def decode(self, data: bytes, *, final: bool = False) -> str:
        """Take a piece and return the text that is certain; `final` says that it is the last."""
        if self._decoder is None:
            if self._started and not data:
                return ""
            if not self._start and len(data) > 2 and self._is_plain(data):
                # What follows may look like a byte order mark, but comes too late to be one.
                self._started = True
                return data.decode("ascii")
            if not self._started:
                self._start += data
                if len(self._start) < 3 and not final:
                    return ""
                data, self._start = self._start, b""
            self._decoder, data = self._begin(data)
        return self._decoder.decode(data, final)

    def _is_plain(self, data: bytes) -> bool:
        return self._charset in _LIKE_ASCII and data.isascii()

    def _begin(self, data: bytes) -> tuple[codecs.IncrementalDecoder, bytes]:
        name = self._charset
        for mark, marked in () if self._started else _BYTE_ORDER_MARKS:
            if data.startswith(mark):
                data, name = data[len(mark) :], marked
                break
        errors = "xdr-c1" if name == "cp1252" else "replace"
        return codecs.getincrementaldecoder(name)(errors), data
