"""A worker process as its supervisor sees it: how it is started, what it says, how it ended.

A worker is a fresh interpreter that inherits the listening sockets and one end of a channel. Fresh,
because a fork would take over whatever the supervisor has imported and opened, its event loop
above all; by `subprocess`, because `multiprocessing` would bring a process of its own to track
resources, and would run the main module a second time. An upgrade of the package reaches the
workers when they are started anew.

All workers share one socket, bound once. With a socket for each (SO_REUSEPORT) the system deals
connections out evenly, but those that wait to be accepted by a worker die with it; from the
shared one the next worker takes them.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

from xdr_bridge.config import Settings
from xdr_bridge.serving.channels import Channel, Message

WriteLog = Callable[[str], None]

# A worker answers between two calls, in milliseconds. One that is asked `_BEATS` times, and let
# `_BEAT_SECONDS` each time, hangs. Beats and not one long wait: a machine that was paused as a
# whole has missed one of them.
_BEATS, _BEAT_SECONDS = 5, 2.0


class WorkerEndedError(Exception):
    """A worker ended, or hung, before it answered; says in words which and how."""


class Worker:
    """One process.

    Attributes:
        number: 1 for the first; a replacement has the number of what it replaces.
        last: The counts that it left behind, if it could.
        is_buried: Whether the supervisor has taken them.
        is_late: Whether it has not answered for a beat, as far as is known.
        seen: The counts that it told last.
    """

    def __init__(self, number: int, process: subprocess.Popen[bytes], channel: Channel) -> None:
        """Use `start` instead."""
        self.number = number
        self.last: dict[str, Any] | None = None
        self.is_buried = False
        self.is_late = False
        self.seen: dict[str, Any] | None = None
        self._process = process
        self._channel = channel
        self._asked = 0
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._log_ended: asyncio.Future[None]
        self._listening = asyncio.create_task(self._listen())

    @classmethod
    async def start(cls, number: int, sockets: Sequence[int], log: WriteLog) -> Self:
        """Start the process; `serve` makes it serve.

        Args:
            number: See the class.
            sockets: The file descriptors that it inherits.
            log: Takes what it writes, whole lines at a time.

        Raises:
            OSError: The system does not let us.
        """
        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        try:
            with theirs, _signals_held():
                process = subprocess.Popen(
                    [*_command(), str(theirs.fileno()), str(number)],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.PIPE,
                    pass_fds=[theirs.fileno(), *sockets],
                    env=_environment(),
                )
        except OSError:
            ours.close()
            raise
        worker = cls(number, process, await Channel.open(ours))
        worker._log_ended = loop.create_future()
        await loop.connect_read_pipe(lambda: LogPipe(log, worker._log_ended), process.stderr)
        return worker

    @property
    def process(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether it says nothing any more."""
        return self._listening.done()

    def __str__(self) -> str:
        """Say which."""
        return f"worker {self.number} (process {self._process.pid})"

    async def serve(self, settings: Settings, sockets: Sequence[int]) -> None:
        """Make it serve what it has inherited, and wait until it does.

        Raises:
            WorkerEndedError: It ended before.
        """
        await self._ask("serve", settings=as_message(settings), sockets=sockets)

    async def prepare(self, settings: Settings) -> str | None:
        """Have it judge other settings; return what is wrong with them in its eyes.

        Raises:
            WorkerEndedError: It ended or hung.
        """
        answer = await self._ask_soon("prepare", settings=as_message(settings))
        problem: str | None = answer.get("problem")
        return problem

    async def commit(self) -> None:
        """Have it go on by the settings that it has prepared.

        Raises:
            WorkerEndedError: It ended or hung.
        """
        await self._ask_soon("commit")

    async def status(self) -> dict[str, Any] | None:
        """Return what its gateway counts; of one that is late what it counted last.

        Raises:
            WorkerEndedError: It ended.
        """
        if not self.is_late:
            asking = asyncio.ensure_future(self._ask("status"))
            await asyncio.wait((asking,), timeout=_BEAT_SECONDS)
            if asking.done():
                self.seen = asking.result()["status"]
            else:
                asking.cancel()
        return self.seen

    async def hangs(self) -> bool:
        """Wait until it has ended, or hangs; return whether it hangs."""
        while not self.has_ended:
            asking = asyncio.ensure_future(self._ask("status"))
            for _ in range(_BEATS):
                await asyncio.wait((asking,), timeout=_BEAT_SECONDS)
                self.is_late = not asking.done()
                if not self.is_late:
                    break
            else:
                asking.cancel()
                return True
            if asking.exception() is None:
                self.seen = asking.result()["status"]
                await asyncio.wait((self._listening,), timeout=_BEAT_SECONDS)
        return False

    def stop(self) -> None:
        """Have it end its calls and then itself."""
        self._channel.send({"do": "stop", "number": 0})

    def kill(self) -> None:
        """End it now."""
        self._process.kill()

    async def wait(self) -> int:
        """Wait until it has ended and its log is written; return its status as Popen does."""
        await self._listening
        await asyncio.shield(self._log_ended)
        await self._channel.close()
        # Its log ends with the process itself, so this takes no time.
        return self._process.wait()

    async def _ask_soon(self, what: str, **more: Any) -> Message:
        try:
            async with asyncio.timeout(_BEATS * _BEAT_SECONDS):
                return await self._ask(what, **more)
        except TimeoutError as error:
            raise WorkerEndedError(f"{self} does not answer") from error

    async def _ask(self, what: str, **more: Any) -> Message:
        if self.has_ended:
            raise WorkerEndedError(f"{self} has ended")
        self._asked = number = self._asked + 1
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._channel.send({"do": what, "number": number, **more})
        try:
            return await answer
        finally:
            del self._answers[number]

    async def _listen(self) -> None:
        while (message := await self._channel.receive()) is not None:
            if "last" in message:
                self.last = message["last"]
                # Not before: what is sent to a process that has closed its end may cost what
                # that process had sent.
                self._channel.send({"do": "go", "number": 0})
            answer = self._answers.get(message.get("to", 0))
            if answer is not None and not answer.done():
                answer.set_result(message)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(WorkerEndedError(f"{self} has ended"))


