"""A host that nothing may ever reach, and raw answers that point at it."""

from __future__ import annotations

import socket
from types import TracebackType
from typing import Self

from tests.support.raw_api import Peer, Script


class EvilHost:
    """Listens on a loopback address of its own; a context manager.

    Connections are accepted by the kernel, so that one that was made is counted, however short.
    """

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.2", 0))
        self._server.setblocking(False)
        self.authority = "{}:{}".format(*self._server.getsockname())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.close()

    @property
    def contacted(self) -> bool:
        """Whether anybody has connected since the last look."""
        try:
            connection, _ = self._server.accept()
        except BlockingIOError:
            return False
        connection.close()
        return True


def redirecting(location: bytes, seen: list[bytes], status: int = 302) -> Script:
    """Make a script that redirects every request and keeps the request lines."""
    answer = b"HTTP/1.1 %d Go\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % (status, location)

    async def script(peer: Peer) -> None:
        seen.append((await peer.head()).split(b"\r\n")[0])
        await peer.send(answer)

    return script
