"""Accepts connections, also when there is nothing left to accept them with.

Tornado's own loop of `accept` raises what it meets; a socket that is still readable then raises it
again at once, and for ever. Here a failure pauses accepting: the kernel keeps who knocks.
"""

from __future__ import annotations

import logging
import os
import socket
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from tornado.ioloop import IOLoop

from xdr_bridge.gateway.complaints import Complaint
from xdr_bridge.gateway.sockets import BACKLOG

log = logging.getLogger("xdr_bridge.gateway")

# What waits to be sent, beyond what is on its way: with more of it in the kernel, which takes
# megabytes, a page that reads slowly would look for minutes like one that does not read at all.
_UNSENT_BYTES = 128 * 1024
# Refused connections that may read their refusal, and for how long.
_MAX_LEAVING = 32
_LEAVING_SECONDS = 2.0
_READ_BYTES = 65536

Address = tuple[Any, ...]


class Acceptor:
    """Accepts on some sockets. Belongs to the running event loop.

    Attributes:
        paused: Whether accepting waits for `resume`.
    """

    def __init__(
        self,
        take: Callable[[socket.socket, Address], None],
        make_room: Callable[[], object],
        clock: Callable[[], float],
    ) -> None:
        """Set up; `add` makes it accept.

        Args:
            take: Gets each connection, not blocking, with the address of the other side.
            make_room: Called when a connection cannot be accepted.
            clock: The loop's.
        """
        self.paused = False
        self._take = take
        self._make_room = make_room
        self._clock = clock
        # Tornado's loop: asyncio's for Windows cannot watch a listening socket.
        self._loop = IOLoop.current()
        self._sockets: list[socket.socket] = []
        self._leaving: deque[tuple[float, socket.socket]] = deque()
        self._complaint = Complaint(log)

    def add(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on these too; they do not block."""
        for listening in sockets:
            if hasattr(socket, "TCP_NOTSENT_LOWAT"):
                # Accepted connections have it from here.
                with suppress(OSError):
                    listening.setsockopt(
                        socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, _UNSENT_BYTES
                    )
            self._sockets.append(listening)
            self._loop.add_handler(listening, self._accept, IOLoop.READ)

    def resume(self) -> None:
        """Try again."""
        if self.paused:
            self.paused = False
            for listening in self._sockets:
                self._loop.add_handler(listening, self._accept, IOLoop.READ)

    def stop(self) -> None:
        """Accept nothing more but those who wait already, and close the listening sockets."""
        sockets, self._sockets = self._sockets, []
        for listening in sockets:
            if not self.paused:
                self._loop.remove_handler(listening)
                # Who waits to be accepted believes to be connected. No more can have waited: in a
                # flood the next is always there, and stopping would never end.
                for _ in range(BACKLOG + 1):
                    if not self._accept_one(listening):
                        break
            listening.close()
        self.sweep(float("inf"))

    def turn_away(self, connection: socket.socket, answer: bytes) -> None:
        """Refuse a connection that was accepted.

        It costs one write and, for a moment, a descriptor. What the page has sent is not read:
        closing at once would reset the connection and with it the answer (RFC 9112, section 9.6).
        """
        try:
            connection.setblocking(False)
            connection.send(answer)
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            connection.close()
            return
        self._leaving.append((self._clock() + _LEAVING_SECONDS, connection))
        if len(self._leaving) > _MAX_LEAVING:
            _part_with(self._leaving.popleft()[1])

    def sweep(self, now: float) -> None:
        """Part with those that had time to read their refusal; accept again, if that was paused."""
        leaving = self._leaving
        while leaving and leaving[0][0] < now:
            _part_with(leaving.popleft()[1])
        self.resume()

    def _accept(self, listening: socket.socket, _: int) -> None:
        # One at each turn of the loop. Of several processes on one socket, the first to look would
        # take all that wait, and leave the others idle; and those that are open get their turn.
        self._accept_one(listening)

    def _accept_one(self, listening: socket.socket) -> bool:
        """Accept one connection, if there is one; return whether there may be more."""
        try:
            connection, address = listening.accept()
        except BlockingIOError:
            return False
        except ConnectionAbortedError:
            # Gone before its turn came.
            return True
        except OSError as error:
            if not self.paused and self._sockets:
                self._pause(error)
            return False
        self._take(connection, address)
        return True

    def _pause(self, error: OSError) -> None:
        """Wait: no descriptor is left, in this process or in all, or no memory."""
        self.paused = True
        for listening in self._sockets:
            self._loop.remove_handler(listening)
        why = os.strerror(error.errno).lower() if error.errno else "accepting failed"
        self._complaint.say(
            self._clock(), f"no connection can be accepted: {why}; those that knock wait"
        )
        self._make_room()


def _part_with(connection: socket.socket) -> None:
    with suppress(OSError):
        # Bytes unread at the close would reset it.
        connection.recv(_READ_BYTES)
    connection.close()
