"""The processes of the soak, and the bridge's configuration."""

from __future__ import annotations

import contextlib
import re
import subprocess
from pathlib import Path

from tests.soak.calls import ID_FIELD, ORIGIN, SUM_FIELD
from tests.soak.drawing import TUNNELLED_BODY_BYTES
from tests.support.processes import environment

START_SECONDS = 30.0
_CONFIG = """
port = 0
admin_port = 0
connect_seconds = 2
first_byte_seconds = {patience}
idle_seconds = {patience}
answer_idle_seconds = {patience}
stop_seconds = 60

[limits]
body_bytes = {body_bytes}
header_lines = {header_lines}

[[apis]]
url = "http://127.0.0.1:{port}/judged"
path = "/judged"
allow_origins = ["{origin}"]
expose_headers = ["{id}", "{sum}"]

[[apis]]
url = "http://127.0.0.1:{port}/own"
path = "/own"
"""


def configuration(api_port: int, *, patience: float, workers: int, header_lines: int) -> str:
    """Write the bridge's file: one API under a policy, and the same one deciding for itself."""
    text = _CONFIG.format(
        patience=patience,
        header_lines=header_lines,
        body_bytes=TUNNELLED_BODY_BYTES,
        port=api_port,
        origin=ORIGIN,
        id=ID_FIELD,
        sum=SUM_FIELD,
    )
    return f"workers = {workers}\n{text}" if workers > 1 else text


class Process:
    """A program of the soak's; a context manager that ends it by SIGTERM."""

    def __init__(self, command: list[str], log: Path, **variables: str) -> None:
        self._log = log.open("ab")
        # Its first lines say where it listens.
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env=environment(variables),
        )

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.terminate()
        try:
            self.process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._log.close()

    def said(self, pattern: str) -> str:
        """Return what the pattern's group finds in the next line that has it."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            found = re.search(pattern, line)
            if found:
                return found[1]
        raise RuntimeError(f"a process of the soak has not started: {self.process.args!r}")
