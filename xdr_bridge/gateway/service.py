"""The service: the listener in front, the pools behind, the bridge in between."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

from xdr_bridge.bridge.log_ins import why_no_log_in
from xdr_bridge.bridge.steps import Forward
from xdr_bridge.config import Settings
from xdr_bridge.gateway.complaints import Complaint
from xdr_bridge.gateway.descriptors import connections_that_fit, descriptor_limit
from xdr_bridge.gateway.journal import Exchange, Observer
from xdr_bridge.gateway.listener import Listener
from xdr_bridge.gateway.places import Places, is_own, place_of
from xdr_bridge.gateway.reaching import tls_to_apis
from xdr_bridge.gateway.shared import Counted, Limits
from xdr_bridge.gateway.sockets import bind
from xdr_bridge.gateway.tally import Outcome, Tally
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.upstream.connections import Holder
from xdr_bridge.upstream.pool import Pool, UpstreamLimits

__all__ = ["Exchange", "Gateway"]

log = logging.getLogger("xdr_bridge.gateway")

# A handshake is three short messages; who is slow at it asks for nothing.
_HANDSHAKE_SECONDS = 10.0
# How long a connection is idle while the gateway stops: a request may be on its way.
_ARRIVAL_SECONDS = 2.0
_STOPPING_SWEEP_SECONDS = 0.1
# After how much silence a framed call shows that it lives (Wire 5.7); pages wait twice as long.
_BEAT_SECONDS = 15.0


class Gateway:
    """One listening bridge. Use it on a running asyncio loop."""

    def __init__(self, settings: Settings, *, observer: Observer | None = None) -> None:
        """Set up a gateway; `start` makes it listen.

        Args:
            settings: Where the API is, and the policy.
            observer: Told of every finished exchange.
        """
        self.settings = settings
        self.bridge = settings.build_bridge()
        # Read at the start: at the first call the file may be another one, or gone.
        self._tls = tls_to_apis(settings)
        self.observer = observer
        self.port = settings.port
        self.tally = Tally()
        self.beat_seconds = _BEAT_SECONDS
        self.calls = 0
        self._shares = Places(0, None)
        self.max_calls = 0
        self.held_bytes = 0
        self.max_held_bytes = 0
        self.idle_seconds = self.idle_connection_seconds = self.request_seconds = 0.0
        self.min_bytes_per_second = 0
        self._sweep_interval = 0.0
        self._take_limits(settings)
        self._complaint = Complaint(log)
        self._log_ins_told: set[str] = set()
        self._conversations: set[Counted] = set()
        self._sweep: asyncio.TimerHandle | None = None

    def start(self, sockets: Sequence[socket.socket] | None = None) -> None:
        """Serve; afterwards `port` is the real one.

        Args:
            sockets: Where to listen; None binds the address of the settings.

        Raises:
            OSError: The address cannot be bound.
        """
        self.loop = asyncio.get_running_loop()
        self.clock = _clock_of(self.loop)
        self._started = self.clock()
        settings = self.settings
        if sockets is None:
            sockets = bind(settings.host, settings.port)
        self.port = sockets[0].getsockname()[1]
        self._pools: dict[Api, Pool] = {}
        self._listener = Listener(
            self, self._limits(), self._places(), certificate=settings.certificate
        )
        self._listener.add_sockets(sockets)
        self._sweep = self.loop.call_later(self._sweep_interval, self._sweep_once)

    async def stop(self, *, grace_seconds: float | None = None) -> None:
        """Stop accepting, let running exchanges finish for a while, close everything.

        Args:
            grace_seconds: How long that may take; None takes `stop_seconds` of the settings.
        """
        if self._sweep is None:
            return
        self.idle_connection_seconds = min(_ARRIVAL_SECONDS, self.idle_connection_seconds)
        await self._listener.retire()
        self._sweep.cancel()
        self._sweep_interval = min(_STOPPING_SWEEP_SECONDS, self._sweep_interval)
        self._sweep_once()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(
                self.settings.stop_seconds if grace_seconds is None else grace_seconds
            ):
                await self._listener.emptied()
        self._sweep.cancel()
        self._sweep = None
        self._listener.break_off()
        await self._listener.emptied()
        for pool in self._pools.values():
            await pool.close()

    def hurry(self) -> None:
        """Break off what `stop` waits for."""
        self._listener.break_off()

    async def reload(self, settings: Settings) -> None:
        """Judge by these settings from the next request on; calls under way keep their own.

        Address, mount, APIs and time-outs of the pool are those of the start. Connections that are
        open keep the certificate with which they began.
        """
        # One reference; a conversation takes it once.
        self.bridge = settings.build_bridge()
        self.settings = settings
        self._take_limits(settings)
        self._listener.limits = self._limits()
        self._listener.certificate = settings.certificate
        places, now = self._listener.places, self._places()
        places.most, places.most_per_address = now.most, now.most_per_address

    def _take_limits(self, settings: Settings) -> None:
        self.max_calls = settings.max_calls
        self.max_held_bytes = settings.max_held_bytes
        self.idle_seconds = settings.idle_seconds
        self.idle_connection_seconds = settings.keep_alive_seconds
        self.request_seconds = settings.request_seconds
        self.min_bytes_per_second = settings.min_bytes_per_second
        shortest = min(
            settings.idle_seconds,
            settings.head_seconds,
            settings.request_seconds,
            settings.keep_alive_seconds,
        )
        self._sweep_interval = min(1.0, shortest / 4)

    def _limits(self) -> Limits:
        settings = self.settings
        return Limits(
            head_bytes=settings.max_head_bytes,
            fields=settings.max_fields,
            handshake_seconds=min(_HANDSHAKE_SECONDS, settings.head_seconds),
            head_seconds=settings.head_seconds,
        )

    def _places(self) -> Places:
        """Say how many pages may be connected."""
        settings = self.settings
        apis = {route.api for route in settings.routes}
        limit = descriptor_limit()
        fits = connections_that_fit(limit, len(apis) * settings.max_api_connections)
        most = settings.max_connections or fits
        if limit is not None and most > max(fits, limit // 2):
            log.warning(
                "--max-connections is %d, but the process may open %d files only (ulimit -n):"
                " %d connections leave some for those to the API",
                most,
                limit,
                fits,
            )
        return Places(most, settings.max_connections_per_address)

    def began(self, conversation: Counted) -> None:
        """A request has arrived."""
        self.tally.began += 1
        self._conversations.add(conversation)

    def ended(self, conversation: Counted, outcome: Outcome) -> None:
        """An exchange is over; may be told again, and only the first counts."""
        if conversation in self._conversations:
            self._conversations.discard(conversation)
            self.tally.end(outcome)
            if conversation.is_call:
                self.calls -= 1
            if conversation.share is not None:
                self._shares.leave(conversation.share)

    def share_of(self, api: Api, address: str) -> str | None:
        """Return what a call from this address to an API counts to; None where it need not.

        Raises:
            RequestError: It would be one too many.
        """
        most = self.settings.max_calls_per_address
        if not address or (most is None and is_own(address)) or self.bridge.is_proxy(address):
            return None
        most = max(1, self.settings.max_api_connections // 2) if most is None else most
        share = f"{place_of(address)} {api}"
        self._shares.most_per_address = most
        if self._shares.is_full_for(share):
            detail = f"{most} calls from this page's address to the API are under way, its share"
            raise RequestError(Code.TOO_MANY_CALLS, detail)
        self._shares.take(share)
        return share

    def refused(self, code: Code) -> None:
        """Something has been refused for which no request was begun."""
        self.tally.began += 1
        self.tally.end(code)

    def complain(self, message: str) -> None:
        """Log a warning that a flood would repeat without end."""
        self._complaint.say(self.clock(), message)

    def logged_in_vain(self, forward: Forward) -> None:
        """Tell the operator why a log-in does not work, once."""
        why = why_no_log_in(forward)
        if why not in self._log_ins_told:
            self._log_ins_told.add(why)
            log.warning("%s", why)

    def unbind(self, holder: Holder) -> None:
        """Close the connections to APIs that are bound to a page's connection."""
        for pool in self._pools.values():
            pool.unbind(holder)

    def status(self) -> dict[str, Any]:
        """Return what has happened since the start, and what is open now, as JSON has it."""
        pools = {str(api): pool.status() for api, pool in self._pools.items()}
        return {
            "uptime_seconds": round(self.clock() - self._started, 3),
            "calls": self.tally.as_json(),
            "connections": {"open": self.open_connections},
            "pools": pools,
        }

    @property
    def open_connections(self) -> int:
        """How many pages are connected."""
        return len(self._listener.connections)

    def deadline(self, seconds: float) -> float:
        """Return the loop time at which this many seconds have passed."""
        return self.loop.time() + seconds

    def _sweep_once(self) -> None:
        now = self.loop.time()
        self._listener.sweep(now)
        for conversation in list(self._conversations):
            conversation.beat(now)
        self._sweep = self.loop.call_later(self._sweep_interval, self._sweep_once)

    def pool_for(self, api: Api) -> Pool:
        """Return the connections to this API, made at its first call."""
        pool = self._pools.get(api)
        if pool is None:
            pool = self._pools[api] = self._make_pool(api)
        return pool

    def _make_pool(self, api: Api) -> Pool:
        settings = self.settings
        return Pool(
            api.host.strip("[]"),
            api.port,
            socket=api.socket,
            ssl=self._tls if api.scheme == "https" else None,
            limits=UpstreamLimits(
                connect_seconds=settings.connect_seconds,
                first_byte_seconds=settings.first_byte_seconds,
                idle_seconds=settings.answer_idle_seconds,
                max_idle=settings.max_api_connections,
                max_connections=settings.max_api_connections,
                total_seconds=settings.total_seconds,
                max_head_bytes=settings.max_answer_head_bytes,
            ),
        )


def _clock_of(loop: asyncio.AbstractEventLoop) -> Callable[[], float]:
    """Return the loop's clock: for asyncio's own loops the function that they call in turn."""
    if type(loop).time is asyncio.BaseEventLoop.time:
        return time.monotonic
    return loop.time
