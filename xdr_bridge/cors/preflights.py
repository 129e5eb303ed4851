"""Preflights as a browser makes them: when one is due, what it asks, what its answer permits.

https://fetch.spec.whatwg.org/#cors-preflight-fetch; the cache:
https://fetch.spec.whatwg.org/#cors-preflight-cache
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from xdr_bridge.cors.permissions import (
    ALLOW_HEADERS,
    ALLOW_METHODS,
    REQUEST_HEADERS,
    REQUEST_METHOD,
    WILDCARD,
    cors_check,
    listed,
    max_age_seconds,
)
from xdr_bridge.http.errors import Code, RequestError, shown
from xdr_bridge.http.fields import NON_WILDCARD_REQUEST_HEADERS, SAFELISTED_METHODS
from xdr_bridge.http.messages import Headers, Pair, ResponseHead

_REDIRECTS = range(300, 400)
# What an entry, and a name in it, take of memory besides their characters: measured, rounded up.
_ENTRY_BYTES, _NAME_BYTES = 1024, 192


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What a call needs the API's permission for.

    Attributes:
        origin: The call's origin, serialised.
        url: The call's current URL.
        method: The call's method.
        unsafe_names: Fetch's "CORS-unsafe request-header names": lower case, sorted.
        credentials: Whether the call's credentials mode is "include".
    """

    origin: str
    url: str
    method: str
    unsafe_names: Sequence[str]
    credentials: bool = False

    @property
    def is_due(self) -> bool:
        """Whether a browser asks first, as long as it does not remember an answer."""
        return self.method not in SAFELISTED_METHODS or bool(self.unsafe_names)

    def fields(self) -> tuple[Pair, ...]:
        """Return the fields of the OPTIONS request (Fetch, steps 1 to 5)."""
        names = ",".join(self.unsafe_names)
        return (
            ("Accept", "*/*"),
            (REQUEST_METHOD, self.method),
            *(((REQUEST_HEADERS, names),) if names else ()),
            ("Accept-Encoding", "identity"),
            ("Origin", self.origin),
        )

    def judge(self, head: ResponseHead) -> Permission:
        """Read the answer's head (Fetch, steps 7.1 to 7.11).

        Raises:
            RequestError: It does not permit the call; the sentence names the step.
        """
        # The standard tests the origin first. An API that has no OPTIONS fails both; its status
        # is what tells the developer.
        if not 200 <= head.status <= 299:
            what = "a redirect, " if head.status in _REDIRECTS else ""
            raise RequestError(
                Code.PREFLIGHT_STATUS,
                f"the API answered the preflight, an OPTIONS request, with {what}status"
                f" {head.status}; 200 to 299 would be accepted",
            )
        cors_check(
            head.headers,
            self.origin,
            credentials=self.credentials,
            code=Code.PREFLIGHT_ORIGIN,
            answer="the API's preflight answer",
        )
        methods = _listed(head.headers, ALLOW_METHODS)
        names = [name.lower() for name in _listed(head.headers, ALLOW_HEADERS)]
        self._check_method(methods)
        self._check_names(names)
        return Permission(
            methods=methods, names=names, max_age_seconds=max_age_seconds(head.headers)
        )

    def _check_method(self, methods: Collection[str]) -> None:
        if self.method in methods or self.method in SAFELISTED_METHODS:
            return
        if WILDCARD in methods and not self.credentials:
            return
        allows = f"the methods {shown(', '.join(methods))}" if methods else "no method by name"
        raise RequestError(
            Code.PREFLIGHT_METHOD,
            f"the API's preflight answer allows {allows}; this call needs {shown(self.method)}"
            f" ({ALLOW_METHODS}){_wildcard_hint(methods, self.credentials)}",
        )

    def _check_names(self, names: Collection[str]) -> None:
        known = frozenset(names)
        covers_all = WILDCARD in known and not self.credentials
        for name in self.unsafe_names:
            exact = name in NON_WILDCARD_REQUEST_HEADERS
            if name in known or (covers_all and not exact):
                continue
            hint = _wildcard_hint(known, self.credentials)
            if covers_all:
                hint = "; '*' does not cover it, by the Fetch standard"
            allows = f"the request headers {shown(', '.join(names))}" if names else "no header"
            raise RequestError(
                Code.PREFLIGHT_HEADER,
                f"the API's preflight answer allows {allows}; this call needs {shown(name)}"
                f" ({ALLOW_HEADERS}){hint}",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """What a preflight's answer permits, and for how long; names in lower case."""

    methods: Sequence[str]
    names: Sequence[str]
    max_age_seconds: int


def _listed(headers: Headers, name: str) -> list[str]:
    try:
        return listed(headers, name)
    except ValueError:
        raise RequestError(
            Code.PREFLIGHT_MALFORMED,
            f"the API's preflight answer has {name}: {shown(headers.get(name) or '')}, which is no"
            " list; names joined by commas would be accepted",
        ) from None


def _wildcard_hint(names: Collection[str], credentials: bool) -> str:
    return (
        "; with credentials, '*' is a name like any other"
        if credentials and WILDCARD in names
        else ""
    )


@dataclass(slots=True)
class _Permitted:
    """Method and header names with the moment at which each is forgotten; `size` in bytes."""

    methods: dict[str, float] = field(default_factory=dict)
    names: dict[str, float] = field(default_factory=dict)
    size: int = 0


class PreflightCache:
    """Remembers what APIs permitted, as Fetch's CORS-preflight cache does, within bounds.

    Keyed by origin, URL and credentials; `Vary` plays no part. There is no network partition key:
    a preflight carries nothing of a user's, so its answer is the same for all of them. It has no
    clock: who asks says what time it is. For one thread.
    """

    def __init__(
        self,
        *,
        max_urls: int = 4096,
        max_names: int = 128,
        max_url_characters: int = 2048,
        max_bytes: int = 4 * 1024 * 1024,
    ) -> None:
        """Set the bounds; what does not fit costs a preflight, never an error.

        Args:
            max_urls: How many URLs, counted per origin, are remembered; the least used goes.
            max_names: How many methods, and how many header names, per URL.
            max_url_characters: A longer URL is not remembered.
            max_bytes: What all of it may take, about; the least used goes.
        """
        self._max_urls = max_urls
        self._max_names = max_names
        self._max_url_characters = max_url_characters
        self._max_bytes = max_bytes
        self._bytes = 0
        self._permitted: OrderedDict[tuple[str, str, bool], _Permitted] = OrderedDict()

    @property
    def bytes_held(self) -> int:
        """What all of it takes, about."""
        return self._bytes

    def __len__(self) -> int:
        """Count the URLs."""
        return len(self._permitted)

    def covers(self, preflight: Preflight, now: float) -> bool:
        """Whether the API has permitted all that the call needs, and that still holds."""
        found = self._found(preflight)
        # Fetch, HTTP fetch, step 5.1: "there is no method cache entry match …".
        if preflight.method not in SAFELISTED_METHODS and not any(
            _holds(one.methods, preflight.method, now, wildcard=True) for one in found
        ):
            return False
        return all(
            any(
                _holds(one.names, name, now, wildcard=name not in NON_WILDCARD_REQUEST_HEADERS)
                for one in found
            )
            for name in preflight.unsafe_names
        )

    def store(self, preflight: Preflight, permission: Permission, now: float) -> None:
        """Remember, or refresh, each method and header name that the API listed.

        Unlike the standard's text, a name in the list refreshes its own entry only, never a `*`
        of an earlier answer, and a literal `*` in an answer with credentials is not remembered:
        either would permit what the API did not.
        """
        if len(preflight.url) > self._max_url_characters:
            return
        key = (preflight.origin, preflight.url, preflight.credentials)
        one = self._permitted.setdefault(key, _Permitted())
        self._permitted.move_to_end(key)
        self._bytes -= one.size
        expiry = now + permission.max_age_seconds
        for kept, given in ((one.methods, permission.methods), (one.names, permission.names)):
            listed_now = (x for x in given if not (preflight.credentials and x == WILDCARD))
            self._refresh(kept, listed_now, expiry, now)
        one.size = 0
        if not one.methods and not one.names:
            del self._permitted[key]
        else:
            one.size = _ENTRY_BYTES + len(key[0]) + len(key[1])
            one.size += sum(_NAME_BYTES + len(name) for name in (*one.methods, *one.names))
            self._bytes += one.size
        while len(self._permitted) > self._max_urls or self._bytes > self._max_bytes:
            _, gone = self._permitted.popitem(last=False)
            self._bytes -= gone.size

    def clear(self, origin: str, url: str) -> None:
        """Forget a URL (Fetch, "clear cache entries")."""
        for credentials in (False, True):
            gone = self._permitted.pop((origin, url, credentials), None)
            self._bytes -= 0 if gone is None else gone.size

    def _found(self, preflight: Preflight) -> list[_Permitted]:
        found = []
        # What was permitted with credentials is permitted without, not the other way round.
        for credentials in (True,) if preflight.credentials else (True, False):
            key = (preflight.origin, preflight.url, credentials)
            one = self._permitted.get(key)
            if one is not None:
                self._permitted.move_to_end(key)
                found.append(one)
        return found

    def _refresh(
        self, kept: dict[str, float], given: Iterable[str], expiry: float, now: float
    ) -> None:
        for name in [name for name, until in kept.items() if until <= now]:
            del kept[name]
        for name in given:
            if expiry <= now:
                kept.pop(name, None)
            elif name in kept or len(kept) < self._max_names:
                kept[name] = expiry


def _holds(kept: dict[str, float], name: str, now: float, *, wildcard: bool) -> bool:
    if kept.get(name, now) > now:
        return True
    return wildcard and kept.get(WILDCARD, now) > now
