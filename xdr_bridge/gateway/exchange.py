"""One request on one connection: the page in, the upstream pool out. It decides nothing."""

from __future__ import annotations

import logging
import time
from asyncio import AbstractEventLoop, Future, TimerHandle
from collections.abc import Awaitable
from typing import Protocol

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Forward, ReadBody, Reply, Writer
from xdr_bridge.gateway.intake import Ceilings, Intake
from xdr_bridge.gateway.journal import Observer, Recorder
from xdr_bridge.gateway.outgoing import Outgoing, Socket
from xdr_bridge.gateway.tally import Ending, Outcome
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, Fault, UpstreamError
from xdr_bridge.http.messages import RequestHead, ResponseHead
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.tunnel.frame import PRELUDE
from xdr_bridge.upstream.connections import Holder
from xdr_bridge.upstream.pool import Pool, Transfer

log = logging.getLogger("xdr_bridge.gateway")

_NEVER = Reuse.NEVER
# A preflight's or redirect's body beyond this costs its connection.
MAX_DRAINED_BYTES = 64 * 1024
# And one that is not over by then: browsers go on at once, and so does the call.
MAX_DRAINED_SECONDS = 0.1

# How long a framed answer that has begun may wait for its end, so that a short one leaves whole:
# head and body of many APIs come in two pieces. Pages look every 50 ms (Wire 5.7).
PAUSE_SECONDS = 0.02


class House(Ceilings, Protocol):
    """What all conversations of one gateway share."""

    bridge: Bridge
    loop: AbstractEventLoop
    observer: Observer | None
    idle_connection_seconds: float
    beat_seconds: float
    calls: int
    max_calls: int

    def pool_for(self, api: Api) -> Pool:
        """Return the connections to this API."""

    def unbind(self, holder: Holder) -> None:
        """Close the connections to APIs that are bound to a page's connection."""

    def logged_in_vain(self, forward: Forward) -> None:
        """Somebody logs a connection to an API in where it can be bound to nobody."""

    def deadline(self, seconds: float) -> float:
        """Return the loop time at which this many seconds have passed."""

    def began(self, conversation: Conversation) -> None:
        """A request has arrived."""

    def ended(self, conversation: Conversation, outcome: Outcome) -> None:
        """An exchange is over; may be told again, and only the first counts."""

    def refused(self, code: Code) -> None:
        """Something has been refused for which no conversation was begun."""

    def complain(self, message: str) -> None:
        """Log a warning that a flood would repeat without end."""


