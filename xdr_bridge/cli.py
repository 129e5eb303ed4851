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
from xdr_bridge.config import Settings
from xdr_bridge.cors import DEFAULT_METHODS
from xdr_bridge.errors import ConfigError
from xdr_bridge.gateway import Gateway
from xdr_bridge.pages.demo import run_demo

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
    options = parser.parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ConfigError as error:
        for problem in error.problems:
            _complain(str(problem))
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
    _add_serve(commands.add_parser("serve", help="Put the bridge beside an API."))
    _add_demo(commands.add_parser("demo", help="Show the bridge at work, on this machine only."))
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    defaults = Settings.__dataclass_fields__
    add = parser.add_argument
    parser.set_defaults(run=_serve)
    add("api", metavar="API", help="The API's URL, for example http://127.0.0.1:9000.")
    add(
        "--host",
        default=defaults["host"].default,
        help="The address to listen on. Default: %(default)s, this machine only.",
    )
    add(
        "--port",
        type=int,
        default=defaults["port"].default,
        help="The port to listen on; 0 takes a free one. Default: %(default)s.",
    )
    _add_policy(parser.add_argument_group("policy", "What pages on other origins may do."))
    add(
        "--mount",
        default=defaults["mount"].default,
        help="The path of the bridge's own pages, one segment. Default: %(default)s.",
    )
    for name, field, what in (
        ("--connect-timeout", "connect_seconds", "a connection to the API may take"),
        ("--first-byte-timeout", "first_byte_seconds", "the API may take to begin its answer"),
        ("--idle-timeout", "idle_seconds", "a message may pause, from the API or from a page"),
    ):
        add(
            name,
            type=float,
            dest=field,
            metavar="SECONDS",
            default=defaults[field].default,
            help=f"How long {what}. Default: %(default)s.",
        )
    _add_verbose(parser)


def _add_policy(policy: argparse._ArgumentGroup) -> None:
    add = policy.add_argument
    add(
        "--allow-origin",
        action="append",
        metavar="ORIGIN",
        help="An origin whose pages may call the API; '*': any page's. Repeatable, one at least.",
    )
    add(
        "--allow-method",
        action="append",
        metavar="METHOD",
        help="A method that pages may use. Repeatable."
        f" Default: {' '.join(DEFAULT_METHODS)}. GET, HEAD and POST are always allowed.",
    )
    add(
        "--allow-header",
        action="append",
        metavar="NAME",
        help="A request header that pages may send, or '*' for any but Authorization. Repeatable."
        " Default: '*'; with --allow-credentials, none.",
    )
    add(
        "--expose-header",
        action="append",
        metavar="NAME",
        help="A response header that pages may read, or '*'. Repeatable."
        " Default: those that the Fetch standard safelists.",
    )
    add(
        "--allow-credentials",
        action="store_true",
        help="Let browsers with native CORS send cookies. Default: no.",
    )
    add(
        "--max-age",
        type=int,
        metavar="SECONDS",
        help="How long a browser may remember a preflight. Default: the browser's own choice.",
    )
    add(
        "--public-origin",
        action="append",
        metavar="ORIGIN",
        help="An origin under which the API itself is published: its pages are not cross-origin."
        " Repeatable.",
    )


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
    _add_verbose(parser)


def _add_verbose(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--verbose", action="store_true", help="Log every refusal. Default: only failures."
    )


def _serve(options: argparse.Namespace) -> int:
    settings = Settings(
        api=options.api,
        host=options.host,
        port=options.port,
        allow_origins=tuple(options.allow_origin or ()),
        allow_methods=tuple(options.allow_method or DEFAULT_METHODS),
        allow_headers=None if options.allow_header is None else tuple(options.allow_header),
        expose_headers=tuple(options.expose_header or ()),
        allow_credentials=options.allow_credentials,
        max_age_seconds=options.max_age,
        public_origins=tuple(options.public_origin or ()),
        mount=options.mount,
        connect_seconds=options.connect_seconds,
        first_byte_seconds=options.first_byte_seconds,
        idle_seconds=options.idle_seconds,
    )

    async def serve(stop: asyncio.Event) -> None:
        gateway = Gateway(settings)
        gateway.start()
        _say(
            f"xdr-bridge: http://{_url_host(settings.host)}:{gateway.port}"
            f" in front of {settings.api}, for pages of {', '.join(settings.allow_origins)}"
        )
        await stop.wait()
        await gateway.stop()

    return _run_until_stopped(serve)


def _demo(options: argparse.Namespace) -> int:
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


def _url_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _say(line: str) -> None:
    print(line, flush=True)


def _complain(line: str) -> None:
    print(f"xdr-bridge: {line}", file=sys.stderr, flush=True)
