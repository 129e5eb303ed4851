"""The command line: the only place that prints or exits.

Exit status: 0 done, 1 failed, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

from xdr_bridge import __version__
from xdr_bridge.admin import Admin
from xdr_bridge.config import Settings
from xdr_bridge.config.listing import as_lines, schema
from xdr_bridge.errors import ConfigError, Problem
from xdr_bridge.explain import explain
from xdr_bridge.flags import add_settings, leftover_problems, read_flags
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
    run: Callable[[argparse.Namespace, Sequence[Problem]], int] = options.run
    try:
        return run(options, leftover_problems(leftovers, options.known))
    except ConfigError as error:
        _complain_of(error)
        return _WRONG_USAGE
    except OSError as error:
        _complain(f"{error.strerror or error}")
        return _FAILED


def make_parser() -> argparse.ArgumentParser:
    """Build the parser; README's option tables are checked against it."""
    parser = argparse.ArgumentParser(
        prog="xdr-bridge",
        description="Cross-origin XMLHttpRequest for browsers that cannot do CORS.",
    )
    parser.add_argument("--version", action="version", version=f"xdr-bridge {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    in_force = "Print the configuration in force, and where each value is from."
    for name, add, usage, what in (
        ("serve", _add_serve, "[API]", "Put the bridge beside an API."),
        ("demo", _add_demo, "", "Show the bridge at work, on this machine only."),
        ("config", _add_config, "[API]", in_force),
        ("explain", _add_explain, "URL", "Say step by step what is decided about a call, and why."),
    ):
        command = commands.add_parser(
            name,
            usage=f"xdr-bridge {name} [OPTION]... {usage}".rstrip(),
            help=what,
            description=what,
            allow_abbrev=False,
        )
        add(command)
        known = [flag for action in command._actions for flag in action.option_strings]
        command.set_defaults(known=known)
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_serve)
    add_settings(parser)


def _add_config(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_config)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--check", action="store_true", help="Only say whether the configuration is valid."
    )
    choice.add_argument(
        "--schema", action="store_true", help="Print the file's JSON Schema, for editors."
    )
    add_settings(parser)


def _add_explain(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_explain)
    parser.add_argument(
        "url", metavar="URL", help="What the page calls: a path, or a URL of which the path counts."
    )
    parser.add_argument(
        "--origin",
        help="The page's origin. Default: none, as for who is no page.",
        metavar="ORIGIN",
    )
    parser.add_argument(
        "--method", default="GET", metavar="METHOD", help="The call's method. Default: %(default)s."
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: VALUE'",
        help="A header that the page sets. Repeatable. Default: none.",
    )
    add_settings(parser, api_is_positional=False)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=_demo)
    parser.add_argument("--open", action="store_true", help="Open the page in the browser.")
    for name, default, what in (
        ("--shop-port", 8700, "the page"),
        ("--bridge-port", 8780, "the bridge"),
        ("--api-port", 9000, "the API"),
    ):
        parser.add_argument(
            name,
            type=int,
            default=default,
            metavar="PORT",
            help=f"The port of {what}; a free one where it is taken. Default: %(default)s.",
        )
    parser.add_argument(
        "--verbose", action="store_true", help="Log every refusal. Default: only failures."
    )


def _serve(options: argparse.Namespace, problems: Sequence[Problem]) -> int:
    loaded = read_flags(options, problems).load()
    settings = loaded.settings
    _log_from(settings.verbose)

    async def serve(stop: asyncio.Event) -> None:
        gateway = Gateway(settings)
        reloads = Reloads(gateway, loaded)
        admin = None if settings.admin_port is None else Admin(reloads, settings.admin_port)
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
                _say(f"xdr-bridge: {url} takes POST /reload and GET /config")
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
    api = settings.api or f"{route.api.scheme}://{route.api.authority}{route.api.path}"
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

    asyncio.run(run())
    return _DONE


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
