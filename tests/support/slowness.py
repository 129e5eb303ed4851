"""What is logged because a machine is busy, and tells of no mistake."""

from __future__ import annotations

import re

# asyncio's debug mode; waitress with all its threads at work.
_SLOWNESS = re.compile(r"Executing .* took [0-9.]+ seconds|Task queue depth is [0-9]+", re.DOTALL)
_LOGGED = re.compile(r"WARNING asyncio(?: \[worker [0-9]+\])?: ")


def tells_of_slowness(message: str) -> bool:
    """Whether a message, or the end of a log line, is of that kind."""
    return _SLOWNESS.fullmatch(_LOGGED.split(message, maxsplit=1)[-1]) is not None
