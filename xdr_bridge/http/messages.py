"""HTTP messages without their bodies: frozen, checked once in the constructor, trusted below it.

Header values are text in which each code point up to U+00FF stands for one byte, as RFC 9110
and `XMLHttpRequest` read them. Names follow RFC 9110.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

from xdr_bridge.http.errors import Code, RequestError, shown

# RFC 9110, section 5.6.2.
_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
# RFC 9110, section 5.5, without obsolete folding: tab, space, visible, obs-text.
_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_REASON = _VALUE

# Of what a page sets, by default (Wire 4.4); a preflight asks for no more.
MAX_HEADER_LINES = 100
MAX_HEADER_BLOCK_BYTES = 16 * 1024

Pair = tuple[str, str]
# A name, its value, and the name in lower case.
Field = tuple[str, str, str]

_Made = TypeVar("_Made")
_MAX_DERIVED = 8


def is_token(text: str) -> bool:
    """Whether `text` is a token (RFC 9110, section 5.6.2)."""
    return _TOKEN.fullmatch(text) is not None


class Headers:
    """An immutable list of header fields that answers to names in any letter case."""

    __slots__ = ("_derived", "_index", "_pairs")

    def __init__(self, pairs: Iterable[Pair] = ()) -> None:
        """Check every name and value.

        Raises:
            RequestError: A name is no token, or a value holds a control character or one
                beyond U+00FF.
        """
        self._pairs = tuple(pairs)
        self._index: dict[str, list[str]] | None = None
        self._derived: dict[Hashable, Any] = {}
        for name, value in self._pairs:
            if not is_token(name):
                raise RequestError(
                    Code.HEADER_NAME_MALFORMED,
                    f"the header name {shown(name)} is no token;"
                    " letters, digits and hyphens are accepted",
                )
            if _VALUE.fullmatch(value) is None:
                raise RequestError(
                    Code.HEADER_VALUE_MALFORMED,
                    f"the value of {name} holds a control character or one beyond U+00FF;"
                    " tab, space, visible ASCII and ISO 8859-1 are accepted",
                )

    @classmethod
    def trusted(cls, pairs: Iterable[Pair]) -> Headers:
        """Make headers of fields that a parser has checked already."""
        headers = cls.__new__(cls)
        headers._pairs = tuple(pairs)
        headers._index = None
        headers._derived = {}
        return headers

    @classmethod
    def indexed(cls, fields: Iterable[Field]) -> Headers:
        """Make headers of fields that a parser has checked, and whose names it has lowered."""
        index: dict[str, list[str]] = {}
        pairs: list[Pair] = []
        for name, value, lowered in fields:
            pairs.append((name, value))
            if lowered in index:
                index[lowered].append(value)
            else:
                index[lowered] = [value]
        headers = cls.trusted(pairs)
        headers._index = index
        return headers

    def derived(self, make: Callable[..., _Made], *args: Hashable) -> _Made:
        """Return what a function makes of these fields, made once.

        The next message on a connection mostly has the same fields to the letter, and readers
        give it the same `Headers`. So what follows from them alone is worked out once.

        Args:
            make: A pure function of these headers and `args`; what it returns is immutable.
            args: What else it follows from.
        """
        key = (make, *args)
        derived = self._derived
        try:
            made: _Made = derived[key]
        except KeyError:
            if len(derived) >= _MAX_DERIVED:
                derived.clear()
            made = derived[key] = make(self, *args)
        return made

    def __iter__(self) -> Iterator[Pair]:
        """Go through (name, value) in order."""
        return iter(self._pairs)

    def __len__(self) -> int:
        """Count the fields."""
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        """Compare fields and their order, names to the letter."""
        return isinstance(other, Headers) and self._pairs == other._pairs

    def __hash__(self) -> int:
        """Hash the fields."""
        return hash(self._pairs)

    def __repr__(self) -> str:
        """Show the fields."""
        return f"Headers({list(self._pairs)!r})"

    def __contains__(self, name: str) -> bool:
        """Whether a field of this name is there."""
        index = self._index
        return name.lower() in (self._by_name() if index is None else index)

    def get_all(self, name: str) -> list[str]:
        """Return the values of all fields of this name, in order."""
        index = self._index
        return (self._by_name() if index is None else index).get(name.lower(), [])

    def get(self, name: str) -> str | None:
        """Return the combined value (RFC 9110, section 5.3), or None."""
        index = self._index
        values = (self._by_name() if index is None else index).get(name.lower())
        if values is None:
            return None
        return values[0] if len(values) == 1 else ", ".join(values)

    def _by_name(self) -> dict[str, list[str]]:
        index: dict[str, list[str]] = {}
        for name, value in self._pairs:
            index.setdefault(name.lower(), []).append(value)
        self._index = index
        return index


class RequestHead(NamedTuple):
    """A request line and its header fields.

    Attributes:
        method: The method, as it goes on the wire.
        target: The request target: path and query in origin form, for calls.
        headers: The fields.
        client: The address of who is connected to the bridge, where an edge knows.
        scheme: "http" or "https": how it reached the bridge.
        version: "1.1" or "1.0": the HTTP in which it did.
    """

    method: str
    target: str
    headers: Headers
    client: str | None = None
    scheme: str = "http"
    version: str = "1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseHead:
    """A status line and its header fields.

    Attributes:
        status: Three digits, 100 to 999.
        reason: The reason phrase, possibly empty.
        headers: The fields.
    """

    status: int
    reason: str
    headers: Headers

    def __post_init__(self) -> None:
        """Check what would let an answer be split.

        Raises:
            ValueError: The status is out of range or the reason holds a control character.
        """
        if not 100 <= self.status <= 999 or _REASON.fullmatch(self.reason) is None:
            raise ValueError(f"no status line: {self.status!r} {self.reason!r}")


def has_body(method: str, status: int) -> bool:
    """Whether an answer to `method` with this status has a body (RFC 9112, section 6.3)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)


