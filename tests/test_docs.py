"""What the documents say stays true."""

from __future__ import annotations

import re
from itertools import takewhile
from pathlib import Path

import pytest

from xdr_bridge import __version__
from xdr_bridge.cli.commands import make_parser
from xdr_bridge.http.errors import Code

ROOT = Path(__file__).resolve().parents[1]


def rows(document: str, heading: str) -> list[list[str]]:
    """Read the first table after a heading: its cells, without the head."""
    text = (ROOT / document).read_text("utf-8").split(heading, 1)[1]
    after = text[text.index("\n|") + 1 :].splitlines()
    lines = list(takewhile(lambda line: line.startswith("|"), after))
    table = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [[cell.strip(" |") for cell in row] for row in table if "---" not in row[0]][1:]


def test_every_code_is_documented_with_its_status_and_fault() -> None:
    documented = {
        row[0].strip("`"): (int(row[1]), row[2]) for row in rows("docs/errors.md", "# Codes")
    }
    assert documented == {code.value: (code.status, code.fault.value) for code in Code}


def test_every_option_of_serve_is_documented() -> None:
    text = (ROOT / "docs" / "options.md").read_text("utf-8")
    listed = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    commands = next(
        action.choices for action in make_parser()._actions if isinstance(action.choices, dict)
    )
    options = {
        next(iter(action.option_strings), "API")
        for action in commands["serve"]._actions
        if "--help" not in action.option_strings
    }
    assert listed == options


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert first is not None
    assert first[1] == __version__


DOCUMENTS = ["README.md", *(str(p.relative_to(ROOT)) for p in ROOT.glob("docs/**/*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    source = ROOT / document
    for link in re.findall(r"\]\(([^)#]+)\)", source.read_text("utf-8")):
        if "://" not in link:
            assert (source.parent / link).exists(), link