class Conversation:
    """Takes one request through the bridge, and the API's answer back.

    `deadline` is the loop time at which the page has been silent for too long; the gateway's
    sweep looks at it. None while it is not the page's turn. `is_call` says whether an API has been
    called, so that this is one of the gateway's `calls` until it ends.
    """

    __slots__ = (
        "_bridge",
        "_connection",
        "_drain_timer",
        "_drained",
        "_forward",
        "_gateway",
        "_head",
        "_intake",
        "_next",
        "_outgoing",
        "_pause",
        "_quiet_since",
        "_reading",
        "_recorder",
        "_request_read",
        "_transfer",
        "_writer",
        "deadline",
        "is_call",
    )

    def __init__(self, gateway: House, connection: Socket) -> None:
        """Wait for a request on this connection."""
        self._gateway = gateway
        self._bridge = gateway.bridge
        self._connection = connection
        self._head: RequestHead | None = None
        self._reading: ReadBody | None = None
        # Of a body that does not come along with the head.
        self._intake: Intake | None = None
        self._forward: Forward | None = None
        self._next: Forward | None = None
        self._drained = 0
        self._drain_timer: TimerHandle | None = None
        self._transfer: Transfer | None = None
        self._writer: Writer | None = None
        self._outgoing: Outgoing | None = None
        # When the sweep first found that nothing had been said to the page for a while.
        self._quiet_since: float | None = None
        # Until the first of a framed answer leaves.
        self._pause: TimerHandle | None = None
        self._request_read = False
        self._recorder: Recorder | None = None
        self.is_call = False
        self.deadline: float | None = None

    @property
    def origin_lines(self) -> list[str]:
        """The value of each Origin field of the request."""
        return [] if self._head is None else self._head.headers.get_all("Origin")

    @property
    def method(self) -> str:
        """The request's method, once there is one."""
        return "GET" if self._head is None else self._head.method

    # The page's side: whoever reads the connection calls these ---------------------------------

    def begin(
        self,
        head: RequestHead,
        *,
        version: str,
        keep_alive: bool,
        length: int | None,
        body: bytes | None,
    ) -> None:
        """Judge the head, and begin what the bridge says.

        Args:
            head: Method, target and fields, grammar and framing checked.
            version: "HTTP/1.1" or "HTTP/1.0".
            keep_alive: Whether the page wants the connection to stay open.
            length: The size of the body in bytes; None: as much as comes.
            body: The whole of it, where it is here already; then `finish` is not called.
        """
        gateway = self._gateway
        gateway.began(self)
        # Not before: a reload holds for the next request of a kept connection too.
        self._bridge = gateway.bridge
        self._head = head
        self._outgoing = Outgoing(
            self._connection, method=head.method, version=version, keep_alive=keep_alive
        )
        if gateway.observer is not None:
            # uvloop's clock goes by milliseconds, which is too coarse for a leg.
            self._recorder = Recorder(gateway.observer, time.monotonic, head)
        if body is None:
            self._intake = Intake(gateway)
            self.deadline = self._intake.deadline()
            self._take(self._receive(None), length, None)
        else:
            self._request_read = True
            self.deadline = None
            if self._recorder is not None:
                self._recorder.add("request", body)
            self._take(self._receive(body), length, body)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a piece of the request's body."""
        intake = self._intake
        assert intake is not None
        intake.receive(chunk)
        self.deadline = intake.deadline()
        if self._recorder is not None:
            self._recorder.add("request", chunk)
        if self._reading is not None:
            self._gather(self._reading, intake, chunk)
            return None
        # A call that came whole (a GET tunnel request with a body, R11) takes no more.
        streams = self._forward is not None and self._forward.body is None
        if self._transfer is not None and streams and not self.answered:
            if self._recorder is not None:
                self._recorder.add("call", chunk)
            waiting = self._transfer.write(chunk)
            if waiting is not None:
                # Now it is the API that is slow; the pool has its own limits.
                self.deadline = None
                intake.pause()
                waiting.add_done_callback(self._await_page)
            return waiting
        if intake.discard(chunk):
            self._connection.close()
        return None

    def _gather(self, reading: ReadBody, intake: Intake, chunk: bytes) -> None:
        """Hold a piece of a body that is read whole."""
        refuse = None
        if intake.hold(chunk) > reading.max_bytes:
            refuse = reading.too_large
        elif not intake.has_room:
            refuse = reading.no_room
        if refuse is not None:
            self._reading = None
            intake.release()
            self._take(refuse())

    def finish(self) -> None:
        """The request is complete."""
        self._request_read = True
        self.deadline = None
        if self._reading is not None:
            assert self._intake is not None
            self._reading = None
            self._take(self._receive(self._intake.take()))
        elif self._outgoing is not None and self._outgoing.finished:
            # The answer went out early; only now may the connection end.
            self.deadline = self._gateway.deadline(self._gateway.idle_seconds)
            self._outgoing.close()
        elif self._transfer is not None:
            self._transfer.end()

    def on_connection_close(self, outcome: Outcome = Ending.ABANDONED) -> None:
        """The page is gone, or understood no longer: so is its call."""
        self.deadline = None
        self._cancel()
        self._done(outcome)

    def time_out(self) -> bool:
        """Refuse a request whose body is late; return False where nothing can be said any more."""
        if self._request_read or self._writer is not None or self.answered:
            return False
        reading, self._reading = self._reading, None
        if reading is not None:
            self._take(reading.too_late())
        elif self._forward is not None:
            self._cancel()
            self._take(self._bridge.too_late(self._forward))
        if self._outgoing is not None:
            # The rest of the body is not waited for.
            self._outgoing.close()
        return True

    def beat(self, now: float) -> None:
        """Show a page whose framed call is under way that it lives, if it has heard nothing.

        A call that ends in silence can then be told from one whose API is slow (Wire 5.7).
        """
        forward, outgoing = self._forward, self._outgoing
        if forward is None or not forward.framed or self._transfer is None:
            return
        # With a deadline it is the page that is slow.
        if self._quiet_since is None or outgoing is None or self.deadline is not None:
            self._quiet_since = now
        elif now - self._quiet_since >= self._gateway.beat_seconds:
            self._quiet_since = now
            if self._writer is not None:
                outgoing.write(self._writer.beat())
            elif outgoing.begun:
                outgoing.write(b" ")
            else:
                outgoing.start(self._bridge.frame_head(forward))
                outgoing.write(PRELUDE)

    def retire(self) -> None:
        """Let this answer be the last of its connection, if that can still be said."""
        if self._outgoing is not None:
            self._outgoing.retire()

    # The API's side: the pool calls these ----------------------------------------------------

    def on_head(self, head: ResponseHead) -> None:
        """The head of the API's answer has come."""
        forward = self._forward
        assert forward is not None
        if self._recorder is not None:
            self._recorder.answered(head)
        self._settle(forward, forward.reuse.after(head.headers))
        try:
            step = self._bridge.respond(forward, head, now=self._gateway.clock())
        except Exception:
            log.exception("the bridge made a mistake on an answer")
            step = self._bridge.internal_error(forward)
        if isinstance(step, Forward):
            # This answer's body is read to its end, if it is short: that saves the connection.
            self._next, self._drained = step, 0
            # A timer only where something follows: few calls are redirected or asked for.
            self._drain_timer = self._gateway.loop.call_later(
                MAX_DRAINED_SECONDS, self._drain_no_more
            )
            return
        if isinstance(step, Reply):
            self._cancel()
            self._take(step)
            return
        assert self._outgoing is not None
        if self._recorder is not None:
            self._recorder.replied(forward.form, step.head)
        self._writer = step.writer
        if not self._request_read:
            # The end of an early answer may be the connection's: its head has to say so.
            self._outgoing.keep_alive = False
        self._outgoing.start(step.head)
        opening = step.writer.open()
        if opening:
            self._send(opening)

    def on_data(self, data: bytes) -> None:
        """A piece of the API's body has come."""
        if self._next is not None:
            self._drained += len(data)
            if self._drained > MAX_DRAINED_BYTES:
                self._drain_no_more()
            return
        if self._writer is None:
            return
        if self._recorder is not None:
            self._recorder.add("api", data)
        try:
            self._send(self._writer.write(data))
        except ValueError as error:
            self._break_off(Code.UPSTREAM_CUT, str(error))

    def on_caught_up(self) -> None:
        """More of the API's answer has to come: what is here does not wait for it."""
        if self._writer is None:
            return
        assert self._outgoing is not None
        if self._forward is not None and not self._forward.framed:
            # Head and body usually come together; an API that is slow to go on is not waited for.
            self._outgoing.flush()
        elif self._outgoing.begun:
            self._send(self._writer.pause())
        elif self._pause is None:
            self._pause = self._gateway.loop.call_later(PAUSE_SECONDS, self._on_pause)

    def _on_pause(self) -> None:
        """Let a framed answer begin: its API takes longer than a short answer would."""
        self._pause = None
        if self._writer is not None:
            self._send(self._writer.pause())

    def on_end(self) -> None:
        """The API's answer is whole."""
        self._transfer = None
        if self._next is not None:
            self._go_on()
            return
        if self._writer is None:
            return
        try:
            rest = self._writer.end()
        except ValueError as error:
            self._break_off(Code.UPSTREAM_CUT, str(error))
            return
        self._end(rest)

    def on_error(self, error: UpstreamError) -> None:
        """The API has failed."""
        self._transfer = None
        if self._next is not None:
            self._go_on()
        elif self._writer is not None:
            self._break_off(error.code, error.detail)
        elif self._forward is not None:
            self._take(self._bridge.fail(self._forward, error))

    def _go_on(self) -> None:
        """Make the call to which the last answer led."""
        following, self._next = self._next, None
        assert following is not None
        self._stop_timer()
        self._take(following)

    def _drain_no_more(self) -> None:
        """Give up the connection on which the rest of the last answer is, and go on."""
        self._cancel()
        self._go_on()

    def _stop_timer(self) -> None:
        timer, self._drain_timer = self._drain_timer, None
        if timer is not None:
            timer.cancel()

    def _await_page(self, _: Future[None]) -> None:
        """The API takes more: it is the page's turn again."""
        if not self._request_read and self._intake is not None:
            self._intake.go_on()
            self.deadline = self._intake.deadline()

    # Steps -----------------------------------------------------------------------------------

    @property
    def answered(self) -> bool:
        """Whether the whole answer has been handed on."""
        return self._outgoing is not None and self._outgoing.finished

    def _receive(self, body: bytes | None) -> ReadBody | Reply | Forward:
        assert self._head is not None
        try:
            return self._bridge.receive(self._head, body, now=self._gateway.clock())
        except Exception:
            log.exception("the bridge made a mistake on a request")
            return self._bridge.internal_error(head=self._head)

    def _take(
        self, step: ReadBody | Reply | Forward, length: int | None = 0, body: bytes | None = b""
    ) -> None:
        """Do what a step says.

        Args:
            step: What the bridge said.
            length: The size of the page's body in bytes; None: as much as comes.
            body: The whole of it, unless it is about to come.
        """
        match step:
            case ReadBody():
                self._reading = step
            case Forward():
                self._make_call(step, length, body)
            case Reply():
                self._reply(step)

    def _make_call(self, forward: Forward, length: int | None, body: bytes | None) -> None:
        gateway = self._gateway
        if not self.is_call:
            # Once: a redirect or a preflight is part of its call.
            if gateway.calls >= gateway.max_calls:
                self._reply(self._bridge.too_many_calls(forward, gateway.max_calls))
                return
            self.is_call = True
            gateway.calls += 1
        self._forward = forward
        pool = self._gateway.pool_for(forward.route.api)
        if forward.body is not None:
            body = forward.body
        if self._recorder is not None:
            self._recorder.sent(forward.form, forward.call, body)
        reuse, holder = forward.reuse, self._connection
        if body is None:
            self._transfer = pool.stream(forward.call, self, length, reuse=reuse, holder=holder)
        else:
            self._transfer = pool.send(forward.call, self, body, reuse=reuse, holder=holder)
        if reuse is _NEVER:
            gateway.logged_in_vain(forward)

    def _settle(self, forward: Forward, reuse: Reuse) -> None:
        """Tell the pool what becomes of the connection, where the answer's head has changed it."""
        if reuse is forward.reuse or self._transfer is None:
            return
        self._transfer.reuse(reuse)
        if reuse is _NEVER:
            self._gateway.logged_in_vain(forward)

    def _reply(self, reply: Reply) -> None:
        assert self._outgoing is not None
        if reply.refusal is not None:
            self._log_refusal(reply)
        if self._recorder is not None:
            self._recorder.replied(reply.form, reply.head)
        self._outgoing.start(reply.head)
        self._end(reply.body, Ending.ANSWERED if reply.refusal is None else reply.refusal.code)

    def _send(self, data: bytes) -> None:
        assert self._outgoing is not None
        if data:
            self._quiet_since = None
        if self._recorder is not None and data:
            self._recorder.add("answer", data)
        waiting = self._outgoing.write(data)
        if waiting is None or self._transfer is None:
            return
        # The page reads slower than the API writes.
        transfer = self._transfer
        transfer.pause()
        self.deadline = self._gateway.deadline(self._gateway.idle_seconds)
        waiting.add_done_callback(lambda _: self._resume(transfer))

    def _resume(self, transfer: Transfer) -> None:
        self.deadline = None
        if self._transfer is transfer:
            transfer.resume()

    def _end(self, data: bytes, outcome: Outcome = Ending.ANSWERED) -> None:
        assert self._outgoing is not None
        if self._recorder is not None:
            self._recorder.add("answer", data)
        self._writer = None
        # The answer to a body that is still coming waits for it: closing now would reset both.
        # A page that waits for "100 Continue" sends no body: there is nothing to wait for.
        early = not self._request_read
        waits = self._head is not None and "Expect" in self._head.headers
        if early:
            self._outgoing.keep_alive = False
        unsent = self._outgoing.end(data, hold_open=early and not waits)
        if unsent is not None:
            # A page that does not read the end of its answer would keep it for ever.
            self.deadline = self._gateway.deadline(self._gateway.idle_seconds)
            unsent.add_done_callback(self._on_sent)
        self._done(outcome)

    def _on_sent(self, _: Future[None]) -> None:
        """The whole answer has left; a body that is still coming has a deadline of its own."""
        if self._request_read:
            self.deadline = None

    def _break_off(self, code: Code, detail: str) -> None:
        """Say that the answer is not whole: in the trailer, or by breaking the connection."""
        writer, self._writer = self._writer, None
        assert writer is not None
        assert self._outgoing is not None
        self._cancel()
        rest = writer.cut(code)
        if rest is None and not self._outgoing.begun and self._forward is not None:
            # Browsers ask again, even for a POST, if a kept connection ends without a word.
            self._take(self._bridge.fail(self._forward, UpstreamError(code, detail)))
            return
        log.warning("%s: %s", code, detail)
        if rest is None:
            # First: a connection that is broken off calls `on_connection_close`.
            self._done(code)
            self._outgoing.abort()
        else:
            self._end(rest, code)

    def _cancel(self) -> None:
        self._stop_timer()
        transfer, self._transfer = self._transfer, None
        if transfer is not None:
            transfer.cancel()

    def _done(self, outcome: Outcome) -> None:
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
        if self._recorder is not None:
            self._recorder.done()
            self._recorder = None
        if self._intake is not None:
            self._intake.release()
        self._gateway.ended(self, outcome)

    def _log_refusal(self, reply: Reply) -> None:
        refusal = reply.refusal
        assert refusal is not None
        if refusal.status == 503:
            # Where there is too much already, a line for each would be more of it.
            self._gateway.complain(f"{reply.form} refused: {refusal}")
            return
        level = logging.INFO if refusal.code.fault is Fault.PAGE else logging.WARNING
        log.log(level, "%s refused: %s", reply.form, refusal)
