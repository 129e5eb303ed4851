"""Write docs/evidence/libraries.md: `python -m tests.browser.measure_libraries`."""

from __future__ import annotations

import sys

from playwright.sync_api import sync_playwright

from tests.browser.libraries import (
    LIBRARIES,
    PROFILES,
    TABLE,
    cell,
    expected_calls,
    problems,
    render_table,
)
from tests.browser.measuring import CONFORMANCE, measure_checks, measure_library
from tests.browser.origins import proof_rig
from tests.browser.third_parties import NEIGHBOURS, measure_neighbour, render_neighbours
from tests.support.browser import FLAGS, find_browser


def main() -> int:
    rows: dict[tuple[str, str], dict[str, str]] = {}
    failures = 0
    with proof_rig() as rig, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        for library in LIBRARIES:
            for profile in PROFILES:
                try:
                    outcomes = measure_library(browser, rig, library, profile)
                except AssertionError as error:
                    print(f"{library.name} {profile}: {error}", file=sys.stderr)
                    outcomes = {}
                row = rows[library.name, profile] = {}
                for call in expected_calls():
                    found = problems(library, call, outcomes.get(call))
                    row[call] = cell(found)
                    failures += bool(found)
                    for problem in found or []:
                        print(f"{library.name} {profile}: {problem}"[:400], file=sys.stderr)
        checks = measure_checks(browser, rig, "native", CONFORMANCE)
        beside = {
            (neighbour.name, profile, alone): measure_neighbour(
                browser, rig, neighbour, profile, alone=alone
            )
            for neighbour in NEIGHBOURS
            for profile in neighbour.positions
            for alone in (True, False)
        }
        browser.close()
    expected = {name: check["expected"] for name, check in checks.items()}
    TABLE.write_text(render_table(rows, expected) + render_neighbours(beside), "utf-8")
    print(f"{TABLE}: {len(rows)} rows, {failures} calls that are not as expected")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
