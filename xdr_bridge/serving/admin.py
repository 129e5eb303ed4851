"""The admin port, for programs on this machine.

`POST /reload`, `GET /config` and `GET /status`; for probes `GET /healthz` and `GET /readyz`.

A web page in a browser on this machine can reach it too. So: no request that says it is from a
page, none for another host name (DNS rebinding), and, for browsers that are too old to say so, none
with a body as forms send it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeAlias

from tornado.httpserver import HTTPServer
from tornado.web import Application, HTTPError, RequestHandler

from xdr_bridge.config.listing import as_json
from xdr_bridge.gateway.sockets import bind
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.http.messages import reason_phrase
from xdr_bridge.serving.readiness import Readiness
from xdr_bridge.serving.reloads import Reloads

log = logging.getLogger(__name__)

Status: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]

_HOST = "127.0.0.1"
_BACKLOG = 16
_MAX_BODY_BYTES = 1024
_IDLE_SECONDS = 10.0
# A browser's mark on a request, whatever its value.
_MARKS_OF_A_PAGE = ("Origin", "Sec-Fetch-Site")
# Support: IE 8 - 9, whose forms send no Origin. An empty form has its Content-Type too.
_FORM_TYPES = frozenset({"application/x-www-form-urlencoded", "multipart/form-data", "text/plain"})


class Admin:
    """The listening admin port.

    Attributes:
        port: The real one once it is started.
        readiness: What `/readyz` tells; whoever serves says so to it.
    """

    def __init__(self, reloads: Reloads, status: Status, port: int) -> None:
        """Set up; `start` makes it listen.

        Args:
            reloads: Does the work of `/reload` and `/config`.
            status: Returns what `/status` tells.
            port: Where to listen, on 127.0.0.1; 0 takes a free one.
        """
        self.port = port
        self.readiness = Readiness(lambda: reloads.loaded.settings)
        self._reloads = reloads
        self._status = status
        self._server: HTTPServer | None = None

    def start(self) -> None:
        """Listen, on the running event loop.

        Raises:
            OSError: The port cannot be bound.
        """
        (listener,) = bind(_HOST, self.port, backlog=_BACKLOG, option="--admin-port")
        self.port = listener.getsockname()[1]
        shared = {
            "reloads": self._reloads,
            "status": self._status,
            "readiness": self.readiness,
            "hosts": {f"{name}:{self.port}" for name in (_HOST, "localhost")},
        }
        application = Application(
            [
                (r"/reload", _Reload, shared),
                (r"/config", _Config, shared),
                (r"/status", _Status, shared),
                (r"/healthz", _Health, shared),
                (r"/readyz", _Ready, shared),
            ],
            default_handler_class=_Nothing,
            default_handler_args=shared,
            log_function=_log,
        )
        self._server = HTTPServer(
            application,
            max_body_size=_MAX_BODY_BYTES,
            idle_connection_timeout=_IDLE_SECONDS,
            body_timeout=_IDLE_SECONDS,
        )
        self._server.add_socket(listener)

    async def stop(self) -> None:
        """Close everything. May be called twice."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()
            await server.close_all_connections()


class _Guarded(RequestHandler):
    """Refuses every request that a web page can have caused."""

    allowed = ""

    def initialize(
        self, reloads: Reloads, status: Status, readiness: Readiness, hosts: set[str]
    ) -> None:
        self.reloads = reloads
        self.status = status
        self.readiness = readiness
        self.hosts = hosts

    def set_default_headers(self) -> None:
        self.clear_header("Server")
        self.set_header("Content-Type", "application/json")
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def prepare(self) -> None:
        headers = self.request.headers
        marks = [name for name in _MARKS_OF_A_PAGE if name in headers]
        if marks:
            raise HTTPError(403, f"a request with {marks[0]} is a web page's; none is served")
        media_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if media_type in _FORM_TYPES:
            raise HTTPError(403, "a request of a form's Content-Type may be a web page's")
        if len(headers.get_list("Host")) != 1 or headers["Host"].lower() not in self.hosts:
            raise HTTPError(403, f"the Host has to be {' or '.join(sorted(self.hosts))}")

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Leave refusals to `_log`; what is a mistake of ours is Tornado's to log."""
        if not isinstance(value, HTTPError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **details: Any) -> None:
        """Write the one shape of every refusal (RFC 9457)."""
        error = details.get("exc_info", (None, None, None))[1]
        reason = reason_phrase(status_code)
        detail = error.log_message if isinstance(error, HTTPError) else None
        if status_code == 405:
            self.set_header("Allow", self.allowed)
            detail = f"{self.allowed} is the method here"
        self._problem(status_code, {"title": reason, "detail": detail or reason})

    def _problem(self, status: int, content: dict[str, Any]) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "application/problem+json")
        self.finish(_text({"status": status, **content}))


class _Reload(_Guarded):
    allowed = "POST"

    async def post(self) -> None:
        """Reload; say what changed, or what is wrong."""
        try:
            changes = await self.reloads.reload()
        except ConfigError as error:
            problems = [
                {"field": p.field, "value": p.value, "reason": p.reason} for p in error.problems
            ]
            title = "not reloaded; the configuration that was in force stays in force"
            self._problem(422, {"title": title, "problems": problems})
            return
        changed = {c.key: {"before": c.before, "after": c.after} for c in changes}
        self.finish(_text({"changed": changed}))


class _Config(_Guarded):
    allowed = "GET"

    def get(self) -> None:
        """Say what is in force, and where each value is from."""
        self.finish(_text(as_json(self.reloads.loaded)))


class _Status(_Guarded):
    allowed = "GET"

    async def get(self) -> None:
        """Say what became of all calls, and what is open."""
        self.finish(_text(await self.status()))


class _Health(_Guarded):
    allowed = "GET"

    def get(self) -> None:
        """Say that the process lives; who is asked in vain should be ended and started anew."""
        self.finish(_text({"status": "alive"}))


class _Ready(_Guarded):
    allowed = "GET"

    async def get(self) -> None:
        """Say whether calls should be sent here: 200, or 503 and why not."""
        state = await self.readiness.ask()
        self.set_status(200 if state.ready else 503)
        self.finish(_text(state.as_json()))


class _Nothing(_Guarded):
    def prepare(self) -> NoReturn:
        super().prepare()
        raise HTTPError(
            404, "there are POST /reload, GET /config, GET /status, GET /healthz and GET /readyz"
        )


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2) + "\n"


def _log(handler: RequestHandler) -> None:
    log.info("%d %s %s", handler.get_status(), handler.request.method, handler.request.path)
