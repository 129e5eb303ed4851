"""The host names that the bridge answers to, as far as the configuration tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xdr_bridge.bridge.routes import Route
from xdr_bridge.config.findings import Finding
from xdr_bridge.http.origins import parse_origin

_ANY = "*"


def published_hosts(named: Iterable[str], routes: Iterable[Route]) -> frozenset[str] | None:
    """Return the host names that the bridge is published under; None: not all of them are known.

    Args:
        named: Those that the operator names for this; `*` is any.
        routes: All routes. Each is published under its `host`, or under its public origins.
    """
    named, routes = frozenset(named), tuple(routes)
    if named or all(map(_hosts_of, routes)):
        return known_hosts(named, routes)
    return None


def known_hosts(named: Iterable[str], routes: Iterable[Route]) -> frozenset[str] | None:
    """Return the host names that are known to be the bridge's; None: the operator says any."""
    known = set(named)
    if _ANY in known:
        return None
    return frozenset(known.union(*map(_hosts_of, routes)))


def _hosts_of(route: Route) -> list[str]:
    hosts = [parse_origin(origin).host for origin in _public_origins(route)]
    return hosts if route.host is None else [*hosts, route.host]


def _public_origins(route: Route) -> Iterator[str]:
    yield from route.public_origins
    for policy in () if route.policies is None else route.policies.policies:
        yield from policy.same_origins


def judge_published_hosts(named: Iterable[str]) -> Iterator[Finding]:
    """Say what is wrong with the names."""
    for index, name in enumerate(named):
        if name != _ANY and not is_host(name):
            reason = "is no host name in lower case, without a port; api.example would be"
            yield Finding(("published_hosts", index), name, reason)


def is_host(host: str) -> bool:
    """Whether this is a host name or address, in lower case and without a port."""
    try:
        return parse_origin(f"http://{host}").port is None and ":" not in host.rpartition("]")[2]
    except ValueError:
        return False
