"""The relay's page, and who may frame it (Wire 9.1). Its script is static/src/relay.js."""

from __future__ import annotations

import re
from collections.abc import Iterable

from xdr_bridge.bridge.assets import StaticAsset
from xdr_bridge.bridge.routes import Route

RELAY_PAGE, RELAY_SCRIPT = "relay.html", "xdr-bridge.relay.js"

# Support: IE 8 - 11
# A frame takes the mode of a page without a doctype to be its own; the script runs in any.
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="X-UA-Compatible" content="IE=edge">
<title>xdr-bridge: the relay</title>
</head>
<body>
<script src="{script}?v={version}"></script>
</body>
</html>
"""
_ANYBODY = "*"
# https://www.w3.org/TR/CSP3/#grammardef-host-source has no address in brackets and no underscore.
_HOST_SOURCE = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]+)?")
# A longer field may be too much for what is in between; the gate decides anyway.
_MOST_CHARACTERS = 2048


def relay_page(script: StaticAsset, routes: Iterable[Route]) -> StaticAsset:
    """Make the page that loads the relay's script.

    Args:
        script: The script.
        routes: Those of the bridge: the pages that they let in may frame it.
    """
    page = _PAGE.format(script=RELAY_SCRIPT, version=script.version)
    policy = (
        "default-src 'none'; script-src 'self'; connect-src 'self'; base-uri 'none';"
        f" form-action 'none'; frame-ancestors {frame_ancestors(routes)}"
    )
    return StaticAsset(
        page.encode(),
        content_type="text/html; charset=utf-8",
        fields=(("Content-Security-Policy", policy),),
    )


def frame_ancestors(routes: Iterable[Route]) -> str:
    """List the origins that may frame the relay; `*` where they cannot all be named."""
    origins: dict[str, None] = {}
    for route in routes:
        if route.policies is None:
            return _ANYBODY
        for policy in route.policies.policies:
            if policy.origin_patterns:
                return _ANYBODY
            origins.update(dict.fromkeys(policy.origins))
    sources = " ".join(origins)
    if len(sources) > _MOST_CHARACTERS or not all(map(_HOST_SOURCE.fullmatch, origins)):
        return _ANYBODY
    return sources or "'none'"
