"""Programs pinned to a core, what they cost and what they hold. Linux only (/proc, taskset)."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 15.0


class Program:
    """A program on one core, from start to stop; a context manager."""

    def __init__(self, command: Sequence[str], *, core: int, port: int) -> None:
        self.command = list(command)
        self.core = core
        self.port = port

    def __enter__(self) -> Self:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "NODE_ENV": "production"}
        self._process = subprocess.Popen(
            ["taskset", "-c", str(self.core), *self.command],
            cwd=Path(__file__).parent,
            env=environment,
            stdout=subprocess.DEVNULL,
            # BENCH_VERBOSE=1 shows what the programs complain about.
            stderr=None if os.environ.get("BENCH_VERBOSE") else subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return self
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"does not start: {' '.join(self.command)}") from None
                time.sleep(0.05)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        try:
            self._process.wait(3)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def cpu_seconds(self) -> float:
        """What the program and its children have used (utime + stime)."""
        return sum(map(_cpu_seconds, self._tree()))

    def memory_mb(self) -> float:
        """The resident memory of the program and its children."""
        return sum(map(_memory_kb, self._tree())) / 1024

    def _tree(self) -> list[int]:
        tree = [self._process.pid]
        for pid in tree:
            with contextlib.suppress(OSError):
                children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
                tree += map(int, children.split())
        return tree


def _cpu_seconds(pid: int) -> float:
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS
    return 0.0


def _memory_kb(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
