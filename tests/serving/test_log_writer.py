"""A log that nobody reads stops nobody, and says afterwards what is missing."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.support.apis import TableApi
from tests.support.clients import Client, request
from tests.support.loops import PATIENCE_SECONDS
from tests.support.processes import command, environment
from xdr_bridge.serving.log_writer import LogHandler, LogWriter

# More than a pipe and the writer's buffer hold; 400 were enough to stop the bridge.
CALLS = 2400

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of a known size are Linux's")


_MISSING = re.compile(r"\((\d+) lines of the log are missing here: nobody read it\)")


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """A pipe that is full after 4 KiB: where to read, where to write."""
    reader, writer = os.pipe()
    if hasattr(fcntl, "F_SETPIPE_SZ"):
        fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    yield reader, writer
    os.close(reader)


def _read_all(reader: int, until: bytes) -> list[str]:
    data = b""
    while until not in data:
        data += os.read(reader, 65536)
    return data.decode().splitlines()


def test_what_is_read_is_whole_and_in_order(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    log = LogWriter(writer)
    said = [f"line {number}: Käse" for number in range(200)]
    for line in said:
        log.write(line + "\n")
    assert _read_all(reader, b"line 199: K\xc3\xa4se\n") == said
    assert log.flush(PATIENCE_SECONDS)
    os.close(writer)


def test_what_nobody_reads_is_dropped_and_counted_where_it_is_missing(
    pipe: tuple[int, int],
) -> None:
    reader, writer = pipe
    log = LogWriter(writer, most_bytes=2000)
    line = "x" * 99 + "\n"
    for _ in range(500):
        log.write(line)
    assert not log.flush(0.0)
    # The writer may have found room in between: then there are several gaps.
    whole = missing = 0
    with os.fdopen(os.dup(reader), "rb") as lines:
        while whole + missing < 500:
            found = _MISSING.fullmatch(lines.readline().decode().rstrip("\n"))
            missing += int(found[1]) if found else 0
            whole += not found
    assert whole + missing == 500
    assert missing
    log.write("after\n")
    assert _read_all(reader, b"after\n") == ["after"]
    os.close(writer)


def test_a_gap_is_told_before_what_comes_after_it() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = LogWriter(writer, most_bytes=10)
    log._thread = log_without_thread = object()  # type: ignore[assignment]
    for line in ("one\n", "two\n", "three\n"):
        log.write(line)
    assert log._take() == b"one\ntwo\n"
    log.write("four\n")
    assert log._take() == b"(1 lines of the log are missing here: nobody read it)\nfour\n"
    assert log._thread is log_without_thread
    os.close(writer)


def test_a_closed_log_stops_nobody() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    log = LogWriter(writer)
    handler = LogHandler(log)
    handler.emit(logging.LogRecord("x", logging.WARNING, "", 0, "lost: %s", ("it",), None))
    assert log.flush(PATIENCE_SECONDS)
    os.close(writer)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_bridge_whose_log_nobody_reads_goes_on(api: TableApi, workers: int) -> None:
    options = ["--verbose", "--allow-origin", "https://shop.example", "--workers", str(workers)]
    process = subprocess.Popen(
        [*command("serve"), api.url, "--port", "0", *options],
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        try:
            port = int(process.stdout.readline().split()[1].rpartition(":")[2])
            with Client(port) as client:
                for _ in range(CALLS // 20):
                    asked = request("PUT", "/" + "a" * 3000, origin="https://evil.example")
                    client.send(asked * 20)
                    for _ in range(20):
                        assert client.read("PUT").status == 403
        finally:
            process.terminate()
        log = process.stderr.read()
        assert process.wait(PATIENCE_SECONDS) == 0
    refused = log.count("origin-not-allowed")
    missing = [int(number) for number in re.findall(r"\((\d+) lines of the log are missing", log)]
    assert missing
    if workers == 1:
        # More where asyncio, in its debug mode, has said that something was slow.
        assert refused + sum(missing) >= CALLS
    else:
        # What a worker says of its own gap may fall into the supervisor's.
        assert 0 < refused < CALLS
