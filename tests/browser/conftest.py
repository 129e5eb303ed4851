from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.origins import Rig, proof_rig
from tests.support.browser import FLAGS, find_browser

# The fault `gc` of the emulator can be forced then.
GC = "--js-flags=--expose-gc"
# Only what hangs takes so long.
PATIENCE_MILLISECONDS = 60_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


# Not for the session: Playwright's loop runs in this thread, where other tests run their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.fail("no browser: run `python tests/support/browser.py`, which says how to get one")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        playwright.selectors.set_test_id_attribute("data-test")
        browser = playwright.chromium.launch(executable_path=path, args=[*FLAGS, GC])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page in a fresh profile; an exception that reaches window.onerror fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 860})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MILLISECONDS)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="session")
def rig() -> Iterator[Rig]:
    with proof_rig() as rig:
        yield rig
