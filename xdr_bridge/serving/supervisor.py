"""Keeps several workers running on one set of sockets, and makes them change together.

The supervisor serves nothing itself and judges the configuration for all. Workers are replaced when
they die, after a pause that grows while they die young; the sockets stay open meanwhile, so that
connections wait for the next worker instead of being refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Collection, Sequence
from typing import Any

from xdr_bridge.config import Settings
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.serving.workers import Worker, WorkerEndedError, WriteLog, how_it_ended

log = logging.getLogger(__name__)

# A worker that lived for less has died young.
_YOUNG_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
# For an interpreter, its imports and the configuration, on a busy machine.
_READY_SECONDS = 60.0
# On top of `stop_seconds`, for all else that a worker does at its end.
_MARGIN_SECONDS = 5.0


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

    def __init__(self, supervisor: Supervisor, number: int, settings: Settings) -> None:
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
        else:
            settings, self._settings = self._settings or supervisor.settings, None
            with contextlib.suppress(WorkerEndedError):
                await worker.serve(settings, supervisor.sockets)
                began = clock()
                log.info("%s serves", worker)
                if not self.ready.done():
                    self.ready.set_result(None)
        status = await worker.wait()
        self.worker = None
        supervisor.bury(worker)
        how = f"{worker} {how_it_ended(status)}"
        if self._retiring.is_set():
            log.log(logging.WARNING if status and not self._killed else logging.INFO, "%s", how)
        return how, 0.0 if began is None else clock() - began


class Supervisor:
    """All workers of one bridge.

    Attributes:
        settings: What is in force.
        sockets: The file descriptors on which the workers listen.
        write_log: Takes what they log.
    """

    def __init__(
        self, settings: Settings, sockets: Sequence[socket.socket], write_log: WriteLog
    ) -> None:
        """Set up; `start` starts the workers.

        Args:
            settings: What they serve by.
            sockets: Where they listen; the supervisor closes them when it stops.
            write_log: Takes what they log, whole lines at a time.
        """
        self.settings = settings
        self.sockets = [own.fileno() for own in sockets]
        self.write_log = write_log
        self._own = sockets
        self._keepers: list[Keeper] = []
        # Also those that are on their way in or out.
        self._all: set[Keeper] = set()
        self._leaving: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._past: dict[str, Any] = {}
        self._started = 0.0

    async def start(self) -> None:
        """Start as many workers as the settings say, and wait until all of them serve.

        Raises:
            ChildProcessError: One ended before.
        """
        self._started = asyncio.get_running_loop().time()
        self._keepers = self._make_keepers(self.settings)
        await asyncio.gather(*(keeper.ready for keeper in self._keepers))

    async def reload(self, settings: Settings) -> None:
        """Have all workers go on by these settings, or none.

        Raises:
            ConfigError: One of them cannot; all go on as before.
        """
        workers = self._workers(self._keepers)
        found = await asyncio.gather(
            *(worker.prepare(settings) for worker in workers), return_exceptions=True
        )
        problems = []
        for worker, problem in zip(workers, found, strict=True):
            # What takes the place of one that has ended will begin by what is in force then.
            if problem is not None and not worker.has_ended:
                problems.append(Problem(str(worker), None, f"cannot follow: {problem}"))
        if problems:
            raise ConfigError(tuple(problems))
        # From here on, whoever does not follow is replaced.
        self.settings = settings
        await asyncio.gather(
            *(
                _follow(worker, settings, prepared=worker in workers)
                for worker in self._workers(self._keepers)
            )
        )

    async def restart(self, settings: Settings) -> None:
        """Replace all workers by new ones with these settings; no call is lost.

        The old ones end when all of the new ones serve.

        Raises:
            ConfigError: One of the new ones did not come to serve; all old ones go on as before.
        """
        if self._stopping:
            raise ConfigError((Problem("restart", None, "the bridge is about to stop"),))
        keepers = self._make_keepers(settings)
        try:
            async with asyncio.timeout(_READY_SECONDS):
                await asyncio.gather(*(keeper.ready for keeper in keepers))
        except (ChildProcessError, TimeoutError) as error:
            for keeper in keepers:
                keeper.kill()
            await self._see_off(keepers, 0.0)
            what = str(error) or f"the new workers do not serve within {_READY_SECONDS:g} s"
            raise ConfigError((Problem("restart", None, what),)) from error
        old, self._keepers = self._keepers, keepers
        seconds, self.settings = self.settings.stop_seconds, settings
        for keeper in old:
            keeper.retire()
        leaving = asyncio.create_task(self._see_off(old, seconds))
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)

    async def stop(self) -> None:
        """Let all calls end for a while, then end all workers."""
        self._stopping = True
        for own in self._own:
            own.close()
        for keeper in self._all:
            keeper.retire()
        await self._see_off(tuple(self._all), self.settings.stop_seconds)
        await asyncio.gather(*self._leaving)

    def hurry(self) -> None:
        """End all workers now."""
        for keeper in self._all:
            keeper.kill()

    async def status(self) -> dict[str, Any]:
        """Return what all workers together have counted, and each of them, as JSON has it.

        What a worker that was killed had counted is lost.
        """
        workers = sorted(self._workers(self._all), key=lambda worker: worker.number)
        found = await asyncio.gather(
            *(worker.status() for worker in workers), return_exceptions=True
        )
        told = {}
        total = self._past
        for worker, status in zip(workers, found, strict=True):
            if worker.is_buried:
                # Meanwhile; its counts are among those of the past.
                continue
            if worker.last is not None:
                # Its calls are over, but its process is not.
                total = _sum(total, {"calls": worker.last["calls"]})
            elif isinstance(status, dict):
                told[worker] = status
                total = _sum(total, {name: status[name] for name in status if name != _UPTIME})
        return {
            _UPTIME: round(asyncio.get_running_loop().time() - self._started, 3),
            **total,
            "workers": [
                {"number": worker.number, "process": worker.process, **status}
                for worker, status in told.items()
            ],
        }

    def bury(self, worker: Worker) -> None:
        """Keep the counts of a worker that has ended."""
        worker.is_buried = True
        if worker.last is not None:
            self._past = _sum(self._past, {"calls": worker.last["calls"]})

    def _make_keepers(self, settings: Settings) -> list[Keeper]:
        keepers = [Keeper(self, number + 1, settings) for number in range(settings.workers)]
        self._all.update(keepers)
        return keepers

    async def _see_off(self, keepers: Collection[Keeper], seconds: float) -> None:
        """Wait for these to end, so many seconds and a bit; then kill them."""
        running = {keeper.running: keeper for keeper in keepers}
        if running:
            _, late = await asyncio.wait(running, timeout=seconds + _MARGIN_SECONDS)
            for task in late:
                log.warning("%s does not end and is killed", running[task].worker)
                running[task].kill()
            if late:
                await asyncio.wait(late)
        self._all.difference_update(keepers)

    @staticmethod
    def _workers(keepers: Collection[Keeper]) -> list[Worker]:
        return [keeper.worker for keeper in keepers if keeper.worker is not None]


_UPTIME = "uptime_seconds"


async def _follow(worker: Worker, settings: Settings, *, prepared: bool) -> None:
    with contextlib.suppress(WorkerEndedError):
        if not prepared:
            await worker.prepare(settings)
        await worker.commit()


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add counts up, also those within."""
    total = dict(one)
    for name, value in other.items():
        if isinstance(value, dict):
            total[name] = _sum(total.get(name, {}), value)
        elif isinstance(value, int | float):
            total[name] = total.get(name, 0) + value
    return total
