"""The conversation, without I/O: a request comes in, and the edge is told what to do with it.

    step = bridge.receive(request_head)              # ReadBody | Reply | Forward
    step = bridge.receive(request_head, body)        # after ReadBody: Reply | Forward
    answer = bridge.respond(forward, response_head)  # Answer | Forward (another call) | Reply
    reply = bridge.fail(forward, error)              # the API failed before it answered
    reply = bridge.too_many_calls(forward, most)     # the edge makes no more calls at once
    reply = bridge.too_late(forward)                 # the page does not go on with the body

An edge does what a step says and decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from xdr_bridge.bridge.native import is_preflight, plain_head, receive_native, refuse_native
from xdr_bridge.bridge.relaying import Relay, refuse_preflight
from xdr_bridge.bridge.replies import (
    TOO_LATE,
    VARY_ORIGIN,
    failure,
    frame_head,
    plain_refusal,
    reply,
)
from xdr_bridge.bridge.routes import Route, Routes, host_name, is_known_host
from xdr_bridge.bridge.steps import Answer, Forward, PlainWriter, ReadBody, Reply
from xdr_bridge.bridge.tunnelled import TunnelledCalls
from xdr_bridge.cors.policies import PolicyTable
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.cors.redirects import Reach
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError, UpstreamError, shown
from xdr_bridge.http.messages import RequestHead, ResponseHead
from xdr_bridge.http.targets import origin_form, resolve_target, split_target
from xdr_bridge.tunnel.decoding import Limits
from xdr_bridge.tunnel.recognition import recognise, recognise_unread

_NATIVE, _ASSET = "native", "asset"


def _is_about_the_server(head: RequestHead, target: str) -> bool:
    """Whether it asks for the server itself (RFC 9112, section 3.2.4): it is there."""
    bare = target == "/" and not head.target.endswith("/")
    return head.method == "OPTIONS" and (bare or target == "*")


def _misdirected(head: RequestHead) -> RequestError:
    host = shown(head.headers.get("Host") or "")
    return RequestError(
        Code.MISDIRECTED_REQUEST, f"the bridge is not published under the host {host}"
    )


class Asset(Protocol):
    """Something of the bridge's own under its mount, such as the polyfill."""

    def respond(self, head: RequestHead) -> tuple[ResponseHead, bytes]:
        """Answer a request for it."""


