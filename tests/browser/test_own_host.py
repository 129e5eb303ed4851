"""What Windows asserts of the browser's own object is what a page reads through the polyfill."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.measuring import check_names, measure_checks
from tests.browser.origins import Rig


@pytest.mark.parametrize("profile", ["ie9", "ie8"])
def test_the_pages_own_host_is_called_as_without_the_script(
    chromium: Browser, rig: Rig, profile: str
) -> None:
    checks = measure_checks(chromium, rig, profile, ["own-host"])
    assert {name: check["got"] for name, check in checks.items()} == {
        name: check["expected"] for name, check in checks.items()
    }
    assert set(checks) == set(check_names("own-host"))
