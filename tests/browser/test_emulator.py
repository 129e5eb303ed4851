"""The emulator keeps the rules that docs/evidence/emulator.md lists, and its faults bite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.measuring import measure_emulator
from tests.browser.origins import HERE, STATIC, Rig

SOURCES = STATIC / "emulator" / "src"
DOCS = STATIC.parent / "docs" / "evidence" / "emulator.md"
FAULTS = (
    "blankContentType",
    "earlyTimeout",
    "inPrivate",
    "legacyContentType",
    "pool",
    "pool=reset",
    "portal",
    "sendThrows",
    "silent",
    "slowProgress=4096",
    "syncCache",
    "truncate",
    "truncateUrl",
    "zone=127.0.0.1",
)
# They are on unless switched off, so they are among the rules.
DEFAULT_FAULTS = ("gc", "handlers", "sameTask")


@pytest.mark.parametrize("profile", ["ie9", "ie8"])
def test_the_emulator_keeps_its_rules(chromium: Browser, rig: Rig, profile: str) -> None:
    checks = measure_emulator(chromium, rig, profile)
    assert {name: check["got"] for name, check in checks.items()} == {
        name: check["expected"] for name, check in checks.items()
    }
    assert len(checks) == len(_check_names())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_bites(chromium: Browser, rig: Rig, fault: str) -> None:
    checks = measure_emulator(chromium, rig, "ie9", fault)
    assert checks[fault]["got"] == checks[fault]["expected"]


def test_every_fault_is_tried() -> None:
    source = (SOURCES / "options.js").read_text("utf-8")
    known = re.findall(r"const FAULTS =([^;]*);", source)[0]
    tried = {fault.partition("=")[0] for fault in FAULTS} | set(DEFAULT_FAULTS)
    assert set(re.findall(r"\w+", known)) == tried


def test_the_docs_list_every_rule_and_fault() -> None:
    rows = _rows()
    listed = {row[-1] for row in rows}
    assert [name for name in _check_names() if name not in listed] == []
    assert [name for name in listed if name not in (*_check_names(), *FAULTS, "")] == []
    assert [fault for fault in FAULTS if fault not in listed] == []


def test_the_docs_list_every_guess() -> None:
    marked = {
        path.name: path.read_text("utf-8").count("(model)") for path in sorted(SOURCES.glob("*.js"))
    }
    # The head of this one says what the mark means.
    marked["ie-emulator.js"] -= 1
    listed = dict.fromkeys(marked, 0)
    for row in _rows():
        if row[3] == "model":
            listed[Path(row[2].strip("`")).name] += 1
    assert listed == marked


def _check_names() -> list[str]:
    source = (HERE / "scripts" / "emulator.js").read_text("utf-8")
    names = re.findall(r"^  check\('((?:[^'\\]|\\.)*)'", source, re.MULTILINE)
    return [name.replace("\\'", "'") for name in names]


def _rows() -> list[list[str]]:
    """The rows of the tables: rule, source, where, model or documented, check."""
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] != "rule" and not row[0].startswith("---")]
