"""The page's side of a request: its body comes in, its answer goes out. It decides nothing.

                  the bridge reads it whole
    DROPPING ----------------------------------> GATHERING --too large, too late--> DROPPING
      |  |   the API takes it as it comes
      |  +-------------------------------------> STREAMING --answered early--> DROPPING
      v
    COMPLETE    (at the end of the body, from everywhere)

A body that comes along with its head is COMPLETE from the beginning. What the API does meanwhile is
an `ApiCall`'s business (`calls`).
"""

from __future__ import annotations

import logging
import time
from asyncio import Future
from collections.abc import Awaitable

from xdr_bridge.bridge.steps import Forward, ReadBody, Reply
from xdr_bridge.gateway.calls import ApiCall
from xdr_bridge.gateway.complaints import log_refusal
from xdr_bridge.gateway.intake import (
    AT_ONCE,
    Complete,
    Dropping,
    Gathering,
    Intake,
    State,
    Streaming,
)
from xdr_bridge.gateway.journal import Recorder
from xdr_bridge.gateway.outgoing import Outgoing, Socket
from xdr_bridge.gateway.shared import Shared
from xdr_bridge.gateway.tally import Ending, Outcome
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import RequestHead

log = logging.getLogger("xdr_bridge.gateway")


class Conversation:
    """Takes one request through the bridge, and the API's answer back; also its call's `Owner`.

    Attributes:
        deadline: The loop time at which the page has been silent for too long, by the gateway's
            sweep. None while it is not the page's turn.
        is_call: Whether an API has been called: then it is one of the gateway's `calls`.
        head: The request's head.
        outgoing: Its answer.
    """

    __slots__ = (
        "_call",
        "_state",
        "bridge",
        "connection",
        "deadline",
        "gateway",
        "head",
        "is_call",
        "outgoing",
        "recorder",
        "share",
    )

    def __init__(
        self, gateway: Shared, connection: Socket, head: RequestHead, outgoing: Outgoing
    ) -> None:
        """Take a request, grammar and framing checked, and write its answer there."""
        self.gateway = gateway
        # Not before: a reload holds for the next request of a kept connection too.
        self.bridge = gateway.bridge
        self.connection = connection
        self.head = head
        self.outgoing = outgoing
        self.recorder: Recorder | None = None
        self.is_call = False
        self.share: str | None = None
        self.deadline: float | None = None
        self._state: State = AT_ONCE
        # None once it is all over, too.
        self._call: ApiCall | None = None

    # The page's side: whoever reads the connection calls these ---------------------------------

    def begin(self, length: int | None, body: bytes | None) -> None:
        """Judge the head, and begin what the bridge says.

        Args:
            length: The size of the body in bytes; None: as much as comes.
            body: The whole of it, where it is here already; then `finish` is not called.
        """
        gateway = self.gateway
        gateway.began(self)
        if gateway.observer is not None:
            # uvloop's clock goes by milliseconds, which is too coarse for a leg.
            self.recorder = Recorder(gateway.observer, time.monotonic, self.head)
        if body is None:
            intake = Intake(gateway)
            self._state = Dropping(intake)
            self.deadline = intake.deadline()
        elif self.recorder is not None:
            self.recorder.add("request", body)
        self._take(self._receive(body), length, body)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        """Take a piece of the request's body."""
        state = self._state
        intake = state.intake
        assert intake is not None
        intake.receive(chunk)
        self.deadline = intake.deadline()
        if self.recorder is not None:
            self.recorder.add("request", chunk)
        if isinstance(state, Gathering):
            self._gather(state, chunk)
        elif isinstance(state, Streaming):
            return self._stream(state, chunk)
        elif intake.discard(chunk):
            self.connection.close()
        return None

    def finish(self) -> None:
        """The request is complete."""
        state = self._state
        self._state = Complete(state.intake)
        self.deadline = None
        if isinstance(state, Gathering):
            self._take(self._receive(state.intake.take()))
        elif self.answered:
            # The answer went out early; only now may the connection end.
            self.deadline = self.gateway.deadline(self.gateway.idle_seconds)
            self.outgoing.close()
        elif isinstance(state, Streaming):
            state.call.finish()

    def on_connection_close(self, outcome: Outcome = Ending.ABANDONED) -> None:
        """The page is gone, or understood no longer: so is its call."""
        self.deadline = None
        self._done(outcome)

    def time_out(self) -> bool:
        """Refuse a request whose body is late; return False where nothing can be said any more."""
        state = self._state
        if isinstance(state, Complete) or self.answered:
            return False
        if isinstance(state, Gathering):
            self._state = Dropping(state.intake)
            self.reply(state.reading.too_late())
        elif self._call is not None and not self._call.refuse_late():
            return False
        # The rest of the body is not waited for.
        self.outgoing.close()
        return True

    def beat(self, now: float) -> None:
        """Show a page whose framed call is under way that it lives, if it has heard nothing."""
        if self._call is not None:
            self._call.beat(now)

    @property
    def origin_lines(self) -> list[str]:
        """The value of each Origin field of the request."""
        return self.head.headers.get_all("Origin")

    @property
    def answered(self) -> bool:
        """Whether the whole answer has been handed on."""
        return self.outgoing.finished

    # The call calls these (`Owner`) --------------------------------------------------------------

    @property
    def is_complete(self) -> bool:
        """Whether the whole request has come."""
        return isinstance(self._state, Complete)

    def reply(self, reply: Reply) -> None:
        """Answer by a reply of the bridge's own."""
        if reply.refusal is not None:
            log_refusal(reply.form, reply.refusal, self.gateway.complain)
        if self.recorder is not None:
            self.recorder.replied(reply.form, reply.head)
        self.outgoing.start(reply.head)
        self.end(reply.body, Ending.ANSWERED if reply.refusal is None else reply.refusal.code)

    def end(self, data: bytes, outcome: Outcome = Ending.ANSWERED) -> None:
        """Send the last of the answer."""
        if self.recorder is not None:
            self.recorder.add("answer", data)
        # The answer to a body that is still coming waits for it: closing now would reset both.
        # A page that waits for "100 Continue" sends no body: there is nothing to wait for.
        early = not self.is_complete
        if early:
            self.outgoing.keep_alive = False
        waits = early and "Expect" in self.head.headers
        unsent = self.outgoing.end(data, hold_open=early and not waits)
        if unsent is not None:
            # A page that does not read the end of its answer would keep it for ever.
            self.deadline = self.gateway.deadline(self.gateway.idle_seconds)
            unsent.add_done_callback(self._on_sent)
        self._done(outcome)

    def break_off(self, code: Code) -> None:
        """Break the connection: nothing else can say that the answer is not whole."""
        # First: a connection that is broken off calls `on_connection_close`.
        self._done(code)
        self.outgoing.abort()

    # ---------------------------------------------------------------------------------------------

    def _receive(self, body: bytes | None) -> ReadBody | Reply | Forward:
        try:
            return self.bridge.receive(self.head, body, now=self.gateway.clock())
        except Exception:
            log.exception("the bridge made a mistake on a request")
            return self.bridge.internal_error(head=self.head)

    def _take(
        self, step: ReadBody | Reply | Forward, length: int | None = 0, body: bytes | None = b""
    ) -> None:
        """Do what a step says.

        Args:
            step: What the bridge said.
            length: The size of the page's body in bytes; None: as much as comes.
            body: The whole of it, unless it is about to come.
        """
        if isinstance(step, Forward):
            self._make_call(step, length, body)
        elif isinstance(step, Reply):
            self.reply(step)
        else:
            assert isinstance(self._state, Dropping)
            self._state = Gathering(self._state.intake, step)

    def _make_call(self, forward: Forward, length: int | None, body: bytes | None) -> None:
        gateway = self.gateway
        if gateway.calls >= gateway.max_calls:
            self.reply(self.bridge.too_many_calls(forward, gateway.max_calls))
            return
        try:
            self.share = gateway.share_of(forward.route.api, self.head.client or "")
        except RequestError as error:
            self.reply(self.bridge.fail(forward, error))
            return
        self.is_call = True
        gateway.calls += 1
        call = self._call = ApiCall(self)
        # A call that is whole (a GET tunnel request with a body, R11) takes no more.
        if isinstance(self._state, Dropping) and forward.body is None:
            self._state = Streaming(self._state.intake, call)
        call.make(forward, length, body)

    def _gather(self, state: Gathering, chunk: bytes) -> None:
        """Hold a piece of a body that is read whole."""
        refuse = None
        if state.intake.hold(chunk) > state.reading.max_bytes:
            refuse = state.reading.too_large
        elif not state.intake.has_room:
            refuse = state.reading.no_room
        if refuse is not None:
            self._state = Dropping(state.intake)
            state.intake.release()
            self.reply(refuse())

    def _stream(self, state: Streaming, chunk: bytes) -> Awaitable[None] | None:
        """Pass a piece of the body on."""
        if self.recorder is not None:
            self.recorder.add("call", chunk)
        waiting = state.call.write(chunk)
        if waiting is not None:
            # Now it is the API that is slow; the pool has its own limits.
            self.deadline = None
            state.intake.pause()
            waiting.add_done_callback(self._await_page)
        return waiting

    def _await_page(self, _: Future[None]) -> None:
        """The API takes more: it is the page's turn again."""
        state = self._state
        if not isinstance(state, Complete):
            state.intake.go_on()
            self.deadline = state.intake.deadline()

    def _on_sent(self, _: Future[None]) -> None:
        """The whole answer has left; a body that is still coming has a deadline of its own."""
        if self.is_complete:
            self.deadline = None

    def _done(self, outcome: Outcome) -> None:
        call, self._call = self._call, None
        if call is not None:
            call.cancel()
        recorder, self.recorder = self.recorder, None
        if recorder is not None:
            recorder.done()
        state = self._state
        if isinstance(state, Streaming):
            self._state = Dropping(state.intake)
        if state.intake is not None:
            state.intake.release()
        self.gateway.ended(self, outcome)
