r"""Regular expressions for origins: a subset that cannot say what nobody means.

What it lacks is what has gone wrong elsewhere: the unescaped dot, classes that reach across a
dot, anchors on one side only, a domain that is not spelled out, matching that blows up. The
whole origin is matched, always.

Accepted: `https://pr-[0-9]+\.preview\.example\.com`, `https://([a-z]+\.)?example\.com:\d{4}`,
`https://(a|b)\.example\.com(:8443)?`. Refused: `https://.*\.example\.com`,
`https://[a-z]+example\.com`, `https://example\.(com|org)`, `^https://a\.example\.com$`,
`https?://[a-z]\.example\.com`, `https://[^/]+\.example\.com`, `https://([a-z]+\.)*example\.com`.
"""

from __future__ import annotations

from xdr_bridge.cors.automata import Automaton, Choice, Node, One, Repeat, Sequence
from xdr_bridge.cors.expression_syntax import DIGITS, Parser
from xdr_bridge.http.errors import shown
from xdr_bridge.http.origins import parse_origin

_SCHEMES = ("https://", "http://")
_MAX_CHARACTERS = 512


class OriginExpression:
    """A checked regular expression that matches whole origins.

    Attributes:
        source: The expression as the operator wrote it.
        scheme: The one scheme that it matches.
        base: The domain, spelled out, that every match is or lies under.
        host_is_literal: Whether only the port varies.
        has_port: Whether it matches anything but the default port.
    """

    __slots__ = ("_automaton", "base", "has_port", "host_is_literal", "scheme", "source")

    def __init__(self, source: str) -> None:
        """Check the expression and build its automaton.

        Raises:
            ValueError: It is outside of the subset; the message says where, and what would do.
        """
        self.source = source
        if len(source) > _MAX_CHARACTERS:
            raise ValueError(f"is longer than {_MAX_CHARACTERS} characters")
        if source[:1] == "^" or source[-1:] == "$":
            raise ValueError(
                "is anchored; the whole origin is matched anyway: leave out '^' and '$'"
            )
        prefix = next((prefix for prefix in _SCHEMES if source.startswith(prefix)), None)
        if prefix is None:
            raise ValueError(
                "does not begin with https:// or http://, spelled out; one entry for each scheme"
                " is accepted"
            )
        nodes = Parser(source, len(prefix)).parse()
        host, port = _split_port(nodes)
        self.scheme = prefix.removesuffix("://")
        self.host_is_literal = all(map(_is_literal, host))
        self.has_port = bool(port)
        self.base = _literal_base(self.scheme, host)
        if self.host_is_literal and all(map(_is_literal, port)):
            raise ValueError("matches one origin only; write it, unescaped, among the origins")
        spelled = tuple(One(frozenset(character)) for character in prefix)
        self._automaton = Automaton(spelled + nodes)

    def matches(self, origin: str) -> bool:
        """Whether the whole serialised origin matches; one step for each of its characters."""
        return self._automaton.matches(origin)


def _characters(nodes: Sequence) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for node in nodes:
        match node:
            case One():
                found |= node.characters
            case Choice():
                found = found.union(*map(_characters, node.branches))
            case Repeat():
                found |= _characters((node.item,))
    return found


def _is_literal(node: Node) -> bool:
    return isinstance(node, One) and len(node.characters) == 1


def _split_port(nodes: Sequence) -> tuple[Sequence, Sequence]:
    """Split before the colon; what follows it may only be a port, so that no host hides there."""
    index = next((i for i, node in enumerate(nodes) if ":" in _characters((node,))), len(nodes))
    host, port = nodes[:index], nodes[index:]
    if not port:
        return host, port
    branches = _branches_of_port(port)
    for branch in branches:
        if branch and (branch[0] != One(frozenset(":")) or not _characters(branch[1:]) <= DIGITS):
            raise ValueError(
                r"has something other than a port after the host; :8443, :\d+ and (:\d+)? are"
                " accepted"
            )
    return host, port


def _branches_of_port(port: Sequence) -> tuple[Sequence, ...]:
    match port:
        case (Choice() as choice,):
            return choice.branches
        case (Repeat(item=item, low=0, high=1),):
            return item.branches if isinstance(item, Choice) else ((item,),)
        case _:
            return (port,)


def _literal_base(scheme: str, host: Sequence) -> str:
    """Return the labels at the end that are spelled out, the boundary before them included.

    Two at least: then neither `evilexample.com` nor `example.com.evil.test` can match.
    """
    split = len(host)
    while split and _is_literal(host[split - 1]):
        split -= 1
    tail = "".join(min(node.characters) for node in host[split:] if isinstance(node, One))
    endings, _ = _endings(host[:split])
    if not endings <= {"."}:
        tail = tail.partition(".")[2]
    if "." not in tail.strip("."):
        raise ValueError(
            "does not spell out the domain; its last two labels and the dot before them have to be"
            r" literal, such as \.example\.com"
        )
    try:
        parse_origin(f"{scheme}://{tail}")
    except ValueError:
        raise ValueError(f"spells out {shown(tail)}, which is no domain") from None
    return tail


def _endings(nodes: Sequence) -> tuple[frozenset[str], bool]:
    """Return the characters with which a sequence can end, and whether it can be empty."""
    found: frozenset[str] = frozenset()
    for node in reversed(nodes):
        match node:
            case One():
                return found | node.characters, False
            case Choice():
                parts = [_endings(branch) for branch in node.branches]
                found = found.union(*(part[0] for part in parts))
                nullable = any(part[1] for part in parts)
            case Repeat():
                inner, empty = _endings((node.item,))
                found |= inner
                nullable = empty or node.low == 0
        if not nullable:
            return found, False
    return found, True
