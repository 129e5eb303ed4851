"""A whole gateway in memory: pages say any bytes, APIs answer any bytes, and all is watched."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Callable
from dataclasses import dataclass

import h11

from tests.fuzz.judges import Asked, check_call, read_request, readable
from tests.fuzz.memory import ApiTransport, MemoryLoop, PageTransport
from xdr_bridge.config import Settings
from xdr_bridge.gateway.connection import PageConnection
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.http.errors import Code, Fault

PAGE = "https://shop.example"
SHOP, OWN = ("127.0.0.1", 9000), ("127.0.0.1", 9001)
# Longer than any time-out twice, idle connections included: pages ask twice.
_LONG = 400.0
_PLENTY = b"0123456789abcdef" * 20_000


class Alarm(logging.Handler):
    """Keeps every line at warning or above but those that blame an API."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if record.exc_info or not any(code in line for code in _OF_THE_API):
            self.lines.append(line)


_LOGGERS = (logging.getLogger(), logging.getLogger("xdr_bridge"))
_OF_THE_API = [code.value for code in Code if code.fault is Fault.API]


@dataclass
class Script:
    """How the APIs answer every request, once its head has come.

    Attributes:
        pieces: What they send, in so many reads.
        then: "end", "reset" or "silence".
    """

    pieces: list[bytes]
    then: str


class Api:
    """Reads each request by h11; answers it by its path, or by a script.

    Attributes:
        world: Where it keeps what it was asked, and what it found wrong.
        script: What it does instead of answering properly.
    """

    def __init__(self, world: World, authority: str) -> None:
        self.script: Script | None = None
        self.world = world
        self._authority = authority

    def accept(self, transport: ApiTransport) -> Callable[[bytes], None]:
        """Take a connection."""
        return _Peer(self, transport).take

    def check(self, asked: Asked) -> None:
        check_call(asked, self._authority)


class _Peer:
    """One connection to an API."""

    def __init__(self, api: Api, transport: ApiTransport) -> None:
        self._api = api
        self._transport = transport
        self._seen = b""
        self._asked: Asked | None = None
        self._answered = False

    def take(self, data: bytes) -> None:
        # A mistake in here is ours to see: the gateway would take it for one of its own.
        try:
            self._take(data)
        except Exception as error:
            self._api.world.mistakes.append(error)

    def _take(self, data: bytes) -> None:
        self._seen += data
        reader = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
        reader.receive_data(readable(self._seen))
        asked = read_request(reader)
        assert asked is not None or b"\r\n\r\n" not in self._seen, self._seen
        if asked is None:
            return
        assert asked.rest == b"", "the bridge sends one request at a time"
        if self._asked is None:
            self._api.world.calls.append(asked)
            self._api.check(asked)
        else:
            self._api.world.calls[self._api.world.calls.index(self._asked)] = asked
        self._asked = asked
        if not self._answered and (
            asked.whole or self._api.script is not None or asked.target.startswith("/early")
        ):
            self._answered = True
            self._answer(asked)
        if asked.whole:
            self._seen, self._asked, self._answered = b"", None, False

    def _answer(self, asked: Asked) -> None:
        transport, script = self._transport, self._api.script
        if script is None:
            for piece in _answer(asked):
                transport.say(piece)
            if asked.target.startswith("/close"):
                transport.end()
            return
        for piece in script.pieces:
            transport.say(piece)
        if script.then == "end":
            transport.end()
        elif script.then == "reset":
            transport.break_off()


