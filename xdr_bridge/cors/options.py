"""What an operator can say about pages on other origins: plain data, nothing checked yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

DEFAULT_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyOptions:
    r"""The options of a `CorsPolicy`, which is the one that checks them.

    Attributes:
        origins: Origins whose pages may use the API.
            Accepted: `https://shop.example`, `http://localhost:3000`, `https://*.shop.example` (any
            depth of subdomain, never shop.example itself), `https://shop.example:*` (any port),
            `https://*.shop.example:*`, or `*` alone for any page at all.
            Refused: `https://shop.example/`, `https://Shop.example`, `shop.example`,
            `https://shop.example:443`, `https://*shop.example`, `https://shop.example*`, `null`.
        origin_patterns: Regular expressions in the subset of `expressions.OriginExpression`, each
            matched with the whole origin.
            Accepted: `https://pr-[0-9]+\.preview\.shop\.example`.
            Refused: `https://.*\.shop\.example`, `https://[a-z]+shop\.example`.
        methods: Methods that pages may use. GET, HEAD and POST cannot be refused: Fetch
            safelists them. Accepted: `PUT`, `QUERY`. Refused: `put`, `TRACE`, `*`.
        request_headers: Names that pages may send. `*` stands for any but Authorization, and needs
            `credentials` off. None: `*` without credentials, no name with them.
            Accepted: `Content-Type`, `X-Request-Id`. Refused: `Cookie`, `Vary`, `X-Forwarded-For`.
        exposed_headers: Response headers that pages may read, besides the safelisted ones.
            `*` needs `credentials` off. Accepted: `ETag`. Refused: `Set-Cookie`, `Origin`.
        credentials: Whether a browser may send cookies along.
        max_age_seconds: How long a browser may remember a preflight, 0 to 86400; None leaves it to
            the browser.
        same_origins: Origins under which the API itself is published; they are no other origins.
        api_is_https: Whether pages reach the API by https, so that trust in http pages is a hole.
        dangerously_allow_null_origin: Admit `null`, which any site can send from a sandboxed frame.
        dangerously_allow_public_suffixes: Trust all subdomains of a public suffix, strangers'
            too, with credentials.
        dangerously_allow_insecure_origins: Trust http origins, for which anybody on the network
            can speak, with credentials, although the API is https.
        dangerously_pass_refused_requests: Pass refused native requests that change something to
            the API, without letting the page read the answer, as ordinary CORS middleware does.
    """

    origins: Sequence[str] = ()
    origin_patterns: Sequence[str] = ()
    methods: Sequence[str] = DEFAULT_METHODS
    request_headers: Sequence[str] | None = None
    exposed_headers: Sequence[str] = ()
    credentials: bool = False
    max_age_seconds: int | None = None
    same_origins: Sequence[str] = ()
    api_is_https: bool = False
    dangerously_allow_null_origin: bool = False
    dangerously_allow_public_suffixes: bool = False
    dangerously_allow_insecure_origins: bool = False
    dangerously_pass_refused_requests: bool = False
