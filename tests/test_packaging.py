"""The wheel carries the bytes that are served."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from xdr_bridge.config.scripts import SCRIPTS

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(command, check=True, timeout=240)
    return zipfile.Path(next(folder.glob("*.whl")))


@pytest.mark.parametrize("name", [*SCRIPTS, "emulator/ie-emulator.js"])
def test_the_wheel_holds_the_built_scripts(wheel: zipfile.Path, name: str) -> None:
    packed = wheel / "xdr_bridge" / "static" / name
    assert packed.read_bytes() == (ROOT / "static" / name).read_bytes()


@pytest.mark.parametrize("name", ["py.typed", "pages/shop/index.html", "pages/shop/shop.js"])
def test_the_wheel_holds_what_the_package_needs(wheel: zipfile.Path, name: str) -> None:
    assert (wheel / "xdr_bridge" / name).is_file()


def test_the_wheel_holds_no_tests_and_no_sources_of_the_script(wheel: zipfile.Path) -> None:
    tops = {entry.name for entry in wheel.iterdir()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"xdr_bridge"}
    assert not (wheel / "xdr_bridge" / "static" / "src").exists()


def substituted(text: str, folder: str) -> str:
    """README as a package index gets it, once its files are published below `folder`."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    hook = project["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]
    for rule in hook["substitutions"]:
        text = re.sub(rule["pattern"], rule["replacement"].replace(r"\1", rf"{folder}\1"), text)
    return text


def test_the_readme_is_what_the_package_index_shows(wheel: zipfile.Path) -> None:
    metadata = next(entry for entry in wheel.iterdir() if entry.name.endswith(".dist-info"))
    fields, description = (metadata / "METADATA").read_text("utf-8").split("\n\n", 1)
    assert "Description-Content-Type: text/markdown" in fields
    expected = substituted((ROOT / "README.md").read_text("utf-8"), "")
    assert description.strip() == expected.strip()


def test_one_place_makes_every_link_of_the_readme_absolute() -> None:
    # Filled in already, the rules put their own URL first; then there is nothing left to do here.
    shown = substituted((ROOT / "README.md").read_text("utf-8"), "https://host.example/files/")
    found = re.findall(r"\]\(([^)]+)\)", shown)
    assert len(found) > 10
    assert [link for link in found if not link.startswith("https://")] == []
