"""A network of bytes in memory and a clock that moves on request: thousands of talks a second.

`MemoryLoop` runs the gateway itself, timers included; only its sockets are pretended. Nothing in it
can reach the real network.
"""

from __future__ import annotations

import asyncio
import selectors
import socket
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

# No talk of these tests takes more turns of the loop without a rest; one that does never ends.
_MOST_TURNS = 200_000
# What a page may leave unread before the gateway has to notice.
_HIGH_WATER_BYTES = 65536
_READ_BYTES = 65536


class _NoSelector(selectors.SelectSelector):
    """Waits for nothing: instead of time that passes, it moves the loop's clock."""

    loop: MemoryLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.loop.turn(timeout)
        return []


class Host(Protocol):
    """Somebody who accepts connections of the gateway."""

    def accept(self, transport: ApiTransport) -> Callable[[bytes], None]:
        """Take a connection; what is returned takes the bytes that come."""


class MemoryLoop(asyncio.SelectorEventLoop):
    """An event loop without a network.

    Attributes:
        now: Its time, in seconds.
        hosts: Who accepts connections, by host and port.
        strangers: Everybody else to whom a connection was attempted: nobody may ever be in it.
        silence: A socket that nobody writes to.
        mistakes: What would have been logged as an exception that nobody caught.
    """

    def __init__(self) -> None:
        self.now = 0.0
        self.hosts: dict[tuple[str, int], Host] = {}
        self.strangers: list[tuple[str, int]] = []
        self.mistakes: list[dict[str, Any]] = []
        self.silence, self._other_end = socket.socketpair()
        self._goal = 0.0
        self._turns = 0
        selector = _NoSelector()
        selector.loop = self
        super().__init__(selector)
        # After years of this clock its steps are larger than a nanosecond.
        self._clock_resolution = 1e-3
        self.set_debug(False)
        self.set_exception_handler(lambda _, context: self.mistakes.append(context))

    def time(self) -> float:
        return self.now

    def turn(self, timeout: float | None) -> None:
        """Take the place of waiting: move the clock, or stop where nothing is left to do."""
        self._turns += 1
        if self._turns > _MOST_TURNS:
            raise AssertionError("the loop finds no rest")
        if timeout is None or (timeout > 0 and self.now + timeout > self._goal):
            self.now = self._goal
            self.stop()
        else:
            self.now += timeout

    def close(self) -> None:
        self.silence.close()
        self._other_end.close()
        super().close()

    def advance(self, seconds: float = 0.0) -> None:
        """Do everything that is to be done until so many seconds have passed."""
        self._goal = self.now + seconds
        self._turns = 0
        self.run_forever()

    def do(self, work: Callable[[], None]) -> None:
        """Do this on the loop, with everything that follows from it at once."""
        self.call_soon(work)
        self.advance()

    async def create_connection(  # type: ignore[override]
        self,
        protocol_factory: Callable[[], asyncio.BufferedProtocol],
        host: str,
        port: int,
        **options: Any,
    ) -> tuple[ApiTransport, asyncio.BufferedProtocol]:
        """Connect to a host of ours; note any other."""
        found = self.hosts.get((host, port))
        if found is None:
            self.strangers.append((host, port))
            raise ConnectionRefusedError
        protocol = protocol_factory()
        transport = ApiTransport(self, protocol)
        protocol.connection_made(transport)
        transport.receiver = found.accept(transport)
        return transport, protocol

    async def getaddrinfo(self, host: Any, port: Any, **options: Any) -> Any:  # type: ignore[override]
        self.strangers.append((host, port))
        raise OSError("there is no network")


