"""One connection from a page: requests in, answers out, back-pressure both ways.

Follows RFC 9112, section 9. What is asked and answered is the business of `Conversation`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, cast

from xdr_bridge.gateway.exchange import Conversation, House
from xdr_bridge.gateway.outgoing import Outgoing
from xdr_bridge.gateway.streams import Transport
from xdr_bridge.gateway.tally import Ending, Outcome
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.request_reader import RequestReader

log = logging.getLogger("xdr_bridge.gateway")

# What a page may send ahead of an answer; beyond, its socket is not read.
_AHEAD_BYTES = 65536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a page may say before it is understood, and how long it may take.

    Attributes:
        head_bytes: The largest head of a request.
        fields: The most fields in one.
        handshake_seconds: For the handshake of TLS.
        head_seconds: From a head's first byte to its last; of a new connection, from its opening.
        linger_seconds: For a page to read a refusal before its connection goes.
    """

    head_bytes: int = 65536
    fields: int = 128
    handshake_seconds: float = 10.0
    head_seconds: float = 30.0
    linger_seconds: float = 2.0


class Owner(Protocol):
    """What a connection asks of the listener.

    Attributes:
        house: The gateway.
        limits: See `Limits`.
        loop: The running loop.
        clock: Its clock.
        connections: Those that are open.
        stopping: Whether each connection ends with the answer under way.
        sent: A future that is done, for writes that need not be waited for.
    """

    house: House
    limits: Limits
    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]
    connections: set[PageConnection]
    stopping: bool
    sent: asyncio.Future[None]

    def lost(self, connection: PageConnection) -> None:
        """Forget a connection that is gone for good."""


