"""Patterns that stand for many origins: wildcards, expressions, and the index over them.

https://fetch.spec.whatwg.org/#origin-header says what is matched: a serialised origin, whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xdr_bridge.cors.expressions import OriginExpression
from xdr_bridge.http.origins import Origin, parse_origin

# Stands where a port would; no origin has it.
ANY_PORT = -1


@dataclass(frozen=True, slots=True)
class WildcardOrigin:
    """Many origins that differ in subdomain, in port, or in both.

    Attributes:
        scheme: The one scheme.
        host: The host; with `subdomains`, the domain under which hosts lie.
        port: The port, None for the default one, `ANY_PORT` for every one, the default too.
        subdomains: Whether it stands for subdomains of any depth, and never for the domain.
    """

    scheme: str
    host: str
    port: int | None
    subdomains: bool

    def __str__(self) -> str:
        """Write the pattern as it stands in a policy."""
        host = f"*.{self.host}" if self.subdomains else self.host
        if self.port == ANY_PORT:
            return f"{self.scheme}://{host}:*"
        return str(Origin(self.scheme, host, self.port))


Entry = Origin | WildcardOrigin
# The wildcards of one host, by scheme and port.
_Ports = dict[tuple[str, int | None], WildcardOrigin]


def parse_entry(text: str) -> Entry:
    """Read one entry of a policy, other than `*` and `null`.

    Accepted: `https://shop.example`, `https://*.shop.example`, `http://localhost:*`,
    `https://*.shop.example:*`, `https://*.shop.example:8443`. Refused: `https://*`,
    `https://*shop.example`, `https://shop.example*`, `https://a.*.example`, `*.shop.example`,
    `https://*.*.example`, `https://shop.example:80*`, `https://*.10.0.0.1`.

    Raises:
        ValueError: It is none; the message says what is wrong, without quoting it.
    """
    if "*" not in text:
        return _written_one_way(text)
    scheme, separator, rest = text.partition("://")
    any_port = rest.endswith(":*")
    rest = rest.removesuffix(":*")
    subdomains = rest.startswith("*.")
    rest = rest.removeprefix("*.")
    if "*" in scheme + rest or not separator:
        raise ValueError(
            "has a '*' where none can stand; https://*.example.com, https://example.com:* and both"
            " together are accepted"
        )
    base = _written_one_way(f"{scheme}://{rest}")
    if base.is_address and subdomains:
        raise ValueError("has a wildcard before an IP address, which has no subdomains")
    if any_port and base.port is not None:
        raise ValueError("has two ports; one, or ':*', is accepted")
    port = ANY_PORT if any_port else base.port
    return WildcardOrigin(base.scheme, base.host, port, subdomains)


def _written_one_way(text: str) -> Origin:
    origin = parse_origin(text)
    if str(origin) != text:
        raise ValueError(f"writes out a default port; {origin} is accepted")
    if origin.scheme not in ("http", "https"):
        raise ValueError(f"has the scheme {origin.scheme}; http and https are accepted")
    return origin


class OriginIndex:
    """Wildcards and expressions, found by the domain under which they lie.

    What a look-up costs depends on the depth of the host that is asked for, not on how many
    patterns there are.
    """

    __slots__ = ("_expressions", "_hosts", "_parents")

    def __init__(
        self, wildcards: Iterable[WildcardOrigin], expressions: Iterable[OriginExpression]
    ) -> None:
        """Index the patterns; they never change after."""
        self._hosts: dict[str, _Ports] = {}
        self._parents: dict[str, _Ports] = {}
        self._expressions: dict[str, list[OriginExpression]] = {}
        for wildcard in wildcards:
            index = self._parents if wildcard.subdomains else self._hosts
            index.setdefault(wildcard.host, {})[wildcard.scheme, wildcard.port] = wildcard
        for expression in expressions:
            domain = _last_two_labels(expression.base)
            self._expressions.setdefault(domain, []).append(expression)

    def find(self, origin: Origin) -> WildcardOrigin | OriginExpression | None:
        """Return a pattern that stands for this origin, if there is one."""
        found = self.find_wildcard(origin)
        if found is not None or not self._expressions:
            return found
        text = str(origin)
        for expression in self._expressions.get(_last_two_labels(origin.host), ()):
            if expression.matches(text):
                return expression
        return None

    def find_wildcard(self, entry: Entry) -> WildcardOrigin | None:
        """Return a wildcard, other than the entry itself, that stands for all of the entry."""
        keys = ((entry.scheme, ANY_PORT), (entry.scheme, entry.port))
        of_subdomains = isinstance(entry, WildcardOrigin) and entry.subdomains
        candidates: list[_Ports] = []
        if not of_subdomains and entry.host in self._hosts:
            candidates.append(self._hosts[entry.host])
        parents = self._parents
        # A plain host is never covered by a wildcard for the subdomains of itself.
        domain = entry.host if of_subdomains else entry.host.partition(".")[2]
        while domain and parents:
            if domain in parents:
                candidates.append(parents[domain])
            domain = domain.partition(".")[2]
        for ports in candidates:
            for key in keys:
                found = ports.get(key)
                if found is not None and found != entry:
                    return found
        return None


def _last_two_labels(host: str) -> str:
    return ".".join(host.rsplit(".", 2)[-2:])
