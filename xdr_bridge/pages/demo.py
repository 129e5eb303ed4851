"""Run the demo: a shop page, the bridge and a notes API, three origins on loopback.

It starts and stops them and decides nothing. It prints nothing either: what there is to say goes
to the caller's `announce`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeAlias

from tornado.httpserver import HTTPServer
from tornado.web import Application

from xdr_bridge.config import Settings
from xdr_bridge.gateway.journal import Observer
from xdr_bridge.pages.journal import Journal
from xdr_bridge.pages.notes import make_notes_api
from xdr_bridge.pages.notes_store import NotesStore
from xdr_bridge.pages.seed import SEED_NOTES
from xdr_bridge.pages.shop_page import make_shop

_HOST = "127.0.0.1"
_API_MAX_BODY_BYTES = 1024 * 1024


class RunningGateway(Protocol):
    """A bridge that listens, as `gateway.Gateway` does."""

    @property
    def port(self) -> int:
        """The port it listens on, once started."""

    def start(self) -> None:
        """Listen, on the running event loop."""

    async def stop(self) -> None:
        """Close everything."""


GatewayFactory: TypeAlias = Callable[[Settings, Observer], RunningGateway]


class Demo:
    """Three origins on loopback, from `start` to `stop`.

    A port that is taken is replaced by a free one; port 0 always means a free one.

    Args:
        make_gateway: Makes the bridge. A parameter, because `pages` is beside `gateway`, not
            above it.
        shop_port: Where the page is to be.
        bridge_port: Where the bridge is to be.
        api_port: Where the notes API is to be.
    """

    def __init__(
        self,
        make_gateway: GatewayFactory,
        *,
        shop_port: int = 8700,
        bridge_port: int = 8780,
        api_port: int = 9000,
    ) -> None:
        self._make_gateway = make_gateway
        self._ports = (shop_port, bridge_port, api_port)
        self._servers: list[HTTPServer] = []
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._store: NotesStore | None = None
        self._gateway: RunningGateway | None = None
        self.shop_url = ""
        self.bridge_url = ""
        self.api_url = ""

    async def start(self) -> None:
        """Start all three; afterwards `shop_url`, `bridge_url` and `api_url` are set.

        Raises:
            OSError: No port can be had, or no temporary directory. Nothing is left running.
        """
        try:
            self._start()
        except BaseException:
            await self.stop()
            raise

    def _start(self) -> None:
        shop_port, bridge_port, api_port = self._ports
        journal = Journal()
        self._directory = tempfile.TemporaryDirectory(
            prefix="xdr-bridge-demo-", ignore_cleanup_errors=True
        )
        self._store = NotesStore(Path(self._directory.name) / "notes.sqlite3")
        self._store.create_all(SEED_NOTES)
        api = make_notes_api(self._store, record=journal.note_received)
        self.api_url = self._serve(api, _bind(api_port))

        # The bridge must know the page's origin and the page the bridge's port: the page's socket
        # is bound before the bridge starts and listened on afterwards.
        shop_sockets = _bind(shop_port)
        self.shop_url = _origin(shop_sockets[0].getsockname()[1])
        try:
            self._start_gateway(journal, _free(bridge_port))
        except BaseException:
            shop_sockets[0].close()
            raise
        shop = make_shop(origin=self.shop_url, bridge=self.bridge_url, journal=journal)
        self._serve(shop, shop_sockets)

    def _start_gateway(self, journal: Journal, port: int) -> None:
        settings = Settings(
            api=self.api_url,
            host=_HOST,
            port=port,
            allow_origins=(self.shop_url,),
            expose_headers=("X-Total-Count", "Location"),
        )
        gateway = self._make_gateway(settings, journal.observe)
        gateway.start()
        self._gateway = gateway
        self.bridge_url = _origin(gateway.port)

    def _serve(self, application: Application, sockets: list[socket.socket]) -> str:
        server = HTTPServer(application, max_body_size=_API_MAX_BODY_BYTES)
        self._servers.append(server)
        server.add_sockets(sockets)
        return _origin(sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close all three and remove the temporary directory. May be called twice."""
        gateway, self._gateway = self._gateway, None
        if gateway is not None:
            await gateway.stop()
        servers, self._servers = self._servers, []
        for server in servers:
            server.stop()
            await server.close_all_connections()
        store, self._store = self._store, None
        if store is not None:
            # Before the directory goes: Windows removes no open file.
            store.close()
        directory, self._directory = self._directory, None
        if directory is not None:
            directory.cleanup()


async def run_demo(
    make_gateway: GatewayFactory,
    *,
    announce: Callable[[str], None],
    stop: asyncio.Event,
    shop_port: int = 8700,
    bridge_port: int = 8780,
    api_port: int = 9000,
    open_browser: bool = False,
) -> None:
    """Run the demo until `stop` is set.

    Args:
        make_gateway: Makes the bridge.
        announce: Is told, line by line, where everything is.
        stop: Set it, and everything is closed.
        shop_port: Where the page is to be, if the port is free.
        bridge_port: Where the bridge is to be, if the port is free.
        api_port: Where the notes API is to be, if the port is free.
        open_browser: Whether to show the page in the user's browser.

    Raises:
        OSError: No port can be had, or no temporary directory.
    """
    demo = Demo(make_gateway, shop_port=shop_port, bridge_port=bridge_port, api_port=api_port)
    await demo.start()
    try:
        announce(f"page    {demo.shop_url}/")
        announce(f"bridge  {demo.bridge_url}")
        announce(f"API     {demo.api_url}/notes")
        if open_browser:
            # A thread that nobody waits for: a browser in a terminal returns when it is closed.
            threading.Thread(
                target=webbrowser.open, args=(demo.shop_url + "/",), daemon=True
            ).start()
        await stop.wait()
    finally:
        await demo.stop()


def _bind(port: int) -> list[socket.socket]:
    """Listen on the port, or on a free one where it cannot be had."""
    try:
        return [_listen(port)]
    except OSError:
        return [_listen(0)]


def _free(port: int) -> int:
    """Return the port if it can be had, else 0. The gateway binds for itself."""
    try:
        _listen(port).close()
    except OSError:
        return 0
    return port


def _listen(port: int) -> socket.socket:
    """Listen on loopback. Tornado's `bind_sockets` leaves its socket open if it cannot."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name != "nt":
            # Else a port stays taken for a minute after the last demo. Windows means another thing
            # by the name: to share the port with whoever has it.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)
        listener.bind((_HOST, port))
        listener.listen(128)
    except BaseException:
        listener.close()
        raise
    return listener


def _origin(port: int) -> str:
    return f"http://{_HOST}:{port}"
