"""What any page can make the bridge do before it is known: little, and in proportion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Reply
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import Code
from xdr_bridge.http.messages import Headers, RequestHead
from xdr_bridge.http.v1.request_reader import RequestReader
from xdr_bridge.tunnel.recognition import recognise, recognise_unread

SHOP = "https://shop.example"
KIB = 1024
# Of one KiB before the gate; a Python line takes some 50 ns.
LINES_PER_KIB = 3600


def bridge() -> Bridge:
    paths = ({"prefix": "/admin", "allow_origins": ("https://admin.example",)},)
    apis = ({"url": "http://127.0.0.1:9000", "allow_origins": (SHOP,), "paths": paths},)
    return Settings(apis=apis).build_bridge()


def lines_of(work: Callable[[], Any]) -> int:
    """Count the lines of Python that run."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count


FLOODS = {
    "a repeated parameter": ("/a?", "&$xdr"),
    "a repeated parameter, encoded": ("/a?", "&%24ct=1"),
    "a harmless parameter": ("/a?$xdr=1", "&$once"),
    "parameters of nobody's": ("/a?$xdr=1", "&a"),
    "dots": ("/a", "/."),
    "dots that climb": ("/a", "/b/.."),
    "encoded dots": ("/a", "/%2e"),
    "encoded letters": ("/a", "%61"),
    "encoded percent signs": ("/a", "%25"),
    "parameters of a path": ("/a", ";b"),
    "slashes": ("/a", "/a//b"),
    "capitals": ("/a", "/A"),
}


def ask(target: str) -> Callable[[], Any]:
    head = RequestHead("GET", target, Headers([("Host", "b"), ("Origin", "https://evil.test")]))
    one = bridge()
    return lambda: one.receive(head)


@pytest.mark.parametrize("flood", FLOODS)
def test_the_work_is_in_proportion_to_the_target(flood: str) -> None:
    begin, piece = FLOODS[flood]
    counts = []
    for size in (4 * KIB, 8 * KIB, 16 * KIB):
        target = begin + piece * ((size - len(begin)) // len(piece))
        counts.append(lines_of(ask(target)))
        assert counts[-1] <= LINES_PER_KIB * size / KIB
    assert counts[2] <= 4.4 * counts[0] + 200


@pytest.mark.parametrize("flood", FLOODS)
def test_a_target_beyond_the_limit_is_not_taken_apart(flood: str) -> None:
    begin, piece = FLOODS[flood]
    target = begin + piece * (65 * KIB // len(piece))
    assert lines_of(ask(target)) < 300


def test_what_is_handed_on_of_a_repeated_parameter_does_not_grow() -> None:
    tunnel = recognise("/a?b" + "&$xdr" * 3000, "/xdr/tunnel")
    assert tunnel is not None
    assert tunnel.repeated == "$xdr"
    assert tunnel.parameters == {"$xdr": ""}
    assert tunnel.target == "/a?b"


@pytest.mark.parametrize(
    ("query", "framed"),
    [
        ("$xdr=1", True),
        ("a&%24xdr", True),
        ("a=$xdr=1", False),
        ("a?$xdr", False),
        ("$once", False),
    ],
)
def test_what_is_too_long_is_refused_in_the_form_that_it_asks_for(query: str, framed: bool) -> None:
    long = "b=" + "x" * 17 * KIB
    for target in (f"/a?{query}&{long}", f"/a?{long}&{query}"):
        tunnel = recognise_unread(target, "/xdr/tunnel")
        assert (tunnel is not None and tunnel.framed) == framed
        head = RequestHead("GET", target, Headers([("Host", "b"), ("Origin", SHOP)]))
        step = bridge().receive(head)
        assert isinstance(step, Reply)
        assert step.refusal is not None
        assert step.refusal.code is Code.URL_TOO_LONG
        assert step.head.status == (200 if framed else 414)


class Pieces(bytes):
    """Bytes that count what is copied where they are put behind others."""

    copied = 0

    def __radd__(self, other: bytes) -> bytes:
        Pieces.copied += len(other)
        return bytes(other) + bytes(self)


def test_a_head_that_drips_in_is_not_copied_for_each_byte() -> None:
    class Nobody:
        def __getattr__(self, name: str) -> Any:
            return lambda *_, **__: None

    reader = RequestReader(
        Nobody(), client=None, scheme="http", max_head_bytes=65536, max_fields=128
    )
    Pieces.copied = 0
    for byte in b"GET /x HTTP/1.1\r\nHost: b\r\nX-A: " + b"a" * 4000 + b"\r\n\r\n":
        reader.feed(Pieces([byte]))
    assert not reader.begun
    assert Pieces.copied == 0
