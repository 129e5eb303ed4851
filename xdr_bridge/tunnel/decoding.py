"""Tunnel request to call: the rules 2 to 4 of docs/wire-format.md as code. Decoding only.

The JavaScript twin is static/src/tunnel.js; tests/vectors/tunnel.json binds the two together.
Longer than 300 lines: both forms end in the same checks, which stand below them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.fields import (
    is_forbidden_method,
    is_refused_request_header,
    normalise_method,
    overriding_methods,
)
from xdr_bridge.http.messages import (
    MAX_HEADER_BLOCK_BYTES,
    MAX_HEADER_LINES,
    Headers,
    Pair,
    combined,
    is_token,
)
from xdr_bridge.http.paths import normalised
from xdr_bridge.http.targets import resolve_target, split_target
from xdr_bridge.tunnel.recognition import (
    CONTENT_TYPE,
    DIALECT,
    HEADERS,
    METHOD,
    QUERY_FORM,
    RELAY_FORM,
    Tunnel,
    is_form,
    read_parameter,
)

_COMMON_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
# Of a request line beside its target, and the line ends around the header block: a method is short.
_REQUEST_LINE_REST = 64
_BODYLESS = frozenset({"GET", "HEAD"})
# Wire 3.1. Older copies of the polyfill write the second; firewalls take it for another request.
_REQUEST_LINE = re.compile(r"(\S+) (\S+) (?:XDR/1|HTTP/1\.1)")
# Wire 3.7: how a body form begins, wherever it arrives.
_BODY_FORM = re.compile(rb"[!-~]+ /[!-~]* (?:XDR/1|HTTP/1\.1)\r?\n")
_MAX_REMEMBERED_BLOCK = 1024
# Wire 9.5.
CREDENTIALS = "xdr-credentials"
# Of what a target may hold: https://url.spec.whatwg.org/#path-percent-encode-set, and what IE adds.
_ENCODED_BY_SOME = re.compile(r'["<>^`{|}]')
_DEFAULT_CONTENT_TYPE = "text/plain;charset=UTF-8"

_Made = TypeVar("_Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The ceilings of Wire 4.4; beyond them a request is refused, never cut."""

    url_characters: int = 16 * 1024
    header_block_bytes: int = MAX_HEADER_BLOCK_BYTES
    header_lines: int = MAX_HEADER_LINES
    body_bytes: int = 10 * 1024 * 1024

    @property
    def head_bytes(self) -> int:
        """What the head of a body form may have that keeps all of them."""
        return self.url_characters + self.header_block_bytes + _REQUEST_LINE_REST


class Call(NamedTuple):
    """The HTTP request that the page wants made, relative to the bridge's base (Wire 3.1).

    The constructor of its headers has checked the syntax; `decode` has checked Wire 4.

    Attributes:
        method: Normalised.
        target: Resolved.
        headers: Those that the page has set.
        body: Possibly empty.
        credentials: Whether the page has set `withCredentials` (Wire 9.5).
        opens_log_in: Whether it stands for a call that is not known yet (Wire 9.8).
    """

    method: str
    target: str
    headers: Headers
    body: bytes
    credentials: bool = False
    opens_log_in: bool = False


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
    if tunnel.form != QUERY_FORM:
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
    if tunnel.framed and not parameters.keys() & DIALECT:
        _check_is_no_body_form(tunnel, body, limits)
    method = outer_method
    if METHOD in parameters:
        method = _check_method(read_parameter(parameters[METHOD], METHOD))
    if outer_method == "GET":
        _check_reads(method)
    headers = _remembered(
        outer,
        _query_headers,
        parameters.get(HEADERS, ""),
        parameters.get(CONTENT_TYPE),
        bool(body),
        limits.header_block_bytes,
        limits.header_lines,
    )
    if outer_method == "GET":
        for override in headers.derived(overriding_methods):
            _check_reads(override)
    return Call(method=method, target=tunnel.target, headers=headers, body=body)


def _check_is_no_body_form(tunnel: Tunnel, body: bytes, limits: Limits) -> None:
    """Read nothing as a body that was meant as a call: the page would see the API's 200 to it."""
    if _BODY_FORM.match(body, 0, limits.url_characters + _REQUEST_LINE_REST):
        path = tunnel.target.partition("?")[0]
        raise RequestError(
            Code.TUNNEL_MALFORMED,
            f"a body form came to {shown(path)}; it is read at the mount's /tunnel only:"
            " data-mount of the script names the mount",
        )


def _check_reads(method: str) -> None:
    if method not in _BODYLESS:
        raise RequestError(
            Code.GET_IS_READ_ONLY,
            f"over GET only GET and HEAD may be tunnelled, not {shown(method)}",
        )


