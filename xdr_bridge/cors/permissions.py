"""What the `Access-Control-*` fields of an API's answer permit, read as a browser reads them.

https://fetch.spec.whatwg.org/#cors-protocol
"""

from __future__ import annotations

import re
from collections.abc import Callable

from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.fields import FORBIDDEN_RESPONSE_HEADERS, SAFELISTED_RESPONSE_HEADERS
from xdr_bridge.http.messages import Headers, is_token, list_items

REQUEST_METHOD = "Access-Control-Request-Method"
REQUEST_HEADERS = "Access-Control-Request-Headers"
ALLOW_ORIGIN = "Access-Control-Allow-Origin"
ALLOW_CREDENTIALS = "Access-Control-Allow-Credentials"
ALLOW_METHODS = "Access-Control-Allow-Methods"
ALLOW_HEADERS = "Access-Control-Allow-Headers"
EXPOSE_HEADERS = "Access-Control-Expose-Headers"
MAX_AGE = "Access-Control-Max-Age"
WILDCARD = "*"

# Fetch, "CORS-preflight fetch", step 7.10: where the field is missing or no number.
DEFAULT_MAX_AGE_SECONDS = 5
# The longest that a browser honours (Firefox); Chromium stops at 7,200.
MAX_MAX_AGE_SECONDS = 86_400
# What the API says of a page that it does not let in is not for that page.
_TOLD = "the API does not let pages of this origin read its answer; the bridge's log says why"
_SECONDS = re.compile(r"0*([0-9]+)")


def cors_check(
    headers: Headers, origin: str, *, credentials: bool, code: Code, answer: str
) -> None:
    """Pass where the answer may be shared with `origin`; each numbered step is Fetch's.

    https://fetch.spec.whatwg.org/#concept-cors-check

    Args:
        headers: Those of the answer.
        origin: The request's origin, serialised.
        credentials: Whether the credentials mode is "include".
        code: What a failure is called.
        answer: How the sentence names the answer.

    Raises:
        RequestError: The check fails.
    """
    accepted = shown(origin) if credentials else f"{shown(origin)} or '*'"

    def refused(has: str) -> RequestError:
        sentence = f"the CORS check of {answer} failed: it has {has}; {accepted} would be accepted"
        return RequestError(code, sentence, told=_TOLD)

    # 1. and 2. The combined value: of two fields it is a list, which equals no origin.
    allowed = headers.get(ALLOW_ORIGIN)
    if allowed is None:
        raise refused(f"no {ALLOW_ORIGIN}")
    # 3.
    if allowed == WILDCARD and not credentials:
        return
    # 4.
    if allowed != origin:
        raise refused(f"{ALLOW_ORIGIN}: {shown(allowed)}")
    # 5. and 6.
    if credentials and (given := headers.get(ALLOW_CREDENTIALS)) != "true":
        has = f"no {ALLOW_CREDENTIALS}" if given is None else f"{ALLOW_CREDENTIALS}: {shown(given)}"
        sentence = f"the CORS check of {answer} failed: it has {has}; 'true' would be accepted"
        raise RequestError(code, f"{sentence} for a call with credentials", told=_TOLD)


def listed(headers: Headers, name: str) -> list[str]:
    """Read a field that is a list of names; a missing one is an empty list.

    https://fetch.spec.whatwg.org/#extract-header-list-values

    Raises:
        ValueError: It is no such list.
    """
    # Each line by itself: an odd quote or comma in one cannot swallow the next.
    items = [item for line in headers.get_all(name) for item in list_items(line)]
    if not all(map(is_token, items)):
        raise ValueError(f"{name} is no list of names")
    return items


def max_age_seconds(headers: Headers) -> int:
    """Read for how long a preflight's answer holds."""
    lines = headers.get_all(MAX_AGE)
    match = _SECONDS.fullmatch(lines[0]) if len(lines) == 1 else None
    if match is None:
        return DEFAULT_MAX_AGE_SECONDS
    # Longer than any number in use: not worth converting.
    if len(match[1]) > len(str(MAX_MAX_AGE_SECONDS)):
        return MAX_MAX_AGE_SECONDS
    return min(int(match[1]), MAX_MAX_AGE_SECONDS)


def exposed_by(headers: Headers, *, credentials: bool) -> Callable[[str], bool]:
    """Return the rule by which the page may read the answer's fields.

    https://fetch.spec.whatwg.org/#cors-safelisted-response-header-name; main fetch, step 14.
    """
    try:
        names = frozenset(name.lower() for name in listed(headers, EXPOSE_HEADERS))
    except ValueError:
        names = frozenset()
    every = WILDCARD in names and not credentials

    def exposes(name: str) -> bool:
        lowered = name.lower()
        if lowered in SAFELISTED_RESPONSE_HEADERS:
            return True
        return (every or lowered in names) and lowered not in FORBIDDEN_RESPONSE_HEADERS

    return exposes
