"""What else is on a page: its own origin, other APIs, other people's scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.measuring import fresh_page, measure_checks
from tests.browser.origins import Rig


@pytest.mark.parametrize("profile", ["native", "ie9", "ie8"])
def test_the_rest_of_the_page_goes_on_working(chromium: Browser, rig: Rig, profile: str) -> None:
    checks = measure_checks(
        chromium,
        rig,
        profile,
        ["../xdr/xdr-bridge.form-data", "neighbours"],
        emulator='data-options="progress=20"',
    )
    assert {name: check["got"] for name, check in checks.items()} == {
        name: check["expected"] for name, check in checks.items()
    }


def test_document_mode_10_is_left_alone(chromium: Browser, rig: Rig) -> None:
    """XDomainRequest stands beside an XMLHttpRequest with CORS of its own."""
    path = rig.add_page("mode10.html", "native", before=["/scripts/mode10.js"])
    with fresh_page(chromium, "native") as page:
        page.goto(rig.page_origin + path)
        assert page.evaluate("String(XMLHttpRequest).indexOf('[native code]') > 0")
        assert page.evaluate("XMLHttpRequest === window.before")
