"""Relayed requests: whose page they are from, and whether the bridge's own frame has sent them.

Wire 9.3 and 9.4. What they ask for is decided where every other call is.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

from xdr_bridge.bridge.replies import plain_refusal
from xdr_bridge.bridge.routes import Route, host_name, is_known_host
from xdr_bridge.bridge.steps import Reply
from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.forwarding.names import folded
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.origins import Origin, parse_origin
from xdr_bridge.tunnel.recognition import RELAY_FORM, Tunnel, asks_for_relay

PAGE = "XDR-Page"
_OURS = "xdr-"


def refuse_preflight(head: RequestHead) -> Reply | None:
    """Refuse a preflight by which a page would come to send what only the relay may (Wire 9.4).

    Neither a policy nor an API is asked. The URL counts too: a browser may remember of an answer
    about it that every name is allowed there.
    """
    if head.method != "OPTIONS":
        return None
    asked = ",".join(head.headers.get_all("Access-Control-Request-Headers")).split(",")
    ours = next((name for name in asked if folded(name.strip(" \t")).startswith(_OURS)), None)
    if ours is not None:
        error = RequestError(
            Code.HEADER_FORBIDDEN, f"no page may set the request header {shown(ours.strip())}"
        )
    elif asks_for_relay(head.target):
        error = RequestError(
            Code.RELAY_NOT_SAME_ORIGIN, "the relay needs no preflight; no other page may be it"
        )
    else:
        return None
    return plain_refusal("preflight", error, status=403)


class Relay:
    """What the bridge takes from its own frames."""

    def __init__(self, *, is_on: bool = True, hosts: Collection[str] | None = ()) -> None:
        """Take relayed requests.

        Args:
            is_on: Whether there is a relay at all.
            hosts: The host names that are known to be the bridge's, in lower case, beside addresses
                and localhost; None: any name is.
        """
        self._is_on = is_on
        self._hosts = hosts

    def page_lines(self, tunnel: Tunnel, head: RequestHead) -> list[str]:
        """Return what says whose page has sent a tunnel request: one value, if all is well.

        Raises:
            RequestError: It is relayed, and does not say so well-formed.
        """
        if tunnel.form != RELAY_FORM:
            return head.headers.get_all("Origin")
        pages = head.headers.get_all(PAGE)
        if len(pages) != 1:
            raise RequestError(
                Code.RELAY_MALFORMED, f"a relayed request has one {PAGE}; this one has {len(pages)}"
            )
        try:
            parse_origin(pages[0])
        except ValueError as error:
            raise RequestError(
                Code.RELAY_MALFORMED, f"the {PAGE} {shown(pages[0])} {error}"
            ) from None
        return pages

    def check(self, tunnel: Tunnel | None, head: RequestHead) -> None:
        """Check that what only the relay may send is sent by it.

        Raises:
            RequestError: It is not, or there is no relay.
        """
        if tunnel is not None and tunnel.form == RELAY_FORM:
            if not self._is_on:
                raise RequestError(
                    Code.RELAY_OFF, "the relay is switched off; --relay would switch it on"
                )
        elif PAGE in head.headers:
            raise RequestError(
                Code.RELAY_MALFORMED,
                f"{PAGE} comes with the flag of the relay only, such as '$xdr=1,relay'",
            )

    def check_same_origin(self, route: Route, target: str, head: RequestHead) -> None:
        """Check that everything that tells of it says that a frame of ours has sent a request.

        Args:
            route: That of the request.
            target: Its public target.
            head: Its head.

        Raises:
            RequestError: Something says otherwise.
        """
        sites = head.headers.get_all("Sec-Fetch-Site")
        if sites and sites != ["same-origin"]:
            _refuse(f"Sec-Fetch-Site is {shown(', '.join(sites))}; 'same-origin' is accepted")
        host = route.forwarding.asked_host(head)
        name = host_name(host)
        if not name or not (self._hosts is None or is_known_host(name, self._hosts)):
            _refuse(
                f"the host {shown(host or '')} is not known to be the bridge's;"
                " --published-host names it"
            )
        lines = head.headers.get_all("Origin")
        asked = route.forwarding.asked_origin(head)
        if lines and not _is_ours(lines, asked, route, target):
            _refuse(
                f"the Origin is {shown(', '.join(lines))}, and the bridge was asked as"
                f" {shown(str(asked))}; the same is accepted, or a public origin of the API"
            )


def _is_ours(lines: list[str], asked: Origin | None, route: Route, target: str) -> bool:
    try:
        origin = parse_origin(lines[0])
    except ValueError:
        return False
    return len(lines) == 1 and (origin == asked or route.publishes(origin, target))


def _refuse(why: str) -> NoReturn:
    raise RequestError(
        Code.RELAY_NOT_SAME_ORIGIN,
        f"a relayed request comes from a frame of the bridge's own origin: {why}",
    )
