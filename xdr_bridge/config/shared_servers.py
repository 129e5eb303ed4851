"""APIs on one server that can be reached by each other's paths: the operator is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from xdr_bridge.bridge.routes import Route, Routes
from xdr_bridge.config.findings import Finding
from xdr_bridge.config.options import POLICY_OPTIONS, ApiSettings
from xdr_bridge.cors.redirects import origin_of
from xdr_bridge.http.errors import RequestError


def shared_servers(apis: Sequence[ApiSettings], routes: Sequence[Route]) -> Iterator[Finding]:
    """Go through the APIs whose URL another API passes on too, under another policy.

    Args:
        apis: All of them.
        routes: That of each.
    """
    for index, inner in enumerate(routes):
        for other, outer in enumerate(routes):
            public = _published_too(outer, inner, routes)
            if public is None or _policy_of(apis[index]) == _policy_of(apis[other]):
                continue
            reason = (
                f"is what apis[{other}] passes on under {public} too, by another policy; a policy"
                " for that path there, in [[apis.paths]], would hold"
            )
            yield Finding(("apis", index, "url"), str(inner.api), reason)


def _published_too(outer: Route, inner: Route, routes: Sequence[Route]) -> str | None:
    """Return the public path by which the outer route leads to the inner one's API, if any."""
    here, there = outer.api.path, inner.api.path
    if origin_of(outer.api) != origin_of(inner.api) or not there.startswith(here + "/"):
        return None
    public = outer.public_target(there[len(here) :])
    table = outer.policies
    try:
        found = Routes(routes).find(outer.host, public)
        # Where it has a policy of its own, somebody has thought of it.
        special = table is not None and table.for_target(public) is not table.for_target("/")
    except RequestError:
        # Nobody gets there by that path.
        return None
    return public if found is outer and not special else None


def _policy_of(api: ApiSettings) -> dict[str, object]:
    return api.model_dump(include={*POLICY_OPTIONS, "paths"})
