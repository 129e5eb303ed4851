"""What became of all calls: integers that only grow, for operators and for the soak."""

from __future__ import annotations

from enum import Enum
from typing import Any

from xdr_bridge.http.errors import Code, Fault


class Ending(Enum):
    """How a call ends to which no code applies."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"


Outcome = Ending | Code


class Tally:
    """Counts calls. One that has begun ends exactly once.

    Once none is under way, `began` is the sum of all the others.

    Attributes:
        began: Requests whose head was read, or refused as no HTTP, or with their connection.
        answered: The whole answer was handed to the page's connection: the API's, or one of the
            bridge's own to a preflight or for a file.
        refused: By code, those that are the page's fault.
        failed: By code, those that are the API's or the bridge's.
        abandoned: The page went away, or did not read on, before its answer was whole.
    """

    __slots__ = ("abandoned", "answered", "began", "failed", "refused")

    def __init__(self) -> None:
        """Begin with nothing."""
        self.began = 0
        self.answered = 0
        self.abandoned = 0
        self.refused: dict[Code, int] = {}
        self.failed: dict[Code, int] = {}

    def end(self, outcome: Outcome) -> None:
        """Count the end of a call."""
        if outcome is Ending.ANSWERED:
            self.answered += 1
        elif outcome is Ending.ABANDONED:
            self.abandoned += 1
        else:
            assert isinstance(outcome, Code)
            counts = self.refused if outcome.fault is Fault.PAGE else self.failed
            counts[outcome] = counts.get(outcome, 0) + 1

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON has it; what is under way is `in_flight`."""
        ended = self.answered + self.abandoned
        ended += sum(self.refused.values()) + sum(self.failed.values())
        return {
            "began": self.began,
            "answered": self.answered,
            "refused": {code.value: count for code, count in sorted(self.refused.items())},
            "failed": {code.value: count for code, count in sorted(self.failed.items())},
            "abandoned": self.abandoned,
            "in_flight": self.began - ended,
        }
