"""A WSGI application that hands every request to a running bridge: WebTest's way to drive it."""

from __future__ import annotations

import http.client
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from tests.support.loops import PATIENCE_SECONDS

_HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


class BridgeApp:
    """Forwards to 127.0.0.1 at this port, one connection for each request."""

    def __init__(self, port: int) -> None:
        self._port = port

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        query = environ["QUERY_STRING"]
        headers = {
            key[5:].replace("_", "-").title(): value
            for key, value in environ.items()
            if key.startswith("HTTP_")
        }
        if environ.get("CONTENT_TYPE"):
            headers["Content-Type"] = environ["CONTENT_TYPE"]
        length = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read(length) if length else None
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE_SECONDS)
        try:
            target = environ["PATH_INFO"] + (f"?{query}" if query else "")
            connection.request(environ["REQUEST_METHOD"], target, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in _HOP_BY_HOP]
        start(f"{answer.status} {answer.reason}", kept)
        return [content]
