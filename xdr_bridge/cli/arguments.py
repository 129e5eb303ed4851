"""What can be said on the command line. Nothing is done here, and nothing is printed."""

from __future__ import annotations

import argparse

from xdr_bridge import __version__
from xdr_bridge.cli.flags import add_settings


def make_parser() -> argparse.ArgumentParser:
    """Build the parser; `docs/options.md` is checked against it."""
    parser = argparse.ArgumentParser(
        prog="xdr-bridge",
        description="Cross-origin XMLHttpRequest for browsers that cannot do CORS.",
    )
    parser.add_argument("--version", action="version", version=f"xdr-bridge {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    in_force = "Print the configuration in force, and where each value is from."
    for name, add, usage, what in (
        ("serve", add_settings, "[API]", "Put the bridge beside an API."),
        ("demo", _add_demo, "", "Show the bridge at work, on this machine only."),
        ("snippet", _add_snippet, "BASE", "Print the script tag for a page."),
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
        command.set_defaults(command=name, known=known)
    return parser


def _add_config(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--check", action="store_true", help="Only say whether the configuration is valid."
    )
    choice.add_argument(
        "--schema", action="store_true", help="Print the file's JSON Schema, for editors."
    )
    add_settings(parser)


def _add_explain(parser: argparse.ArgumentParser) -> None:
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


def _add_snippet(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "base", metavar="BASE", help="Where the bridge is published, such as https://api.example."
    )
    parser.add_argument(
        "--mount", default="/xdr", help="The path of the bridge's own pages. Default: %(default)s."
    )
