"""Real libraries, unchanged from npm: in both IE profiles, and natively as the control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.libraries import (
    LIBRARIES,
    PROFILES,
    TABLE,
    Library,
    cell,
    expected_calls,
    problems,
    read_table,
)
from tests.browser.measuring import measure_library
from tests.browser.origins import Rig


@dataclass(frozen=True)
class Run:
    library: Library
    profile: str
    outcomes: dict[str, Any]


@pytest.fixture(
    scope="module",
    params=[(library, profile) for library in LIBRARIES for profile in PROFILES],
    ids=lambda pair: f"{pair[0].name.replace(' ', '-')}-{pair[1]}",
)
def run(request: pytest.FixtureRequest, chromium: Browser, rig: Rig) -> Run:
    library, profile = request.param
    return Run(library, profile, measure_library(chromium, rig, library, profile))


@pytest.mark.parametrize("call", expected_calls())
def test_a_library_gets_what_the_api_said(run: Run, call: str) -> None:
    assert problems(run.library, call, run.outcomes.get(call)) in ([], None)


def test_the_row_in_the_docs_says_what_was_measured(run: Run) -> None:
    rows = read_table(TABLE.read_text("utf-8"))
    assert rows[run.library.name, run.profile] == {
        call: cell(problems(run.library, call, run.outcomes.get(call))) for call in expected_calls()
    }


def test_the_table_in_the_docs_has_these_libraries_and_calls() -> None:
    rows = read_table(TABLE.read_text("utf-8"))
    assert list(rows) == [(library.name, as_) for library in LIBRARIES for as_ in PROFILES]
    assert all(list(cells) == list(expected_calls()) for cells in rows.values())
