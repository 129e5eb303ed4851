"""Examines a deployment: what to ask, whom for, and in which order it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from xdr_bridge.config import Settings
from xdr_bridge.config.apis import parse_api
from xdr_bridge.doctor.apis import judge_api
from xdr_bridge.doctor.asking import ask_api, ask_front
from xdr_bridge.doctor.findings import Finding
from xdr_bridge.doctor.fronts import judge_forwarding, judge_front
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.http.origins import parse_origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is to be examined.

    Attributes:
        url: Where the bridge is published; None: only the APIs are asked.
        origin: The page for which it is asked; None: the first that a policy names.
        path: Of a call that only reads.
        stream_path: Of one that answers slowly.
        url_ca: A PEM file of who may certify the URL.
        seconds: For each request.
    """

    url: str | None = None
    origin: str | None = None
    path: str = "/"
    stream_path: str | None = None
    url_ca: str | None = None
    seconds: float = 10.0

    def problems(self) -> list[Problem]:
        """Return what is wrong with it, all at once."""
        found = []
        for field, value, read in (
            ("--url", self.url, parse_api),
            ("--origin", self.origin, parse_origin),
            ("--path", self.path, _read_path),
            ("--stream-path", self.stream_path, _read_path),
        ):
            try:
                if value is not None:
                    read(value)
            except ValueError as error:
                found.append(Problem(field, value, str(error)))
        if self.url is not None and self.url.startswith("unix:"):
            found.append(Problem("--url", self.url, "is no http or https URL"))
        return found


def _read_path(path: str) -> None:
    if not path.startswith("/") or path.startswith("//") or not path.isascii() or " " in path:
        raise ValueError("is no path; /items?first=1 would be accepted")


async def examine(wish: Wish, settings: Settings) -> Sequence[Finding]:
    """Ask all APIs, and the public URL; return what was found, APIs first.

    Raises:
        ConfigError: The wish is no wish.
        OSError: A file with authorities cannot be read.
    """
    origin = wish.origin or _first_origin(settings)
    problems = wish.problems()
    if wish.url is not None and origin is None:
        problems.append(Problem("--origin", None, "is needed with --url: no policy names a page"))
    if problems:
        raise ConfigError(tuple(problems))
    decides = {route.api: route.policies is None for route in settings.routes}
    seen = await asyncio.gather(
        *(
            ask_api(api, settings, decides=its_own, origin=origin, path=wish.path)
            for api, its_own in decides.items()
        )
    )
    found = [finding for api in seen for finding in judge_api(api)]
    if wish.url is not None and origin is not None:
        found += await _examine_front(wish, wish.url, origin, settings)
    return found


async def _examine_front(wish: Wish, url: str, origin: str, settings: Settings) -> list[Finding]:
    place = parse_api(url)
    seen = await ask_front(
        place,
        mount=settings.mount,
        origin=origin,
        authorities=wish.url_ca,
        path=wish.path,
        stream_path=wish.stream_path,
        seconds=wish.seconds,
    )
    return [
        *judge_front(seen),
        *judge_forwarding(
            url,
            https=place.scheme == "https",
            bridge_has_tls=settings.certificate is not None,
            trusts=bool(settings.trusted_proxies),
        ),
    ]


def _first_origin(settings: Settings) -> str | None:
    """Return a page that some policy names."""
    policies = (p for route in settings.routes if route.policies for p in route.policies.policies)
    origins = (origin for policy in policies for origin in policy.origins if "*" not in origin)
    return next(origins, None)
