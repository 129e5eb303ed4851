"""Decide what a page on another origin may do. No I/O and no framework.

Follows the CORS protocol of the Fetch standard. One function, `CorsPolicy.decide`, answers for
preflights, native calls and tunnelled calls alike, so that no door is wider than another.
https://fetch.spec.whatwg.org/#http-cors-protocol

Longer than 300 lines: the policy is one value, and what it says is to be read beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from xdr_bridge.cors.expressions import OriginExpression
from xdr_bridge.cors.options import DEFAULT_METHODS, PolicyOptions
from xdr_bridge.cors.patterns import OriginIndex, WildcardOrigin, parse_entry
from xdr_bridge.cors.problems import MAX_MAX_AGE_SECONDS, find_problems
from xdr_bridge.http.errors import Code, ConfigError, RequestError, shown
from xdr_bridge.http.fields import (
    FORBIDDEN_RESPONSE_HEADERS,
    NON_WILDCARD_REQUEST_HEADERS,
    SAFELISTED_METHODS,
    SAFELISTED_RESPONSE_HEADERS,
    is_forbidden_method,
    is_refused_request_header,
)
from xdr_bridge.http.messages import (
    MAX_HEADER_BLOCK_BYTES,
    MAX_HEADER_LINES,
    Pair,
    is_token,
)
from xdr_bridge.http.origins import MAX_ORIGIN_CHARACTERS, Origin, parse_origin

__all__ = ["DEFAULT_METHODS", "MAX_MAX_AGE_SECONDS", "CorsPolicy"]

# Tokens and commas, which is what browsers send: https://fetch.spec.whatwg.org/#cors-preflight-fetch
_PLAIN_LIST = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z,]*")
_CREDENTIALS: Pair = ("Access-Control-Allow-Credentials", "true")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsPolicy(PolicyOptions):
    """What pages on other origins may do with the API. It cannot be built unsafe.

    The options, with what they accept and refuse, are those of `PolicyOptions`. A policy keeps
    no reference to the lists that it was given, and gives out tuples.

    Attributes:
        any_origin: Whether every page may use the API, so that no answer depends on the origin.

    Raises:
        ConfigError: Every problem at once.
    """

    any_origin: bool = field(init=False, repr=False, compare=False)
    _exact: frozenset[str] = field(init=False, repr=False, compare=False)
    _index: OriginIndex | None = field(init=False, repr=False, compare=False)
    _same: frozenset[str] = field(init=False, repr=False, compare=False)
    _methods: frozenset[str] = field(init=False, repr=False, compare=False)
    _any_header: bool = field(init=False, repr=False, compare=False)
    _headers: frozenset[str] = field(init=False, repr=False, compare=False)
    _exposed: frozenset[str] = field(init=False, repr=False, compare=False)
    _constant: tuple[Pair, ...] = field(init=False, repr=False, compare=False)
    _max_age: tuple[Pair, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Refuse what is unsafe or senseless, then join everything that can be joined."""
        problems = find_problems(self)
        if problems:
            raise ConfigError(problems)
        for name in ("origins", "origin_patterns", "methods", "exposed_headers", "same_origins"):
            self._set(name, tuple(dict.fromkeys(getattr(self, name))))
        headers = self.request_headers
        if headers is None:
            headers = () if self.credentials else ("*",)
        else:
            self._set("request_headers", tuple(headers))
        self._set("_any_header", "*" in headers)
        self._set("_headers", frozenset(name.lower() for name in headers))
        self._set("_exposed", frozenset(name.lower() for name in self.exposed_headers))
        self._set("_methods", frozenset(self.methods) | SAFELISTED_METHODS)
        self._set("_same", frozenset(self.same_origins))
        self._index_origins()
        self._join_fields()

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    def _index_origins(self) -> None:
        self._set("any_origin", "*" in self.origins)
        entries = [parse_entry(text) for text in self.origins if text != "*"]
        exact = {str(entry) for entry in entries if isinstance(entry, Origin)}
        wildcards = [entry for entry in entries if isinstance(entry, WildcardOrigin)]
        expressions = [OriginExpression(source) for source in self.origin_patterns]
        self._set("_exact", frozenset(exact))
        self._set(
            "_index", OriginIndex(wildcards, expressions) if wildcards or expressions else None
        )

    def _join_fields(self) -> None:
        credentials = (_CREDENTIALS,) if self.credentials else ()
        exposed = ", ".join(self.exposed_headers)
        expose = (("Access-Control-Expose-Headers", exposed),) if exposed else ()
        self._set("_constant", (*credentials, *expose))
        age = self.max_age_seconds
        self._set("_max_age", () if age is None else (("Access-Control-Max-Age", str(age)),))

    def decide(
        self,
        origin_lines: Sequence[str],
        method: str,
        header_names: Iterable[str],
        overrides: Sequence[str] = (),
        *,
        credentials: bool = False,
    ) -> str:
        """Judge one call as a preflight for it would be judged; return the page's origin.

        https://fetch.spec.whatwg.org/#cors-preflight-fetch

        Args:
            origin_lines: The value of each `Origin` field of the request, in order.
            method: The call's method, normalised.
            header_names: The call's unsafe request-header names, in any letter case.
            overrides: The methods that its method-override fields name: each is as good as its
                own to an API that honours them.
            credentials: Whether its credentials mode is "include".

        Raises:
            RequestError: What is not allowed, in the order origin, credentials, method, header
                names.
        """
        origin = self.admit_origin(origin_lines)
        if credentials and not self.credentials:
            raise RequestError(
                Code.CREDENTIALS_NOT_ALLOWED,
                "the policy does not allow credentials; a call without withCredentials is accepted",
            )
        if method not in self._methods:
            raise self._method_refusal(method)
        for override in overrides:
            if override not in self._methods:
                raise self._method_refusal(override)
        for name in header_names:
            if name.lower() not in self._headers:
                self._admit_header(name)
        return origin

    def admit_origin(self, origin_lines: Sequence[str]) -> str:
        """Return the origin as the request spells it, if the policy allows it.

        https://fetch.spec.whatwg.org/#origin-header

        Raises:
            RequestError: It is missing, malformed or not allowed.
        """
        if len(origin_lines) != 1:
            raise _origin_line_refusal(len(origin_lines))
        origin = origin_lines[0]
        # The cap comes first: hashing reads the whole text.
        if len(origin) <= MAX_ORIGIN_CHARACTERS and origin in self._exact:
            return origin
        if origin == "null":
            # `*` is every page, and any page can send this: refusing it would protect nobody.
            if self.dangerously_allow_null_origin or self.any_origin:
                return origin
            raise RequestError(
                Code.ORIGIN_NOT_ALLOWED,
                "the origin 'null' (a sandboxed frame, a file, a redirect) is not allowed",
            )
        try:
            parsed = parse_origin(origin)
        except ValueError as error:
            raise RequestError(
                Code.ORIGIN_MALFORMED, f"the Origin {shown(origin)} {error}"
            ) from None
        # A client that writes out a default port is understood, and answered in its spelling.
        if self.any_origin or str(parsed) in self._exact:
            return origin
        if self._index is not None and self._index.find(parsed) is not None:
            return origin
        raise RequestError(
            Code.ORIGIN_NOT_ALLOWED,
            f"the origin {shown(origin)} is not among those the policy allows",
        )

    @staticmethod
    def parse_requested_names(
        lines: Sequence[str],
        *,
        max_names: int = MAX_HEADER_LINES,
        max_characters: int = MAX_HEADER_BLOCK_BYTES,
    ) -> tuple[str, ...]:
        """Split the values of `Access-Control-Request-Headers`, spelled as they came.

        https://fetch.spec.whatwg.org/#http-access-control-request-headers

        Args:
            lines: The values.
            max_names: As many as a tunnelled call may set (Wire 4.4).
            max_characters: As long as its header block may be.

        Raises:
            RequestError: They are more than any page asks for, seen without splitting them, or
                one is no name.
        """
        text = lines[0] if len(lines) == 1 else ",".join(lines)
        if len(text) > max_characters or text.count(",") >= max_names:
            raise RequestError(
                Code.HEADER_NOT_ALLOWED,
                f"the preflight asks for too many headers; {max_names} names in"
                f" {max_characters} characters are accepted",
            )
        items = text.split(",")
        if _PLAIN_LIST.fullmatch(text) is not None:
            return tuple([item for item in items if item])
        names = [name for item in items if (name := item.strip(" \t"))]
        for name in names:
            if not is_token(name):
                raise RequestError(
                    Code.HEADER_NAME_MALFORMED,
                    f"the preflight asks for {shown(name)}, which is no name",
                )
        return tuple(names)

    def is_same_origin(self, origin_lines: Sequence[str]) -> bool:
        """Whether the request comes from a page that the API itself serves."""
        if len(origin_lines) != 1 or len(origin_lines[0]) > MAX_ORIGIN_CHARACTERS:
            return False
        return origin_lines[0] in self._same

    def exposes(self, name: str) -> bool:
        """Whether a page may read this response header.

        https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name
        """
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
        return (("Access-Control-Allow-Origin", "*" if self.any_origin else origin),)

    def response_fields(self, origin: str) -> tuple[Pair, ...]:
        """Write the CORS fields of an answer to an actual native call of an admitted origin."""
        return (*self.allow_origin_fields(origin), *self._constant)

    def preflight_fields(
        self,
        origin: str,
        method: str,
        header_names: Sequence[str],
    ) -> tuple[Pair, ...]:
        """Write the CORS fields of the answer to a preflight that passed.

        Args:
            origin: What `decide` returned.
            method: The method that the preflight asks for.
            header_names: The names that it asks for.
        """
        fields = list(self.allow_origin_fields(origin))
        if self.credentials:
            fields.append(_CREDENTIALS)
        if method not in SAFELISTED_METHODS:
            fields.append(("Access-Control-Allow-Methods", method))
        if header_names:
            fields.append(("Access-Control-Allow-Headers", ", ".join(header_names)))
        fields += self._max_age
        return tuple(fields)

    def _method_refusal(self, method: str) -> RequestError:
        if is_forbidden_method(method) or not is_token(method):
            return RequestError(
                Code.METHOD_FORBIDDEN, f"no page may use the method {shown(method)}"
            )
        return RequestError(
            Code.METHOD_NOT_ALLOWED,
            f"the policy does not allow the method {shown(method)}; it allows"
            f" {', '.join(sorted(self._methods))}",
        )

    def _admit_header(self, name: str) -> None:
        """Judge a name that is not listed: only `*` can allow it.

        It covers no name with an underscore, which WSGI and CGI read as another name.
        https://fetch.spec.whatwg.org/#cors-non-wildcard-request-header-name
        """
        if is_refused_request_header(name):
            raise RequestError(
                Code.HEADER_FORBIDDEN, f"no page may set the request header {shown(name)}"
            )
        folds = "_" in name
        if self._any_header and not folds and name.lower() not in NON_WILDCARD_REQUEST_HEADERS:
            return
        hint = ""
        if self._any_header:
            reason = "because of its underscore" if folds else "by the Fetch standard"
            hint = f" ('*' does not cover it, {reason})"
        raise RequestError(
            Code.HEADER_NOT_ALLOWED,
            f"the policy does not allow the request header {shown(name)}{hint}",
        )


def _origin_line_refusal(count: int) -> RequestError:
    if not count:
        return RequestError(
            Code.ORIGIN_MISSING,
            "a tunnel request needs an Origin header, exactly one; it has none",
        )
    return RequestError(
        Code.ORIGIN_MALFORMED, f"a request has one Origin header; this one has {count}"
    )
