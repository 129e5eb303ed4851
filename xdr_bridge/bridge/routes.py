"""Which API a request is for, and who decides about it: by public host name and path prefix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdr_bridge.cors.policies import PolicyTable
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.forwarding import Forwarding
from xdr_bridge.http.messages import Headers, Pair, RequestHead
from xdr_bridge.http.origins import Origin, parse_origin
from xdr_bridge.http.targets import shown_target, split_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One API behind the bridge.

    A *public* target is what the page calls; an *inner* one is relative to the API's own path.

    Attributes:
        api: Where its calls go.
        policies: What pages may do, by path; None: the API decides (Wire 6.2, API authority).
        host: The public host name that chooses it, in lower case and without port; None: any.
        prefix: The public path that chooses it, such as `/shop`; `/` is every path.
        forwarding: Tells it who asks.
    """

    api: Api
    policies: PolicyTable | None
    host: str | None = None
    prefix: str = "/"
    forwarding: Forwarding = field(default_factory=Forwarding, compare=False, repr=False)
    _authority: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Join what can be joined."""
        object.__setattr__(self, "_authority", self.api.authority)

    def covers(self, path: str) -> bool:
        """Whether a resolved public path is under this route's prefix."""
        base = self.prefix.rstrip("/")
        return path == base or path.startswith(base + "/")

    def inner_target(self, target: str) -> str:
        """Return what follows the prefix of a public target that this route covers.

        Raises:
            RequestError: That alone would name a host to whoever reads it as a URL.
        """
        rest = target[len(self.prefix.rstrip("/")) :]
        if rest.startswith("//") and not self.api.path:
            raise RequestError(
                Code.TARGET_MALFORMED,
                f"the target {shown_target(target)} has '//' right behind {self.prefix}; one '/'"
                " is accepted there",
            )
        return rest if rest.startswith("/") else "/" + rest

    def public_target(self, inner: str) -> str:
        """Return the public target of an inner one."""
        return self.prefix.rstrip("/") + inner

    def call_head(
        self, method: str, inner: str, headers: Headers, *, outer: RequestHead
    ) -> RequestHead:
        """Make the head of a call to this API, final but for framing (Wire 4.6).

        Args:
            method: The call's.
            inner: Its inner target.
            headers: Its fields, without Host and those about who asks.
            outer: The request that asks for the call: who sent it, and how.

        Raises:
            RequestError: By which way it came cannot be told, or it goes in circles.
        """
        told = self.forwarding.fields_of(outer)
        return RequestHead(
            method=method,
            target=self.api.path + inner,
            headers=headers.derived(_addressed, self._authority, told),
        )


class Routes:
    """All routes of a bridge; the one with the host and the longest prefix wins."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Put the most specific first: those that name a host, then by length of prefix."""
        self.all = tuple(sorted(routes, key=lambda route: (route.host is None, -len(route.prefix))))
        only = self.all[0]
        self._only = (
            only if len(self.all) == 1 and only.host is None and only.prefix == "/" else None
        )

    @property
    def self_deciding_apis(self) -> tuple[Api, ...]:
        """The APIs under API authority, without those that have a policy by another route."""
        decided = {route.api for route in self.all if route.policies is not None}
        return tuple({route.api: None for route in self.all if route.api not in decided})

    def find(self, host: str | None, target: str) -> Route | None:
        """Return the route of a public target, or None.

        Args:
            host: The Host field; it only chooses among APIs that the operator has configured.
            target: The public target, resolved.
        """
        if self._only is not None:
            return self._only
        path = split_target(target)[0]
        name = _host_name(host)
        for route in self.all:
            if route.host in (None, name) and route.covers(path):
                return route
        return None

    def admit_origin(self, origin_lines: Sequence[str]) -> str:
        """Return the origin, if any route lets it in at all: the gate while a target is unread.

        Raises:
            RequestError: None does.
        """
        refusal: RequestError | None = None
        for route in self.all:
            try:
                if route.policies is None:
                    return well_formed_origin(origin_lines)
                return route.policies.admits_anywhere(origin_lines)
            except RequestError as error:
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    def route_of(self, api: Api, beside: Route) -> Route:
        """Return the route to an API: the one that asks, if it leads there too."""
        return beside if beside.api == api else next(r for r in self.all if r.api == api)

    def published(self, origin: Origin, target: str) -> tuple[Api, str] | None:
        """Return the API, and the inner target, of a URL under which an API is published."""
        route = self.find(origin.host, target)
        if route is None or route.policies is None:
            return None
        try:
            policy = route.policies.for_target(target)
            inner = route.inner_target(target)
        except RequestError:
            # It can be read as another path: nobody published that.
            return None
        if not policy.is_same_origin([str(origin)]):
            return None
        return route.api, inner


def _addressed(headers: Headers, authority: str, told: tuple[Pair, ...]) -> Headers:
    return Headers.trusted([("Host", authority), *headers, *told])


def well_formed_origin(origin_lines: Sequence[str]) -> str:
    """Return the one tuple origin of a request; whether it may do anything, the API decides.

    Raises:
        RequestError: There is none, there are several, or it is none by the grammar.
    """
    if not origin_lines:
        raise RequestError(Code.ORIGIN_MISSING, "a tunnel request needs an Origin header")
    if len(origin_lines) > 1:
        raise RequestError(
            Code.ORIGIN_MALFORMED, f"a request has one Origin header, not {len(origin_lines)}"
        )
    try:
        parse_origin(origin_lines[0])
    except ValueError as error:
        raise RequestError(Code.ORIGIN_MALFORMED, f"the Origin {error}") from None
    return origin_lines[0]


def _host_name(host: str | None) -> str | None:
    """Return the name in a Host field, in lower case and without port."""
    if host is None:
        return None
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdigit() or not port) else host).lower()
