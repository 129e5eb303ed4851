"""The emulator in every document of a browser context, frames and the product's pages too."""

from __future__ import annotations

import json

from playwright.sync_api import BrowserContext, Route

from tests.browser.origins import STATIC


def emulate(context: BrowserContext, browser: str, faults: str = "", options: str = "") -> None:
    """Let all documents of a context believe that they are in an old browser.

    Args:
        context: Its documents to come, their frames included, whatever their policy for scripts.
        browser: `ie8`, `ie9` or `nocors`, as in the emulator's data-browser.
        faults: As in its data-faults.
        options: As in its data-options. With `reach`, documents get the header that it needs.
    """
    profile = json.dumps({"browser": browser, "faults": faults, "options": options})
    source = (STATIC / "emulator" / "ie-emulator.js").read_text("utf-8")
    context.add_init_script(f"window.ieEmulator = {profile};\n{source}")
    if "reach" in options.split():
        # A document that a route has answered comes from nowhere, and has to ask for this host.
        context.grant_permissions(["local-network-access"])
        context.route("**/*", _let_ports_reach)


def _let_ports_reach(route: Route) -> None:
    """Chromium keeps origins apart, ports included, unless both documents ask it not to."""
    if route.request.resource_type != "document":
        route.continue_()
        return
    response = route.fetch()
    headers = {**response.headers, "origin-agent-cluster": "?0"}
    route.fulfill(response=response, headers=headers)
