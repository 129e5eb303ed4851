"""Tunnel request to call: the rules 1 to 4 of docs/wire-format.md as code. Decoding only.

The JavaScript twin is static/src/tunnel.js; tests/vectors/tunnel.json binds the two together.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from xdr_bridge.errors import Code, RequestError, shown
from xdr_bridge.fields import (
    is_forbidden_method,
    is_refused_request_header,
    normalise_method,
)
from xdr_bridge.messages import Headers, Pair, combined, is_token
from xdr_bridge.targets import resolve_target, split_target

VERSION = "1"
FLAGS = frozenset({"base64", "stream"})
XDR, METHOD, HEADERS, CONTENT_TYPE, ONCE = "$xdr", "$httpMethod", "$httpHeaders", "$ct", "$once"
_DIALECT = (METHOD, HEADERS, CONTENT_TYPE)
_PARAMETERS = frozenset({XDR, ONCE, *_DIALECT})

_COMMON_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# Of a request line beside its target, and the line ends around the header block: a method is short.
_REQUEST_LINE_REST = 64
_BODYLESS = frozenset({"GET", "HEAD"})
_LINE_END = re.compile(rb"\r?\n")
_REQUEST_LINE = re.compile(r"(\S+) (\S+) HTTP/1\.1")
_TEXT_PLAIN = re.compile(r"[ \t]*(?:text/plain[ \t]*(?:;.*)?)?", re.IGNORECASE)
_FORM = re.compile(r"[ \t]*application/x-www-form-urlencoded[ \t]*(?:;.*)?", re.IGNORECASE)
_MAX_REMEMBERED_BLOCK = 1024
_MAX_REMEMBERED_FLAGS = 32
_NO_FLAGS: frozenset[str] = frozenset()
_DEFAULT_CONTENT_TYPE = "text/plain;charset=UTF-8"

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ceilings of Wire 4.4; beyond them a request is refused, never cut."""

    url_characters: int = 16 * 1024
    header_block_bytes: int = 16 * 1024
    header_lines: int = 100
    body_bytes: int = 10 * 1024 * 1024

    @property
    def head_bytes(self) -> int:
        """What the head of a body form may have that keeps all of them."""
        return self.url_characters + self.header_block_bytes + _REQUEST_LINE_REST


class Call(NamedTuple):
    """The HTTP request that the page wants made, relative to the bridge's base (Wire 3.1).

    The constructor of its headers has checked the syntax; `decode` has checked Wire 4.
    """

    method: str
    target: str
    headers: Headers
    body: bytes