def how_it_ended(status: int) -> str:
    """Say in words what an exit status tells, as Popen has it."""
    if status >= 0:
        return f"ended with status {status}"
    try:
        return f"was ended by {signal.Signals(-status).name}"
    except ValueError:
        return f"was ended by signal {-status}"


def _command() -> list[str]:
    # As multiprocessing starts its processes: with what was said to this interpreter.
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
    # -P: nothing is imported from the working directory, whatever lies there.
    return [sys.executable, *flags, "-P", "-m", "xdr_bridge.serving.worker"]


def _environment() -> dict[str, str]:
    """Return ours, by which a worker finds every module where we found it."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def as_message(settings: Settings) -> dict[str, Any]:
    """Write settings for a worker, who makes them again."""
    # What was not said is not sent: whether a policy says anything is a matter of that.
    said: dict[str, Any] = settings.model_dump(mode="json", exclude_unset=True)
    return said


@contextmanager
def _signals_held() -> Iterator[None]:
    """Keep signals from a process that is being started, until it can take them.

    Ctrl-C goes to all processes of a terminal, and an interpreter that is about to import its
    modules would answer it with a traceback.
    """
    held = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR2}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, held)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class LogPipe(asyncio.Protocol):
    """Passes what a worker writes on, no line torn."""

    def __init__(self, write: WriteLog, ended: asyncio.Future[None]) -> None:
        self._write = write
        self._ended = ended
        self._line = b""

    def data_received(self, data: bytes) -> None:
        """Take some of it (asyncio)."""
        lines, newline, self._line = (self._line + data).rpartition(b"\n")
        if newline:
            self._write((lines + newline).decode("utf-8", "backslashreplace"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Take the end (asyncio)."""
        if self._line:
            self.data_received(b"\n")
        self._ended.set_result(None)
