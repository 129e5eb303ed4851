"""Counts the connections of pages, in all and by address, against what is allowed. No I/O.

An IPv6 network gives a single host 2^64 addresses (RFC 4291, section 2.5.4), so
that what counts is the /64.
"""

from __future__ import annotations

from ipaddress import IPv6Address

_NETWORK_BYTES = 8


def place_of(address: str) -> str:
    """Return under what an address is counted: IPv4 itself, of IPv6 the /64, other text as it is.

    An IPv4 address that a socket for both families writes as IPv6 is counted as IPv4.
    """
    if ":" not in address:
        return address
    try:
        parsed = IPv6Address(address)
    except ValueError:
        return address
    mapped = parsed.ipv4_mapped
    return parsed.packed[:_NETWORK_BYTES].hex(":", 2) if mapped is None else str(mapped)


def is_own(address: str) -> bool:
    """Whether this is this machine itself: a proxy in front, more often than a page."""
    return address.startswith(("127.", "::ffff:127.")) or address == "::1"


class Places:
    """Who is connected.

    Attributes:
        taken: Connections that are open.
        most: How many there may be.
        most_per_address: How many there may be of one address; None: any number.
    """

    __slots__ = ("_by_address", "most", "most_per_address", "taken")

    def __init__(self, most: int, most_per_address: int | None) -> None:
        """Begin with nobody."""
        self.taken = 0
        self.most = most
        self.most_per_address = most_per_address
        self._by_address: dict[str, int] = {}

    def is_full(self) -> bool:
        """Whether there are as many connections as there may be."""
        return self.taken >= self.most

    def is_full_for(self, place: str) -> bool:
        """Whether one address has as many connections as it may have."""
        most = self.most_per_address
        return most is not None and self._by_address.get(place, 0) >= most

    def take(self, place: str) -> None:
        """Count a connection that begins."""
        self.taken += 1
        self._by_address[place] = self._by_address.get(place, 0) + 1

    def leave(self, place: str) -> None:
        """Count a connection that is gone."""
        self.taken -= 1
        left = self._by_address[place] - 1
        if left:
            self._by_address[place] = left
        else:
            # Or every address that ever came would be remembered.
            del self._by_address[place]
