"""Redirects as a browser follows them: where a Location leads, and what becomes of the request.

A Location is never taken over as a string: it is read into parts, and names a configured API or
is refused. No sentence quotes it, because pages do not see where redirects lead.
https://fetch.spec.whatwg.org/#http-redirect-fetch
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import quote

from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.fields import NON_WILDCARD_REQUEST_HEADERS, REQUEST_BODY_HEADERS
from xdr_bridge.http.messages import Headers
from xdr_bridge.http.origins import DEFAULT_PORTS, Origin, parse_origin
from xdr_bridge.http.targets import resolve_target, split_target

REDIRECT_STATUSES = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 20

# RFC 3986, appendix B, with the fragment dropped.
_REFERENCE = re.compile(r"(?:([^:/?#]+):)?(?://([^/?#]*))?([^?#]*)(\?[^#]*)?(?:#.*)?")
_VISIBLE = string.ascii_letters + string.digits + string.punctuation


def origin_of(api: Api) -> Origin:
    """Return the origin of the API's own URLs.

    A Unix socket is an origin of its own: whatever name its API goes by, nothing else that goes
    by that name is the same.
    """
    if api.socket is not None:
        return Origin("http+unix", quote(api.socket, safe=""), None)
    return Origin(api.scheme, api.host, None if _has_default_port(api) else api.port)


def url_of(api: Api, target: str) -> str:
    """Write the URL under which a call to `target` goes to the API."""
    return f"{origin_of(api)}{api.path}{target}"


def _has_default_port(api: Api) -> bool:
    return api.port == DEFAULT_PORTS.get(api.scheme)


class Place(Protocol):
    """One of the ways by which an API is published."""

    @property
    def api(self) -> Api:
        """The API to which it leads."""


class Located(NamedTuple):
    """What a Location means.

    Attributes:
        api: The API.
        target: The target within it, relative to its `path`.
        place: By which way it was named; None: by the API's own address.
    """

    api: Api
    target: str
    place: Place | None = None


def _unpublished(origin: Origin, target: str, here: Origin | None) -> None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """Where calls may go.

    Attributes:
        apis: The APIs that this bridge knows.
        published: Says which API, and which target of it, a URL means under which the bridge or
            its APIs are published; None where it means none. It gets origin and resolved target,
            and the origin under which the bridge was asked.
        url_characters: The longest target.
    """

    apis: tuple[Api, ...]
    published: Callable[[Origin, str, Origin | None], tuple[Place, str] | None] = _unpublished
    url_characters: int = 16 * 1024

    def locate(
        self, locations: Sequence[str], *, api: Api, target: str, here: Origin | None = None
    ) -> Located:
        """Return the API, and the target within it, that a Location means.

        Args:
            locations: The values of all Location fields.
            api: Which one answered.
            target: What it answered, relative to its `path`.
            here: The origin under which the bridge was asked: an API that builds its Locations of
                `X-Forwarded-Host` means itself by it.

        Raises:
            RequestError: The Location is malformed, or leads anywhere but into one of `apis`.
        """
        if len(locations) != 1:
            raise _refused("with two Locations; one would be accepted")
        origin, path_and_query = _parts(locations[0], api=api, target=target)
        path_and_query = self._resolve(path_and_query)
        # The API that answered comes first, then the one with the longest path.
        found = [
            (known == api, len(known.path), known, inner)
            for known in self.apis
            if (inner := _within(known, origin, path_and_query)) is not None
        ]
        if found:
            _, _, known, inner = max(found, key=lambda one: one[:2])
            return Located(known, self._resolve(inner))
        published = self.published(origin, path_and_query, here)
        if published is None or published[0].api not in self.apis:
            raise _refused("to somewhere that is none of the configured APIs")
        place, inner = published
        return Located(place.api, self._resolve(inner), place)

    def _resolve(self, target: str) -> str:
        try:
            # A query that a browser sent raw stays that where a Location repeats it.
            return resolve_target(target, max_characters=self.url_characters, sent=True)
        except RequestError:
            raise _refused("to a target that the bridge does not pass on") from None


def _within(api: Api, origin: Origin, target: str) -> str | None:
    """Return what follows the API's own address; None where the URL is not under it."""
    path, query = split_target(target)
    if origin != origin_of(api) or not (path == api.path or path.startswith(api.path + "/")):
        return None
    return (path[len(api.path) :] or "/") + query


def _parts(location: str, *, api: Api, target: str) -> tuple[Origin, str]:
    """Read a Location against the URL that was answered (RFC 3986, section 5.2.2).

    The forms that the URL standard reads otherwise (backslashes, three slashes, one slash after
    the scheme) are refused: nobody writes them in good faith.
    """
    text = quote(location.strip(" \t").replace("\t", ""), safe=_VISIBLE, encoding="latin-1")
    match = _REFERENCE.fullmatch(text)
    if match is None or "\\" in text:
        raise _refused("with a Location that is no URL")
    scheme, authority, path, query = match.groups()
    if scheme is not None and scheme.lower() not in DEFAULT_PORTS:
        raise _refused("to another scheme than http or https")
    if authority is None:
        if scheme is not None:
            raise _refused("with a Location that has a scheme but no host")
        base, base_query = split_target(api.path + target)
        if not path:
            return origin_of(api), base + (base_query if query is None else query)
        if not path.startswith("/"):
            path = base[: base.rfind("/") + 1] + path
        return origin_of(api), path + (query or "")
    if "@" in authority:
        raise _refused("to a URL with a user name or password")
    try:
        origin = parse_origin(f"{scheme or api.scheme}://{authority}".lower())
    except ValueError:
        raise _refused("with a Location whose host and port cannot be read") from None
    if api.socket is not None and origin == Origin(api.scheme, api.host, None):
        # It calls itself by the name that it is called by.
        origin = origin_of(api)
    return origin, (path or "/") + (query or "")


def _refused(how: str) -> RequestError:
    return RequestError(
        Code.REDIRECT_REFUSED,
        f"the API redirected {how} (Location); redirects within the configured APIs are followed",
    )


def rewrite(
    status: int, method: str, headers: Headers, body: bytes, *, cross_origin: bool
) -> tuple[str, Headers, bytes]:
    """Return what is left of a request that is redirected (Fetch, steps 12 and 13)."""
    dropped: frozenset[str] = frozenset()
    if (status in (301, 302) and method == "POST") or (
        status == 303 and method not in ("GET", "HEAD")
    ):
        method, body = "GET", b""
        dropped |= REQUEST_BODY_HEADERS
    if cross_origin:
        dropped |= NON_WILDCARD_REQUEST_HEADERS
    if dropped:
        headers = Headers.trusted(pair for pair in headers if pair[0].lower() not in dropped)
    return method, headers, body
