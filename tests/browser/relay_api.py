"""An API with a session in an HttpOnly cookie, below a path."""

from __future__ import annotations

import asyncio

from tornado.web import Application, RequestHandler


class _Session(RequestHandler):
    async def get(self, name: str) -> None:
        if name == "slow":
            # Until the page has lost interest.
            self._gone = asyncio.Event()
            await self._gone.wait()
        elif name == "echo":
            self.finish(self.request.query)
        else:
            self.finish(self.get_cookie("sid") or "nobody")

    def post(self, name: str) -> None:
        if name == "mirror":
            self.finish(self.request.body)
            return
        self.set_header("Set-Cookie", "sid=ada; Path=/app; HttpOnly")
        self.finish("welcome")

    def on_connection_close(self) -> None:
        if hasattr(self, "_gone"):
            self._gone.set()


def make_relay_api() -> Application:
    return Application([(r"/app/(\w+)", _Session)], log_function=lambda _: None)
