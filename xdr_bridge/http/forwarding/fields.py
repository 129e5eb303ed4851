"""Who asks, and by which way: read off the word of trusted proxies, and written for the API.

`X-Forwarded-*` by convention, `Forwarded` by RFC 7239, `Via` by RFC 9110, section 7.6.3. What comes
from anybody but a trusted proxy was dropped before and is not looked at here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.forwarding.names import folded, is_of_a_proxy
from xdr_bridge.http.forwarding.proxies import Address, TrustedProxies, read_address
from xdr_bridge.http.grammar import HOST, TOKEN
from xdr_bridge.http.messages import Headers, Pair, RequestHead, is_token, list_items
from xdr_bridge.http.origins import Origin, parse_origin

FORWARDED = "Forwarded"
X_FORWARDED_FOR = "X-Forwarded-For"
X_FORWARDED_PROTO = "X-Forwarded-Proto"
X_FORWARDED_HOST = "X-Forwarded-Host"
FORWARDING_FIELDS = (X_FORWARDED_FOR, X_FORWARDED_PROTO, X_FORWARDED_HOST, FORWARDED)
# What proxies commonly set. The host is not among it: many pass a page's X-Forwarded-Host on.
DEFAULT_FIELDS = (X_FORWARDED_FOR, X_FORWARDED_PROTO)

# RFC 7239, section 6.2: what stands for who does not say.
_UNKNOWN = "unknown"
_PSEUDONYM = "xdr-bridge"
# Bridges in a row that somebody may have a use for; one more is a bridge that calls itself.
_MAX_BRIDGES = 3
# Proxies in a row, and a line of theirs; beyond, it is not the proxies that talk.
_MAX_HOPS = 32
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
            fields = _write_fields([] if peer is None else [peer], scheme, host)
        else:
            fields = self._write_believed(headers, peer, scheme, host)
        return (*fields, _write_via(headers, version))

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
            ours = _element(peer, host, scheme)
            fields = _write_fields(links, said_scheme or scheme, said_host or host, ours)
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
                if text and not self._passes(_read_node(text, X_FORWARDED_FOR), links):
                    break
        scheme = _last(headers, X_FORWARDED_PROTO) if X_FORWARDED_PROTO in self._fields else None
        host = _last(headers, X_FORWARDED_HOST) if X_FORWARDED_HOST in self._fields else None
        return _read_scheme(scheme, X_FORWARDED_PROTO), _read_host(host, X_FORWARDED_HOST)

    def _read_forwarded(self, headers: Headers, links: list[str]) -> tuple[str | None, str | None]:
        element: dict[str, str] = {}
        for element in _elements_from_the_right(headers.get_all(FORWARDED)):
            node = element.get("for")
            address = None if node is None else _read_node(node, FORWARDED, bare=False)
            if not self._passes(address, links):
                break
        # Who wrote down this client has seen what it asked.
        scheme, host = element.get("proto"), element.get("host")
        return _read_scheme(scheme, FORWARDED), _read_host(host, FORWARDED)

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


def _last(headers: Headers, name: str) -> str | None:
    """Return the last item of a field: what the proxy next to us has said."""
    items = list_items(headers.get(name))
    return items[-1] if items else None


def _read_node(text: str, name: str, *, bare: bool = True) -> Address | None:
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
        raise _malformed(name, text, "192.0.2.1, [2001:db8::1]:443 or unknown")
    return address


def _read_scheme(text: str | None, name: str) -> str | None:
    if text is None:
        return None
    scheme = text.lower()
    if scheme not in ("http", "https"):
        raise _malformed(name, text, "http or https")
    return scheme


def _read_host(text: str | None, name: str) -> str | None:
    if text is not None and HOST.fullmatch(text) is None:
        raise _malformed(name, text, "a host with an optional port")
    return text


def _elements_from_the_right(lines: Sequence[str]) -> Iterator[dict[str, str]]:
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
                raise _malformed(FORWARDED, line, "for=192.0.2.1;proto=https, as RFC 7239 has it,")
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


def _malformed(name: str, value: str, wanted: str) -> RequestError:
    return RequestError(
        Code.FORWARDED_MALFORMED,
        f"a trusted proxy says {name}: {shown(value)}; {wanted} is accepted",
        told=f"the field {name} of a proxy in front cannot be read; the bridge's log has it",
    )


def _write_fields(chain: Sequence[str], scheme: str, host: str, last: str = "") -> tuple[Pair, ...]:
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
    elements = [_element(chain[0] if chain else None, host, scheme)]
    if len(chain) > 1:
        elements += [*map(_element, chain[1:-1]), last]
    return (*fields, (FORWARDED, ", ".join(elements)))


def _element(node: str | None, host: str = "", scheme: str = "") -> str:
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


def _write_via(headers: Headers, version: str) -> Pair:
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
