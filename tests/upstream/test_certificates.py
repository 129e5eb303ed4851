"""What a certificate says of itself, read from its bytes."""

from __future__ import annotations

import contextlib
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.raw_api import AUTHORITY, PRIVATE, SELF_SIGNED, SHOP_ONLY
from xdr_bridge.upstream.certificates import Certificate, read_certificate


def der(file: Path) -> bytes:
    """Take the certificate out of a file that may hold a key before it."""
    begin = "-----BEGIN CERTIFICATE-----"
    return ssl.PEM_cert_to_DER_cert(begin + file.read_text("ascii").partition(begin)[2])


@pytest.mark.parametrize(
    ("file", "names", "issuer"),
    [
        (SELF_SIGNED, "'localhost', '127.0.0.1'", "'xdr-bridge tests'"),
        (PRIVATE, "'localhost', '127.0.0.1'", "'Private Authority'"),
        (SHOP_ONLY, "'shop.example', '*.shop.example'", "'Private Authority'"),
        # No host: its own name.
        (AUTHORITY, "'Private Authority'", "'Private Authority'"),
    ],
)
def test_names_and_issuer_are_read(file: Path, names: str, issuer: str) -> None:
    assert read_certificate(der(file)) == Certificate(names=names, issuer=issuer)


def _element(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + length + content


def _made(issuer: bytes, *names: bytes) -> bytes:
    def name(text: bytes) -> bytes:
        pair = _element(0x30, _element(0x06, b"\x55\x04\x03"), _element(0x0C, text))
        return _element(0x30, _element(0x31, pair))

    alternatives = _element(0x30, *(_element(0x82, one) for one in names))
    extension = _element(0x30, _element(0x06, b"\x55\x1d\x11"), _element(0x04, alternatives))
    number, empty = _element(0x02, b"\x01"), _element(0x30)
    extensions = _element(0xA3, _element(0x30, extension))
    body = _element(0x30, number, empty, name(issuer), empty, name(b"me"), empty, extensions)
    return _element(0x30, body)


def test_what_it_says_is_quoted_and_cut() -> None:
    said = read_certificate(_made(b"evil\r\n\x1b[31m\xff" + b"x" * 200, *[b"a\nb"] * 5))
    assert said.names == "'a\\nb', 'a\\nb', 'a\\nb' and 2 more"
    assert said.issuer.startswith(r"'evil\r\n\x1b[31m\ufffdxxx")
    assert len(said.issuer) < 120


@given(st.binary(max_size=200))
def test_what_is_no_certificate_is_a_value_error(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        read_certificate(data)


@given(st.data())
def test_a_damaged_certificate_is_a_value_error_or_says_something(data: st.DataObject) -> None:
    whole = bytearray(der(PRIVATE))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    with contextlib.suppress(ValueError):
        said = read_certificate(bytes(whole[:cut] if cut % 2 else whole))
        assert (said.names + said.issuer).isprintable()