def _query_headers(
    outer: Headers,
    encoded: str,
    content_type: str | None,
    has_body: bool,
    max_size: int,
    max_lines: int,
) -> Headers:
    block = read_parameter(encoded, HEADERS)
    lines = block.replace("\r\n", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()
    pairs = _read_lines(lines, len(block), max_size, max_lines)
    if content_type is not None:
        pairs = [pair for pair in pairs if pair[0].lower() != "content-type"]
        pairs.append(("Content-Type", read_parameter(content_type, CONTENT_TYPE).strip(" \t")))
    labelled = outer.get("Content-Type")
    says_none = all(name.lower() != "content-type" for name, _ in pairs)
    if has_body and says_none and labelled is not None and is_form(labelled):
        # What Closure posts as a form is one, unless it says otherwise (Wire 2.6).
        pairs.append(("Content-Type", labelled))
    return _check_headers(pairs, has_body)


def _decode_body_form(tunnel: Tunnel, message: bytes, limits: Limits, outer: Headers) -> Call:
    for name in DIALECT:
        if name in tunnel.parameters:
            raise RequestError(
                Code.TUNNEL_MALFORMED,
                f"the body form has no parameter {name}; say it in the body",
            )
    head, body = _split_message(message, limits)
    request_line, _, block = head.partition("\n")
    request_line = request_line.removesuffix("\r")
    match = _REQUEST_LINE.fullmatch(request_line)
    if match is None:
        raise RequestError(
            Code.TUNNEL_MALFORMED,
            f"the first line {shown(request_line)} is no request line; 'PUT /path XDR/1' would be",
        )
    method = _check_method(match[1])
    target = resolve_target(match[2], max_characters=limits.url_characters)
    relayed = tunnel.form == RELAY_FORM
    if relayed:
        _check_path(tunnel.target, target)
    headers = _remembered(
        outer,
        _body_headers,
        block,
        len(head) - len(request_line),
        bool(body),
        limits.header_block_bytes,
        limits.header_lines,
        relayed,
    )
    credentials = relayed and CREDENTIALS in headers
    if credentials:
        headers = headers.derived(_without_credentials)
    return Call(method=method, target=target, headers=headers, body=body, credentials=credentials)


def _split_message(message: bytes, limits: Limits) -> tuple[str, bytes]:
    """Take the head, as text, from the body of a body-form message."""
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
    return head, message[begin:]


def _check_path(outer: str, inner: str) -> None:
    """Check that a relayed request went where its call goes: cookies depend on it (Wire 9.3)."""
    paths = [split_target(target)[0] for target in (outer, inner)]
    if paths[0] != paths[1] and _as_sent(paths[0]) != _as_sent(paths[1]):
        raise RequestError(
            Code.RELAY_MALFORMED,
            f"the relayed request went to {shown(paths[0])}, and its call to {shown(paths[1])};"
            " the same path is accepted",
        )


def _as_sent(path: str) -> str:
    """Write a path as any browser may have sent it: they encode and decode some characters."""
    return _ENCODED_BY_SOME.sub(lambda found: f"%{ord(found[0]):02X}", normalised(path))


def _without_credentials(headers: Headers) -> Headers:
    return Headers.trusted(pair for pair in headers if pair[0].lower() != CREDENTIALS)


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
    _outer: Headers,
    block: str,
    size: int,
    has_body: bool,
    max_size: int,
    max_lines: int,
    relayed: bool,
) -> Headers:
    lines = block.replace("\r\n", "\n").split("\n") if block else []
    return _check_headers(_read_lines(lines, size, max_size, max_lines), has_body, relayed)


def _remembered(outer: Headers, make: Callable[..., _Made], block: str, *args: Hashable) -> _Made:
    """Return what a header block says: worked out once for equal tunnel requests, if it is short.

    Pages set the same headers again and again. What is remembered goes with the connection.
    """
    if len(block) > _MAX_REMEMBERED_BLOCK:
        return make(outer, block, *args)
    return outer.derived(make, block, *args)


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


def _check_headers(pairs: list[Pair], has_body: bool, relayed: bool = False) -> Headers:
    headers = Headers(combined(pairs))
    for name, value in headers:
        if relayed and name.lower() == CREDENTIALS:
            if value != "include":
                raise RequestError(
                    Code.RELAY_MALFORMED,
                    f"XDR-Credentials is {shown(value)}; 'include' is accepted",
                )
        elif is_refused_request_header(name, value):
            raise RequestError(Code.HEADER_FORBIDDEN, f"no page may set the header {shown(name)}")
    if has_body and "Content-Type" not in headers:
        return Headers.trusted([*headers, ("Content-Type", _DEFAULT_CONTENT_TYPE)])
    return headers
