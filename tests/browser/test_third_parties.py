"""Real libraries with ways of their own for these browsers: the polyfill is in nobody's way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from tests.browser.libraries import TABLE
from tests.browser.origins import Rig
from tests.browser.third_parties import (
    NEIGHBOURS,
    Neighbour,
    cells,
    measure_neighbour,
    read_neighbours,
)

RUNS = [(neighbour, profile) for neighbour in NEIGHBOURS for profile in neighbour.positions]


def _id(value: object) -> str:
    return value.name.replace(" ", "-") if isinstance(value, Neighbour) else str(value)


def _column(neighbour: Neighbour, column: str) -> dict[str, str]:
    """What the docs say: call -> cell."""
    table = read_neighbours(TABLE.read_text("utf-8"))
    found = {call: row[column] for (name, call), row in table.items() if name == neighbour.name}
    return {call: cell for call, cell in found.items() if cell != "-"}


@pytest.mark.parametrize(("neighbour", "profile"), RUNS, ids=_id)
def test_what_a_library_can_do_alone_it_can_do_beside_the_polyfill(
    chromium: Browser, rig: Rig, neighbour: Neighbour, profile: str
) -> None:
    checks = measure_neighbour(chromium, rig, neighbour, profile)
    excepted = {*neighbour.broken, *neighbour.refused}
    assert {call for call, cell in cells(checks).items() if cell == "no"} == excepted, checks
    assert cells(checks) == _column(neighbour, f"{profile} beside")


@pytest.mark.parametrize("neighbour", NEIGHBOURS, ids=_id)
def test_what_it_can_do_alone_is_measured_too(
    chromium: Browser, rig: Rig, neighbour: Neighbour
) -> None:
    checks = measure_neighbour(chromium, rig, neighbour, "ie9", alone=True)
    assert cells(checks) == _column(neighbour, "ie9 alone")


def test_the_table_in_the_docs_has_these_libraries() -> None:
    names = {name for name, _ in read_neighbours(TABLE.read_text("utf-8"))}
    assert names == {neighbour.name for neighbour in NEIGHBOURS}
