"""Native calls: preflights answered, actual calls passed on, their answers labelled.

Under API authority (a route without policies) all of it is left to the API.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from xdr_bridge.bridge.replies import VARY_ORIGIN, plain_refusal, reply
from xdr_bridge.bridge.routes import Route, well_formed_origin
from xdr_bridge.bridge.steps import Forward, Reply
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.cors.redirects import Reach
from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.fields import (
    is_forbidden_method,
    normalise_method,
    overriding_methods,
    without_forwarding,
)
from xdr_bridge.http.messages import (
    HOP_BY_HOP,
    Headers,
    Pair,
    RequestHead,
    ResponseHead,
    is_token,
    list_items,
    without_hop_by_hop,
)
from xdr_bridge.http.v1.reuse import reuse_for
from xdr_bridge.tunnel.decoding import Limits

_NATIVE, _PREFLIGHT = "native", "preflight"
_READS = frozenset({"GET", "HEAD"})
_PREFLIGHT_VARY: tuple[Pair, ...] = (
    ("Vary", "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"),
)
# The bridge says these itself, or answers them itself.
_NOT_PASSED = HOP_BY_HOP | {"host", "content-length", "expect", "via"}


def is_preflight(head: RequestHead) -> bool:
    """Whether this is a CORS-preflight request (Fetch, section 3.3.2)."""
    return (
        head.method == "OPTIONS"
        and "Origin" in head.headers
        and "Access-Control-Request-Method" in head.headers
    )


def receive_native(route: Route, head: RequestHead, limits: Limits) -> Reply | Forward:
    """Judge a native request; a preflight is answered here and never reaches the API."""
    try:
        _check_passable(head)
        if route.policies is None:
            # Of an answer of the API's own its fields are kept; these are for ours.
            return _pass_on(route, head, head.headers.derived(_readable_by_any))
        policy = route.policies.for_target(head.target)
        if is_preflight(head):
            return _answer_preflight(route, policy, head, limits)
        origin = _admit(policy, head)
        return _pass_on(route, head, cors_fields(policy, origin), origin)
    except RequestError as error:
        return refuse_native([route], head.headers.get_all("Origin"), error)


def refuse_native(
    routes: Sequence[Route], origin_lines: Sequence[str], error: RequestError, form: str = _NATIVE
) -> Reply:
    """Refuse a request so that a page which is allowed anything can read why.

    Args:
        routes: Those that the request may have been for.
        origin_lines: The value of each of its `Origin` fields, as far as they could be read.
        error: Why.
        form: What the log calls it.
    """
    if error.code.is_about_origin:
        return plain_refusal(form, error)
    return plain_refusal(form, error, own_fields(routes, origin_lines))


def own_fields(routes: Sequence[Route], origin_lines: Sequence[str]) -> tuple[Pair, ...]:
    """Write the fields by which a page may read an answer of the bridge's own.

    It holds nothing of the API's: so any policy will do that admits the page, and under API
    authority, where only the API could say which pages it admits, any page.
    """
    for route in routes:
        try:
            if route.policies is not None:
                policy, origin = route.policies.admitting(origin_lines)
                return cors_fields(policy, origin)
            return _readable_by(well_formed_origin(origin_lines))
        except RequestError:
            continue
    return VARY_ORIGIN


def _readable_by_any(headers: Headers) -> tuple[Pair, ...]:
    """Write the fields of an answer of our own under API authority."""
    try:
        return _readable_by(well_formed_origin(headers.get_all("Origin")))
    except RequestError:
        return VARY_ORIGIN


def _readable_by(origin: str) -> tuple[Pair, ...]:
    return (("Access-Control-Allow-Origin", origin), *VARY_ORIGIN)


def plain_head(forward: Forward, head: ResponseHead, reach: Reach) -> ResponseHead:
    """Return the API's head for the page: our CORS fields instead of its own, `Vary` merged."""
    ours = None if forward.route.policies is None else forward.fields
    headers = head.headers.derived(_labelled, ours)
    if "Location" in headers:
        headers = Headers.trusted(
            [
                (name, _relocated(forward, value, reach) if name.lower() == "location" else value)
                for name, value in headers
            ]
        )
    return ResponseHead(status=head.status, reason=head.reason, headers=headers)


def _labelled(headers: Headers, ours: tuple[Pair, ...] | None) -> Headers:
    """Return the end-to-end fields with our CORS fields, or (None) with the API's own."""
    kept = without_hop_by_hop(headers)
    if ours is None:
        return Headers.trusted(kept)
    fields: list[Pair] = []
    vary: list[str] = []
    for name, value in kept:
        lowered = name.lower()
        if lowered == "vary":
            vary += list_items(value)
        elif not lowered.startswith("access-control-"):
            fields.append((name, value))
    rest = dict(ours)
    for item in list_items(rest.pop("Vary", None)):
        if "*" not in vary and item.lower() not in map(str.lower, vary):
            vary.append(item)
    if vary:
        fields.append(("Vary", ", ".join(vary)))
    return Headers.trusted([*fields, *rest.items()])


