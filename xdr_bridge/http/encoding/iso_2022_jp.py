"""The decoder of ISO-2022-JP: Encoding standard, section 12.2."""

from __future__ import annotations

from enum import Enum, auto

from xdr_bridge.http.encoding.legacy import read_jis0208

_REPLACEMENT = "\ufffd"
_ESCAPE = 0x1B


class _Set(Enum):
    """What the bytes mean, until the next escape sequence."""

    ASCII = auto()
    ROMAN = auto()
    KATAKANA = auto()
    JIS0208 = auto()


_ESCAPES = {
    b"(B": _Set.ASCII,
    b"(J": _Set.ROMAN,
    b"(I": _Set.KATAKANA,
    b"$@": _Set.JIS0208,
    b"$B": _Set.JIS0208,
}


class Iso2022JpDecoder:
    """Decodes one body, piece by piece."""

    def __init__(self) -> None:
        """Begin in ASCII."""
        self._set = _Set.ASCII
        # The standard's output flag: an escape sequence right after another is an error.
        self._escaped = False
        self._rest = b""

    def decode(self, data: bytes, final: bool = False) -> str:
        """Take a piece, return the text that is certain."""
        data = self._rest + data
        text = []
        position = 0
        while position < len(data):
            if data[position] == _ESCAPE:
                sequence = data[position + 1 : position + 3]
                if len(sequence) < 2 and not final:
                    break
                character, taken = self._escape(sequence)
            elif self._set is _Set.JIS0208 and data[position] in range(0x21, 0x7F):
                if position + 1 == len(data) and not final:
                    break
                character, taken = self._read_two(data[position : position + 2])
            else:
                character, taken = self._read_one(data[position])
            text.append(character)
            position += taken
        self._rest = data[position:]
        return "".join(text)

    def _escape(self, sequence: bytes) -> tuple[str, int]:
        found = _ESCAPES.get(sequence)
        if found is None:
            # What follows the escape is read as if it stood there alone.
            self._escaped = False
            return _REPLACEMENT, 1
        self._set = found
        twice, self._escaped = self._escaped, True
        return _REPLACEMENT if twice else "", 3

    def _read_two(self, pair: bytes) -> tuple[str, int]:
        self._escaped = False
        if len(pair) < 2 or pair[1] == _ESCAPE:
            return _REPLACEMENT, 1
        if pair[1] not in range(0x21, 0x7F):
            return _REPLACEMENT, 2
        return read_jis0208(pair[0] - 0x21, pair[1] - 0x21) or _REPLACEMENT, 2

    def _read_one(self, byte: int) -> tuple[str, int]:
        self._escaped = False
        if self._set is _Set.KATAKANA and 0x21 <= byte <= 0x5F:
            return chr(0xFF61 - 0x21 + byte), 1
        if self._set in (_Set.ASCII, _Set.ROMAN) and byte < 0x80 and byte not in (0x0E, 0x0F):
            roman = {0x5C: "\xa5", 0x7E: "\u203e"} if self._set is _Set.ROMAN else {}
            return roman.get(byte, chr(byte)), 1
        return _REPLACEMENT, 1
