"""The API behind the bridge in the browser tests: it tells a page what it was asked."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Callable
from typing import ClassVar
from urllib.parse import parse_qsl

from tornado.iostream import StreamClosedError
from tornado.web import Application, RequestHandler

from tests.browser.third_origin import THIRD_ORIGIN

_SAID_ABOUT = (
    "Accept",
    "Content-Language",
    "Content-Type",
    "Cookie",
    "Origin",
    "Referer",
    "X-Empty",
    "X-List",
    "X-Request-Id",
)
BIG_PATTERN = "Käse 日本 \U0001f600 0123456789\n"

Gates = dict[str, asyncio.Event]


def big_text(lines: int) -> str:
    return BIG_PATTERN * lines


class _Endpoint(RequestHandler):
    def initialize(self, gates: Gates) -> None:
        self.gates = gates

    def prepare(self) -> None:
        """Permit what a page asks for: some speak to the API without the bridge."""
        if allow := self.get_query_argument("allow", ""):
            self.set_header("Access-Control-Allow-Origin", allow)

    def finish_json(self, value: object) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(value))


class _Echo(_Endpoint):
    """What was asked, as JSON."""

    def _say(self) -> None:
        body = self.request.body
        self.set_header("X-Total-Count", "42")
        self.set_header("X-Secret", "7")
        self.set_header("X-Method", self.request.method or "")
        self.finish_json(
            {
                "method": self.request.method,
                "query": sorted(parse_qsl(self.request.query, keep_blank_values=True)),
                "headers": {
                    name.lower(): self.request.headers[name]
                    for name in _SAID_ABOUT
                    if name in self.request.headers
                },
                "body": body.decode("utf-8", "replace") if len(body) < 2000 else "",
                "length": len(body),
                "sha256": hashlib.sha256(body).hexdigest(),
            }
        )

    get = head = post = put = patch = delete = options = _say


class _Json(_Endpoint):
    def get(self) -> None:
        self.set_header("X-Total-Count", "42")
        self.set_header("X-Secret", "7")
        self.finish_json({"id": 7, "title": "Käse 日本 \U0001f600", "none": None, "list": [1, 2.5]})


class _Status(_Endpoint):
    def _say(self, status: str) -> None:
        self.set_status(int(status))
        if int(status) in (204, 304):
            self.finish()
        else:
            self.finish_json({"status": int(status)})

    get = head = post = put = patch = delete = _say


class _Typed(_Endpoint):
    """One body each, with its own Content-Type."""

    answers: ClassVar[dict[str, tuple[str | None, bytes]]] = {
        "text": ("text/plain; charset=utf-8", "K\u00e4se \U0001f600".encode()),
        "latin1": ("text/plain; charset=iso-8859-1", b"K\xe4se"),
        "untyped": (None, b"plain"),
        "empty": ("text/plain", b""),
        "broken-json": ("application/json", b'{"id":'),
        "xml": ("application/xml", b"<?xml version='1.0'?><a><b>K\xc3\xa4se</b></a>"),
        "broken-xml": ("application/xml", b"<a><b></a>"),
        "html": ("text/html", b"<!DOCTYPE html><title>t</title><p>html"),
        "binary": ("application/octet-stream", bytes(range(256))),
        "trailer": ("text/plain", b"a\r\nXDR-End: ok\r\nb"),
        "nul": ("text/plain", b"a\0b"),
        "nocharset": ("text/plain", b"K\xc3\xa4se"),
        "utf8": ("text/plain; charset=utf8", b"K\xc3\xa4se"),
        "bom": ("text/plain; charset=utf-8", b"\xef\xbb\xbfbom"),
        "sniffed": ("Text/Plain; charset=utf-8", b"plain, then <HTML"),
        "sniffed-xml": ("text/plain; charset=utf-8", b'plain, then <?xml version="1.0"?>'),
        "xml-as-text": ("text/plain", b"<b/>"),
    }

    def get(self, name: str) -> None:
        content_type, body = self.answers[name]
        if content_type is None:
            self.clear_header("Content-Type")
        else:
            self.set_header("Content-Type", content_type)
        self.finish(body)


class _Many(_Endpoint):
    """A header that stands twice, and others to be sorted."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.set_header("X-Zebra", "z")
        self.add_header("X-List", "one")
        self.add_header("X-List", "two")
        self.set_header("X-Empty", "")
        self.set_header("X-Secret", "7")
        self.finish("many")


class _Big(_Endpoint):
    def get(self, lines: str) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(big_text(int(lines)))


class _Redirect(_Endpoint):
    def _say(self, status: str) -> None:
        self.set_status(int(status))
        self.set_header("Location", "/echo?redirected=yes")
        self.finish()

    get = post = put = delete = _say


class _Slow(_Endpoint):
    """Answers when /release/<key> has been asked, not before."""

    async def _say(self, key: str) -> None:
        gate = self.gates.setdefault(key, asyncio.Event())
        await gate.wait()
        try:
            self.finish_json({"late": True})
        except StreamClosedError:
            return

    get = post = put = head = _say


class _Release(_Endpoint):
    def get(self, key: str) -> None:
        self.gates.setdefault(key, asyncio.Event()).set()
        self.finish_json({"released": key})


class _Stream(_Endpoint):
    """Two pieces of any type: one at once, the other when /release/<key> has been asked."""

    async def get(self, key: str) -> None:
        self.set_header("Content-Type", self.get_argument("type", "text/event-stream"))
        # A browser that sniffs waits for more.
        self.set_header("X-Content-Type-Options", "nosniff")
        end = self.get_argument("end", "\n\n", strip=False)
        self.write("data: one" + end)
        await self.flush()
        await self.gates.setdefault(key, asyncio.Event()).wait()
        self.finish("data: two" + end)


class _Form(_Endpoint):
    """The text fields of a form, as whoever parses forms sees them."""

    def post(self) -> None:
        self.finish_json(
            {
                "type": self.request.headers["Content-Type"].partition(";")[0],
                "fields": {
                    name: [value.decode() for value in values]
                    for name, values in sorted(self.request.body_arguments.items())
                },
            }
        )


class _Cut(_Endpoint):
    """Announces more than it sends."""

    async def get(self) -> None:
        self.set_header("Content-Type", "text/plain")
        self.set_header("Content-Length", "200000")
        self.write(b"x" * 100_000)
        await self.flush()
        assert self.request.connection is not None
        self.request.connection.stream.close()  # type: ignore[attr-defined]


def make_proof_api() -> Application:
    gates: Gates = {}
    rules: list[tuple[str, type[_Endpoint]]] = [
        (r"/echo", _Echo),
        (r"/json", _Json),
        (r"/status/(\d+)", _Status),
        (r"/typed/([a-z0-9-]+)", _Typed),
        (r"/many", _Many),
        (r"/big/(\d+)", _Big),
        (r"/redirect/(\d+)", _Redirect),
        (r"/slow/([\w.-]+)", _Slow),
        (r"/release/([\w.-]+)", _Release),
        (r"/stream/([\w.-]+)", _Stream),
        (r"/form", _Form),
        (r"/cut", _Cut),
    ]
    silent: Callable[[RequestHandler], None] = lambda _: None  # noqa: E731
    return Application(
        [
            *((pattern, handler, {"gates": gates}) for pattern, handler in rules),
            *THIRD_ORIGIN,
        ],
        log_function=silent,
    )
