"""A proxy in front of a bridge, as an operator's would be: it may end TLS, and says who asked."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.loops import LoopThread
from tests.support.raw_api import server_tls


class FrontProxy:
    """Passes every connection on to a bridge; of each request's head it appends to the end.

    Attributes:
        port: Where it listens, on 127.0.0.1.
    """

    port: int

    def __init__(self, bridge_port: int, *fields: str, tls: bool = False) -> None:
        """Set up a proxy.

        Args:
            bridge_port: Where the bridge is.
            fields: What it adds to a request's head; `{client}` is who is connected to it.
            tls: Whether it ends TLS.
        """
        self._bridge_port = bridge_port
        self._fields = fields
        self._tasks: list[asyncio.Task[None]] = []
        self._context = server_tls() if tls else None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=self._context)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        await self._server.wait_closed()
        # Each ends with its connections: the page's by then, the bridge's after its answer.
        await asyncio.gather(*self._tasks)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of ours, so that the end of the test finds it.
        self._tasks.append(asyncio.create_task(self._serve(reader, writer)))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one request and its answer."""
        ours, theirs = await asyncio.open_connection("127.0.0.1", self._bridge_port)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            client = writer.get_extra_info("peername")[0]
            added = [field.format(client=client) for field in (*self._fields, "Connection: close")]
            theirs.write(head[:-2] + "".join(f"{line}\r\n" for line in added).encode() + b"\r\n")
            sending = asyncio.create_task(_copy(reader, theirs))
            await _copy(ours, writer)
            sending.cancel()
            await asyncio.wait([sending])
        for one in (theirs, writer):
            one.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await one.wait_closed()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


@contextmanager
def front_proxy(bridge_port: int, *fields: str, tls: bool = False) -> Iterator[FrontProxy]:
    """Run a `FrontProxy`."""
    proxy = FrontProxy(bridge_port, *fields, tls=tls)
    with LoopThread() as thread:
        thread.run(proxy.start())
        try:
            yield proxy
        finally:
            thread.run(proxy.stop())
