"""What the documents say stays true."""

from __future__ import annotations

import argparse
import os
import re
import shlex
from functools import cache
from itertools import takewhile
from pathlib import Path

import pytest

from xdr_bridge import __version__
from xdr_bridge.cli.commands import main, make_parser
from xdr_bridge.config import Sources
from xdr_bridge.http.errors import Code

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(ROOT).as_posix() for path in DOCS.glob("**/*.md"))
DOCUMENTS = ["README.md", *PAGES]
# Beyond these a page wants to be two.
MOST_LINES, MOST_WORDS, MOST_README_LINES, MOST_GLOSSARY_LINES = 300, 3600, 200, 15


def read(document: str) -> str:
    return (ROOT / document).read_text("utf-8")


def prose(document: str) -> str:
    """A document without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", read(document), flags=re.DOTALL | re.MULTILINE)


def links(document: str) -> list[tuple[str, str]]:
    """The targets of a document's links into the repository, and their anchors."""
    found = re.findall(r"\]\(([^)\s]+)\)", prose(document))
    found += re.findall(r"^\[[^\]]+\]: (\S+)", prose(document), re.MULTILINE)
    inside = [link for link in found if "://" not in link and not link.startswith("mailto:")]
    return [(path, anchor) for path, _, anchor in (link.partition("#") for link in inside)]


def lead_to(document: str, path: str) -> Path:
    source = ROOT / document
    return (source.parent / path).resolve() if path else source


def anchors(path: Path) -> set[str]:
    """What a heading is called in a link, as GitHub makes it: twice the same gets a number."""
    made: dict[str, int] = {}
    found = set()
    text = re.sub(r"^```.*?^```", "", path.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for heading in re.findall(r"^#{1,6} (.+?)\s*$", text, re.MULTILINE):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
        count = made[slug] = made.get(slug, -1) + 1
        found.add(f"{slug}-{count}" if count else slug)
    return found | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def rows(document: str, heading: str) -> list[list[str]]:
    """Read the first table after a heading: its cells, without the head."""
    text = read(document).split(heading, 1)[1]
    after = text[text.index("\n|") + 1 :].splitlines()
    lines = list(takewhile(lambda line: line.startswith("|"), after))
    table = [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]
    return [[cell.strip(" |") for cell in row] for row in table if "---" not in row[0]][1:]


def commands() -> dict[str, argparse.ArgumentParser]:
    return next(
        dict(action.choices)
        for action in make_parser()._actions
        if isinstance(action, argparse._SubParsersAction)
    )


# What there is -------------------------------------------------------------------------------


def test_every_code_is_documented_with_its_status_and_fault() -> None:
    documented = {
        row[0].strip("`"): (int(row[1]), row[2]) for row in rows("docs/errors.md", "# Error codes")
    }
    assert documented == {code.value: (code.status, code.fault.value) for code in Code}


def test_every_option_of_serve_is_documented() -> None:
    listed = set(re.findall(r"^\| `([^`]+)` \|", read("docs/options.md"), re.MULTILINE))
    options = {
        next(iter(action.option_strings), "API")
        for action in commands()["serve"]._actions
        if not {"--help", "--help-all"} & {*action.option_strings}
    }
    assert listed == options


def test_the_changelog_begins_with_this_version() -> None:
    first = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert first is not None
    assert first[1] == __version__


# What is said --------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    for path, anchor in links(document):
        target = lead_to(document, path)
        assert target.exists(), path
        if anchor:
            assert anchor in anchors(target), f"{path}#{anchor}"


def test_every_page_is_reached_from_the_index() -> None:
    reached, waiting = set(), [DOCS / "index.md"]
    while waiting:
        page = waiting.pop()
        if page in reached:
            continue
        reached.add(page)
        document = page.relative_to(ROOT).as_posix()
        waiting += [
            target
            for target in (lead_to(document, path) for path, _ in links(document))
            if target.suffix == ".md" and DOCS in target.parents
        ]
    assert {page.relative_to(ROOT).as_posix() for page in reached} == set(PAGES)
    assert (DOCS / "index.md") in {lead_to("README.md", path) for path, _ in links("README.md")}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_page_has_one_title_and_a_sensible_size(document: str) -> None:
    text = read(document)
    assert text.startswith("# ")
    assert len(re.findall(r"^# ", prose(document), re.MULTILINE)) == 1
    assert text.count("\n") <= (MOST_README_LINES if document == "README.md" else MOST_LINES)
    assert len(text.split()) <= MOST_WORDS


def test_the_glossary_is_short() -> None:
    assert 1 < len(rows("docs/architecture.md", "## Words")) + 2 <= MOST_GLOSSARY_LINES


def test_the_architecture_names_every_folder() -> None:
    named = {row[0].strip("`") for row in rows("docs/architecture.md", "## The folders")}
    assert named == {path.parent.name for path in ROOT.glob("xdr_bridge/*/__init__.py")}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_commands_can_be_said(
    document: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("XDR_BRIDGE_")]:
        monkeypatch.delenv(name)
    code = re.findall(
        r"^(?:    |```[a-z]*$.*?^```)[^\n]*", read(document), re.MULTILINE | re.DOTALL
    )
    lines = [line.strip() for block in code for line in block.splitlines()]
    for line in lines:
        words = shlex.split(line.replace(" …", ""), comments=True) if "xdr-bridge " in line else []
        while words and re.match(r"XDR_BRIDGE_\w+=", words[0]):
            monkeypatch.setenv(*words.pop(0).split("=", 1))
        if not words or Path(words[0]).name != "xdr-bridge":
            continue
        arguments = list(takewhile(lambda word: word not in ("|", ">", "&&"), words[1:]))
        if set(arguments) & {"--version", "--help"}:
            continue
        try:
            make_parser().parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{line}: {capsys.readouterr().err}")
        # What names no file can be judged too.
        if arguments[:1] == ["serve"] and not {"--config", "--tls-certificate"} & set(arguments):
            judged = main(["config", "--check", *arguments[1:]])
            assert judged == 0, f"{line}: {capsys.readouterr().err}"


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_of_options_are_valid(document: str, tmp_path: Path) -> None:
    for example in re.findall(r"```toml\n(.*?)```", read(document), re.DOTALL):
        path = tmp_path / "bridge.toml"
        path.write_text(example, "utf-8")
        assert Sources({}, environ={}, config=str(path)).load().settings.routes


@pytest.mark.parametrize("document", DOCUMENTS)
def test_targets_of_make_exist(document: str) -> None:
    targets = set(re.findall(r"^([a-z][a-z-]*):", read("Makefile"), re.MULTILINE))
    said = re.findall(r"(?:`|^    )make ([a-z-]+)", read(document), re.MULTILINE)
    assert set(said) <= targets


@cache
def files() -> str:
    """Every file of ours, a line each."""
    made = ("node_modules", "__pycache__")
    found = []
    for top in ("xdr_bridge", "tests", "static", "docs"):
        for folder, folders, names in os.walk(ROOT / top):
            folders[:] = [name for name in folders if name not in made]
            found += [f"{folder}/{name}" for name in names]
    return "\n".join(found) + "\n"


# The list of libraries names files of theirs.
@pytest.mark.parametrize(
    "document", [name for name in DOCUMENTS if name != "docs/evidence/libraries.md"]
)
def test_files_that_are_named_exist(document: str) -> None:
    named = re.findall(r"`([\w.-][\w./-]*\.(?:py|mjs|js))`", read(document))
    assert [name for name in named if f"/{name.lstrip('./')}\n" not in files()] == []
