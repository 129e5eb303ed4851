"""Runs `serve`: one process, or a supervisor and its workers; and what signals mean to either.

It prints nothing: what there is to say goes to a function.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

from xdr_bridge.bridge.routes import Route
from xdr_bridge.config import Loaded, Settings
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.gateway.sockets import bind, inherited
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.serving.admin import Admin, Status
from xdr_bridge.serving.log_writer import STDERR
from xdr_bridge.serving.readiness import warn_of_silent_apis
from xdr_bridge.serving.reloads import Change, Reloads
from xdr_bridge.serving.runtime import log_from, loop_factory
from xdr_bridge.serving.supervisor import Supervisor

__all__ = ["Say", "Stop", "run_until_stopped", "serve"]

log = logging.getLogger(__name__)

Say = Callable[[str], None]

# Calls are taken meanwhile; who starts the bridge waits no longer for its first line.
_LOOK_SECONDS = 1.0


class Stop:
    """What Ctrl-C and a request to terminate ask for: to stop, and the second time to stop at once.

    Attributes:
        asked: Set by the first.
        hurry: Called at the second; whoever stops slowly puts his own in.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.asked = asyncio.Event()
        self.hurry: Callable[[], None] = lambda: None

    def ask(self) -> None:
        """Ask once more."""
        if self.asked.is_set():
            self.hurry()
        self.asked.set()


def run_until_stopped(work: Callable[[Stop], Awaitable[None]], *, fast: bool = True) -> None:
    """Run until Ctrl-C or a request to terminate, on every platform.

    Args:
        work: What to run; it ends after it was asked to.
        fast: Whether it may use uvloop.
    """

    async def run() -> None:
        stop = Stop()
        loop = asyncio.get_running_loop()

        # loop.add_signal_handler does not exist on Windows; this does on all.
        def ask(_signal: int, _frame: object) -> None:
            loop.call_soon_threadsafe(stop.ask)

        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), ask)
        await work(stop)

    with asyncio.Runner(loop_factory=loop_factory() if fast else None) as runner:
        runner.run(run())


def serve(loaded: Loaded, say: Say) -> None:
    """Serve until told to stop.

    Args:
        loaded: The configuration.
        say: Takes lines for the operator.

    Raises:
        OSError: An address cannot be bound, or a worker does not come to serve.
    """
    log_from(loaded.settings.verbose)
    if loaded.settings.workers == 1:
        run_until_stopped(lambda stop: _serve_alone(loaded, say, stop))
    else:
        # The supervisor carries no calls; subprocesses are asyncio's own trade.
        run_until_stopped(lambda stop: _supervise(loaded, say, stop), fast=False)


async def _serve_alone(loaded: Loaded, say: Say, stop: Stop) -> None:
    host, sockets = _listen(loaded.settings)
    gateway = Gateway(loaded.settings)
    reloads = Reloads(gateway, loaded)
    gateway.start(sockets)

    async def status() -> dict[str, Any]:
        return gateway.status()

    stop.hurry = gateway.hurry
    try:
        async with _administration(reloads, status) as admin:
            _on_signal("SIGHUP", "reloaded", reloads.reload, say)
            _on_signal("SIGUSR2", "restarted", _refuse_restart, say)
            async with _looking(loaded.settings, admin):
                _announce(loaded.settings, host, gateway.port, admin, say)
                await stop.asked.wait()
    finally:
        await gateway.stop()


async def _supervise(loaded: Loaded, say: Say, stop: Stop) -> None:
    settings = loaded.settings
    host, sockets = _listen(settings)
    port = sockets[0].getsockname()[1]
    supervisor = Supervisor(settings, sockets, STDERR.write)
    reloads = Reloads(supervisor, loaded, supervisor=supervisor)
    stop.hurry = supervisor.hurry
    try:
        async with _administration(reloads, supervisor.status) as admin:
            if await _first(supervisor.start(), stop.asked):
                _on_signal("SIGHUP", "reloaded", reloads.reload, say)
                _on_signal("SIGUSR2", "restarted", reloads.restart, say)
                async with _looking(settings, admin):
                    _announce(settings, host, port, admin, say)
                    say(f"xdr-bridge: {settings.workers} workers serve; SIGUSR2 starts new ones")
                    await stop.asked.wait()
    finally:
        await supervisor.stop()


