"""The conversation, without I/O: a request comes in, and the edge is told what to do with it.

    step = bridge.receive(request_head)              # ReadBody | Reply | Forward
    step = bridge.receive(request_head, body)        # after ReadBody: Reply | Forward
    answer = bridge.respond(forward, response_head)  # Answer | Forward (a redirect followed)
    reply = bridge.fail(forward, error)              # the API failed before it answered

An edge does what a step says and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

from xdr_bridge.api import Api
from xdr_bridge.cors import CorsPolicy
from xdr_bridge.errors import Code, RequestError, UpstreamError, problem_body, shown
from xdr_bridge.fields import (
    is_forbidden_method,
    is_forwarding_header,
    normalise_method,
    unsafe_request_header_names,
)
from xdr_bridge.frame import FRAME_FIELDS, FrameWriter, network_error_frame
from xdr_bridge.messages import (
    Headers,
    Pair,
    RequestHead,
    ResponseHead,
    is_token,
    list_items,
    reason_phrase,
    without_hop_by_hop,
)
from xdr_bridge.steps import Answer, Forward, PlainWriter, ReadBody, Reply
from xdr_bridge.targets import resolve_target, split_target
from xdr_bridge.tunnel import Limits, Tunnel, check_outer, decode, recognise

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 20
# A preflight that asks for more than any page sets is refused unread.
_MAX_REQUESTED_CHARACTERS = 4096
_MAX_REQUESTED_NAMES = 64
# Fetch, "request-body-header name": gone when a redirect drops the body.
_BODY_HEADERS = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type"}
)
_PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
_NATIVE, _QUERY, _PREFLIGHT, _ASSET = "native", "query form", "preflight", "asset"


class Asset(Protocol):
    """Something of the bridge's own under its mount, such as the polyfill."""

    def respond(self, head: RequestHead) -> tuple[ResponseHead, bytes]:
        """Answer a request for it."""


