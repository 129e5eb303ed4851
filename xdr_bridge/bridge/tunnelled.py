"""Tunnelled calls: the decoding, the decision, the frame, and redirects followed.

Wire 1.6, 4, 5 and 6. Under a policy the decision is `CorsPolicy.decide`, as for every other door;
under API authority it is what a browser would make of the API's answers (`fetching`). A little
longer than 300 lines, so that a call is seen from its tunnel request to its frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xdr_bridge.bridge.credentials import (
    ask_again,
    is_challenge,
    of_the_browser,
    opening_call,
    outer_head,
)
from xdr_bridge.bridge.gate import Admitted, Gate, shared_with
from xdr_bridge.bridge.native import plain_head
from xdr_bridge.bridge.relaying import Relay
from xdr_bridge.bridge.replies import REFUSED_REDIRECT, failure, frame_head, plain_refusal, refusal
from xdr_bridge.bridge.routes import Route, Routes
from xdr_bridge.bridge.steps import Answer, Forward, PlainWriter, ReadBody, Reply
from xdr_bridge.cors.fetching import Ask, Browser, NetworkError
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.cors.redirects import MAX_REDIRECTS, REDIRECT_STATUSES, Located, Reach, rewrite
from xdr_bridge.http.errors import Code, RequestError, UpstreamError
from xdr_bridge.http.fields import overriding_methods, unsafe_request_header_names
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead
from xdr_bridge.http.targets import shown_target, split_target
from xdr_bridge.http.v1.reuse import Reuse, reuse_for
from xdr_bridge.tunnel.decoding import Call, Limits, decode
from xdr_bridge.tunnel.frame import FrameWriter
from xdr_bridge.tunnel.recognition import Tunnel

_NO_CHALLENGE = RequestError(
    Code.TUNNEL_MALFORMED,
    "a log-in began with an empty body, and the API asks for none; an HTTP request in the body is"
    " accepted",
)


class TunnelledCalls:
    """Takes tunnel requests to calls, and the API's answers to frames."""

    def __init__(
        self, routes: Routes, limits: Limits, mount: str, reach: Reach, relay: Relay
    ) -> None:
        """Serve these routes.

        Args:
            routes: All of the bridge's.
            limits: Ceilings for what is decoded.
            mount: The bridge's own path; nothing under it is ever called.
            reach: Where redirects may lead.
            relay: What is taken from the bridge's own frames.
        """
        self._routes = routes
        self._limits = limits
        self._mount = mount
        self._reach = reach
        self._gate = Gate(routes, limits, relay)
        # A redirect out of an API that decides itself must not slip past another one's policy.
        self._browser = Browser(reach=replace(reach, apis=routes.self_deciding_apis))

    def receive(
        self,
        tunnel: Tunnel,
        head: RequestHead,
        body: bytes | None,
        now: float,
        malformed: RequestError | None = None,
    ) -> ReadBody | Reply | Forward:
        """Judge a tunnel request, and decode it once its body is there.

        Args:
            tunnel: What its target tells.
            head: Its head.
            body: Its body, once that is read.
            now: The time, in seconds, by a clock that never goes back.
            malformed: What is wrong with its target; the origin is judged first.
        """
        try:
            admitted, refused = self._gate.admit(tunnel, head, malformed)
        except RequestError as error:
            return plain_refusal(tunnel.form, error)
        try:
            if refused is not None:
                raise refused
            if head.method != "POST":
                # Whether a browser sends one with a GET is unknown; it means nothing.
                body = b""
            if body is None:
                return self._gate.read_body(admitted)
            call = opening_call(tunnel, head, body)
            if call is None:
                call = decode(tunnel, head.method, body, self._limits, head.headers)
            return self._make(admitted, call, now)
        except RequestError as error:
            if error.code.is_about_origin:
                # Allowed for another path, not for this one: no frame for it either.
                return plain_refusal(tunnel.form, error)
            return refusal(admitted, error)

    def respond(self, forward: Forward, head: ResponseHead, now: float) -> Answer | Forward | Reply:
        """Turn the head of the API's answer into the next call, or the beginning of our answer."""
        policies = forward.route.policies
        try:
            if forward.ask is not None:
                step = forward.ask.receive(head, now)
                if isinstance(step, NetworkError):
                    return _refused_by_api(forward, head, step.error)
                if isinstance(step, Ask):
                    self._check_decides_itself(forward, step)
                    following = self._asking(forward, step)
                    if forward.has_credentials and step.redirects > forward.ask.redirects:
                        return ask_again(forward, head, following, step.call)
                    return following
                return self._answer(forward, head, step.exposes)
            if forward.framed and head.status in REDIRECT_STATUSES and "Location" in head.headers:
                return self._follow(forward, head, now)
        except RequestError as error:
            return refusal(forward, error)
        assert policies is not None
        return self._answer(forward, head, policies.for_target(forward.target).exposes)

    def fail(self, forward: Forward, error: UpstreamError | RequestError) -> Reply:
        """Answer for an API that failed."""
        if forward.ask is not None:
            forward.ask.abandon()
        return failure(forward, error)

    def _make(
        self,
        admitted: Admitted,
        call: Call,
        now: float,
        *,
        route: Route | None = None,
        redirects: int = 0,
    ) -> Forward:
        """Judge a decoded call and make it a step.

        Args:
            admitted: The tunnel request.
            call: The call.
            now: The time.
            route: Where it goes, if a redirect has said so; else its target and Host say it.
            redirects: How many have been followed.

        Raises:
            RequestError: It goes nowhere, or the policy of where it goes does not allow it.
        """
        origin, outer = admitted.origin, admitted.outer
        self._check_foreign(call.target)
        route = route or self._route(outer, call.target)
        inner = route.inner_target(call.target)
        route.forwarding.check_names(name for name, _ in call.headers)
        if route.policies is not None:
            _decide(route.policies.for_target(call.target), origin, call)
            headers = call.headers.derived(_as_sent, origin)
            if call.credentials:
                headers = Headers.trusted([*headers, *of_the_browser(outer, headers)])
            sent = route.call_head(call.method, inner, headers, outer=outer)
            return _forward(admitted, call, route, sent, redirects)
        ask = self._browser.fetch(
            call._replace(target=inner),
            api=route.api,
            origin=origin,
            now=now,
            credentials=call.credentials,
            here=route.forwarding.asked_origin(outer),
        )
        return self._asking(_forward(admitted, call, route, outer, redirects), ask)

    def _check_foreign(self, target: str) -> None:
        if self._is_own(target):
            raise RequestError(
                Code.TARGET_NOT_BRIDGED,
                f"the target {shown_target(target)} is the bridge's own, not the API's",
            )

    def _route(self, head: RequestHead, target: str) -> Route:
        route = self._routes.find(head.headers.get("Host"), target)
        if route is None:
            raise RequestError(
                Code.TARGET_NOT_BRIDGED,
                f"the target {shown_target(target)} is under no configured API",
            )
        return route

    def _is_own(self, target: str) -> bool:
        if not target.startswith(self._mount):
            return False
        path = split_target(target)[0]
        return path == self._mount or path.startswith(self._mount + "/")

    def _asking(self, forward: Forward, ask: Ask) -> Forward:
        """Make a step of what the browser in us asks for next."""
        assert forward.outer is not None
        route = self._routes.route_of(ask.api, forward.route)
        target = route.public_target(ask.target)
        if self._is_own(target):
            raise REFUSED_REDIRECT
        headers = Headers.trusted(ask.headers)
        credentials = forward.has_credentials and not ask.is_preflight
        if credentials:
            headers = Headers.trusted([*headers, *of_the_browser(forward.outer, headers)])
        call = route.call_head(ask.method, ask.target, headers, outer=forward.outer)
        return forward._replace(
            route=route,
            ask=ask,
            call=call,
            body=ask.body,
            reuse=_reuse(route, call, forward.outer, credentials),
            target=target,
        )

    def _follow(self, forward: Forward, head: ResponseHead, now: float) -> Forward | Reply:
        """Follow a redirect under a policy (Wire 6.3): the page must be allowed there too."""
        call, route = forward.decoded, forward.route
        assert call is not None
        if forward.redirects >= MAX_REDIRECTS:
            raise RequestError(
                Code.TOO_MANY_REDIRECTS, f"the API redirected more than {MAX_REDIRECTS} times"
            )
        locations = head.headers.get_all("Location")
        assert forward.outer is not None
        assert forward.origin is not None
        found = self._reach.locate(
            locations,
            api=route.api,
            target=route.inner_target(call.target),
            here=route.forwarding.asked_origin(forward.outer),
        )
        place = self._routes.deciding(found, route, forward.outer)
        if place is None:
            raise REFUSED_REDIRECT
        there, inner = place
        target = there.public_target(inner)
        method, headers, body = rewrite(
            head.status, call.method, call.headers, call.body, cross_origin=there.api != route.api
        )
        call = Call(method, target, headers, body, credentials=call.credentials)
        form, framed, flags = forward.form, forward.framed, forward.flags
        asked = Admitted(form, framed, flags, forward.origin, forward.outer, there, target)
        try:
            # Handed on: the Host of the tunnel request would choose another API, perhaps.
            made = self._make(asked, call, now, route=there, redirects=forward.redirects + 1)
        except RequestError:
            # Pages never see where a redirect led: what forbids it would say.
            raise REFUSED_REDIRECT from None
        return ask_again(forward, head, made, call) if call.credentials else made

    def _check_decides_itself(self, forward: Forward, ask: Ask) -> None:
        """Check that no policy of the operator's decides about where a redirect leads.

        Raises:
            RequestError: One does; what another API permits does not count there.
        """
        asked, outer = forward.ask, forward.outer
        if asked is None or outer is None or (ask.api, ask.target) == (asked.api, asked.target):
            return
        place = self._routes.deciding(Located(ask.api, ask.target), forward.route, outer)
        if place is None or place[0].policies is not None:
            raise REFUSED_REDIRECT

    def _answer(
        self, forward: Forward, head: ResponseHead, exposes: Callable[[str], bool]
    ) -> Answer | Reply:
        if not forward.framed:
            plain = plain_head(forward, head, self._reach)
            if forward.ask is not None:
                plain = shared_with(forward.origin, plain)
            if forward.call.method == "HEAD":
                # The tunnel request is a GET or a POST: a length would announce a body.
                kept = (pair for pair in plain.headers if pair[0].lower() != "content-length")
                plain = replace(plain, headers=Headers.trusted(kept))
            return Answer(head=plain, writer=PlainWriter())
        if forward.decoded is not None and forward.decoded.opens_log_in and not is_challenge(head):
            return refusal(forward, _NO_CHALLENGE)
        try:
            writer = FrameWriter(
                head,
                method=forward.call.method,
                target=forward.target,
                exposes=exposes,
                flags=forward.flags,
            )
        except ValueError as error:
            return self.fail(forward, UpstreamError(Code.UPSTREAM_BROKEN, f"the API: {error}"))
        if forward.has_credentials:
            return Answer(head=outer_head(forward, head), writer=writer)
        return Answer(head=frame_head(forward.fields), writer=writer)


