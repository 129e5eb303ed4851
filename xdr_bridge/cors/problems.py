"""What is insecure or senseless about a policy: every problem at once, each with a way out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields

from xdr_bridge.cors.options import PolicyOptions
from xdr_bridge.cors.origin_problems import find_origin_problems
from xdr_bridge.http.errors import Problem
from xdr_bridge.http.fields import (
    FORBIDDEN_RESPONSE_HEADERS,
    NON_WILDCARD_REQUEST_HEADERS,
    is_forbidden_method,
    is_refused_request_header,
    normalise_method,
)
from xdr_bridge.http.messages import HOP_BY_HOP, is_token

# No browser honours more (Firefox: a day).
MAX_MAX_AGE_SECONDS = 86_400

_LISTS = (
    *("origins", "origin_patterns", "methods", "request_headers", "exposed_headers"),
    "same_origins",
)
# RFC 9110 and relatives: a page that sends one of these has mixed up the two directions.
_RESPONSE_ONLY_NAMES = """
    accept-ranges age allow alt-svc clear-site-data content-security-policy
    content-security-policy-report-only cross-origin-embedder-policy cross-origin-opener-policy
    cross-origin-resource-policy location permissions-policy proxy-authenticate
    referrer-policy refresh retry-after server server-timing set-cookie set-cookie2
    strict-transport-security timing-allow-origin vary www-authenticate x-content-type-options
    x-frame-options
"""
_RESPONSE_ONLY = frozenset(_RESPONSE_ONLY_NAMES.split())
_REQUEST_ONLY_NAMES = """
    accept-charset cookie cookie2 dnt expect host if-match if-modified-since if-none-match if-range
    if-unmodified-since max-forwards origin referer te upgrade-insecure-requests user-agent
    access-control-request-headers access-control-request-method
    access-control-request-private-network
"""
_REQUEST_ONLY = frozenset(_REQUEST_ONLY_NAMES.split())


def find_problems(options: PolicyOptions) -> tuple[Problem, ...]:
    """Return everything that is wrong with the options, field by field."""
    # What has the wrong type is reported as such, and its default is checked in its stead.
    given = {item.name: getattr(options, item.name) for item in fields(PolicyOptions)}
    mistyped = {
        name: problems
        for name, value in given.items()
        if (problems := tuple(_type_problems(name, value)))
    }
    sane = PolicyOptions(**{k: value for k, value in given.items() if k not in mistyped})
    found = [problem for problems in mistyped.values() for problem in problems]
    found += (
        problem
        for problem in find_origin_problems(sane)
        if problem.value is not None or "origins" not in mistyped
    )
    found += _method_problems(sane)
    found += _request_header_problems(sane)
    found += _exposed_header_problems(sane)
    age = sane.max_age_seconds
    if age is not None and not 0 <= age <= MAX_MAX_AGE_SECONDS:
        found.append(
            Problem(
                "max_age_seconds",
                str(age),
                f"is beyond what any browser honours; 0 to {MAX_MAX_AGE_SECONDS} is accepted",
            )
        )
    return tuple(found)


def _type_problems(name: str, value: object) -> Iterator[Problem]:
    if name in _LISTS:
        if value is None and name == "request_headers":
            return
        if isinstance(value, str):
            yield Problem(name, value, "is one string; a list of strings is accepted")
        elif not isinstance(value, Sequence):
            yield Problem(name, repr(value), "is no list; a list of strings is accepted")
        else:
            for item in value:
                if not isinstance(item, str):
                    yield Problem(name, repr(item), "is no string; strings are accepted")
    elif name == "max_age_seconds":
        if value is not None and type(value) is not int:
            yield Problem(name, repr(value), "is no whole number of seconds; 600 would be")
    elif type(value) is not bool:
        yield Problem(name, repr(value), "is neither true nor false")


def find_duplicates(name: str, values: Sequence[str]) -> Iterator[Problem]:
    """Go through what is listed twice in an option: harmless, and perhaps not what was meant."""
    # Methods and origins are compared to the letter, header names are not.
    fold = name.endswith("headers")
    seen: set[str] = set()
    reported: set[str] = set()
    for value in values:
        key = value.lower() if fold else value
        if key in seen and key not in reported:
            reported.add(key)
            yield Problem(name, value, "is listed twice; once is enough")
        seen.add(key)


def _method_problems(options: PolicyOptions) -> Iterator[Problem]:
    for method in options.methods:
        if not is_token(method) or method == "*":
            yield Problem("methods", method, "is no method; name each one, such as PUT")
        elif is_forbidden_method(method):
            yield Problem(
                "methods", method, "is forbidden to pages by the Fetch standard; leave it out"
            )
        elif method != normalise_method(method) or method == "patch":
            yield Problem(
                "methods", method, f"is case-sensitive; {method.upper()} is meant and accepted"
            )


def _request_header_problems(options: PolicyOptions) -> Iterator[Problem]:
    names = options.request_headers or ()
    for name in names:
        lowered = name.lower()
        reason = None
        if name == "*":
            if options.credentials:
                reason = "means nothing with credentials; list the names"
        elif not is_token(name):
            reason = "is no header name; letters, digits and hyphens are accepted"
        elif lowered in _RESPONSE_ONLY or (
            lowered.startswith("access-control-") and lowered not in _REQUEST_ONLY
        ):
            reason = "is a response header, which no page sends; leave it out"
        elif is_refused_request_header(name):
            reason = "can never be set by a page; leave it out"
        elif lowered == "access-control-request-private-network":
            reason = "is the browser's own; leave it out"
        elif "*" in names and "_" not in name and lowered not in NON_WILDCARD_REQUEST_HEADERS:
            reason = "is covered by '*'; leave one of them out"
        if reason is not None:
            yield Problem("request_headers", name, reason)


def _exposed_header_problems(options: PolicyOptions) -> Iterator[Problem]:
    names = options.exposed_headers
    for name in names:
        lowered = name.lower()
        reason = None
        if name == "*":
            if options.credentials:
                reason = "means nothing with credentials; list the names"
        elif not is_token(name):
            reason = "is no header name; letters, digits and hyphens are accepted"
        elif lowered in FORBIDDEN_RESPONSE_HEADERS:
            reason = "can never be read by a page; leave it out"
        elif lowered in _REQUEST_ONLY:
            reason = "is a request header, which no API answers with; leave it out"
        elif lowered.startswith("access-control-"):
            reason = "is written by the bridge, not by the API; leave it out"
        elif lowered in HOP_BY_HOP:
            reason = "belongs to one connection and never reaches a page; leave it out"
        elif "*" in names:
            reason = "is covered by '*'; leave one of them out"
        if reason is not None:
            yield Problem("exposed_headers", name, reason)
