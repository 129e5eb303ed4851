"""Which calls may use a connection to an API, and what makes it one client's. No I/O.

A request stands for itself (RFC 9110, section 3.3), so that a connection may carry anybody's calls.
NTLM, and Negotiate as Windows speaks it (RFC 4559), break that rule: they log a *connection* in.
From the first sign of it on, such a connection serves one client and nobody else.
"""

from __future__ import annotations

import re
from enum import Enum

from xdr_bridge.http.messages import Headers

# A challenge, or credentials, of one of these schemes (RFC 9110, sections 11.2 to 11.4; Nego2 is
# MS-N2HT's). A comma in somebody's realm may look like one, which costs a connection and no more.
_LOGS_IN = re.compile(
    r"(?:\A|,)[\t ]*+(?:ntlm|negotiate|nego2|kerberos)(?![!#$%&'*+\-.^_`|~0-9A-Za-z])",
    re.IGNORECASE,
)


class Reuse(Enum):
    """Whose connection to the API a call needs, and who may use it afterwards."""

    #: Any that is free; afterwards it is anybody's.
    SHARED = "shared"
    #: The one that is bound to the page's connection; where there is none, as `SHARED`.
    OWN = "own"
    #: As `OWN`, and from now on it is bound to the page's connection, until either closes.
    BOUND = "bound"
    #: Any that is free; it is closed after the answer.
    NEVER = "never"

    @property
    def is_own(self) -> bool:
        """Whether what is bound to the page's connection is for this call."""
        return self is _OWN or self is _BOUND

    def after(self, headers: Headers) -> Reuse:
        """Return what holds once the head of the API's answer, whatever its status, has come."""
        # IIS says Persistent-Auth of connections that are logged in.
        if not logs_in(headers.get("www-authenticate")) and "persistent-auth" not in headers:
            return self
        return _BOUND if self is _OWN or self is _BOUND else _NEVER


# CPython 3.11 takes as long for the name of a member as for a call.
_SHARED, _OWN, _BOUND, _NEVER = Reuse


def reuse_for(headers: Headers, *, own: bool) -> Reuse:
    """Return which connection a call with these fields needs.

    Args:
        headers: The call's, as they go to the API.
        own: Whether the page's connection is one client's, and the call may log it in.
    """
    # A ticket of Negotiate logs in with its first request: no 401 tells of it.
    if logs_in(headers.get("authorization")):
        return _BOUND if own else _NEVER
    return _OWN if own else _SHARED


def logs_in(value: str | None) -> bool:
    """Whether a challenge, or credentials, are of a scheme that logs connections in."""
    return value is not None and _LOGS_IN.search(value) is not None
