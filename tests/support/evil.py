"""A host that nothing may ever reach, raw answers that point at it, and who was connected to."""

from __future__ import annotations

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

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


class _Watch:
    """Hears of every connect and every name that this process looks up, while it is on."""

    def __init__(self) -> None:
        self.known: set[tuple[str, int]] | None = None
        self.strangers: list[object] = []
        self.hooked = False

    def hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.known is None:
            return
        if event == "socket.connect" and arguments[0].family != _LOCAL:
            address = arguments[1][:2]
        elif event == "socket.getaddrinfo":
            address = arguments[:2]
        else:
            return
        if address not in self.known:
            self.strangers.append(address)


_LOCAL = getattr(socket, "AF_UNIX", None)
_watch = _Watch()


@contextmanager
def watched_connects(known: set[tuple[str, int]]) -> Iterator[list[object]]:
    """Collect everybody to whom this process connects, or whose name it looks up, but these."""
    if not _watch.hooked:
        # Python keeps an audit hook for good.
        sys.addaudithook(_watch.hear)
        _watch.hooked = True
    _watch.known, _watch.strangers = known, []
    try:
        yield _watch.strangers
    finally:
        _watch.known = None
