"""Bytes to text by the Encoding standard; what Chromium makes of the same: tests/browser."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.encoding.tables import ENCODINGS
from xdr_bridge.http.encoding.text_decoder import TextDecoder, get_encoding

NAMES = sorted(set(ENCODINGS.values()))


def decoded(encoding: str | None, *pieces: bytes, is_xml: bool = False) -> str:
    decoder = TextDecoder(encoding, is_xml=is_xml)
    text = "".join([decoder.decode(piece) for piece in pieces])
    return text + decoder.decode(b"", final=True)


@pytest.mark.parametrize(
    ("label", "encoding"),
    [
        ("utf8", "utf-8"),
        (" CP1250\t", "windows-1250"),
        ("latin1", "windows-1252"),
        ("iso8859-15", "iso-8859-15"),
        ("x-sjis", "shift_jis"),
        ("iso-2022-kr", "replacement"),
        ("utf-7", None),
        ("", None),
        ("\u212aoi8-r", None),
    ],
)
def test_a_label(label: str, encoding: str | None) -> None:
    assert get_encoding(label) == encoding


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("windows-1252", b"\x80\x81\x9f", "\u20ac\x81\u0178"),
        ("windows-1253", b"\x81\xaa\xd2", "\x81\ufffd\ufffd"),
        ("koi8-u", b"\xae\xbe", "\u045e\u040e"),
        ("x-user-defined", b"a\x80\xff", "a\uf780\uf7ff"),
        ("replacement", b"anything", "\ufffd"),
        ("replacement", b"", ""),
        ("gbk", b"\x80\x815\xf47\xa8\xbc", "\u20ac\ue7c7\u1e3f"),
        ("gb18030", b"\x84\x31\xff\x37!", "\ufffd1\ufffd7!"),
        ("big5", b"\x87\x7a\xa1\x45\x88\x62", "\u3875\u2027\xca\u0304"),
        ("euc-jp", b"\xad\xa1\x8f\xa2\xb7\x8e\xb1", "\u2460\uff5e\uff71"),
        ("shift_jis", b"\x80\xa0\xfc\x4b\x81 ", "\x80\ufffd\u9ed1\ufffd "),
        # What is malformed costs one character, and the answer goes on.
        ("iso-2022-jp", b"a\x1b$B\x24\x22\xff\x24\x24\x1b(Bz", "a\u3042\ufffd\u3044z"),
        ("iso-2022-jp", b"\x1b$B\x1b(B\x1b(J\\~", "\ufffd\ufffd\xa5\u203e"),
        ("iso-2022-jp", b"\x1b(I1\x1b", "\uff71\ufffd"),
        ("euc-kr", b"\xb0\xa1\xb0", "\uac00\ufffd"),
        ("utf-16le", b"a\x00\x00\xd8b\x00\x01", "a\ufffdb\ufffd"),
    ],
)
def test_bytes_are_read_as_the_standard_says(encoding: str, data: bytes, text: str) -> None:
    assert decoded(encoding, data) == text


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b'<?xml version="1.0" encoding="ISO-8859-1"?><a>K\xe4se</a>', "K\xe4se"),
        (b"<?xml version='1.0' encoding='koi8-r'?><a>\xd4</a>", "\u0442"),
        (b'<?xml version="1.0"?><a>K\xc3\xa4se</a>', "K\xe4se"),
        (b'<?xml version="1.0" encoding="UTF-16"?><a>K\xc3\xa4se</a>', "K\xe4se"),
        (b'<?xml version="1.0" encoding="no-such"?><a>K\xc3\xa4se</a>', "K\xe4se"),
        (b' <?xml version="1.0" encoding="latin1"?><a>K\xc3\xa4se</a>', "K\xe4se"),
        (b'\xef\xbb\xbf<?xml version="1.0" encoding="latin1"?><a>K\xc3\xa4se</a>', "K\xe4se"),
        (b"<?xm", "<?xm"),
        (b"<?xml" + b" " * 2000 + b'encoding="latin1"?>K\xc3\xa4se', "K\xe4se"),
    ],
)
def test_a_declaration_of_xml(data: bytes, text: str) -> None:
    assert text in decoded(None, data, is_xml=True)
    assert text in decoded(None, *(data[i : i + 1] for i in range(len(data))), is_xml=True)


def test_a_charset_that_is_known_wins_over_the_declaration() -> None:
    data = b'<?xml version="1.0" encoding="ISO-8859-1"?>K\xc3\xa4se'
    assert "K\xe4se" in decoded("utf-8", data, is_xml=True)


@given(
    encoding=st.sampled_from(NAMES),
    pieces=st.lists(
        st.one_of(
            st.binary(max_size=6),
            st.sampled_from([b"\x1b$B", b"\x1b(B", b"\x8f\xa2", b"\x815\xf4", b"\x87", b"ascii"]),
        ),
        max_size=12,
    ),
)
def test_pieces_are_read_as_the_whole(encoding: str, pieces: list[bytes]) -> None:
    whole = b"".join(pieces)
    bytewise = [whole[i : i + 1] for i in range(len(whole))]
    assert decoded(encoding, *pieces) == decoded(encoding, whole) == decoded(encoding, *bytewise)
