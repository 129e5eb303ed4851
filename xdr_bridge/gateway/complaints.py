"""Log lines that a flood could repeat without end: each at most once in a while, with a count."""

from __future__ import annotations

import logging
from collections.abc import Callable

from xdr_bridge.http.errors import Fault, RequestError, UpstreamError

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


_log = logging.getLogger("xdr_bridge.gateway")


def log_refusal(
    form: str, refusal: RequestError | UpstreamError, complain: Callable[[str], None]
) -> None:
    """Log why a request is refused, or has failed.

    Args:
        form: How it was asked, as in `steps.Reply`.
        refusal: Why.
        complain: Who logs what a flood could repeat.
    """
    if refusal.status == 503:
        # Where there is too much already, a line for each would be more of it.
        complain(f"{form} refused: {refusal}")
        return
    level = logging.INFO if refusal.code.fault is Fault.PAGE else logging.WARNING
    _log.log(level, "%s refused: %s", form, refusal)
