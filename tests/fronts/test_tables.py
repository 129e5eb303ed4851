"""What docs/fronts.md says is what the run has measured; the last file of `make fronts`."""

from __future__ import annotations

import pytest

from tests.fronts.fronts import FRONTS
from tests.fronts.rules import MISSING, SET_UPS, installed
from tests.fronts.table import read_table, render_table, write_table

Tables = dict[str, dict[tuple[str, str], str]]


def test_the_table_of_fronts(cells: Tables, request: pytest.FixtureRequest) -> None:
    missing = [front.missing for front in FRONTS if front.path is None]
    if missing:
        pytest.skip("; ".join(missing))
    table = render_table("", [front.name for front in FRONTS], cells["fronts"])
    if request.config.getoption("--write-tables"):
        write_table("fronts", table)
    assert read_table("fronts") == table


def test_the_table_of_the_rules(cells: Tables, request: pytest.FixtureRequest) -> None:
    if not installed():
        pytest.skip(MISSING)
    table = render_table("", list(SET_UPS), cells["rules"])
    if request.config.getoption("--write-tables"):
        write_table("rules", table)
    assert read_table("rules") == table
