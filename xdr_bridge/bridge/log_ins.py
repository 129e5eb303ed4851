"""What the operator is told where somebody logs in, and it cannot work."""

from __future__ import annotations

from xdr_bridge.bridge.steps import Forward
from xdr_bridge.http.errors import shown

_SEEN = "an API logs connections in (NTLM, Negotiate)"
_CLOSED = "each of its connections that may be logged in is closed after the answer"


def why_no_log_in(forward: Forward) -> str:
    """Say why the connection of this call is closed after its answer, and what can be done."""
    if forward.has_credentials and forward.ask is not None and forward.ask.is_preflight:
        return (
            f"{_SEEN}, and asks preflights to log in, which never have credentials: pages get no"
            " further; let it answer OPTIONS without a log-in"
        )
    if forward.decoded is not None and not forward.has_credentials:
        return (
            f"{_SEEN}, and tunnelled calls reach it: {_CLOSED}, and logging in by them does not"
            " work; let pages set withCredentials, which the relay can do, or log in by something"
            " that each call carries, such as a token"
        )
    client = None if forward.outer is None else forward.outer.client
    return (
        f"{_SEEN}, and the connection from {shown(client or 'an unknown address')} may be"
        f" that of a proxy, with the calls of many: {_CLOSED}, and logging in does not work; let"
        " clients that log in connect to the bridge themselves, or, where the proxy gives each"
        " client a connection of its own, name it with --trusted-proxy and set"
        " --dangerously-log-in-through-proxies"
    )