def reason_phrase(status: int) -> str:
    """Return the registered phrase of a status of our own (RFC 9110, section 15)."""
    return HTTPStatus(status).phrase


def list_items(value: str | None) -> list[str]:
    """Split a comma-separated header value (RFC 9110, section 5.6.1), empty items dropped."""
    if not value:
        return []
    return [item for item in (part.strip(" \t") for part in value.split(",")) if item]


def combined(pairs: list[Pair]) -> list[Pair]:
    """Combine fields of one name, as `XMLHttpRequest.setRequestHeader` does (Wire 2.2).

    https://xhr.spec.whatwg.org/#dom-xmlhttprequest-setrequestheader
    """
    if len({name.lower() for name, _ in pairs}) == len(pairs):
        return pairs
    by_name: dict[str, Pair] = {}
    for name, value in pairs:
        known = by_name.get(name.lower())
        by_name[name.lower()] = (
            (name, value) if known is None else (known[0], f"{known[1]}, {value}".rstrip(" "))
        )
    return list(by_name.values())


# RFC 9110, section 7.6.1, and the framing fields: they belong to one connection only.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        # RFC 4559, section 6: each proxy says it for itself.
        "proxy-support",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


# A caller must not be able to strip the fields that decide (Connection: Origin).
_NEVER_NAMED = frozenset(
    {"origin", "host", "content-length", "content-type", "authorization", "cookie"}
)


def without_hop_by_hop(headers: Headers, dropped: frozenset[str] = HOP_BY_HOP) -> list[Pair]:
    """List the end-to-end fields: none of `HOP_BY_HOP`, none that Connection names.

    Args:
        headers: All fields.
        dropped: What is left out instead of `HOP_BY_HOP`, in lower case.
    """
    connection = headers.get("Connection")
    if connection is not None:
        named = {item.lower() for item in list_items(connection)}
        dropped |= named - _NEVER_NAMED
    return [pair for pair in headers if pair[0].lower() not in dropped]
