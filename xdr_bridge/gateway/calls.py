"""The API's side of a request: the calls that it leads to, one after the other, and the answer.

               head: the page's            end
    AWAITING -----------------> PASSING -------> OVER
      ^   |
      |   | head: a redirect, or the answer to a preflight
      |   v
    FOLLOWING      (at its end, after 64 KB, or in a while, the next call is awaited)

Longer than 300 lines so that all transitions of one machine are in one place.

What fails, and a page that goes away, leads to OVER. Each state is a class with what is in it.
"""

from __future__ import annotations

import logging
from asyncio import Future, TimerHandle
from dataclasses import dataclass
from typing import TypeAlias

from xdr_bridge.bridge.steps import Answer, Forward, Reply, Writer
from xdr_bridge.gateway.shared import Owner
from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import ResponseHead
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.tunnel.frame import PRELUDE
from xdr_bridge.upstream.pool import Transfer

log = logging.getLogger("xdr_bridge.gateway")

_NEVER = Reuse.NEVER
# A preflight's or redirect's body beyond this costs its connection.
MAX_DRAINED_BYTES = 64 * 1024
# And one that is not over by then: browsers go on at once, and so does the call.
MAX_DRAINED_SECONDS = 0.1

# How long a framed answer that has begun may wait for its end, so that a short one leaves whole:
# head and body of many APIs come in two pieces. Pages look every 50 ms (Wire 5.7).
PAUSE_SECONDS = 0.02


@dataclass(slots=True, eq=False)
class Awaiting:
    """The call is made; its answer has not begun."""

    forward: Forward
    transfer: Transfer


@dataclass(slots=True, eq=False)
class Following:
    """The answer leads to another call; read to its end, if short, it saves the connection."""

    forward: Forward
    transfer: Transfer
    following: Forward
    timer: TimerHandle
    drained: int = 0


@dataclass(slots=True, eq=False)
class Passing:
    """The answer is passed on to the page.

    Attributes:
        timer: Until the first of a framed one leaves.
        ended: Whether all of it has come, while the writer is behind.
        gives_way: Whether the writer goes on at the next turn of the loop.
    """

    forward: Forward
    transfer: Transfer
    writer: Writer
    timer: TimerHandle | None = None
    ended: bool = False
    gives_way: bool = False


class Over:
    """Nothing comes any more: the answer is whole, or nobody wants it, or there is none."""

    __slots__ = ()


OVER = Over()
State: TypeAlias = Awaiting | Following | Passing | Over


