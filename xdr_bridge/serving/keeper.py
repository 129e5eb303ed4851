"""Keeps one worker running: replaces one that dies, kills one that hangs, and lets it retire."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Protocol

from xdr_bridge.config import Settings
from xdr_bridge.serving.workers import Worker, WorkerEndedError, WriteLog, how_it_ended

# One log for the supervisor and its keepers.
log = logging.getLogger("xdr_bridge.serving.supervisor")

# A worker that lived for less has died young.
_YOUNG_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# For an interpreter, its imports and the configuration, on a busy machine.
READY_SECONDS = 60.0


class Employer(Protocol):
    """What a keeper asks of the supervisor; see `supervisor.Supervisor`."""

    settings: Settings
    sockets: list[int]
    write_log: WriteLog

    def bury(self, worker: Worker) -> None:
        """Keep the counts of a worker that has ended."""


class BackOff:
    """How long to wait before another worker takes the place of one that died."""

    def __init__(self) -> None:
        """Begin with no death."""
        self._young = 0

    def pause(self, lived_seconds: float) -> float:
        """Take note of a death, and return the seconds to wait: none for the first in a row."""
        self._young = self._young + 1 if lived_seconds < _YOUNG_SECONDS else 1
        if self._young == 1:
            return 0.0
        # The exponent is bounded where a float is not.
        return min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(self._young - 2, 16))


class Keeper:
    """Keeps one worker running, until it is to retire.

    Attributes:
        number: The worker's, and that of each that replaces it.
        worker: The process; None while there is none.
        ready: Done when a worker has served for the first time, or has ended before it could.
        running: The task that does the work.
    """

    def __init__(self, supervisor: Employer, number: int, settings: Settings) -> None:
        """Start a worker by these settings, and another whenever it has died."""
        self.number = number
        self.worker: Worker | None = None
        self.ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._supervisor = supervisor
        # Of the first worker; those after it begin by what is in force then.
        self._settings: Settings | None = settings
        self._retiring = asyncio.Event()
        self._killed = False
        self.running = asyncio.create_task(self._run())

    def retire(self) -> None:
        """Have the worker end its calls and then itself, and start no other."""
        self._retiring.set()
        if self.worker is not None:
            self.worker.stop()

    def kill(self) -> None:
        """End the worker now, and start no other."""
        self._killed = True
        self._retiring.set()
        if self.worker is not None:
            self.worker.kill()

    async def _run(self) -> None:
        back_off = BackOff()
        while not self._retiring.is_set():
            how, lived = await self._run_one()
            if self._retiring.is_set():
                break
            if not self.ready.done():
                self.ready.set_exception(ChildProcessError(f"{how} before it served"))
                return
            pause = back_off.pause(lived)
            when = f"in {pause:g} s" if pause else "at once"
            log.warning("%s; another starts %s", how, when)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._retiring.wait()
        self.ready.cancel()

    async def _run_one(self) -> tuple[str, float]:
        """Run a worker to its end; return how it ended, and for how many seconds it served."""
        supervisor = self._supervisor
        clock = asyncio.get_running_loop().time
        began: float | None = None
        try:
            worker = await Worker.start(self.number, supervisor.sockets, supervisor.write_log)
        except OSError as error:
            return f"worker {self.number} could not be started: {error.strerror}", 0.0
        self.worker = worker
        if self._killed:
            worker.kill()
        elif self._retiring.is_set():
            worker.stop()
        elif await self._begin(worker):
            began = clock()
            # It ends with the worker.
            self._watching = asyncio.create_task(_kill_if_it_hangs(worker))
        status = await worker.wait()
        self.worker = None
        supervisor.bury(worker)
        how = f"{worker} {how_it_ended(status)}"
        if self._retiring.is_set():
            log.log(logging.WARNING if status and not self._killed else logging.INFO, "%s", how)
        return how, 0.0 if began is None else clock() - began

    async def _begin(self, worker: Worker) -> bool:
        """Have it serve; return whether it does. One that hangs at its start is killed."""
        supervisor = self._supervisor
        settings, self._settings = self._settings or supervisor.settings, None
        try:
            async with asyncio.timeout(READY_SECONDS):
                await worker.serve(settings, supervisor.sockets)
        except WorkerEndedError:
            return False
        except TimeoutError:
            log.warning("%s does not serve within %g s and is killed", worker, READY_SECONDS)
            worker.kill()
            return False
        log.info("%s serves", worker)
        if not self.ready.done():
            self.ready.set_result(None)
        return True


async def _kill_if_it_hangs(worker: Worker) -> None:
    if await worker.hangs():
        kill_late(worker)


def kill_late(worker: Worker) -> None:
    """Kill a worker that hangs; its keeper starts another, by what is in force then."""
    if not worker.has_ended:
        log.warning("%s does not answer and is killed", worker)
        worker.kill()
