"""The command line in a process of its own, as an operator runs it; warnings are errors in it."""

from __future__ import annotations

import os
import queue
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.loops import PATIENCE_SECONDS
from tests.support.slowness import tells_of_slowness

ROOT = Path(__file__).resolve().parents[2]
# What systemd does for a socket unit.
_PASS_ON = """
import os, sys
own = int(sys.argv[1])
os.set_inheritable(own, False)
os.dup2(own, 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
_COMMAND = (sys.executable, "-X", "dev", "-bb", "-W", "error", "-m", "xdr_bridge")


def environment(variables: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without options of ours, and with these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDR_BRIDGE")}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", **(variables or {})}


def command(*arguments: str) -> list[str]:
    """Return the command line of this program with these arguments."""
    return [*_COMMAND, *arguments]


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command that ends by itself; keywords are environment variables."""
    return subprocess.run(
        [*_COMMAND, *arguments],
        env=environment(variables),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=PATIENCE_SECONDS * 3,
        check=False,
    )


class Serving:
    """A running `serve`. `said` and `complained` hold the lines that nobody has waited for."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: queue.Queue[str] = queue.Queue()
        self.complained: queue.Queue[str] = queue.Queue()
        self._threads = []
        for stream, lines in ((process.stdout, self.said), (process.stderr, self.complained)):
            assert stream is not None
            thread = threading.Thread(target=_read, args=(stream, lines), daemon=True)
            thread.start()
            self._threads.append(thread)

    def wait_for(self, words: str, lines: queue.Queue[str] | None = None) -> str:
        """Return the next line on stdout, or in `lines`, that has these words."""
        while True:
            line = (lines or self.said).get(timeout=PATIENCE_SECONDS * 3)
            if words in line:
                return line

    def join(self) -> None:
        """Wait until both streams are read to their ends."""
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)


def _read(stream: IO[str], lines: queue.Queue[str]) -> None:
    with stream:
        for line in stream:
            if not tells_of_slowness(line.rstrip("\n")):
                lines.put(line.rstrip("\n"))


# Becomes another program that may have so many files open.
_LIMITED = (
    "import os, sys; from resource import RLIMIT_NOFILE, setrlimit; limit = int(sys.argv[1]);"
    " setrlimit(RLIMIT_NOFILE, (limit, limit)); os.execv(sys.argv[2], sys.argv[2:])"
)


@contextmanager
def serving(
    *arguments: str,
    listening: socket.socket | None = None,
    descriptors: int | None = None,
    **variables: str,
) -> Iterator[Serving]:
    """Run `serve` for a `with` block, and end it by SIGTERM.

    Args:
        arguments: What follows `serve`.
        listening: A socket that it inherits, as from systemd.
        descriptors: How many the process may have open, where there is such a limit.
        variables: Of its environment.
    """
    command = [*_COMMAND, "serve", *arguments]
    if listening is not None:
        command = [sys.executable, "-c", _PASS_ON, str(listening.fileno()), *command]
    if descriptors is not None:
        command = [sys.executable, "-c", _LIMITED, str(descriptors), *command]
    process = subprocess.Popen(
        command,
        pass_fds=() if listening is None else (listening.fileno(),),
        env=environment(variables),
        stdin=subprocess.DEVNULL,
        # A test may send a signal to the whole group, as Ctrl-C does.
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    bridge = Serving(process)
    try:
        yield bridge
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        bridge.join()


def runs(process: int) -> bool:
    """Whether a process that may not be a child of ours runs."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # Nobody may have buried it.
    try:
        return Path(f"/proc/{process}/stat").read_text("ascii").rpartition(") ")[2][0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        # Gone since, unless it is a system without this file.
        return not Path("/proc/self/stat").exists()


@contextmanager
def bridge_process(api_port: int) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run `serve` without the checks of `-X dev`, to look at its memory; yield it and its port."""
    command = [sys.executable, "-m", "xdr_bridge", "serve", f"http://127.0.0.1:{api_port}"]
    process = subprocess.Popen(
        [*command, "--port", "0", "--allow-origin", "https://shop.example"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout is not None
            found = re.search(r"http://127\.0\.0\.1:([0-9]+)", process.stdout.readline())
            assert found is not None
            yield process, int(found[1])
        finally:
            process.terminate()
    assert process.returncode == 0
