"""Five real libraries through each front: what arrives without one has to arrive with it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.libraries import LIBRARIES, Library, expected_calls, problems
from tests.browser.measuring import measure_library
from tests.browser.origins import Rig, proof_rig
from tests.fronts.fronts import Front
from tests.fronts.rules import MISSING, SET_UPS, guarded_apache, installed
from tests.fronts.running import running_front
from tests.support.browser import FLAGS, find_browser

Tables = dict[str, dict[tuple[str, str], str]]
# jQuery, two of axios, superagent, AngularJS: they say what their pages say in most headers.
PACKAGES = ("jquery", "axios", "axios-0.16", "superagent", "angular")
FIVE = [library for library in LIBRARIES if library.package in PACKAGES]
CALLS = len(FIVE) * len(expected_calls())
ROW = f"{len(FIVE)} libraries, {CALLS} calls"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    path = find_browser()
    if path is None:
        pytest.fail("no browser: run `python tests/support/browser.py`, which says how to get one")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _through(front: Front) -> Iterator[Rig]:
    """The rig of the proofs, with a front between its pages and its bridge."""
    with proof_rig() as rig:
        port = urlsplit(rig.bridge_origin).port
        assert port is not None
        # A name: rules take an address for what scanners ask.
        with running_front(front, port, host="localhost") as running:
            rig.bridge_origin = f"http://localhost:{running.port}"
            yield rig


def _failed(chromium: Browser, rig: Rig, library: Library) -> list[str]:
    outcomes = measure_library(chromium, rig, library, "ie9")
    return [
        f"{library.name}, {call}: {found}"
        for call in expected_calls()
        if (found := problems(library, call, outcomes.get(call)))
    ]


def test_five_libraries_through_a_front(front: Front, chromium: Browser, cells: Tables) -> None:
    with _through(front) as rig:
        failed = [one for library in FIVE for one in _failed(chromium, rig, library)]
    cells["fronts"][ROW, front.name] = f"{CALLS - len(failed)} of {CALLS}"
    assert failed == []


@pytest.mark.parametrize("name", [name for name, (_, excluded) in SET_UPS.items() if excluded])
def test_five_libraries_through_the_rules(name: str, chromium: Browser) -> None:
    if not installed():
        pytest.skip(MISSING)
    with _through(guarded_apache(SET_UPS[name][0], excluded=True)) as rig:
        failed = [one for library in FIVE for one in _failed(chromium, rig, library)]
    assert failed == []
