"""Where the polyfill differs from XMLHttpRequest: every difference, with its reason.

The conformance suite compares this table with what it finds: a difference that is not listed fails,
and so does a listed one that is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

IE = ("ie9", "ie8")


@dataclass(frozen=True)
class Difference:
    """One check that comes out otherwise than the standard says.

    Attributes:
        check: Its name in scripts/conformance.
        got: What is found instead.
        reason: Why it stays so.
        profiles: Where.
    """

    check: str
    got: str
    reason: str
    profiles: tuple[str, ...] = IE


_NO_SETTERS = "IE 8 has no getters and setters, so every field is a plain one."
_SMALL = "Code that only a mistaken page would run; it costs bytes for everybody."

DIFFERENCES: tuple[Difference, ...] = (
    Difference("an unknown responseType is ignored", '"nonsense"', _NO_SETTERS),
    Difference("fields cannot be written", "9, 9", _NO_SETTERS),
    Difference("withCredentials cannot change after send()", "nothing", _NO_SETTERS),
    Difference("responseText with responseType json throws", "nothing", _NO_SETTERS),
    Difference("responseType cannot change while loading", "nothing", _NO_SETTERS),
    Difference(
        "methods called with too little throw",
        "TypeError, TypeError, InvalidStateError 11, nothing, nothing",
        _SMALL,
    ),
    Difference("without new it throws", "nothing", _SMALL),
    Difference("readystatechange is no progress event", "0", _SMALL),
    Difference(
        "events neither bubble nor can be cancelled", "undefined, undefined, undefined", _SMALL
    ),
    Difference(
        "a URL that cannot be parsed is a SyntaxError",
        "nothing, nothing",
        "What is no URL of a bridge is left to the browser's own object, and what that throws in"
        " open() comes as an error after send().",
    ),
    Difference(
        "a synchronous request across origins is answered",
        "refused with InvalidAccessError 15",
        "XDomainRequest is asynchronous. A silent change to asynchronous would be worse.",
    ),
    Difference(
        "a NUL travels",
        '"error", undefined, undefined',
        "IE may cut text at a NUL, and nobody would notice.",
    ),
    Difference(
        "handlers and listeners are called in the order of their registration",
        "on first second",
        "No setter sees when a handler is assigned, so it comes first.",
    ),
    Difference(
        "feature tests find responseType",
        "false, undefined",
        "Libraries that find it take it for a browser with arrays of bytes. It works once it is"
        " set.",
    ),
    Difference(
        "responseType arraybuffer is bytes",
        "string, 200",
        "Neither IE 8 nor IE 9 has arrays of bytes: a type that the browser does not know is"
        " ignored.",
    ),
    Difference(
        "overrideMimeType with another charset decodes by it",
        '"K\u00e4se "',
        "Text is decoded in the bridge, by the charset that the API names. x-user-defined, by which"
        " pages read bytes, works.",
    ),
    Difference(
        "abort() in state 3",
        "rs1 loadstart rs2 rs3 rs4 abort loadend, 0, 0",
        "The standard has a progress event after loadend here; nobody waits for it.",
    ),
    Difference(
        "utf-8 in a given Content-Type is left alone",
        '"POST", "text/plain; charset=UTF-8", "x"',
        "Chromium's own.",
        profiles=("native",),
    ),
    Difference(
        "abort() in state 4",
        "rs1 loadstart rs2 rs3 progress rs4, 0, 0",
        "Chromium's own: it does not fire load and loadend after that.",
        profiles=("native",),
    ),
)


def render_differences(expected: Mapping[str, str]) -> str:
    """The table for the docs. `expected` is what the standard says, by check."""
    lines = ["| check | the standard | here | where | why |", "|---|---|---|---|---|"]
    for difference in DIFFERENCES:
        row = (
            difference.check,
            f"`{_plain(expected[difference.check])}`",
            f"`{_plain(difference.got)}`",
            ", ".join(difference.profiles),
            difference.reason,
        )
        lines.append(f"| {' | '.join(row)} |")
    return "\n".join(lines) + "\n"


def _plain(text: str) -> str:
    """Show control characters and what breaks a table."""
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" for character in text
    ).replace("|", "\\|")
