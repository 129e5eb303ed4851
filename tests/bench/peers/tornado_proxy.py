"""The obvious way with Tornado: `tornado_proxy.py PORT API`. It checks nothing."""

from __future__ import annotations

import asyncio
import sys

from tornado.httpclient import AsyncHTTPClient, HTTPRequest
from tornado.web import Application, RequestHandler

_DROPPED = frozenset({"connection", "content-length", "transfer-encoding", "host", "keep-alive"})


class Proxy(RequestHandler):
    SUPPORTED_METHODS = (*RequestHandler.SUPPORTED_METHODS,)

    def initialize(self, api: str, client: AsyncHTTPClient) -> None:
        self.api = api
        self.client = client

    async def _pass_on(self) -> None:
        request = self.request
        fields = [(k, v) for k, v in request.headers.get_all() if k.lower() not in _DROPPED]
        answer = await self.client.fetch(
            HTTPRequest(
                f"{self.api}{request.uri}",
                method=request.method or "GET",
                headers=dict(fields),
                body=request.body or None,
                allow_nonstandard_methods=True,
                follow_redirects=False,
            ),
            raise_error=False,
        )
        self.set_status(answer.code)
        for name, value in answer.headers.get_all():
            if name.lower() not in _DROPPED:
                self.add_header(name, value)
        self.set_header("Access-Control-Allow-Origin", request.headers.get("Origin", "*"))
        self.finish(answer.body)

    get = post = put = _pass_on


async def main(port: int, api: str) -> None:
    client = AsyncHTTPClient(max_clients=512)
    application = Application([("/.*", Proxy, {"api": api, "client": client})])
    application.settings["log_function"] = lambda _handler: None
    application.listen(port, "127.0.0.1")
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), sys.argv[2]))
