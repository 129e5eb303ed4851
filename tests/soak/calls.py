"""What a call asks of the API, and what is written down about it on each side.

A call says in its own target what the API is to do with it, so the API needs no list of calls.
Both sides make the bodies from the call's id, so each can tell whether a body is the right one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode

ID_FIELD = "X-Soak-Id"
SUM_FIELD = "X-Soak-Sum"
ORIGIN = "https://shop.example"
FOREIGN_ORIGIN = "https://evil.test"
# Under the first the policy decides, under the second the API.
PLACES = ("/judged", "/own")
ID = re.compile(r"\bc[0-9]+-[0-9]+\b")

# What the bridge makes of each of the API's faults; "broken" is a plain answer that breaks off.
_BROKEN = frozenset({"failed upstream-broken"})
_UNANSWERED = frozenset({"failed upstream-unanswered"})
# The last where nothing had been said yet.
_CUT = frozenset({"cut upstream-cut", "broken", "failed upstream-cut"})
API_FAULTS: dict[str, frozenset[str]] = {
    # Not quite faults: the answer is whole.
    "": frozenset({"answered"}),
    "interim": frozenset({"answered"}),
    "drip": frozenset({"answered"}),
    "announced-close": frozenset({"answered"}),
    "silent-close": frozenset({"answered"}),
    "early": frozenset({"answered"}),
    "two-answers": frozenset({"answered"}),
    # Before the head.
    "stall": frozenset({"failed upstream-timeout"}),
    "unread": frozenset({"failed upstream-timeout"}),
    "reset": _UNANSWERED,
    "end": _UNANSWERED,
    "reset-in-head": _BROKEN,
    "garbage": _BROKEN,
    "huge-head": _BROKEN,
    # After it.
    "stall-in-body": _CUT,
    "reset-in-body": _CUT,
    "end-in-body": _CUT,
    "bad-chunk": _CUT,
    # For tunnelled calls only: what a browser would not let the page have.
    "no-preflight": frozenset({"failed preflight-status"}),
    "no-cors": frozenset({"refused cors-check-failed"}),
    "redirects-away": frozenset({"failed redirect-refused"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What the API is asked to do.

    Attributes:
        id: Unique in the run.
        place: One of `PLACES`.
        method: The call's, not the tunnel request's.
        sent: The size of its body, in bytes.
        status: That of the answer.
        size: The size of the answer's body, in bytes.
        framing: "length", "chunked" or "close".
        binary: Whether both bodies are bytes of all values, rather than text.
        delay_ms: Before the answer begins.
        fault: One of `API_FAULTS`.
        at: The byte of the answer's body at which it happens.
        hops: How many redirects come first.
    """

    id: str
    place: str
    method: str
    sent: int = 0
    status: int = 200
    size: int = 0
    framing: str = "length"
    binary: bool = False
    delay_ms: int = 0
    fault: str = ""
    at: int = 0
    hops: int = 0

    @property
    def target(self) -> str:
        """The target by which a page reaches it through the bridge."""
        said = asdict(self)
        for name in ("id", "place", "method"):
            del said[name]
        said["binary"] = int(self.binary)
        # What is as it comes is left out: targets are mostly short.
        kept = {n: v for n, v in said.items() if v != _DEFAULTS[n]}
        return f"{self.place}/{self.id}" + (f"?{urlencode(kept)}" if kept else "")

    @classmethod
    def read(cls, method: str, target: str) -> Self:
        """Read a call at the API, whose paths are the bridge's.

        Raises:
            ValueError: It is none.
        """
        path, _, query = target.partition("?")
        place, _, name = path.rpartition("/")
        if place not in PLACES or not ID.fullmatch(name):
            raise ValueError(f"no call: {method} {target}")
        said: dict[str, Any] = {}
        for key, value in parse_qsl(query, strict_parsing=bool(query)):
            said[key] = type(_DEFAULTS[key])(int(value) if value.isdigit() else value)
        return cls(id=name, place=place, method=method, **said)

    @property
    def request_body(self) -> bytes:
        """The body that the page sends."""
        return pattern(f"{self.id}>", self.sent, binary=self.binary)

    @property
    def answer_body(self) -> bytes:
        """The body that the API answers with."""
        return pattern(f"{self.id}<", self.size, binary=self.binary)


_DEFAULTS = {f.name: f.default for f in fields(Call)}
_ALL_BYTES = bytes(range(256))


def pattern(name: str, size: int, *, binary: bool) -> bytes:
    """Make a body of which each piece tells whose it is."""
    unit = name.encode() + (_ALL_BYTES if binary else " Käse\n".encode())
    body = (unit * (size // len(unit) + 1))[:size]
    # Text is not cut within a character.
    return body if binary else body.decode("utf-8", "ignore").encode().ljust(size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a page saw of one call.

    Attributes:
        call: What it asked for.
        door: "native", "preflight", "query", "query plain", "body", "body plain" or "file".
        fault: The page's own, or "".
        expected: The code with which it is to be refused, or "".
        saw: "answered", "refused CODE", "failed CODE", "cut CODE", "broken", "unanswered"
            (sent ahead behind an answer that closes), "gave up", or "wrong: …". To a HEAD, the
            CODE is "unsaid".
        began: When the first byte was sent, by the monotonic clock, in seconds.
        ended: When it was over.
    """

    call: Call
    door: str
    fault: str
    expected: str
    saw: str
    began: float
    ended: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A line of the API's record: a call has arrived, or has ended.

    Attributes:
        id: The call's.
        hop: How many redirects are still to come.
        method: As it arrived.
        state: "arrived", or how it ended: "answered" (all of it written), "faulted" (as asked),
            "gone" (the bridge closed first), or "wrong: …".
        body: Of the request: "whole", "cut", "unread".
        at: The monotonic clock, in seconds.
    """

    id: str
    hop: int
    method: str
    state: str
    body: str
    at: float


class Record:
    """A file of lines that survive the process that writes them."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, entry: Any) -> None:
        """Write one line, at once."""
        os.write(self._file, json.dumps(asdict(entry)).encode() + b"\n")


def read_seen(path: Path) -> Iterator[Seen]:
    """Read what the pages saw."""
    for line in _lines(path):
        said = json.loads(line)
        yield Seen(**{**said, "call": Call(**said["call"])})


def read_arrivals(path: Path) -> Iterator[Arrival]:
    """Read the API's record."""
    for line in _lines(path):
        yield Arrival(**json.loads(line))


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file
