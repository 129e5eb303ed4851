"""Cut HTTP messages and frames into marked pieces, so that a page can colour them.

A marked text is a list of (kind, text) pieces. The texts of all pieces, joined, are the message
as it went over the wire; the kinds are class names for the page. The reading is lenient, for the
eye alone: what counts is decided in the core, and refused messages are to be seen as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias
from urllib.parse import unquote

from xdr_bridge.http.messages import RequestHead, ResponseHead

Piece: TypeAlias = tuple[str, str]

BODY_MAX_CHARACTERS = 8192

# Fields that every browser and server adds; true, but not what the demo is about.
_MINOR = re.compile(
    r"accept|accept-encoding|accept-language|cache-control|connection|content-length|date|dnt"
    r"|expires|forwarded|host|keep-alive|pragma|priority|referer|sec-.*|server|transfer-encoding"
    r"|upgrade-insecure-requests|user-agent|vary|via|x-content-type-options|x-forwarded-.*"
    r"|timing-allow-origin|cross-origin-resource-policy",
    re.IGNORECASE,
)
_LINE = re.compile(r"([^\r\n]*)(\r?\n|\Z)")
_HEAD_END = re.compile(r"\r?\n\r?\n")
_REQUEST_LINE = re.compile(r"(\S+)( +)(\S+)( +)((?:HTTP|XDR)/\S+)")
_STATUS_LINE = re.compile(r"(HTTP/\S+)( +)(\d{3}.*)")
_FIELD = re.compile(r"([^:\s]+)(:[ \t]*)(.*)")
_TRAILER = re.compile(r"\x7f\r\nXDR-End: [^\r\n]*\r\n\Z")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f]")


def mark_request(head: RequestHead) -> list[Piece]:
    """Mark a request's head, up to and with the empty line."""
    pieces = [("method", head.method), ("", " "), *_mark_target(head.target)]
    return [*pieces, ("version", " HTTP/1.1"), ("", "\r\n"), *_mark_fields(head.headers)]


def mark_response(head: ResponseHead) -> list[Piece]:
    """Mark a response's head, up to and with the empty line."""
    start = [("version", "HTTP/1.1"), ("", " "), ("status", f"{head.status} {head.reason}".strip())]
    return [*start, ("", "\r\n"), *_mark_fields(head.headers)]


def mark_text_message(text: str) -> list[Piece]:
    """Mark a message that is itself text: the call in a body form, or a frame less its trailer."""
    end = _HEAD_END.search(text)
    head, body = (text[: end.end()], text[end.end() :]) if end else (text, "")
    lines = [match for match in _LINE.finditer(head) if match.group()]
    pieces: list[Piece] = []
    for number, line in enumerate(lines):
        pieces += _mark_start(line[1]) if number == 0 else _mark_field(line[1])
        pieces.append(("", line[2]))
    return _joined([*pieces, *_mark_body(body)])


def mark_frame(text: str) -> list[Piece]:
    """Mark a frame, with its trailer, or a network-error frame (Wire 5)."""
    if text.startswith("XDR/1 error"):
        line, ended, rest = text.partition("\r\n")
        return _joined([("failure", line), ("", ended), ("reason", rest)])
    # Wire 5.7: the prelude is for the browser's buffer; its 2,048 spaces are no sight.
    message = text.lstrip(" ")
    prelude = [("note", f"{len(text) - len(message):,} spaces\r\n")] if message != text else []
    message = message.removeprefix("\r\n") if prelude else message
    trailer = _TRAILER.search(message)
    cut = trailer.start() if trailer else len(message)
    return [*prelude, *mark_text_message(message[:cut]), *_joined([("trailer", message[cut:])])]


def mark_body(body: bytes) -> list[Piece]:
    """Mark a body: its text, or how much of what it is not."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        # The observer hands over a body's beginning; its cut may lie within a character.
        if error.start < len(body) - 3:
            return [("note", f"{len(body):,} bytes, no text")]
        text = body[: error.start].decode("utf-8")
    if _UNPRINTABLE.search(text):
        return [("note", f"{len(body):,} bytes, no text")]
    return _mark_body(text)


def mark_parameters(target: str) -> list[Piece]:
    """Mark the bridge's own parameters in a query, decoded, one to a line (Wire 2)."""
    pieces: list[Piece] = []
    for name, value in own_parameters(target):
        pieces += [("name", name), ("", " = ")]
        value = value.rstrip("\r\n")
        pieces += [("value", value.replace("\r\n", "\r\n  ")), ("", "\r\n")]
    return pieces


def own_parameters(target: str) -> Iterator[tuple[str, str]]:
    """Go through the decoded parameters that are the bridge's, not the API's."""
    for parameter in target.partition("?")[2].split("&"):
        name, _, value = parameter.partition("=")
        if unquote(name).startswith("$"):
            yield unquote(name), unquote(value)


def without_own_parameters(target: str) -> str:
    """Return the target with the API's parameters only."""
    path, _, query = target.partition("?")
    kept = [part for part in query.split("&") if part and not unquote(part).startswith("$")]
    return path + ("?" + "&".join(kept) if kept else "")


def _mark_target(target: str) -> list[Piece]:
    pieces: list[Piece] = []
    for part in re.split(r"(?<=[?&])", target):
        kind = "parameter" if unquote(part).startswith("$") else "target"
        pieces.append((kind, part))
    return _joined(pieces)


def _mark_start(line: str) -> list[Piece]:
    if match := _REQUEST_LINE.fullmatch(line):
        method, gap, target, second_gap, version = match.groups()
        return [
            ("method", method),
            ("", gap),
            ("target", target),
            ("version", second_gap + version),
        ]
    if match := _STATUS_LINE.fullmatch(line):
        version, gap, status = match.groups()
        return [("version", version), ("", gap), ("status", status)]
    return [("", line)]


def _mark_fields(headers: Iterable[tuple[str, str]]) -> list[Piece]:
    pieces: list[Piece] = []
    for name, value in headers:
        if _MINOR.fullmatch(name):
            pieces.append(("minor", f"{name}: {value}\r\n"))
        else:
            pieces += [("name", name), ("", ": "), ("value", value), ("", "\r\n")]
    return [*pieces, ("", "\r\n")]


def _mark_field(line: str) -> list[Piece]:
    match = _FIELD.fullmatch(line)
    if match is None:
        return [("", line)]
    name, colon, value = match.groups()
    own = name.upper().startswith("XDR-")
    return [("own-name" if own else "name", name), ("", colon), ("value", value)]


def _mark_body(text: str) -> list[Piece]:
    if len(text) <= BODY_MAX_CHARACTERS:
        return _joined([("body", text)])
    left = len(text) - BODY_MAX_CHARACTERS
    return [("body", text[:BODY_MAX_CHARACTERS]), ("note", f"\r\n… {left:,} more characters")]


def _joined(pieces: Iterable[Piece]) -> list[Piece]:
    """Join neighbours of one kind and drop empty pieces."""
    joined: list[Piece] = []
    for kind, text in pieces:
        if text and joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        elif text:
            joined.append((kind, text))
    return joined
