"""The pooled, streaming HTTP/1.1 client to the API. It decides nothing about calls.

Connections are kept open and reused, the most recently used first, so that idle ones grow old
and go. There is no task and no timer for a call that finds an idle connection: one sweep
looks after all deadlines. A call that finds none waits in line for whatever is free first, a
connection that another call gives back or a new one. Follows RFC 9112, section 9. A little longer
than 300 lines, so that who gets a connection, and when, is in one place.
"""

from __future__ import annotations

import asyncio
import logging
from ssl import SSLContext

from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import RequestHead
from xdr_bridge.http.v1.answer_reader import KnownHeads
from xdr_bridge.http.v1.request_writer import render_head
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.upstream.connections import Connection, Holder
from xdr_bridge.upstream.endpoints import Endpoint
from xdr_bridge.upstream.keeping import Kept
from xdr_bridge.upstream.limits import UpstreamLimits as UpstreamLimits
from xdr_bridge.upstream.receivers import Receiver as Receiver
from xdr_bridge.upstream.transfers import Transfer as Transfer

_log = logging.getLogger(__name__)

# Also the most that is told of an answer after `pause`.
_BUFFER_BYTES = 65536


class Pool:
    """Calls to one API. Belongs to the event loop in which it is first used."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        socket: str | None = None,
        ssl: SSLContext | None = None,
        server_hostname: str | None = None,
        limits: UpstreamLimits | None = None,
    ) -> None:
        """Make a pool; nothing is opened before the first call.

        Where the API is, `Endpoint` explains.
        """
        self._endpoint = Endpoint(
            host=host, port=port, socket=socket, ssl=ssl, server_hostname=server_hostname
        )
        self._host_field = self._endpoint.host_field
        self._limits = limits = limits or UpstreamLimits()
        self._buffer = memoryview(bytearray(_BUFFER_BYTES))
        self._known_heads = KnownHeads()
        self._connections: set[Connection] = set()
        self._kept = Kept(limits)
        # For whom: None is whoever is first in line; a call is one whose kept one was dead.
        self._opening: dict[asyncio.Task[None], Transfer | None] = {}
        self._opening_for_line = 0
        # Who waits for a connection, and since when; in order.
        self._line: dict[Transfer, float] = {}
        # That in which the first call is made.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def send(
        self,
        head: RequestHead,
        receiver: Receiver,
        body: bytes = b"",
        *,
        reuse: Reuse = Reuse.SHARED,
        holder: Holder | None = None,
    ) -> Transfer:
        """Make a call whose body is all here.

        Args:
            head: What is sent, but for framing.
            receiver: Who hears of the answer.
            body: The call's.
            reuse: Which connection it needs.
            holder: Who makes the call, where it needs one of its own.

        Raises:
            ValueError: The head cannot be sent; see `render_head`. A bug.
        """
        request = render_head(head, host=self._host_field, length=len(body)) + body
        return self._start(head, receiver, request, left=0, ended=True, reuse=reuse, holder=holder)

    def stream(
        self,
        head: RequestHead,
        receiver: Receiver,
        length: int | None,
        *,
        reuse: Reuse = Reuse.SHARED,
        holder: Holder | None = None,
    ) -> Transfer:
        """Make a call whose body follows through `Transfer.write` and `Transfer.end`.

        Its `length` is None where it is unknown; for the rest see `send`.

        Raises:
            ValueError: The head cannot be sent; see `render_head`. A bug.
        """
        request = render_head(head, host=self._host_field, length=length)
        return self._start(
            head, receiver, request, left=length, ended=False, reuse=reuse, holder=holder
        )

    def unbind(self, holder: Holder) -> None:
        """Close what is bound to a holder that is gone."""
        self._kept.unbind(holder)

    def status(self) -> dict[str, int]:
        """Count the connections, those that are idle for anybody or bound, calls without one."""
        return {
            "open": len(self._connections),
            "idle": len(self._kept.anybodys),
            "bound": sum(connection.holder is not None for connection in self._connections),
            "connecting": len(self._opening),
            "waiting": len(self._line),
        }

    async def close(self) -> None:
        """End all calls with an error, close all connections and wait until they are gone."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        active = [c.cargo for c in self._connections if c.cargo is not None]
        loop = asyncio.get_running_loop()
        repeating = filter(None, self._opening.values())
        for transfer in (*active, *repeating, *self._line):
            code = Code.UPSTREAM_CUT if transfer.answered else Code.OVERLOADED
            # One by one, so that a receiver that raises takes no other down.
            loop.call_soon(transfer.fail, UpstreamError(code, "the bridge is stopping"))
        tasks = tuple(self._opening)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        connections = tuple(self._connections)
        await asyncio.sleep(0)
        for connection in connections:
            connection.abort()
        if connections:
            # Not `gather`, which would cancel these futures along with us.
            await asyncio.wait([connection.gone for connection in connections])

    def release(self, connection: Connection) -> None:
        """Give a free connection to the next in line, or keep it: a bound one for its holder."""
        connection.touch()
        if self._closed or connection.is_closing:
            connection.close()
        elif connection.holder is not None:
            self._kept.keep_for(connection.holder, connection)
        elif self._kept.is_old(connection):
            connection.close()
        elif not self._line:
            self._kept.keep(connection)
        elif connection.calls and not connection.is_quiet():
            # Nobody asked for what has come there.
            connection.abort()
        else:
            self._next_in_line().attach(connection)

    def lost(self, connection: Connection) -> None:
        """Forget a connection; its place goes to the next in line."""
        self._connections.discard(connection)
        self._kept.forget(connection)
        self._serve_line()

    def repeat(self, transfer: Transfer) -> None:
        """Open a connection for a transfer whose kept one was dead, in its place.

        Not by the line, where it could get another kept one.
        """
        _log.debug("a kept connection to %s was closed; repeating the call", self._endpoint)
        self._begin_opening(transfer)

    def withdraw(self, transfer: Transfer) -> None:
        """Take a transfer out of the line; a connection on its way is for the next."""
        self._line.pop(transfer, None)

    def _start(
        self,
        head: RequestHead,
        receiver: Receiver,
        request: bytes,
        *,
        left: int | None,
        ended: bool,
        reuse: Reuse,
        holder: Holder | None,
    ) -> Transfer:
        limits = self._limits
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        transfer = Transfer(
            self,
            head,
            receiver,
            request,
            left=left,
            ended=ended,
            reuse=reuse,
            holder=holder,
            max_head_bytes=limits.max_head_bytes,
            known_heads=self._known_heads,
        )
        now = self._loop.time()
        connection = self._kept.take(holder if reuse.is_own else None, now)
        if self._closed:
            self._refuse(transfer, "the bridge is stopping")
        elif connection is not None:
            transfer.attach(connection)
        elif len(self._line) < limits.max_waiting + limits.max_connections - self._held:
            self._line[transfer] = now
            self._serve_line()
        else:
            self._refuse(transfer, "too many calls are waiting for the API")
        self._arm()
        return transfer

    def _refuse(self, transfer: Transfer, detail: str) -> None:
        # Later: the edge has not seen the transfer yet.
        error = UpstreamError(Code.OVERLOADED, detail)
        asyncio.get_running_loop().call_soon(transfer.fail, error)

    @property
    def _held(self) -> int:
        """How many connections there are, but for those being opened for the line."""
        return len(self._connections) + len(self._opening) - self._opening_for_line

    def _next_in_line(self) -> Transfer:
        transfer = next(iter(self._line))
        del self._line[transfer]
        return transfer

    def _serve_line(self) -> None:
        """Open connections for those in line: one for each, as far as the limits allow."""
        room = min(self._limits.max_opening, self._limits.max_connections - self._held)
        for _ in range(min(len(self._line), room) - self._opening_for_line):
            if self._closed:
                return
            self._begin_opening(None)

    def _begin_opening(self, transfer: Transfer | None) -> None:
        task = asyncio.get_running_loop().create_task(self._open(transfer))
        self._opening[task] = transfer
        self._opening_for_line += transfer is None
        task.add_done_callback(self._opened)

    def _opened(self, task: asyncio.Task[None]) -> None:
        self._opening_for_line -= self._opening.pop(task) is None
        self._serve_line()

    async def _open(self, transfer: Transfer | None) -> None:
        try:
            connection = await self._endpoint.connect(
                self, self._buffer, self._limits.connect_seconds
            )
        except UpstreamError as error:
            if transfer is None and self._line:
                # One call for one failure; else a line would wait for what cannot come.
                transfer = self._next_in_line()
            if transfer is not None:
                transfer.fail(error)
            return
        self._connections.add(connection)
        self._arm()
        if transfer is None or transfer.done:
            self.release(connection)
        else:
            transfer.attach(connection)

    def _arm(self) -> None:
        if self._sweep is None and not self._closed:
            loop = asyncio.get_running_loop()
            self._sweep = loop.call_later(self._limits.sweep_seconds, self._on_sweep)

    def _on_sweep(self) -> None:
        self._sweep = None
        if self._connections or self._line:
            self._arm()
        # When a process goes on that was stopped (SIGSTOP, a machine that was moved), timers may
        # come before what has arrived meanwhile. The second turn from here has read that.
        loop = asyncio.get_running_loop()
        loop.call_soon(loop.call_soon, self._judge)

    def _judge(self) -> None:
        """End what has taken too long."""
        now = asyncio.get_running_loop().time()
        limits = self._limits
        for transfer, since in tuple(self._line.items()):
            if now - since < limits.connect_seconds:
                break
            transfer.fail(self._waited_in_vain())
        # What nobody has room for, besides those for whom connections are being opened.
        self._kept.sweep(now, max(0, len(self._line) + self._held - limits.max_connections))
        for connection in tuple(self._connections):
            cargo = connection.cargo
            if cargo is not None:
                quiet_seconds = connection.quiet_seconds(now)
                late = limits.judge(cargo.answered, quiet_seconds, now - connection.began)
                if late is not None:
                    cargo.fail(late)

    def _waited_in_vain(self) -> UpstreamError:
        if self._connections:
            return UpstreamError(Code.OVERLOADED, "all connections to the API stayed busy")
        return self._endpoint.timeout_error()
