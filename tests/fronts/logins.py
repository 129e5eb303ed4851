"""A connection that somebody has logged in, as NTLM does it: is it lent to others?

The front stands before the API itself, a `LogInApi`.
"""

from __future__ import annotations

import contextlib

from tests.fronts.fronts import Front
from tests.fronts.running import running_front
from tests.support.apis import scripted_api
from tests.support.clients import Client, RawAnswer, request
from tests.support.log_ins import LogInApi, log_in_fields

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


def _ask(client: Client, *fields: tuple[str, str]) -> RawAnswer:
    client.send(request("GET", "/closed", *fields, origin=None))
    return client.read()


def measure_logins(front: Front) -> str:
    """Let one page log in through a front; say what becomes of that, and of the others."""
    with (
        scripted_api(LogInApi()) as api,
        running_front(front, api.raw.port) as running,
        Client(running.port) as earlier,
        Client(running.port) as ann,
    ):
        assert _ask(earlier).status == 401
        works = False
        with contextlib.suppress(OSError):
            # Some close a connection on which a log-in is refused: that one does not work either.
            assert _ask(ann).status == 401
            first, third = log_in_fields("ann")
            _ask(ann, first)
            works = _ask(ann, third).status == 200 and _ask(ann).status == 200
        with Client(running.port) as later:
            others = [_ask(one).status for one in (earlier, later, earlier, later)]
    if 200 in others:
        return LENT
    return KEPT_APART if works else NO_LOG_IN
