r"""The syntax of the checked regular expressions, read into `automata` nodes.

Literals, `\.`, `\-`, `\d`, classes of lower-case letters, digits, `-` and `_`, groups with
alternatives, quantifiers. What is missing is missing on purpose; see `expressions`.
"""

from __future__ import annotations

from collections.abc import Iterator

from xdr_bridge.cors.automata import Choice, Node, One, Repeat, Sequence

DIGITS = frozenset("0123456789")
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz")
_LABEL_CHARACTERS = DIGITS | _LETTERS | frozenset("-_")
_LITERALS = _LABEL_CHARACTERS | {":"}
_QUANTIFIERS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
_ESCAPED = {".": frozenset("."), "-": frozenset("-"), "d": DIGITS}
_MAX_COUNT = 253
_MAX_DEPTH = 8


class Parser:
    """Reads the subset, character by character; each refusal names the place."""

    def __init__(self, text: str, start: int) -> None:
        """Begin at a character of the text."""
        self._text = text
        self._at = start
        self._depth = 0

    def parse(self) -> Sequence:
        """Read to the end of the text.

        Raises:
            ValueError: It is outside of the subset; the message says where, and what would do.
        """
        nodes = self._sequence()
        if self._peek() == "|":
            raise self._error("has alternatives outside of a group; write one entry for each")
        if self._peek() == ")":
            raise self._error("closes a group that is not open")
        return nodes

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        self._at += 1
        return character

    def _error(self, reason: str, *, back: int = 0) -> ValueError:
        return ValueError(f"{reason} (character {self._at - back + 1})")

    def _sequence(self) -> Sequence:
        nodes: list[Node] = []
        while self._peek() not in ("", "|", ")"):
            nodes.append(self._quantified(self._atom()))
        return tuple(nodes)

    def _atom(self) -> Node:
        character = self._take()
        match character:
            case "(":
                return self._group()
            case "[":
                return One(self._class())
            case "\\":
                return One(self._escape())
            case ".":
                raise self._error(
                    r"has an unescaped dot, which matches any character; \. is accepted", back=1
                )
            case "*" | "+" | "?" | "{":
                raise self._error(f"has {character!r} with nothing to repeat before it", back=1)
            case "^" | "$":
                raise self._error("has an anchor; the whole origin is matched anyway", back=1)
            case _ if character in _LITERALS:
                return One(frozenset(character))
            case _ if character.isascii() and character.isupper():
                raise self._error("has upper case; origins are lower case", back=1)
        raise self._error(f"has {character!a}, which stands in no origin", back=1)

    def _escape(self) -> frozenset[str]:
        character = self._take()
        if character not in _ESCAPED or not character:
            raise self._error(rf"has \{ascii(character)[1:-1]}; \. \- and \d are accepted", back=2)
        return _ESCAPED[character]

    def _class(self) -> frozenset[str]:
        start = self._at
        if self._peek() == "^":
            raise self._error("has a negated class, which matches dots; [a-z0-9-] is accepted")
        found: set[str] = set()
        while self._peek() not in ("]", ""):
            members = self._class_member()
            following = self._text[self._at : self._at + 2]
            if following[:1] == "-" and following[1:] not in ("]", ""):
                self._take()
                members = self._range(members, self._class_member())
            found |= members
        if not self._take() or not found:
            raise self._error("has an empty or unclosed class", back=self._at - start + 1)
        return frozenset(found)

    def _class_member(self) -> frozenset[str]:
        character = self._take()
        members = self._escape() if character == "\\" else frozenset(character)
        if "." in members:
            raise self._error("has a class that matches across dots; leave the dot out", back=1)
        if not members <= _LABEL_CHARACTERS:
            raise self._error(
                f"has {character!a} in a class; lower-case letters, digits, '-' and '_' are"
                " accepted",
                back=1,
            )
        return members

    def _range(self, low: frozenset[str], high: frozenset[str]) -> frozenset[str]:
        for kind in (DIGITS, _LETTERS):
            if len(low) == len(high) == 1 and low | high <= kind and min(low) <= min(high):
                return frozenset(c for c in kind if min(low) <= c <= min(high))
        raise self._error("has a range other than of digits or of lower-case letters", back=2)

    def _group(self) -> Choice:
        start = self._at - 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self._error(f"nests groups more than {_MAX_DEPTH} deep", back=1)
        if self._text.startswith("?:", self._at):
            self._at += 2
        elif self._peek() == "?":
            raise self._error("has a special group; (…) and (?:…) are accepted", back=1)
        branches = [self._sequence()]
        while self._peek() == "|":
            self._take()
            branches.append(self._sequence())
        if self._take() != ")":
            raise self._error("has a group that is not closed", back=self._at - start)
        self._depth -= 1
        return Choice(tuple(branches))

    def _quantified(self, item: Node) -> Node:
        character = self._peek()
        if character in _QUANTIFIERS:
            low, high = _QUANTIFIERS[character]
            self._take()
        elif character == "{":
            low, high = self._counts()
        else:
            return item
        if high is None and any(repeat.high is None for repeat in _repeats(item)):
            raise self._error(
                "repeats without bound what repeats without bound; https://*.example.com among the"
                " origins means any depth",
                back=1,
            )
        if self._peek() in ("*", "+", "?", "{"):
            raise self._error("has two quantifiers in a row; one is accepted")
        return Repeat(item, low, high)

    def _counts(self) -> tuple[int, int | None]:
        end = self._text.find("}", self._at)
        low, comma, high = self._text[self._at + 1 : end].partition(",")
        if end < 0 or not _is_count(low) or (high and not _is_count(high)):
            raise self._error("has no count between its braces; {4}, {1,6} and {1,} are accepted")
        if comma and not high:
            counts: tuple[int, int | None] = (int(low), None)
        else:
            counts = (int(low), int(high or low))
        upper = counts[1] if counts[1] is not None else max(counts[0], 1)
        if not counts[0] <= upper <= _MAX_COUNT or not upper:
            raise self._error(f"has a count out of range; 1 to {_MAX_COUNT} is accepted")
        self._at = end + 1
        return counts


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 3


def _repeats(node: Node) -> Iterator[Repeat]:
    match node:
        case Repeat():
            yield node
            yield from _repeats(node.item)
        case Choice():
            for branch in node.branches:
                for inner in branch:
                    yield from _repeats(inner)
