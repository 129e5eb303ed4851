"""Where the polyfill differs from XMLHttpRequest: every difference, with its reason.

The conformance suite compares this table with what it finds: a difference that is not listed fails,
and so does a listed one that is gone.
"""

from __future__ import annotations

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


DIFFERENCES: tuple[Difference, ...] = ()


def render_differences(expected: dict[str, str]) -> str:
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
