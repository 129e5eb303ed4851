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
# Of the loop, from accepting a connection to knowing it.
_TURNS = 4


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
        self._emptied = asyncio.Event()
        self._late: set[PageConnection] = set()

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
        """Accept nothing more; each connection ends with its next answer, or as idle.

        A page may be sending a request on an idle connection while we close it, and RFC 9112,
        section 9.3.1, forbids it to repeat a POST. So it is not closed at once, and an answer says
        `Connection: close` beforehand.
        """
        self.stopping = True
        self.stop()
        # What has been accepted takes its place among the connections.
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        for connection in tuple(self.connections):
            connection.retire()

    async def emptied(self) -> None:
        """Wait until no connection is left."""
        while self.connections:
            self._emptied.clear()
            await self._emptied.wait()

    def break_off(self) -> None:
        """Close what is left, whatever is under way."""
        for connection in tuple(self.connections):
            connection.expire()

    def lost(self, connection: PageConnection) -> None:
        """Forget a connection that is gone for good."""
        self.connections.discard(connection)
        self._late.discard(connection)
        if not self.connections:
            self._emptied.set()

    def sweep(self, now: float) -> None:
        """End the connections whose time is over, if it was at the sweep before as well.

        In between the loop has read what was there: a request that came in time is answered, also
        by a process that was kept waiting.
        """
        late = {c for c in self.connections if c.deadline < now and not c.has_progressed()}
        for connection in late & self._late:
            connection.expire()
        self._late = late & self.connections
