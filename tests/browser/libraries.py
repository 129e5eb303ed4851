"""The libraries of the proof, what each is expected to report, and the table of it in the docs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.browser.differences import render_differences
from tests.browser.origins import STATIC
from tests.browser.proof_api import big_text

TABLE = STATIC.parent / "docs" / "evidence" / "libraries.md"
MODULES = "/node_modules"
ES5 = (f"{MODULES}/es5-shim/es5-shim.js", f"{MODULES}/es5-shim/es5-sham.js")
PROMISE = "es6-promise/dist/es6-promise.auto.js"
JQUERY = "jquery/dist/jquery.js"


@dataclass(frozen=True)
class Library:
    """One library, from npm, unchanged.

    Attributes:
        package: Its folder in node_modules; several versions of one need an alias.
        scripts: What a page loads, in this order.
        adapter: The file in scripts/adapters that speaks to it.
        ie9: What a page for Internet Explorer 9 loads before that.
        ie8: The same for Internet Explorer 8.
        lacks: The calls that the library does not offer.
        timeout: The kind of failure that it reports when time is up.
        abort: What it reports after an abort.
    """

    package: str
    scripts: tuple[str, ...]
    adapter: str
    title: str = ""
    ie9: tuple[str, ...] = ()
    ie8: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    timeout: tuple[str, ...] = ("timeout",)
    abort: tuple[str, ...] = ("abort",)

    def before(self, profile: str) -> tuple[str, ...]:
        """What a page loads ahead of everything else."""
        return {"ie8": self.ie8, "ie9": self.ie9}.get(profile, ())

    @property
    def version(self) -> str:
        manifest = json.loads((STATIC / "package.json").read_text("utf-8"))
        wanted: str = manifest["devDependencies"][self.package]
        return wanted.rpartition("@")[2]

    @property
    def name(self) -> str:
        return f"{self.title or self.package.rstrip('-.0123456789')} {self.version}"


LIBRARIES = (
    Library("jquery", (JQUERY,), "jquery", title="jQuery"),
    Library("jquery-browserify", ("jquery-browserify/lib/jquery.js",), "jquery", title="jQuery"),
    # 0.27 to 0.35 parse as ES5 too, but want Object.assign, or FormData and Blob, when they load.
    Library("axios", (PROMISE, "axios/dist/axios.js"), "axios", ie8=ES5),
    Library("axios-0.16", (PROMISE, "axios-0.16/dist/axios.js"), "axios", ie8=ES5),
    Library("superagent", ("superagent/superagent.js",), "superagent", ie8=ES5),
    Library(
        "backbone",
        (JQUERY, "underscore/underscore.js", "backbone/backbone.js"),
        "backbone",
        title="Backbone",
    ),
    Library(
        "angular",
        ("angular/angular.js",),
        "angular",
        title="AngularJS",
        timeout=("network",),
        abort=("network",),
    ),
    Library(
        "whatwg-fetch",
        (PROMISE, "whatwg-fetch/dist/fetch.umd.js"),
        "whatwg-fetch",
        ie8=ES5,
        lacks=("timeout", "abort"),
    ),
    Library("dojo", ("dojo/dojo.js",), "dojo", title="Dojo"),
    Library("reqwest", ("reqwest/reqwest.js",), "reqwest"),
)

PROFILES = ("native", "ie9", "ie8")
NOTE = '{"title":"K\u00e4se \u65e5\u672c \U0001f600"}'
BIG_UP = "\u00e40123456789abcdefg\n" * 10240


BIG_DOWN_LINES = 36158


def checksum(text: str) -> int:
    """Adler-32 over UTF-16 code units, as in scenario.js."""
    units = text.encode("utf-16-le", "surrogatepass")
    a, b = 1, 0
    for low, high in zip(units[::2], units[1::2], strict=True):
        a = (a + low + 256 * high) % 65521
        b = (b + a) % 65521
    return b * 65536 + a


def _echo(method: str, body: str = "", **more: Any) -> dict[str, Any]:
    """What the API says about a call, less the headers that are the library's own business."""
    raw = body.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
    return {
        "method": method,
        "body": raw.decode() if len(raw) < 2000 else "",
        "length": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        **more,
    }


_JSON_HEADERS = {"content-type": "application/json", "x-request-id": "42"}
_JSON = {"id": 7, "title": "K\u00e4se \u65e5\u672c \U0001f600", "none": None, "list": [1, 2.5]}
_ANSWER = {"status": 200, "statusText": "OK", "error": ""}
_ECHO = {**_ANSWER, "exposed": "42", "hidden": None, "type": "application/json"}


