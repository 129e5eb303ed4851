"""Which API a request is for, and who decides about it: by public host name and path prefix."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from xdr_bridge.cors.policies import PolicyTable
from xdr_bridge.cors.redirects import Located, origin_of
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.forwarding.fields import Forwarding
from xdr_bridge.http.messages import Headers, Pair, RequestHead
from xdr_bridge.http.origins import Origin, parse_origin
from xdr_bridge.http.paths import is_ambiguous, loosest, normalised
from xdr_bridge.http.targets import shown_target, split_target

# They are not the page's: XDomainRequest sends them outside, native CORS along with the call.
_BROWSERS_OWN = ("Accept-Language", "User-Agent")
_LOCAL = "localhost"


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
        public_origins: Under which it is published, beside those that its policies say.
    """

    api: Api
    policies: PolicyTable | None
    host: str | None = None
    prefix: str = "/"
    forwarding: Forwarding = field(default_factory=Forwarding, compare=False, repr=False)
    public_origins: tuple[str, ...] = ()
    _authority: str = field(init=False, compare=False, repr=False)
    _base: str = field(init=False, compare=False, repr=False)
    _loose_base: str = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        """Join what can be joined."""
        object.__setattr__(self, "_authority", self.api.authority)
        object.__setattr__(self, "_base", self.prefix.rstrip("/"))
        object.__setattr__(self, "_loose_base", loosest(self.prefix).rstrip("/"))

    @property
    def is_plain(self) -> bool:
        """Whether the loosest reader takes its prefix as it is written."""
        return self._base == self._loose_base

    def covers(self, path: str) -> bool:
        """Whether a public path, in its normal form, is under this route's prefix."""
        return path == self._base or path.startswith(self._base + "/")

    def covers_loosely(self, path: str) -> bool:
        """The same of a path and a prefix as the loosest reader takes them."""
        return path == self._loose_base or path.startswith(self._loose_base + "/")

    def publishes(self, origin: Origin, target: str) -> bool:
        """Whether this origin is one under which the API is published, for this public target.

        Raises:
            RequestError: The target can be read as one that has another policy.
        """
        written = str(origin)
        if self.policies is None:
            return written in self.public_origins
        return self.policies.for_target(target).is_same_origin([written])

    def inner_target(self, target: str) -> str:
        """Return what follows the prefix of a public target that this route covers.

        Raises:
            RequestError: That alone would name a host to whoever reads it as a URL.
        """
        base = self._base
        if target.startswith(base):
            rest = target[len(base) :]
        else:
            # Spelled another way, in as many segments: encoding hides no slash in a normal form.
            path, query = split_target(target)
            depth = base.count("/")
            rest = "".join([f"/{one}" for one in path.split("/", depth + 1)[depth + 1 :]]) + query
        if rest.startswith("//") and not self.api.path:
            raise RequestError(
                Code.TARGET_MALFORMED,
                f"the target {shown_target(target)} has '//' right behind {self.prefix}; one '/'"
                " is accepted there",
            )
        return rest if rest.startswith("/") else "/" + rest

    def public_target(self, inner: str) -> str:
        """Return the public target of an inner one."""
        return self._base + inner

    def call_head(
        self, method: str, inner: str, headers: Headers, *, outer: RequestHead
    ) -> RequestHead:
        """Make the head of a call to this API, final but for framing (Wire 4.6).

        What the browser says of itself goes along, unless the call says it another way.

        Args:
            method: The call's.
            inner: Its inner target.
            headers: Its fields, without Host and those about who asks.
            outer: The request that asks for the call: who sent it, and how.

        Raises:
            RequestError: By which way it came cannot be told, or it goes in circles.
        """
        told = (*outer.headers.derived(_of_the_browser), *self.forwarding.fields_of(outer))
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
        self._is_plain = all(route.is_plain for route in self.all)
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

        Raises:
            RequestError: Some API may read the path as one that another route is for.
        """
        if self._only is not None:
            return self._only
        path = split_target(target)[0]
        name = host_name(host)
        here = [route for route in self.all if route.host in (None, name)]
        if self._is_plain and not is_ambiguous(path):
            return next((route for route in here if route.covers(path)), None)
        plain = normalised(path)
        route = next((route for route in here if route.covers(plain)), None)
        loose = loosest(path)
        read = next((other for other in here if other.covers_loosely(loose)), None)
        if route is None or read is None or read == route:
            return route
        raise RequestError(
            Code.TARGET_MALFORMED,
            f"the target {shown_target(target)} can be read as a path that is for another API;"
            f" under {read.prefix} the path as the configuration spells it is accepted",
        )

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
        """Return the route to an API: the one that asks, if it leads there too.

        Of others, one for the same host comes first.
        """
        if beside.api == api:
            return beside
        leading = [route for route in self.all if route.api == api]
        return min(leading, key=lambda route: route.host != beside.host)

    def deciding(
        self, found: Located, beside: Route, outer: RequestHead
    ) -> tuple[Route, str] | None:
        """Return the route that decides about where a redirect leads, and its inner target.

        On one server a longer path may be another route's: as natively, no redirect gets past
        that one's policy. None where an API may read the path as one that has another policy. The
        answer came by `beside`, and `outer` asks for the call.
        """
        if isinstance(found.place, Route):
            return found.place, found.target
        route, inner = self.route_of(found.api, beside), found.target
        target = route.public_target(inner)
        try:
            other = self.find(route.host or outer.headers.get("Host"), target)
            nearer = inner if other is None else other.inner_target(target)
        except RequestError:
            return None
        if (
            other is None
            or origin_of(other.api) != origin_of(route.api)
            or _read(other.api.path + nearer) != _read(route.api.path + inner)
        ):
            # That one is elsewhere: it has nothing to say about this URL.
            return route, inner
        return other, nearer

    def published(
        self, origin: Origin, target: str, here: Origin | None
    ) -> tuple[Route, str] | None:
        """Return the route, and the inner target, of a URL under which an API is published.

        Args:
            origin: The URL's.
            target: Its target, resolved.
            here: The origin that the bridge itself was asked under.
        """
        try:
            route = self.find(origin.host, target)
            if route is None or not (origin == here or route.publishes(origin, target)):
                return None
            return route, route.inner_target(target)
        except RequestError:
            # It can be read as another path: nobody published that.
            return None


def _read(target: str) -> str:
    return loosest(split_target(target)[0])


def _of_the_browser(headers: Headers) -> tuple[Pair, ...]:
    return tuple([(name, value) for name in _BROWSERS_OWN if (value := headers.get(name))])


def _addressed(headers: Headers, authority: str, told: tuple[Pair, ...]) -> Headers:
    added = [pair for pair in told if pair[0] not in _BROWSERS_OWN or pair[0] not in headers]
    return Headers.trusted([("Host", authority), *headers, *added])


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


def is_known_host(name: str, hosts: Collection[str]) -> bool:
    """Whether the bridge goes by this host name; in lower case, without port.

    No page has its origin at an address or at localhost by a name of its own (DNS rebinding).
    """
    return (
        name in hosts or Origin("http", name, None).is_address or f".{name}".endswith(f".{_LOCAL}")
    )


def host_name(host: str | None) -> str | None:
    """Return the name in a Host field, in lower case, without port and the dot of the root.

    `notes.example.` is the same host (RFC 3986, section 3.2.2), and may not choose another route.
    """
    if host is None:
        return None
    name, colon, port = host.rpartition(":")
    return (name if colon and (port.isdigit() or not port) else host).lower().removesuffix(".")
