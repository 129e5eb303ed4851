"""The steps of the XMLHttpRequest standard, natively and through the bridge."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from tests.browser.differences import DIFFERENCES, render_differences
from tests.browser.libraries import PROFILES, TABLE
from tests.browser.measuring import CONFORMANCE, measure_checks
from tests.browser.origins import HERE, Rig


@dataclass(frozen=True)
class Findings:
    profile: str
    checks: dict[str, dict[str, str]]


@pytest.fixture(
    scope="module",
    params=[*((profile, "served") for profile in PROFILES), ("ie8", "minified")],
    ids="-".join,
)
def findings(request: pytest.FixtureRequest, chromium: Browser, rig: Rig) -> Findings:
    profile, polyfill = request.param
    return Findings(profile, measure_checks(chromium, rig, profile, CONFORMANCE, polyfill=polyfill))


def _differing(findings: Findings) -> dict[str, str]:
    return {
        name: check["got"]
        for name, check in findings.checks.items()
        if check["got"] != check["expected"]
    }


def test_every_difference_from_the_standard_is_listed(findings: Findings) -> None:
    listed = {d.check: d.got for d in DIFFERENCES if findings.profile in d.profiles}
    differing = _differing(findings)
    assert {name: got for name, got in differing.items() if name not in listed} == {}


def test_every_listed_difference_is_there(findings: Findings) -> None:
    listed = {d.check: d.got for d in DIFFERENCES if findings.profile in d.profiles}
    differing = _differing(findings)
    assert {name: differing.get(name) for name in listed} == listed


def test_every_check_was_made(findings: Findings) -> None:
    written = sum(
        line.startswith("check('")
        for name in CONFORMANCE
        for line in (HERE / "scripts" / f"{name}.js").read_text("utf-8").split("\n")
    )
    assert len(findings.checks) == written > 100


def test_the_differences_in_the_docs_are_these(findings: Findings) -> None:
    expected = {name: check["expected"] for name, check in findings.checks.items()}
    assert render_differences(expected) in TABLE.read_text("utf-8")
