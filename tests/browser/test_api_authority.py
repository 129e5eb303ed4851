"""An API that decides itself: the bridge as the browser comes to the browser's own conclusions.

Each API below speaks CORS, rightly or wrongly. Chromium calls it directly (the oracle), through the
bridge, and as IE 9 through the tunnel; all three have to see the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.browser.cors_origins import CorsRig
from tests.browser.origins import InThread
from tests.conftest import Logs

PAGE = "{page}"
ORIGIN = ["Access-Control-Allow-Origin", PAGE]
ANY = ["Access-Control-Allow-Origin", "*"]
METHODS, HEADERS = "Access-Control-Allow-Methods", "Access-Control-Allow-Headers"


def api(
    *headers: list[str], preflight: dict[str, Any] | None = None, **more: Any
) -> dict[str, Any]:
    answer: dict[str, Any] = {"headers": list(headers), **more}
    if preflight is not None:
        answer["on-preflight"] = preflight
    return answer


# What the API answers, by name.
APIS: dict[str, dict[str, Any]] = {
    "names the origin": api(ORIGIN),
    "allows anybody": api(ANY),
    "says nothing": api(),
    "names another": api(["Access-Control-Allow-Origin", "https://other.test"]),
    "says it twice": api(ORIGIN, ORIGIN),
    "says two": api(["Access-Control-Allow-Origin", f"{PAGE}, https://other.test"]),
    "adds a slash": api(["Access-Control-Allow-Origin", f"{PAGE}/"]),
    "says null": api(["Access-Control-Allow-Origin", "null"]),
    "exposes": api(ORIGIN, ["Access-Control-Expose-Headers", "X-Other, x-shown"], ["X-Shown", "1"]),
    "exposes all": api(ORIGIN, ["Access-Control-Expose-Headers", "*"], ["X-Shown", "1"]),
    "exposes nothing": api(ORIGIN, ["X-Shown", "1"]),
    "fails readably": api(ORIGIN, status=500),
    "permits what is asked": api(
        ORIGIN,
        preflight={"status": 204, "headers": [ORIGIN, [METHODS, "PUT, patch"], [HEADERS, "X-A"]]},
    ),
    "permits all": api(
        ORIGIN, preflight={"headers": [ANY, [METHODS, "*"], [HEADERS, "*"]], "status": 200}
    ),
    "permits the method only": api(ORIGIN, preflight={"headers": [ORIGIN, [METHODS, "PUT"]]}),
    "permits another method": api(ORIGIN, preflight={"headers": [ORIGIN, [METHODS, "DELETE"]]}),
    "permits it in lower case": api(ORIGIN, preflight={"headers": [ORIGIN, [METHODS, "put"]]}),
    "permits for another origin": api(ORIGIN, preflight={"headers": [[METHODS, "PUT"]]}),
    "has no preflight": api(ORIGIN, preflight={"status": 404, "headers": [ORIGIN]}),
    "redirects the preflight": api(
        ORIGIN, preflight={"status": 302, "headers": [ORIGIN, ["Location", "/x"]]}
    ),
    "permits, then says nothing": api(preflight={"headers": [ORIGIN, [METHODS, "PUT"]]}),
    "permits Authorization by name": api(
        ORIGIN, preflight={"headers": [ORIGIN, [METHODS, "*"], [HEADERS, "authorization"]]}
    ),
}
CALLS: list[tuple[str, dict[str, str]]] = [
    ("GET", {}),
    ("PUT", {}),
    ("GET", {"X-A": "1"}),
    ("patch", {"X-A": "1"}),
    ("GET", {"Authorization": "Bearer x"}),
]


# Chromium lets `*` cover Authorization still; the Fetch standard, and the bridge, do not.
STRICTER = {"permits all: GET {'Authorization': 'Bearer x'}": "0 network error"}


@pytest.fixture(scope="module")
def rig() -> Iterator[CorsRig]:
    rig = CorsRig()
    rig.want()
    with InThread(rig):
        yield rig


def outcomes(rig: CorsRig, page: Page, target: str, query: str) -> list[str]:
    rig.calls = []
    for name, answer in APIS.items():
        said = quote(json.dumps(answer).replace(PAGE, rig.page))
        for index, (method, headers) in enumerate(CALLS):
            # A path of its own: preflights are remembered by URL.
            url = f"{target}/{quote(name)}/{index}?answer={said}"
            rig.calls.append({"method": method, "url": url, "headers": headers})
    page.goto(f"{rig.page}/?run=1&{query}")
    expect(page.locator("#results li")).to_have_count(len(rig.calls), timeout=60_000)
    return page.locator("#results").inner_text().splitlines()


def test_native_and_tunnelled_calls_see_what_a_direct_call_sees(
    rig: CorsRig, page: Page, logs: Logs
) -> None:
    bridge = rig.bridges[0]
    names = [f"{name}: {method} {headers}" for name in APIS for method, headers in CALLS]
    direct = dict(zip(names, outcomes(rig, page, rig.api, ""), strict=True))
    native = dict(zip(names, outcomes(rig, page, bridge, f"bridge={bridge}"), strict=True))
    rig.exchanges.clear()
    query = f"browser=ie9&bridge={bridge}"
    tunnelled = dict(zip(names, outcomes(rig, page, bridge, query), strict=True))
    assert native == direct
    assert {name: tunnelled[name] for name in names if tunnelled[name] != direct[name]} == STRICTER
    # The comparison is worth something: the three did not travel alike, nor did all fail.
    assert {exchange.form for exchange in rig.exchanges} <= {"query form", "body form", "asset"}
    assert 20 < sum("network error" in outcome for outcome in direct.values()) < len(names) - 20
    # Three of the APIs answer the preflights of four calls with no success: their fault, so logged.
    logs.expect(*["preflight-status"] * 12)
