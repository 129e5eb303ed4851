"""The API behind the bridge, behind the front: it keeps what it is asked, to the byte."""

from __future__ import annotations

import asyncio
import contextlib
import re
from dataclasses import dataclass, field

from tests.support.raw_api import Peer

PIECES = (b"one.", b"two.", b"three.", b"four.")


@dataclass(frozen=True)
class Asked:
    """One request, as it came."""

    method: str
    target: str
    fields: list[tuple[str, str]]
    body: bytes

    def get(self, name: str) -> str | None:
        """Return what stands behind this name, joined by commas; None where nothing does."""
        values = [value for key, value in self.fields if key == name]
        return ", ".join(values) if values else None


@dataclass
class Api:
    """A script for `RawApi`, with what it has seen.

    `/empty` answers 204, `/unchanged` 304, `/kept` may be kept for a minute, `/stream` and
    `/events` end when all of `PIECES` have gone, each after a `release`; everything else is 200.
    """

    asked: list[Asked] = field(default_factory=list)
    _permits: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    def release(self) -> None:
        """Let one more piece go; on the API's loop only."""
        self._permits.release()

    async def script(self, peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await _read(peer)
                self.asked.append(asked)
                path = asked.target.partition("?")[0]
                if path in ("/stream", "/events"):
                    await self._stream(peer, "event-stream" if path == "/events" else "plain")
                    return
                await peer.send(_answer(asked.method, path))

    async def _stream(self, peer: Peer, kind: str) -> None:
        await peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/%b\r\nConnection: close\r\n\r\n" % kind.encode()
        )
        for piece in PIECES:
            await self._permits.acquire()
            await peer.send(piece)


async def _read(peer: Peer) -> Asked:
    line, *lines = (await peer.head())[:-4].decode("latin-1").split("\r\n")
    method, target, _ = line.split(" ")
    fields = [(name.lower(), value) for name, _, value in (one.partition(": ") for one in lines)]
    found = dict(fields)
    body = b""
    if found.get("transfer-encoding") == "chunked":
        while size := int(re.split(rb"[;\r]", await peer.reader.readline())[0], 16):
            body += await peer.body(size)
            await peer.body(2)
        await peer.body(2)
    elif "content-length" in found:
        body = await peer.body(int(found["content-length"]))
    return Asked(method, target, fields, body)


def _answer(method: str, path: str) -> bytes:
    if path == "/empty":
        return b"HTTP/1.1 204 No Content\r\n\r\n"
    if path == "/unchanged":
        return b'HTTP/1.1 304 Not Modified\r\nETag: "1"\r\n\r\n'
    more = b"Cache-Control: max-age=60\r\n" if path == "/kept" else b""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n%bContent-Length: 5\r\n\r\n" % more
    return head if method == "HEAD" else head + b"hello"
