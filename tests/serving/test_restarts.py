"""Restarts under load: every call is answered, on connections that are kept and on new ones."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.apis import ThreadedRawApi
from tests.support.load import Load
from tests.support.processes import Serving, runs, serving
from tests.support.raw_api import answering
from xdr_bridge.gateway.sockets import inherited

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX passes sockets on")

MakeApi = Callable[..., ThreadedRawApi]
SMALL = b"HTTP/1.1 204 No Content\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000


@contextlib.contextmanager
def load(port: int, answer: bytes) -> Iterator[Load]:
    """Put a load on a port for a `with` block, and check that every call was answered."""
    with Load(port, "/x", status=int(answer[9:12])) as load:
        yield load
    assert load.failures == []
    assert load.answered > 0


@pytest.mark.parametrize("answer", [SMALL, LARGE], ids=["small", "large"])
def test_new_workers_take_over_without_losing_a_call(
    make_api: MakeApi, tmp_path: Path, answer: bytes
) -> None:
    path = tmp_path / "bridge.toml"

    def write(seconds: int) -> None:
        api = f"api = '{url}'\nport = 0\nworkers = 2\nstop_seconds = 60\n"
        path.write_text(f"{api}allow_origins = ['*']\nanswer_idle_seconds = {seconds}\n", "utf-8")

    url = make_api(answering(answer)).url
    write(20)
    with serving("--config", str(path), "--verbose") as bridge:
        before = [_process(bridge) for _ in range(2)]
        port = int(bridge.wait_for("in front of").split()[1].rpartition(":")[2])
        with load(port, answer) as calls:
            calls.wait_for_more(50)
            write(21)
            bridge.process.send_signal(signal.SIGUSR2)
            for _ in range(2):
                _process(bridge)
            assert bridge.wait_for("restarted").endswith("changed: answer_idle_seconds")
            calls.wait_for_more(50)
            while any(map(runs, before)) and not calls.failures:
                pass
            calls.wait_for_more(50)
    assert bridge.process.returncode == 0
    assert [line for line in bridge.complained.queue if " INFO " not in line] == []


def _process(bridge: Serving) -> int:
    """Return the next worker that serves."""
    line = bridge.wait_for(" serves", bridge.complained)
    return int(line.rpartition("process ")[2].partition(")")[0])


@pytest.mark.parametrize(
    ("answer", "first", "workers"),
    [(LARGE, "start", "1"), (SMALL, "stop", "1"), (SMALL, "start", "2")],
    ids=["start-1", "stop-1", "start-2"],
)
def test_another_process_on_the_same_socket_takes_over_without_losing_a_call(
    make_api: MakeApi, answer: bytes, first: str, workers: str
) -> None:
    options = [make_api(answering(answer)).url, "--workers", workers, "--stop-timeout", "60"]
    with contextlib.ExitStack() as stack:
        listening = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=1024))
        port = listening.getsockname()[1]

        def start() -> Serving:
            bridge = stack.enter_context(serving(*options, listening=listening))
            assert f"http://127.0.0.1:{port} in front of" in bridge.wait_for("in front of")
            return bridge

        def stop() -> None:
            old.process.terminate()
            assert old.process.wait(60) == 0
            old.join()
            assert old.complained.empty()

        old = start()
        with load(port, answer) as calls:
            calls.wait_for_more(50)
            if first == "start":
                start()
                calls.wait_for_more(50)
                stop()
            else:
                # As `systemctl restart` does it: calls wait meanwhile.
                stop()
                start()
            calls.wait_for_more(50)


def test_sockets_are_inherited_by_the_process_that_they_are_for() -> None:
    other = {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid() + 1), "LISTEN_FDNAMES": "x"}
    assert inherited(other) == []
    assert other == {}
    assert inherited({"LISTEN_PID": str(os.getpid())}) == []
    assert inherited({"LISTEN_FDS": "many", "LISTEN_PID": str(os.getpid())}) == []


def test_what_is_no_listening_socket_is_refused_in_one_line(make_api: MakeApi) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as connected,
        serving(make_api(answering(SMALL)).url, listening=connected) as bridge,
    ):
        assert bridge.process.wait(60) == 1
        bridge.join()
        assert list(bridge.complained.queue) == [
            "xdr-bridge: LISTEN_FDS: file descriptor 3 is no TCP socket to listen on"
        ]


def test_a_descriptor_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    highest = os.sysconf("SC_OPEN_MAX") - 1
    monkeypatch.setattr("xdr_bridge.gateway.sockets._FIRST_INHERITED", highest)
    with pytest.raises(OSError, match=f"descriptor {highest} is no TCP socket") as raised:
        inherited({"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
    assert raised.value.errno == errno.EBADF
