"""Tornado's side of a page's connection: an `IOStream` as the transport of a `PageConnection`.

It offers the part of asyncio's `Transport` interface that the connection uses, so that the
connection does not care who reads and writes. One coroutine for each connection, none for a call.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections import deque
from typing import Any, Protocol

from tornado.iostream import IOStream, SSLIOStream, StreamClosedError

# What may be unsent before the page counts as slow.
_HIGH_WATER_BYTES = 65536
# SO_LINGER on, for no time at all: close sends a reset. Windows has shorts for it.
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
# The most that one read takes.
_READ_BYTES = 65536


class Reader(Protocol):
    """What a transport tells a connection; asyncio's `Protocol` interface."""

    def connection_made(self, transport: Transport) -> None:
        """Hear of the connection."""

    def data_received(self, data: bytes) -> None:
        """Take what was read."""

    def pause_writing(self) -> None:
        """Hear that the page reads slowly."""

    def resume_writing(self) -> None:
        """Hear that it has caught up."""

    def connection_lost(self) -> None:
        """Hear that the connection is gone."""


class Transport:
    """Reads from and writes to one stream."""

    __slots__ = (
        "_closing",
        "_ends_after",
        "_full",
        "_paused",
        "_reader",
        "_resumed",
        "_stream",
        "_unsent",
        "_unsent_bytes",
        "address",
        "is_tls",
    )

    def __init__(self, stream: IOStream, reader: Reader, address: tuple[Any, ...]) -> None:
        """Take a stream that Tornado has accepted; `serve` runs it.

        Args:
            stream: The stream.
            reader: Who takes what is read.
            address: The page's, as the socket names it.
        """
        self.address = address
        self.is_tls = isinstance(stream, SSLIOStream)
        self._stream = stream
        self._reader = reader
        self._paused = False
        self._resumed: asyncio.Future[None] | None = None
        # The sizes of writes that the socket has not taken whole, in order.
        self._unsent: deque[int] = deque()
        self._unsent_bytes = 0
        self._full = False
        self._closing = False
        self._ends_after = False

    async def serve(self) -> None:
        """Read until the connection is gone, and tell the reader."""
        stream, reader = self._stream, self._reader
        with contextlib.suppress(StreamClosedError):
            # Nagle holds small pieces of an answer back for tens of milliseconds.
            stream.set_nodelay(True)
            stream.set_close_callback(self.resume_reading)
            reader.connection_made(self)
            while not stream.closed():
                if self._paused:
                    self._resumed = asyncio.get_running_loop().create_future()
                    await self._resumed
                    continue
                reader.data_received(await stream.read_bytes(_READ_BYTES, partial=True))
        stream.close()
        reader.connection_lost()

    def write(self, data: bytes) -> None:
        """Send bytes, now or as soon as the page takes them."""
        if self._stream.closed():
            return
        future = self._stream.write(data)
        if future.done():
            return
        self._unsent.append(len(data))
        self._unsent_bytes += len(data)
        future.add_done_callback(self._sent)
        if not self._full and self._unsent_bytes > _HIGH_WATER_BYTES:
            self._full = True
            self._reader.pause_writing()

    def _sent(self, future: asyncio.Future[None]) -> None:
        # A connection that went away has told the reader already.
        future.exception()
        self._unsent_bytes -= self._unsent.popleft()
        if self._unsent_bytes:
            return
        if self._full:
            self._full = False
            self._reader.resume_writing()
        if self._closing:
            self._stream.close()
        elif self._ends_after:
            self._end()

    def get_write_buffer_size(self) -> int:
        """Count the bytes of writes that have not left whole."""
        return self._unsent_bytes

    def is_closing(self) -> bool:
        """Whether nothing more is sent."""
        return self._closing or self._stream.closed()

    def write_eof(self) -> None:
        """End our side once everything is sent; the page's side is still read."""
        self._ends_after = True
        if not self._unsent_bytes:
            self._end()

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.socket.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Close once everything is sent."""
        self._closing = True
        if not self._unsent_bytes:
            self._stream.close()

    def abort(self) -> None:
        """Close now; what is unsent is dropped."""
        self._closing = True
        self._stream.close()

    def reset(self) -> None:
        """Close now, and by a reset: the page must not take it for an orderly end."""
        if not self._stream.closed():
            # RFC 9112, section 8: an answer that ends with its connection looks whole otherwise.
            with contextlib.suppress(OSError):
                option = socket.SO_LINGER
                self._stream.socket.setsockopt(socket.SOL_SOCKET, option, _NO_LINGER)
        self.abort()

    def pause_reading(self) -> None:
        """Leave what the page sends in the socket."""
        self._paused = True

    def resume_reading(self) -> None:
        """Read on."""
        self._paused = False
        if self._resumed is not None and not self._resumed.done():
            self._resumed.set_result(None)
