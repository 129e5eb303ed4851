"""The three origins that a browser test needs, in one thread beside the test."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from playwright.sync_api import Page, TimeoutError
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler, StaticFileHandler

from tests.browser.proof_api import make_proof_api
from tests.browser.third_origin import THIRD_ORIGIN
from xdr_bridge.config import Settings
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.pages.demo import Demo

HERE = Path(__file__).resolve().parent
STATIC = HERE.parents[1] / "static"
# Only what hangs takes so long.
_SECONDS = 120


class Running(Protocol):
    async def start(self) -> None: ...

    async def stop(self) -> None: ...


class InThread:
    """Runs something that lives on an asyncio loop, in a thread, for a `with` block."""

    def __init__(self, thing: Running) -> None:
        self._thing = thing
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._thing.start)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._run(self._thing.stop)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_SECONDS)
            self._loop.close()

    def _run(self, work: Callable[[], Awaitable[None]]) -> None:
        async def call() -> None:
            await work()

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(_SECONDS)


def make_demo() -> Demo:
    return Demo(
        lambda settings, observer: Gateway(settings, observer=observer),
        shop_port=0,
        bridge_port=0,
        api_port=0,
    )


class _Page(RequestHandler):
    def initialize(self, rig: Rig) -> None:
        self.rig = rig

    def get(self, name: str) -> None:
        html = self.rig.pages.get(name)
        if html is None:
            self.send_error(404)
            return
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(html)


class _File(StaticFileHandler):
    def set_extra_headers(self, path: str) -> None:
        self.set_header("Cache-Control", "no-store")


# What Internet Explorer calls itself: libraries look.
USER_AGENTS = {
    "ie8": "Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 6.1; Trident/4.0)",
    "ie9": "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)",
}


class Rig:
    """A page's origin, a bridge, and the API behind it.

    Attributes:
        pages: Name -> HTML, served at `page_origin`. Beside them are /node_modules, /emulator and
            /scripts, and /xdr with the polyfill's files.
        page_origin: Where they are. The bridge allows it, also as localhost.
        bridge_origin: Where the bridge is.
        api_origin: Where the API is.
    """

    def __init__(self, api: Application, **settings: Any) -> None:
        self._api = api
        self._settings = settings
        self._servers: list[HTTPServer] = []
        self.pages: dict[str, str] = {}
        self.page_origin = self.bridge_origin = self.api_origin = ""

    async def start(self) -> None:
        self.api_origin = self._serve(self._api)
        folders = {
            "node_modules": STATIC / "node_modules",
            "emulator": STATIC / "emulator",
            "scripts": HERE / "scripts",
            "xdr": STATIC,
        }
        files = [
            (rf"/{name}/(.*)", _File, {"path": str(folder)}) for name, folder in folders.items()
        ]
        page = (r"/(.*)", _Page, {"rig": self})
        self.page_origin = self._serve(
            Application([*files, *THIRD_ORIGIN, page], log_function=lambda _: None)  # type: ignore[list-item]
        )
        self._gateway = Gateway(
            Settings(
                api=self.api_origin,
                port=0,
                allow_origins=(self.page_origin, self.local_page_origin),
                **self._settings,
            )
        )
        self._gateway.start()
        self.bridge_origin = f"http://127.0.0.1:{self._gateway.port}"

    @property
    def local_page_origin(self) -> str:
        """The same pages, under another host name than the bridge's."""
        return self.page_origin.replace("127.0.0.1", "localhost")

    def _serve(self, application: Application) -> str:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(application)
        server.add_sockets(sockets)
        self._servers.append(server)
        return f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        await self._gateway.stop()
        for server in self._servers:
            server.stop()
            await server.close_all_connections()

    def add_page(
        self,
        name: str,
        profile: str,
        scripts: Iterable[str] = (),
        *,
        before: Iterable[str] = (),
        emulator: str = "",
        polyfill: str = "served",
        attributes: str = "",
    ) -> str:
        """Make a page and return its path.

        Args:
            name: What it is to be called.
            profile: `native`, `ie9` or `ie8`.
            scripts: What it loads after the polyfill.
            before: What it loads before the polyfill, after the emulator.
            emulator: More attributes for the emulator's element.
            polyfill: `served` by the bridge, `minified` from the page's own origin, or `none`.
            attributes: More attributes for the polyfill's element.
        """
        head = [_script(path) for path in before]
        if profile != "native":
            browser = f'data-browser="{profile}" {emulator}'
            head.insert(0, _script("/emulator/ie-emulator.js", browser))
        if polyfill == "served":
            head.append(_script(f"{self.bridge_origin}/xdr/xdr-bridge.js", attributes))
        elif polyfill == "minified":
            bridges = f'data-bridge-for="{self.bridge_origin}" {attributes}'
            head.append(_script("/xdr/xdr-bridge.min.js", bridges))
        self.pages[name] = _HTML.format(
            title=name,
            head="\n".join(head),
            api=self.bridge_origin,
            direct=self.api_origin,
            profile=profile,
            body="\n".join(_script(path) for path in scripts),
        )
        return f"/{name}"


def _script(source: str, attributes: str = "") -> str:
    return f'<script src="{source}" {attributes}></script>'


_HTML = """<!DOCTYPE html>
<meta charset="utf-8"><title>{title}</title>
<script src="/scripts/report.js"></script>
{head}
<body>
<script>var api = '{api}', direct = '{direct}', profile = '{profile}';</script>
{body}
</body>
"""


@contextmanager
def proof_rig() -> Iterator[Rig]:
    """A rig with the API of the proofs behind the bridge."""
    rig = Rig(
        make_proof_api(),
        expose_headers=("X-Total-Count", "X-Method", "X-Zebra", "X-List", "X-Empty"),
        allow_headers=("Content-Type", "X-Requested-With", "X-Request-Id", "X-List", "X-Empty"),
        allow_methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"),
    )
    with InThread(rig):
        yield rig


def read_results(page: Page, url: str) -> dict[str, Any]:
    """Open a page and wait until report.js has written; no exception may reach the page."""
    page.goto(url, timeout=_SECONDS * 1000)
    written = page.locator("#results").first
    try:
        written.wait_for(state="attached", timeout=_SECONDS * 1000)
    except TimeoutError as error:
        raise AssertionError(f"no results from {url}; it is at {page.title()!r}") from error
    report: dict[str, Any] = json.loads(written.inner_text())
    assert report["errors"] == [], f"window.onerror of {url}: {report['errors']}"
    results: dict[str, Any] = report["results"]
    return results
