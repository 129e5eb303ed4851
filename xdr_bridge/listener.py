"""The page's side on real sockets: accepts connections, and watches their deadlines.

Tornado's `TCPServer` accepts; asyncio's transports carry. One sweep for all connections: a call on
a kept one makes no task and no timer.
"""

from __future__ import annotations

import asyncio
import contextlib
from ssl import SSLContext
from typing import Any

from tornado.iostream import IOStream
from tornado.tcpserver import TCPServer

from xdr_bridge.conversation import House
from xdr_bridge.page_connection import Limits, PageConnection
from xdr_bridge.streams import Transport

# The most that one read takes, whatever the number of connections.
_BUFFER_BYTES = 65536


class Listener(TCPServer):
    """All connections of pages to one gateway. Belongs to the running event loop."""

    def __init__(self, house: House, limits: Limits, *, ssl: SSLContext | None = None) -> None:
        """Set up a listener; `start` makes it listen.

        Args:
            house: The gateway.
            limits: See `Limits`.
            ssl: For TLS.
        """
        super().__init__()
        self._ssl = ssl
        # Sound because each read is consumed before the next begins.
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self.house = house
        self.limits = limits
        self.loop = house.loop
        self.clock = house.clock
        self.connections: set[PageConnection] = set()
        self.stopping = False
        # What `write` returns where nothing is to be waited for.
        self.sent: asyncio.Future[None] = self.loop.create_future()
        self.sent.set_result(None)
        self._gone: asyncio.Future[None] | None = None

    async def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Serve a connection that has been accepted."""
        # Nothing has been asked of the stream yet: its socket can go to asyncio.
        with contextlib.suppress(OSError):
            await self.loop.connect_accepted_socket(
                lambda: Transport(PageConnection(self), self._buffer, address),
                stream.socket,
                ssl=self._ssl,
            )

    async def retire(self) -> None:
        """Accept nothing more; connections end with the answer that is under way, idle ones now."""
        self.stopping = True
        self.stop()
        # Requests that are here already are answered.
        await asyncio.sleep(0)
        for connection in tuple(self.connections):
            connection.retire()

    async def close(self) -> None:
        """Break off what is left, and wait until all sockets are closed."""
        for connection in tuple(self.connections):
            connection.expire()
        if self.connections:
            self._gone = self.loop.create_future()
            await self._gone

    def lost(self, connection: PageConnection) -> None:
        """Forget a connection that is gone for good."""
        self.connections.discard(connection)
        if self._gone is not None and not self.connections:
            self._gone.set_result(None)

    def sweep(self, now: float) -> None:
        """End the connections whose time is over."""
        for connection in tuple(self.connections):
            if connection.deadline < now and not connection.has_progressed():
                connection.expire()