def cors_fields(policy: CorsPolicy, origin: str | None) -> tuple[Pair, ...]:
    """Write the fields of an answer to an admitted origin, or (None) to nobody in particular."""
    if policy.any_origin:
        # Fetch, "CORS protocol and HTTP caches": a constant goes on every answer.
        return policy.response_fields(origin or "*")
    return VARY_ORIGIN if origin is None else (*policy.response_fields(origin), *VARY_ORIGIN)


def _check_passable(head: RequestHead) -> None:
    if "websocket" in (head.headers.get("Upgrade") or "").lower():
        raise RequestError(Code.UPGRADE_NOT_SUPPORTED, "the bridge passes no WebSockets")
    if is_forbidden_method(head.method):
        raise RequestError(Code.METHOD_FORBIDDEN, f"the bridge passes no {shown(head.method)}")


def _pass_on(
    route: Route, head: RequestHead, fields: tuple[Pair, ...] = (), origin: str | None = None
) -> Forward:
    forwarding = route.forwarding
    passed = head.headers.derived(_passed, forwarding.further, forwarding.passed_from(head.client))
    call = route.call_head(head.method, route.inner_target(head.target), passed, outer=head)
    return Forward(
        form=_PREFLIGHT if is_preflight(head) else _NATIVE,
        route=route,
        call=call,
        body=None,
        reuse=reuse_for(call.headers, own=route.forwarding.is_one_clients(head)),
        fields=fields,
        origin=origin,
        outer=head,
        target=head.target,
    )


def _passed(headers: Headers, further: frozenset[str], kept: frozenset[str]) -> Headers:
    ours = without_hop_by_hop(headers, dropped=_NOT_PASSED)
    return Headers.trusted(without_forwarding(ours, further=further, kept=kept))


def _answer_preflight(route: Route, policy: CorsPolicy, head: RequestHead, limits: Limits) -> Reply:
    headers = head.headers
    try:
        methods = headers.get_all("Access-Control-Request-Method")
        if len(methods) != 1 or not is_token(methods[0]):
            raise RequestError(Code.METHOD_MALFORMED, "a preflight asks for one method")
        names = policy.parse_requested_names(
            headers.get_all("Access-Control-Request-Headers"),
            max_names=limits.header_lines,
            max_characters=limits.header_block_bytes,
        )
        origin = policy.decide(headers.get_all("Origin"), methods[0], names)
        route.forwarding.check_names(names)
    except RequestError as error:
        # Fetch suggests 403 for what CORS refuses, whatever the reason.
        return plain_refusal(_PREFLIGHT, error, _PREFLIGHT_VARY, status=403)
    fields = policy.preflight_fields(origin, methods[0], names)
    return reply(_PREFLIGHT, 204, (*fields, *_PREFLIGHT_VARY))


def _admit(policy: CorsPolicy, head: RequestHead) -> str | None:
    """Return the origin whose page may read the answer; None where no page may, or none asks.

    Raises:
        RequestError: A page that is not allowed wants to change something.
    """
    origin_lines = head.headers.get_all("Origin")
    if not origin_lines or policy.is_same_origin(origin_lines):
        return None
    if head.headers.get("Sec-Fetch-Site") == "same-origin":
        # Only a browser can send this field; it has compared the origins itself.
        return None
    overrides = head.headers.derived(overriding_methods)
    try:
        return policy.decide(origin_lines, normalise_method(head.method), (), overrides)
    except RequestError:
        reads = _READS.issuperset((head.method, *overrides))
        if reads or policy.dangerously_pass_refused_requests:
            return None
        raise


def _relocated(forward: Forward, location: str, reach: Reach) -> str:
    """Write a Location that names the API's own address as one that a browser can follow."""
    route = forward.route
    moved = bool(route.api.path) or route.prefix != "/"
    try:
        names_host = bool(urlsplit(location).netloc)
    except ValueError:
        # No URL at all, which is for the browser to say.
        return location
    if not names_host and not (moved and location.startswith("/")):
        return location
    inner = forward.call.target[len(route.api.path) :]
    try:
        api, found, _ = reach.locate([location], api=route.api, target=inner)
    except RequestError:
        # Somewhere else altogether: for the browser to judge.
        return location
    return route.public_target(found) if api == route.api else location
