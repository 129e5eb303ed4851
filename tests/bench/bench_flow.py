"""When a page sees what an API sends in pieces: `python tests/bench/bench_flow.py [--rounds N]`.

In real Chromium, on loopback. The API and the page's clock are one machine's; a delay is from the
moment at which the API writes a record to the one at which the page first has the whole of it.

* records: five, 300 ms apart, of each kind, read by the browser as it is (CORS, the bridge in
  between), in the emulator's IE 9 position through the tunnel, and there from a third origin, to
  which the polyfill drives XDomainRequest as it is: what nobody can be faster than;
* short calls: a GET that the API answers at once, alone, beside four long polls, and beside seven
  polls of a kind that was long before, of which the polyfill sends four at a time.

The emulator passes every piece on as a progress event; the polyfill looks every 50 ms, in the
tunnel and at the third origin alike. No time is asserted; what the pages have read is compared.
Prints two Markdown tables.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

from playwright.sync_api import Browser, sync_playwright
from tornado.web import Application, RequestHandler

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.browser.measuring import fresh_page
from tests.browser.origins import InThread, Rig, read_results
from tests.support.browser import FLAGS, find_browser

RECORDS = 5
SECONDS_BETWEEN = 0.3
POLL_SECONDS = 2.0
# What each kind is called, its type, and its five records.
KINDS: dict[str, tuple[str, list[str]]] = {
    "JSON lines": ("application/x-ndjson", [f'{{"n":{n}}}\n' for n in range(RECORDS)]),
    "JSON": ("application/json", ["[0", ",1", ",2", ",3", ",4]"]),
    "plain text": ("text/plain; charset=utf-8", [f"Käse {n}\r\n" for n in range(RECORDS)]),
    "XML": ("application/xml", ["<a>", "<b>1</b>", "<b>2</b>", "<b>3</b>", "</a>"]),
    "base64 of grpc-web": ("application/grpc-web-text+proto", ["AAAAAAE=", *["AAAAAAI="] * 4]),
    "events, CRLF": ("text/event-stream", [f"data: {n}\r\n\r\n" for n in range(RECORDS)]),
}
WAYS = {"native": "this browser", "bridge": "IE 9, tunnel", "plain": "IE 9, plain XDomainRequest"}

_RECORDS = """
var kind = '{kind}', lengths = {lengths}, seen = [];
var xhr = new XMLHttpRequest();
function look() {
  var length = xhr.readyState > 2 ? xhr.responseText.length : 0;
  while (seen.length < lengths.length && length >= lengths[seen.length]) {
    seen.push(new Date().getTime());
  }
}
xhr.onreadystatechange = xhr.onprogress = look;
xhr.onload = function () { look(); report.write({ seen: seen, text: xhr.responseText }); };
xhr.onerror = function () { report.write({ failed: true }); };
xhr.open('GET', '{origin}/records/{name}/{once}?allow=*', true);
xhr.send();
"""
_CALLS = """
var polls = {polls}, taught = {taught};
function ask(path, then) {
  var xhr = new XMLHttpRequest();
  xhr.onload = then;
  xhr.onerror = function () { report.write({ failed: true }); };
  xhr.open('GET', '{origin}' + path, true);
  xhr.send();
}
function measure() {
  var began, i;
  for (i = 0; i < polls; i++) {
    ask('/poll/{once}?n=' + i, function () {});
  }
  setTimeout(function () {
    began = new Date().getTime();
    ask('/quick/{once}', function () {
      report.write({ milliseconds: new Date().getTime() - began, text: this.responseText });
    });
  }, 100);
}
if (taught) { ask('/poll/{once}?n=first', measure); } else { measure(); }
"""
_HTML = """<!DOCTYPE html>
<meta charset="utf-8"><title>bench</title>
<script src="/scripts/report.js"></script>
{emulator}
{polyfill}
<body><script>
window.onload = function () {{ {script} }};
</script>"""


class _Records(RequestHandler):
    """One kind, piece by piece; notes when it has written each record."""

    def initialize(self, written: dict[str, list[float]]) -> None:
        self.written = written

    async def get(self, name: str, once: str) -> None:
        kind, records = KINDS[name]
        self.set_header("Content-Type", kind)
        # A browser that sniffs waits for more.
        self.set_header("X-Content-Type-Options", "nosniff")
        if self.get_argument("allow", ""):
            self.set_header("Access-Control-Allow-Origin", "*")
        times = self.written[once] = []
        for record in records:
            if times:
                await asyncio.sleep(SECONDS_BETWEEN)
            times.append(time.time() * 1000)
            self.write(record)
            await self.flush()


class _Poll(RequestHandler):
    """Has nothing to say for a while."""

    async def get(self, once: str) -> None:
        await asyncio.sleep(POLL_SECONDS)
        self.finish("late")


class _Quick(RequestHandler):
    def get(self, once: str) -> None:
        self.finish("quick")


class FlowRig(Rig):
    """Attributes: written: by round, when each record was written, in milliseconds."""

    def __init__(self) -> None:
        self.written: dict[str, list[float]] = {}
        rules: list[tuple[Any, ...]] = [
            (r"/records/([^/]+)/(\d+)", _Records, {"written": self.written}),
            (r"/poll/(\d+)", _Poll),
            (r"/quick/(\d+)", _Quick),
        ]
        super().__init__(Application(rules, log_function=lambda _: None))  # type: ignore[arg-type]

    def write_page(self, way: str, script: str, **values: object) -> None:
        """Make the page of one measurement; `values` are put into its script."""
        # Another host than the bridge's and the page's.
        third = self.api_origin.replace("127.0.0.1", "127.0.0.2")
        values["origin"] = third if way == "plain" else self.bridge_origin
        for name, value in values.items():
            script = script.replace("{" + name + "}", str(value))
        is_old = way != "native"
        emulator = '<script src="/emulator/ie-emulator.js" data-browser="ie9"'
        emulator += ' data-options="progress=1000"></script>'
        polyfill = f'<script src="/xdr/xdr-bridge.min.js" data-bridge-for="{self.bridge_origin}">'
        self.pages["bench.html"] = _HTML.format(
            emulator=emulator if is_old else "",
            polyfill=f"{polyfill}</script>" if is_old else "",
            script=script,
        )

    def _serve(self, application: Application) -> str:
        origin = super()._serve(application)
        self._servers[-1].listen(int(origin.rpartition(":")[2]), "127.0.0.2")
        return origin


class Bench:
    """What has been measured: by way and kind the delays of each record, by way the short calls."""

    def __init__(self, browser: Browser, rig: FlowRig) -> None:
        self._browser = browser
        self._rig = rig
        self._once = 0
        self.delays: dict[tuple[str, str], list[list[float]]] = defaultdict(list)
        self.calls: dict[tuple[str, str], list[float]] = defaultdict(list)

    def _run(self, way: str, script: str, **values: object) -> dict[str, Any]:
        self._once += 1
        self._rig.write_page(way, script, once=self._once, **values)
        profile = "native" if way == "native" else "ie9"
        with fresh_page(self._browser, profile) as page:
            found = read_results(page, f"{self._rig.page_origin}/bench.html")
        assert "failed" not in found, (way, values)
        return found

    def records(self, way: str, name: str) -> None:
        records = KINDS[name][1]
        lengths = [len("".join(records[: n + 1])) for n in range(RECORDS)]
        found = self._run(way, _RECORDS, kind=name, name=quote(name), lengths=lengths)
        assert found["text"] == "".join(records), (way, name, found)
        written = self._rig.written[str(self._once)]
        pairs = zip(found["seen"], written, strict=True)
        self.delays[way, name].append([seen - at for seen, at in pairs])

    def short_call(self, way: str, label: str, polls: int, *, taught: bool) -> None:
        found = self._run(way, _CALLS, polls=polls, taught=str(taught).lower())
        assert found["text"] == "quick"
        self.calls[way, label].append(found["milliseconds"])

    def round(self) -> None:
        for name in KINDS:
            for way in WAYS:
                self.records(way, name)
        for way in ("native", "bridge"):
            self.short_call(way, "alone", 0, taught=False)
            self.short_call(way, "beside 4 long polls", 4, taught=False)
        # Chromium's own six connections would be full: it is the polyfill that keeps some free.
        self.short_call("bridge", "beside 7 polls that were long before", 7, taught=True)

    def print_tables(self) -> None:
        print(f"| records | {' | '.join(WAYS.values())} | behind plain XDomainRequest, at most |")
        print("|---|---|---|---|---:|")
        for name in KINDS:
            middles = {
                way: [median(one) for one in zip(*self.delays[way, name], strict=True)]
                for way in WAYS
            }
            behind = max(
                ours - plain
                for ours, plain in zip(middles["bridge"], middles["plain"], strict=True)
            )
            cells = [", ".join(f"{delay:.0f}" for delay in middles[way]) for way in WAYS]
            print(f"| {name} | {' | '.join(cells)} | {behind:.0f} |")
        print()
        print("| a short GET | this browser, ms | IE 9, tunnel, ms |")
        print("|---|---:|---:|")
        for label in dict.fromkeys(label for _, label in self.calls):
            cells = [
                f"{median(self.calls[way, label]):.0f}" if (way, label) in self.calls else "-"
                for way in ("native", "bridge")
            ]
            print(f"| {label} | {' | '.join(cells)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds at most (default: 5)")
    parser.add_argument(
        "--seconds", type=float, default=120, help="at most, for all rounds (default: 120)"
    )
    given = parser.parse_args()
    path = find_browser()
    if path is None:
        parser.error("no browser: run `python tests/support/browser.py`, which says how to get one")
    start, done = time.monotonic(), 0
    with InThread(rig := FlowRig()), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        bench = Bench(browser, rig)
        # The last round must fit in.
        while done < given.rounds and (time.monotonic() - start) * (
            done + 1
        ) <= given.seconds * max(done, 1):
            bench.round()
            done += 1
        version = browser.version
        browser.close()
    print(f"Milliseconds, medians of {done} rounds. Chromium {version}.\n")
    bench.print_tables()


if __name__ == "__main__":
    main()
