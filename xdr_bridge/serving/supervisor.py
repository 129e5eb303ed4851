"""Keeps several workers running on one set of sockets, and makes them change together.

The supervisor serves nothing itself and judges the configuration for all. Workers are replaced when
they die, after a pause that grows while they die young; the sockets stay open meanwhile, so that
connections wait for the next worker instead of being refused.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Collection, Sequence
from typing import Any

from xdr_bridge.config import Settings
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.serving.keeper import READY_SECONDS, Keeper, kill_late
from xdr_bridge.serving.workers import Worker, WorkerEndedError, WriteLog

log = logging.getLogger(__name__)

# On top of `stop_seconds`, for all else that a worker does at its end.
_MARGIN_SECONDS = 5.0


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
        for worker in self._workers(self._keepers):
            if worker.is_late:
                # It cannot go on by what was, either: what it is replaced by begins by these.
                kill_late(worker)
        workers = [w for w in self._workers(self._keepers) if not w.is_late]
        found = await asyncio.gather(
            *(worker.prepare(settings) for worker in workers), return_exceptions=True
        )
        problems = []
        for worker, problem in zip(workers, found, strict=True):
            if isinstance(problem, WorkerEndedError):
                # What takes its place begins by what is in force then.
                kill_late(worker)
            elif problem is not None:
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
            async with asyncio.timeout(READY_SECONDS):
                await asyncio.gather(*(keeper.ready for keeper in keepers))
        except (ChildProcessError, TimeoutError) as error:
            for keeper in keepers:
                keeper.kill()
            await self._see_off(keepers, 0.0)
            what = str(error) or f"the new workers do not serve within {READY_SECONDS:g} s"
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

        What a worker that was killed had counted is lost; of one that is late it is what it told
        last, with `late`.
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
                told[worker] = status if not worker.is_late else {**status, "late": True}
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
    """Have one worker go on by these settings; one that does not is replaced by one that does."""
    try:
        if not prepared:
            await worker.prepare(settings)
        await worker.commit()
    except WorkerEndedError:
        kill_late(worker)


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Add counts up, also those within."""
    total = dict(one)
    for name, value in other.items():
        if isinstance(value, dict):
            total[name] = _sum(total.get(name, {}), value)
        elif isinstance(value, int | float):
            total[name] = total.get(name, 0) + value
    return total
