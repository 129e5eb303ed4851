"""A connection that somebody has logged in, as NTLM does it: is it lent to others?

The front stands before the API itself. The API counts a log-in for the connection on which it was
made, and takes a third message only where it has asked for one; the messages are made up.
"""

from __future__ import annotations

import asyncio
import contextlib

from tests.fronts.fronts import Front
from tests.fronts.running import running_front
from tests.support.apis import scripted_api
from tests.support.clients import Client, RawAnswer, request
from tests.support.raw_api import Peer

KEPT_APART, LENT, NO_LOG_IN = "kept apart", "**lent**", "no log-in"
LOGINS = {
    "nginx": LENT,
    "Apache": LENT,
    "HAProxy": KEPT_APART,
    "lighttpd": NO_LOG_IN,
    "Varnish": KEPT_APART,
    "Caddy": LENT,
    "Traffic Server": NO_LOG_IN,
    "nghttpx": LENT,
    "Squid": KEPT_APART,
}
_FIRST, _THIRD = "NTLM Zmlyc3Q=", "NTLM dGhpcmQ="


async def ntlm_api(peer: Peer) -> None:
    """Answer with the name of who is logged in on this connection, or ask for a log-in."""
    asked = logged_in = False
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await peer.head()
            if _FIRST.encode() in head:
                asked = True
                await peer.send(_refusal("NTLM c2Vjb25k"))
                continue
            logged_in = logged_in or (asked and _THIRD.encode() in head)
            await peer.send(
                b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nann"
                if logged_in
                else _refusal("NTLM")
            )


def _refusal(offer: str) -> bytes:
    text = f"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {offer}\r\nContent-Length: 0\r\n\r\n"
    return text.encode()


def _ask(client: Client, authorization: str | None = None) -> RawAnswer:
    fields = [("Authorization", authorization)] if authorization else []
    client.send(request("GET", "/private", *fields, origin=None))
    return client.read()


def measure_logins(front: Front) -> str:
    """Let one page log in through a front; say what becomes of that, and of the others."""
    with (
        scripted_api(ntlm_api) as api,
        running_front(front, api.raw.port) as running,
        Client(running.port) as earlier,
        Client(running.port) as ann,
    ):
        assert _ask(earlier).status == 401
        works = False
        with contextlib.suppress(OSError):
            # Some close a connection on which a log-in is refused: that one does not work either.
            assert _ask(ann).status == 401
            _ask(ann, _FIRST)
            works = _ask(ann, _THIRD).status == 200 and _ask(ann).status == 200
        with Client(running.port) as later:
            others = [_ask(one).status for one in (earlier, later, earlier, later)]
    if 200 in others:
        return LENT
    return KEPT_APART if works else NO_LOG_IN
