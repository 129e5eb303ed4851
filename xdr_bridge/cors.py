"""Decide what a page on another origin may do. No I/O and no framework.

Follows the CORS protocol of the Fetch standard. One function, `CorsPolicy.decide`, answers for
preflights, native calls and tunnelled calls alike, so that no door is wider than another.
https://fetch.spec.whatwg.org/#http-cors-protocol
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdr_bridge.errors import Code, ConfigError, Problem, RequestError, shown
from xdr_bridge.fields import (
    FORBIDDEN_RESPONSE_HEADERS,
    NON_WILDCARD_REQUEST_HEADERS,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    is_forbidden_method,
    is_forbidden_request_header,
    is_forwarding_header,
    normalise_method,
)
from xdr_bridge.messages import Pair, is_token
from xdr_bridge.origins import MAX_ORIGIN_CHARACTERS, parse_origin

DEFAULT_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
# No browser honours more (Firefox: a day).
MAX_MAX_AGE_SECONDS = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy:
    """What pages on other origins may do with the API. It cannot be built unsafe.

    Attributes:
        origins: Serialised origins such as `https://shop.example`, or `*` alone for any.
        methods: Methods that pages may use. GET, HEAD and POST cannot be refused: Fetch
            safelists them.
        request_headers: Names that pages may send. `*` stands for any but Authorization, and needs
            `credentials` off. None: `*` without credentials, no name with them.
        exposed_headers: Response headers that pages may read, besides the safelisted ones.
            `*` needs `credentials` off.
        credentials: Whether a browser may send cookies along.
        max_age_seconds: How long a browser may remember a preflight; None leaves it to the browser.
        same_origins: Origins under which the API itself is published; they are no other origins.

    Raises:
        ConfigError: Every problem at once.
    """

    origins: Sequence[str]
    methods: Sequence[str] = DEFAULT_METHODS
    request_headers: Sequence[str] | None = None
    exposed_headers: Sequence[str] = ()
    credentials: bool = False
    max_age_seconds: int | None = None
    same_origins: Sequence[str] = ()

    any_origin: bool = field(init=False)
    _origins: frozenset[str] = field(init=False, repr=False)
    _same: frozenset[str] = field(init=False, repr=False)
    _methods: frozenset[str] = field(init=False, repr=False)
    _any_header: bool = field(init=False, repr=False)
    _headers: frozenset[str] = field(init=False, repr=False)
    _exposed: frozenset[str] = field(init=False, repr=False)
    _constant: tuple[Pair, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Refuse what is unsafe or senseless, then join everything that can be joined."""
        problems = tuple(_Checker(self).problems())
        if problems:
            raise ConfigError(problems)
        headers = self.request_headers
        if headers is None:
            headers = () if self.credentials else ("*",)
        constant: list[Pair] = []
        if self.credentials:
            constant.append(("Access-Control-Allow-Credentials", "true"))
        if self.exposed_headers:
            constant.append(("Access-Control-Expose-Headers", ", ".join(self.exposed_headers)))
        for name, value in {
            "any_origin": "*" in self.origins,
            "_origins": frozenset(str(parse_origin(o)) for o in self.origins if o != "*"),
            "_same": frozenset(str(parse_origin(o)) for o in self.same_origins),
            "_methods": frozenset(map(normalise_method, self.methods)) | SAFELISTED_METHODS,
            "_any_header": "*" in headers,
            "_headers": frozenset(h.lower() for h in headers),
            "_exposed": frozenset(h.lower() for h in self.exposed_headers),
            "_constant": tuple(constant),
        }.items():
            object.__setattr__(self, name, value)

    def decide(self, origin_lines: Sequence[str], method: str, header_names: Iterable[str]) -> str:
        """Judge one call as a preflight for it would be judged; return the page's origin.

        Args:
            origin_lines: The value of each `Origin` field of the request, in order.
            method: The call's method, normalised.
            header_names: The call's unsafe request-header names, in any letter case.

        Raises:
            RequestError: What is not allowed, in the order origin, method, header names.
        """
        origin = self.admit_origin(origin_lines)
        self._admit_method(method)
        self._admit_headers(header_names)
        return origin

    def admit_origin(self, origin_lines: Sequence[str]) -> str:
        """Return the origin as the request spells it, if the policy allows it.

        Raises:
            RequestError: It is missing, malformed or not allowed.
        """
        if not origin_lines:
            raise RequestError(
                Code.ORIGIN_MISSING,
                "a tunnel request needs an Origin header, exactly one; it has none",
            )
        if len(origin_lines) > 1:
            raise RequestError(
                Code.ORIGIN_MALFORMED,
                f"a request has one Origin header; this one has {len(origin_lines)}",
            )
        origin = origin_lines[0]
        if origin in self._origins:
            return origin
        if len(origin) <= MAX_ORIGIN_CHARACTERS and origin == "null":
            raise RequestError(
                Code.ORIGIN_NOT_ALLOWED,
                "the origin 'null' (a sandboxed frame, a file, a redirect) is never allowed",
            )
        try:
            parsed = parse_origin(origin)
        except ValueError as error:
            raise RequestError(
                Code.ORIGIN_MALFORMED, f"the Origin {shown(origin)} {error}"
            ) from None
        if self.any_origin or str(parsed) in self._origins:
            return origin
        raise RequestError(
            Code.ORIGIN_NOT_ALLOWED,
            f"the origin {shown(origin)} is not among those the policy allows",
        )

    def is_same_origin(self, origin_lines: Sequence[str]) -> bool:
        """Whether the request comes from a page that the API itself serves."""
        if len(origin_lines) != 1 or len(origin_lines[0]) > MAX_ORIGIN_CHARACTERS:
            return False
        return origin_lines[0] in self._same

    def exposes(self, name: str) -> bool:
        """Whether a page may read this response header (Fetch, "CORS-safelisted")."""
        lowered = name.lower()
        if lowered in FORBIDDEN_RESPONSE_HEADERS:
            return False
        return (
            lowered in SAFELISTED_RESPONSE_HEADERS
            or lowered in self._exposed
            or "*" in self._exposed
        )

    def allow_origin_fields(self, origin: str) -> tuple[Pair, ...]:
        """Write the fields by which any answer lets this admitted origin read it."""
        value = "*" if self.any_origin else origin
        return (("Access-Control-Allow-Origin", value),)

    def response_fields(self, origin: str) -> tuple[Pair, ...]:
        """Write the CORS fields of an answer to an actual native call."""
        return (*self.allow_origin_fields(origin), *self._constant)

    def preflight_fields(
        self, origin: str, method: str, header_names: Sequence[str]
    ) -> tuple[Pair, ...]:
        """Write the CORS fields of the answer to a preflight that passed."""
        fields = list(self.allow_origin_fields(origin))
        if self.credentials:
            fields.append(("Access-Control-Allow-Credentials", "true"))
        if method not in SAFELISTED_METHODS:
            fields.append(("Access-Control-Allow-Methods", method))
        if header_names:
            fields.append(("Access-Control-Allow-Headers", ", ".join(header_names)))
        if self.max_age_seconds is not None:
            fields.append(("Access-Control-Max-Age", str(self.max_age_seconds)))
        return tuple(fields)

    def _admit_method(self, method: str) -> None:
        if is_forbidden_method(method) or not is_token(method):
            raise RequestError(Code.METHOD_FORBIDDEN, f"no page may use the method {shown(method)}")
        if method not in self._methods:
            raise RequestError(
                Code.METHOD_NOT_ALLOWED,
                f"the policy does not allow the method {shown(method)}; it allows"
                f" {', '.join(sorted(self._methods))}",
            )

    def _admit_headers(self, names: Iterable[str]) -> None:
        for name in names:
            lowered = name.lower()
            if lowered in self._headers:
                continue
            if self._any_header and lowered not in NON_WILDCARD_REQUEST_HEADERS:
                continue
            hint = " ('*' does not cover it, by the Fetch standard)" if self._any_header else ""
            raise RequestError(
                Code.HEADER_NOT_ALLOWED,
                f"the policy does not allow the request header {shown(name)}{hint}",
            )


