"""Addresses of proxies: the networks that the operator trusts, and who is in one. No I/O.

An IPv4 address inside an IPv6 one (`::ffff:192.0.2.1`) is that IPv4 address everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_LENGTH = re.compile(r"[0-9]{1,3}")
_MAPPED = IPv6Network("::ffff:0:0/96")
# As wide as the widest private networks, 10.0.0.0/8 and fc00::/7; what is wider is the internet.
_SHORTEST_PREFIX = {4: 8, 6: 7}
_WANTED = "10.0.0.5, 10.0.0.0/8 or fd00::/8 would be"


def read_network(text: str) -> Network:
    """Read what the operator trusts: an address, or a network as address and prefix length.

    Raises:
        ValueError: It is neither, or it stands for what nobody can mean.
    """
    first, slash, length = text.partition("/")
    address = None if "%" in text else read_address(first)
    if address is None or (slash and _LENGTH.fullmatch(length) is None):
        raise ValueError(f"is no address and no network, and names are not looked up; {_WANTED}")
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(f"has a prefix length that is out of range; {_WANTED}") from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        network = IPv4Network((int(network.network_address) & 0xFFFFFFFF, network.prefixlen - 96))
    shortest = _SHORTEST_PREFIX[network.version]
    if network.prefixlen < shortest:
        raise ValueError(
            "trusts so many addresses that pages could say who they are; name the proxy's own, such"
            f" as 10.0.0.5, or its network, a /{shortest} at most"
        )
    if address != network.network_address:
        raise ValueError(f"has bits beyond its prefix; {network} would be accepted")
    if address.is_multicast or address.is_unspecified:
        raise ValueError(f"is the address of no machine; {_WANTED}")
    return network


def read_address(text: str) -> Address | None:
    """Read an address as a socket or a field names it, without port and brackets; None if none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.scope_id is not None:
            # Which of our links it is on means nothing to another machine.
            return IPv6Address(int(address))
    return address


class TrustedProxies:
    """Whose word about others counts: nobody's, where no network is given."""

    __slots__ = ("networks",)

    def __init__(self, networks: Iterable[Network] = ()) -> None:
        """Trust whoever is in one of these networks."""
        self.networks = tuple(networks)

    def __contains__(self, address: Address) -> bool:
        """Whether a trusted proxy may be at this address."""
        return any(address in network for network in self.networks)
