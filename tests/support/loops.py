"""An asyncio loop in a thread of its own, so that a test may block on sockets meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")
# Nothing in these tests takes longer, on however busy a machine; what does hangs.
PATIENCE_SECONDS = 60.0
# As the bridge looks at its connections.
_SWEEP_SECONDS = 1.0
# From the kernel's queue of connections to what a page has sent.
_TURNS = 20


class _Ahead:
    """A loop whose clock a test may set forward: a limit is over when the test says so.

    With uvloop timers stay those of the machine, so that its sweeps take their second.
    """

    ahead_seconds = 0.0

    def time(self) -> float:
        return super().time() + self.ahead_seconds  # type: ignore[misc]


def new_loop() -> asyncio.AbstractEventLoop:
    """Make a loop of the kind in use, of which `advance` can set the clock forward."""
    loop = asyncio.new_event_loop()
    loop.close()
    made: asyncio.AbstractEventLoop = type("LoopAhead", (_Ahead, type(loop)), {})()
    return made


async def advance(seconds: float) -> None:
    """Let this time pass on the running loop, sweep by sweep; first it reads what was sent."""
    loop: Any = asyncio.get_running_loop()
    while True:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
        if seconds <= 0:
            return
        loop.ahead_seconds += min(seconds, _SWEEP_SECONDS)
        seconds -= _SWEEP_SECONDS


class LoopThread:
    """A running loop; a context manager."""

    def __enter__(self) -> Self:
        self.loop = new_loop()
        # A busy test machine is no mistake of the code under test.
        self.loop.slow_callback_duration = 60.0
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.run(self._finish_tasks())
        finally:
            self.loop.call_soon_threadsafe(self.loop.stop)
            self._thread.join(PATIENCE_SECONDS)
            self.loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run this on the loop and wait for its result."""
        future = asyncio.run_coroutine_threadsafe(work, self.loop)
        try:
            return future.result(PATIENCE_SECONDS)
        finally:
            # Who goes on waiting in that thread would slow down all tests to come.
            future.cancel()

    def advance(self, seconds: float) -> None:
        """Let this time pass on the loop."""
        self.run(advance(seconds))

    async def _finish_tasks(self) -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # Transports close in the iteration after.
        await asyncio.sleep(0)


def eventually(condition: Callable[[], bool]) -> bool:
    """Whether this becomes true while anybody would wait for it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
