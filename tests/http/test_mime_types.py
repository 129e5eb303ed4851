"""MIME types, by the MIME Sniffing standard; lists of them, by Fetch."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.mime_types import (
    MimeType,
    extract_mime_type,
    parse_mime_type,
    text_encoding,
)


@pytest.mark.parametrize(
    ("text", "essence", "parameters"),
    [
        ("text/html", "text/html", {}),
        (" TEXT/HTML\t;charset=UTF-8 ", "text/html", {"charset": "UTF-8"}),
        ('text/html;charset="utf-8"', "text/html", {"charset": "utf-8"}),
        (r'text/html;charset="a\"b;c"', "text/html", {"charset": 'a"b;c'}),
        ('text/html;charset="utf-8"junk;a=b', "text/html", {"charset": "utf-8", "a": "b"}),
        ('text/html;charset="utf-8', "text/html", {"charset": "utf-8"}),
        ('text/html;charset="utf-8\\', "text/html", {"charset": "utf-8\\"}),
        ("text/html;charset=a;charset=b", "text/html", {"charset": "a"}),
        ("text/html;charset =a;charset= b", "text/html", {"charset": " b"}),
        ("text/html;;a;b=;c=d", "text/html", {"c": "d"}),
        ('text/html;a="";c=d', "text/html", {"a": "", "c": "d"}),
        ("multipart/form-data; boundary=a,b", "multipart/form-data", {"boundary": "a,b"}),
        ("image/svg+xml", "image/svg+xml", {}),
    ],
)
def test_a_type(text: str, essence: str, parameters: dict[str, str]) -> None:
    assert parse_mime_type(text) == MimeType(essence, parameters)


@pytest.mark.parametrize(
    "text", ["", "text", "text/", "/html", "te xt/html", "text/html x", ";a=b"]
)
def test_what_is_no_type(text: str) -> None:
    assert parse_mime_type(text) is None


@pytest.mark.parametrize(
    ("content_type", "essence", "charset"),
    [
        ("text/plain, text/html;charset=a", "text/html", "a"),
        ("text/html;charset=a, text/html", "text/html", "a"),
        ("text/html;charset=a, text/plain", "text/plain", None),
        ("text/html;charset=a, junk", "text/html", "a"),
        ("text/html;charset=a, */*", "text/html", "a"),
        ('text/html;x="a,b";charset=c', "text/html", "c"),
        ("text/html;charset=a, text/html;charset=b", "text/html", "b"),
        # Fetch keeps the first of the essence for those that name none.
        ("text/html;charset=a, text/html;charset=b, text/html", "text/html", "a"),
    ],
)
def test_a_list_of_types(content_type: str, essence: str, charset: str | None) -> None:
    found = extract_mime_type(content_type)
    assert found is not None
    assert (found.essence, found.parameters.get("charset")) == (essence, charset)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, (None, True)),
        ("junk", (None, True)),
        ("text/xml", (None, True)),
        ("application/atom+xml;charset=latin1", ("windows-1252", True)),
        ("application/csv; charset=windows-1252", ("windows-1252", False)),
        ("text/plain;charset=no-such", (None, False)),
        ("text/plain;x=" + "y" * 300 + ";charset=koi8", ("koi8-r", False)),
    ],
)
def test_how_an_answer_is_read(content_type: str | None, expected: tuple[str | None, bool]) -> None:
    assert text_encoding(content_type) == expected


@given(st.text(alphabet='text/x;= ",\\charset\t', max_size=60))
def test_nothing_is_too_odd(text: str) -> None:
    extract_mime_type(text)
