"""APIs behind the bridge: a table of endpoints in WebTest's server, and scripted connections."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from webtest.http import StopableWSGIServer

from tests.support.loops import LoopThread
from tests.support.raw_api import Peer, RawApi, Script

NO_CONTENT = b"HTTP/1.1 204 No Content\r\n\r\n"
BINARY = bytes(range(256)) * 5
Answer = tuple[str, list[tuple[str, str]], bytes]


@dataclass
class TableApi:
    """Answers by the first segment of the path; see `_ANSWERS`.

    Attributes:
        url: Where it is, without a trailing slash.
        received: Method and path with query of everything it was asked, in order.
    """

    url: str = ""
    received: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        target = environ["PATH_INFO"] + (f"?{query}" if query else "")
        self.received.append((environ["REQUEST_METHOD"], target))
        _, name, *rest = environ["PATH_INFO"].split("/")
        answer = _ANSWERS.get(name, _missing)
        status, headers, body = answer(environ, rest)
        start(status, [*headers, ("Content-Length", str(len(body)))])
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


def _echo(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    body = environ["wsgi.input"].read()
    said = {
        "method": environ["REQUEST_METHOD"],
        "path": environ["PATH_INFO"],
        "query": environ["QUERY_STRING"],
        "headers": {
            name[5:].replace("_", "-").lower(): value
            for name, value in environ.items()
            if name.startswith("HTTP_")
        },
        "type": environ.get("CONTENT_TYPE"),
        "length": environ.get("CONTENT_LENGTH"),
        "body": body.decode("latin-1"),
    }
    return "200 OK", [("Content-Type", "application/json")], json.dumps(said).encode()


def _status(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    return f"{rest[0]} Said So", [("Content-Type", "text/plain")], f"status {rest[0]}".encode()


def _redirect(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    # /redirect/<status>/<the rest of the Location, its query>
    location = environ["QUERY_STRING"]
    environ["wsgi.input"].read()
    return f"{rest[0]} Go", [("Content-Type", "text/html"), ("Location", location)], b"moved"


def _countdown(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    left = int(rest[0])
    if not left:
        return "200 OK", [("Content-Type", "text/plain")], b"there"
    fields = [("Content-Type", "text/html"), ("Location", f"/countdown/{left - 1}")]
    return "302 Go", fields, b""


def _cors(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    return (
        "200 OK",
        [
            ("Content-Type", "text/plain"),
            ("Access-Control-Allow-Origin", "https://evil.test"),
            ("Access-Control-Allow-Credentials", "true"),
            ("Access-Control-Expose-Headers", "X-Secret"),
            ("Access-Control-Allow-Private-Network", "true"),
            ("Vary", "Accept-Language, Origin"),
            ("Set-Cookie", "session=1"),
            ("X-Secret", "42"),
            ("X-Total-Count", "3"),
            ("XDR-URL", "/forged"),
        ],
        b"cors",
    )


def _bytes(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    return "200 OK", [("Content-Type", "image/png")], BINARY


def _latin1(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    return "200 OK", [("Content-Type", "text/plain; charset=ISO-8859-1")], b"K\xe4se"


def _nul(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    return "200 OK", [("Content-Type", "text/plain")], b"a\0b"


def _missing(environ: WSGIEnvironment, rest: list[str]) -> Answer:
    environ["wsgi.input"].read()
    return "404 Not Found", [("Content-Type", "text/plain")], b"no such endpoint"


_ANSWERS: dict[str, Callable[[WSGIEnvironment, list[str]], Answer]] = {
    "echo": _echo,
    "status": _status,
    "redirect": _redirect,
    "countdown": _countdown,
    "cors": _cors,
    "bytes": _bytes,
    "latin1": _latin1,
    "nul": _nul,
}


class _Server(StopableWSGIServer):
    """WebTest's server, by poll(): select() fails as soon as a test has a thousand files open."""

    def run(self) -> None:
        try:
            self.asyncore.loop(0.5, use_poll=True, map=self._map)
        except OSError:
            if not self.was_shutdown:
                raise


@contextmanager
def table_api() -> Iterator[TableApi]:
    """Run a `TableApi` in WebTest's server."""
    api = TableApi()
    server = _Server.create(api, threads=4, host="127.0.0.1", clear_untrusted_proxy_headers=False)
    api.url = server.application_url.rstrip("/")
    try:
        yield api
    finally:
        server.shutdown()
        server.runner.join(5)


class ThreadedRawApi:
    """A `RawApi` in a loop of its own.

    Attributes:
        url: Where it is.
        raw: The API; its `peers` tell how often it was called.
    """

    def __init__(self, raw: RawApi, thread: LoopThread) -> None:
        self.raw = raw
        self.thread = thread
        self.url = raw.url

    def run(self, work: Any) -> Any:
        """Run a coroutine on the API's loop."""
        return self.thread.run(work)


@contextmanager
def scripted_api(*scripts: Script, **options: Any) -> Iterator[ThreadedRawApi]:
    """Run a `RawApi` that follows these scripts; `options` are its own."""
    raw = RawApi(*scripts, **options)
    with LoopThread() as thread:
        thread.run(raw.__aenter__())
        try:
            yield ThreadedRawApi(raw, thread)
        finally:
            thread.run(raw.__aexit__(None, None, None))


def recording(seen: list[bytes], answer: bytes = NO_CONTENT) -> Script:
    """Make a script that keeps each request as it came, counted body included, and answers it."""

    async def script(peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await peer.head()
                length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head)
                seen.append(head + (await peer.body(int(length[1])) if length else b""))
                await peer.send(answer)

    return script


def unused_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
