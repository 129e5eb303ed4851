"""The body of a request that does not come along with its head: how it may drip, what is held.

What becomes of it are the states of `exchange`; each is a class with what there is in it.
"""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from xdr_bridge.bridge.steps import ReadBody

# A refused request's body is read and dropped up to this, so that the page can read the refusal.
MAX_DISCARDED_BYTES = 64 * 1024 * 1024


class Ceilings(Protocol):
    """What the intakes of one gateway share.

    Attributes:
        clock: The loop's.
        idle_seconds: How long a body may pause.
        request_seconds: How long it may take in all, besides what its bytes grant.
        min_bytes_per_second: How many of them grant a second more; 0: none do.
        held_bytes: What all of them hold.
        max_held_bytes: What they may hold.
    """

    clock: Callable[[], float]
    idle_seconds: float
    request_seconds: float
    min_bytes_per_second: int
    held_bytes: int
    max_held_bytes: int


class Intake:
    """Counts and times one body, and holds it where it is read whole."""

    __slots__ = (
        "_began",
        "_ceilings",
        "_discarded",
        "_held",
        "_held_bytes",
        "_paused",
        "_received",
    )

    def __init__(self, ceilings: Ceilings) -> None:
        """Begin with the head."""
        self._ceilings = ceilings
        self._began = ceilings.clock()
        self._paused = 0.0
        self._received = 0
        self._discarded = 0
        self._held = bytearray()
        self._held_bytes = 0

    def receive(self, piece: bytes) -> None:
        """Count a piece, whatever becomes of it."""
        self._received += len(piece)

    def deadline(self) -> float:
        """Return until when the next piece may take, however those before dripped (loop time)."""
        ceilings = self._ceilings
        latest = self._began + ceilings.request_seconds
        if ceilings.min_bytes_per_second:
            latest += self._received / ceilings.min_bytes_per_second
        return min(ceilings.clock() + ceilings.idle_seconds, latest)

    def pause(self) -> None:
        """It is the API that is slow: this time is not the page's."""
        self._paused = self._ceilings.clock()

    def go_on(self) -> None:
        """It is the page's turn again."""
        self._began += self._ceilings.clock() - self._paused

    def hold(self, piece: bytes) -> int:
        """Keep a piece, and return how many bytes are kept."""
        self._held += piece
        self._held_bytes += len(piece)
        self._ceilings.held_bytes += len(piece)
        return len(self._held)

    @property
    def has_room(self) -> bool:
        """Whether all intakes together hold no more than they may."""
        return self._ceilings.held_bytes <= self._ceilings.max_held_bytes

    def take(self) -> bytes:
        """Hand out what is held; it counts until `release`, as its call may need it again."""
        held = bytes(self._held)
        self._held.clear()
        return held

    def discard(self, piece: bytes) -> bool:
        """Drop a piece, and return whether that is enough of it."""
        self._discarded += len(piece)
        return self._discarded > MAX_DISCARDED_BYTES

    def release(self) -> None:
        """Nothing of the body is needed any more."""
        self._held.clear()
        self._ceilings.held_bytes -= self._held_bytes
        self._held_bytes = 0


class Taker(Protocol):
    """Who takes a body as it comes."""

    def write(self, chunk: bytes) -> Future[None] | None:
        """Take a piece; wait for the future before the next."""

    def finish(self) -> None:
        """Hear that it is complete."""


@dataclass(slots=True, eq=False)
class Dropping:
    """The body comes, and nobody needs it: not yet, or not any more."""

    intake: Intake


@dataclass(slots=True, eq=False)
class Gathering:
    """The body is read whole, for the bridge."""

    intake: Intake
    reading: ReadBody


@dataclass(slots=True, eq=False)
class Streaming:
    """The body is passed on to the API as it comes."""

    intake: Intake
    call: Taker


@dataclass(slots=True, eq=False)
class Complete:
    """The whole request has come; `intake` holds its body, unless that came with the head."""

    intake: Intake | None


AT_ONCE = Complete(None)
State: TypeAlias = Dropping | Gathering | Streaming | Complete
