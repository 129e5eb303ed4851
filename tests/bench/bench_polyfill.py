"""What the polyfill costs a page: `python tests/bench/bench_polyfill.py [--rounds N]`.

In real Chromium, on loopback: the emulator's IE 9 and IE 8 positions, beside the browser as it is.

* install: parsing and running static/xdr-bridge.min.js, beside the same page with an empty script;
* decode: 1 MB, as text and as base64, through the real bridge in the IE 9 position, while 1, 10
  or 100 progress events come, beside the browser's own XMLHttpRequest for the same bytes, and
  beside the emulator's XDomainRequest, which gets the same frame and decodes nothing.

The pages measure themselves; each sample has a document of its own, so no function is warm.
Rounds are interleaved, figures are medians, no time is asserted; what the pages have read is
compared. "Script" is the time in functions that the browser calls: handlers and timers.
The page reads the newest character at each progress event that it is shown, and at load.
Prints two Markdown tables.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright
from tornado.httputil import HTTPHeaders
from tornado.web import Application, OutputTransform, RequestHandler

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.measuring import fresh_page
from tests.browser.origins import STATIC, InThread, Rig, read_results
from tests.browser.proof_api import BIG_PATTERN
from tests.support.browser import FLAGS, find_browser

MEGABYTE = 1 << 20
FEW, MANY = 10, 160
SECONDS_OF_PIECES = 0.32
INSTALLS_PER_ROUND = 2
NAMES = {"ie9": "IE 9", "ie8": "IE 8", "native": "this browser"}
TYPES = {"text": "text/plain; charset=utf-8", "base64": "application/octet-stream"}
_text = (BIG_PATTERN * (MEGABYTE // len(BIG_PATTERN.encode()))).encode()
BODIES = {
    "text": _text.ljust(MEGABYTE, b"."),
    "base64": bytes(range(256)) * (MEGABYTE // 256),
}

# The clock is taken before the emulator runs, which removes it in IE 8.
_HTML = """<!DOCTYPE html>
<meta charset="utf-8"><title>bench</title>
<script src="/scripts/report.js"></script>
<script>
var now = performance.now.bind(performance), later = window.setTimeout.bind(window), began;
</script>
{emulator}
{body}
"""
# Of what type the first script is, it is not fetched; the polyfill reads its address there.
_INSTALL = """<script type="text/plain" src="{bridge}/xdr/xdr-bridge.min.js"></script>
<script>began = now();</script>
<script>/* {once} */{source}</script>
<script>began = now() - began;</script>
<body><script>
report.write({{ milliseconds: began, bridged: !!XMLHttpRequest.uninstall }});
</script>"""
# Counts the progress events, and the time in functions that the browser calls.
_CLOCK = """<script>
var busy = 0, events = 0;
function timed(action) {
  return action && function (event) {
    var begin = now();
    try {
      return action.call(this, event);
    } finally {
      busy += now() - begin;
    }
  };
}
function counted(action) {
  return action && timed(function () {
    events++;
    action.call(this);
  });
}
function replaceSetter(name, wrap) {
  var member = Object.getOwnPropertyDescriptor(XDomainRequest.prototype, name);
  Object.defineProperty(XDomainRequest.prototype, name, {
    configurable: true,
    get: member.get,
    set: function (action) { member.set.call(this, wrap(action)); }
  });
}
if (window.XDomainRequest) {
  replaceSetter('onload', timed);
  replaceSetter('onprogress', counted);
  window.setTimeout = function (action, delay) { return later(timed(action), delay); };
}
</script>"""
_POLYFILL = '<script src="/xdr/xdr-bridge.min.js" data-bridge-for="{bridge}"></script>'
# A page that reads the newest character whenever it is told of progress.
_CALL = """<body><script>
var how = '{how}', url = '{url}', shown = 0, own = 0, newest, ended, request;
function look() {
  var begin = now(), text = request.responseText;
  newest = text.charCodeAt(text.length - 1);
  shown++;
  own += now() - begin;
}
function finish(text) {
  var sum = 0, i;
  ended = now();
  later(function () {
    for (i = 0; i < text.length; i++) {
      sum = (sum * 31 + text.charCodeAt(i)) % 1000003;
    }
    report.write({ total: ended - began, busy: busy, own: own, events: events, shown: shown,
      length: text.length, sum: sum });
  }, 0);
}
function load() {
  look();
  shown--;
  finish(request.responseText);
}
function fail() { report.write({ failed: true }); }
window.onload = function () {
  if (how === 'bare') {
    request = new XDomainRequest();
    request.onload = load;
    request.onerror = request.ontimeout = fail;
    request.onprogress = function () {};
    request.open('GET', url);
    later(function () {
      began = now();
      request.send();
    }, 0);
    return;
  }
  request = new XMLHttpRequest();
  request.open('GET', url, true);
  if (/base64/.test(url)) { request.overrideMimeType('text/plain; charset=x-user-defined'); }
  // In the bridge's events they are timed already.
  request.onprogress = how === 'native' ? counted(look) : look;
  request.onload = how === 'native' ? timed(load) : load;
  request.onerror = fail;
  began = now();
  request.send();
};
</script>"""


class _Body(RequestHandler):
    """1 MB at once, or in pieces."""

    async def get(self, kind: str, pieces: str) -> None:
        self.set_header("Content-Type", TYPES[kind])
        self.set_header("Content-Length", str(MEGABYTE))
        size = -(-MEGABYTE // int(pieces))
        for begin in range(0, MEGABYTE, size):
            self.write(BODIES[kind][begin : begin + size])
            await self.flush()
            if size < MEGABYTE:
                await asyncio.sleep(SECONDS_OF_PIECES / int(pieces))


class _Isolated(OutputTransform):
    """An isolated page has a clock of 5 microseconds, another one of 100."""

    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        headers["Cross-Origin-Opener-Policy"] = "same-origin"
        headers["Cross-Origin-Embedder-Policy"] = "require-corp"
        return status_code, headers, chunk


class BenchRig(Rig):
    def __init__(self) -> None:
        self._bodies = Application(
            [(r"/(text|base64)/(\d+)/\d+", _Body)], log_function=lambda _: None
        )
        super().__init__(self._bodies)

    def _serve(self, application: Application) -> str:
        if application is not self._bodies:
            application.add_transform(_Isolated)
        return super()._serve(application)


@dataclass(frozen=True)
class Install:
    profile: str
    with_polyfill: bool

    def body(self, rig: Rig, once: int) -> str:
        source = (STATIC / "xdr-bridge.min.js").read_text("utf-8") if self.with_polyfill else ""
        # What the engine has seen before it need not parse.
        return _INSTALL.format(bridge=rig.bridge_origin, once=once, source=source)

    @property
    def events(self) -> int:
        return 1


@dataclass(frozen=True)
class Decode:
    kind: str
    pieces: int
    how: str
    events: int = 1

    @property
    def profile(self) -> str:
        return "native" if self.how == "native" else "ie9"

    def body(self, rig: Rig, once: int) -> str:
        url = f"{rig.bridge_origin}/{self.kind}/{self.pieces}/{once}"
        if self.how == "bare":
            url += f"?$xdr=1{',base64' if self.kind == 'base64' else ''}&$once={once}"
        polyfill = _POLYFILL.format(bridge=rig.bridge_origin) if self.how == "bridge" else ""
        return _CLOCK + polyfill + _CALL.replace("{how}", self.how).replace("{url}", url)


Case = Install | Decode


def all_cases() -> list[Case]:
    listed: list[Case] = [
        Install(profile, with_polyfill) for profile in NAMES for with_polyfill in (True, False)
    ]
    for kind in BODIES:
        listed += [Decode(kind, 1, how) for how in ("native", "bare", "bridge")]
        listed.append(Decode(kind, MANY, "native"))
        listed += [Decode(kind, MANY, "bridge", events) for events in (1, 10, 100)]
        # As much time for progress events, and fewer of them.
        listed.append(Decode(kind, FEW, "bridge", 100))
    return listed


def measure(page: Page, rig: Rig, case: Case, once: int) -> dict[str, Any]:
    emulator = (
        ""
        if case.profile == "native"
        else '<script src="/emulator/ie-emulator.js"'
        f' data-browser="{case.profile}" data-options="progress={case.events}"></script>'
    )
    rig.pages["bench.html"] = _HTML.format(emulator=emulator, body=case.body(rig, once))
    return read_results(page, f"{rig.page_origin}/bench.html")


Samples = dict[Case, list[dict[str, Any]]]


def measure_all(browser: Browser, rig: Rig, rounds: int, seconds: float) -> tuple[Samples, int]:
    samples: Samples = defaultdict(list)
    cases = all_cases()
    start = time.monotonic()
    done = 0
    with ExitStack() as stack:
        pages = {name: stack.enter_context(fresh_page(browser, name)) for name in NAMES}
        # The last round must fit in.
        while done < rounds and (time.monotonic() - start) * (done + 1) <= seconds * max(done, 1):
            for index in range(len(cases)):
                # Whoever begins has no advantage over the rounds.
                case = cases[(index + done * 5) % len(cases)]
                for turn in range(INSTALLS_PER_ROUND if isinstance(case, Install) else 1):
                    once = done * 1000 + index * 10 + turn
                    samples[case].append(measure(pages[case.profile], rig, case, once))
            done += 1
    return samples, done


def check(samples: Samples) -> None:
    """Everybody has to have read the same."""
    for case, found in samples.items():
        if isinstance(case, Install):
            bridged = case.with_polyfill and case.profile != "native"
            assert all(one["bridged"] == bridged for one in found), case
            continue
        assert not any("failed" in one for one in found), case
        if case.how != "bare":
            (expected,) = {
                (one["length"], one["sum"]) for one in samples[Decode(case.kind, 1, "native")]
            }
            assert all((one["length"], one["sum"]) == expected for one in found), case


def print_tables(samples: Samples) -> None:
    def middle(case: Case, name: str) -> float:
        return median(one[name] for one in samples[case])

    print("| parsing and running | with it, ms | empty script, ms | difference, ms |")
    print("|---|---:|---:|---:|")
    for profile, name in NAMES.items():
        cells = [middle(Install(profile, which), "milliseconds") for which in (True, False)]
        cells.append(
            median(
                one["milliseconds"] - other["milliseconds"]
                for one, other in zip(
                    samples[Install(profile, True)], samples[Install(profile, False)], strict=True
                )
            )
        )
        print(f"| {name} | {' | '.join(f'{cell:.2f}' for cell in cells)} |")
    print()
    print("| 1 MB | sent | who reads it | progress events | shown to the page", end="")
    print(" | script, ms | of it the page's, ms | send to load, ms |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for case in all_cases():
        if isinstance(case, Install):
            continue
        whose = {
            "native": "this browser's XMLHttpRequest",
            "bare": "XDomainRequest, undecoded",
            "bridge": f"bridge, progress={case.events}",
        }
        cells = [case.kind, "at once" if case.pieces == 1 else f"in {case.pieces} pieces"]
        cells += [whose[case.how]]
        cells += [f"{middle(case, name):.0f}" for name in ("events", "shown")]
        cells += [f"{middle(case, name):.1f}" for name in ("busy", "own", "total")]
        print(f"| {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="rounds at most (default: 7)")
    parser.add_argument(
        "--seconds", type=float, default=50, help="at most, for all rounds (default: 50)"
    )
    given = parser.parse_args()
    path = find_browser()
    if path is None:
        parser.error("no browser: run `python tests/support/browser.py`, which says how to get one")
    with InThread(rig := BenchRig()), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        samples, rounds = measure_all(browser, rig, given.rounds, given.seconds)
        version = browser.version
        browser.close()
    check(samples)
    print(f"Medians of {rounds} interleaved rounds. Chromium {version}.\n")
    print_tables(samples)


if __name__ == "__main__":
    main()
