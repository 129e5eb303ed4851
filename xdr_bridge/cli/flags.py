"""The flags of the settings, made of the model: one for each option that is no table.

They only collect what was written; the model judges it together with what the other sources say.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pydantic.fields import FieldInfo

from xdr_bridge.config import Sources
from xdr_bridge.config.findings import unknown
from xdr_bridge.config.options import POLICY_OPTIONS, Shown
from xdr_bridge.config.settings import SERVICE_OPTIONS, Settings
from xdr_bridge.config.spelling import as_flag
from xdr_bridge.http.errors import Problem
from xdr_bridge.tunnel.decoding import Limits

_LIMITS = {
    "url_characters": ("CHARACTERS", "The longest URL that is read, in characters."),
    "header_block_bytes": ("BYTES", "The longest header block of a tunnelled call, in bytes."),
    "header_lines": ("LINES", "The most header lines of a tunnelled call."),
    "body_bytes": ("BYTES", "The longest body of a tunnelled call, in bytes."),
}


# What most people say; `--help-all` has the rest.
_USUAL = frozenset(
    {
        *("host", "port", "workers", "admin_port", "verbose", "trusted_proxies"),
        *("tls_certificate", "allow_origins", "allow_methods", "allow_headers"),
        *("expose_headers", "allow_credentials", "public_origins"),
    }
)


class _HelpAll(argparse.Action):
    """Prints the help of a parser with every option in it, and leaves, as `--help` does."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        for action in parser._actions:
            action.help = getattr(action, "whole_help", action.help)
        for group in parser._action_groups:
            group.description = getattr(group, "whole_description", group.description)
        parser.print_help()
        parser.exit()


def add_settings(
    parser: argparse.ArgumentParser,
    *,
    api_is_positional: bool = True,
    usual: frozenset[str] = _USUAL,
) -> None:
    """Add a flag for each option.

    Args:
        parser: Gets the flags.
        api_is_positional: Whether the API's URL is an argument; else it is `--api`.
        usual: The options that `--help` shows; `--help-all` shows all.
    """
    parser.add_argument(
        "--help-all",
        action=_HelpAll,
        nargs=0,
        dest=argparse.SUPPRESS,
        help="Show this and every other option of the configuration, and leave.",
    )
    before = len(parser._actions)
    fields = Settings.model_fields
    parser.set_defaults(api_flag="API" if api_is_positional else "--api")
    what = f"{fields['api'].description} Default: what the file or the environment says."
    if api_is_positional:
        parser.add_argument(
            "api", metavar="API", nargs="?", default=argparse.SUPPRESS, help=_escaped(what)
        )
    parser.add_argument(
        "--config",
        metavar="FILE",
        help="A TOML file with options. Default: the file that XDR_BRIDGE_CONFIG names, if any.",
    )
    if not api_is_positional:
        parser.add_argument("--api", metavar="API", default=argparse.SUPPRESS, help=_escaped(what))
    policy = parser.add_argument_group("policy", "What pages on other origins may do.")
    limits = parser.add_argument_group("limits", "Beyond them a request is refused, never cut.")
    for name in SERVICE_OPTIONS:
        if name != "limits":
            _add(parser, name, fields[name])
    for name in POLICY_OPTIONS:
        _add(policy, name, fields[name])
    for name, (metavar, description) in _LIMITS.items():
        limits.add_argument(
            as_flag(("limits", name)),
            dest=f"limits.{name}",
            metavar=metavar,
            default=argparse.SUPPRESS,
            help=f"{description} Default: {Limits.__dataclass_fields__[name].default}.",
        )
    for action in parser._actions[before:]:
        if action.dest not in (*usual, "api", "config"):
            vars(action)["whole_help"] = action.help
            action.help = argparse.SUPPRESS
    for group in (policy, limits):
        # A group of which nothing is shown is not shown.
        if all(action.help is argparse.SUPPRESS for action in group._group_actions):
            vars(group)["whole_description"] = group.description
            group.description = None


def _add(parser: argparse._ActionsContainer, name: str, field: FieldInfo) -> None:
    shown = next(item for item in field.metadata if isinstance(item, Shown))
    flag = as_flag((name,))
    switch = field.annotation is bool
    repeated = "tuple" in str(field.annotation)
    default = shown.default or ("no" if switch else str(field.default))
    text = f"{field.description}{' Repeatable.' if repeated else ''} Default: {default}."
    if switch:
        parser.add_argument(
            flag,
            action=argparse.BooleanOptionalAction,
            dest=name,
            default=argparse.SUPPRESS,
            help=_escaped(text),
        )
        return
    parser.add_argument(
        flag,
        action="append" if repeated else "store",
        dest=name,
        metavar=shown.metavar,
        default=argparse.SUPPRESS,
        help=_escaped(text),
    )


def _escaped(text: str) -> str:
    return text.replace("%", "%%")


def read_flags(options: argparse.Namespace, problems: Sequence[Problem]) -> Sources:
    """Return the sources of a command whose parser `add_settings` has filled.

    Args:
        options: What the parser made of the command line.
        problems: What it could make nothing of.
    """
    given: dict[str, Any] = {}
    for name, value in vars(options).items():
        table, _, key = name.rpartition(".")
        if table:
            given.setdefault(table, {})[key] = value
        elif name in Settings.model_fields:
            given[name] = value
    return Sources(
        given, config=options.config, api_flag=options.api_flag, problems=tuple(problems)
    )


def leftover_problems(leftovers: Sequence[str], known: Sequence[str]) -> tuple[Problem, ...]:
    """Say of what no flag takes that it is unknown, and which known flag may be meant."""
    flags = [text.partition("=")[0] for text in leftovers if text.startswith("-")]
    if not flags:
        return tuple(Problem("arguments", text, "is one too many") for text in leftovers)
    # What follows an unknown flag may be its value.
    return tuple(Problem(flag, None, unknown(flag, known)) for flag in flags)
