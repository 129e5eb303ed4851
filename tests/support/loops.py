"""An asyncio loop in a thread of its own, so that a test may block on sockets meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

Result = TypeVar("Result")
# Nothing in these tests takes longer; what does hangs.
PATIENCE_SECONDS = 20.0


class LoopThread:
    """A running loop; a context manager."""

    def __enter__(self) -> Self:
        self.loop = asyncio.new_event_loop()
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
        self.run(self._finish_tasks())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(PATIENCE_SECONDS)
        self.loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run this on the loop and wait for its result."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE_SECONDS)

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
