"""The demo's three origins: started, served, stopped."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from xdr_bridge.config import Settings
from xdr_bridge.gateway.journal import Observer
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.pages import shop_page
from xdr_bridge.pages.demo import Demo, run_demo
from xdr_bridge.pages.marking import Piece

TEXT = {"Content_Type": "text/plain"}


def make_gateway(settings: Settings, observer: Observer) -> Gateway:
    return Gateway(settings, observer=observer)


def text_of(pieces: list[Piece]) -> str:
    return "".join(text for _, text in pieces)


def of_kind(pieces: list[Piece], kind: str) -> str:
    return "".join(text for found, text in pieces if found == kind)


@dataclass(frozen=True)
class Browser:
    """Asks the demo's origins, as the page would."""

    demo: Demo

    async def ask(
        self, url: str, method: str = "GET", body: str | None = None, **headers: str
    ) -> HTTPResponse:
        client = AsyncHTTPClient(force_instance=True)
        try:
            return await client.fetch(
                url,
                method=method,
                body=body,
                headers={name.replace("_", "-"): value for name, value in headers.items()},
                raise_error=False,
                follow_redirects=False,
                allow_nonstandard_methods=True,
            )
        finally:
            client.close()

    async def call(self, target: str, method: str, body: str | None, **headers: str) -> str:
        """Make a call in the way given and return the answer's text."""
        url = self.demo.bridge_url + target
        answer = await self.ask(url, method, body, Origin=self.demo.shop_url, **headers)
        return answer.body.decode()

    async def journal(self) -> list[dict[str, Any]]:
        answer = await self.ask(self.demo.shop_url + "/journal?after=0")
        found: list[dict[str, Any]] = json.loads(answer.body)["entries"]
        return found


def with_demo(scene: Callable[[Browser], Awaitable[None]]) -> None:
    async def play() -> None:
        demo = Demo(make_gateway, shop_port=0, bridge_port=0, api_port=0)
        await demo.start()
        try:
            await scene(Browser(demo))
        finally:
            await demo.stop()

    asyncio.run(play())


def test_the_page_names_the_bridge_and_allows_only_what_it_needs() -> None:
    async def scene(browser: Browser) -> None:
        shop, bridge = browser.demo.shop_url, browser.demo.bridge_url
        answer = await browser.ask(shop + "/")

        assert answer.code == 200
        assert f'<script src="{bridge}/xdr/xdr-bridge.js"></script>' in answer.body.decode()
        headers = dict(answer.headers.get_all())
        for varying in ("Connection", "Content-Length", "Date"):
            del headers[varying]
        assert headers == {
            "Content-Type": "text/html; charset=UTF-8",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "Referrer-Policy": "no-referrer",
            "Content-Security-Policy": (
                f"default-src 'none'; script-src 'self' {bridge}; connect-src 'self' {bridge};"
                " style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none';"
                " frame-ancestors 'none'"
            ),
        }

    with_demo(scene)


def test_only_the_pretending_positions_load_the_emulator_and_before_the_bridges_script() -> None:
    async def scene(browser: Browser) -> None:
        shop = browser.demo.shop_url
        this = (await browser.ask(shop + "/")).body.decode()
        ie8 = (await browser.ask(shop + "/?browser=ie8")).body.decode()
        other = await browser.ask(shop + "/?browser=netscape")

        assert "ie-emulator" not in this
        emulator = '<script src="/ie-emulator.js" data-browser="ie8"></script>'
        assert 0 < ie8.index(emulator) < ie8.index("/xdr/xdr-bridge.js")
        assert (other.code, other.headers["Location"]) == (302, "/")

    with_demo(scene)


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/shop.css", "text/css; charset=utf-8"),
        ("/shop-ie.css", "text/css; charset=utf-8"),
        ("/probe.js", "text/javascript; charset=utf-8"),
        ("/dom.js", "text/javascript; charset=utf-8"),
        ("/call.js", "text/javascript; charset=utf-8"),
        ("/message.js", "text/javascript; charset=utf-8"),
        ("/wire.js", "text/javascript; charset=utf-8"),
        ("/shop.js", "text/javascript; charset=utf-8"),
        ("/ie-emulator.js", "text/javascript; charset=utf-8"),
        ("/mark.svg", "image/svg+xml"),
    ],
)
def test_the_pages_files_have_their_types(path: str, content_type: str) -> None:
    async def scene(browser: Browser) -> None:
        answer = await browser.ask(browser.demo.shop_url + path)

        assert (answer.code, answer.headers["Content-Type"]) == (200, content_type)
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    with_demo(scene)


def test_without_the_emulators_file_the_rest_of_the_page_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shop_page, "find_emulator", lambda: None)

    async def scene(browser: Browser) -> None:
        shop = browser.demo.shop_url
        assert (await browser.ask(shop + "/ie-emulator.js")).code == 404
        assert (await browser.ask(shop + "/?browser=ie9")).code == 200

    with_demo(scene)


@pytest.mark.parametrize("path", ["/index.html", "/../demo.py", "/shop.css/", "/journal?after=x"])
def test_nothing_else_is_served(path: str) -> None:
    async def scene(browser: Browser) -> None:
        assert (await browser.ask(browser.demo.shop_url + path)).code in (400, 404)

    with_demo(scene)


