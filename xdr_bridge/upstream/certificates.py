"""What a certificate says of itself: whose it is and who issued it. For sentences, never for trust.

Reads just enough DER (ITU-T X.690) of X.509 (RFC 5280, section 4.1), because the standard library
tells nothing of a certificate that it has refused.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass

from xdr_bridge.http.errors import shown

_OID, _VERSION, _EXTENSIONS = 0x06, 0xA0, 0xA3
_OCTETS, _DNS_NAME, _IP_ADDRESS = 0x04, 0x82, 0x87
_COMMON_NAME, _ORGANISATION = b"\x55\x04\x03", b"\x55\x04\x0a"
_ALTERNATIVE_NAMES = b"\x55\x1d\x11"
_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Certificate:
    """What it says, unverified, in words that are safe to show.

    Attributes:
        names: Hosts and addresses that it is for: a few, quoted, joined.
        issuer: The common name, or else the organisation, of who issued it, quoted.
    """

    names: str
    issuer: str


def read_certificate(der: bytes) -> Certificate:
    """Read a certificate.

    Raises:
        ValueError: It is none that can be read.
    """
    (_, whole), *_ = _elements(der)
    (_, body), *_ = _elements(whole)
    fields = [field for field in _elements(body) if field[0] != _VERSION]
    if len(fields) < 6:
        raise ValueError("too short")
    # serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo
    issuer, subject = fields[2][1], fields[4][1]
    names = [name for tag, value in fields if tag == _EXTENSIONS for name in _alternatives(value)]
    told = ", ".join(map(shown, names[:_MOST_NAMES] or [_name(subject)]))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return Certificate(names=told + more, issuer=shown(_name(issuer)))


def _elements(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Take the elements of a constructed value: tag and content."""
    position = 0
    while position < len(data):
        header = data[position : position + 2]
        if len(header) < 2:
            raise ValueError("cut off")
        tag, length = header
        position += 2
        if length & 0x80:
            size = length & 0x7F
            length = int.from_bytes(data[position : position + size], "big")
            position += size
        if not 0 <= length <= len(data) - position:
            raise ValueError("cut off")
        yield tag, data[position : position + length]
        position += length


def _name(name: bytes) -> str:
    """Return the common name, or the organisation, of a distinguished name."""
    found: dict[bytes, str] = {}
    for _, relative in _elements(name):
        for _, pair in _elements(relative):
            parts = list(_elements(pair))
            if len(parts) == 2 and parts[0][0] == _OID:
                found[parts[0][1]] = parts[1][1].decode("utf-8", "replace")
    return found.get(_COMMON_NAME) or found.get(_ORGANISATION) or "somebody without a name"


def _alternatives(extensions: bytes) -> Iterator[str]:
    """Take the hosts and addresses of subjectAltName (section 4.2.1.6)."""
    for _, sequence in _elements(extensions):
        for _, extension in _elements(sequence):
            parts = list(_elements(extension))
            if parts[:1] != [(_OID, _ALTERNATIVE_NAMES)] or parts[-1][0] != _OCTETS:
                continue
            for _, names in _elements(parts[-1][1]):
                for tag, value in _elements(names):
                    if tag == _DNS_NAME:
                        yield value.decode("ascii", "replace")
                    elif tag == _IP_ADDRESS and len(value) in (4, 16):
                        yield str(ipaddress.ip_address(value))
