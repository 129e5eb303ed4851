"""The bridge in the browser's place: one call to an API that speaks CORS, without I/O.

    step = browser.fetch(call, api=api, origin=origin, now=now)   # Ask
    step = step.receive(response_head, now)                       # Ask | Done | NetworkError

An `Ask` is a request to make: a preflight, the call, or the call again after a redirect. Its edge
makes it and feeds the head of what comes back to `receive`; the body of an answer that leads to
another `Ask` is dropped. Steps are values: the state of a fetch is the `Ask` that waits.

Follows the Fetch standard's "main fetch", "HTTP fetch" and "HTTP-redirect fetch" for a request
whose mode is "cors", whose redirect mode is "follow" and whose response tainting is "cors" from
the beginning: the page's own origin is asked like any other. A little longer than 300 lines, so
that the algorithm can be read beside the standard.
https://fetch.spec.whatwg.org/#fetching
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from xdr_bridge.cors.permissions import cors_check, exposed_by
from xdr_bridge.cors.preflights import Preflight, PreflightCache
from xdr_bridge.cors.redirects import (
    MAX_REDIRECTS,
    REDIRECT_STATUSES,
    Reach,
    origin_of,
    rewrite,
    url_of,
)
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.fields import unsafe_request_header_names
from xdr_bridge.http.messages import Headers, Pair, ResponseHead
from xdr_bridge.http.origins import Origin
from xdr_bridge.tunnel.decoding import Call

_OPAQUE = "null"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is being fetched: Fetch's "request", as far as it can change on the way.

    Attributes:
        api: Where the call goes now.
        method: The call's method.
        target: The target, relative to the API's `path`.
        headers: The page's fields, and Accept.
        body: The call's body.
        origin: The page's origin, serialised.
        credentials: Whether the credentials mode is "include".
        tainted: Whether the origin is `null` by now ("redirect-tainted origin").
        redirects: How many redirects were followed.
        with_preflight: Whether the call as the page made it is one that needs permission.
        here: The origin under which the bridge was asked; the API's own, to a redirect.
    """

    api: Api
    method: str
    target: str
    headers: Headers
    body: bytes = field(repr=False)
    origin: str
    credentials: bool = False
    tainted: bool = False
    redirects: int = 0
    with_preflight: bool = False
    here: Origin | None = None

    @property
    def serialised_origin(self) -> str:
        """The value of `Origin`: https://fetch.spec.whatwg.org/#serializing-a-request-origin."""
        return _OPAQUE if self.tainted else self.origin

    @property
    def preflight(self) -> Preflight:
        """What this request needs permission for, as it stands."""
        return Preflight(
            origin=self.serialised_origin,
            url=url_of(self.api, self.target),
            method=self.method,
            unsafe_names=unsafe_request_header_names(self.headers),
            credentials=self.credentials,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Make this request, and feed the head of its answer to `receive`, or call `abandon`.

    Attributes:
        api: Where it goes.
        method: Its method: OPTIONS for a preflight.
        target: Its target, relative to the API's `path`.
        headers: Its fields, final but for framing, Host and those about the tunnel request.
        body: Its body, possibly empty.
        is_preflight: Whether it is a CORS-preflight request.
    """

    api: Api
    method: str
    target: str
    headers: tuple[Pair, ...]
    body: bytes = field(repr=False)
    is_preflight: bool
    _request: Request = field(repr=False)
    _browser: Browser = field(repr=False)

    @property
    def redirects(self) -> int:
        """How many redirects have led here."""
        return self._request.redirects

    @property
    def call(self) -> Call:
        """What is being fetched, permitted or not."""
        request = self._request
        return Call(request.method, request.target, request.headers, request.body)

    def receive(self, head: ResponseHead, now: float) -> Ask | Done | NetworkError:
        """Judge the head of the answer.

        Args:
            head: The API's answer to this request; interim answers (1xx) are not for us.
            now: The time, in seconds, by a clock that never goes back.
        """
        try:
            if self.is_preflight:
                return self._browser._permit(self._request, head, now)
            return self._browser._judge(self._request, head, now)
        except RequestError as error:
            self.abandon()
            return NetworkError(error)

    def abandon(self) -> None:
        """The call failed: forget what was permitted (Fetch, "main fetch": clear cache entries)."""
        if self._request.with_preflight:
            self._browser._forget(self._request)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The answer that the page gets; its body follows.

    Attributes:
        head: The API's, whole.
        exposes: Whether the page may read the response header of this name.
        api: Which API answered.
        target: What it answered, relative to its `path`: after redirects, the last.
        method: The method that it answered: a redirect may have made it GET.
    """

    head: ResponseHead
    exposes: Callable[[str], bool]
    api: Api
    target: str
    method: str


@dataclass(frozen=True, slots=True)
class NetworkError:
    """The call failed as it would in a browser; `error` names the step, in a sentence."""

    error: RequestError

    @property
    def code(self) -> Code:
        """Which step failed."""
        return self.error.code

    @property
    def detail(self) -> str:
        """What the API sent and what would be accepted."""
        return self.error.detail


class Browser:
    """Fetches calls as a browser does; one for all calls, because of its preflight cache."""

    def __init__(self, *, reach: Reach, cache: PreflightCache | None = None) -> None:
        """Set up a browser.

        Args:
            reach: Where calls may go.
            cache: What is remembered of preflights.
        """
        self._reach = reach
        self._cache = PreflightCache() if cache is None else cache

    def fetch(
        self,
        call: Call,
        *,
        api: Api,
        origin: str,
        now: float,
        credentials: bool = False,
        here: Origin | None = None,
    ) -> Ask:
        """Begin a call.

        Args:
            call: What the page wants, decoded: nothing in it is forbidden.
            api: Which API it is for; one of those within reach.
            origin: The page's origin, serialised.
            now: The time, in seconds, by a clock that never goes back.
            credentials: Whether the credentials mode is "include".
            here: The origin under which the bridge was asked.
        """
        headers = call.headers
        if "Accept" not in headers:
            # Fetch, step 13: before anything is judged, so it counts among the safe values.
            headers = Headers.trusted([*headers, ("Accept", "*/*")])
        request = Request(
            api=api,
            method=call.method,
            target=call.target,
            headers=headers,
            body=call.body,
            origin=origin,
            credentials=credentials,
            here=here,
        )
        request = replace(request, with_preflight=request.preflight.is_due)
        return self._ask(request, now)

    def _permit(self, request: Request, head: ResponseHead, now: float) -> Ask:
        """Go on after a preflight's answer, where it permits the request."""
        preflight = request.preflight
        self._cache.store(preflight, preflight.judge(head), now)
        return self._ask_call(request)

    def _judge(self, request: Request, head: ResponseHead, now: float) -> Ask | Done:
        """Share the answer with the page, or follow the redirect that it is."""
        is_redirect = head.status in REDIRECT_STATUSES
        # HTTP fetch, step 5.4: every answer, redirects among them.
        cors_check(
            head.headers,
            request.serialised_origin,
            credentials=request.credentials,
            code=Code.CORS_CHECK_FAILED,
            answer=f"the API's {'redirect' if is_redirect else 'answer'} ({head.status})",
        )
        if is_redirect and "Location" in head.headers:
            return self._ask(self._redirect(request, head), now)
        return Done(
            head=head,
            exposes=exposed_by(head.headers, credentials=request.credentials),
            api=request.api,
            target=request.target,
            method=request.method,
        )

    def _forget(self, request: Request) -> None:
        preflight = request.preflight
        self._cache.clear(preflight.origin, preflight.url)

    def _redirect(self, request: Request, head: ResponseHead) -> Request:
        """Turn the request into the one that a redirect asks for (Fetch, "HTTP-redirect fetch")."""
        # 3. to 6.; reading the Location comes first in the standard too.
        locations = head.headers.get_all("Location")
        api, target, _ = self._reach.locate(
            locations, api=request.api, target=request.target, here=request.here
        )
        # 7.
        if request.redirects >= MAX_REDIRECTS:
            raise RequestError(
                Code.TOO_MANY_REDIRECTS, f"the API redirected more than {MAX_REDIRECTS} times"
            )
        here, there = origin_of(request.api), origin_of(api)
        # 12. and 13.
        method, headers, body = rewrite(
            head.status, request.method, request.headers, request.body, cross_origin=here != there
        )
        # https://fetch.spec.whatwg.org/#concept-request-tainted-origin
        tainted = here != there and request.origin != str(here)
        return replace(
            request,
            api=api,
            target=target,
            method=method,
            headers=headers,
            body=body,
            tainted=request.tainted or tainted,
            redirects=request.redirects + 1,
        )

    def _ask(self, request: Request, now: float) -> Ask:
        """Ask for permission where it is needed and not remembered (Fetch, HTTP fetch, 5.1)."""
        preflight = request.preflight
        if not preflight.is_due or self._cache.covers(preflight, now):
            return self._ask_call(request)
        return Ask(
            api=request.api,
            method="OPTIONS",
            target=request.target,
            headers=preflight.fields(),
            body=b"",
            is_preflight=True,
            _request=request,
            _browser=self,
        )

    def _ask_call(self, request: Request) -> Ask:
        ours = (("Accept-Encoding", "identity"), ("Origin", request.serialised_origin))
        return Ask(
            api=request.api,
            method=request.method,
            target=request.target,
            headers=(*request.headers, *ours),
            body=request.body,
            is_preflight=False,
            _request=request,
            _browser=self,
        )
