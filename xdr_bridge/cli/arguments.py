"""What can be said on the command line. Nothing is done here, and nothing is printed."""

from __future__ import annotations

import argparse

from xdr_bridge import __version__
from xdr_bridge.cli.flags import add_settings

# The shells for which shtab writes a completion.
SHELLS = ("bash", "zsh", "tcsh")
_SHELLS = ", ".join(SHELLS)
_CONFIGURED = "Every option of the configuration is accepted too; --help-all lists them."
_EPILOGS = {
    "serve": """examples:
  xdr-bridge serve http://127.0.0.1:9000 --allow-origin https://shop.example
  xdr-bridge serve --config bridge.toml --workers auto

Every option, what it does and its default: docs/options.md, or --help-all.
How to deploy it, and behind which proxy: docs/deploy.md, docs/fronts.md.""",
    "config": f"""examples:
  xdr-bridge config --check --config bridge.toml
  xdr-bridge config --schema > bridge.schema.json

{_CONFIGURED}""",
    "explain": f"""examples:
  xdr-bridge explain --config bridge.toml --origin https://shop.example --method PUT /items/7
  xdr-bridge explain --config bridge.toml --origin https://shop.example \\
      --method POST '/xdr/tunnel?$xdr=1' --body captured.txt

The exit status is 0 where the call is allowed, 1 where it is refused, and 3 where it is not decided
because only the API can say. {_CONFIGURED}""",
    "doctor": f"""examples:
  xdr-bridge doctor --config bridge.toml
  xdr-bridge doctor --config bridge.toml --url https://api.example --origin https://shop.example

The exit status is 0 where no problem was found and 1 where one was; notes and warnings are none.
Every code, and what helps: docs/doctor.md. {_CONFIGURED}""",
    "snippet": """example:
  xdr-bridge snippet https://api.example

Print the tag anew after an upgrade: its version and its hash are those of the script.""",
    "completion": """example:
  xdr-bridge completion bash > ~/.local/share/bash-completion/completions/xdr-bridge""",
}


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
        ("serve", _add_serve, "[API]", "Put the bridge beside an API."),
        ("demo", _add_demo, "", "Show the bridge at work, on this machine only."),
        ("snippet", _add_snippet, "BASE", "Print the script tag for a page."),
        ("config", _add_config, "[API]", in_force),
        ("explain", _add_explain, "URL", "Say step by step what is decided about a call, and why."),
        ("doctor", _add_doctor, "", "Ask the APIs, and the public URL, and say what is wrong."),
        ("completion", _add_completion, "SHELL", "Print what completes this command in a shell."),
    ):
        command = commands.add_parser(
            name,
            usage=f"xdr-bridge {name} [OPTION]... {usage}".rstrip(),
            help=what,
            description=what,
            epilog=_EPILOGS.get(name),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        add(command)
        known = [flag for action in command._actions for flag in action.option_strings]
        command.set_defaults(command=name, known=known)
    return parser


def _add_serve(parser: argparse.ArgumentParser) -> None:
    add_settings(parser)


def _add_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("shell", choices=SHELLS, metavar="SHELL", help=f"One of {_SHELLS}.")


def _add_config(parser: argparse.ArgumentParser) -> None:
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(
        "--check", action="store_true", help="Only say whether the configuration is valid."
    )
    choice.add_argument(
        "--schema", action="store_true", help="Print the file's JSON Schema, for editors."
    )
    add_settings(parser, usual=frozenset())


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
    parser.add_argument(
        "--body",
        metavar="FILE",
        help="The body of a tunnel request that was captured, where URL is the tunnel's; - for"
        " standard input.",
    )
    add_settings(parser, api_is_positional=False, usual=frozenset())


def _add_doctor(parser: argparse.ArgumentParser) -> None:
    for flag, metavar, text in (
        ("--url", "URL", "Where the bridge is published. Default: none, only the APIs are asked."),
        ("--origin", "ORIGIN", "The page to ask for. Default: the first that a policy names."),
        ("--stream-path", "PATH", "Of a call whose answer comes slowly. Default: none is made."),
        ("--url-ca", "FILE", "PEM: who may certify the URL. Default: whom this machine trusts."),
    ):
        parser.add_argument(flag, metavar=metavar, help=text)
    path = "Of a call that only reads; it is made several times. Default: %(default)s."
    parser.add_argument("--path", metavar="PATH", default="/", help=path)
    parser.add_argument("--json", action="store_true", help="Print the findings as JSON.")
    add_settings(parser, api_is_positional=False, usual=frozenset())


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
