"""Who asks, written for the API: `X-Forwarded-*`, `Forwarded` (RFC 7239) and `Via` (RFC 9110)."""

from __future__ import annotations

from collections.abc import Sequence

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.forwarding.names import (
    FORWARDED,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
)
from xdr_bridge.http.messages import Headers, Pair, is_token, list_items

_PSEUDONYM = "xdr-bridge"
# Bridges in a row that somebody may have a use for; one more is a bridge that calls itself.
_MAX_BRIDGES = 3


def write_fields(chain: Sequence[str], scheme: str, host: str, last: str = "") -> tuple[Pair, ...]:
    """Write all fields but Via.

    Args:
        chain: The client, then each trusted proxy, as far as can be believed; the last is who is
            connected to us. Empty where an edge does not know that.
        scheme: "http" or "https": how the client asked.
        host: Which host it asked, with a port where it named one; empty where it named none.
        last: The element of `Forwarded` about who is connected, where that is a proxy.
    """
    fields = []
    if chain:
        fields.append((X_FORWARDED_FOR, ", ".join(chain)))
    fields.append((X_FORWARDED_PROTO, scheme))
    if host:
        fields.append((X_FORWARDED_HOST, host))
    elements = [element(chain[0] if chain else None, host, scheme)]
    if len(chain) > 1:
        elements += [*map(element, chain[1:-1]), last]
    return (*fields, (FORWARDED, ", ".join(elements)))


def element(node: str | None, host: str = "", scheme: str = "") -> str:
    """Write an element of `Forwarded` (RFC 7239, section 4)."""
    pairs = []
    if node is not None:
        pairs.append(f"for={_quoted(f'[{node}]' if ':' in node else node)}")
    if host:
        pairs.append(f"host={_quoted(host)}")
    if scheme:
        pairs.append(f"proto={scheme}")
    return ";".join(pairs)


def _quoted(value: str) -> str:
    # Neither an address nor a host holds a quote or a backslash.
    return value if is_token(value) else f'"{value}"'


def write_via(headers: Headers, version: str) -> Pair:
    """Write Via, with ourselves at its end.

    Raises:
        RequestError: The request has been here before.
    """
    via = headers.get("Via")
    ours = f"{version} {_PSEUDONYM}"
    if via is None:
        return "Via", ours
    passed = sum(item.lower().split()[1:2] == [_PSEUDONYM] for item in list_items(via))
    if passed >= _MAX_BRIDGES:
        raise RequestError(
            Code.LOOP_DETECTED,
            f"the request has passed {passed} bridges by its Via field; it goes in circles where a"
            " bridge's own address is configured as the API's",
        )
    return "Via", f"{via}, {ours}"
