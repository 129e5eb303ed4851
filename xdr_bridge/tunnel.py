"""Tunnel request to call: the rules 1 to 4 of docs/wire-format.md as code. Decoding only.

The JavaScript twin is static/src/tunnel.js; tests/vectors/tunnel.json binds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar
from urllib.parse import unquote_to_bytes

from xdr_bridge.errors import Code, RequestError, shown
from xdr_bridge.fields import (
    is_forbidden_method,
    is_refused_request_header,
    normalise_method,
)
from xdr_bridge.messages import Headers, Pair, is_token
from xdr_bridge.targets import resolve_target, split_target

VERSION = "1"
FLAGS = frozenset({"base64", "stream"})
XDR, METHOD, HEADERS, CONTENT_TYPE, ONCE = "$xdr", "$httpMethod", "$httpHeaders", "$ct", "$once"
_DIALECT = (METHOD, HEADERS, CONTENT_TYPE)
_PARAMETERS = frozenset({XDR, ONCE, *_DIALECT})

_BODYLESS = frozenset({"GET", "HEAD"})
_LINE_END = re.compile(rb"\r?\n")
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(r"(\S+) (\S+) HTTP/1\.1")
_TEXT_PLAIN = re.compile(r"[ \t]*(?:text/plain[ \t]*(?:;.*)?)?", re.IGNORECASE)
_FORM = re.compile(r"[ \t]*application/x-www-form-urlencoded[ \t]*(?:;.*)?", re.IGNORECASE)
_MAX_REMEMBERED_BLOCK = 1024
_DEFAULT_CONTENT_TYPE = "text/plain;charset=UTF-8"

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ceilings of Wire 4.4; beyond them a request is refused, never cut."""

    url_characters: int = 16 * 1024
    header_block_bytes: int = 16 * 1024
    header_lines: int = 100
    body_bytes: int = 10 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """The HTTP request that the page wants made, relative to the bridge's base (Wire 3.1).

    The constructor of its headers has checked the syntax; `decode` has checked Wire 4.
    """

    method: str
    target: str
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A recognised tunnel request, before anything in it is believed.

    Attributes:
        form: "query form" or "body form".
        framed: Whether the answer is a frame (Wire 1.2) or the API's own (Wire 1.3).
        target: In query form, the call's target: the outer one without our parameters (Wire 2.4).
        parameters: Ours, still percent-encoded: name and each value, in order.
    """

    form: str
    framed: bool
    target: str
    parameters: dict[str, list[str]] = field(repr=False)


def recognise(target: str, tunnel_path: str) -> Tunnel | None:
    """Tell a tunnel request from a native one by its target alone (Wire 1.1).

    Args:
        target: The outer request target, resolved.
        tunnel_path: `{mount}/tunnel`.
    """
    path, query = split_target(target)
    in_body = path == tunnel_path
    if not in_body and "$" not in query and "%24" not in query:
        return None
    kept: list[str] = []
    parameters: dict[str, list[str]] = {}
    for part in query[1:].split("&") if query else ():
        name, _, value = part.partition("=")
        plain = "$" + name[3:] if name.startswith("%24") else name
        if plain in _PARAMETERS:
            parameters.setdefault(plain, []).append(value)
        else:
            kept.append(part)
    if not in_body and (parameters.keys() <= {ONCE}):
        return None
    return Tunnel(
        form="body form" if in_body else "query form",
        framed=XDR in parameters,
        target=path + ("?" + "&".join(kept) if kept else ""),
        parameters=parameters,
    )


def check_outer(tunnel: Tunnel, method: str, content_types: list[str]) -> frozenset[str]:
    """Check what XDomainRequest can send at all (Wire 1.2 to 1.4); return the flags of `$xdr`.

    Raises:
        RequestError: The version, a flag, the outer method or the outer Content-Type is unknown.
    """
    for name, values in tunnel.parameters.items():
        if len(values) > 1 and name != ONCE:
            raise RequestError(
                Code.TUNNEL_MALFORMED, f"the parameter {name} stands {len(values)} times"
            )
    flags = _flags(tunnel)
    if method not in ("GET", "POST"):
        raise RequestError(
            Code.OUTER_METHOD, f"a tunnel request is a GET or a POST, not {shown(method)}"
        )
    if tunnel.form == "body form" and method != "POST":
        raise RequestError(Code.OUTER_METHOD, "the body form is a POST; this is a GET")
    content_type = ", ".join(content_types)
    # Two of them would pass as one with a comma in a parameter.
    if len(content_types) > 1 or (
        _TEXT_PLAIN.fullmatch(content_type) is None
        and not (
            tunnel.form == "query form" and not tunnel.framed and _FORM.fullmatch(content_type)
        )
    ):
        raise RequestError(
            Code.OUTER_CONTENT_TYPE,
            f"a tunnel request has no Content-Type or text/plain, not {shown(content_type)}",
        )
    return flags


def _flags(tunnel: Tunnel) -> frozenset[str]:
    if not tunnel.framed:
        return frozenset()
    version, *flags = _text(tunnel.parameters[XDR][0], XDR).split(",")
    unknown = [flag for flag in flags if flag not in FLAGS]
    if version != VERSION or unknown:
        what = f"flag {shown(unknown[0])}" if version == VERSION else f"version {shown(version)}"
        raise RequestError(
            Code.UNSUPPORTED_VERSION,
            f"this bridge does not know the {what}; it knows version {VERSION} with the flags"
            f" {' and '.join(sorted(FLAGS))}",
        )
    return frozenset(flags)


def decode(
    tunnel: Tunnel, outer_method: str, body: bytes, limits: Limits, outer: Headers | None = None
) -> Call:
    """Recover the call that the page means (Wire 2 to 4).

    Args:
        tunnel: What the outer target tells.
        outer_method: The tunnel request's method.
        body: Its body.
        limits: The ceilings.
        outer: Its fields; what a header block says is worked out once for equal ones.

    Raises:
        RequestError: The tunnel request is malformed, too large, or names what no page may set.
    """
    outer = outer or Headers()
    if tunnel.form == "body form":
        call = _decode_body_form(tunnel, body, limits, outer)
    else:
        call = _decode_query_form(tunnel, outer_method, body, limits, outer)
    if call.method in _BODYLESS and call.body:
        raise RequestError(
            Code.BODY_NOT_ALLOWED,
            f"a {call.method} takes no body; this one has {len(call.body)} bytes",
        )
    if len(call.body) > limits.body_bytes:
        raise RequestError(
            Code.BODY_TOO_LARGE, f"the body has more than the {limits.body_bytes} bytes accepted"
        )
    return call


def _decode_query_form(
    tunnel: Tunnel, outer_method: str, body: bytes, limits: Limits, outer: Headers
) -> Call:
    parameters = tunnel.parameters
    method = outer_method
    if METHOD in parameters:
        method = _check_method(_text(parameters[METHOD][0], METHOD))
    if outer_method == "GET" and method not in _BODYLESS:
        raise RequestError(
            Code.GET_IS_READ_ONLY,
            f"over GET only GET and HEAD may be tunnelled, not {shown(method)}",
        )
    headers = _remembered(
        outer,
        _query_headers,
        parameters[HEADERS][0] if HEADERS in parameters else "",
        parameters[CONTENT_TYPE][0] if CONTENT_TYPE in parameters else None,
        bool(body),
        limits.header_block_bytes,
        limits.header_lines,
    )
    return Call(method=method, target=tunnel.target, headers=headers, body=body)


def _query_headers(
    _outer: Headers,
    encoded: str,
    content_type: str | None,
    has_body: bool,
    max_size: int,
    max_lines: int,
) -> Headers:
    block = _text(encoded, HEADERS)
    lines = block.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    pairs = _read_lines(lines, len(block), max_size, max_lines)
    if content_type is not None:
        pairs = [pair for pair in pairs if pair[0].lower() != "content-type"]
        pairs.append(("Content-Type", _text(content_type, CONTENT_TYPE)))
    return _check_headers(pairs, has_body)


def _decode_body_form(tunnel: Tunnel, message: bytes, limits: Limits, outer: Headers) -> Call:
    spoken_twice = [name for name in _DIALECT if name in tunnel.parameters]
    if spoken_twice:
        raise RequestError(
            Code.TUNNEL_MALFORMED,
            f"the body form has no parameter {spoken_twice[0]}; say it in the body",
        )
    end = _HEAD_END.search(message, 0, limits.header_block_bytes + limits.url_characters)
    if end is None:
        raise RequestError(
            *(
                (
                    Code.HEADER_BLOCK_TOO_LARGE,
                    f"no empty line within {limits.header_block_bytes} bytes",
                )
                if len(message) > limits.header_block_bytes
                else (Code.TUNNEL_MALFORMED, "the body is no HTTP request: it has no empty line")
            )
        )
    head = message[: end.start()]
    first, line_end, rest = head.partition(b"\n")
    try:
        request_line = first.decode().removesuffix("\r")
        lines = _remembered(outer, _body_lines, rest) if line_end else ()
    except UnicodeDecodeError:
        raise _not_utf8(head) from None
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise RequestError(
            Code.TUNNEL_MALFORMED,
            f"the first line {shown(request_line)} is no request line;"
            " 'PUT /path HTTP/1.1' would be",
        )
    method = _check_method(match[1])
    target = resolve_target(match[2], max_characters=limits.url_characters)
    body = message[end.end() :]
    headers = _remembered(
        outer,
        _body_headers,
        rest,
        lines,
        len(head) - len(request_line),
        bool(body),
        limits.header_block_bytes,
        limits.header_lines,
    )
    return Call(method=method, target=target, headers=headers, body=body)


def _body_lines(_outer: Headers, block: bytes) -> tuple[str, ...]:
    return tuple(block.decode().replace("\r\n", "\n").split("\n"))


def _body_headers(
    _outer: Headers,
    _block: bytes,
    lines: tuple[str, ...],
    size: int,
    has_body: bool,
    max_size: int,
    max_lines: int,
) -> Headers:
    return _check_headers(_read_lines(lines, size, max_size, max_lines), has_body)


def _remembered(
    outer: Headers, make: Callable[..., _Made], block: str | bytes, *args: Hashable
) -> _Made:
    """Return what a header block says: worked out once for equal tunnel requests, if it is short.

    Pages set the same headers again and again. What is remembered goes with the connection.
    """
    if len(block) > _MAX_REMEMBERED_BLOCK:
        return make(outer, block, *args)
    return outer.derived(make, block, *args)


def _not_utf8(head: bytes) -> RequestError:
    try:
        head.decode()
    except UnicodeDecodeError as error:
        detail = f"the head of the body is not UTF-8 at byte {error.start}"
        return RequestError(Code.TEXT_NOT_UTF8, detail)
    raise AssertionError("it is UTF-8 as a whole but not in parts")


def _text(value: str, name: str) -> str:
    """Percent-decode a parameter as strict UTF-8; `+` stays a plus sign (Wire 2.2, 4.3)."""
    if "%" not in value and value.isascii():
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise RequestError(Code.TEXT_NOT_UTF8, f"the parameter {name} is not UTF-8") from None


def _check_method(method: str) -> str:
    if not is_token(method):
        raise RequestError(Code.METHOD_MALFORMED, f"{shown(method)} is no method")
    if is_forbidden_method(method):
        raise RequestError(Code.METHOD_FORBIDDEN, f"no page may use the method {shown(method)}")
    return normalise_method(method)


def _read_lines(lines: Sequence[str], size: int, max_size: int, max_lines: int) -> list[Pair]:
    if size > max_size or len(lines) > max_lines:
        raise RequestError(
            Code.HEADER_BLOCK_TOO_LARGE,
            f"the headers have {len(lines)} lines and {size} characters;"
            f" {max_lines} and {max_size} are accepted",
        )
    pairs: list[Pair] = []
    for number, line in enumerate(lines, 1):
        name, colon, value = line.partition(":")
        if not colon:
            # The line itself may hold a secret.
            raise RequestError(Code.TUNNEL_MALFORMED, f"header line {number} has no colon")
        pairs.append((name, value.strip(" \t")))
    return pairs


def _check_headers(pairs: list[Pair], has_body: bool) -> Headers:
    headers = Headers(_combine(pairs))
    for name, value in headers:
        if is_refused_request_header(name, value):
            raise RequestError(Code.HEADER_FORBIDDEN, f"no page may set the header {shown(name)}")
    if has_body and "Content-Type" not in headers:
        return Headers.trusted([*headers, ("Content-Type", _DEFAULT_CONTENT_TYPE)])
    return headers


def _combine(pairs: list[Pair]) -> list[Pair]:
    """Combine fields of one name, as `XMLHttpRequest.setRequestHeader` does (Wire 2.2)."""
    if len({name.lower() for name, _ in pairs}) == len(pairs):
        return pairs
    combined: dict[str, Pair] = {}
    for name, value in pairs:
        known = combined.get(name.lower())
        combined[name.lower()] = (
            (name, value) if known is None else (known[0], f"{known[1]}, {value}")
        )
    return list(combined.values())