@contextlib.asynccontextmanager
async def _looking(settings: Settings, admin: Admin | None) -> AsyncIterator[None]:
    """Be ready for a `with` block, and say which APIs do not answer; those in time before it."""
    looking = asyncio.create_task(warn_of_silent_apis(settings))
    await asyncio.wait((looking,), timeout=_LOOK_SECONDS)
    if admin is not None:
        admin.readiness.serves = True
    try:
        yield
    finally:
        if admin is not None:
            admin.readiness.serves = False
        looking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await looking


@contextlib.asynccontextmanager
async def _administration(reloads: Reloads, status: Status) -> Any:
    """Run the admin port for a `with` block, if there is to be one."""
    port = reloads.loaded.settings.admin_port
    if port is None:
        yield None
        return
    admin = Admin(reloads, status, port)
    admin.start()
    try:
        yield admin
    finally:
        await admin.stop()


async def _first(work: Coroutine[Any, Any, None], event: asyncio.Event) -> bool:
    """Do this unless the event comes first; return whether it is done."""
    working, waiting = asyncio.create_task(work), asyncio.create_task(event.wait())
    await asyncio.wait((working, waiting), return_when=asyncio.FIRST_COMPLETED)
    for task in (working, waiting):
        task.cancel()
    await asyncio.wait((working, waiting))
    if working.cancelled():
        return False
    working.result()
    return True


def _on_signal(
    name: str, done: str, do: Callable[[], Awaitable[Sequence[Change]]], say: Say
) -> None:
    """Do something on a signal, where there is such: not on Windows, which has the admin port."""
    if not hasattr(signal, name):
        return
    tasks: set[asyncio.Task[None]] = set()

    async def run() -> None:
        try:
            changes = await do()
        except ConfigError:
            # The log has said what is wrong, and that nothing has changed.
            return
        changed = ", ".join(change.key for change in changes)
        say(f"xdr-bridge: {done}; changed: {changed or 'nothing'}")

    def begin() -> None:
        task = asyncio.get_running_loop().create_task(run())
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    asyncio.get_running_loop().add_signal_handler(getattr(signal, name), begin)


async def _refuse_restart() -> Sequence[Change]:
    log.warning(
        "not restarted: SIGUSR2 is for workers, and this process serves alone; see --workers"
    )
    raise ConfigError(())


def _listen(settings: Settings) -> tuple[str, list[socket.socket]]:
    """Return where to listen, in words and as sockets: inherited ones, or those of the settings."""
    if sockets := inherited():
        return sockets[0].getsockname()[0], sockets
    return settings.host, bind(settings.host, settings.port)


def _announce(settings: Settings, host: str, port: int, admin: Admin | None, say: Say) -> None:
    host = f"[{host}]" if ":" in host else host
    scheme = "http" if settings.certificate is None else "https"
    for route in settings.routes:
        say(f"xdr-bridge: {scheme}://{host}:{port}{_route_line(route, settings)}")
    if admin is not None:
        url = f"http://127.0.0.1:{admin.port}"
        gets = "GET /config, GET /status, GET /healthz and GET /readyz"
        say(f"xdr-bridge: {url} takes POST /reload, {gets}")


def _route_line(route: Route, settings: Settings) -> str:
    """Say in one line which API is behind which path, and for whom."""
    path = "" if route.prefix == "/" else route.prefix
    host = "" if route.host is None else f" as {route.host}"
    # What the operator wrote, where he wrote one.
    api = settings.api or str(route.api)
    if route.policies is None:
        return f"{path}{host} in front of {api}, which decides by its own CORS answers"
    policies = route.policies.policies
    origins = dict.fromkeys(o for p in policies for o in (*p.origins, *p.origin_patterns))
    return f"{path}{host} in front of {api}, for pages of {', '.join(origins)}"
