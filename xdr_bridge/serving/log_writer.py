"""Writes the log without ever waiting for whoever reads it.

A pipe that nobody reads is full after 64 KiB, and a write to it then waits for ever: the log would
stop the bridge. So a thread of its own writes, out of a buffer with a limit. What does not fit is
dropped and counted, and the log says how much is missing as soon as somebody reads again.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque

_MOST_BYTES = 256 * 1024
_MOST_AT_ONCE = 64 * 1024


class LogWriter:
    """Writes whole lines to a file descriptor, from any thread."""

    def __init__(self, descriptor: int, *, most_bytes: int = _MOST_BYTES) -> None:
        """Write nothing yet; the thread begins with the first line.

        Args:
            descriptor: Where to write; 2 is stderr.
            most_bytes: How much may wait for its reader.
        """
        self._descriptor = descriptor
        self._most_bytes = most_bytes
        self._changed = threading.Condition()
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._dropped = 0
        self._is_writing = False
        self._thread: threading.Thread | None = None

    def write(self, lines: str) -> None:
        """Write these lines, each with its newline, soon; drop them where too many wait."""
        data = lines.encode("utf-8", "backslashreplace")
        with self._changed:
            if self._waiting_bytes + len(data) > self._most_bytes:
                self._dropped += data.count(b"\n")
                return
            self._append(self._what_is_missing() + data)
            if self._thread is None:
                # A daemon: nobody may read what it writes, and the process still has to end.
                self._thread = threading.Thread(target=self._run, name="log", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, seconds: float) -> bool:
        """Wait until all is written, so many seconds at most; return whether it is."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not (self._waiting or self._is_writing), timeout=seconds
            )

    def _run(self) -> None:
        while True:
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting)
                data = self._take()
                if not self._waiting:
                    # Whoever reads at last is not left waiting for the next line to hear of it.
                    data += self._what_is_missing()
                self._is_writing = True
            self._write(data)

    def _append(self, data: bytes) -> None:
        self._waiting.append(data)
        self._waiting_bytes += len(data)

    def _what_is_missing(self) -> bytes:
        """Say it once, between the lines before the gap and those after it."""
        lines, self._dropped = self._dropped, 0
        if not lines:
            return b""
        return b"(%d lines of the log are missing here: nobody read it)\n" % lines

    def _take(self) -> bytes:
        """Take as many lines as one write may hold; the rest keeps waiting."""
        taken: list[bytes] = []
        size = 0
        while self._waiting and (not taken or size + len(self._waiting[0]) <= _MOST_AT_ONCE):
            taken.append(self._waiting.popleft())
            size += len(taken[-1])
        self._waiting_bytes -= size
        return b"".join(taken)

    def _write(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                # As `logging` does: whoever has closed the log has not stopped the bridge.
                return


class LogHandler(logging.Handler):
    """Hands what is logged to a `LogWriter`."""

    def __init__(self, writer: LogWriter) -> None:
        """Write there."""
        super().__init__()
        self._writer = writer

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one line or, with a traceback, as some (logging)."""
        try:
            self._writer.write(self.format(record) + "\n")
        except Exception:
            self.handleError(record)


# Every process has one log, and says there all that it says besides stdout.
STDERR = LogWriter(2)
