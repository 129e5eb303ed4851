"""Origins: read by the grammar, written one way, compared whole.

Follows the Fetch standard's `Origin` header and the HTML standard's serialisation of an origin.
https://fetch.spec.whatwg.org/#origin-header
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

# Scheme, "://", a DNS name at its longest, ":", port. Anything longer is refused unread.
_MAX_HOST_CHARACTERS = 253
MAX_ORIGIN_CHARACTERS = 64 + 3 + _MAX_HOST_CHARACTERS + 6

# Real host names hold underscores, the grammar's do not; browsers send them, so they are read.
_LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
_ORIGIN = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.\-]*)://"
    rf"(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9a-f:.]+\])"
    r"(?::(?P<port>[1-9][0-9]{0,4}))?"
)
# https://url.spec.whatwg.org/#ends-in-a-number-checker
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """A tuple origin (HTML standard, section 7.1.1).

    Attributes:
        scheme: Lower case, without the colon.
        host: A lower-case name, a dotted quad, or an IPv6 address in brackets.
        port: None where it is the scheme's default.
    """

    scheme: str
    host: str
    port: int | None

    @property
    def is_loopback(self) -> bool:
        """Whether nobody on the network can speak for it: a localhost name, 127.0.0.0/8, [::1].

        https://w3c.github.io/webappsec-secure-contexts/#is-origin-trustworthy
        """
        host = self.host
        return (
            host in ("localhost", "[::1]")
            or host.endswith(".localhost")
            or (host.startswith("127.") and self.is_address)
        )

    @property
    def is_address(self) -> bool:
        """Whether the host is an IP address and has no labels."""
        return self.host.startswith("[") or self.host.rpartition(".")[2].isdigit()

    def __str__(self) -> str:
        """Serialise the origin, as a browser writes it."""
        return f"{self.scheme}://{self.host}" + ("" if self.port is None else f":{self.port}")


def parse_origin(text: str) -> Origin:
    """Read a serialised tuple origin; a default port that is written out is dropped.

    Accepted: `https://shop.example`, `http://localhost:3000`, `https://[::1]:8443`,
    `https://my_shop.example`. Refused: `null`, `https://shop.example/`, `https://Shop.example`,
    `https://user@shop.example`, `https://shop.example.`, `https://1.2.3`, `https://[0::1]`,
    `https://a,https://b`, `https://shop.example:0`.

    Raises:
        ValueError: The text is no such origin; the message says which part, without quoting it.
    """
    if len(text) > MAX_ORIGIN_CHARACTERS:
        raise ValueError(f"is longer than {MAX_ORIGIN_CHARACTERS} characters")
    match = _ORIGIN.fullmatch(text)
    if match is None:
        raise ValueError(
            "is no origin; scheme://host or scheme://host:port, in lower case, is accepted"
        )
    scheme, host, port = match["scheme"], match["host"], match["port"]
    if len(host) > _MAX_HOST_CHARACTERS:
        raise ValueError(f"has a host of more than {_MAX_HOST_CHARACTERS} characters")
    _check_host(host)
    number = None if port is None else int(port)
    if number is not None and number > 65535:
        raise ValueError("has a port beyond 65535")
    return Origin(scheme, host, None if number == DEFAULT_PORTS.get(scheme) else number)


def _check_host(host: str) -> None:
    if host.startswith("["):
        try:
            address = ipaddress.IPv6Address(host[1:-1])
        except ValueError:
            raise ValueError("has no IPv6 address between its brackets") from None
        if host != f"[{address.compressed}]":
            raise ValueError(f"writes its IPv6 address another way than [{address.compressed}]")
    elif _NUMBER.fullmatch(host.rpartition(".")[2]):
        # URL standard, "ends in a number": such a host is an IPv4 address or nothing.
        try:
            ipaddress.IPv4Address(host)
        except ValueError:
            raise ValueError(
                "ends in a number but is no IPv4 address as browsers write it, such as 127.0.0.1"
            ) from None
