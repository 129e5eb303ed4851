"""HTTP messages without bodies: what their constructors let through."""

from __future__ import annotations

import pytest

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import (
    Headers,
    ResponseHead,
    has_body,
    list_items,
    without_hop_by_hop,
)


def test_headers_answer_in_any_letter_case_and_keep_order_and_spelling() -> None:
    headers = Headers([("X-A", "1"), ("x-b", "2"), ("x-a", "3")])
    assert list(headers) == [("X-A", "1"), ("x-b", "2"), ("x-a", "3")]
    assert headers.get_all("X-a") == ["1", "3"]
    assert headers.get("x-A") == "1, 3"
    assert headers.get("X-B") == "2"
    assert headers.get("x-c") is None
    assert headers.get_all("x-c") == []
    assert "X-B" in headers
    assert "X" not in headers
    assert len(headers) == 3


def test_headers_are_compared_by_their_fields() -> None:
    assert Headers([("A", "1")]) == Headers.trusted([("A", "1")])
    assert hash(Headers([("A", "1")])) == hash(Headers([("A", "1")]))
    assert Headers([("A", "1")]) != Headers([("a", "1")])
    assert Headers([("A", "1"), ("B", "2")]) != Headers([("B", "2"), ("A", "1")])
    assert Headers([("A", "1")]) != [("A", "1")]


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a:", "a\n", "a\0", "(a)", "ä", "a\u212a", "a,b", "a;", "a\x7f", "\ta"]
)
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    with pytest.raises(RequestError) as refusal:
        Headers([(name, "1")])
    assert refusal.value.code is Code.HEADER_NAME_MALFORMED


@pytest.mark.parametrize(
    "value",
    [
        "a\r\nb",
        "a\nb",
        "a\rb",
        "\n",
        "a\0",
        "a\x0b",
        "a\x1b",
        "a\x7f",
        "\u0100",
        "\u010d\u010a",
        "😀",
    ],
)
def test_a_value_that_could_split_a_message_is_refused(value: str) -> None:
    with pytest.raises(RequestError) as refusal:
        Headers([("X-A", value)])
    assert refusal.value.code is Code.HEADER_VALUE_MALFORMED
    assert value not in refusal.value.detail


@pytest.mark.parametrize("value", ["", "a\tb", " a ", "K\xe4se", "\xff", "\x80", '"()<>@'])
def test_a_value_of_visible_characters_is_kept(value: str) -> None:
    assert Headers([("X-A", value)]).get("x-a") == value


@pytest.mark.parametrize(
    ("status", "reason"), [(99, ""), (1000, ""), (0, ""), (200, "O\rK"), (200, "O\nK"), (200, "\0")]
)
def test_a_status_line_that_could_be_split_cannot_be_made(status: int, reason: str) -> None:
    with pytest.raises(ValueError, match="no status line"):
        ResponseHead(status=status, reason=reason, headers=Headers())


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("GET", 200, True),
        ("GET", 204, False),
        ("GET", 304, False),
        ("GET", 205, True),
        ("GET", 404, True),
        ("HEAD", 200, False),
        ("POST", 100, False),
    ],
)
def test_which_answers_have_a_body(method: str, status: int, expected: bool) -> None:
    assert has_body(method, status) is expected


@pytest.mark.parametrize(
    ("value", "items"),
    [
        (None, []),
        ("", []),
        (" , ,", []),
        ("a", ["a"]),
        ("a ,\tb,,c d", ["a", "b", "c d"]),
    ],
)
def test_a_list_is_split_and_its_empty_items_dropped(value: str | None, items: list[str]) -> None:
    assert list_items(value) == items


def test_fields_of_one_connection_only_are_dropped() -> None:
    headers = Headers(
        [
            ("Connection", "close, X-Hop"),
            ("connection", "X-Other"),
            ("Keep-Alive", "timeout=5"),
            ("Proxy-Authorization", "x"),
            ("Proxy-Authenticate", "x"),
            ("Proxy-Connection", "x"),
            ("TE", "trailers"),
            ("Trailer", "X"),
            ("Transfer-Encoding", "chunked"),
            ("Upgrade", "h2c"),
            ("x-hop", "1"),
            ("X-OTHER", "1"),
            ("X-End", "1"),
        ]
    )
    assert list(without_hop_by_hop(headers)) == [("X-End", "1")]


@pytest.mark.parametrize(
    "name", ["Origin", "Host", "Content-Length", "Content-Type", "Authorization", "Cookie"]
)
def test_connection_cannot_strip_a_field_that_decides(name: str) -> None:
    headers = Headers([("Connection", name), (name, "kept")])
    assert list(without_hop_by_hop(headers)) == [(name, "kept")]


def test_what_follows_from_headers_is_made_once() -> None:
    made: list[str] = []

    def joined(headers: Headers, mark: str) -> str:
        made.append(mark)
        return mark.join(value for _, value in headers)

    headers = Headers([("A", "1"), ("B", "2")])
    assert [headers.derived(joined, mark) for mark in "+-+-"] == ["1+2", "1-2", "1+2", "1-2"]
    assert made == ["+", "-"]
    for number in range(100):
        headers.derived(joined, str(number))
    assert len(headers._derived) <= 8
