"""An API made of scripts: exact bytes, stalls, resets. For tests of whoever calls an API.

Each connection follows one script, an async function of its `Peer`; the last script serves all
further connections. When a script returns its connection is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Self


class Peer:
    """One connection, seen from the API."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.sent = 0

    async def head(self) -> bytes:
        """Read through the next blank line."""
        return await self.reader.readuntil(b"\r\n\r\n")

    async def body(self, size: int) -> bytes:
        """Read so many bytes."""
        return await self.reader.readexactly(size)

    async def rest(self) -> bytes:
        """Read until the caller closes; a reset counts as closing."""
        pieces = []
        with contextlib.suppress(ConnectionError):
            while piece := await self.reader.read(65536):
                pieces.append(piece)
        return b"".join(pieces)

    async def send(self, data: bytes) -> None:
        """Send exactly this, and wait while the caller reads slowly."""
        self.writer.write(data)
        self.sent += len(data)
        await self.writer.drain()

    def reset(self) -> None:
        """Make the caller see ECONNRESET."""
        own = self.writer.get_extra_info("socket")
        own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


_TLS = Path(__file__).with_name("tls")
# Of localhost and 127.0.0.1, and its own authority.
SELF_SIGNED = _TLS / "api_self_signed.pem"
# An authority, and what it has certified: localhost and 127.0.0.1; shop.example; localhost once.
AUTHORITY = _TLS / "private_authority.pem"
PRIVATE = _TLS / "api_of_private_authority.pem"
SHOP_ONLY = _TLS / "shop_of_private_authority.pem"
EXPIRED = _TLS / "expired_of_private_authority.pem"
# The key of the first, in need of a passphrase.
LOCKED_KEY = _TLS / "key_with_passphrase.pem"


def server_tls(certificate: Path = SELF_SIGNED) -> ssl.SSLContext:
    """Serve TLS by one of the certificates above."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def client_tls(authority: Path = SELF_SIGNED) -> ssl.SSLContext:
    """Speak TLS to who is certified by this one."""
    return ssl.create_default_context(cafile=authority)


Script = Callable[[Peer], Awaitable[None]]


class RawApi:
    """The server; an async context manager.

    Attributes:
        port: Where it listens, on 127.0.0.1, unless it has a socket.
        url: The same, as the bridge is told.
        peers: All connections ever accepted, in order.
    """

    url: str

    def __init__(
        self,
        *scripts: Script,
        ssl_context: ssl.SSLContext | None = None,
        socket_path: Path | None = None,
        port: int = 0,
    ) -> None:
        self.peers: list[Peer] = []
        self.port = port
        self._scripts = scripts
        self._socket_path = socket_path
        self._ssl_context = ssl_context
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = False

    async def __aenter__(self) -> Self:
        if self._socket_path is not None:
            self._server = await asyncio.start_unix_server(self._accept, self._socket_path)
            self.url = f"unix:{self._socket_path}"
            return self
        self._server = await asyncio.start_server(
            self._accept, "127.0.0.1", self.port, ssl=self._ssl_context
        )
        self.port = self._server.sockets[0].getsockname()[1]
        scheme = "http" if self._ssl_context is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close everything; what went wrong in a script fails the test."""
        self._server.close()
        await self._server.wait_closed()
        self._closed = True
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        for peer in self.peers:
            # A task that was cancelled before it began has closed nothing.
            peer.writer.close()
        for _ in range(5):
            # Connections that are just being accepted become peers; transports go a turn later.
            await asyncio.sleep(0)
        if error is None:
            for result in results:
                if isinstance(result, Exception):
                    raise result

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._closed:
            writer.close()
            return
        script = self._scripts[min(len(self.peers), len(self._scripts) - 1)]
        peer = Peer(reader, writer)
        self.peers.append(peer)
        # A task of ours, so that the end of the test finds it.
        self._tasks.append(asyncio.create_task(self._follow(script, peer)))

    async def _follow(self, script: Script, peer: Peer) -> None:
        try:
            await script(peer)
        except asyncio.IncompleteReadError as error:
            # `serve` looks at its start whether an API is there, and asks nothing.
            if error.partial or peer.sent:
                raise
        finally:
            peer.writer.close()
            with contextlib.suppress(ConnectionError, ssl.SSLError):
                await peer.writer.wait_closed()


def answering(answer: bytes) -> Script:
    """Make a script that answers every request without a body like this, until closed."""

    async def script(peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await peer.head()
                await peer.send(answer)

    return script
