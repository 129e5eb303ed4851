"""The wheel carries the bytes that are served."""

from __future__ import annotations

import subprocess
import sys
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