class Bridge:
    """One API, one policy, one mount: the whole conversation for every door."""

    def __init__(
        self,
        *,
        api: Api,
        policy: CorsPolicy,
        mount: str = "/xdr",
        limits: Limits | None = None,
        assets: Mapping[str, Asset] | None = None,
    ) -> None:
        """Set up a bridge.

        Args:
            api: Where calls go.
            policy: What pages may do.
            mount: The path of the bridge's own pages: one segment with its slash.
            limits: Ceilings for what is decoded.
            assets: The bridge's own files by their name under the mount.
        """
        self.api = api
        self.policy = policy
        self.limits = limits or Limits()
        self._mount = mount
        self._tunnel_path = f"{mount}/tunnel"
        self._assets = {f"{mount}/{name}": asset for name, asset in (assets or {}).items()}

    def receive(self, head: RequestHead, body: bytes | None = None) -> ReadBody | Reply | Forward:
        """Judge a request, and decode it where it is a tunnel request.

        Args:
            head: The request's head, as it came.
            body: None at first; the whole body in answer to a `ReadBody`.
        """
        try:
            target = resolve_target(head.target, max_characters=self.limits.url_characters)
            head = replace(head, target=target) if target != head.target else head
        except RequestError as error:
            return self._refuse_plainly(_NATIVE, error)
        if head.method == "OPTIONS":
            if "Access-Control-Request-Method" in head.headers and "Origin" in head.headers:
                return self._answer_preflight(head)
        else:
            tunnel = recognise(target, self._tunnel_path)
            if tunnel is not None:
                return self._receive_tunnel(tunnel, head, body)
        return self._receive_native(head)

    def respond(self, forward: Forward, head: ResponseHead) -> Answer | Forward | Reply:
        """Turn the head of the API's answer into the head of ours, and a writer for the body.

        A `Forward` says: drop this answer's body and make that call instead (Wire 6.3).
        """
        if not forward.framed:
            return Answer(head=self._plain_head(forward, head), writer=PlainWriter())
        try:
            if head.status in _REDIRECTS and "Location" in head.headers:
                return self._follow(forward, head)
            writer = FrameWriter(
                head,
                method=forward.call.method,
                target=forward.target,
                exposes=self.policy.exposes,
                flags=forward.flags,
            )
        except RequestError as error:
            return self._refuse_framed(forward, error)
        except ValueError as error:
            return self.fail(forward, UpstreamError(Code.UPSTREAM_BROKEN, f"the API: {error}"))
        return Answer(
            head=ResponseHead(status=200, reason="OK", headers=Headers.trusted(forward.fields)),
            writer=writer,
        )

    def fail(self, forward: Forward, error: UpstreamError | RequestError) -> Reply:
        """Answer for an API that failed before its answer's head was passed on (Wire 5.9)."""
        problem = ResponseHead(
            status=error.status,
            reason=reason_phrase(error.status),
            headers=Headers.trusted([("Content-Type", "application/problem+json")]),
        )
        body = problem_body(error.code, error.detail)
        if not forward.framed:
            return self._plain_reply(forward.form, error, forward.fields)
        writer = FrameWriter(
            problem,
            method=forward.call.method,
            target=forward.target,
            exposes=self.policy.exposes,
            flags=forward.flags,
        )
        frame = writer.open() + writer.write(body) + writer.end()
        return _reply(forward.form, 200, forward.fields, frame, error)

    def refuse(self, error: RequestError) -> Reply:
        """Answer a request that is no HTTP that an edge can read."""
        return self._refuse_plainly(_NATIVE, error)

    def internal_error(self) -> Reply:
        """Answer for a mistake of our own; it names nothing."""
        error = RequestError(Code.INTERNAL_ERROR, "the bridge made a mistake; its log says which")
        return self._refuse_plainly(_NATIVE, error)

    # Tunnelled calls -------------------------------------------------------------------------

    def _receive_tunnel(
        self, tunnel: Tunnel, head: RequestHead, body: bytes | None
    ) -> ReadBody | Reply | Forward:
        origin_lines = head.headers.get_all("Origin")
        try:
            # Wire 1.6: before anything else in the request is judged.
            origin = self.policy.admit_origin(origin_lines)
        except RequestError as error:
            return self._refuse_plainly(tunnel.form, error)
        forward = Forward(
            form=tunnel.form,
            call=head,
            body=b"",
            framed=tunnel.framed,
            fields=(
                (*FRAME_FIELDS, *self.policy.allow_origin_fields(origin))
                if tunnel.framed
                else self._cors_fields(origin)
            ),
            target=tunnel.target,
        )
        try:
            flags = check_outer(tunnel, head.method, head.headers.get_all("Content-Type"))
            forward = replace(forward, flags=flags)
            if body is None and head.method == "POST":
                return self._read_body(tunnel, head, forward)
            call = decode(tunnel, head.method, body or b"", self.limits)
            self._check_bridged(call.target)
            names = unsafe_request_header_names(call.headers)
            self.policy.decide(origin_lines, call.method, names)
        except RequestError as error:
            if error.code is Code.BODY_TOO_LARGE:
                return self.fail(forward, error)
            return self._refuse_framed(forward, error)
        fields = list(call.headers)
        if "Accept" not in call.headers:
            fields.append(("Accept", "*/*"))
        fields += [("Accept-Encoding", "identity"), ("Origin", origin)]
        return replace(
            forward,
            call=self._upstream_head(head, call.method, call.target, fields),
            body=call.body,
            target=call.target,
        )

    def _read_body(self, tunnel: Tunnel, head: RequestHead, forward: Forward) -> ReadBody:
        # The body form's body holds the call's head besides its body.
        extra = self.limits.header_block_bytes + self.limits.url_characters
        max_bytes = self.limits.body_bytes + (0 if tunnel.form == _QUERY else extra)
        error = RequestError(
            Code.BODY_TOO_LARGE, f"the body has more than the {max_bytes} bytes accepted"
        )
        length = head.headers.get("Content-Length")
        if length is not None and length.isdigit() and int(length) > max_bytes:
            raise error
        return ReadBody(max_bytes=max_bytes, too_large=self.fail(forward, error))

    def _check_bridged(self, target: str) -> None:
        path = split_target(target)[0]
        if path == self._mount or path.startswith(self._mount + "/"):
            raise RequestError(
                Code.TARGET_NOT_BRIDGED,
                f"the target {shown(target)} is the bridge's own, not the API's",
            )

    def _follow(self, forward: Forward, head: ResponseHead) -> Forward:
        """Follow a redirect within the API (Wire 6.3; Fetch, "HTTP-redirect fetch")."""
        if forward.redirects >= _MAX_REDIRECTS:
            raise RequestError(
                Code.TOO_MANY_REDIRECTS, f"the API redirected more than {_MAX_REDIRECTS} times"
            )
        target = self._target_within_api(forward, head.headers.get_all("Location"))
        call, body = forward.call, forward.body
        method = call.method
        if (head.status in (301, 302) and method == "POST") or (
            head.status == 303 and method not in ("GET", "HEAD")
        ):
            method, body = "GET", b""
            kept = [pair for pair in call.headers if pair[0].lower() not in _BODY_HEADERS]
            call = replace(call, headers=Headers.trusted(kept))
        call = replace(call, method=method, target=self.api.path + target)
        return replace(
            forward, call=call, body=body, target=target, redirects=forward.redirects + 1
        )

    def _target_within_api(self, forward: Forward, locations: Sequence[str]) -> str:
        # Pages never see where a redirect led: the refusal does not quote the Location.
        refused = RequestError(
            Code.REDIRECT_REFUSED, "the API redirected to somewhere that is not the API"
        )
        if len(locations) != 1:
            raise refused
        inner = self._target_of(locations[0], self.api.path + forward.target)
        if inner is None:
            raise refused
        try:
            target = resolve_target(inner, max_characters=self.limits.url_characters)
            self._check_bridged(target)
        except RequestError:
            raise refused from None
        return target

    # Native calls ----------------------------------------------------------------------------

    def _answer_preflight(self, head: RequestHead) -> Reply:
        headers = head.headers
        vary = ("Vary", _PREFLIGHT_VARY)
        try:
            methods = headers.get_all("Access-Control-Request-Method")
            if len(methods) != 1 or not is_token(methods[0]):
                raise RequestError(Code.METHOD_MALFORMED, "a preflight asks for one method")
            names = _requested_names(headers.get_all("Access-Control-Request-Headers"))
            origin = self.policy.decide(headers.get_all("Origin"), methods[0], names)
        except RequestError as error:
            # Fetch suggests 403 for what CORS refuses, whatever the reason.
            return self._plain_reply(_PREFLIGHT, error, (vary,), status=403)
        fields = (*self.policy.preflight_fields(origin, methods[0], names), vary)
        return _reply(_PREFLIGHT, 204, fields, b"")

    def _receive_native(self, head: RequestHead) -> Reply | Forward:
        path = split_target(head.target)[0]
        if path == self._mount or path.startswith(self._mount + "/"):
            return self._answer_asset(path, head)
        headers = head.headers
        if "websocket" in (headers.get("Upgrade") or "").lower():
            return self._refuse_plainly(
                _NATIVE, RequestError(Code.UPGRADE_NOT_SUPPORTED, "the bridge passes no WebSockets")
            )
        try:
            if is_forbidden_method(head.method):
                raise RequestError(
                    Code.METHOD_FORBIDDEN, f"the bridge passes no {shown(head.method)}"
                )
            origin = self._admit_native(head)
        except RequestError as error:
            return self._refuse_plainly(_NATIVE, error)
        kept = [
            pair
            for pair in without_hop_by_hop(headers)
            if pair[0].lower() not in ("host", "content-length", "expect")
            and not is_forwarding_header(pair[0])
        ]
        return Forward(
            form=_NATIVE,
            call=self._upstream_head(head, head.method, head.target, kept),
            body=None,
            fields=self._cors_fields(origin),
            target=head.target,
        )

    def _admit_native(self, head: RequestHead) -> str | None:
        """Return the origin whose page may read the answer; None where no page may, or none asks.

        Raises:
            RequestError: A page that is not allowed wants to change something.
        """
        origin_lines = head.headers.get_all("Origin")
        if not origin_lines or self.policy.is_same_origin(origin_lines):
            return None
        if head.headers.get("Sec-Fetch-Site") == "same-origin":
            # Only a browser can send this field; it has compared the origins itself.
            return None
        try:
            return self.policy.decide(origin_lines, normalise_method(head.method), ())
        except RequestError:
            if head.method in ("GET", "HEAD"):
                return None
            raise

    def _plain_head(self, forward: Forward, head: ResponseHead) -> ResponseHead:
        """The API's head with our CORS fields instead of its own, and `Vary` merged."""
        fields: list[Pair] = []
        vary: list[str] = []
        for name, value in without_hop_by_hop(head.headers):
            lowered = name.lower()
            if lowered.startswith("access-control-"):
                continue
            if lowered == "vary":
                vary += list_items(value)
            elif lowered == "location":
                fields.append((name, self._relocated(forward, value)))
            else:
                fields.append((name, value))
        ours = dict(forward.fields)
        for item in list_items(ours.pop("Vary", None)):
            if item.lower() not in (known.lower() for known in vary) and "*" not in vary:
                vary.append(item)
        if vary:
            fields.append(("Vary", ", ".join(vary)))
        return replace(head, headers=Headers.trusted([*fields, *ours.items()]))

    def _relocated(self, forward: Forward, location: str) -> str:
        """Write a Location that names the API's own address as one that a browser can follow."""
        relative = not urlsplit(location).netloc
        if relative and not (self.api.path and location.startswith("/")):
            return location
        return self._target_of(location, forward.call.target) or location

    def _target_of(self, location: str, seen_from: str) -> str | None:
        same_origins = self.policy.same_origins
        return self.api.target_of(location, seen_from=seen_from, same_origins=same_origins)

    def _cors_fields(self, origin: str | None) -> tuple[Pair, ...]:
        if self.policy.any_origin:
            # Fetch, "CORS protocol and HTTP caches": a constant goes on every answer.
            return self.policy.response_fields(origin or "*")
        vary = (("Vary", "Origin"),)
        return vary if origin is None else (*self.policy.response_fields(origin), *vary)

    # Answers of our own ----------------------------------------------------------------------

    def _answer_asset(self, path: str, head: RequestHead) -> Reply:
        asset = self._assets.get(path)
        if asset is None:
            error = RequestError(
                Code.NOT_FOUND,
                f"the bridge has no page {shown(path)}; it has {', '.join(self._assets)}",
            )
            return self._refuse_plainly(_ASSET, error)
        answer, body = asset.respond(head)
        return Reply(form=_ASSET, head=answer, body=body)

    def _refuse_framed(self, forward: Forward, error: RequestError) -> Reply:
        if not forward.framed:
            return self._plain_reply(forward.form, error, forward.fields)
        return _reply(forward.form, 200, forward.fields, network_error_frame(error), error)

    def _refuse_plainly(
        self, form: str, error: RequestError, fields: Iterable[Pair] = (("Vary", "Origin"),)
    ) -> Reply:
        return self._plain_reply(form, error, fields)

    @staticmethod
    def _plain_reply(
        form: str,
        error: RequestError | UpstreamError,
        fields: Iterable[Pair],
        *,
        status: int | None = None,
    ) -> Reply:
        problem = (
            ("Content-Type", "application/problem+json"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
        )
        status = status or error.status
        body = problem_body(error.code, error.detail, status=status)
        return _reply(form, status, (*problem, *fields), body, error)

    def _upstream_head(
        self, head: RequestHead, method: str, target: str, fields: Iterable[Pair]
    ) -> RequestHead:
        forwarded = [("X-Forwarded-Proto", head.scheme)]
        if head.client is not None:
            forwarded.insert(0, ("X-Forwarded-For", head.client))
        return RequestHead(
            method=method,
            target=self.api.path + target,
            headers=Headers.trusted([("Host", self.api.authority), *fields, *forwarded]),
        )


def _requested_names(lines: list[str]) -> list[str]:
    value = ",".join(lines)
    names = value.split(",") if len(value) <= _MAX_REQUESTED_CHARACTERS else ()
    if not names or len(names) > _MAX_REQUESTED_NAMES:
        if not value:
            return []
        raise RequestError(
            Code.HEADER_NOT_ALLOWED,
            f"the preflight asks for too many headers; {_MAX_REQUESTED_NAMES} names in"
            f" {_MAX_REQUESTED_CHARACTERS} characters are accepted",
        )
    stripped = [name.strip(" \t") for name in names]
    requested = [name for name in stripped if name]
    for name in requested:
        if not is_token(name):
            raise RequestError(
                Code.HEADER_NAME_MALFORMED,
                f"the preflight asks for {shown(name)}, which is no name",
            )
    return requested


def _reply(
    form: str,
    status: int,
    fields: Iterable[Pair],
    body: bytes,
    refusal: RequestError | UpstreamError | None = None,
) -> Reply:
    headers = Headers.trusted(fields)
    head = ResponseHead(status=status, reason=reason_phrase(status), headers=headers)
    return Reply(form=form, head=head, body=body, refusal=refusal)
