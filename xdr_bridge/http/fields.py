"""What the Fetch standard says of methods and header fields by name: forbidden, safelisted, unsafe.

https://fetch.spec.whatwg.org/#terminology-headers
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from xdr_bridge.http.forwarding.names import folded, is_forwarding_header
from xdr_bridge.http.messages import Headers, Pair, list_items

SAFELISTED_METHODS = frozenset({"GET", "HEAD", "POST"})
FORBIDDEN_METHODS = frozenset({"CONNECT", "TRACE", "TRACK"})
_NORMALISED_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT"})

# https://fetch.spec.whatwg.org/#forbidden-request-header
_FORBIDDEN_REQUEST_HEADERS = frozenset(
    {
        *("accept-charset", "accept-encoding", "access-control-request-headers"),
        *("access-control-request-method", "connection", "content-length", "cookie", "cookie2"),
        *("date", "dnt", "expect", "host", "keep-alive", "origin", "referer", "set-cookie", "te"),
        *("trailer", "transfer-encoding", "upgrade", "via"),
    }
)
_FORBIDDEN_PREFIXES = ("proxy-", "sec-")
# https://fetch.spec.whatwg.org/#request-body-header-name: gone when a redirect drops the body.
REQUEST_BODY_HEADERS = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
METHOD_OVERRIDES = ("x-http-method", "x-http-method-override", "x-method-override")

SAFELISTED_RESPONSE_HEADERS = frozenset(
    {
        "cache-control",
        "content-language",
        "content-length",
        "content-type",
        "expires",
        "last-modified",
        "pragma",
    }
)
FORBIDDEN_RESPONSE_HEADERS = frozenset({"set-cookie", "set-cookie2"})
# `*` in a list of allowed headers does not cover these.
NON_WILDCARD_REQUEST_HEADERS = frozenset({"authorization"})

_MAX_REMEMBERED_NAME = 64
_MAX_SAFE_VALUE = 128
_MAX_SAFE_SUM = 1024
_UNSAFE_CHARACTER = re.compile(r'[\x00-\x08\x0a-\x1f"():<>?@\[\\\]{}\x7f]')
_LANGUAGE = re.compile(r"[0-9A-Za-z *,\-.;=]*")
_RANGE = re.compile(r"bytes=([0-9]+)-([0-9]*)")
# MIME Sniffing standard, section 4.4, for the three essences; a quoted parameter is unsafe already.
_SAFE_CONTENT_TYPE = re.compile(
    r"[ \t]*(?:application/x-www-form-urlencoded|multipart/form-data|text/plain)[ \t]*(?:;.*)?",
    re.IGNORECASE,
)


def normalise_method(method: str) -> str:
    """Upper-case the six methods that Fetch upper-cases; return any other as it is."""
    upper = method.upper()
    return upper if upper in _NORMALISED_METHODS else method


def is_forbidden_method(method: str) -> bool:
    """Whether no page may use this method, in any letter case."""
    return method.upper() in FORBIDDEN_METHODS


def is_forbidden_request_header(name: str, value: str) -> bool:
    """Whether no page may set this field (Fetch, "forbidden request-header")."""
    lowered = name.lower()
    if lowered in _FORBIDDEN_REQUEST_HEADERS or lowered.startswith(_FORBIDDEN_PREFIXES):
        return True
    return overrides_with_forbidden_method(lowered, value)


def overrides_with_forbidden_method(name: str, value: str) -> bool:
    """Whether a method-override field names a forbidden method."""
    return folded(name) in METHOD_OVERRIDES and any(map(is_forbidden_method, list_items(value)))


def overriding_methods(headers: Headers) -> tuple[str, ...]:
    """List the methods that method-override fields put in the place of the call's own.

    In upper case: that is how frameworks read them.
    """
    return tuple(
        [
            item.upper()
            for name, value in headers
            if folded(name) in METHOD_OVERRIDES
            for item in list_items(value)
        ]
    )


def is_refused_request_header(name: str, value: str = "") -> bool:
    """Whether the bridge takes this field from no page, by whichever door (Wire 4.2)."""
    # The same few names come all the time; long ones are nobody's.
    judge = _is_refused_name if len(name) <= _MAX_REMEMBERED_NAME else _is_refused_name.__wrapped__
    return judge(name) or (value != "" and overrides_with_forbidden_method(name, value))


@lru_cache(maxsize=1024)
def _is_refused_name(name: str) -> bool:
    # Also as WSGI and CGI read it, to whom `Content_Length` is `Content-Length`.
    plain = folded(name)
    return (
        plain.startswith("xdr-")
        or is_forbidden_request_header(plain, "")
        or is_forwarding_header(plain)
    )


def without_forwarding(
    pairs: Iterable[Pair],
    *,
    further: frozenset[str] = frozenset(),
    kept: frozenset[str] = frozenset(),
) -> list[Pair]:
    """List the fields that no API takes for the word of its own proxy.

    Args:
        pairs: All fields.
        further: Names, folded, that the operator counts among them.
        kept: Names, in lower case, that a proxy whose word counts has set.
    """
    return [
        pair
        for pair in pairs
        if (kept and pair[0].lower() in kept)
        or not (is_forwarding_header(pair[0]) or (further and folded(pair[0]) in further))
    ]


def is_safelisted_request_header(name: str, value: str) -> bool:
    """Whether a browser sends this field without asking first (Fetch, "CORS-safelisted")."""
    if len(value) > _MAX_SAFE_VALUE:
        return False
    match name.lower():
        case "accept":
            return _UNSAFE_CHARACTER.search(value) is None
        case "accept-language" | "content-language":
            return _LANGUAGE.fullmatch(value) is not None
        case "content-type":
            return (
                _UNSAFE_CHARACTER.search(value) is None
                and _SAFE_CONTENT_TYPE.fullmatch(value) is not None
            )
        case "range":
            found = _RANGE.fullmatch(value)
            return found is not None and (not found[2] or int(found[1]) <= int(found[2]))
        case _:
            return False


def unsafe_request_header_names(headers: Iterable[Pair]) -> list[str]:
    """List the names that a preflight would ask for: lower case, unique, sorted.

    https://fetch.spec.whatwg.org/#cors-unsafe-request-header-names
    """
    unsafe: set[str] = set()
    safe: set[str] = set()
    safe_sum = 0
    for name, value in headers:
        if is_safelisted_request_header(name, value):
            safe.add(name.lower())
            safe_sum += len(value)
        else:
            unsafe.add(name.lower())
    return sorted(unsafe | safe if safe_sum > _MAX_SAFE_SUM else unsafe)
