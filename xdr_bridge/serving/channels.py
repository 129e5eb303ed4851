"""What a supervisor and a worker say to each other: JSON, a line each, over a pair of sockets."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from typing import Any, Self, TypeAlias

Message: TypeAlias = dict[str, Any]

# A configuration of thousands of origins is one line.
_LONGEST_LINE_BYTES = 64 * 1024 * 1024


class Channel:
    """One end. The other process's end, however it comes, is the end of the channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Use `open` instead."""
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, end: socket.socket) -> Self:
        """Take one of a pair of sockets."""
        return cls(*await asyncio.open_connection(sock=end, limit=_LONGEST_LINE_BYTES))

    def send(self, message: Message) -> None:
        """Say something; it is dropped if nobody is there to hear it."""
        self._writer.write(json.dumps(message).encode() + b"\n")

    async def receive(self) -> Message | None:
        """Return what is said next, None at the end."""
        try:
            line = await self._reader.readline()
        except ConnectionError:
            return None
        # A process that is killed in the middle of a line leaves half of it.
        if not line.endswith(b"\n"):
            return None
        message: Message = json.loads(line)
        return message

    async def close(self) -> None:
        """Close, once everything that was said has left."""
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()
