"""The service: Tornado's `HTTPServer` in front, the pool behind, the bridge in between.

It sits at the level where bodies can stream (`HTTPMessageDelegate`), both ways, with back-pressure.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Awaitable
from typing import cast
from weakref import WeakKeyDictionary

from tornado.http1connection import HTTP1Connection
from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    HTTPServerConnectionDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.netutil import bind_sockets

from xdr_bridge.api import Api
from xdr_bridge.config import Settings
from xdr_bridge.conversation import Conversation
from xdr_bridge.errors import Code, RequestError
from xdr_bridge.exchanges import Exchange, Observer
from xdr_bridge.messages import Headers, RequestHead, list_items
from xdr_bridge.upstream import Pool, UpstreamLimits

__all__ = ["Exchange", "Gateway"]

_MAX_HEADER_BYTES = 64 * 1024
_CHUNK_BYTES = 64 * 1024
# Native bodies stream: nothing of ours bounds them.
_UNBOUNDED = 1 << 62
# How long a connection may take to send its next request's head.
_IDLE_CONNECTION_SECONDS = 75.0
# 18 digits stay below what Tornado and the pool can count.
_LENGTH = re.compile(r"[0-9]{1,18}")


class Gateway(HTTPServerConnectionDelegate):
    """One listening bridge. Use it on a running asyncio loop."""

    def __init__(self, settings: Settings, *, observer: Observer | None = None) -> None:
        """Set up a gateway; `start` makes it listen.

        Args:
            settings: Where the API is, and the policy.
            observer: Told of every finished exchange.
        """
        self.settings = settings
        self.bridge = settings.build_bridge()
        self.observer = observer
        self.port = settings.port
        self.idle_seconds = settings.idle_seconds
        self.idle_connection_seconds = _IDLE_CONNECTION_SECONDS
        self._conversations: set[Conversation] = set()
        # Each connection's newest conversation, for as long as Tornado keeps the connection.
        self._waiting: WeakKeyDictionary[object, Conversation] = WeakKeyDictionary()
        self._idle = asyncio.Event()
        self._idle.set()
        self._sweep: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Bind and serve; afterwards `port` is the real one.

        Raises:
            OSError: The address cannot be bound.
        """
        self.loop = asyncio.get_running_loop()
        self.clock = self.loop.time
        settings = self.settings
        sockets = bind_sockets(settings.port, settings.host)
        self.port = sockets[0].getsockname()[1]
        self._pools: dict[Api, Pool] = {}
        self._server = HTTPServer(
            self,
            max_header_size=_MAX_HEADER_BYTES,
            max_body_size=_UNBOUNDED,
            chunk_size=_CHUNK_BYTES,
        )
        # One sweep instead of a timer for each request, which costs a tenth of it.
        self._server.conn_params.header_timeout = None
        self._server.add_sockets(sockets)
        self._sweep_interval = min(1.0, settings.idle_seconds / 4)
        self._sweep = self.loop.call_later(self._sweep_interval, self._sweep_once)

    async def stop(self, *, grace_seconds: float = 5.0) -> None:
        """Stop accepting, let running exchanges finish for a while, close everything."""
        if self._sweep is None:
            return
        self._server.stop()
        try:
            async with asyncio.timeout(grace_seconds):
                await self._idle.wait()
        except TimeoutError:
            pass
        self._sweep.cancel()
        self._sweep = None
        await self._server.close_all_connections()
        for pool in self._pools.values():
            await pool.close()

    def reload(self, settings: Settings) -> None:
        """Judge by these settings from the next request on; calls under way keep their own.

        Address, mount, APIs and time-outs of the pool are those of the start.
        """
        # One reference; a conversation takes it once.
        self.bridge = settings.build_bridge()
        self.settings = settings

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        """Tornado waits for the next request of a connection."""
        conversation = _Delegate(self, cast(HTTP1Connection, request_conn))
        self._waiting[server_conn] = conversation
        return conversation

    def began(self, conversation: Conversation) -> None:
        """A request has arrived."""
        self._conversations.add(conversation)
        self._idle.clear()

    def ended(self, conversation: Conversation) -> None:
        """An exchange is over."""
        self._conversations.discard(conversation)
        if not self._conversations:
            self._idle.set()

    def deadline(self, seconds: float) -> float:
        """Return the loop time at which this many seconds have passed."""
        return self.loop.time() + seconds

    def _sweep_once(self) -> None:
        now = self.loop.time()
        for conversation in list(self._waiting.values()):
            if conversation.deadline is not None and conversation.deadline < now:
                conversation.expire()
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
            ssl=ssl.create_default_context() if api.scheme == "https" else None,
            limits=UpstreamLimits(
                connect_seconds=settings.connect_seconds,
                first_byte_seconds=settings.first_byte_seconds,
                idle_seconds=settings.idle_seconds,
            ),
        )


class _Delegate(Conversation, HTTPMessageDelegate):
    """A conversation as Tornado's `HTTP1Connection` holds it.

    The `HTTPMessageDelegate` level skips the checks of `HTTPServerRequest`; those that are about
    HTTP/1.1 itself, and not about calls, are made here.
    """

    def __init__(self, gateway: Gateway, connection: HTTP1Connection) -> None:
        """Wait for a request on this connection."""
        super().__init__(gateway, connection)
        self._http = connection

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        """Check the head, and begin."""
        assert isinstance(start_line, RequestStartLine)
        if self._http.stream.closed():
            # Tornado goes on with what it has read; nothing follows an answer that closes.
            return None
        # Nagle holds small pieces of an answer back for tens of milliseconds.
        self._http.stream.set_nodelay(True)
        self._http.set_close_callback(self.on_connection_close)
        # Tornado's parser has checked names and values; https tells it by the context.
        context = self._http.context
        head = RequestHead(
            method=start_line.method,
            target=start_line.path,
            headers=Headers.trusted(headers.get_all()),
            client=getattr(context, "remote_ip", None),
            scheme=getattr(context, "protocol", "http"),
        )
        version = start_line.version
        options = [item.lower() for item in list_items(head.headers.get("Connection"))]
        keep_alive = "close" not in options and (version == "HTTP/1.1" or "keep-alive" in options)
        length: int | None = 0
        refused = None
        try:
            length = _check_framing(version, head.headers)
        except RequestError as error:
            refused = error
        self.begin(head, version=version, keep_alive=keep_alive, length=length, refused=refused)
        return None


def _check_framing(version: str, headers: Headers) -> int | None:
    """Check what RFC 9112 asks of a request; return its body's length, None where it is chunked.

    Raises:
        RequestError: Host or the framing fields are missing, doubled, malformed or at odds.
    """
    hosts = headers.get_all("Host")
    if len(hosts) > 1 or (not hosts and version == "HTTP/1.1"):
        raise RequestError(
            Code.HTTP_MALFORMED, f"a request has one Host header; this one has {len(hosts)}"
        )
    lengths = headers.get_all("Content-Length")
    codings = headers.get_all("Transfer-Encoding")
    if codings:
        if lengths or version != "HTTP/1.1" or len(codings) > 1 or codings[0].lower() != "chunked":
            raise RequestError(
                Code.HTTP_MALFORMED,
                "Transfer-Encoding is accepted once, as 'chunked', in HTTP/1.1, and"
                " without Content-Length",
            )
        return None
    if not lengths:
        return 0
    if len(lengths) > 1 or _LENGTH.fullmatch(lengths[0]) is None:
        raise RequestError(Code.HTTP_MALFORMED, "Content-Length is accepted once, as digits")
    return int(lengths[0])
