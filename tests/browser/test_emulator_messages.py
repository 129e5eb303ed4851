"""Messages as the emulator delivers them, to frames on another port and on another host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.emulation import emulate
from tests.browser.measuring import MESSAGE_CHECKS, check_names
from tests.browser.origins import InThread, Rig, read_results
from tests.browser.proof_api import make_proof_api


@pytest.fixture(scope="module")
def neighbour() -> Iterator[Rig]:
    with InThread(second := Rig(make_proof_api())):
        second.add_page("peer.html", "native", ["/scripts/emulator-peer.js"], polyfill="none")
        yield second


def _measure(
    chromium: Browser, rig: Rig, neighbour: Rig, profile: str, faults: str = ""
) -> dict[str, Any]:
    scripts = ["/scripts/conformance/harness.js"]
    scripts += [f"/scripts/{name}.js" for name in MESSAGE_CHECKS]
    path = rig.add_page("messages.html", "native", scripts, polyfill="none")
    here = f"neighbour = '{neighbour.page_origin}/peer.html', profile = '{profile}'"
    there = f"stranger = '{neighbour.local_page_origin}/peer.html', "
    html = rig.pages["messages.html"].replace("profile = 'native'", there + here)
    rig.pages["messages.html"] = html
    context = chromium.new_context()
    emulate(context, profile, faults, "reach")
    try:
        return read_results(context.new_page(), rig.page_origin + path)
    finally:
        context.close()


@pytest.mark.parametrize("profile", ["ie8", "ie9"])
def test_messages_arrive_as_the_profile_has_them(
    chromium: Browser, rig: Rig, neighbour: Rig, profile: str
) -> None:
    checks = _measure(chromium, rig, neighbour, profile)
    assert {name: check["got"] for name, check in checks.items()} == {
        name: check["expected"] for name, check in checks.items()
    }
    assert set(checks) == set(check_names(*MESSAGE_CHECKS))


def test_without_its_fault_a_source_is_the_window_and_with_another_an_origin_has_no_port(
    chromium: Browser, rig: Rig, neighbour: Rig
) -> None:
    checks = _measure(chromium, rig, neighbour, "ie8", "-source portlessMessages")
    got = {name: check["got"] for name, check in checks.items()}
    assert got["the frame knows its parent as == and in 8 not as ==="] == "parent true true"
    assert got["the origin of a message has its port"] == "false false"


def test_a_browser_without_cors_and_xdomainrequest_has_the_messages_of_the_standard(
    chromium: Browser, rig: Rig, neighbour: Rig
) -> None:
    checks = _measure(chromium, rig, neighbour, "nocors")
    expected = {
        "a frame on another port answers inside postMessage, in 8 only": "true, sent heard",
        "the frame knows its parent as == and in 8 not as ===": "parent true true",
        "the origin of a message has its port": "true true",
        "the port of the target is ignored, in 8 only": "nothing",
        "a frame on another host is answered by Chromium, later": "sent heard, true",
        "onload of a frame gets an argument in 9 only": "1",
    }
    assert {name: checks[name]["got"] for name in expected} == expected


def test_a_frame_whose_policy_lets_no_script_in_is_emulated_all_the_same(
    chromium: Browser, rig: Rig
) -> None:
    """As the product's own pages are: their policy is for scripts of the page, not for ours."""
    context = chromium.new_context()
    emulate(context, "ie8")
    policy = "default-src 'none'; script-src 'self'"
    html = '<!DOCTYPE html><script src="/scripts/emulator-strict.js"></script><body></body>'
    context.route(
        "**/strict.html",
        lambda route: route.fulfill(
            body=html, content_type="text/html", headers={"Content-Security-Policy": policy}
        ),
    )
    page = context.new_page()
    try:
        page.goto(f"{rig.page_origin}/strict.html")
        assert page.title() == "8 undefined object"
    finally:
        context.close()
