"""What trusted proxies say of who asks, read: `X-Forwarded-*`, and `Forwarded` (RFC 7239)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.forwarding.names import FORWARDED
from xdr_bridge.http.forwarding.proxies import Address, read_address
from xdr_bridge.http.grammar import HOST, TOKEN
from xdr_bridge.http.messages import Headers, list_items

# A line; beyond, it is not the proxies that talk.
_MAX_LINE_CHARACTERS = 4096
# RFC 7239, section 6: an address, or a name that hides one; with a port, perhaps.
_NODE = re.compile(
    r"(?:\[([0-9A-Fa-f:.]{2,45})\]|([0-9.]{7,15})|(?:unknown|_[0-9A-Za-z._-]+))"
    r"(?::(?:[0-9]{1,5}|_[0-9A-Za-z._-]+))?",
    re.IGNORECASE,
)
# RFC 7239, section 4: one pair of an element, and what ends it. White space around it is common.
_TEXT = r"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*+"
_PAIR = re.compile(rf'[\t ]*+(?:({TOKEN})=(?:({TOKEN})|"({_TEXT})"))?+[\t ]*+([,;]|\Z)')
_ESCAPED = re.compile(r"\\(.)")


def last(headers: Headers, name: str) -> str | None:
    """Return the last item of a field: what the proxy next to us has said."""
    items = list_items(headers.get(name))
    return items[-1] if items else None


def read_node(text: str, name: str, *, bare: bool = True) -> Address | None:
    """Read who asked (RFC 7239, section 6); None where that is not told.

    Args:
        text: An address, with a port perhaps, or a word that hides it.
        name: The field.
        bare: Whether an IPv6 address may stand without brackets.
    """
    match = _NODE.fullmatch(text)
    if match is not None:
        written = match[1] or match[2]
        if written is None:
            return None
        address = read_address(written)
    else:
        address = read_address(text) if bare else None
    if address is None:
        raise malformed(name, text, "192.0.2.1, [2001:db8::1]:443 or unknown")
    return address


def read_scheme(text: str | None, name: str) -> str | None:
    """Read how who asked did so: "http" or "https"; None where that is not told."""
    if text is None:
        return None
    scheme = text.lower()
    if scheme not in ("http", "https"):
        raise malformed(name, text, "http or https")
    return scheme


def read_host(text: str | None, name: str) -> str | None:
    """Read which host was asked, with its port; None where that is not told."""
    if text is not None and HOST.fullmatch(text) is None:
        raise malformed(name, text, "a host with an optional port")
    return text


def elements_from_the_right(lines: Sequence[str]) -> Iterator[dict[str, str]]:
    """Read the elements of `Forwarded`, the nearest first, each line by itself.

    A quote that a page leaves open must not swallow what a proxy adds on a line of its own; on the
    same line it makes all of it unreadable, which is refused.
    """
    for line in reversed(lines):
        elements: list[dict[str, str]] = [{}]
        position = 0
        while True:
            pair = _PAIR.match(line, position) if len(line) <= _MAX_LINE_CHARACTERS else None
            if pair is None or (pair[1] and pair[1].lower() in elements[-1]):
                raise malformed(FORWARDED, line, "for=192.0.2.1;proto=https, as RFC 7239 has it,")
            if pair[1]:
                quoted = pair[3]
                value = pair[2] if quoted is None else _ESCAPED.sub(r"\1", quoted)
                elements[-1][pair[1].lower()] = value
            if not pair[4]:
                break
            if pair[4] == ",":
                elements.append({})
            position = pair.end()
        yield from (element for element in reversed(elements) if element)


def malformed(name: str, value: str, wanted: str) -> RequestError:
    """Return the refusal of what a trusted proxy says and nobody can read."""
    return RequestError(
        Code.FORWARDED_MALFORMED,
        f"a trusted proxy says {name}: {shown(value)}; {wanted} is accepted",
        told=f"the field {name} of a proxy in front cannot be read; the bridge's log has it",
    )
