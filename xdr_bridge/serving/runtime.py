"""What every process of the bridge begins with: its log and its event loop."""

from __future__ import annotations

import asyncio
import atexit
import importlib
import importlib.util
import logging
from collections.abc import Callable

from xdr_bridge.serving.log_writer import STDERR, LogHandler

# At the end of a process, for a reader that is slow but there.
_LAST_LINES_SECONDS = 1.0


def begin_log(who: str = "") -> None:
    """Log to stderr, warnings and worse; nothing waits for whoever reads it.

    Args:
        who: Which of several processes it is, as each line shall say.
    """
    marked = f" [{who}]" if who else ""
    logging.basicConfig(
        level=logging.WARNING,
        format=f"%(asctime)s %(levelname)s %(name)s{marked}: %(message)s",
        handlers=[LogHandler(STDERR)],
    )
    atexit.register(STDERR.flush, _LAST_LINES_SECONDS)


def log_from(verbose: bool) -> None:
    """Log every refusal, or only failures."""
    logging.getLogger().setLevel(logging.INFO if verbose else logging.WARNING)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Use uvloop where the extra `fast` has brought it; there is none for Windows."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(
        "uvloop"
    ).new_event_loop
    return factory
