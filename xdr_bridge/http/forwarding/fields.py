"""Who asks, and by which way: read off the word of trusted proxies, and written for the API.

`X-Forwarded-*` by convention, `Forwarded` by RFC 7239, `Via` by RFC 9110, section 7.6.3. What comes
from anybody but a trusted proxy was dropped before and is not looked at here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.forwarding.names import (
    FORWARDED,
    FORWARDING_FIELDS,
    X_FORWARDED_FOR,
    X_FORWARDED_HOST,
    X_FORWARDED_PROTO,
    folded,
    is_of_a_proxy,
)
from xdr_bridge.http.forwarding.proxies import Address, TrustedProxies, read_address
from xdr_bridge.http.forwarding.reading import (
    elements_from_the_right,
    last,
    read_host,
    read_node,
    read_scheme,
)
from xdr_bridge.http.forwarding.writing import element, write_fields, write_via
from xdr_bridge.http.messages import Headers, Pair, RequestHead
from xdr_bridge.http.origins import Origin, parse_origin

# What proxies commonly set. The host is not among it: many pass a page's X-Forwarded-Host on.
DEFAULT_FIELDS = (X_FORWARDED_FOR, X_FORWARDED_PROTO)

# RFC 7239, section 6.2: what stands for who does not say.
_UNKNOWN = "unknown"
# Proxies in a row; beyond, it is not the proxies that talk.
_MAX_HOPS = 32
_MAX_REMEMBERED = 1024
_MAX_REMEMBERED_CHARACTERS = 512


class Forwarding:
    """Tells the API who asks."""

    def __init__(
        self,
        proxies: TrustedProxies | None = None,
        fields: Sequence[str] = DEFAULT_FIELDS,
        *,
        further: Iterable[str] = (),
        dangerously_log_in_through_proxies: bool = False,
    ) -> None:
        """Believe these proxies.

        Args:
            proxies: Whose fields are read; None: nobody's.
            fields: Which ones they set. Those of `FORWARDING_FIELDS` are read; any other is passed
                on with native calls. What they set beside these is a page's own, for all that can
                be known.
            further: Names besides `forwarding_names` that only proxies may set.
            dangerously_log_in_through_proxies: Whether each connection of theirs is one client's.
        """
        self._log_in_through_proxies = dangerously_log_in_through_proxies
        self._proxies = proxies or TrustedProxies()
        self._fields = tuple([name for name in fields if name in FORWARDING_FIELDS])
        self._passed = frozenset(n.lower() for n in fields if n not in FORWARDING_FIELDS)
        self.further = frozenset(map(folded, further))
        self._peers: dict[str, tuple[str, bool]] = {}
        # A proxy's connections carry the requests of many pages, each of which asks again.
        self._written: dict[tuple[object, ...], tuple[Pair, ...]] = {}

    def fields_of(self, head: RequestHead) -> tuple[Pair, ...]:
        """Write the fields that tell the API who made this request, and by which way it came.

        Raises:
            RequestError: A trusted proxy's word cannot be read, or the request goes in circles.
        """
        # Equal requests of one connection share their headers: all this is done once for them.
        return head.headers.derived(self._write, head.client, head.scheme, head.version)

    def passed_from(self, client: str | None) -> frozenset[str]:
        """Return the names, in lower case, that are passed on from who is at this address."""
        believed = bool(self._passed) and client is not None and self.believes(client)
        return self._passed if believed else frozenset()

    def check_names(self, names: Iterable[str]) -> None:
        """Check what a page sets against the names that the operator keeps for proxies.

        Raises:
            RequestError: One is among them.
        """
        for name in names if self.further else ():
            if folded(name) in self.further:
                raise RequestError(
                    Code.HEADER_FORBIDDEN, f"no page may set the header {shown(name)}"
                )

    def asked_host(self, head: RequestHead) -> str | None:
        """Return the host that was asked for, with its port, as far as can be believed.

        Raises:
            RequestError: A trusted proxy's word cannot be read, or the request goes in circles.
        """
        return dict(self.fields_of(head)).get(X_FORWARDED_HOST)

    def asked_origin(self, head: RequestHead) -> Origin | None:
        """Return the origin under which the bridge was asked, as far as can be believed."""
        told = dict(self.fields_of(head))
        host = told.get(X_FORWARDED_HOST, "").lower()
        try:
            return parse_origin(f"{told[X_FORWARDED_PROTO]}://{host}")
        except ValueError:
            return None

    def _write(
        self, headers: Headers, client: str | None, scheme: str, version: str
    ) -> tuple[Pair, ...]:
        host = headers.get("Host") or ""
        peer, believed = (None, False) if client is None else self._peer(client)
        if peer is None or not believed:
            fields = write_fields([] if peer is None else [peer], scheme, host)
        else:
            fields = self._write_believed(headers, peer, scheme, host)
        return (*fields, write_via(headers, version))

    def believes(self, client: str) -> bool:
        """Whether a trusted proxy is at this address."""
        return self._peer(client)[1]

    def is_one_clients(self, head: RequestHead) -> bool:
        """Whether all requests on the connection that brought this one are of one client.

        Not where it may be a proxy's, which has those of many. One that is not trusted gives itself
        away by what it adds; a page that adds the same only keeps itself from logging in.
        """
        return head.headers.derived(self._is_one_clients, head.client)

    def _is_one_clients(self, headers: Headers, client: str | None) -> bool:
        if client is None:
            return False
        if self.believes(client):
            return self._log_in_through_proxies
        return not any(is_of_a_proxy(name) for name, _ in headers)

    def _peer(self, client: str) -> tuple[str, bool]:
        """Return how to tell of who is connected, and whether it is believed."""
        peer = self._peers.get(client)
        if peer is None:
            if len(self._peers) >= _MAX_REMEMBERED:
                self._peers.clear()
            address = read_address(client)
            peer = _told(address), address is not None and address in self._proxies
            self._peers[client] = peer
        return peer

    def _write_believed(
        self, headers: Headers, peer: str, scheme: str, host: str
    ) -> tuple[Pair, ...]:
        said = tuple([tuple(headers.get_all(name)) for name in self._fields])
        key = peer, scheme, host, said
        fields = self._written.get(key)
        if fields is None:
            links = [peer]
            read = self._read_forwarded if FORWARDED in self._fields else self._read_x_forwarded
            said_scheme, said_host = read(headers, links)
            links.reverse()
            ours = element(peer, host, scheme)
            fields = write_fields(links, said_scheme or scheme, said_host or host, ours)
            if sum(len(value) for values in said for value in values) < _MAX_REMEMBERED_CHARACTERS:
                if len(self._written) >= _MAX_REMEMBERED:
                    self._written.clear()
                self._written[key] = fields
        return fields

    def _read_x_forwarded(
        self, headers: Headers, links: list[str]
    ) -> tuple[str | None, str | None]:
        if X_FORWARDED_FOR in self._fields:
            # From the right: what is left of the first address that is no proxy's, it has made up.
            for text in reversed((headers.get(X_FORWARDED_FOR) or "").rsplit(",", _MAX_HOPS)):
                text = text.strip(" \t")
                if text and not self._passes(read_node(text, X_FORWARDED_FOR), links):
                    break
        scheme = last(headers, X_FORWARDED_PROTO) if X_FORWARDED_PROTO in self._fields else None
        host = last(headers, X_FORWARDED_HOST) if X_FORWARDED_HOST in self._fields else None
        return read_scheme(scheme, X_FORWARDED_PROTO), read_host(host, X_FORWARDED_HOST)

    def _read_forwarded(self, headers: Headers, links: list[str]) -> tuple[str | None, str | None]:
        element: dict[str, str] = {}
        for element in elements_from_the_right(headers.get_all(FORWARDED)):
            node = element.get("for")
            address = None if node is None else read_node(node, FORWARDED, bare=False)
            if not self._passes(address, links):
                break
        # Who wrote down this client has seen what it asked.
        scheme, host = element.get("proto"), element.get("host")
        return read_scheme(scheme, FORWARDED), read_host(host, FORWARDED)

    def _passes(self, address: Address | None, links: list[str]) -> bool:
        """Add a link to the chain; whether it is a proxy's, so that there is one before it.

        Raises:
            RequestError: There have been too many.
        """
        if len(links) > _MAX_HOPS:
            raise RequestError(
                Code.FORWARDED_MALFORMED,
                f"the request has passed more than {_MAX_HOPS} trusted proxies, by their own word",
            )
        links.append(_told(address))
        return address is not None and address in self._proxies


def _told(address: Address | None) -> str:
    return _UNKNOWN if address is None else str(address)
