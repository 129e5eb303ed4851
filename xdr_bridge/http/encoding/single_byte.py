"""The decoders of the Encoding standard's single-byte encodings, section 9, as tables of 256."""

from __future__ import annotations

import codecs
from functools import cache

_CODECS = {
    "ibm866": "cp866",
    "macintosh": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "windows-874": "cp874",
    "iso-8859-8-i": "iso8859-8",
}
# Where the standard's indexes have other characters than Python's tables.
_DIFFERENCES = {"koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"}, "windows-1255": {0xCA: "\u05ba"}}


class SingleByteDecoder:
    """Decodes one body; every byte stands for itself."""

    def __init__(self, encoding: str) -> None:
        """Begin; the encoding is one of the standard's, in lower case."""
        self._table = _table(encoding)

    def decode(self, data: bytes, final: bool = False) -> str:
        """Take a piece, return its text."""
        return codecs.charmap_decode(data, "strict", self._table)[0]


@cache
def _table(encoding: str) -> str:
    if encoding == "x-user-defined":
        return "".join(map(chr, (*range(0x80), *range(0xF780, 0xF800))))
    name = _CODECS.get(encoding) or encoding.replace("windows-", "cp").replace("iso-", "iso")
    differences = _DIFFERENCES.get(encoding, {})
    return "".join(differences.get(byte) or _character(name, byte) for byte in range(256))


def _character(name: str, byte: int) -> str:
    character = bytes((byte,)).decode(name, "replace")
    if character == "\ufffd" and name.startswith("cp") and 0x80 <= byte < 0xA0:
        # Windows reads what it has no character for as the control that ISO-8859-1 has there.
        return chr(byte)
    # Not "\ufffd": `charmap_decode` takes U+FFFE for a gap only.
    return character