@dataclass(frozen=True, slots=True)
class _Checker:
    """Finds what is wrong with a policy; the field names are those of `CorsPolicy`."""

    policy: CorsPolicy

    def problems(self) -> Iterable[Problem]:
        yield from self._origin_problems()
        yield from self._method_problems()
        yield from self._header_problems()
        age = self.policy.max_age_seconds
        if age is not None and not 0 <= age <= MAX_MAX_AGE_SECONDS:
            yield Problem(
                "max_age_seconds",
                str(age),
                f"is beyond what any browser honours; 0 to {MAX_MAX_AGE_SECONDS} is accepted",
            )

    def _origin_problems(self) -> Iterable[Problem]:
        policy = self.policy
        if not policy.origins:
            yield Problem("origins", None, "name at least one origin, such as https://shop.example")
        for field_name, values in (
            ("origins", policy.origins),
            ("same_origins", policy.same_origins),
        ):
            for value in values:
                if value == "*" and field_name == "origins":
                    continue
                yield from _origin_problem(field_name, value)
        if "*" in policy.origins:
            if len(policy.origins) > 1:
                yield Problem("origins", "*", "allows every origin; leave out the others or '*'")
            if policy.credentials:
                yield Problem(
                    "origins",
                    "*",
                    "cannot be combined with credentials: any site could act for the user;"
                    " list the origins",
                )

    def _method_problems(self) -> Iterable[Problem]:
        for method in self.policy.methods:
            if not is_token(method) or method == "*":
                yield Problem("methods", method, "is no method; name each one, such as PUT")
            elif is_forbidden_method(method):
                yield Problem("methods", method, "is forbidden to pages by the Fetch standard")
            elif method != normalise_method(method) or method == "patch":
                yield Problem("methods", method, f"is case-sensitive; {method.upper()} is meant")

    def _header_problems(self) -> Iterable[Problem]:
        policy = self.policy
        for name in policy.request_headers or ():
            if name == "*":
                if policy.credentials:
                    yield Problem(
                        "request_headers", name, "means nothing with credentials; list the names"
                    )
            elif not is_token(name):
                yield Problem("request_headers", name, "is no header name")
            elif is_forbidden_request_header(name, "") or is_forwarding_header(name):
                yield Problem("request_headers", name, "can never be set by a page")
            elif name.lower().startswith("access-control-"):
                yield Problem("request_headers", name, "is a response header")
        for name in policy.exposed_headers:
            if name == "*":
                if policy.credentials:
                    yield Problem(
                        "exposed_headers", name, "means nothing with credentials; list the names"
                    )
            elif not is_token(name):
                yield Problem("exposed_headers", name, "is no header name")
            elif name.lower() in FORBIDDEN_RESPONSE_HEADERS:
                yield Problem("exposed_headers", name, "can never be read by a page")
            elif name.lower().startswith("access-control-"):
                yield Problem("exposed_headers", name, "is the bridge's own business")


def _origin_problem(field_name: str, value: str) -> Iterable[Problem]:
    try:
        origin = parse_origin(value)
    except ValueError as error:
        yield Problem(field_name, value, _hint(value) or f"{error}")
        return
    if str(origin) != value:
        yield Problem(field_name, value, f"writes out a default port; {origin} is meant")
    elif origin.scheme not in ("http", "https"):
        yield Problem(field_name, value, "is no web origin; http:// and https:// are accepted")


def _hint(value: str) -> str | None:
    if value == "null":
        return "is what every sandboxed frame sends; it is never allowed"
    for better, what in (
        (value.rstrip("/"), "ends with a slash"),
        (value.lower(), "has upper case"),
        (value.lower().rstrip("/"), "has upper case and ends with a slash"),
        (f"https://{value}", "has no scheme"),
    ):
        try:
            if better != value and parse_origin(better):
                return f"{what}; {better} is meant"
        except ValueError:
            continue
    return None