class Tunnel(NamedTuple):
    """A recognised tunnel request, before anything in it is believed.

    Attributes:
        form: "query form" or "body form".
        framed: Whether the answer is a frame (Wire 1.2) or the API's own (Wire 1.3).
        target: In query form, the call's target: the outer one without our parameters (Wire 2.4).
        parameters: Ours, still percent-encoded: the first value of each name.
        repeated: The names of further ones, in order.
    """

    form: str
    framed: bool
    target: str
    parameters: dict[str, str]
    repeated: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Show what holds no secrets."""
        return f"Tunnel(form={self.form!r}, framed={self.framed})"


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
    parameters: dict[str, str] = {}
    repeated: tuple[str, ...] = ()
    for part in query[1:].split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in _PARAMETERS:
            plain = "$" + name[3:] if name.startswith("%24") else name
            if plain not in _PARAMETERS:
                kept.append(part)
                continue
            name = plain
        if name in parameters:
            repeated += (name,)
        else:
            parameters[name] = value
    if not in_body and (parameters.keys() <= {ONCE}):
        return None
    return Tunnel(
        form="body form" if in_body else "query form",
        framed=XDR in parameters,
        target=path + ("?" + "&".join(kept) if kept else ""),
        parameters=parameters,
        repeated=repeated,
    )


def check_outer(tunnel: Tunnel, method: str, content_types: list[str]) -> frozenset[str]:
    """Check what XDomainRequest can send at all (Wire 1.2 to 1.4); return the flags of `$xdr`.

    Raises:
        RequestError: The version, a flag, the outer method or the outer Content-Type is unknown.
    """
    for name in tunnel.repeated:
        if name != ONCE:
            count = 1 + tunnel.repeated.count(name)
            raise RequestError(Code.TUNNEL_MALFORMED, f"the parameter {name} stands {count} times")
    flags = _read_flags(tunnel.parameters[XDR]) if tunnel.framed else _NO_FLAGS
    if method not in ("GET", "POST"):
        raise RequestError(
            Code.OUTER_METHOD, f"a tunnel request is a GET or a POST, not {shown(method)}"
        )
    if tunnel.form == "body form" and method != "POST":
        raise RequestError(Code.OUTER_METHOD, "the body form is a POST; this is a GET")
    if not content_types:
        return flags
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


def _read_flags(value: str) -> frozenset[str]:
    if len(value) > _MAX_REMEMBERED_FLAGS:
        return _read_flags_anew(value)
    return _read_flags_once(value)


def _read_flags_anew(value: str) -> frozenset[str]:
    version, *flags = _text(value, XDR).split(",")
    unknown = [flag for flag in flags if flag not in FLAGS]
    if version != VERSION or unknown:
        what = f"flag {shown(unknown[0])}" if version == VERSION else f"version {shown(version)}"
        raise RequestError(
            Code.UNSUPPORTED_VERSION,
            f"this bridge does not know the {what}; it knows version {VERSION} with the flags"
            f" {' and '.join(sorted(FLAGS))}",
        )
    return frozenset(flags)


_read_flags_once = lru_cache(maxsize=64)(_read_flags_anew)


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
        method = _check_method(_text(parameters[METHOD], METHOD))
    if outer_method == "GET" and method not in _BODYLESS:
        raise RequestError(
            Code.GET_IS_READ_ONLY,
            f"over GET only GET and HEAD may be tunnelled, not {shown(method)}",
        )
    headers = _remembered(
        outer,
        _query_headers,
        parameters.get(HEADERS, ""),
        parameters.get(CONTENT_TYPE),
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
        pairs.append(("Content-Type", _text(content_type, CONTENT_TYPE).strip(" \t")))
    return _check_headers(pairs, has_body)


def _decode_body_form(tunnel: Tunnel, message: bytes, limits: Limits, outer: Headers) -> Call:
    for name in _DIALECT:
        if name in tunnel.parameters:
            raise RequestError(
                Code.TUNNEL_MALFORMED,
                f"the body form has no parameter {name}; say it in the body",
            )
    end, begin = _find_empty_line(message, limits.head_bytes)
    if end < 0:
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
    try:
        head = message[:end].decode()
    except UnicodeDecodeError as error:
        raise RequestError(
            Code.TEXT_NOT_UTF8, f"the head of the body is not UTF-8 at byte {error.start}"
        ) from None
    request_line, _, block = head.partition("\n")
    request_line = request_line.removesuffix("\r")
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise RequestError(
            Code.TUNNEL_MALFORMED,
            f"the first line {shown(request_line)} is no request line;"
            " 'PUT /path HTTP/1.1' would be",
        )
    method = _check_method(match[1])
    target = resolve_target(match[2], max_characters=limits.url_characters)
    body = message[begin:]
    headers = _remembered(
        outer,
        _body_headers,
        block,
        len(head) - len(request_line),
        bool(body),
        limits.header_block_bytes,
        limits.header_lines,
    )
    return Call(method=method, target=target, headers=headers, body=body)


def _find_empty_line(message: bytes, limit: int) -> tuple[int, int]:
    """Return where the head ends and where the body begins; (-1, -1) if not before `limit`."""
    at = message.find(b"\n\r\n", 0, limit)
    begin = at + 3
    bare = message.find(b"\n\n", 0, limit if at < 0 else at + 1)
    if bare >= 0:
        at, begin = bare, bare + 2
    elif at < 0:
        return -1, -1
    return at - message.startswith(b"\r", at - 1) if at else at, begin


def _body_headers(
    _outer: Headers, block: str, size: int, has_body: bool, max_size: int, max_lines: int
) -> Headers:
    lines = block.replace("\r\n", "\n").split("\n") if block else []
    return _check_headers(_read_lines(lines, size, max_size, max_lines), has_body)


def _remembered(outer: Headers, make: Callable[..., _Made], block: str, *args: Hashable) -> _Made:
    """Return what a header block says: worked out once for equal tunnel requests, if it is short.

    Pages set the same headers again and again. What is remembered goes with the connection.
    """
    if len(block) > _MAX_REMEMBERED_BLOCK:
        return make(outer, block, *args)
    return outer.derived(make, block, *args)


def _text(value: str, name: str) -> str:
    """Percent-decode a parameter as strict UTF-8; `+` stays a plus sign (Wire 2.2, 4.3)."""
    if "%" not in value and value.isascii():
        return value
    try:
        return unquote_to_bytes(value).decode()
    except UnicodeDecodeError:
        raise RequestError(Code.TEXT_NOT_UTF8, f"the parameter {name} is not UTF-8") from None


def _check_method(method: str) -> str:
    if method in _COMMON_METHODS:
        return method
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
    headers = Headers(combined(pairs))
    for name, value in headers:
        if is_refused_request_header(name, value):
            raise RequestError(Code.HEADER_FORBIDDEN, f"no page may set the header {shown(name)}")
    if has_body and "Content-Type" not in headers:
        return Headers.trusted([*headers, ("Content-Type", _DEFAULT_CONTENT_TYPE)])
    return headers