def _refused_by_api(forward: Forward, head: ResponseHead, error: RequestError) -> Reply:
    """Refuse what the API does not let the page read; a log-in may change its mind (Wire 9.7)."""
    refused = refusal(forward, error)
    asked = forward.ask is None or forward.ask.is_preflight
    if asked or not (forward.has_credentials and is_challenge(head)):
        return refused
    return replace(refused, head=outer_head(forward, head, cookies=False))


def _decide(policy: CorsPolicy, origin: str, call: Call) -> None:
    """Ask the policy, as a preflight would.

    Raises:
        RequestError: It does not allow this call.
    """
    names = call.headers.derived(_unsafe_names)
    overrides = call.headers.derived(overriding_methods)
    policy.decide((origin,), call.method, names, overrides, credentials=call.credentials)


def _forward(
    admitted: Admitted, call: Call, route: Route, sent: RequestHead, redirects: int
) -> Forward:
    return Forward(
        form=admitted.form,
        route=route,
        call=sent,
        body=call.body,
        reuse=_reuse(route, sent, admitted.outer, call.credentials),
        framed=admitted.framed,
        fields=admitted.fields_from(route, call.target),
        origin=admitted.origin,
        outer=admitted.outer,
        decoded=call,
        target=call.target,
        flags=admitted.flags,
        redirects=redirects,
    )


def _reuse(route: Route, call: RequestHead, outer: RequestHead, credentials: bool) -> Reuse:
    # Without the browser's log-ins a tunnelled call logs nothing in: the page's connection carries
    # calls of other pages too.
    own = credentials and route.forwarding.is_one_clients(outer)
    return reuse_for(call.headers, own=own)


def _as_sent(headers: Headers, origin: str) -> Headers:
    """Add what a browser would (Wire 4.6)."""
    accept = () if "Accept" in headers else (("Accept", "*/*"),)
    return Headers.trusted([*headers, *accept, ("Accept-Encoding", "identity"), ("Origin", origin)])


def _unsafe_names(headers: Headers) -> tuple[str, ...]:
    return tuple(unsafe_request_header_names(headers))
