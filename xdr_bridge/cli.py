"""The command line: the only place that prints or exits.

Exit status: 0 done, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import importlib.util
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from xdr_bridge.admin import Admin
from xdr_bridge.arguments import make_parser
from xdr_bridge.assets import MINIFIED, StaticAsset, script_tags
from xdr_bridge.config import Settings
from xdr_bridge.config.listing import as_lines, schema
from xdr_bridge.errors import ConfigError, Problem
from xdr_bridge.explain import explain
from xdr_bridge.flags import leftover_problems, read_flags
from xdr_bridge.gateway import Gateway
from xdr_bridge.pages.demo import run_demo
from xdr_bridge.questions import Question
from xdr_bridge.reloads import Reloads
from xdr_bridge.routes import Route

_DONE, _FAILED, _WRONG_USAGE = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: What follows the program's name; None takes the process's own.

    Returns:
        The exit status.
    """
    # The demo's page and this program speak UTF-8; a Windows console may not.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    parser = make_parser()
    options, leftovers = parser.parse_known_args(arguments)
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        return _COMMANDS[options.command](options, leftover_problems(leftovers, options.known))
    except ConfigError as error:
        _complain_of(error)
        return _WRONG_USAGE
    except OSError as error:
        _complain(f"{error.strerror or error}")
        return _FAILED


def _serve(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    loaded = read_flags(options, problems).load()
    settings = loaded.settings
    _log_from(settings.verbose)

    async def serve(stop: asyncio.Event) -> None:
        gateway = Gateway(settings)
        reloads = Reloads(gateway, loaded)
        admin = (
            None
            if settings.admin_port is None
            else Admin(reloads, gateway.status, settings.admin_port)
        )
        gateway.start()
        try:
            if admin is not None:
                admin.start()
            _reload_on_hangup(reloads)
            url = f"http://{_url_host(settings.host)}:{gateway.port}"
            for route in settings.routes:
                _say(f"xdr-bridge: {url}{_route_line(route, settings)}")
            if admin is not None:
                url = f"http://127.0.0.1:{admin.port}"
                _say(f"xdr-bridge: {url} takes POST /reload, GET /config and GET /status")
            await stop.wait()
        finally:
            if admin is not None:
                await admin.stop()
            await gateway.stop()

    return _run_until_stopped(serve)


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


def _reload_on_hangup(reloads: Reloads) -> None:
    """Reload on SIGHUP, where there is one: not on Windows, which has the admin port."""
    if not hasattr(signal, "SIGHUP"):
        return

    def reload() -> None:
        try:
            changes = reloads.reload()
        except ConfigError:
            # The log has said what is wrong, and that nothing has changed.
            return
        _log_from(reloads.loaded.settings.verbose)
        changed = ", ".join(change.key for change in changes)
        _say(f"xdr-bridge: reloaded; changed: {changed or 'nothing'}")

    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, reload)


def _config(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if options.schema and not problems:
        print(schema(), end="")
        return _DONE
    loaded = read_flags(options, problems).load()
    for line in ["the configuration is valid"] if options.check else as_lines(loaded):
        _say(line)
    return _DONE


def _explain(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    settings = read_flags(options, problems).load().settings
    question = Question.read(options.url, options.origin, options.method, options.header)
    explanation = explain(settings.build_bridge(), question, mount=settings.mount)
    for line in explanation.lines:
        _say(line)
    return _DONE if explanation.allowed else _FAILED


def _snippet(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if problems:
        raise ConfigError(tuple(problems))
    for line in script_tags(options.base, options.mount, StaticAsset.read(MINIFIED)):
        _say(line)
    return _DONE


def _demo(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    if problems:
        raise ConfigError(tuple(problems))
    _log_from(options.verbose)

    def make_gateway(settings: Settings, observer: Callable[..., None]) -> Gateway:
        return Gateway(settings, observer=observer)

    async def demo(stop: asyncio.Event) -> None:
        await run_demo(
            make_gateway,
            announce=_say,
            stop=stop,
            shop_port=options.shop_port,
            bridge_port=options.bridge_port,
            api_port=options.api_port,
            open_browser=options.open,
        )

    return _run_until_stopped(demo)


def _run_until_stopped(work: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run until Ctrl-C or a request to terminate, on every platform."""

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        # loop.add_signal_handler does not exist on Windows; this does on all.
        def ask(_signal: int, _frame: object) -> None:
            loop.call_soon_threadsafe(stop.set)

        for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), ask)
        await work(stop)

    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(run())
    return _DONE


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Use uvloop where the extra `fast` has brought it; there is none for Windows."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(
        "uvloop"
    ).new_event_loop
    return factory


def _log_from(verbose: bool) -> None:
    logging.getLogger().setLevel(logging.INFO if verbose else logging.WARNING)


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(f"xdr-bridge: {line}", file=sys.stderr, flush=True)


def _complain_of(error: ConfigError) -> None:
    for problem in error.problems:
        _complain(str(problem))


_COMMANDS: dict[str, Callable[[argparse.Namespace, Sequence[Problem]], int]] = {
    "serve": _serve,
    "demo": _demo,
    "snippet": _snippet,
    "config": _config,
    "explain": _explain,
}
