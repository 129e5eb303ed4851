"""The built polyfill in a real old engine: the JScript 5.8 of Wine's cscript.

cscript ends with status 0 whatever happens, so a last line counts the lines before it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.jscript

ROOT = Path(__file__).resolve().parents[2]
BASE = "https://api.example"
NEEDS_WINE = (
    "make jscript needs Wine, which brings cscript (about 700 MB; no 32-bit part, no display): "
    "apt-get install --no-install-recommends wine wine64"
)
SECONDS = 300


def vectors(name: str) -> dict[str, Any]:
    return json.loads((ROOT / "tests/vectors" / f"{name}.json").read_text("utf-8"))


TUNNEL = [case for case in vectors("tunnel")["cases"] if case["encodes"]]
FRAMES = vectors("frames")["cases"]
NETWORK_ERRORS = vectors("frames")["network_errors"]
FAILED = [1, "loadstart", 4, "error", "loadend"]
NOTHING = {
    "events": FAILED,
    "status": 0,
    "statusText": "",
    "responseText": "",
    "responseURL": "",
    "headers": "",
}

SCENES: dict[str, Any] = {
    # Only the 5.8 that old document modes get answers like this.
    "engine": {
        "ScriptEngine()": "JScript",
        "ScriptEngineMajorVersion()": 5,
        "ScriptEngineMinorVersion()": 8,
        "typeof JSON": "undefined",
        "typeof [].forEach": "undefined",
        'typeof "".trim': "undefined",
        "typeof main.bind": "undefined",
        "typeof Object.keys": "undefined",
        "typeof Date.now": "undefined",
        'typeof "abc"[0]': "undefined",
        '"abc".substr(-1)': "abc",
        '"a1b".split(/(\\d)/).length': 2,
        "[1,].length": 2,
    },
    "installed": {
        "ours": True,
        "declared": [
            "function XMLHttpRequest(){}",
            "XMLHttpRequest=window.XMLHttpRequest",
            "function ActiveXObject(){}",
            "ActiveXObject=window.ActiveXObject",
        ],
        "unload": 1,
        "credentials": False,
        "dispatchEvent": "function",
        "done": [4, 4],
    },
    "load": {
        "seen": {
            # What was there at each state 3, without a piece of the trailer, stands after it.
            "events": [
                *[1, "loadstart", 2, 3, "progress", "half"],
                *[3, "progress", "half whole", 4, "load", "loadend"],
            ],
            "status": 200,
            "statusText": "OK",
            "responseText": "half whole",
            "responseURL": f"{BASE}/items",
            "headers": "content-type: text/plain\r\n",
        },
        "body": "PUT /items XDR/1\r\nX-Trace: 1\r\nContent-Type: text/plain;charset=UTF-8\r\n"
        "\r\nKäse",
        "handlersAtOpen": True,
        "laterTask": True,
        "silent": True,
    },
    "refused": {
        "seen": NOTHING,
        "sentences": [f"xdr-bridge: PUT {BASE}/items: method-not-allowed: No PUT."],
    },
    "error": {"seen": NOTHING, "sentences": [f"xdr-bridge: GET {BASE}/items: no-answer"]},
    "abort": {
        "events": [1, "loadstart", 4, "abort", "loadend"],
        "state": "aborted",
        "readyState": 0,
    },
    "queue": [4, 5, True],
    "same origin": {
        "opened": ["GET", "/items", True],
        "events": [1, "loadstart", 4, "load", "loadend"],
        "responseText": "own",
    },
    "relative URLs": [
        f"{BASE}/items?$xdr=1&$once=k1",
        f"{BASE}/v1/items?$xdr=1&$once=k1",
        f"{BASE}/v1/%C3%A4%20%F0%9F%98%80?$xdr=1&$once=k1",
        f"{BASE}/items?$xdr=1&$once=k1",
        f"{BASE}/v1/x?q&$xdr=1&$once=k1",
    ],
    "xml": ["a", "Käse"],
    "ActiveX": ["patched", 0],
    "exceptions": [
        ["InvalidStateError", 11],
        ["InvalidAccessError", 15],
        ["SecurityError", 18],
        ["SyntaxError", 12],
    ],
    "base64, in pieces": ["\0\x7f\uf780\uf7ff\0\x01", "\0\x7f\uf780\uf7ff\0\x01\x02"],
    "NUL and DEL": "a\0b\x7fc",
    "lone surrogates": "POST /items XDR/1\r\nContent-Type: text/plain\r\n\r\na\ufffdb\ufffd😀",
    "large": {
        "sent": len("POST /items XDR/1\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\n"),
        "same": True,
        "last": "loadend",
        # 1, loadstart, 2; 3 and progress sixteen times; 4, load.
        "events": 37,
    },
    "large, in base64": [200, 147456],
    "unload": {"name": "onunload", "state": "aborted", "events": [1, "loadstart"]},
    "uninstalled": [True, True],
    "thrown in tasks": [],
}


class Cscript:
    """Wine's cscript, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = dict(
            os.environ,
            WINEPREFIX=str(folder / "prefix"),
            WINEDEBUG="-all",
            # Neither .NET nor a browser: Wine would offer to fetch them.
            WINEDLLOVERRIDES="mscoree,mshtml=",
        )

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        (self.folder / "run.js").write_text(script, "ascii")
        return subprocess.run(
            ["wine", "cscript.exe", "//nologo", "run.js"],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=SECONDS,
        )

    def close(self) -> None:
        """End the server of this prefix, and no other."""
        if server := shutil.which("wineserver"):
            subprocess.run([server, "-k"], env=self.environment, timeout=SECONDS)


