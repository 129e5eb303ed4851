"""One call to the API: the request going out, the answer coming in.

Which connection a transfer gets and how long it may take is the pool's business (`pool.py`).
Longer than 300 lines: what can happen to a transfer is one machine.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.answer_reader import AnswerReader, KnownHeads
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.upstream.connections import Connection, Holder
from xdr_bridge.upstream.receivers import NOBODY, Receiver

# RFC 9110, section 9.2.2.
_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"})
_BOUND, _NEVER = Reuse.BOUND, Reuse.NEVER
_LAST_CHUNK = b"0\r\n\r\n"
_NOTHING_SENT = -1
# What says by itself that the API has not got the call.
_NOT_DONE = frozenset({Code.UPSTREAM_UNREACHABLE, Code.OVERLOADED, Code.UPSTREAM_TIMEOUT})
_DIED = "the API closed the connection before it answered; the call may have been done"


class Dispatcher(Protocol):
    """What a transfer asks of the pool."""

    def repeat(self, transfer: Transfer) -> None:
        """Give a transfer a fresh connection."""

    def withdraw(self, transfer: Transfer) -> None:
        """Hear that a transfer wants no connection any more."""


class Transfer:
    """One call: what is left of its request, and how its answer is read.

    `write`, `end`, `pause`, `resume`, `reuse` and `cancel` are the edge's; the rest is the pool's.
    After the call is over all of them do nothing.
    """

    __slots__ = (
        "_acknowledged",
        "_connection",
        "_dispatcher",
        "_drained",
        "_ended",
        "_holder",
        "_left",
        "_maybe_done",
        "_method",
        "_paused",
        "_reader",
        "_receiver",
        "_repeated",
        "_request",
        "_reuse",
        "done",
    )

    def __init__(
        self,
        dispatcher: Dispatcher,
        head: RequestHead,
        receiver: Receiver,
        request: bytes,
        *,
        left: int | None,
        ended: bool,
        reuse: Reuse,
        holder: Holder | None,
        max_head_bytes: int,
        known_heads: KnownHeads,
    ) -> None:
        """Begin a call.

        Args:
            dispatcher: The pool.
            head: The request's head.
            receiver: Who hears of the answer.
            request: The bytes to send first.
            left: The size of what follows through `write`; None if unknown: chunked.
            ended: Whether nothing follows.
            reuse: Which connection it needs.
            holder: Whose it may be, or become.
            max_head_bytes: The largest head of an answer.
            known_heads: Those of the API, read already.
        """
        self.done = self._paused = self._repeated = False
        # Whether an attempt before this one may have been read.
        self._maybe_done = False
        self._dispatcher = dispatcher
        self._receiver = receiver
        self._reader = AnswerReader(head.method, receiver, max_head_bytes, known_heads)
        self._method = head.method
        self._left, self._ended = left, ended
        # All bytes sent so far, as long as they are at hand for a repetition.
        self._request: bytes | None = request
        self._connection: Connection | None = None
        self._drained: asyncio.Future[None] | None = None
        # What the API had acknowledged of the calls before; None: unknown.
        self._acknowledged: int | None = None
        self._holder = holder
        self.reuse(reuse)

    @property
    def answered(self) -> bool:
        """Whether the receiver has been told the answer's head."""
        return self._reader.answered

    def write(self, data: bytes) -> asyncio.Future[None] | None:
        """Send a piece of the request's body.

        Returns:
            None to go on; else a future to wait for before more is written: the API reads
            slowly, or is not connected yet. It never holds an exception.

        Raises:
            ValueError: More than the announced length, or after `end`. A bug.
        """
        if self.done or not data:
            return None
        if self._ended:
            raise ValueError("the body has ended already")
        if self._left is None:
            data = b"%x\r\n%b\r\n" % (len(data), data)
        elif len(data) <= self._left:
            self._left -= len(data)
        else:
            raise ValueError("the body is longer than announced")
        connection = self._connection
        if connection is None:
            self._request = (self._request or b"") + data
        else:
            self._request = None
            connection.write(data)
            if not connection.is_full:
                return None
        if self._drained is None:
            self._drained = asyncio.get_running_loop().create_future()
        return self._drained

    def end(self) -> None:
        """Say that the request's body is complete.

        Raises:
            ValueError: It is shorter than announced; `cancel` is for that. A bug.
        """
        if self.done or self._ended:
            return
        if self._left:
            raise ValueError(f"the body ends {self._left} bytes short of what was announced")
        self._ended = True
        last = _LAST_CHUNK if self._left is None else b""
        if self._request is not None:
            self._request += last
        if self._connection is not None:
            self._connection.write(last)
            self._connection.touch()

    def pause(self) -> None:
        """Stop reading the answer. What one read has brought is still told."""
        self._paused = True
        if self._connection is not None:
            self._connection.pause_reading()

    def resume(self) -> None:
        """Read on."""
        self._paused = False
        if self._connection is not None:
            self._connection.resume_reading()

    def reuse(self, reuse: Reuse) -> None:
        """Say who may use the connection afterwards; it is never more than was said before."""
        self._reuse = reuse
        if reuse is _NEVER:
            self._reader.reusable = False
        elif reuse is _BOUND and self._connection is not None:
            self._connection.holder = self._holder

    def cancel(self) -> None:
        """Give the call up; the API sees its connection close. The receiver hears nothing."""
        if not self.done:
            self._detach()

    def fail(self, error: UpstreamError) -> None:
        """Give the call up for a reason and tell the receiver."""
        if not self.done:
            if self._maybe_done and error.code in _NOT_DONE:
                error = UpstreamError(
                    Code.UPSTREAM_UNANSWERED, f"{_DIED}; then {error.detail}", told=_DIED
                )
            receiver = self._receiver
            self._detach()
            receiver.on_error(error)

    def attach(self, connection: Connection) -> None:
        """Send the request, or what there is of it, on this connection."""
        self._connection = connection
        self.reuse(self._reuse)
        if connection.spoke_first:
            # What this call gets may be the answer to nothing; its own would be the next one's.
            self._reader.reusable = False
        connection.begin(self)
        if self._paused:
            connection.pause_reading()
        if connection.calls > 1:
            # Only a kept one may be closing, and only its call may be made again.
            self._acknowledged = connection.acknowledged()
        connection.write(self._request or b"")
        if connection.is_closing:
            # A first write that fails at once has sent nothing.
            self._acknowledged = _NOTHING_SENT
        if not connection.is_full:
            self.drained()

    def feed(self, data: bytes) -> bool:
        """Read a piece of the answer and return whether the head is behind us."""
        self._request = None
        try:
            complete = self._reader.feed(data)
        except UpstreamError as error:
            self.fail(error)
            return False
        # The receiver may have cancelled the call meanwhile.
        if self.done:
            return self._reader.answered
        if complete:
            self._finish()
            return False
        self._receiver.on_caught_up()
        return self._reader.answered

    def hang_up(self, reason: Exception | None) -> None:
        """Take the end of the connection; `reason` None if it was orderly."""
        reader = self._reader
        if reader.started:
            try:
                if reason is not None:
                    raise self._broken("the connection to the API broke")
                reader.close()
            except UpstreamError as error:
                self.fail(error)
            else:
                self._finish()
            return
        reused = self._connection is not None and self._connection.calls > 1
        if not reused or self._repeated:
            self.fail(UpstreamError(Code.UPSTREAM_UNANSWERED, _DIED))
            return
        unread = self._is_unread(reason)
        if self._request is not None and (unread or self._method in _IDEMPOTENT):
            self._repeated = True
            self._maybe_done = not unread
            self._let_go()
            self._dispatcher.repeat(self)
        else:
            detail = "the API closed a kept connection before it answered; the call was not"
            why = (
                "because a part of its body is gone" if unread else "because it may have been done"
            )
            self.fail(UpstreamError(Code.UPSTREAM_UNANSWERED, f"{detail} repeated {why}"))

    def drained(self) -> None:
        """Let the writer go on."""
        future, self._drained = self._drained, None
        if future is not None and not future.done():
            future.set_result(None)

    def waits_for_page(self) -> bool:
        """Whether the body is still open: then a silent API may just be waiting for it."""
        return not self._ended

    def _finish(self) -> None:
        connection, receiver = self._connection, self._receiver
        # What a HEAD is owed may come late, and would be the next call's answer. One that is bound
        # harms nobody else, and a log-in (NTLM) takes several answers on one connection.
        owes = self._reader.owes and connection is not None and connection.holder is None
        if self._ended and self._reader.reusable and not owes and connection is not None:
            self._connection = None
            self._detach()
            connection.finish()
        else:
            self._detach()
        receiver.on_end()

    def _is_unread(self, reason: Exception | None) -> bool:
        """Whether nothing of the request can have been read: then it may be made again.

        The end of a connection (FIN) acknowledges all that was there when the API closed, so that
        what it does not acknowledge came too late. Of a reset that cannot be said: the other side
        may have read what it has not acknowledged yet, and Linux ignores what a reset acknowledges.
        A broken pipe is an end that somebody has written to.
        """
        before, connection = self._acknowledged, self._connection
        if before is None or connection is None:
            return False
        if before == _NOTHING_SENT:
            return True
        ended = reason is None or isinstance(reason, BrokenPipeError)
        return ended and connection.acknowledged() == before

    def _broken(self, detail: str) -> UpstreamError:
        code = Code.UPSTREAM_CUT if self._reader.answered else Code.UPSTREAM_BROKEN
        return UpstreamError(code, detail)

    def _let_go(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.abort()

    def _detach(self) -> None:
        self.done = True
        self._request = None
        self._receiver = self._reader.sink = NOBODY
        if self._connection is None:
            self._dispatcher.withdraw(self)
        self._let_go()
        self.drained()
