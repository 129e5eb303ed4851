"""File descriptors: how many this process may open, and how many connections of pages that makes.

A call needs two, one to the page and one to the API; who runs out of them can accept nobody.
"""

from __future__ import annotations

import sys

# The event loop, the log, listening sockets, refused connections that are just being closed.
_OWN = 64
# More would be a matter of memory, not of descriptors.
_MOST = 10_000
# On Windows asyncio and Tornado wait by `select`, which CPython compiles for that many.
_WINDOWS_SELECT = 512


def descriptor_limit() -> int | None:
    """Return how many descriptors this process may have open, None for any number."""
    if sys.platform == "win32":
        return _WINDOWS_SELECT
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def connections_that_fit(limit: int | None, to_apis: int) -> int:
    """Return how many connections of pages leave descriptors for the rest.

    Args:
        limit: What `descriptor_limit` says.
        to_apis: The most connections to APIs; half of all descriptors is kept for them at most.
    """
    if limit is None:
        return _MOST
    free = limit - _OWN
    return max(1, min(_MOST, free - min(free // 2, to_apis)))
