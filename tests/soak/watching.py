"""A process seen from outside: memory, descriptors, and how soon it answers."""

from __future__ import annotations

import contextlib
import socket
import statistics
import threading
import time
from dataclasses import dataclass
from pathlib import Path

_PAGE_KB = 4
_PROBE = b"OPTIONS /judged/probe HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n%b\r\n" % (
    b"Access-Control-Request-Method: PUT\r\n"
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at a process and its workers: resident memory in kB, open descriptors."""

    memory_kb: int
    descriptors: int


def look(pid: int) -> Sample:
    """Look at a process, and at those that it has started, now."""
    processes = [Path(f"/proc/{pid}")]
    memory = descriptors = 0
    for process in processes:
        # A worker may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            children = (process / "task" / process.name / "children").read_text()
            processes += [Path(f"/proc/{child}") for child in children.split()]
            memory += int((process / "statm").read_text().split()[1]) * _PAGE_KB
            descriptors += sum(1 for _ in (process / "fd").iterdir())
    return Sample(memory, descriptors)


class Watch(threading.Thread):
    """Samples a process until it is told to stop.

    Attributes:
        samples: What it has seen, in order.
    """

    def __init__(self, pid: int, seconds: float) -> None:
        super().__init__(daemon=True)
        self.samples: list[Sample] = []
        self._pid = pid
        self._seconds = seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        while not self._stopping.wait(self._seconds):
            self.samples.append(look(self._pid))

    def stop(self) -> None:
        """Stop, and wait for the last look."""
        self._stopping.set()
        self.join()


class Probe(threading.Thread):
    """Asks the bridge for something of its own, at a steady pace, on one connection.

    Attributes:
        seconds: How long each answer took.
        complaint: What went wrong, or "".
    """

    def __init__(self, port: int, every_seconds: float) -> None:
        super().__init__(daemon=True)
        self.seconds: list[float] = []
        self.complaint = ""
        self._port = port
        self._every = every_seconds
        self._stopping = threading.Event()

    def run(self) -> None:
        try:
            while not self._stopping.is_set():
                with socket.create_connection(("127.0.0.1", self._port), 30) as connection:
                    self._use(connection)
        except OSError as error:
            self.complaint = f"the probe failed: {error}"

    def _use(self, connection: socket.socket) -> None:
        """Ask until we are to stop, or the bridge says that it will close.

        Raises:
            OSError: It closes without having said so.
        """
        while not self._stopping.wait(self._every):
            began = time.monotonic()
            connection.sendall(_PROBE)
            answer = b""
            while not answer.endswith(b"\r\n\r\n"):
                piece = connection.recv(4096)
                if not piece:
                    raise OSError("the bridge closed the connection")
                answer += piece
            if not answer.startswith(b"HTTP/1.1 204 "):
                raise OSError(f"it was answered {answer[:60]!r}")
            self.seconds.append(time.monotonic() - began)
            if b"\r\nConnection: close\r\n" in answer:
                return

    def stop(self) -> None:
        """Stop, and wait for the last answer."""
        self._stopping.set()
        self.join()


def thirds(values: list[int]) -> tuple[float, float, float]:
    """Return the medians of the first, the middle and the last third."""
    size = max(1, len(values) // 3)
    parts = (values[:size], values[size : 2 * size], values[2 * size :])
    first, middle, last = (statistics.median(part or values) for part in parts)
    return first, middle, last