def _answer(asked: Asked) -> list[bytes]:
    """Answer by the first segment of the path, in pieces."""
    name = asked.target.split("?")[0].split("/")[1]
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\n"
    if asked.method == "OPTIONS":
        return [
            b"HTTP/1.1 204 No Content\r\nAccess-Control-Allow-Origin: *\r\n"
            b"Access-Control-Allow-Methods: *\r\nAccess-Control-Allow-Headers: *\r\n\r\n"
        ]
    if name == "same":
        return [b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n"]
    if name in ("away", "back"):
        to = b"http://evil.test/x" if name == "away" else b"/there"
        return [b"HTTP/1.1 307 Go\r\nLocation: %b\r\nContent-Length: 0\r\n\r\n" % to]
    body = _PLENTY if name == "big" else b"ok"
    if name == "zip":
        body = gzip.compress(_PLENTY[:5000], mtime=0)
        head += b"Content-Encoding: gzip\r\n"
    if asked.method == "HEAD":
        return [head + b"Content-Length: %d\r\n\r\n" % len(body)]
    if name == "chunked":
        return [
            head + b"Transfer-Encoding: chunked\r\n\r\n1\r\n",
            b"o\r\n1;x\r\nk\r\n0\r",
            b"\n\r\n",
        ]
    if name == "close":
        return [head + b"\r\n", body]
    return [head + b"Content-Length: %d\r\n\r\n" % len(body), body]


class World:
    """The gateway, two APIs behind it, and everything that can go wrong with them.

    The API at `SHOP` has a policy, under /; the one at `OWN` decides itself, under /own.

    Attributes:
        loop: The loop.
        gateway: The gateway.
        shop: The API at `SHOP`.
        own: The API at `OWN`.
        calls: Everything that the APIs were asked, whole or not, in order.
        mistakes: What an API found wrong with it.
    """

    def __init__(self) -> None:
        self.mistakes: list[object] = []
        self.calls: list[Asked] = []
        self.loop = MemoryLoop()
        self.shop = self.loop.hosts[SHOP] = Api(self, "127.0.0.1:9000")
        self.own = self.loop.hosts[OWN] = Api(self, "127.0.0.1:9001")
        self._alarm = Alarm()
        settings = Settings(
            port=0,
            apis=(
                {
                    "url": "http://127.0.0.1:9000",
                    "allow_origins": (PAGE,),
                    "allow_methods": ("PUT", "PATCH", "DELETE", "OPTIONS", "BREW"),
                    "allow_headers": ("*", "Authorization"),
                    "expose_headers": ("*",),
                },
                {"url": "http://127.0.0.1:9001", "path": "/own"},
            ),
        )
        self.gateway = Gateway(settings)
        self.loop.do(self.gateway.start)
        assert not self.loop.mistakes

    def __enter__(self) -> World:
        """Watch a talk."""
        for logger in _LOGGERS:
            logger.addHandler(self._alarm)
        # What blames an API is nobody else's business.
        _LOGGERS[1].propagate = False
        self.calls.clear()
        self.shop.script = self.own.script = None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Check that nothing is left of it, nobody else was asked, and nothing went wrong."""
        # Kept connections to the APIs grow too old.
        self.loop.advance(6.0)
        for logger in _LOGGERS:
            logger.removeHandler(self._alarm)
        _LOGGERS[1].propagate = True
        lines, self._alarm.lines = self._alarm.lines, []
        mistakes, self.mistakes = [*self.mistakes, *self.loop.mistakes], []
        self.loop.mistakes.clear()
        strangers, self.loop.strangers = self.loop.strangers, []
        # So does what an API permits.
        self.loop.now += 1e6
        if kind is not None:
            return
        assert mistakes == []
        assert lines == []
        assert strangers == []
        gateway = self.gateway
        assert gateway.open_connections == 0
        assert not gateway._conversations
        assert gateway.calls == 0
        assert gateway._listener.places.taken == 0
        status = gateway.status()
        assert status["calls"]["in_flight"] == 0
        assert all(not any(pool.values()) for pool in status["pools"].values()), status

    def connect(self, *, reads: bool = True) -> PageTransport:
        """Open a page's connection."""
        transport = None

        listener = self.gateway._listener
        listener.places.take("192.0.2.1")

        def open_it() -> None:
            nonlocal transport
            transport = PageTransport(self.loop, PageConnection(listener, "192.0.2.1"), reads=reads)

        self.loop.do(open_it)
        assert transport is not None
        return transport

    def settle(self) -> None:
        """Let everything happen that needs no time."""
        self.loop.advance()

    def wait(self) -> None:
        """Let every time-out come."""
        self.loop.advance(_LONG)

    def close(self) -> None:
        """End the gateway and its loop."""
        self.loop.advance(_LONG)
        task = self.loop.create_task(self.gateway.stop(grace_seconds=1.0))
        self.loop.advance(_LONG)
        assert task.done()
        self.loop.close()