@cache
def expected_calls() -> dict[str, dict[str, Any]]:
    """What each call of scenario.js has to report. `echo` is the body, taken apart."""
    query = [["a", "b c"], ["emoji", "\U0001f600"], ["umlaut", "\u00fc&=+"]]
    lone = "a\ud83db\ude00c"
    big_down = big_text(BIG_DOWN_LINES)
    return {
        "GET JSON": {**_ECHO, "data": _JSON},
        "query string": {**_ECHO, "echo": {"method": "GET", "query": query}},
        **{
            f"{method} JSON": {**_ECHO, "echo": _echo(method, NOTE, headers=_JSON_HEADERS)}
            for method in ("POST", "PUT", "PATCH")
        },
        "DELETE": {"status": 204, "error": "", "length": 0},
        "HEAD": {**_ECHO, "length": 0},
        "404 body": {"status": 404, "error": "", "body": '{"status": 404}'},
        "500 body": {"status": 500, "error": "", "body": '{"status": 500}'},
        "headers": {**_ECHO, "echo": {"method": "GET", "headers": {"x-request-id": "42"}}},
        "refused": {"status": 0, "error": "network", "length": 0, "exposed": None},
        "unicode": {**_ECHO, "echo": _echo("POST", "K\u00e4se \u65e5\u672c \U0001f600 \u2028")},
        "lone surrogates": {**_ECHO, "echo": _echo("POST", lone)},
        "200 KB up": {**_ECHO, "echo": _echo("POST", BIG_UP)},
        "1 MB down": {
            **_ANSWER,
            "length": len(big_down.encode("utf-16-le")) // 2,
            "checksum": checksum(big_down),
        },
        "timeout": {},
        "abort": {},
        "8 at once": {"answers": [f'200 "n", "{n}"' for n in range(8)]},
    }


def _differ(wanted: object, got: object, where: str) -> list[str]:
    if isinstance(wanted, Mapping) and isinstance(got, Mapping):
        return [
            problem
            for key, value in wanted.items()
            for problem in _differ(value, got.get(key), f"{where}.{key}")
        ]
    return [] if wanted == got else [f"{where} is {got!r}, not {wanted!r}"]


def problems(library: Library, call: str, got: dict[str, Any] | None) -> list[str] | None:
    """What is wrong with one outcome; None for a call that the library does not offer."""
    if call in library.lacks:
        return None if got is None else [f"{call} was made after all"]
    if got is None:
        return ["no outcome"]
    if "hangs" in got or "thrown" in got:
        return [f"{call}: {got}"]
    if call in ("timeout", "abort"):
        kinds = getattr(library, call)
        fine = len(got["outcomes"]) == 1 and got["outcomes"][0] in kinds
        return [] if fine else [f"it reported {got['outcomes']}, not one of {kinds}"]
    wanted = expected_calls()[call]
    got = dict(got)
    if "echo" in wanted:
        try:
            got["echo"] = json.loads(got["body"])
        except ValueError:
            got["echo"] = None
    return _differ(wanted, got, call)


def cell(found: list[str] | None) -> str:
    return "-" if found is None else "no" if found else "yes"


_HEAD = """# Libraries

Unchanged from npm, in Chromium: natively, and as Internet Explorer 9 and 8 (the emulator, see
[emulator.md](emulator.md)) through the bridge. Each does the list in
`tests/browser/scripts/scenario.js`; `tests/browser/libraries.py` says what has to come out.
**yes**: what the API said arrived, and nothing else. **-**: the library does not offer it. The
native row is the control: what it does not do, nobody can. The ie8 rows have the minified polyfill.

This table is written by `python -m tests.browser.measure_libraries`, and
`tests/browser/test_libraries.py` compares it with what it measures.

"""


_DIFFERENCES = """
## Where it differs from XMLHttpRequest

The steps of the standard, in `tests/browser/scripts/conformance`, run natively and in both
profiles. What comes out otherwise stands here, each with its reason, from
`tests/browser/differences.py`; the suite fails when one is missing here, and when one that stands
here is gone.

"""


def render_table(
    rows: Mapping[tuple[str, str], Mapping[str, str]], expected: Mapping[str, str]
) -> str:
    """The page for the docs.

    Args:
        rows: The cells by call, by (library, profile).
        expected: What the standard says, by conformance check.
    """
    calls = list(expected_calls())
    lines = [
        f"| library | as | {' | '.join(calls)} |",
        f"|---|---|{'---|' * len(calls)}",
    ]
    for library in LIBRARIES:
        for profile in PROFILES:
            cells = rows[library.name, profile]
            lines.append(
                f"| {library.name} | {profile} | {' | '.join(cells[call] for call in calls)} |"
            )
    notes = [
        f"- {library.name}: `{'`, `'.join(library.scripts)}`"
        + (f"; as ie9 after `{'`, `'.join(library.ie9)}`" if library.ie9 else "")
        + (f"; as ie8 after `{'`, `'.join(library.ie8)}`" if library.ie8 else "")
        + (
            f"; it reports {', '.join(library.timeout)} when time is up"
            f" and {', '.join(library.abort)} after an abort"
            if (library.timeout, library.abort) != (("timeout",), ("abort",))
            else ""
        )
        for library in LIBRARIES
    ]
    return "".join(
        (
            _HEAD,
            "\n".join(lines),
            "\n\n## What the pages load\n\n",
            "\n".join(notes),
            "\n",
            _DIFFERENCES,
            render_differences(expected),
        )
    )


def read_table(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """The rows of the first table of `render_table`."""
    before, _, _ = text.partition("\n## ")
    table = [line for line in before.splitlines() if line.startswith("|")]
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return {(row[0], row[1]): dict(zip(head[2:], row[2:], strict=True)) for row in rows}