def test_under_another_name_there_is_a_way_to_the_page_and_no_journal() -> None:
    async def scene(browser: Browser) -> None:
        shop = browser.demo.shop_url
        page = await browser.ask(shop + "/", Host="localhost:1")
        journal = await browser.ask(shop + "/journal", Host="evil.example")

        assert (page.code, page.headers["Location"]) == (302, shop + "/")
        assert journal.code == 404

    with_demo(scene)


def test_a_tunnelled_call_is_shown_at_every_station() -> None:
    async def scene(browser: Browser) -> None:
        frame = await browser.call(
            "/xdr/tunnel?$xdr=1",
            "POST",
            'PUT /notes/1 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{"title":"Käse"}',
            **TEXT,
        )
        (entry,) = await browser.journal()

        call, frame_block = entry["request"][1], entry["answer"][1]
        assert (entry["form"], entry["method"], entry["target"]) == ("body form", "PUT", "/notes/1")
        assert (call["label"], of_kind(call["pieces"], "body")) == ("call", '{"title":"Käse"}')
        assert of_kind(entry["received"][0]["pieces"], "body") == '{"title":"Käse"}'
        assert of_kind(entry["api_answer"][0]["pieces"], "status") == "200 OK"
        assert (frame_block["label"], text_of(frame_block["pieces"])) == ("frame", frame)
        assert entry["reason"] is None
        assert all(milliseconds >= 0 for milliseconds in entry["legs"].values())

    with_demo(scene)


def test_a_query_form_is_shown_with_its_parameters_decoded() -> None:
    async def scene(browser: Browser) -> None:
        headers = "$httpHeaders=X-Request-Id%3A42%0D%0A"
        await browser.call(f"/notes/1?$xdr=1&{headers}", "GET", None)
        (entry,) = await browser.journal()

        parameters = entry["request"][-1]
        assert (parameters["label"], text_of(parameters["pieces"])) == (
            "parameters",
            "$xdr = 1\r\n$httpHeaders = X-Request-Id:42\r\n",
        )
        assert of_kind(entry["received"][0]["pieces"], "target") == "/notes/1"

    with_demo(scene)


@pytest.mark.parametrize(
    ("target", "method", "body", "headers"),
    [
        ("/xdr/tunnel?$xdr=1", "POST", "PURGE /notes XDR/1\r\n\r\n", TEXT),
        ("/notes", "OPTIONS", None, {"Access_Control_Request_Method": "PURGE"}),
    ],
    ids=["tunnelled", "preflight"],
)
def test_a_refused_call_says_why_and_never_leaves_the_bridge(
    target: str, method: str, body: str | None, headers: dict[str, str]
) -> None:
    async def scene(browser: Browser) -> None:
        await browser.call(target, method, body, **headers)
        (entry,) = await browser.journal()

        assert (entry["method"], entry["target"]) == ("PURGE", "/notes")
        assert (entry["received"], entry["api_answer"]) == ([], [])
        assert entry["reason"]["code"] == "method-not-allowed"
        assert "PURGE" in entry["reason"]["sentence"]

    with_demo(scene)


def test_a_taken_port_is_replaced_and_a_second_demo_runs_beside_the_first() -> None:
    async def scene(browser: Browser) -> None:
        ports = [int(url.rpartition(":")[2]) for url in urls(browser.demo)]
        second = Demo(make_gateway, shop_port=ports[0], bridge_port=ports[1], api_port=ports[2])
        await second.start()
        try:
            assert not set(urls(browser.demo)) & set(urls(second))
            assert (await browser.ask(second.shop_url + "/")).code == 200
        finally:
            await second.stop()

    with_demo(scene)


def urls(demo: Demo) -> tuple[str, str, str]:
    return demo.shop_url, demo.bridge_url, demo.api_url


def test_stopping_closes_every_port_and_removes_the_notes_and_may_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    left: list[Demo] = []

    async def scene(browser: Browser) -> None:
        left.append(browser.demo)
        assert len(list(tmp_path.iterdir())) == 1
        await browser.demo.stop()

    with_demo(scene)

    assert list(tmp_path.iterdir()) == []
    for url in urls(left[0]):
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])))


def test_a_bridge_that_cannot_start_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(settings: Settings, observer: Observer) -> Gateway:
        raise OSError("no bridge today")

    with pytest.raises(OSError, match="no bridge today"):
        asyncio.run(Demo(fail, shop_port=0, bridge_port=0, api_port=0).start())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("open_browser", [True, False])
def test_run_demo_announces_the_page_opens_it_if_asked_and_ends_when_told(
    open_browser: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    lines: list[str] = []
    stop = asyncio.Event()
    monkeypatch.setattr("webbrowser.open", opened.append)

    def announce(line: str) -> None:
        lines.append(line)
        stop.set()

    asyncio.run(
        run_demo(
            make_gateway,
            announce=announce,
            stop=stop,
            shop_port=0,
            bridge_port=0,
            api_port=0,
            open_browser=open_browser,
        )
    )

    assert [line.split()[0] for line in lines] == ["page", "bridge", "API"]
    assert opened == ([lines[0].split()[1]] if open_browser else [])
