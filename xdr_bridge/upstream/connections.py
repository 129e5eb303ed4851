"""A connection to the API: what it does with the bytes that pass.

A `Connection` is an asyncio protocol that carries one call after the other and knows nothing
about them. Follows RFC 9112, section 9.
"""

from __future__ import annotations

import asyncio
import select
import socket
import struct
import sys
from typing import Protocol, cast

from xdr_bridge.http.errors import UpstreamError

# tcpi_bytes_acked of struct tcp_info (linux/tcp.h, since 4.1). Others do not tell it.
_BYTES_ACKED = struct.Struct("=120xQ")
_TELLS_ACKED = sys.platform == "linux"


class Holder(Protocol):
    """Whose connection it is where it is one client's: a page's connection to the bridge."""

    @property
    def is_gone(self) -> bool:
        """Whether it is closed."""


class Owner(Protocol):
    """What a connection asks of the pool."""

    def release(self, connection: Connection) -> None:
        """Take back a connection that may carry another call."""

    def lost(self, connection: Connection) -> None:
        """Hear that a connection is gone for good."""


class Cargo(Protocol):
    """What a connection carries: a `Transfer`."""

    @property
    def answered(self) -> bool:
        """Whether the head of the answer has come."""

    def feed(self, data: bytes) -> bool:
        """Read a piece of the answer and return whether the head is behind us."""

    def hang_up(self, reason: Exception | None) -> None:
        """Take the end of the connection; `reason` None if it was orderly."""

    def drained(self) -> None:
        """Hear that more may be written."""

    def waits_for_page(self) -> bool:
        """Whether the request is not complete yet."""

    def fail(self, error: UpstreamError) -> None:
        """Give the call up."""


