"""A third origin: no bridge stands for it, and it permits every page what needs no preflight.

It speaks just as much engine.io 3, SockJS and so on as a client needs to get one message.
"""

from __future__ import annotations

import json
from typing import Any

from tornado.web import RequestHandler

HELLO = "hello"


class _Open(RequestHandler):
    def prepare(self) -> None:
        self.set_header("Access-Control-Allow-Origin", "*")
        self.set_header("Cache-Control", "no-store")

    def options(self, *_: Any) -> None:
        self.send_error(403)


class _Said(_Open):
    """Says what it was asked."""

    def _say(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"method": self.request.method, "body": self.request.body.decode()}))

    get = post = put = _say


class _Track(_Open):
    """Mixpanel: 1, as an answer or as a script."""

    def get(self) -> None:
        callback = self.get_query_argument("callback", "")
        script = "text/javascript" if callback else "text/plain"
        self.set_header("Content-Type", f"{script}; charset=utf-8")
        self.finish(f"{callback}(1)" if callback else "1")


class _Item(_Open):
    """Rollbar: the report has been taken."""

    def post(self) -> None:
        self.set_header("Content-Type", "application/json")
        self.finish('{"err": 0, "result": {"uuid": "7"}}')


class _EngineIO(_Open):
    """engine.io 3, polling: a session, one message, then the end."""

    def get(self) -> None:
        if self.get_query_argument("sid", ""):
            packets = [f"4{HELLO}", "1"]
        else:
            hello = {"sid": "7", "upgrades": [], "pingInterval": 25000, "pingTimeout": 60000}
            packets = [f"0{json.dumps(hello)}"]
        payload = "".join(f"{len(packet)}:{packet}" for packet in packets)
        jsonp = self.get_query_argument("j", "")
        script = "text/javascript" if jsonp else "text/plain"
        self.set_header("Content-Type", f"{script}; charset=utf-8")
        self.finish(f"___eio[{int(jsonp)}]({json.dumps(payload)});" if jsonp else payload)

    def post(self) -> None:
        self.finish("ok")


class _SockJS(_Open):
    """SockJS: information, then a stream of one message and the end."""

    def get(self, _: str) -> None:
        self.set_header("Content-Type", "application/json; charset=UTF-8")
        info = {"websocket": False, "origins": ["*:*"], "cookie_needed": False, "entropy": 7}
        self.finish(json.dumps(info))

    async def post(self, _: str) -> None:
        self.set_header("Content-Type", "application/javascript; charset=UTF-8")
        self.write("h" * 2048 + "\n")
        await self.flush()
        self.finish(f'o\na["{HELLO}"]\nc[3000,"Go away!"]\n')


class _Events(_Open):
    """An event stream that ends after its first event."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/event-stream")
        self.finish(" " * 2048 + f"\ndata: {HELLO}\n\n")


THIRD_ORIGIN: list[tuple[str, type[RequestHandler]]] = [
    (r"/third/said", _Said),
    (r"/third/track/", _Track),
    (r"/third/decide/", _Said),
    (r"/third/item/", _Item),
    (r"/third/engine\.io/?", _EngineIO),
    (r"/third/sockjs/(.*)", _SockJS),
    (r"/third/events", _Events),
]
