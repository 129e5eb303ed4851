"""The emulator keeps the rules that docs/evidence/emulator.md lists, and its faults bite."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.measuring import EMULATOR_CHECKS, MESSAGE_CHECKS, check_names, measure_emulator
from tests.browser.origins import STATIC, Rig

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
DEFAULT_FAULTS = ("gc", "handlers", "sameTask", "source")
# test_emulator_messages.py tries it, in two frames.
MESSAGE_FAULTS = ("portlessMessages",)


@pytest.mark.parametrize("profile", EMULATOR_CHECKS)
def test_the_emulator_keeps_its_rules(chromium: Browser, rig: Rig, profile: str) -> None:
    checks = measure_emulator(chromium, rig, profile)
    assert {name: check["got"] for name, check in checks.items()} == {
        name: check["expected"] for name, check in checks.items()
    }
    assert set(checks) == set(check_names(*EMULATOR_CHECKS[profile]))


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_bites(chromium: Browser, rig: Rig, fault: str) -> None:
    checks = measure_emulator(chromium, rig, "ie9", fault)
    assert checks[fault]["got"] == checks[fault]["expected"]


def test_every_fault_is_tried() -> None:
    source = (SOURCES / "options.js").read_text("utf-8")
    known = re.findall(r"const FAULTS =([^;]*);", source)[0]
    tried = {fault.partition("=")[0] for fault in FAULTS} | {*DEFAULT_FAULTS, *MESSAGE_FAULTS}
    assert set(re.findall(r"\w+", known)) == tried


def test_the_docs_list_every_rule_and_fault() -> None:
    rows = _rows()
    listed = {row[-1] for row in rows}
    assert [name for name in _check_names() if name not in listed] == []
    assert [
        name for name in listed if name not in (*_check_names(), *FAULTS, *MESSAGE_FAULTS, "")
    ] == []
    assert [fault for fault in (*FAULTS, *MESSAGE_FAULTS) if fault not in listed] == []


def test_the_docs_list_every_guess() -> None:
    marked = {
        path.name: path.read_text("utf-8").count("(guess)") for path in sorted(SOURCES.glob("*.js"))
    }
    # The head of this one says what the mark means.
    marked["ie-emulator.js"] -= 1
    listed = dict.fromkeys(marked, 0)
    for row in _rows():
        if row[3] == "guess":
            listed[Path(row[2].strip("`")).name] += 1
    assert listed == marked


def test_the_docs_say_how_each_rule_is_known() -> None:
    """What Wine's tests assert is asserted on Windows, and nothing else is; UNK is no document."""
    for row in _rows():
        assert row[3] in ("asserted on Windows", "documented", "guess"), row
        assert (row[3] == "asserted on Windows") == (row[1] == "WINE"), row
        assert row[1] != "UNK" or row[3] == "guess", row


def _check_names() -> list[str]:
    scripts = [script for scripts in EMULATOR_CHECKS.values() for script in scripts]
    return check_names(*scripts, *MESSAGE_CHECKS)


def _rows() -> list[list[str]]:
    """The rows of the tables: rule, source, where, status, check."""
    lines = [line for line in DOCS.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [row for row in rows if row[0] != "rule" and not row[0].startswith("---")]