class Connection(asyncio.BufferedProtocol):
    """One connection to the API (RFC 9112, section 9), carrying one call or idle.

    Attributes:
        cargo: The call it carries, None while idle.
        began: When its call was sent.
        calls: How many it has carried.
        gone: Done when nothing of it is left.
        holder: The only one whose calls it may carry from now on; None: anybody's.
        is_full: Whether the transport holds more unsent bytes than it should.
        opened: When it was made, by the loop's clock.
        since: When something last moved, or when it became idle.
    """

    __slots__ = (
        "_buffer",
        "_loop",
        "_owner",
        "_paused",
        "_readable",
        "_transport",
        "_unsent",
        "began",
        "calls",
        "cargo",
        "gone",
        "holder",
        "is_full",
        "opened",
        "since",
    )

    _transport: asyncio.Transport

    def __init__(self, owner: Owner, loop: asyncio.AbstractEventLoop, buffer: memoryview) -> None:
        """Begin a connection; `buffer` is shared by all that live in one loop.

        Sharing is sound because each read is consumed before the next begins. A plain
        `asyncio.Protocol` would allocate 256 KiB for each read, which costs 20 us now and then.
        """
        self.cargo: Cargo | None = None
        self.holder: Holder | None = None
        self.calls = 0
        self.opened = self.since = self.began = loop.time()
        self.is_full = False
        self.gone: asyncio.Future[None] = loop.create_future()
        self._owner = owner
        self._loop = loop
        self._buffer = buffer
        # Kept here because not every transport of asyncio can be asked.
        self._paused = False
        self._unsent = 0

    @property
    def is_closing(self) -> bool:
        """Whether it is on its way out."""
        return self._transport.is_closing()

    def is_quiet(self) -> bool:
        """Whether nothing has come that the loop has not read yet, not even the end.

        Asked before another call is sent: what is there already would be taken for its answer.
        """
        return self._readable is None or not self._readable.poll(0)

    def acknowledged(self) -> int | None:
        """Return how many bytes the API's machine has acknowledged so far; None: unknown.

        A socket keeps the count when its connection has ended, until it is closed.
        """
        own = self._transport.get_extra_info("socket")
        if not _TELLS_ACKED or own is None or own.family not in (socket.AF_INET, socket.AF_INET6):
            return None
        try:
            told = own.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_ACKED.size)
            return int(_BYTES_ACKED.unpack(told)[0])
        except (OSError, struct.error):
            return None

    @property
    def spoke_first(self) -> bool:
        """Whether the API has said something before the first request: a 503 of a balancer, say.

        Under TLS that cannot be told from what servers send after every handshake.
        """
        if self.calls or self._transport.get_extra_info("ssl_object") is not None:
            return False
        return not self.is_quiet()

    def begin(self, cargo: Cargo) -> None:
        """Carry this call."""
        self.cargo = cargo
        self.calls += 1
        self._unsent = 0
        self.touch()
        self.began = self.since

    def finish(self) -> None:
        """Become free after a complete answer, or close if the API has not read all we sent."""
        self.cargo = None
        if self._transport.get_write_buffer_size():
            self._transport.abort()
            return
        # Also after a pause: an idle connection must notice its end.
        self.resume_reading()
        self._owner.release(self)

    def touch(self) -> None:
        """Note that something moved."""
        self.since = self._loop.time()

    def quiet_seconds(self, now: float) -> float:
        """For how long the API has been holding the call up.

        It is not while the page is slow: reading is paused, or the body is open and all of it
        has been sent.
        """
        transport = self._transport
        unsent = transport.get_write_buffer_size()
        waits = self.cargo is not None and self.cargo.waits_for_page() and not unsent
        if unsent != self._unsent or waits or self._paused:
            self._unsent = unsent
            self.since = now
        return now - self.since

    def write(self, data: bytes) -> None:
        """Send, or keep in the transport's buffer; `is_full` says when that is enough."""
        self._transport.write(data)

    def pause_reading(self) -> None:
        """Read nothing; the API feels it when its socket is full."""
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        if self._paused:
            self._paused = False
            self._transport.resume_reading()
            self.touch()

    def close(self) -> None:
        """Close while idle, politely: TLS says goodbye."""
        self._transport.close()

    def abort(self) -> None:
        """Close now; what is unsent is dropped."""
        self.cargo = None
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin (asyncio)."""
        # asyncio sets TCP_NODELAY itself; a test holds it to that.
        self._transport = cast(asyncio.Transport, transport)
        # Windows has none; its loops read ahead of being asked.
        self._readable = select.poll() if hasattr(select, "poll") else None
        if self._readable is not None:
            own = transport.get_extra_info("socket")
            self._readable.register(own.fileno(), select.POLLIN)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where to read to (asyncio)."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Take what was read (asyncio)."""
        cargo = self.cargo
        if cargo is None:
            # An idle connection has nothing to say (RFC 9112, section 9.2).
            self.abort()
        elif cargo.feed(self._buffer[:nbytes].tobytes()):
            self.touch()

    def eof_received(self) -> bool:
        """Take the API's end of the connection; there is no use for half of one (asyncio)."""
        self._hang_up(None)
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end of the connection (asyncio)."""
        if exc is not None and self.cargo is not None and not self._paused:
            self._read_rest()
        self._hang_up(exc)
        self.gone.set_result(None)
        self._owner.lost(self)

    def pause_writing(self) -> None:
        """Note that the API reads slowly (asyncio)."""
        self.is_full = True

    def resume_writing(self) -> None:
        """Note that it has caught up (asyncio)."""
        self.is_full = False
        if self.cargo is not None:
            self.cargo.drained()

    def _read_rest(self) -> None:
        """Read what had come before writing failed (RFC 9112, section 9.5).

        An API that refuses an upload answers and closes; what we send meanwhile breaks the
        connection, and asyncio would not read the answer any more.
        """
        own = self._transport.get_extra_info("socket")
        if self._transport.get_extra_info("ssl_object") is not None or own.fileno() < 0:
            return
        borrowed = socket.socket(own.family, own.type, own.proto, fileno=own.fileno())
        try:
            while self.cargo is not None:
                size = borrowed.recv_into(self._buffer)
                if not size:
                    return
                self.buffer_updated(size)
        except OSError:
            return
        finally:
            borrowed.detach()

    def _hang_up(self, reason: Exception | None) -> None:
        cargo, self.cargo = self.cargo, None
        if cargo is not None:
            cargo.hang_up(reason)
