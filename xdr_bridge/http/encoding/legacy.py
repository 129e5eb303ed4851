"""The decoders of the Encoding standard's multi-byte encodings, sections 10 to 14.

Python's codecs have nearly the standard's indexes, but read malformed bytes otherwise. So a piece
that Python's strict codec reads, and in which nothing is in doubt, is read by that, in C; any other
piece is read byte by byte, as the standard says.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from xdr_bridge.http.encoding.tables import DIFFERENCES

_REPLACEMENT = "\ufffd"
# What to go on with: the character, or None for what is malformed, and how many bytes it took. No
# bytes: the rest of it has not come yet.
_Step = tuple[str | None, int]
_MORE: _Step = (None, 0)
_UNKNOWN: dict[bytes, str] = {}

# Characters that Python reads where the standard reads others, or none.
_DOUBTS = {
    "big5": "\u2022\uff64\u203e\u223c\u2641\u2609\uff0f\uff3c\xa5\xa2\xa3",
    "gb18030": "\ue5e5\ue78d-\ue796\ue7c7\ue81e\ue826\ue82b\ue82c\ue832\ue843\ue854\ue864\u1e3f",
    "euc-jp": "\u301c\u2016\u2212\xa2\xa3\xac~",
    "shift_jis": "\uf8f0-\uf8f3",
}
_CODECS = {
    "big5": "big5hkscs",
    "gb18030": "gb18030",
    "euc-jp": "euc_jp",
    "shift_jis": "cp932",
    "euc-kr": "cp949",
}


class MultiByteDecoder:
    """Decodes Big5, gb18030 (and GBK), EUC-JP, Shift_JIS or EUC-KR, piece by piece."""

    def __init__(self, encoding: str) -> None:
        """Begin; the encoding is one of those, in lower case."""
        self._codec = codecs.getincrementaldecoder(_CODECS[encoding])
        doubts = _DOUBTS.get(encoding)
        self._doubt = re.compile(f"[{doubts}]") if doubts else None
        self._step = _STEPS[encoding]
        self._rest = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Take a piece, return the text that is certain."""
        data = self._rest + data
        codec = self._codec()
        try:
            text = codec.decode(data)
        except UnicodeDecodeError:
            return self._decode_slowly(data, final)
        rest = codec.getstate()[0]
        if (final and rest) or (self._doubt is not None and self._doubt.search(text)):
            return self._decode_slowly(data, final)
        self._rest = rest
        return text

    def _decode_slowly(self, data: bytes, final: bool) -> str:
        text = []
        position, step = 0, self._step
        while position < len(data):
            if data[position] < 0x80:
                text.append(chr(data[position]))
                position += 1
                continue
            character, taken = step(data, position)
            if not taken:
                break
            text.append(_REPLACEMENT if character is None else character)
            position += taken
        self._rest = data[position:]
        if final and self._rest:
            # One error for a sequence that breaks off, whatever its length.
            self._rest = b""
            text.append(_REPLACEMENT)
        return "".join(text)


def _read(encoding: str, sequence: bytes) -> str | None:
    """Look a sequence up in the standard's index."""
    character = DIFFERENCES.get(encoding, _UNKNOWN).get(sequence)
    if character is not None:
        return character
    try:
        return sequence.decode(_CODECS[encoding])
    except UnicodeDecodeError:
        return None


def _two_bytes(encoding: str, data: bytes, position: int, *, in_range: bool) -> _Step:
    """Read a lead and its trail, which stays if it is ASCII and means nothing there."""
    if position + 1 == len(data):
        return _MORE
    character = _read(encoding, data[position : position + 2]) if in_range else None
    if character is None and data[position + 1] < 0x80:
        return None, 1
    return character, 2


def _big5(data: bytes, position: int) -> _Step:
    if not 0x81 <= data[position] <= 0xFE:
        return None, 1
    trail = data[position + 1] if position + 1 < len(data) else 0
    in_range = 0x40 <= trail <= 0x7E or 0xA1 <= trail <= 0xFE
    return _two_bytes("big5", data, position, in_range=in_range)


def _euc_kr(data: bytes, position: int) -> _Step:
    if not 0x81 <= data[position] <= 0xFE:
        return None, 1
    trail = data[position + 1] if position + 1 < len(data) else 0
    return _two_bytes("euc-kr", data, position, in_range=0x41 <= trail <= 0xFE)


def _shift_jis(data: bytes, position: int) -> _Step:
    lead = data[position]
    if lead == 0x80:
        return "\x80", 1
    if 0xA1 <= lead <= 0xDF:
        return chr(0xFF61 - 0xA1 + lead), 1
    if not (0x81 <= lead <= 0x9F or 0xE0 <= lead <= 0xFC):
        return None, 1
    trail = data[position + 1] if position + 1 < len(data) else 0
    in_range = 0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFC
    return _two_bytes("shift_jis", data, position, in_range=in_range)


def _euc_jp(data: bytes, position: int) -> _Step:
    lead = data[position]
    if lead not in (0x8E, 0x8F) and not 0xA1 <= lead <= 0xFE:
        return None, 1
    if position + 1 == len(data):
        return _MORE
    trail = data[position + 1]
    if lead == 0x8E:
        if 0xA1 <= trail <= 0xDF:
            return chr(0xFF61 - 0xA1 + trail), 2
    elif 0xA1 <= trail <= 0xFE:
        if lead != 0x8F:
            return read_jis0208(lead - 0xA1, trail - 0xA1), 2
        if position + 2 == len(data):
            return _MORE
        if 0xA1 <= data[position + 2] <= 0xFE:
            return _read("euc-jp", data[position : position + 3]), 3
        # The lead and its second byte are one error.
        return None, 2 if data[position + 2] < 0x80 else 3
    return None, 1 if trail < 0x80 else 2


def read_jis0208(row: int, cell: int) -> str | None:
    """Look a character up in index jis0208; both count from 0.

    Through Shift_JIS, since Python's codec for EUC-JP lacks NEC's and IBM's rows.
    """
    lead, trail = divmod(row * 94 + cell, 188)
    lead += 0x81 if lead < 0x1F else 0xC1
    trail += 0x40 if trail < 0x3F else 0x41
    return _read("shift_jis", bytes((lead, trail)))


def _gb18030(data: bytes, position: int) -> _Step:
    lead = data[position]
    if lead == 0x80:
        return "\u20ac", 1
    if lead == 0xFF:
        return None, 1
    if position + 1 == len(data):
        return _MORE
    if not 0x30 <= data[position + 1] <= 0x39:
        trail = data[position + 1]
        in_range = 0x40 <= trail <= 0x7E or 0x80 <= trail <= 0xFE
        return _two_bytes("gb18030", data, position, in_range=in_range)
    if position + 2 == len(data):
        return _MORE
    if not 0x81 <= data[position + 2] <= 0xFE:
        return None, 1
    if position + 3 == len(data):
        return _MORE
    if not 0x30 <= data[position + 3] <= 0x39:
        return None, 1
    return _read("gb18030", data[position : position + 4]), 4


_STEPS: dict[str, Callable[[bytes, int], _Step]] = {
    "big5": _big5,
    "gb18030": _gb18030,
    "euc-jp": _euc_jp,
    "shift_jis": _shift_jis,
    "euc-kr": _euc_kr,
}
