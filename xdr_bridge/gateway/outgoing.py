"""One HTTP/1.1 answer to the page: its framing, its head as bytes, its body with back-pressure.

The only place that knows how answers reach the socket. RFC 9112, sections 6 and 9.
"""

from __future__ import annotations

import time
from asyncio import Future
from email.utils import formatdate
from typing import Protocol

from xdr_bridge.http.messages import Headers, ResponseHead, has_body


class Socket(Protocol):
    """What an answer needs of a connection; `connection.PageConnection` is one."""

    @property
    def is_gone(self) -> bool:
        """Whether it is closed."""

    def write(self, chunk: bytes) -> Future[None]:
        """Send bytes; the future is done when they have left our buffers."""

    def finish(self) -> None:
        """The answer is complete; the next request may be read."""

    def close(self) -> None:
        """Close the connection once everything is sent."""

    def reset(self) -> None:
        """Break the connection off, so that the page sees that something is missing."""


class Outgoing:
    """Writes one answer. Head and first piece of body go out in one write."""

    __slots__ = (
        "_chunked",
        "_ends_with_connection",
        "_has_body",
        "_head",
        "_head_sent",
        "_last",
        "_method",
        "_socket",
        "_version",
        "finished",
        "keep_alive",
    )

    def __init__(self, socket: Socket, *, method: str, version: str, keep_alive: bool) -> None:
        """Prepare an answer to a request of this method and HTTP version."""
        self._socket = socket
        self._method = method
        self._version = version
        self.keep_alive = keep_alive
        self._head: ResponseHead | None = None
        self._has_body = False
        self._chunked = False
        self._ends_with_connection = False
        self._last: Future[None] | None = None
        self.finished = False
        self._head_sent = False

    def retire(self) -> None:
        """End the connection with this answer, unless its head has promised another."""
        if not self._head_sent:
            self.keep_alive = False

    @property
    def begun(self) -> bool:
        """Whether the head has left."""
        return self._head_sent

    @property
    def is_half(self) -> bool:
        """Whether some of the answer has left, and not all of it."""
        return self._head_sent and not self.finished

    def start(self, head: ResponseHead) -> None:
        """Set the head; it goes out with the first piece of body, or by `flush`.

        Not again: where an answer has been kept alive, it had the same head (Wire 5.6).
        """
        if self._head_sent:
            return
        self._head = head
        self._has_body = has_body(self._method, head.status)

    def flush(self) -> None:
        """Send the head now, if it has not gone."""
        if self._head is not None:
            self._socket.write(self._take_head(None))

    def write(self, data: bytes) -> Future[None] | None:
        """Send a piece of body; a future that is not done says: send no more until it is."""
        if not data or not self._has_body:
            return None
        head = self._take_head(None)
        future = self._socket.write(
            head + (b"%x\r\n%b\r\n" % (len(data), data) if self._chunked else data)
        )
        return None if future.done() else future

    def end(self, data: bytes = b"", *, hold_open: bool = False) -> Future[None] | None:
        """Send the last piece; if it is the only one too, its length is said in the head.

        A future that is not done says that some of the answer has not left yet.

        Args:
            data: The last piece, possibly empty.
            hold_open: The request is still coming in; who reads it calls `close` in the end.
        """
        if hold_open:
            self.keep_alive = False
        rest = data if self._has_body else b""
        if self._head is not None:
            rest = self._take_head(len(rest)) + rest
        elif self._chunked:
            rest = (b"%x\r\n%b\r\n" % (len(rest), rest) if rest else b"") + b"0\r\n\r\n"
        self.finished = True
        self._last = self._socket.write(rest) if rest else None
        if not hold_open:
            self._socket.finish()
            if not self.keep_alive:
                self.close()
        return None if self._last is None or self._last.done() else self._last

    def close(self) -> None:
        """Close the connection once everything written has left."""
        if self._last is None or self._last.done():
            self._socket.close()
        else:
            self._last.add_done_callback(lambda _: self._socket.close())

    def abort(self) -> None:
        """Break the connection off: the only way to say that an answer is not whole."""
        self.finished = True
        if self._ends_with_connection:
            # An orderly end would make a whole answer of it (RFC 9112, section 8).
            self._socket.reset()
        else:
            self._socket.close()

    def _take_head(self, whole_length: int | None) -> bytes:
        """Return the head as bytes, once.

        Args:
            whole_length: The length of the body where all of it is at hand, in bytes.
        """
        head, self._head = self._head, None
        if head is None:
            return b""
        self._head_sent = True
        lines = [f"HTTP/1.1 {head.status} {head.reason}\r\n{head.headers.derived(_field_lines)}"]
        if self._has_body and "content-length" not in head.headers:
            if whole_length is not None:
                lines.append(f"Content-Length: {whole_length}\r\n")
            elif self._version == "HTTP/1.1":
                self._chunked = True
                lines.append("Transfer-Encoding: chunked\r\n")
            else:
                self._ends_with_connection = True
                self.keep_alive = False
        if "date" not in head.headers:
            lines.append(_date_line())
        if not self.keep_alive:
            lines.append("Connection: close\r\n")
        elif self._version != "HTTP/1.1":
            lines.append("Connection: keep-alive\r\n")
        lines.append("\r\n")
        return "".join(lines).encode("latin-1")


def _field_lines(headers: Headers) -> str:
    return "".join([f"{name}: {value}\r\n" for name, value in headers])


def as_bytes(head: ResponseHead, body: bytes) -> bytes:
    """Write a whole answer that ends its connection, ahead of any request."""
    lines = [f"HTTP/1.1 {head.status} {head.reason}"]
    lines += [f"{name}: {value}" for name, value in head.headers]
    # Kept for later, so without a date: RFC 9110, section 6.6.1, lets a 5xx do without.
    lines += [f"Content-Length: {len(body)}", "Connection: close"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


_date: tuple[int, str] = (0, "")


def _date_line() -> str:
    """Write Date (RFC 9110, section 6.6.1), formatted once a second."""
    global _date
    now = int(time.time())
    if _date[0] != now:
        _date = (now, f"Date: {formatdate(now, usegmt=True)}\r\n")
    return _date[1]
