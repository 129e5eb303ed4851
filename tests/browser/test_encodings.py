"""Text as Chromium reads it, for every label of the Encoding standard: same bytes, same text."""

from __future__ import annotations

import base64
import random
from itertools import product

import pytest
from playwright.sync_api import Page

from xdr_bridge.http.encoding.tables import ENCODINGS
from xdr_bridge.http.encoding.text_decoder import TextDecoder

_DECODE = """([label, data]) => {
  const bytes = Uint8Array.from(atob(data), c => c.charCodeAt(0));
  const text = new TextDecoder(label, { ignoreBOM: true }).decode(bytes);
  // As numbers: lone surrogates do not survive the way here.
  return Array.from(text, c => c.codePointAt(0));
}"""
_LEADS, _BYTES = range(0x80, 0x100), range(0x100)
_MULTI_BYTE = ("gb18030", "big5", "euc-jp", "shift_jis", "euc-kr")
# Where Chromium 156 reads otherwise than the standard, and we do not: these four of Big5, two
# characters each, become lone surrogates. Left out below is what it makes of malformed bytes after
# 8F (EUC-JP), which change what the next character is read as, and after ESC ( (ISO-2022-JP).
_CHROMIUMS = {"big5": (b"\x88\x62", b"\x88\x64", b"\x88\xa3", b"\x88\xa5")}


def _ours(encoding: str, data: bytes) -> list[int]:
    # Something first, so that no byte order mark can begin the text.
    text = TextDecoder(encoding).decode(_start(encoding) + data, final=True)
    return [ord(character) for character in text]


def _start(encoding: str) -> bytes:
    return {"utf-16le": b"\x20\x00", "utf-16be": b"\x00\x20"}.get(encoding, b"   ")


def _theirs(page: Page, label: str, encoding: str, data: bytes) -> list[int]:
    encoded = base64.b64encode(_start(encoding) + data).decode()
    found: list[int] = page.evaluate(_DECODE, [label, encoded])
    return found


def _separated(sequences: list[bytes]) -> bytes:
    # ASCII ends whatever has begun.
    return b"".join([sequence + b"\n\n" for sequence in sequences])


def test_every_label_means_the_encoding_that_it_means_in_chromium(page: Page) -> None:
    page.goto("about:blank")
    names = page.evaluate(
        """labels => labels.map(label => {
          try { return new TextDecoder(label).encoding; } catch (e) { return 'replacement'; }
        })""",
        list(ENCODINGS),
    )
    assert dict(zip(ENCODINGS, names, strict=True)) == ENCODINGS


def test_every_byte_of_every_encoding(page: Page) -> None:
    page.goto("about:blank")
    for encoding in sorted(set(ENCODINGS.values()) - {"replacement"}):
        data = _separated([bytes((byte,)) for byte in _BYTES])
        assert _theirs(page, encoding, encoding, data) == _ours(encoding, data), encoding


@pytest.mark.parametrize("encoding", _MULTI_BYTE)
def test_every_two_bytes(page: Page, encoding: str) -> None:
    page.goto("about:blank")
    leads = [lead for lead in _LEADS if encoding != "euc-jp" or lead != 0x8F]
    pairs = [bytes(pair) for pair in product(leads, _BYTES)]
    data = _separated([p for p in pairs if p not in _CHROMIUMS.get(encoding, ())])
    assert _theirs(page, encoding, encoding, data) == _ours(encoding, data)


def test_every_three_bytes_of_euc_jp(page: Page) -> None:
    page.goto("about:blank")
    data = _separated([bytes((0x8F, *pair)) for pair in product(range(0xA1, 0xFF), repeat=2)])
    assert _theirs(page, "euc-jp", "euc-jp", data) == _ours("euc-jp", data)


def test_four_bytes_of_gb18030(page: Page) -> None:
    page.goto("about:blank")
    leads = [(a, b) for a in (0x81, 0x82, 0x84, 0x85, 0x90, 0xE3, 0xFD) for b in range(0x30, 0x3A)]
    rests = [(a, b) for a in range(0x81, 0xFF) for b in range(0x30, 0x3A)]
    data = _separated([bytes((*lead, *rest)) for lead, rest in product(leads, rests)])
    assert _theirs(page, "gb18030", "gb18030", data) == _ours("gb18030", data)


def test_every_character_of_iso_2022_jp(page: Page) -> None:
    page.goto("about:blank")
    # A letter before each escape sequence: two of them in a row are an error.
    pairs = product(range(0x1F, 0x81), repeat=2)
    data = b"".join(b"a\x1b$B" + bytes(pair) + b"\x1b(B" for pair in pairs)
    data += b"".join(b"a\x1b(I" + bytes((byte,)) + b"\x1b(J\\~" for byte in _BYTES)
    assert _theirs(page, "iso-2022-jp", "iso-2022-jp", data) == _ours("iso-2022-jp", data)


@pytest.mark.parametrize("encoding", [*_MULTI_BYTE, "iso-2022-jp", "utf-8", "utf-16le", "utf-16be"])
def test_bytes_at_random(page: Page, encoding: str) -> None:
    page.goto("about:blank")
    alphabet = bytes(_BYTES)
    if encoding == "euc-jp":
        alphabet = alphabet.replace(b"\x8f", b"")
    elif encoding == "iso-2022-jp":
        alphabet = bytes({*range(0x80)} - {0x0E, 0x0F, 0x1B})
    pieces = [bytes((byte,)) for byte in alphabet]
    if encoding == "iso-2022-jp":
        # Whole: see above for what Chromium makes of others.
        pieces += [b"\x1b$B", b"\x1b(J", b"\x1b(B", b"\x1b(I"] * 4
    data = b"".join(random.Random(encoding).choices(pieces, k=20_000))
    for pair in _CHROMIUMS.get(encoding, ()):
        data = data.replace(pair, b"  ")
    assert _theirs(page, encoding, encoding, data) == _ours(encoding, data)
