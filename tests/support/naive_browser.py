"""A naive browser, as the oracle of the bridge in the browser's place.

Section 7 of the reference read aloud: no cache, URLs as strings, no code of ours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

from xdr_bridge.tunnel.decoding import Call

BASES = ("http://notes.internal:9000", "http://stock.internal/v1")
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reaction:
    """How a URL answers: to a preflight, and to a call. It does not look at who asks."""

    status: int
    fields: Fields
    preflight_status: int
    preflight_fields: Fields


World = dict[str, Reaction]
_ANYBODY: Fields = (("Access-Control-Allow-Origin", "*"),)
NOT_FOUND = Reaction(404, _ANYBODY, 404, _ANYBODY)


@dataclass(frozen=True)
class Sent:
    """A request, as the API sees it."""

    method: str
    url: str
    headers: Fields
    body: bytes


@dataclass
class Oracle:
    """A browser without a cache, per section 7 of the reference."""

    world: World
    credentials: bool
    sent: list[Sent] = field(default_factory=list)

    def fetch(self, call: Call, url: str, page: str) -> str:
        method, body, headers = call.method, call.body, list(call.headers)
        if not any(name.lower() == "accept" for name, _ in headers):
            headers.append(("Accept", "*/*"))
        urls = [url]
        for _ in range(21):
            origin = "null" if tainted(urls, page) else page
            names = unsafe_names(headers)
            reaction = self.world.get(url, NOT_FOUND)
            if (method not in ("GET", "HEAD", "POST") or names) and not self.preflight(
                url, origin, method, names
            ):
                return "refused"
            ours = [("Accept-Encoding", "identity"), ("Origin", origin)]
            self.sent.append(Sent(method, url, (*headers, *ours), body))
            if not self.check(reaction.fields, origin):
                return "refused"
            locations = values(reaction.fields, "location")
            if reaction.status not in (301, 302, 303, 307, 308) or not locations:
                return f"{reaction.status} {url}"
            url = urljoin(url, locations[0])
            if len(locations) > 1 or not url.startswith(tuple(f"{base}/" for base in BASES)):
                return "refused"
            if (reaction.status in (301, 302) and method == "POST") or (
                reaction.status == 303 and method not in ("GET", "HEAD")
            ):
                method, body = "GET", b""
                gone = ["content-type", "content-language", "content-encoding", "content-location"]
                headers = [pair for pair in headers if pair[0].lower() not in gone]
            if site(url) != site(urls[-1]):
                headers = [pair for pair in headers if pair[0].lower() != "authorization"]
            urls.append(url)
        return "refused"

    def check(self, fields: Fields, origin: str) -> bool:
        allowed = values(fields, "access-control-allow-origin")
        if not self.credentials:
            return allowed in (["*"], [origin])
        return allowed == [origin] and values(fields, "access-control-allow-credentials") == [
            "true"
        ]

    def preflight(self, url: str, origin: str, method: str, names: list[str]) -> bool:
        headers = [("Accept", "*/*"), ("Access-Control-Request-Method", method)]
        if names:
            headers.append(("Access-Control-Request-Headers", ",".join(names)))
        headers += [("Accept-Encoding", "identity"), ("Origin", origin)]
        self.sent.append(Sent("OPTIONS", url, tuple(headers), b""))
        reaction = self.world.get(url, NOT_FOUND)
        fields = reaction.preflight_fields
        if not self.check(fields, origin) or not 200 <= reaction.preflight_status < 300:
            return False
        methods = items(fields, "access-control-allow-methods")
        allowed = [name.lower() for name in items(fields, "access-control-allow-headers")]
        if any(" " in item for item in methods + allowed):
            return False
        star = "*" if not self.credentials else "nothing"
        if method not in ("GET", "HEAD", "POST") and not {method, star} & set(methods):
            return False
        return all(
            name in allowed or (star in allowed and name != "authorization") for name in names
        )


def values(fields: Fields, name: str) -> list[str]:
    return [value for key, value in fields if key.lower() == name]


def items(fields: Fields, name: str) -> list[str]:
    return [item.strip() for value in values(fields, name) for item in value.split(",") if item]


def site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def tainted(urls: list[str], page: str) -> bool:
    return any(site(now) != site(before) and page != site(before) for before, now in pairwise(urls))


def unsafe_names(headers: list[tuple[str, str]]) -> list[str]:
    """7.5 for the values that occur here: a few are unsafe, all others are safe and short."""
    safe = {"accept": "*/*", "content-type": "text/plain", "accept-language": "de"}
    return sorted({name.lower() for name, value in headers if safe.get(name.lower()) != value})
