"""Log lines that a flood could repeat without end: each at most once in a while, with a count."""

from __future__ import annotations

import logging

_SILENT_SECONDS = 30.0


class Complaint:
    """One thing to complain of, however often it happens."""

    __slots__ = ("_log", "_silent_until", "_untold")

    def __init__(self, log: logging.Logger) -> None:
        """Make a complaint that nobody has heard yet."""
        self._log = log
        self._silent_until = float("-inf")
        self._untold = 0

    def say(self, now: float, message: str) -> None:
        """Log a warning, or only count it.

        Args:
            now: The time, in seconds, by a clock that never goes back.
            message: What happened, in one sentence.
        """
        if now < self._silent_until:
            self._untold += 1
            return
        untold, self._untold = self._untold, 0
        self._silent_until = now + _SILENT_SECONDS
        again = f" (and {untold} times since this was last said)" if untold else ""
        self._log.warning("%s%s", message, again)
