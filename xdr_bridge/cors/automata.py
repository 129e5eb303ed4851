"""Regular expressions as data, and a matcher for them that reads each character once.

A backtracking engine can be made to try exponentially many ways; this one walks a deterministic
automaton that is built when the policy loads. It knows nothing of origins.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MAX_POSITIONS = 512
MAX_STATES = 1024


@dataclass(frozen=True, slots=True)
class One:
    """One character out of a set; a literal is a set of one."""

    characters: frozenset[str]


@dataclass(frozen=True, slots=True)
class Choice:
    """One branch of several; a branch is a sequence of nodes."""

    branches: tuple[tuple[Node, ...], ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """A node from `low` to `high` times; None for no upper bound."""

    item: Node
    low: int
    high: int | None


Node = One | Choice | Repeat
Sequence = tuple[Node, ...]


def count_positions(nodes: Sequence) -> int:
    """Count the characters that the expression holds once its counts are written out."""
    total = 0
    for node in nodes:
        match node:
            case One():
                total += 1
            case Choice():
                total += sum(map(count_positions, node.branches))
            case Repeat():
                copies = node.low if node.high is None else node.high
                total += count_positions((node.item,)) * max(copies, 1)
    return total


@dataclass(frozen=True, slots=True)
class _Part:
    """A stretch of the expression (Glushkov): may it be empty, where it begins, where it ends."""

    nullable: bool
    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()


_EMPTY = _Part(nullable=True)


class _Positions:
    """Numbers every character of an expression and notes which may follow which."""

    def __init__(self) -> None:
        self.characters: list[frozenset[str]] = []
        self.follow: list[set[int]] = []

    def sequence(self, nodes: Sequence) -> _Part:
        part = _EMPTY
        for node in nodes:
            part = self._joined(part, self._node(node))
        return part

    def _node(self, node: Node) -> _Part:
        match node:
            case One():
                self.characters.append(node.characters)
                self.follow.append(set())
                here = frozenset({len(self.follow) - 1})
                return _Part(nullable=False, first=here, last=here)
            case Choice():
                return _either(map(self.sequence, node.branches))
            case Repeat():
                return self._repeated(node)

    def _repeated(self, node: Repeat) -> _Part:
        part = _EMPTY
        if node.high is None:
            # x* is a loop; x{2,} is x, then a looping x.
            loop = self._node(node.item)
            for end in loop.last:
                self.follow[end] |= loop.first
            part = loop if node.low else _either((loop, _EMPTY))
        else:
            # x{0,2} is (x(x)?)?: each copy follows one other, so the automaton stays small.
            for _ in range(node.high - node.low):
                part = _either((self._joined(self._node(node.item), part), _EMPTY))
        for _ in range(node.low - (node.high is None)):
            part = self._joined(self._node(node.item), part)
        return part

    def _joined(self, left: _Part, right: _Part) -> _Part:
        for end in left.last:
            self.follow[end] |= right.first
        return _Part(
            nullable=left.nullable and right.nullable,
            first=left.first | right.first if left.nullable else left.first,
            last=left.last | right.last if right.nullable else right.last,
        )


def _either(parts: Iterable[_Part]) -> _Part:
    parts = tuple(parts)
    return _Part(
        nullable=any(part.nullable for part in parts),
        first=frozenset().union(*(part.first for part in parts)),
        last=frozenset().union(*(part.last for part in parts)),
    )


class _State:
    __slots__ = ("accepts", "next")

    def __init__(self, accepts: bool) -> None:
        self.accepts = accepts
        self.next: dict[str, _State] = {}


class Automaton:
    """Tells whether a whole text matches, in one step per character and no more."""

    __slots__ = ("_start",)

    def __init__(self, nodes: Sequence) -> None:
        """Build the automaton.

        Raises:
            ValueError: It would be too large to be what anybody means.
        """
        if count_positions(nodes) > MAX_POSITIONS:
            raise ValueError(
                f"is too large; {MAX_POSITIONS} characters, with counts written out, are accepted"
            )
        positions = _Positions()
        whole = positions.sequence(nodes)
        self._start = _State(whole.nullable)
        states: dict[frozenset[int], _State] = {}
        # A state is the set of positions that may have read the last character.
        to_do: list[tuple[_State, frozenset[int]]] = [(self._start, whole.first)]
        while to_do:
            state, candidates = to_do.pop()
            moves: dict[str, set[int]] = {}
            for position in candidates:
                for character in positions.characters[position]:
                    moves.setdefault(character, set()).add(position)
            for character, reached in moves.items():
                key = frozenset(reached)
                if key not in states:
                    if len(states) >= MAX_STATES:
                        raise ValueError("is too ambiguous; fewer repetitions are accepted")
                    states[key] = _State(not key.isdisjoint(whole.last))
                    following = frozenset().union(*(positions.follow[at] for at in key))
                    to_do.append((states[key], following))
                state.next[character] = states[key]

    def matches(self, text: str) -> bool:
        """Whether the whole text matches."""
        state = self._start
        for character in text:
            following = state.next.get(character)
            if following is None:
                return False
            state = following
        return state.accepts