class PageConnection:
    """One connection from a page, carrying one request after the other; also their `Socket`.

    Half of a connection is of no use: a page that ends its side is gone, and its call with it.
    """

    __slots__ = (
        "_ahead",
        "_answering",
        "_conversation",
        "_deadline",
        "_drained",
        "_full",
        "_house",
        "_lingers",
        "_listener",
        "_paused",
        "_reader",
        "_transport",
        "_unsent",
        "_written",
        "is_gone",
        "place",
    )

    _transport: Transport
    _reader: RequestReader

    def __init__(self, listener: Owner, place: str) -> None:
        """Wait for the connection; `place` is for the owner, who counts by it."""
        self.place = place
        self.is_gone = False
        self._listener = listener
        self._house = listener.house
        # The request being read, or being answered.
        self._conversation: Conversation | None = None
        self._answering = False
        # Read, but not looked at before the answer under way is complete.
        self._ahead = b""
        self._paused = False
        self._full = False
        self._drained: asyncio.Future[None] | None = None
        self._lingers = False
        # Of the answer under way, whether any byte has been written.
        self._written = False
        # At the last look, to see whether a slow page is reading at all.
        self._unsent = 0
        self._deadline = 0.0

    # The transport calls these -----------------------------------------------------------------

    def connection_made(self, transport: Transport) -> None:
        """Begin."""
        self._transport = transport
        listener = self._listener
        self._reader = RequestReader(
            self,
            client=transport.address[0] if transport.address else None,
            scheme="https" if transport.is_tls else "http",
            max_head_bytes=listener.limits.head_bytes,
            max_fields=listener.limits.fields,
        )
        # A connection is opened to ask something: there is no idle one yet.
        self._deadline = listener.clock() + listener.limits.head_seconds
        listener.connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Take what was read."""
        if self._answering or self._ahead or self._full:
            self._ahead += data
            if len(self._ahead) > _AHEAD_BYTES:
                self._pause()
        elif not self._ends:
            # A transport of TLS goes on reading while it closes.
            self._read(data)

    def page_left(self) -> None:
        """The page sends nothing any more: it is gone."""
        self._leave()

    def connection_lost(self) -> None:
        """The connection is gone, and what is bound to it at the APIs goes too."""
        self._ahead = b""
        self.is_gone = True
        self._leave()
        self._house.unbind(self)
        self.resume_writing()
        self._listener.lost(self)

    def pause_writing(self) -> None:
        """Note that the page reads slowly."""
        self._full = True

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self._full = False
        self._unsent = 0
        drained, self._drained = self._drained, None
        if drained is not None and not drained.done():
            drained.set_result(None)
        if self._conversation is None and not self._ends:
            self._wait()
        if self._ahead:
            self._listener.loop.call_soon(self._read_ahead)

    # The reader calls these ------------------------------------------------------------------

    def on_request(
        self,
        head: RequestHead,
        *,
        version: str,
        keep_alive: bool,
        length: int | None,
        body: bytes | None,
    ) -> None:
        """Begin a conversation."""
        conversation = self._conversation = Conversation(self._house, self)
        self._answering = body is not None
        self._written = False
        conversation.begin(
            head,
            version=version,
            keep_alive=keep_alive and not self._listener.stopping,
            length=length,
            body=body,
        )
        if body is None and "expect" in head.headers and version == "HTTP/1.1":
            # RFC 9110, section 10.1.1: not if the answer is known already.
            expectation = head.headers.get("expect") or ""
            if expectation.lower() == "100-continue" and self._conversation is not None:
                self._transport.write(_CONTINUE)

    def on_data(self, data: bytes) -> None:
        """Pass a piece of the body on; the page is not read while that waits."""
        if self._conversation is not None:
            waiting = self._conversation.data_received(data)
            if waiting is not None:
                self._pause()
                cast("asyncio.Future[None]", waiting).add_done_callback(self._resume)

    def on_end(self) -> None:
        """The request is complete."""
        if self._conversation is not None:
            self._answering = True
            self._conversation.finish()

    # The answer calls these (`Socket`) -------------------------------------------------------

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Send bytes; the future is done when the page has room for more."""
        if self._ends:
            return self._listener.sent
        self._written = True
        self._transport.write(chunk)
        if not self._full:
            return self._listener.sent
        self._unsent = self._transport.get_write_buffer_size()
        if self._drained is None:
            self._drained = self._listener.loop.create_future()
        return self._drained

    def finish(self) -> None:
        """The answer is complete: the next request may come."""
        self._conversation = None
        listener = self._listener
        self._wait()
        if self._answering:
            self._answering = False
            if self._ahead and not self._full:
                # Not from within the answer before.
                listener.loop.call_soon(self._read_ahead)

    def close(self) -> None:
        """Send what is unsent, then close.

        A close with bytes unread would reset the connection, and the answer with it (RFC 9112,
        section 9.6): where the page may be sending still, it is read and dropped for a while.
        """
        transport = self._transport
        if self._ends:
            return
        self._leave()
        listener = self._listener
        if (self._reader.begun or self._ahead) and not transport.is_tls:
            self._lingers = True
            self._ahead = b""
            self._deadline = listener.clock() + listener.limits.linger_seconds
            try:
                transport.write_eof()
            except OSError:
                transport.abort()
            self._resume(None)
        else:
            self._deadline = listener.clock() + self._house.idle_seconds
            transport.close()

    def reset(self) -> None:
        """Break the connection off; what is unsent is dropped."""
        self._leave()
        self._transport.reset()

    # The listener calls these ----------------------------------------------------------------

    @property
    def deadline(self) -> float:
        """The loop time at which the page has been silent for too long."""
        conversation = self._conversation
        if conversation is None:
            return self._deadline
        return float("inf") if conversation.deadline is None else conversation.deadline

    @property
    def is_idle(self) -> bool:
        """Whether the page has been answered, and has asked for nothing since."""
        return (
            self._conversation is None
            and self._reader.is_silent
            and not self._ahead
            and not self._ends
            and not self._transport.get_write_buffer_size()
        )

    def has_progressed(self) -> bool:
        """Whether the page is late only because it is still reading; grants it more time."""
        house, conversation = self._house, self._conversation
        unsent = self._transport.get_write_buffer_size()
        enough = house.idle_seconds * house.min_bytes_per_second
        if self._lingers or not 0 < unsent < self._unsent or self._unsent - unsent < enough:
            return False
        if conversation is None:
            self._wait()
        else:
            self._unsent = unsent
            conversation.deadline = self._listener.clock() + house.idle_seconds
        return True

    def retire(self) -> None:
        """Let the next answer be the last; an idle page has a moment for a request on its way."""
        if self._conversation is not None:
            self._conversation.retire()
        elif not (self._reader.begun or self._ends or self._transport.get_write_buffer_size()):
            self._wait()

    def expire(self) -> None:
        """Close now; what is unsent is dropped."""
        conversation = self._conversation
        half = conversation is not None and self._written and not conversation.answered
        cut = half or self._transport.get_write_buffer_size() > 0
        self._leave()
        if cut:
            # By a reset: half of an answer must not look whole (RFC 9112, section 8).
            self._transport.reset()
        else:
            self._transport.abort()

    def time_out(self) -> None:
        """Close because the page's time is over, and say so where it can be said."""
        conversation = self._conversation
        if conversation is None and not self._reader.is_silent and not self._ends:
            late = "the head of the request did not arrive in the time that it may take"
            self._refuse(RequestError(Code.REQUEST_TIMEOUT, late))
        elif conversation is None or self._written or not conversation.time_out():
            self.expire()

    # -----------------------------------------------------------------------------------------

    @property
    def _ends(self) -> bool:
        """Whether nothing that comes now is a request, and nothing more is sent."""
        return self._lingers or self._transport.is_closing()

    def _wait(self) -> None:
        """Give the page its time: to read what is unsent, or to ask again."""
        house = self._house
        self._unsent = self._transport.get_write_buffer_size()
        seconds = house.idle_seconds if self._unsent else house.idle_connection_seconds
        self._deadline = self._listener.clock() + seconds

    def _read(self, data: bytes) -> None:
        reader = self._reader
        try:
            while data:
                data = reader.feed(data)
                if self._answering or self._full or self._ends:
                    # A page that reads no answers asks for no more of them.
                    self._ahead = data
                    return
        except RequestError as error:
            self._refuse(error)
            return
        if reader.begun and self._conversation is None:
            # The rest of a head is late from its first byte on, however slowly it drips.
            latest = self._listener.clock() + self._listener.limits.head_seconds
            self._deadline = min(self._deadline, latest)

    def _read_ahead(self) -> None:
        if self._answering or self._full or self._ends:
            return
        data, self._ahead = self._ahead, b""
        self._read(data)
        if not self._ahead:
            self._resume(None)

    def _refuse(self, error: RequestError) -> None:
        """Answer what is no HTTP; nothing after it can be understood."""
        conversation = self._conversation
        broken = conversation is not None and self._written
        method = "GET" if conversation is None else conversation.method
        if conversation is not None and conversation.answered:
            # The answer is whole, and the page may not have read it yet.
            log.info("the body of a request that has been answered is malformed: %s", error)
            self.close()
            return
        if conversation is None:
            self._house.refused(error.code)
        self._leave(error.code)
        if broken:
            # In the middle of an answer there is no place for a refusal.
            log.info("a request broke off while it was answered: %s", error)
            self._transport.abort()
            return
        origins = (conversation or self._reader).origin_lines
        reply = self._house.bridge.refuse(error, origins)
        log.info("%s refused: %s", reply.form, error)
        outgoing = Outgoing(self, method=method, version="HTTP/1.1", keep_alive=False)
        outgoing.start(reply.head)
        outgoing.end(reply.body)

    def _leave(self, outcome: Outcome = Ending.ABANDONED) -> None:
        """Give up the request under way, if any."""
        conversation, self._conversation = self._conversation, None
        self._answering = False
        if conversation is not None:
            conversation.on_connection_close(outcome)

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self, _: object) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
