"""asyncio's side of a page's connection: what a `PageConnection` reads from and writes to.

asyncio's transports carry what `accepting` takes: unlike Tornado's `IOStream` they need no future
and no coroutine's turn for a read. They are the loop's own on every platform, and uvloop's under
uvloop.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from typing import Any, Protocol, cast

# SO_LINGER on, for no time at all: close sends a reset. Windows has shorts for it.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Reader(Protocol):
    """Who takes what a transport reads."""

    def connection_made(self, transport: Transport) -> None:
        """Hear of the connection."""

    def data_received(self, data: bytes) -> None:
        """Take what was read."""

    def pause_writing(self) -> None:
        """Hear that the page reads slowly."""

    def resume_writing(self) -> None:
        """Hear that it has caught up."""

    def page_left(self) -> None:
        """Hear that the page sends nothing any more; the connection is about to close."""

    def connection_lost(self) -> None:
        """Hear that the connection is gone."""


class Transport(asyncio.BufferedProtocol):
    """One connection: asyncio's protocol on the inside, the page's transport on the outside."""

    __slots__ = (
        "_buffer",
        "_paused",
        "_reader",
        "_transport",
        "address",
        "get_write_buffer_size",
        "is_closing",
        "is_tls",
        "write",
    )

    _transport: asyncio.Transport
    # asyncio's own, without a call in between: (data) -> None, () -> bytes, () -> bool.
    write: Callable[[bytes], None]
    get_write_buffer_size: Callable[[], int]
    is_closing: Callable[[], bool]

    def __init__(self, reader: Reader, buffer: memoryview, address: tuple[Any, ...]) -> None:
        """Wait for the connection.

        Args:
            reader: Who takes what is read.
            buffer: Where to read to; shared, because each read is consumed before the next begins.
                A plain `asyncio.Protocol` would allocate 256 KiB for each.
            address: The page's, as the socket names it.
        """
        self.address = address
        self.is_tls = False
        self._reader = reader
        self._buffer = buffer
        # Kept here because not every transport of asyncio can be asked.
        self._paused = False

    # asyncio calls these ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin. asyncio sets TCP_NODELAY itself; a test holds it to that."""
        self._transport = cast(asyncio.Transport, transport)
        self.write = self._transport.write
        self.get_write_buffer_size = self._transport.get_write_buffer_size
        self.is_closing = self._transport.is_closing
        self.is_tls = transport.get_extra_info("sslcontext") is not None
        self._reader.connection_made(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to read to."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read."""
        self._reader.data_received(self._buffer[:nbytes].tobytes())

    def eof_received(self) -> bool:
        """Half of a connection is of no use: what is unsent is sent, then it is closed."""
        self._reader.page_left()
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._reader.connection_lost()

    def pause_writing(self) -> None:
        """The page reads slowly."""
        self._reader.pause_writing()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._reader.resume_writing()

    # The connection calls these ----------------------------------------------------------------

    def write_eof(self) -> None:
        """End our side once everything is sent; the page's side is still read.

        Raises:
            OSError: It has ended already.
        """
        self._transport.write_eof()

    def close(self) -> None:
        """Close once everything is sent."""
        self._transport.close()

    def abort(self) -> None:
        """Close now; what is unsent is dropped."""
        self._transport.abort()

    def reset(self) -> None:
        """Close now, and by a reset: the page must not take it for an orderly end."""
        connection = self._transport.get_extra_info("socket")
        if connection is not None:
            # RFC 9112, section 8: an answer that ends with its connection looks whole otherwise.
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._transport.abort()

    def pause_reading(self) -> None:
        """Leave what the page sends in the socket."""
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()


class Outflow:
    """What leaves for the page, and whether the page reads it.

    Attributes:
        is_full: Whether the transport holds more unsent bytes than it should.
    """

    __slots__ = ("_drained", "_loop", "_sent", "_transport", "_unsent", "is_full")

    def __init__(
        self,
        transport: Transport,
        loop: asyncio.AbstractEventLoop,
        sent: asyncio.Future[None],
    ) -> None:
        """Begin with nothing; `sent` is a future that is done."""
        self.is_full = False
        self._transport = transport
        self._loop = loop
        self._sent = sent
        self._drained: asyncio.Future[None] | None = None
        # At the last look, to see whether a slow page is reading at all.
        self._unsent = 0

    def write(self, data: bytes) -> asyncio.Future[None]:
        """Send bytes; the future is done when there is room for more."""
        self._transport.write(data)
        if not self.is_full:
            return self._sent
        self.look()
        if self._drained is None:
            self._drained = self._loop.create_future()
        return self._drained

    def catch_up(self) -> None:
        """The page has read: let whoever writes go on."""
        self.is_full = False
        self._unsent = 0
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)

    def look(self) -> int:
        """Note how many bytes are unsent, and return it."""
        self._unsent = self._transport.get_write_buffer_size()
        return self._unsent

    def has_progressed(self, enough: float) -> bool:
        """Whether the page has read so many bytes since the last look, and has more to read."""
        before, unsent = self._unsent, self._transport.get_write_buffer_size()
        if not 0 < unsent < before or before - unsent < enough:
            return False
        self._unsent = unsent
        return True
