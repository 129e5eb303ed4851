"""The page's side on real sockets: accepts connections, and watches their deadlines.

An asyncio protocol for each connection, one shared buffer, one sweep: a call on a kept connection
makes no task and no timer.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from ssl import SSLContext

from xdr_bridge.conversation import House
from xdr_bridge.page_connection import Limits, PageConnection

# The most that one read takes, whatever the number of connections.
_BUFFER_BYTES = 65536
_BACKLOG = 1024


class Listener:
    """All connections of pages to one gateway. Belongs to the running event loop."""

    def __init__(self, house: House, limits: Limits, *, ssl: SSLContext | None = None) -> None:
        """Set up a listener; `start` makes it listen.

        Args:
            house: The gateway.
            limits: See `Limits`.
            ssl: For TLS.
        """
        self.house = house
        self.limits = limits
        self.loop = house.loop
        self.clock = house.clock
        # Sound because each read is consumed before the next begins.
        self.buffer = memoryview(bytearray(_BUFFER_BYTES))
        self.connections: set[PageConnection] = set()
        self.stopping = False
        # What `write` returns where nothing is to be waited for.
        self.sent: asyncio.Future[None] = self.loop.create_future()
        self.sent.set_result(None)
        self._ssl = ssl
        self._starts: list[asyncio.Task[asyncio.Server]] = []
        self._gone: asyncio.Future[None] | None = None

    def start(self, sockets: Iterable[socket.socket]) -> None:
        """Accept connections from these bound sockets."""
        for bound in sockets:
            # They listen already: nothing is lost until the task runs.
            serving = self.loop.create_server(
                lambda: PageConnection(self), sock=bound, ssl=self._ssl, backlog=_BACKLOG
            )
            self._starts.append(self.loop.create_task(serving))

    async def stop(self) -> None:
        """Accept nothing more; connections end with the answer that is under way, idle ones now."""
        self.stopping = True
        servers = await asyncio.gather(*self._starts)
        if isinstance(self.loop, asyncio.SelectorEventLoop):
            # CPython 3.11 fails for a connection that a server accepts right before its end.
            for bound in (bound for server in servers for bound in server.sockets):
                self.loop.remove_reader(bound)
        # Requests that are here already are answered.
        await asyncio.sleep(0)
        for server in servers:
            server.close()
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
            if connection.deadline < now and not connection.has_progressed(now):
                connection.expire()
