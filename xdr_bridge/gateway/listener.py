"""The page's side on real sockets: who gets in, and who has had his time.

asyncio's transports carry. One sweep for all connections: a call on a kept one makes no task and no
timer.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterable
from typing import Any

from xdr_bridge.config import Certificate
from xdr_bridge.gateway.accepting import Acceptor, Address
from xdr_bridge.gateway.complaints import Complaint
from xdr_bridge.gateway.connection import PageConnection
from xdr_bridge.gateway.outgoing import as_bytes
from xdr_bridge.gateway.places import Places, place_of
from xdr_bridge.gateway.shared import Limits, Shared
from xdr_bridge.gateway.streams import Transport
from xdr_bridge.http.errors import Code, RequestError

log = logging.getLogger("xdr_bridge.gateway")

# The most that one read takes, whatever the number of connections.
_BUFFER_BYTES = 65536
# For what has been accepted to take its place among the connections; a TLS handshake may fail to.
_ARRIVAL_SECONDS = 1.0
# All connections are looked at for idle ones no more often than this.
_LOOK_SECONDS = 0.25
# Given up at once where there is no descriptor left for the next one.
_ROOM = 4


class Listener:
    """All connections of pages to one gateway. Belongs to the running event loop."""

    def __init__(
        self,
        shared: Shared,
        limits: Limits,
        places: Places,
        *,
        certificate: Certificate | None = None,
    ) -> None:
        """Set up a listener; `add_sockets` makes it listen.

        Args:
            shared: The gateway.
            limits: See `Limits`.
            places: How many may be connected.
            certificate: For TLS; a listener with one may be given another.
        """
        self.shared = shared
        self.limits = limits
        self.places = places
        self.loop = shared.loop
        self.clock = shared.clock
        self.connections: set[PageConnection] = set()
        self.stopping = False
        # What `write` returns where nothing is to be waited for.
        self.sent: asyncio.Future[None] = self.loop.create_future()
        self.sent.set_result(None)
        self.certificate = certificate
        # Sound because each read is consumed before the next begins.
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._emptied = asyncio.Event()
        self._late: set[PageConnection] = set()
        self._acceptor = Acceptor(self._take, self._give_up_some, shared.clock)
        # Accepted, but not among the connections yet.
        self._arriving: dict[asyncio.Task[None], socket.socket] = {}
        # Idle ones at the last look, the longest idle last.
        self._idle: list[PageConnection] = []
        self._next_look = 0.0
        self._complaint = Complaint(log)

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Listen on these; they do not block."""
        self._acceptor.add(sockets)

    async def retire(self) -> None:
        """Accept nothing more; each connection ends with its next answer, or as idle.

        A page may be sending a request on an idle connection while we close it, and RFC 9112,
        section 9.3.1, forbids it to repeat a POST. So it is not closed at once, and an answer says
        `Connection: close` beforehand.
        """
        self.stopping = True
        self._acceptor.stop()
        if self._arriving:
            # What has been accepted takes its place among the connections.
            await asyncio.wait(self._arriving, timeout=_ARRIVAL_SECONDS)
            self._shut_arriving()
        for connection in tuple(self.connections):
            connection.retire()

    async def emptied(self) -> None:
        """Wait until no connection is left."""
        while self.connections or self._arriving:
            if self._arriving:
                await asyncio.wait(self._arriving)
            else:
                self._emptied.clear()
                await self._emptied.wait()

    def break_off(self) -> None:
        """Close what is left, whatever is under way."""
        self._shut_arriving()
        for connection in tuple(self.connections):
            connection.expire()

    def _shut_arriving(self) -> None:
        for arriving in self._arriving.values():
            # A task that is cancelled may leave a transport behind that tells nobody of its end.
            with contextlib.suppress(OSError):
                arriving.shutdown(socket.SHUT_RDWR)

    def lost(self, connection: PageConnection) -> None:
        """Forget a connection that is gone for good."""
        self.connections.discard(connection)
        self._late.discard(connection)
        self.places.leave(connection.place)
        # Its descriptor is free; others may be waiting for one.
        self._acceptor.resume()
        if not self.connections:
            self._emptied.set()

    def sweep(self, now: float) -> None:
        """End the connections whose time is over, if it was at the sweep before as well.

        In between the loop has read what was there: a request that came in time is answered, also
        by a process that was kept waiting.
        """
        late = {c for c in self.connections if c.deadline < now and not c.has_progressed()}
        for connection in late & self._late:
            connection.time_out()
        self._late = late & self.connections
        self._acceptor.sweep(now)

    def _take(self, connection: socket.socket, address: Address) -> None:
        """Serve a connection, or refuse it."""
        places = self.places
        host = address[0] if address else ""
        place = place_of(host)
        if places.is_full_for(place) and not self.shared.bridge.is_proxy(host):
            self._turn_away(
                connection,
                f"{places.most_per_address} connections are open from the address {place or '?'},"
                " as many as --max-connections-per-address allows",
            )
        elif places.is_full() and not self._give_up_idle(1):
            self._turn_away(
                connection,
                f"{places.most} connections are open, as many as --max-connections allows",
            )
        else:
            places.take(place)
            task = self.loop.create_task(self._serve(connection, address, place))
            self._arriving[task] = connection
            task.add_done_callback(self._arriving.pop)

    async def _serve(self, connection: socket.socket, address: Address, place: str) -> None:
        try:
            await self.loop.connect_accepted_socket(
                lambda: Transport(PageConnection(self, place), self._buffer, address),
                connection,
                **self._tls(),
            )
        except OSError:
            # Gone before it began: closed, or no TLS.
            connection.close()
            self.places.leave(place)

    def _tls(self) -> dict[str, Any]:
        if self.certificate is None:
            return {}
        return {
            "ssl": self.certificate.context,
            "ssl_handshake_timeout": self.limits.handshake_seconds,
            # Counts from the close on, with what is unsent then: as for a page without TLS.
            "ssl_shutdown_timeout": self.shared.idle_seconds,
        }

    def _turn_away(self, connection: socket.socket, why: str) -> None:
        self.shared.refused(Code.TOO_MANY_CONNECTIONS)
        self._complaint.say(self.clock(), f"connections are refused: {why}")
        if self.certificate is not None:
            # Nothing can be said before a handshake, which would cost more than this.
            connection.close()
            return
        reply = self.shared.bridge.refuse(RequestError(Code.TOO_MANY_CONNECTIONS, why))
        self._acceptor.turn_away(connection, as_bytes(reply.head, reply.body))

    def _give_up_some(self) -> None:
        self._give_up_idle(_ROOM)

    def _give_up_idle(self, count: int) -> bool:
        """Close those that have been idle for longest; return whether there was any.

        A page asks again on another connection; one that has asked for something cannot.
        """
        now = self.clock()
        if not self._idle and now >= self._next_look:
            # Once for many: a flood must not make every newcomer cost a look at all.
            self._next_look = now + _LOOK_SECONDS
            self._idle = [c for c in self.connections if c.is_idle]
            # By when they would be closed anyway; who has asked nothing yet has less time.
            self._idle.sort(key=lambda c: c.deadline, reverse=True)
        found = False
        while self._idle and count:
            connection = self._idle.pop()
            if connection.is_idle:
                connection.expire()
                found = True
                count -= 1
        return found
