"""The gate: whose page a tunnel request is, before anything else in it is judged (Wire 1.6)."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from xdr_bridge.bridge.native import cors_fields
from xdr_bridge.bridge.relaying import Relay
from xdr_bridge.bridge.replies import NO_ROOM, TOO_LATE, VARY_ORIGIN, failure
from xdr_bridge.bridge.routes import Route, Routes, well_formed_origin
from xdr_bridge.bridge.steps import ReadBody
from xdr_bridge.cors.permissions import ALLOW_ORIGIN, WILDCARD
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import Headers, Pair, RequestHead, ResponseHead, list_items
from xdr_bridge.tunnel.decoding import Limits
from xdr_bridge.tunnel.frame import FRAME_FIELDS
from xdr_bridge.tunnel.recognition import BODY_FORM, QUERY_FORM, RELAY_FORM, Tunnel, check_outer


class Admitted(NamedTuple):
    """A tunnel request of a page that is let in: what it is, whatever call it asks for.

    It is all that a refusal of it is written by (`replies.Refusable`).

    Attributes:
        form: "query form", "body form" or "relay".
        framed: Whether the answer is a frame.
        flags: Those of `$xdr`.
        origin: The page's.
        outer: The request's head.
        route: By which it was let in: that of its target, or any while that is unknown.
        target: The public target; empty while it is unknown.
    """

    form: str
    framed: bool
    flags: frozenset[str]
    origin: str
    outer: RequestHead
    route: Route
    target: str

    @property
    def method(self) -> str:
        """The tunnel request's method: what it asks for is not known."""
        return self.outer.method

    @property
    def fields(self) -> tuple[Pair, ...]:
        """The fields by which the page may read a refusal."""
        return self.fields_from(self.route, self.target or "/")

    def fields_from(self, route: Route, target: str) -> tuple[Pair, ...]:
        """Write the fields by which the page may read our answer, whichever API it is from.

        Args:
            route: That API's.
            target: The public target of the call.
        """
        if self.form == RELAY_FORM:
            # To a page of our own: nobody else may read it (Wire 9.4).
            return FRAME_FIELDS
        return _answer_fields(route, target, self.origin, framed=self.framed)


class Gate:
    """Lets pages in."""

    def __init__(self, routes: Routes, limits: Limits, relay: Relay) -> None:
        """Serve these routes, and take as much of a body as these limits allow."""
        self._routes = routes
        self._limits = limits
        self._relay = relay

    def admit(
        self, tunnel: Tunnel, head: RequestHead, malformed: RequestError | None
    ) -> tuple[Admitted, RequestError | None]:
        """Judge a page's origin, and then what its request is like from outside.

        Args:
            tunnel: What the request's target tells.
            head: The request's head.
            malformed: What is wrong with its target.

        Returns:
            Who asks, and why that is refused, if it is.

        Raises:
            RequestError: The page is not let in.
        """
        refused = malformed
        # The body form names its target in the body; a malformed one is not looked at.
        target = tunnel.target if tunnel.form != BODY_FORM and refused is None else None
        pages = self._relay.page_lines(tunnel, head)
        try:
            route, origin = self._admit_origin(target, head, pages)
        except RequestError as error:
            if error.code.is_about_origin:
                raise
            # Which policy is asked cannot be told: as with a target that cannot be read.
            target, refused = None, error
            route, origin = self._admit_origin(None, head, pages)
        flags: frozenset[str] = frozenset()
        try:
            self._relay.check(tunnel, head)
            if tunnel.form == RELAY_FORM:
                self._relay.check_same_origin(route, target or "/", head)
            flags = check_outer(tunnel, head.method, head.headers.get_all("Content-Type"))
        except RequestError as error:
            refused = refused or error
        admitted = Admitted(tunnel.form, tunnel.framed, flags, origin, head, route, target or "")
        return admitted, refused

    def read_body(self, admitted: Admitted) -> ReadBody:
        """Ask for the request's body.

        Raises:
            RequestError: It says itself that it is too large.
        """
        # The body form's body holds the call's head besides its body.
        extra = 0 if admitted.form == QUERY_FORM else self._limits.head_bytes
        max_bytes = self._limits.body_bytes + extra
        error = RequestError(
            Code.BODY_TOO_LARGE, f"the body has more than the {max_bytes} bytes accepted"
        )
        length = admitted.outer.headers.get("Content-Length")
        if length is not None and _exceeds(length, max_bytes):
            raise error
        return ReadBody(
            max_bytes=max_bytes,
            too_large=lambda: failure(admitted, error),
            too_late=lambda: failure(admitted, TOO_LATE),
            no_room=lambda: failure(admitted, NO_ROOM),
        )

    def _admit_origin(
        self, target: str | None, head: RequestHead, origin_lines: list[str]
    ) -> tuple[Route, str]:
        """Judge by the target's policy, or, while the target is unknown, by any."""
        route = None if target is None else self._routes.find(head.headers.get("Host"), target)
        if route is None or target is None:
            return self._routes.all[0], self._routes.admit_origin(origin_lines)
        if route.policies is None:
            return route, well_formed_origin(origin_lines)
        return route, route.policies.for_target(target).admit_origin(origin_lines)


def _answer_fields(route: Route, target: str, origin: str, *, framed: bool) -> tuple[Pair, ...]:
    if route.policies is None:
        allow: tuple[Pair, ...] = (("Access-Control-Allow-Origin", origin),)
        return (*FRAME_FIELDS, *allow) if framed else (*allow, *VARY_ORIGIN)
    policy = route.policies.for_target(target)
    if framed:
        return (*FRAME_FIELDS, *policy.allow_origin_fields(origin))
    return cors_fields(policy, origin)


def shared_with(origin: str | None, head: ResponseHead) -> ResponseHead:
    """Share an answer that has passed the CORS check with the page that asked.

    To who follows redirects in the page's place the API may have said `null`, and rightly so.
    """
    if head.headers.get(ALLOW_ORIGIN) in (origin, WILDCARD) or origin is None:
        return head
    dropped = (ALLOW_ORIGIN.lower(), "vary")
    kept = [pair for pair in head.headers if pair[0].lower() not in dropped]
    vary = list_items(head.headers.get("Vary"))
    if "*" not in vary and "origin" not in map(str.lower, vary):
        vary.append("Origin")
    fields = (("Vary", ", ".join(vary)), (ALLOW_ORIGIN, origin))
    return replace(head, headers=Headers.trusted([*kept, *fields]))


def _exceeds(length: str, max_bytes: int) -> bool:
    # Digits without end are not made a number: they are more than enough.
    digits = length.lstrip("0")
    return length.isdigit() and (
        len(digits) > len(str(max_bytes)) or int(digits or "0") > max_bytes
    )
