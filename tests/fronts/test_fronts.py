"""Each front server of docs/fronts, with the bridge behind it."""

from __future__ import annotations

import pytest

from tests.fronts.checks import CHECKS, DIFFERENCES, Way
from tests.fronts.fronts import Front
from tests.fronts.logins import LOGINS, measure_logins
from tests.fronts.running import version

Tables = dict[str, dict[tuple[str, str], str]]


def test_which_one_it_is(front: Front, cells: Tables) -> None:
    cells["fronts"]["version", front.name] = version(front)
    cells["fronts"]["lines", front.name] = " ".join(
        f"[{name.partition('-')[2] or name}](fronts/{name})" for name in front.recipes
    )


@pytest.mark.parametrize("check", CHECKS)
def test_a_front_with_its_recipe(front: Front, way: Way, check: str, cells: Tables) -> None:
    cells["fronts"][check, front.name] = found = CHECKS[check](way)
    assert found == DIFFERENCES.get((front.name, check), "yes")


def test_whether_windows_log_ins_are_kept_apart(front: Front, cells: Tables) -> None:
    found = measure_logins(front)
    cells["fronts"]["Windows log-ins, API directly behind", front.name] = found
    assert found == LOGINS[front.name]
