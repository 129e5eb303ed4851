"""One connection from a page: requests in, answers out, back-pressure both ways.

             a head                    the end of its body
    WAITING ---------> RECEIVING ------------------------> ANSWERING
       ^                   |                                  |
       +---- answered -----+--------- answered ---------------+

A request that comes whole is ANSWERING at once. A connection that is closed while the page may be
sending still is LINGERING; in the end each is GONE. Whether it is on its way out is the transport's
to say. Each state is a class with what there is in it and no more.

Longer than 300 lines because all transitions of one machine are to be seen in one place.

Follows RFC 9112, section 9. What is asked and answered is the business of `Conversation`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias, cast

from xdr_bridge.gateway.exchange import Conversation
from xdr_bridge.gateway.outgoing import Outgoing
from xdr_bridge.gateway.shared import Limits, Shared
from xdr_bridge.gateway.streams import Outflow, Transport
from xdr_bridge.gateway.tally import Ending, Outcome
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.request_reader import RequestReader

log = logging.getLogger("xdr_bridge.gateway")

# What a page may send ahead of an answer; beyond, its socket is not read.
_AHEAD_BYTES = 65536
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Owner(Protocol):
    """What a connection asks of the listener.

    Attributes:
        shared: The gateway.
        limits: See `Limits`.
        loop: The running loop.
        clock: Its clock.
        connections: Those that are open.
        stopping: Whether each connection ends with the answer under way.
        sent: A future that is done, for writes that need not be waited for.
    """

    shared: Shared
    limits: Limits
    loop: asyncio.AbstractEventLoop
    clock: Callable[[], float]
    connections: set[PageConnection]
    stopping: bool
    sent: asyncio.Future[None]

    def lost(self, connection: PageConnection) -> None:
        """Forget a connection that is gone for good."""


class Waiting:
    """Nothing is asked: a head may be under way."""

    conversation = None


@dataclass(slots=True, eq=False)
class Receiving:
    """The body of a request is coming; its answer may have begun."""

    conversation: Conversation


@dataclass(slots=True, eq=False)
class Answering:
    """The request is complete. What comes now is read, but not looked at before it is answered."""

    conversation: Conversation


class Lingering:
    """What comes is dropped for a while, so that the page can read our last answer."""

    conversation = None


class Gone:
    """There is no connection any more."""

    conversation = None


_WAITING, _LINGERING, _GONE = Waiting(), Lingering(), Gone()
State: TypeAlias = Waiting | Receiving | Answering | Lingering | Gone


class PageConnection:
    """One connection from a page, carrying one request after the other; also their `Socket`.

    Half of a connection is of no use: a page that ends its side is gone, and its call with it.
    """

    __slots__ = (
        "_ahead",
        "_deadline",
        "_listener",
        "_outflow",
        "_paused",
        "_reader",
        "_shared",
        "_state",
        "_transport",
        "place",
    )

    _transport: Transport
    _reader: RequestReader
    _outflow: Outflow

    def __init__(self, listener: Owner, place: str) -> None:
        """Wait for the connection; `place` is for the owner, who counts by it."""
        self.place = place
        self._listener = listener
        self._shared = listener.shared
        self._state: State = _WAITING
        # Read, but not looked at before the answer under way is complete.
        self._ahead = b""
        self._paused = False
        # Of who waits, or lingers; a request has its own.
        self._deadline = 0.0

    # The transport calls these -----------------------------------------------------------------

    def connection_made(self, transport: Transport) -> None:
        """Begin."""
        self._transport = transport
        listener = self._listener
        self._outflow = Outflow(transport, listener.loop, listener.sent)
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
        if isinstance(self._state, Answering) or self._ahead or self._outflow.is_full:
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
        self._leave()
        self._state = _GONE
        self._shared.unbind(self)
        self.resume_writing()
        self._listener.lost(self)

    def pause_writing(self) -> None:
        """Note that the page reads slowly."""
        self._outflow.is_full = True

    def resume_writing(self) -> None:
        """Note that it has caught up."""
        self._outflow.catch_up()
        if isinstance(self._state, Waiting) and not self._ends:
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
        keep_alive = keep_alive and not self._listener.stopping
        outgoing = Outgoing(self, method=head.method, version=version, keep_alive=keep_alive)
        conversation = Conversation(self._shared, self, head, outgoing)
        self._state = Receiving(conversation) if body is None else Answering(conversation)
        conversation.begin(length, body)
        if body is None and "expect" in head.headers and version == "HTTP/1.1":
            # RFC 9110, section 10.1.1: not if the answer is known already.
            expectation = head.headers.get("expect") or ""
            if expectation.lower() == "100-continue" and isinstance(self._state, Receiving):
                self._transport.write(_CONTINUE)

    def on_data(self, data: bytes) -> None:
        """Pass a piece of the body on; the page is not read while that waits."""
        if isinstance(self._state, Receiving):
            waiting = self._state.conversation.data_received(data)
            if waiting is not None:
                self._pause()
                cast("asyncio.Future[None]", waiting).add_done_callback(self._resume)

    def on_end(self) -> None:
        """The request is complete."""
        if isinstance(self._state, Receiving):
            conversation = self._state.conversation
            self._state = Answering(conversation)
            conversation.finish()

    # The answer calls these (`Socket`) -------------------------------------------------------

    def write(self, chunk: bytes) -> asyncio.Future[None]:
        """Send bytes; the future is done when the page has room for more."""
        if self._ends:
            return self._listener.sent
        return self._outflow.write(chunk)

    def finish(self) -> None:
        """The answer is complete: the next request may come."""
        state, self._state = self._state, _WAITING
        self._wait()
        if isinstance(state, Answering) and self._ahead and not self._outflow.is_full:
            # Not from within the answer before.
            self._listener.loop.call_soon(self._read_ahead)

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
            self._state = _LINGERING
            self._ahead = b""
            self._deadline = listener.clock() + listener.limits.linger_seconds
            try:
                transport.write_eof()
            except OSError:
                transport.abort()
            self._resume(None)
        else:
            self._deadline = listener.clock() + self._shared.idle_seconds
            transport.close()

    def reset(self) -> None:
        """Break the connection off; what is unsent is dropped."""
        self._leave()
        self._transport.reset()

    # The listener calls these ----------------------------------------------------------------

    @property
    def is_gone(self) -> bool:
        """Whether it is closed."""
        return isinstance(self._state, Gone)

    @property
    def deadline(self) -> float:
        """The loop time at which the page has been silent for too long."""
        conversation = self._state.conversation
        if conversation is None:
            return self._deadline
        return float("inf") if conversation.deadline is None else conversation.deadline

    @property
    def is_idle(self) -> bool:
        """Whether the page has been answered, and has asked for nothing since."""
        return (
            isinstance(self._state, Waiting)
            and self._reader.is_silent
            and not self._ahead
            and not self._ends
            and not self._transport.get_write_buffer_size()
        )

    def has_progressed(self) -> bool:
        """Whether the page is late only because it is still reading; grants it more time."""
        shared, conversation = self._shared, self._state.conversation
        enough = shared.idle_seconds * shared.min_bytes_per_second
        if isinstance(self._state, Lingering) or not self._outflow.has_progressed(enough):
            return False
        if conversation is None:
            self._wait()
        else:
            conversation.deadline = self._listener.clock() + shared.idle_seconds
        return True

    def retire(self) -> None:
        """Let the next answer be the last; an idle page has a moment for a request on its way."""
        conversation = self._state.conversation
        if conversation is not None:
            conversation.outgoing.retire()
        elif not (self._reader.begun or self._ends or self._transport.get_write_buffer_size()):
            self._wait()

    def expire(self) -> None:
        """Close now; what is unsent is dropped."""
        conversation = self._state.conversation
        half = conversation is not None and conversation.outgoing.is_half
        cut = half or self._transport.get_write_buffer_size() > 0
        self._leave()
        if cut:
            # By a reset: half of an answer must not look whole (RFC 9112, section 8).
            self._transport.reset()
        else:
            self._transport.abort()

    def time_out(self) -> None:
        """Close because the page's time is over, and say so where it can be said."""
        conversation = self._state.conversation
        if conversation is None and not self._reader.is_silent and not self._ends:
            late = "the head of the request did not arrive in the time that it may take"
            self._refuse(RequestError(Code.REQUEST_TIMEOUT, late))
        elif conversation is None or conversation.outgoing.begun or not conversation.time_out():
            self.expire()

    # -----------------------------------------------------------------------------------------

    @property
    def _ends(self) -> bool:
        """Whether nothing that comes now is a request, and nothing more is sent."""
        return isinstance(self._state, Lingering) or self._transport.is_closing()

    def _wait(self) -> None:
        """Give the page its time: to read what is unsent, or to ask again."""
        shared = self._shared
        seconds = shared.idle_seconds if self._outflow.look() else shared.idle_connection_seconds
        self._deadline = self._listener.clock() + seconds

    def _read(self, data: bytes) -> None:
        reader = self._reader
        try:
            while data:
                data = reader.feed(data)
                if isinstance(self._state, Answering) or self._outflow.is_full or self._ends:
                    # A page that reads no answers asks for no more of them.
                    self._ahead = data
                    return
        except RequestError as error:
            self._refuse(error)
            return
        if reader.begun and self._state.conversation is None:
            # The rest of a head is late from its first byte on, however slowly it drips.
            latest = self._listener.clock() + self._listener.limits.head_seconds
            self._deadline = min(self._deadline, latest)

    def _read_ahead(self) -> None:
        if isinstance(self._state, Answering) or self._outflow.is_full or self._ends:
            return
        data, self._ahead = self._ahead, b""
        self._read(data)
        if not self._ahead:
            self._resume(None)

    def _refuse(self, error: RequestError) -> None:
        """Answer what is no HTTP; nothing after it can be understood."""
        conversation = self._state.conversation
        broken = conversation is not None and conversation.outgoing.begun
        method = "GET" if conversation is None else conversation.head.method
        if conversation is not None and conversation.answered:
            # The answer is whole, and the page may not have read it yet.
            log.info("the body of a request that has been answered is malformed: %s", error)
            self.close()
            return
        if conversation is None:
            self._shared.refused(error.code)
        self._leave(error.code)
        if broken:
            # In the middle of an answer there is no place for a refusal.
            log.info("a request broke off while it was answered: %s", error)
            self._transport.abort()
            return
        head = self._reader if conversation is None else conversation
        reply = self._shared.bridge.refuse(error, head.origin_lines)
        log.info("%s refused: %s", reply.form, error)
        outgoing = Outgoing(self, method=method, version="HTTP/1.1", keep_alive=False)
        outgoing.start(reply.head)
        outgoing.end(reply.body)

    def _leave(self, outcome: Outcome = Ending.ABANDONED) -> None:
        """Give up the request under way, if any."""
        conversation = self._state.conversation
        if conversation is not None:
            self._state = _WAITING
            conversation.on_connection_close(outcome)

    def _pause(self) -> None:
        if not self._paused and not self._transport.is_closing():
            self._paused = True
            self._transport.pause_reading()

    def _resume(self, _: object) -> None:
        if self._paused and not self._transport.is_closing():
            self._paused = False
            self._transport.resume_reading()