class ApiTransport(asyncio.Transport):
    """The gateway's end of a connection to an API; `say`, `end` and `reset` are the API's.

    Attributes:
        receiver: Takes what the gateway sends.
        gone: Whether nothing is left of the connection.
    """

    receiver: Callable[[bytes], None]
    # Of the socket that it stands for: none that tells what is acknowledged.
    family = socket.AF_UNSPEC

    def __init__(self, loop: MemoryLoop, protocol: asyncio.BufferedProtocol) -> None:
        super().__init__({"socket": self})
        self.gone = False
        self._loop = loop
        self._protocol = protocol
        self._closing = self._paused = False
        # Bytes, an end (None) or a reset, in order.
        self._coming: deque[bytes | Exception | None] = deque()

    def say(self, data: bytes) -> None:
        """Send bytes to the gateway; they arrive one read each."""
        for start in range(0, len(data), _READ_BYTES):
            self._come(data[start : start + _READ_BYTES])

    def end(self) -> None:
        """Close in an orderly way."""
        self._come(None)

    def break_off(self) -> None:
        """Close by a reset."""
        self._come(ConnectionResetError())

    def _come(self, what: bytes | Exception | None) -> None:
        self._coming.append(what)
        self._loop.call_soon(self._deliver)

    def _deliver(self) -> None:
        while self._coming and not self._paused and not self._closing:
            what = self._coming.popleft()
            if isinstance(what, bytes):
                self._protocol.get_buffer(-1)[: len(what)] = what
                self._protocol.buffer_updated(len(what))
            else:
                if what is None and self._protocol.eof_received():
                    continue
                self._close(what)

    def _close(self, error: Exception | None) -> None:
        if not self._closing:
            self._closing = True
            self._coming.clear()
            self._loop.call_soon(self._lose, error)

    def _lose(self, error: Exception | None) -> None:
        self.gone = True
        self._protocol.connection_lost(error)

    # The gateway calls these -------------------------------------------------------------------

    def fileno(self) -> int:
        """Stand in for the socket, on which nothing ever waits to be read."""
        return -1 if self.gone else self._loop.silence.fileno()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if data and not self._closing:
            self.receiver(bytes(data))

    def writelines(self, list_of_data: Any) -> None:
        self.write(b"".join(list_of_data))

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self._closing

    def close(self) -> None:
        self._close(None)

    def abort(self) -> None:
        self._close(None)

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._loop.call_soon(self._deliver)


class PageTransport:
    """The gateway's end of a connection from a page; `say`, `read`, `end`, `break_off` are hers.

    It is what `xdr_bridge.gateway.streams.Transport` is to a connection.

    Attributes:
        received: What the page has read.
        ended: Whether the page has seen the end of the gateway's side.
        was_reset: Whether she was told by a reset.
        gone: Whether nothing is left of the connection.
    """

    is_tls = False
    address = ("192.0.2.1", 40000)

    def __init__(self, loop: MemoryLoop, connection: Any, *, reads: bool = True) -> None:
        """Connect.

        Args:
            loop: Where the gateway runs.
            connection: A `PageConnection`.
            reads: Whether the page takes everything at once; else `read` does.
        """
        self.received = bytearray()
        self.ended = self.was_reset = self.gone = False
        self._loop = loop
        self._connection = connection
        self._reads = reads
        self._unsent = bytearray()
        self._full = self._closing = self._eof = self._paused = False
        self._coming: deque[bytes | None] = deque()
        connection.connection_made(self)

    # The page's side ----------------------------------------------------------------------------

    def say(self, data: bytes) -> None:
        """Send a piece; it arrives in one read."""
        for start in range(0, len(data), _READ_BYTES):
            self._coming.append(data[start : start + _READ_BYTES])
        self._loop.call_soon(self._deliver)

    def end(self) -> None:
        """Send nothing more."""
        self._coming.append(None)
        self._loop.call_soon(self._deliver)

    def break_off(self) -> None:
        """Reset the connection."""
        self._closing = True
        self._unsent.clear()
        self._loop.call_soon(self._lose)

    def read(self, size: int) -> None:
        """Take so many bytes of what waits."""
        self.received += self._unsent[:size]
        del self._unsent[:size]
        self._loop.call_soon(self._sent)

    def read_on(self) -> None:
        """Read everything from now on."""
        self._reads = True
        self.read(len(self._unsent))

    def _deliver(self) -> None:
        while self._coming and not self._paused and not self._closing:
            data = self._coming.popleft()
            if data is not None:
                self._connection.data_received(data)
                continue
            self._connection.page_left()
            self.close()

    def _sent(self) -> None:
        if self._unsent:
            return
        if self._full and not self.gone:
            self._full = False
            self._connection.resume_writing()
        self.ended = self.ended or self._eof
        if self._closing:
            self._lose()

    def _lose(self) -> None:
        if not self.gone:
            self.gone = self.ended = True
            self._connection.connection_lost()

    # The gateway calls these -------------------------------------------------------------------

    def write(self, data: bytes) -> None:
        assert not self._eof, "written after the end"
        if self._closing:
            return
        self._unsent += data
        if self._reads:
            self.read(len(data))
        if not self._full and len(self._unsent) > _HIGH_WATER_BYTES:
            self._full = True
            self._connection.pause_writing()

    def get_write_buffer_size(self) -> int:
        return len(self._unsent)

    def is_closing(self) -> bool:
        return self._closing

    def write_eof(self) -> None:
        self._eof = True
        self._loop.call_soon(self._sent)

    def close(self) -> None:
        self._closing = True
        self._loop.call_soon(self._sent)

    def abort(self) -> None:
        self._closing = True
        self._unsent.clear()
        self._loop.call_soon(self._lose)

    def reset(self) -> None:
        self.was_reset = True
        self.abort()

    def pause_reading(self) -> None:
        self._paused = True

    def resume_reading(self) -> None:
        self._paused = False
        self._loop.call_soon(self._deliver)
