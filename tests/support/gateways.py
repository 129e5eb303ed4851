"""A running bridge, on port 0, in a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from tests.support.clients import Client, RawAnswer, request
from tests.support.loops import PATIENCE_SECONDS, LoopThread
from tests.support.raw_api import client_tls
from xdr_bridge.config import Settings
from xdr_bridge.gateway.journal import Exchange
from xdr_bridge.gateway.service import Gateway

SHOP = "https://shop.example"


class RunningGateway:
    """A bridge to talk to.

    Attributes:
        port: Where it listens, on 127.0.0.1.
        gateway: The bridge; touch it only through `thread.run`.
        thread: Its loop.
        exchanges: What its observer was told.
        tls: What it is talked to by.
    """

    def __init__(self, gateway: Gateway, thread: LoopThread, exchanges: list[Exchange]) -> None:
        self.port = gateway.port
        self.gateway = gateway
        self.tls = client_tls() if gateway.settings.certificate is not None else None
        self.thread = thread
        self.exchanges = exchanges

    def closed_all(self, seconds: float) -> bool:
        """Wait until the bridge has closed every connection; return whether it has."""

        async def wait() -> bool:
            # Tornado's own record: a socket that its peer does not read tells nothing.
            for _ in range(int(seconds * 100)):
                if not self.gateway.open_connections:
                    return True
                await asyncio.sleep(0.01)
            return False

        return self.thread.run(wait())

    def begin_to_stop(self, *, grace_seconds: float) -> Future[None]:
        """Begin to stop; return when nothing more is accepted, with what is done at the end."""
        listener = self.gateway._listener
        retired, retire = threading.Event(), listener.retire

        async def retire_and_tell() -> None:
            await retire()
            retired.set()

        listener.retire = retire_and_tell  # type: ignore[method-assign]
        stopping = asyncio.run_coroutine_threadsafe(
            self.gateway.stop(grace_seconds=grace_seconds), self.thread.loop
        )
        assert retired.wait(PATIENCE_SECONDS)
        return stopping

    def connect(self, **more: Any) -> Client:
        """Open a connection."""
        return Client(self.port, **{"tls": self.tls, **more})

    def ask(self, data: bytes, method: str | None = None) -> RawAnswer:
        """Send these bytes on a fresh connection and read one answer."""
        with self.connect() as client:
            client.send(data)
            return client.read(method or data.split(b" ", 1)[0].decode("latin-1"))

    def call(self, method: str, target: str, *fields: tuple[str, str], **more: Any) -> RawAnswer:
        """Send one request and read its answer."""
        return self.ask(request(method, target, *fields, **more), method)

    def tunnel(self, message: str | bytes, *, parameters: str = "$xdr=1", **more: Any) -> RawAnswer:
        """Send a call in body form."""
        body = message.encode() if isinstance(message, str) else message
        return self.call("POST", f"/xdr/tunnel?{parameters}", body=body, **more)


@contextmanager
def running_gateway(api_url: str, **settings: Any) -> Iterator[RunningGateway]:
    """Run a bridge in front of this API, or of `apis`; `settings` are fields of `Settings`.

    Pages of `SHOP` are allowed, unless others are; with `allow_origins=None` the API decides.
    """
    settings.setdefault("port", 0)
    if "apis" not in settings:
        settings = {"api": api_url, "allow_origins": (SHOP,), **settings}
    if settings.get("allow_origins", ()) is None:
        del settings["allow_origins"]
    exchanges: list[Exchange] = []
    gateway = Gateway(Settings(**settings), observer=exchanges.append)

    async def start() -> None:
        gateway.start()

    with LoopThread() as thread:
        thread.run(start())
        try:
            yield RunningGateway(gateway, thread, exchanges)
        finally:
            thread.run(gateway.stop(grace_seconds=1.0))
