"""The three origins that a browser test needs, in one thread beside the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler

from xdr_bridge.config import Settings
from xdr_bridge.gateway import Gateway
from xdr_bridge.pages.demo import Demo
from xdr_bridge.pages.notes import make_notes_api
from xdr_bridge.pages.notes_store import NotesStore
from xdr_bridge.pages.seed import SEED_NOTES

STATIC = Path(__file__).resolve().parents[2] / "static"
_SECONDS = 20


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
        content_type, content = self.rig.files.get(name, (None, ""))
        if content_type is None:
            self.send_error(404)
            return
        self.set_header("Content-Type", content_type)
        self.finish(content)


class Rig:
    """A page's origin with files of the test's choosing, a bridge, and the notes API.

    `files` maps a name to (Content-Type, content).
    """

    def __init__(self, folder: Path, **settings: Any) -> None:
        self._folder = folder
        self._settings = settings
        self._servers: list[HTTPServer] = []
        self.files: dict[str, tuple[str, str]] = {}
        self.page_origin = self.bridge_origin = ""

    async def start(self) -> None:
        self._store = NotesStore(self._folder / "notes.sqlite3")
        self._store.create_all(SEED_NOTES)
        api = self._serve(make_notes_api(self._store, record=lambda _: None))
        self.page_origin = self._serve(
            Application([(r"/(.*)", _Page, {"rig": self})], log_function=lambda _: None)
        )
        self._gateway = Gateway(
            Settings(api=api, port=0, allow_origins=(self.page_origin,), **self._settings)
        )
        self._gateway.start()
        self.bridge_origin = f"http://127.0.0.1:{self._gateway.port}"

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
        self._store.close()

    def add_script(self, name: str, path: Path) -> None:
        self.files[name] = ("text/javascript; charset=utf-8", path.read_text("utf-8"))
