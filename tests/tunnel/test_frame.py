"""Frames: the golden vectors at every chunking, and the corners of Wire 5."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clients import read_frame
from xdr_bridge.http.encoding.text_decoder import TextDecoder, get_encoding
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers, ResponseHead
from xdr_bridge.tunnel.frame import (
    MAX_HELD_BYTES,
    PRELUDE,
    FrameWriter,
    network_error_frame,
)

VECTORS = json.loads((Path(__file__).parents[1] / "vectors/frames.json").read_text("utf-8"))
TEXT = ("Content-Type", "text/plain")


def writer(
    *fields: tuple[str, str],
    status: int = 200,
    method: str = "GET",
    flags: frozenset[str] = frozenset(),
    exposed: tuple[str, ...] = (),
) -> FrameWriter:
    names = {name.lower() for name in exposed} | {"content-type", "content-length"}
    return FrameWriter(
        ResponseHead(status=status, reason="OK", headers=Headers(fields)),
        method=method,
        target="/t",
        exposes=lambda name: name.lower() in names,
        flags=flags,
    )


def write(frame: FrameWriter, body: bytes, size: int) -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    return frame.open() + b"".join([frame.write(piece) for piece in pieces]) + frame.end()


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_vector_at_every_chunking(case: dict[str, Any], size: int) -> None:
    response = case["response"]
    exposed = {name.lower() for name in case["exposed"]}
    safelisted = {"cache-control", "content-language", "content-length", "content-type"}
    frame = FrameWriter(
        ResponseHead(
            status=response["status"],
            reason=response["reason"],
            headers=Headers(map(tuple, response["headers"])),  # type: ignore[arg-type]
        ),
        method=case["method"],
        target=case["target"],
        exposes=lambda name: (
            name.lower() in exposed | safelisted and not name.lower().startswith("set-cookie")
        ),
        flags=frozenset(case["flags"]),
    )
    written = write(frame, base64.b64decode(response["body_base64"]), size)
    assert written.decode() == case["frame"]
    assert frame.done


@pytest.mark.parametrize(
    ("label", "data", "text"),
    [
        ("utf-8", b"K\xc3\xa4se", "Käse"),
        ("UTF8", b"K\xc3\xa4se", "Käse"),
        ("iso-8859-1", b"\x80\x81\xe4", "€\x81ä"),
        ('"windows-1252"', b"\x8d\x93", "\x8d\u201c"),
        ("iso-8859-15", b"\xa4", "€"),
        ("iso-8859-9", b"\xfd\x80", "\u0131€"),
        ("windows-1251", b"\xc4\xe0", "Да"),
        ("koi8-r", b"\xe4\xc1", "Да"),
        ("shift_jis", b"\x93\xfa\x96\x7b", "日本"),
        ("euc-jp", b"\xc6\xfc\xcb\xdc", "日本"),
        ("gbk", b"\xc8\xd5\xb1\xbe", "日本"),
        ("big5", b"\xa4\xe9\xa5\xbb", "日本"),
        ("euc-kr", b"\xc7\xd1", "한"),
        ("utf-16", "ä".encode("utf-16-le"), "ä"),
        ("utf-16be", "ä".encode("utf-16-be"), "ä"),
        ("made-up", b"K\xc3\xa4se", "Käse"),
        ("rot13", b"abc", "abc"),
        ("base64", b"YWJj", "YWJj"),
        ("idna", b"xn--a", "xn--a"),
    ],
)
def test_a_charset_is_converted(label: str, data: bytes, text: str) -> None:
    for essence in ("text/plain", "application/x-ndjson", "image/png"):
        frame = writer(("Content-Type", f"{essence};x=y; charset={label}"))
        assert read_frame(write(frame, data, 1)).body == text


@pytest.mark.parametrize("size", [1, 1000, MAX_HELD_BYTES, MAX_HELD_BYTES + 1, 1 << 20])
def test_a_nul_and_a_del_arrive_wherever_they_stand(size: int) -> None:
    body = b"\x7f0\0" + b"a" * (MAX_HELD_BYTES + 10) + b"\0\x7f\x7f"
    written = write(writer(TEXT), body, size)
    assert b"\0" not in written
    assert read_frame(written).body.encode() == body


@pytest.mark.parametrize("type_", ["text/plain", "image/png"])
@pytest.mark.parametrize("sent", [0, 1, 100, 200_000])
def test_a_cut_answer_says_so_and_nothing_more(type_: str, sent: int) -> None:
    frame = writer(("Content-Type", type_))
    written = frame.open() + frame.write(b"x" * sent) + frame.cut(Code.UPSTREAM_CUT)
    assert read_frame(written).end == "upstream-cut"
    assert read_frame(written).status == 200
    assert frame.done
    assert frame.end() == b""


def test_a_streamed_frame_is_on_its_way_before_the_body() -> None:
    frame = writer(TEXT, flags=frozenset({"stream"}))
    opening = frame.open()
    assert opening.startswith(PRELUDE + b"HTTP/1.1 200 OK\r\n")
    assert opening.endswith(b"\r\n\r\n")
    assert frame.write(b"abc") == b"abc"
    # A character is not shown before it is whole.
    assert frame.write(b"\xc3") + frame.pause() == b""
    assert frame.write(b"\xa4") == b"\xc3\xa4"
    assert frame.write(b"x\0y") == b"x\x7f0y"
    assert frame.end() == b"\x7f\r\nXDR-End: ok\r\n"


def test_streamed_base64_comes_in_whole_quanta_and_all_of_it_at_a_pause() -> None:
    frame = writer(TEXT, flags=frozenset({"stream", "base64"}))
    assert b"XDR-Encoding: base64\r\n\r\n" in frame.open()
    pieces = [frame.write(b"a"), frame.write(b"bc"), frame.write(b"d"), frame.pause()]
    assert pieces == [b"", b"YWJj", b"", b"ZA=="]
    assert frame.pause() == b""
    assert frame.write(b"e") + frame.end() == b"ZQ==\x7f\r\nXDR-End: ok\r\n"


def test_a_short_answer_leaves_whole_and_without_a_prelude() -> None:
    frame = writer(TEXT)
    pieces = [frame.open(), frame.write(b"short "), frame.write(b"answer")]
    assert pieces == [b"", b"", b""]
    assert frame.end().startswith(b"HTTP/1.1 200 OK\r\n")
    assert frame.pause() == b""


@pytest.mark.parametrize("before", [b"", b"one\n"])
def test_a_pause_lets_go_what_has_come(before: bytes) -> None:
    frame = writer(TEXT)
    assert frame.write(before) == b""
    left = frame.pause()
    assert left.startswith(PRELUDE + b"HTTP/1.1 200 OK\r\n")
    assert left.endswith(b"\r\n\r\n" + before)
    assert frame.pause() == b""
    assert frame.write(b"two\n") == b"two\n"
    assert frame.cut(Code.UPSTREAM_CUT) == b"\x7f\r\nXDR-End: upstream-cut\r\n"


@pytest.mark.parametrize(
    ("label", "piece", "shown"),
    [
        ("utf-8", b"[", b"["),
        ("utf-8", b"\xc3\xa4", b"\xc3\xa4"),
        ("utf-8", b"\xef\xbb", b""),
        ("utf-8", b"\xff", b""),
        ("iso-8859-1", b"\xe4", b"\xc3\xa4"),
        ("utf-16", b"a\0", b"a"),
    ],
)
def test_only_what_may_be_a_byte_order_mark_waits(label: str, piece: bytes, shown: bytes) -> None:
    frame = writer(("Content-Type", f"text/plain; charset={label}"))
    assert frame.write(piece) == b""
    assert frame.pause().endswith(b"\r\n\r\n" + shown)


def test_a_long_answer_begins_without_a_prelude() -> None:
    frame = writer(TEXT)
    assert frame.write(b"x" * (MAX_HELD_BYTES - 1)) == b""
    assert frame.write(b"xy").startswith(b"HTTP/1.1 200 OK\r\n")
    assert frame.write(b"z") == b"z"


@pytest.mark.parametrize("size", [1, 7, 100_000])
@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"Hallo" * 1000, mtime=0)),
        ("GZIP", gzip.compress(b"Hallo" * 1000, mtime=0)),
        ("x-gzip", gzip.compress(b"Hallo" * 400, mtime=0) + gzip.compress(b"Hallo" * 600, mtime=0)),
        ("deflate", zlib.compress(b"Hallo" * 1000)),
        ("identity", b"Hallo" * 1000),
        ("gzip", gzip.compress(b"Hallo" * 1000, mtime=0) + b"garbage"),
        ("gzip", gzip.compress(b"Hallo" * 1000, mtime=0) + b"and\x1f\x8bmore"),
    ],
    ids=[
        "gzip",
        "upper case",
        "two members",
        "deflate",
        "identity",
        "garbage",
        "member in garbage",
    ],
)
def test_a_content_coding_is_undone(coding: str, packed: bytes, size: int) -> None:
    frame = read_frame(write(writer(TEXT, ("Content-Encoding", coding)), packed, size))
    assert (frame.body, frame.end) == ("Hallo" * 1000, "ok")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "identity, br"])
def test_a_content_coding_that_nobody_asked_for_is_refused(coding: str) -> None:
    with pytest.raises(ValueError, match="was not asked for"):
        writer(TEXT, ("Content-Encoding", coding))
    # An answer without a body has nothing to undo.
    assert read_frame(write(writer(TEXT, ("Content-Encoding", coding), method="HEAD"), b"", 1))


@pytest.mark.parametrize(
    "data",
    [
        b"no gzip at all",
        gzip.compress(b"x" * 1000, mtime=0)[:-1],
        gzip.compress(b"x", mtime=0)[:-9],
    ],
)
def test_a_broken_content_coding_never_ends_well(data: bytes) -> None:
    frame = writer(TEXT, ("Content-Encoding", "gzip"))
    with pytest.raises(ValueError, match="content coding"):
        write(frame, data, 1000)
    assert read_frame(frame.cut(Code.UPSTREAM_CUT)).end == "upstream-cut"


def test_a_bomb_is_given_up_long_before_it_is_whole() -> None:
    bomb = gzip.compress(b"a" * 64_000_000)
    frame = writer(TEXT, ("Content-Encoding", "gzip"))
    pieces = [frame.write(bomb)]

    def go_on() -> None:
        while frame.is_behind:
            pieces.append(frame.write(b""))

    with pytest.raises(ValueError, match="too much of too little"):
        go_on()
    written = b"".join(pieces)
    assert max(map(len, pieces)) <= 2 * MAX_HELD_BYTES + 4096
    assert len(written) < 20_000_000
    assert read_frame(written + frame.cut(Code.UPSTREAM_CUT)).end == "upstream-cut"


def test_a_text_that_compresses_well_is_no_bomb() -> None:
    body = b"".join([b"%032x" % (number * 7919) * 4 for number in range(200_000)])
    assert len(body) > 20_000_000
    packed = gzip.compress(body, 1)
    frame = read_frame(write(writer(TEXT, ("Content-Encoding", "gzip")), packed, 1 << 16))
    assert (len(frame.body), frame.end) == (len(body), "ok")


def test_a_frame_of_head_ignores_a_body() -> None:
    frame = writer(TEXT, method="HEAD")
    assert frame.write(b"body") == b""
    assert read_frame(frame.end()).body == ""


def test_a_network_error_is_two_lines_whatever_its_detail() -> None:
    error = RequestError(Code.TARGET_MALFORMED, "one\r\ntwo\n three…")
    assert (
        network_error_frame(error) == "XDR/1 error target-malformed\r\none two three…\r\n".encode()
    )


@given(
    st.lists(
        st.binary(max_size=6) | st.sampled_from([b"plain", b"\xef\xbb\xbf", b"\xc3"]), max_size=6
    ),
    st.sampled_from(["utf-8", "latin1", "utf-16", "iso-2022-jp", "gbk"]),
)
def test_text_in_pieces_is_the_text(pieces: list[bytes], label: str) -> None:
    charset = get_encoding(label)
    decoder, whole = TextDecoder(charset), TextDecoder(charset)
    text = "".join([decoder.decode(piece) for piece in pieces]) + decoder.decode(b"", final=True)
    data = b"".join(pieces)
    assert text == whole.decode(data, final=True)
    if label == "utf-8" and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        assert text == data.decode("utf-8", "replace")