@pytest.fixture(scope="session")
def cscript(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cscript]:
    if shutil.which("wine") is None:
        pytest.exit(NEEDS_WINE, returncode=1)
    engine = Cscript(tmp_path_factory.mktemp("wine"))
    yield engine
    engine.close()


Printed = dict[tuple[str, str], Any]


@pytest.fixture(scope="module", params=["xdr-bridge.js", "xdr-bridge.min.js"])
def printed(cscript: Cscript, request: pytest.FixtureRequest) -> Printed:
    literals = json.dumps({"tunnel": TUNNEL, "frames": FRAMES, "network_errors": NETWORK_ERRORS})
    harness = Path(__file__).with_name("harness.js").read_text("ascii")
    built = (ROOT / "static" / request.param).read_text("ascii")
    result = cscript.run(f"{harness}\n{built}\nmain({literals});\n")
    lines = result.stdout.splitlines()
    everything = f"status {result.returncode}\n{result.stdout}\n{result.stderr}"
    assert lines, everything
    assert lines[-1] == f"done\t{len(lines) - 1}", everything
    found = {}
    for line in lines[:-1]:
        kind, name, value = line.split("\t")
        found[kind, json.loads(name)] = json.loads(value)
    assert len(found) == len(lines) - 1, "a name is there twice"
    return found


def test_nothing_else_was_printed(printed: Printed) -> None:
    expected = [("tunnel", case["name"]) for case in TUNNEL]
    expected += [("frame", case["name"]) for case in FRAMES]
    expected += [("network error", case["name"]) for case in NETWORK_ERRORS]
    expected += [("cut", FRAMES[0]["name"]), ("cut", NETWORK_ERRORS[0]["name"])]
    expected += [("scene", name) for name in SCENES]
    assert sorted(printed) == sorted(expected)


@pytest.mark.parametrize("case", TUNNEL, ids=lambda case: case["name"])
def test_tunnel(printed: Printed, case: dict[str, Any]) -> None:
    outer = case["request"]
    assert printed["tunnel", case["name"]] == {
        "method": outer["method"],
        "url": BASE + outer["target"],
        # XDomainRequest.send() gets text, always.
        "body": outer["body"] or "",
    }


@pytest.mark.parametrize("case", FRAMES, ids=lambda case: case["name"])
def test_frame(printed: Printed, case: dict[str, Any]) -> None:
    page = case["page"]
    reading = [3, "progress"] if page["responseText"] else []
    assert printed["frame", case["name"]] == {
        "seen": {
            "events": [1, "loadstart", 2, *reading, 4, "load", "loadend"],
            "status": page["status"],
            "statusText": page["statusText"],
            "responseText": page["responseText"],
            "responseURL": BASE + page["target"],
            "headers": "".join(f"{name}: {value}\r\n" for name, value in sorted(page["headers"])),
        },
        "sentences": [],
    }


@pytest.mark.parametrize("case", NETWORK_ERRORS, ids=lambda case: case["name"])
def test_network_error(printed: Printed, case: dict[str, Any]) -> None:
    result = printed["network error", case["name"]]
    assert result["seen"] == NOTHING
    [sentence] = result["sentences"]
    assert sentence.removeprefix(f"xdr-bridge: GET {BASE}/items/7: ").split(":")[0] == case["code"]


@pytest.mark.parametrize("case", [FRAMES[0], NETWORK_ERRORS[0]], ids=lambda case: case["name"])
def test_every_proper_start_of_a_frame_is_a_network_error(
    printed: Printed, case: dict[str, Any]
) -> None:
    assert printed["cut", case["name"]] == []


@pytest.mark.parametrize("name", SCENES)
def test_scene(printed: Printed, name: str) -> None:
    assert printed["scene", name] == SCENES[name]


@pytest.mark.parametrize("script", ["WScript.Echo('done\\t0'); var x = ;", "throw new Error('x');"])
def test_a_script_that_ends_early_prints_no_marker(cscript: Cscript, script: str) -> None:
    assert cscript.run(script).stdout == ""
