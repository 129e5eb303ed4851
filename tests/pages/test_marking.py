"""The wire as the demo shows it: cut into pieces that joined are the wire again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from xdr_bridge.pages import marking
from xdr_bridge.pages.marking import Piece

FRAMES = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text("utf-8"))


def text_of(pieces: list[Piece]) -> str:
    return "".join(text for _, text in pieces)


def of_kind(pieces: list[Piece], kind: str) -> str:
    return "".join(text for found, text in pieces if found == kind)


@pytest.mark.parametrize("case", FRAMES["cases"], ids=lambda case: case["name"])
def test_a_marked_frame_loses_nothing_but_the_prelude(case: dict[str, Any]) -> None:
    frame: str = case["frame"]

    pieces = marking.mark_frame(frame)

    shown = [(kind, text) for kind, text in pieces if kind != "note"]
    assert text_of(shown) == frame.lstrip(" \r\n")
    assert of_kind(pieces, "trailer").startswith("\x7f\r\nXDR-End: ")


def test_a_frame_falls_into_start_line_headers_body_and_trailer() -> None:
    frame = "HTTP/1.1 201 Created\r\nx-a: b\r\nXDR-URL: /n\r\n\r\n{}\r\n\x7f\r\nXDR-End: ok\r\n"

    assert marking.mark_frame(frame) == [
        ("version", "HTTP/1.1"),
        ("", " "),
        ("status", "201 Created"),
        ("", "\r\n"),
        ("name", "x-a"),
        ("", ": "),
        ("value", "b"),
        ("", "\r\n"),
        ("own-name", "XDR-URL"),
        ("", ": "),
        ("value", "/n"),
        ("", "\r\n\r\n"),
        ("body", "{}\r\n"),
        ("trailer", "\x7f\r\nXDR-End: ok\r\n"),
    ]


def test_a_network_error_frame_is_a_failure_and_its_reason() -> None:
    frame = "XDR/1 error method-not-allowed\r\nno PURGE here\r\n"

    assert marking.mark_frame(frame) == [
        ("failure", "XDR/1 error method-not-allowed"),
        ("", "\r\n"),
        ("reason", "no PURGE here\r\n"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\r\n",
        "no message at all",
        "PUT /n HTTP/1.1\nA: b\nno field\n\n{}\n\n{}",
        "PUT /n HTTP/1.1\r\nA: b",
        "\r\n\r\nbody",
    ],
)
def test_marking_keeps_every_character_of_what_it_cannot_read(text: str) -> None:
    assert text_of(marking.mark_text_message(text)) == text


def test_the_bridges_own_parameters_are_told_from_the_apis() -> None:
    target = "/n?a=%201&%24xdr=1&$httpHeaders=A%3A+b%0D%0AC%3Ad%0D%0A&b"

    assert marking.without_own_parameters(target) == "/n?a=%201&b"
    assert marking.without_own_parameters("/n?$xdr=1") == "/n"
    assert list(marking.own_parameters(target)) == [
        ("$xdr", "1"),
        ("$httpHeaders", "A:+b\r\nC:d\r\n"),
    ]


@pytest.mark.parametrize(
    ("body", "pieces"),
    [
        (b"", []),
        ("Käse".encode(), [("body", "Käse")]),
        ("Käse".encode()[:2], [("body", "K")]),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 8, [("note", "16 bytes, no text")]),
        (b"a\0b", [("note", "3 bytes, no text")]),
        (b"x" * 8200, [("body", "x" * 8192), ("note", "\r\n… 8 more characters")]),
    ],
    ids=["none", "text", "cut within a character", "picture", "NUL", "long"],
)
def test_a_body_is_shown_as_text_or_not_at_all(body: bytes, pieces: list[Piece]) -> None:
    assert marking.mark_body(body) == pieces