class Bridge:
    """Some APIs, who decides about them, one mount: the whole conversation for every door."""

    def __init__(
        self,
        *,
        routes: Iterable[Route] = (),
        api: Api | None = None,
        policy: CorsPolicy | None = None,
        mount: str = "/xdr",
        limits: Limits | None = None,
        assets: Mapping[str, Asset] | None = None,
        hosts: Collection[str] | None = None,
        relay: Relay | None = None,
    ) -> None:
        """Set up a bridge.

        Args:
            routes: Where calls go and who decides about them; one at least.
            api: With `policy`, instead of `routes`: the only API.
            policy: What pages may do with it.
            mount: The path of the bridge's own pages: one segment with its slash.
            limits: Ceilings for what is decoded.
            assets: The bridge's own files by their name under the mount.
            hosts: The names that it answers to, in lower case; None: to any. Addresses and
                localhost are always among them, for no page has its origin there by a name of
                its own (DNS rebinding).
            relay: What is taken from the bridge's own frames; None: from those at an address or
                localhost.
        """
        if api is not None and policy is not None:
            routes = [Route(api=api, policies=PolicyTable({"/": policy}))]
        self.routes = Routes(routes)
        self.limits = limits or Limits()
        self._hosts = None if hosts is None else frozenset(hosts)
        self._mount = mount
        self._tunnel_path = f"{mount}/tunnel"
        self._assets = {f"{mount}/{name}": asset for name, asset in (assets or {}).items()}
        self._reach = Reach(
            apis=tuple(dict.fromkeys(route.api for route in self.routes.all)),
            published=self.routes.published,
            url_characters=self.limits.url_characters,
        )
        self._relay = relay or Relay()
        self._tunnelled = TunnelledCalls(self.routes, self.limits, mount, self._reach, self._relay)

    def receive(
        self, head: RequestHead, body: bytes | None = None, *, now: float = 0.0
    ) -> ReadBody | Reply | Forward:
        """Judge a request, and decode it where it is a tunnel request.

        Args:
            head: The request's head, as it came.
            body: None at first; the whole body in answer to a `ReadBody`.
            now: The time, in seconds, by a clock that never goes back: preflights grow old by it.
        """
        if self._hosts is not None and not self._answers_to(head, self._hosts):
            return plain_refusal(_NATIVE, _misdirected(head), ())
        refused = refuse_preflight(head)
        if refused is not None:
            return refused
        origins = head.headers.get_all("Origin")
        if head.method == "CONNECT":
            # RFC 9110, section 9.3.6: a frame's 200 would say that a tunnel is open.
            error = RequestError(Code.METHOD_FORBIDDEN, "the bridge passes no CONNECT")
            return refuse_native(self.routes.all, origins, error)
        if not head.target.startswith("/"):
            target = origin_form(head.target, head.headers.get("Host"))
            if _is_about_the_server(head, target):
                return reply(_NATIVE, 204, VARY_ORIGIN)
            head = head._replace(target=target)
        try:
            target = resolve_target(
                head.target, max_characters=self.limits.url_characters, sent=True
            )
        except RequestError as malformed:
            # Beyond the limit nothing is taken apart: this is before the gate.
            read = recognise if malformed.code is not Code.URL_TOO_LONG else recognise_unread
            tunnel = read(head.target, self._tunnel_path)
            if tunnel is None or head.method == "OPTIONS":
                return refuse_native(self.routes.all, origins, malformed)
            return self._tunnelled.receive(tunnel, head, body, now, malformed)
        if target != head.target:
            head = head._replace(target=target)
        if head.method != "OPTIONS":
            tunnel = recognise(target, self._tunnel_path)
            if tunnel is not None:
                return self._tunnelled.receive(tunnel, head, body, now)
        try:
            self._relay.check(None, head)
        except RequestError as error:
            return refuse_native(self.routes.all, origins, error)
        return self._receive_plain(head)

    def _answers_to(self, head: RequestHead, hosts: frozenset[str]) -> bool:
        """Whether the bridge is published under the host that was asked for."""
        try:
            asked = self.routes.all[0].forwarding.asked_host(head)
        except RequestError:
            asked = head.headers.get("Host")
        name = host_name(asked)
        return not name or is_known_host(name, hosts)

    def _receive_plain(self, head: RequestHead) -> Reply | Forward:
        """Judge what is no tunnel request; its target is resolved."""
        origins = head.headers.get_all("Origin")
        path = split_target(head.target)[0]
        try:
            route = self.routes.find(head.headers.get("Host"), head.target)
        except RequestError as ambiguous:
            return refuse_native(self.routes.all, origins, ambiguous)
        if path == self._mount or path.startswith(self._mount + "/"):
            if is_preflight(head) and route is not None and route.policies is not None:
                # Wire 6.5: also a preflight for the tunnel is about its URL as it stands.
                return receive_native(route, head, self.limits)
            return self._answer_asset(path, head)
        if route is None:
            error = RequestError(Code.NOT_FOUND, f"no API is configured for {shown(path)}")
            return refuse_native(self.routes.all, origins, error)
        return receive_native(route, head, self.limits)

    def respond(
        self, forward: Forward, head: ResponseHead, *, now: float = 0.0
    ) -> Answer | Forward | Reply:
        """Turn the head of the API's answer into the head of ours, and a writer for the body.

        A `Forward` says: drop this answer's body and make that call (Wire 6.2, 6.3).
        """
        if forward.decoded is None:
            return Answer(head=plain_head(forward, head, self._reach), writer=PlainWriter())
        return self._tunnelled.respond(forward, head, now)

    def fail(self, forward: Forward, error: UpstreamError | RequestError) -> Reply:
        """Answer for an API that failed before its answer's head was passed on (Wire 5.9)."""
        if forward.decoded is None:
            return failure(forward, error)
        return self._tunnelled.fail(forward, error)

    def frame_head(self, forward: Forward) -> ResponseHead:
        """Write the head around the frame that will answer this framed call."""
        return frame_head(forward.fields)

    def is_proxy(self, address: str) -> bool:
        """Whether one connection from this address may carry the calls of many pages."""
        return any(route.forwarding.believes(address) for route in self.routes.all)

    def too_many_calls(self, forward: Forward, most: int) -> Reply:
        """Refuse a call that would be one more than an edge has under way at once."""
        detail = f"{most} calls are under way, as many as the bridge takes at once"
        return self.fail(forward, RequestError(Code.TOO_MANY_CALLS, detail))

    def too_late(self, forward: Forward) -> Reply:
        """Refuse a call whose body, which was being passed on, does not arrive in time."""
        return self.fail(forward, TOO_LATE)

    def refuse(self, error: RequestError, origin_lines: Sequence[str] = ()) -> Reply:
        """Answer a request that is no HTTP that an edge can read.

        Args:
            error: Why.
            origin_lines: The value of each `Origin` field, as far as an edge could read them.
        """
        return refuse_native(self.routes.all, origin_lines, error)

    def internal_error(
        self, forward: Forward | None = None, head: RequestHead | None = None
    ) -> Reply:
        """Answer for a mistake of our own, framed where that was asked for; it names nothing."""
        error = RequestError(Code.INTERNAL_ERROR, "the bridge made a mistake; its log says which")
        if forward is not None:
            return failure(forward, error)
        return self.refuse(error, () if head is None else head.headers.get_all("Origin"))

    def _answer_asset(self, path: str, head: RequestHead) -> Reply:
        asset = self._assets.get(path)
        if asset is None:
            error = RequestError(
                Code.NOT_FOUND,
                f"the bridge has no page {shown(path)}; it has {', '.join(self._assets)}",
            )
            return refuse_native(self.routes.all, head.headers.get_all("Origin"), error, _ASSET)
        answer, body = asset.respond(head)
        return Reply(form=_ASSET, head=answer, body=body)