class ApiCall:
    """Makes a call, and those that follow from it; also the pool's `Receiver`."""

    __slots__ = ("_owner", "_quiet_since", "_state")

    def __init__(self, owner: Owner) -> None:
        """Make nothing yet."""
        self._owner = owner
        self._state: State = OVER
        # When the sweep first found that nothing had been said to the page for a while.
        self._quiet_since: float | None = None

    # The page's side calls these ---------------------------------------------------------------

    def make(self, forward: Forward, length: int | None = 0, body: bytes | None = b"") -> None:
        """Make this call.

        Args:
            forward: What the bridge said.
            length: The size of the page's body in bytes; None: as much as comes.
            body: The whole of it, unless it is about to come; the call may bring its own.
        """
        owner = self._owner
        if forward.body is not None:
            body = forward.body
        if owner.recorder is not None:
            owner.recorder.sent(forward.form, forward.call, body)
        pool = owner.gateway.pool_for(forward.route.api)
        reuse, holder = forward.reuse, owner.connection
        if body is None:
            transfer = pool.stream(forward.call, self, length, reuse=reuse, holder=holder)
        else:
            transfer = pool.send(forward.call, self, body, reuse=reuse, holder=holder)
        self._state = Awaiting(forward, transfer)
        if reuse is _NEVER:
            owner.gateway.logged_in_vain(forward)

    def write(self, chunk: bytes) -> Future[None] | None:
        """Pass a piece of the page's body on; wait for the future before the next."""
        state = self._state
        return None if isinstance(state, Over) else state.transfer.write(chunk)

    def finish(self) -> None:
        """The page's body is complete."""
        if not isinstance(self._state, Over):
            self._state.transfer.end()

    def cancel(self) -> None:
        """Give it up."""
        state, self._state = self._state, OVER
        if isinstance(state, Over):
            return
        state.transfer.cancel()
        if not isinstance(state, Awaiting) and state.timer is not None:
            state.timer.cancel()

    def refuse_late(self) -> bool:
        """Give it up because the page's body is late; False where the answer has begun."""
        state = self._state
        if isinstance(state, (Passing, Over)):
            return False
        self.cancel()
        self._owner.reply(self._owner.bridge.too_late(state.forward))
        return True

    def beat(self, now: float) -> None:
        """Show a page whose framed call is under way that it lives, if it has heard nothing.

        A call that ends in silence can then be told from one whose API is slow (Wire 5.7).
        """
        owner, state = self._owner, self._state
        if isinstance(state, Over) or not state.forward.framed:
            return
        # With a deadline it is the page that is slow.
        if self._quiet_since is None or owner.deadline is not None:
            self._quiet_since = now
        elif now - self._quiet_since >= owner.gateway.beat_seconds:
            self._quiet_since = now
            if isinstance(state, Passing):
                owner.outgoing.write(state.writer.beat())
            elif owner.outgoing.begun:
                owner.outgoing.write(b" ")
            elif not state.forward.has_credentials:
                owner.outgoing.start(owner.bridge.frame_head(state.forward))
                owner.outgoing.write(PRELUDE)

    # The pool calls these ----------------------------------------------------------------------

    def on_head(self, head: ResponseHead) -> None:
        """The head of the API's answer has come."""
        owner, state = self._owner, self._state
        assert isinstance(state, Awaiting)
        if owner.recorder is not None:
            owner.recorder.answered(head)
        self._settle(state, head)
        try:
            step = owner.bridge.respond(state.forward, head, now=owner.gateway.clock())
        except Exception:
            log.exception("the bridge made a mistake on an answer")
            step = owner.bridge.internal_error(state.forward)
        if isinstance(step, Forward):
            # A timer only where something follows: few calls are redirected or asked for.
            timer = owner.gateway.loop.call_later(MAX_DRAINED_SECONDS, self._follow)
            self._state = Following(state.forward, state.transfer, step, timer)
        elif isinstance(step, Reply):
            self.cancel()
            owner.reply(step)
        else:
            self._pass_on(state, step)

    def on_data(self, data: bytes) -> None:
        """A piece of the API's body has come."""
        state = self._state
        if isinstance(state, Passing):
            if self._owner.recorder is not None:
                self._owner.recorder.add("api", data)
            self._write(state, data)
        elif isinstance(state, Following):
            state.drained += len(data)
            if state.drained > MAX_DRAINED_BYTES:
                self._follow()

    def on_caught_up(self) -> None:
        """More of the API's answer has to come: what is here does not wait for it."""
        state = self._state
        if not isinstance(state, Passing) or state.writer.is_behind:
            return
        owner = self._owner
        if not state.forward.framed:
            # Head and body usually come together; an API that is slow to go on is not waited for.
            owner.outgoing.flush()
        elif owner.outgoing.begun:
            self._send(state, state.writer.pause())
        elif state.timer is None:
            state.timer = owner.gateway.loop.call_later(PAUSE_SECONDS, self._on_pause)

    def on_end(self) -> None:
        """The API's answer is whole."""
        state = self._state
        if isinstance(state, Following):
            self._follow()
        elif isinstance(state, Passing) and state.writer.is_behind:
            state.ended = True
        elif isinstance(state, Passing):
            try:
                rest = state.writer.end()
            except ValueError as error:
                self._break_off(state, Code.UPSTREAM_CUT, str(error))
                return
            self.cancel()
            self._owner.end(rest)

    def on_error(self, error: UpstreamError) -> None:
        """The API has failed."""
        state = self._state
        if isinstance(state, Following):
            self._follow()
        elif isinstance(state, Passing):
            self._break_off(state, error.code, error.detail)
        elif isinstance(state, Awaiting):
            self.cancel()
            self._owner.reply(self._owner.bridge.fail(state.forward, error))

    # -------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """Make the call to which the last answer led; what is left of that is given up."""
        state = self._state
        if isinstance(state, Following):
            self.cancel()
            self.make(state.following)

    def _settle(self, state: Awaiting, head: ResponseHead) -> None:
        """Tell the pool what becomes of the connection, where the answer's head has changed it."""
        reuse = state.forward.reuse.after(head.headers)
        if reuse is not state.forward.reuse:
            state.transfer.reuse(reuse)
            if reuse is _NEVER:
                self._owner.gateway.logged_in_vain(state.forward)

    def _pass_on(self, before: Awaiting, answer: Answer) -> None:
        """Begin the answer to the page."""
        owner = self._owner
        if owner.recorder is not None:
            owner.recorder.replied(before.forward.form, answer.head)
        state = self._state = Passing(before.forward, before.transfer, answer.writer)
        if not owner.is_complete:
            # The end of an early answer may be the connection's: its head has to say so.
            owner.outgoing.keep_alive = False
        owner.outgoing.start(answer.head)
        opening = answer.writer.open()
        if opening:
            self._send(state, opening)

    def _on_pause(self) -> None:
        """Let a framed answer begin: its API takes longer than a short answer would."""
        state = self._state
        if isinstance(state, Passing):
            state.timer = None
            self._send(state, state.writer.pause())

    def _write(self, state: Passing, data: bytes) -> None:
        """Write what a piece makes: a slice at a time, if it is compressed."""
        try:
            self._send(state, state.writer.write(data))
        except ValueError as error:
            self._break_off(state, Code.UPSTREAM_CUT, str(error))
            return
        if state.writer.is_behind:
            state.transfer.pause()
            self._give_way(state)

    def _give_way(self, state: Passing) -> None:
        if not state.gives_way:
            state.gives_way = True
            self._owner.gateway.loop.call_soon(self._go_on, state)

    def _go_on(self, state: Passing) -> None:
        """Write the next slice, unless the page has not taken the last."""
        state.gives_way = False
        if self._state is state and self._owner.deadline is None:
            self._write(state, b"")
            self._catch_up(state)

    def _catch_up(self, state: Passing) -> None:
        """Read on, or end, once all that has come is written."""
        if self._state is not state or state.writer.is_behind or self._owner.deadline is not None:
            return
        if state.ended:
            self.on_end()
        else:
            state.transfer.resume()

    def _send(self, state: Passing, data: bytes) -> None:
        owner = self._owner
        if data:
            self._quiet_since = None
            if owner.recorder is not None:
                owner.recorder.add("answer", data)
        waiting = owner.outgoing.write(data)
        if waiting is not None:
            # The page reads slower than the API writes.
            state.transfer.pause()
            owner.deadline = owner.gateway.deadline(owner.gateway.idle_seconds)
            waiting.add_done_callback(lambda _: self._resume(state))

    def _resume(self, state: Passing) -> None:
        self._owner.deadline = None
        if self._state is state and state.writer.is_behind:
            self._give_way(state)
        else:
            self._catch_up(state)

    def _break_off(self, state: Passing, code: Code, detail: str) -> None:
        """Say that the answer is not whole: in the trailer, or by breaking the connection."""
        owner = self._owner
        self.cancel()
        rest = state.writer.cut(code)
        if rest is None and not owner.outgoing.begun:
            # Browsers ask again, even for a POST, if a kept connection ends without a word.
            owner.reply(owner.bridge.fail(state.forward, UpstreamError(code, detail)))
            return
        log.warning("%s: %s", code, detail)
        if rest is None:
            owner.break_off(code)
        else:
            owner.end(rest, code)
