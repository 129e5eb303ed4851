"""Other people's libraries beside the polyfill, and calls to an origin that no bridge stands for.

Each does its calls without the polyfill and with it, in both IE positions: what worked has to work.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser

from tests.browser.libraries import ES5, JQUERY, MODULES, PROMISE, Library
from tests.browser.measuring import measure_checks
from tests.browser.origins import Rig

POSITIONS = ("ie9", "ie8")
# A kind Internet Explorer: on its worst days most libraries lose their own XDomainRequest.
KIND = 'data-faults="-handlers -sameTask -gc"'
Checks = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Neighbour:
    """A library beside the polyfill.

    Attributes:
        does: What it does that a polyfill can break.
        library: Where it is.
        attributes: More attributes of the polyfill's element.
        positions: Where it runs at all.
        broken: The calls that the polyfill breaks; docs/troubleshooting.md says what helps.
        refused: The calls that it refuses by design.
    """

    does: str
    library: Library
    attributes: str = ""
    positions: tuple[str, ...] = POSITIONS
    broken: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.library.name, self.attributes)))


def _library(package: str, *scripts: str, adapter: str = "", **more: Any) -> Library:
    return Library(package, scripts, adapter or package, **more)


_CONSOLE = "/scripts/third/small-console.js"
_TRANSPORT = "jquery-ajax-transport-xdomainrequest"
_AXIOS = _library("axios-0.16", PROMISE, "axios-0.16/dist/axios.js", adapter="axios", ie8=ES5)
_JQUERY = _library(
    _TRANSPORT,
    JQUERY,
    f"{_TRANSPORT}/jQuery.XDomainRequest.js",
    adapter="jquery",
    title="jQuery 1.12.4 + XDomainRequest transport",
)
_EVENTS = _library(
    "event-source-polyfill",
    "event-source-polyfill/eventsource.js",
    adapter="event-source",
    ie8=ES5,
)
_SOCKJS = _library(
    "sockjs-client",
    "sockjs-client/dist/sockjs.js",
    adapter="sockjs",
    ie9=(_CONSOLE,),
    ie8=(*ES5, _CONSOLE),
)
_MIXPANEL = _library(
    "mixpanel-browser", "mixpanel-browser/build/mixpanel.umd.js", adapter="mixpanel", ie8=ES5
)
_ENGINE_18, _ENGINE_35 = (
    _library(
        package, f"{package}/engine.io.js", adapter="engine.io", title="engine.io-client", ie8=ES5
    )
    for package in ("engine.io-client-1.8", "engine.io-client")
)
_CORE_JS = f"{MODULES}/core-js/client/shim.js"
_FETCH = _library(
    "whatwg-fetch",
    "whatwg-fetch/dist/fetch.umd.js",
    adapter="fetch",
    title="core-js 2.6.12 + whatwg-fetch",
    ie9=(_CORE_JS,),
    ie8=(_CORE_JS,),
)
_ZONE = _library(
    "zone.js", "zone.js/dist/zone.js", adapter="zone", ie9=("/scripts/third/no-event-target.js",)
)
_CREDENTIALS = "credentials"
_IGNORING = "data-ignore-credentials"
_BRIDGED = ("a message through the bridge",)

NEIGHBOURS = (
    Neighbour("`Accept`", _AXIOS),
    Neighbour("`Accept`", _JQUERY),
    Neighbour("`Accept`", _EVENTS),
    Neighbour("`Content-Type`", _library("reqwest", "reqwest/reqwest.js")),
    Neighbour("`Content-Type`", _library("qwest", "qwest/qwest.min.js", ie8=ES5)),
    Neighbour(_CREDENTIALS, _SOCKJS, refused=_BRIDGED),
    Neighbour(_CREDENTIALS, _SOCKJS, _IGNORING),
    Neighbour("credentials, else a script element", _MIXPANEL),
    Neighbour("credentials, else JSONP", _ENGINE_35, refused=_BRIDGED),
    Neighbour("credentials, else JSONP", _ENGINE_35, _IGNORING),
    Neighbour("`responseType`", _ENGINE_18, _IGNORING),
    Neighbour("`responseType`, if core-js is there", _FETCH),
    Neighbour(
        "XDomainRequest once `open()` has thrown",
        _library("rollbar", "rollbar/dist/rollbar.umd.js", ie8=ES5),
        broken=("a report",),
    ),
    Neighbour("accessors on the prototype", _ZONE, positions=("ie9",)),
)


def measure_neighbour(
    chromium: Browser, rig: Rig, neighbour: Neighbour, profile: str, *, alone: bool = False
) -> dict[str, dict[str, str]]:
    """Let one library do its calls; call -> what was expected, what was got.

    Args:
        chromium: The browser.
        rig: The origins.
        neighbour: The library.
        profile: `ie9` or `ie8`.
        alone: Without the polyfill.
    """
    library = neighbour.library
    scripts = (f"..{MODULES}/{path}".removesuffix(".js") for path in library.scripts)
    return measure_checks(
        chromium,
        rig,
        profile,
        [*scripts, "third/start", f"third/{library.adapter}"],
        before=library.before(profile),
        emulator=KIND,
        # Both builds have their turn.
        polyfill="none" if alone else "minified" if profile == "ie8" else "served",
        attributes=neighbour.attributes,
    )


def cells(checks: Checks) -> dict[str, str]:
    """Call -> yes or no."""
    return {
        call: "yes" if check["got"] == check["expected"] else "no" for call, check in checks.items()
    }


_HEAD = """
## Beside other people's libraries

What libraries do that believe in CORS as soon as they find `withCredentials`, at an origin that no
bridge stands for (unless the call says otherwise) and which permits everybody without credentials
and without a preflight. **alone**: without the polyfill; **beside**: with it. What works alone
works beside it, except where [troubleshooting.md](../troubleshooting.md) says what helps. The
emulator is a kind one here (its faults `handlers`, `sameTask`, `gc` are off). Measured and compared
as the table above. Not in it: Prototype 1.7 counts status 0 as success, so a refused call ends in
`onSuccess` with an empty text there; where a page gives it `on0`, that is called instead.

"""
_COLUMNS = ("library", "does", "call", "ie9 alone", "ie9 beside", "ie8 alone", "ie8 beside")


def render_neighbours(found: Mapping[tuple[str, str, bool], Checks]) -> str:
    """The section of the docs. `found` has the checks by (neighbour, profile, alone)."""
    lines = [f"| {' | '.join(_COLUMNS)} |", "|" + "---|" * len(_COLUMNS)]
    for neighbour in NEIGHBOURS:
        runs = [
            cells(found.get((neighbour.name, profile, alone), {}))
            for profile in POSITIONS
            for alone in (True, False)
        ]
        for call in max(runs, key=len):
            row = (neighbour.name, neighbour.does, call, *(run.get(call, "-") for run in runs))
            lines.append(f"| {' | '.join(row)} |")
    return _HEAD + "\n".join(lines) + "\n"


def read_neighbours(text: str) -> dict[tuple[str, str], dict[str, str]]:
    """(neighbour, call) -> the cells, by column, of the table that `render_neighbours` wrote."""
    section = text.partition(_HEAD)[2].partition("\n## ")[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines()[2:]
    ]
    return {(row[0], row[2]): dict(zip(_COLUMNS[3:], row[3:], strict=True)) for row in rows}
