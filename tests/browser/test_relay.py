"""The relay in Chromium, through pages that believe to be in old browsers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.emulation import emulate
from tests.browser.origins import InThread, Rig, read_results
from tests.browser.relay_api import make_relay_api

SESSION = {
    "a stranger": "200 nobody",
    "log in": "200 welcome",
    "with credentials": "200 ada",
    "without credentials": "200 nobody",
    "the page sees no cookie": "[] null",
    "one frame, hidden, with a number": "1 none true",
    "twenty at once": " ".join(map(str, range(20))),
    "abort": "abort loadend 0, 200 ada",
    "timeout": "timeout 0",
    "a megabyte each way": "200 true",
    "the frame removed under a call": "0 relay-gone 0",
    "after that": "200 ada",
    "the frame removed between calls": "200 ada",
    "messages of others": "0 not forged",
}


@pytest.fixture(scope="module")
def sessions() -> Iterator[Rig]:
    rig = Rig(
        make_relay_api(),
        allow_credentials=True,
        allow_headers=("Content-Type",),
        allow_methods=("GET", "POST"),
    )
    with InThread(rig):
        yield rig


def _run(
    chromium: Browser,
    rig: Rig,
    profile: str,
    script: str,
    attributes: str = "",
    origin: str = "",
) -> dict[str, Any]:
    scripts = ["/scripts/relay.js", f"/scripts/{script}.js"]
    path = rig.add_page("relay.html", "native", scripts, attributes=attributes)
    context = chromium.new_context()
    emulate(context, profile, options="reach")
    try:
        return read_results(context.new_page(), (origin or rig.page_origin) + path)
    finally:
        context.close()


@pytest.mark.parametrize("profile", ["ie8", "ie9", "nocors"])
def test_a_session_by_cookie(chromium: Browser, sessions: Rig, profile: str) -> None:
    assert _run(chromium, sessions, profile, "relay-session") == SESSION


def test_a_page_that_no_policy_allows_gets_no_relay(chromium: Browser, sessions: Rig) -> None:
    """The frame is blocked by frame-ancestors; what the page says to it is heard by nobody."""
    with InThread(stranger := Rig(make_relay_api())):
        scripts = ["/scripts/relay.js", "/scripts/relay-stranger.js"]
        path = stranger.add_page("stranger.html", "native", scripts)
        html = stranger.pages["stranger.html"]
        stranger.pages["stranger.html"] = html.replace(
            stranger.bridge_origin, sessions.bridge_origin
        )
        context = chromium.new_context()
        emulate(context, "nocors", options="reach")
        try:
            results = read_results(context.new_page(), stranger.page_origin + path)
        finally:
            context.close()
    assert results == {
        "by the polyfill": f"0 relay-missing: {sessions.bridge_origin}/xdr/relay.html",
        "by hand": "",
    }
