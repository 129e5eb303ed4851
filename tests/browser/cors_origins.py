"""A page, an API that speaks CORS in every way, rightly and wrongly, and bridges before it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from xdr_bridge.config import Settings
from xdr_bridge.gateway.journal import Exchange
from xdr_bridge.gateway.service import Gateway

EMULATOR = Path(__file__).resolve().parents[2] / "static" / "emulator" / "ie-emulator.js"


# One call after the other, in ES3: each outcome becomes a list item.
_RUN = """
function next(index) {
  var call = calls[index], xhr, name;
  if (!call) { return; }
  xhr = new XMLHttpRequest();
  xhr.open(call.method, call.url, true);
  for (name in call.headers) { xhr.setRequestHeader(name, call.headers[name]); }
  xhr.onreadystatechange = function () {
    var item;
    if (xhr.readyState !== 4) { return; }
    item = document.createElement('li');
    item.appendChild(document.createTextNode(xhr.status + ' ' +
      (xhr.status ? xhr.getResponseHeader('X-Shown') + ' ' + xhr.responseText : 'network error')));
    document.getElementById('results').appendChild(item);
    next(index + 1);
  };
  xhr.send(null);
}
next(0);
"""


class _Page(RequestHandler):
    """A bare page; `browser` adds the emulator, `bridge` a script tag, `run` makes `rig.calls`."""

    def initialize(self, rig: CorsRig) -> None:
        self._rig = rig

    def get(self, path: str) -> None:
        if path == "emulator.js":
            self.set_header("Content-Type", "text/javascript; charset=utf-8")
            self.finish(EMULATOR.read_bytes())
            return
        browser = self.get_query_argument("browser", "")
        bridge = self.get_query_argument("bridge", "")
        self.write("<!DOCTYPE html><meta charset=utf-8><title>page</title>")
        if browser:
            self.write(f'<script src="/emulator.js" data-browser="{browser}"></script>')
        if bridge:
            self.write(f'<script src="{bridge}/xdr/xdr-bridge.js"></script>')
        self.write('<ul id="results"></ul>')
        if self.get_query_argument("run", ""):
            self.write(f"<script>var calls = {json.dumps(self._rig.calls)};</script>")
            self.write(f"<script>{_RUN}</script>")
        self.finish()


class Api(RequestHandler):
    """Answers as its query says: `status`, `location`, and any header field by its name.

    `on-preflight` holds the same for OPTIONS, as JSON; without it, OPTIONS is like any method.
    """

    SUPPORTED_METHODS: ClassVar = (*RequestHandler.SUPPORTED_METHODS, "PURGE")  # type: ignore[misc]

    def initialize(self, seen: list[str]) -> None:
        self._seen = seen

    def _answer(self) -> None:
        self._seen.append(f"{self.request.method} {self.request.path}")
        wanted: dict[str, Any] = json.loads(self.get_query_argument("answer", "{}"))
        if self.request.method == "OPTIONS":
            wanted = wanted.get("on-preflight", wanted)
        self.set_status(wanted.get("status", 200), "Told")
        self.set_header("Content-Type", "text/plain")
        for name, value in wanted.get("headers", []):
            self.add_header(name, value)
        if self.get_status() not in (204, 304):
            self.write("answer")

    get = head = post = put = patch = delete = options = purge = _answer


class CorsRig:
    """One page origin and one API; `bridge` adds a gateway with settings of the test's choosing."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.exchanges: list[Exchange] = []
        self._servers: list[HTTPServer] = []
        self._gateways: list[Gateway] = []
        self._wanted: list[dict[str, Any]] = []
        self.bridges: list[str] = []

    def want(self, **settings: Any) -> int:
        """Ask for one more bridge before the start; return its index in `bridges`.

        `{page}` in an origin stands for the page's.
        """
        self._wanted.append(settings)
        return len(self._wanted) - 1

    async def start(self) -> None:
        pages = [(r"/(.*)", _Page, {"rig": self})]
        self.page = self._serve(Application(pages, log_function=lambda _: None))
        handlers = [(r"/.*", Api, {"seen": self.seen})]
        self.api = self._serve(Application(handlers, log_function=lambda _: None))
        for settings in self._wanted:
            origins = tuple(o.format(page=self.page) for o in settings.pop("allow_origins", ()))
            given = {"allow_origins": origins} if origins else {}
            gateway = Gateway(
                Settings(api=self.api, port=0, **given, **settings), observer=self.exchanges.append
            )
            gateway.start()
            self._gateways.append(gateway)
            self.bridges.append(f"http://127.0.0.1:{gateway.port}")

    def _serve(self, application: Application) -> str:
        sockets = bind_sockets(0, "127.0.0.1")
        server = HTTPServer(application)
        server.add_sockets(sockets)
        self._servers.append(server)
        return f"http://127.0.0.1:{sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        for gateway in self._gateways:
            await gateway.stop()
        for server in self._servers:
            server.stop()
            await server.close_all_connections()
