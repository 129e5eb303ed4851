"""The supervisor in this process, with workers in theirs: what goes wrong between them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi
from tests.support.clients import Client, request
from tests.support.loops import PATIENCE_SECONDS, LoopThread
from tests.support.processes import runs
from tests.support.slowness import tells_of_slowness
from xdr_bridge.config import Settings
from xdr_bridge.gateway import sockets
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.serving import keeper, supervisor, workers
from xdr_bridge.serving.keeper import BackOff
from xdr_bridge.serving.supervisor import Supervisor

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are for POSIX")

SHOP, NEWS = "https://shop.example", "https://news.example"


def test_the_pause_grows_up_to_a_limit_and_begins_anew_after_a_long_life() -> None:
    back_off = BackOff()
    assert [back_off.pause(0.0) for _ in range(8)] == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
    assert [back_off.pause(0.0) for _ in range(5000)] == [30.0] * 5000
    assert [back_off.pause(3600.0), back_off.pause(0.0)] == [0.0, 0.5]


@pytest.mark.parametrize(
    ("status", "words"),
    [(0, "status 0"), (3, "status 3"), (-9, "SIGKILL"), (-11, "SIGSEGV"), (-200, "signal 200")],
)
def test_how_a_worker_ended_is_said_in_words(status: int, words: str) -> None:
    assert workers.how_it_ended(status).endswith(words)


@pytest.mark.parametrize(
    "values",
    [
        {"api": "http://127.0.0.1:9000"},
        {"api": "http://a/x", "allow_origins": ["*"], "limits": {"body_bytes": 5}, "verbose": True},
        {
            "apis": [
                {
                    "url": "http://127.0.0.1:9000",
                    "path": "/shop",
                    "allow_origins": [SHOP],
                    "paths": [{"prefix": "/public", "allow_origins": ["*"]}],
                },
                {"url": "http://127.0.0.1:9100/v1", "host": "notes.example"},
            ],
            "workers": 2,
        },
    ],
    ids=["bare", "policy", "apis"],
)
def test_a_worker_is_told_the_configuration_as_it_was_judged(values: dict[str, Any]) -> None:
    settings = Settings(**values)
    told = Settings(**json.loads(json.dumps(workers.as_message(settings))))
    assert workers.as_message(told) == workers.as_message(settings)
    assert _routes(told) == _routes(settings)


def _routes(settings: Settings) -> list[Any]:
    return [
        (route.api, route.host, route.prefix, route.policies and route.policies.policies)
        for route in settings.routes
    ]


class Supervised:
    """A supervisor in this process, with workers of their own as ever."""

    def __init__(self, thread: LoopThread, api: str, count: int = 2) -> None:
        self.settings = Settings(api=api, allow_origins=(SHOP,), workers=count, stop_seconds=1)
        self.log: list[str] = []
        self.thread = thread
        own = sockets.bind("127.0.0.1", 0)
        self.port = own[0].getsockname()[1]
        self.supervisor = Supervisor(self.settings, own, self._note)

    def _note(self, lines: str) -> None:
        self.log += (line for line in lines.splitlines() if not tells_of_slowness(line))

    def changed(self, **values: Any) -> Settings:
        return Settings(**{**self.settings.model_dump(exclude_unset=True), **values})

    def status(self) -> dict[str, Any]:
        async def status() -> dict[str, Any]:
            return await self.supervisor.status()

        return self.thread.run(status())

    def processes(self) -> list[int]:
        return [worker["process"] for worker in self.status()["workers"]]

    def allowed(self) -> set[str]:
        """Return the origins that are allowed, from whichever worker."""
        found = set()
        for _ in range(10):
            with Client(self.port) as client:
                found |= {origin for origin in (SHOP, NEWS) if _allows(origin, client)}
        return found


@pytest.fixture
def supervised(api: TableApi) -> Iterator[Supervised]:
    with LoopThread() as thread:

        async def make() -> Supervised:
            return Supervised(thread, api.url)

        supervised = thread.run(make())
        try:
            thread.run(supervised.supervisor.start())
            yield supervised
        finally:
            thread.run(supervised.supervisor.stop())
    assert supervised.log == []


def test_a_worker_that_hangs_is_replaced(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    hung, other = supervised.processes()
    monkeypatch.setattr(workers, "_BEAT_SECONDS", 0.05)
    os.kill(hung, signal.SIGSTOP)
    _until(lambda: not runs(hung))
    # At 50 ms a worker that is well may be late on a busy machine, too.
    monkeypatch.undo()
    _until(lambda: len(set(supervised.processes()) - {hung}) == 2)
    assert supervised.allowed() == {SHOP}
    logs.expect(f"worker 1 (process {hung}) does not answer and is killed", "SIGKILL; another")
    del other
    logs.lines = [line for line in logs.lines if "worker 2" not in line]


def test_a_worker_that_hangs_keeps_nobody_from_changing(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    hung, _ = supervised.processes()
    settings = supervised.changed(allow_origins=(NEWS,))
    os.kill(hung, signal.SIGSTOP)
    (late,) = (k.worker for k in supervised.supervisor._keepers if k.number == 1)
    assert late is not None
    _until(lambda: late.is_late)
    # What it was is told at once, and that it is no news.
    told = {w["process"]: "late" in w for w in supervised.status()["workers"]}
    assert told[hung]
    supervised.thread.run(supervised.supervisor.reload(settings))
    assert not runs(hung)
    _until(lambda: len(supervised.processes()) == 2)
    assert supervised.allowed() == {NEWS}
    logs.expect(f"worker 1 (process {hung}) does not answer and is killed", "SIGKILL; another")


def test_a_worker_that_hangs_at_its_start_is_killed(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    victim, _ = supervised.processes()
    waits = [sys.executable, "-c", "import signal; signal.pause()"]
    monkeypatch.setattr(workers, "_command", lambda: waits)
    monkeypatch.setattr(keeper, "READY_SECONDS", 0.1)
    os.kill(victim, signal.SIGKILL)
    _until(lambda: any("does not serve within" in line for line in logs.lines))
    monkeypatch.undo()
    _until(lambda: len(supervised.processes()) == 2)
    logs.expect("was ended by SIGKILL; another starts at once")
    assert all("worker 1" in line for line in logs.lines)
    logs.lines.clear()


def test_a_restart_whose_workers_do_not_come_to_serve_changes_nothing(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = supervised.processes()
    broken = [sys.executable, "-c", "import sys; sys.exit('no such thing')"]
    monkeypatch.setattr(workers, "_command", lambda: broken)
    with pytest.raises(ConfigError, match=r"worker . \(process .*ended with status 1 before"):
        supervised.thread.run(
            supervised.supervisor.restart(supervised.changed(allow_origins=(NEWS,)))
        )
    monkeypatch.undo()
    # What a worker says is in the log, whoever says it.
    assert set(supervised.log) == {"no such thing"}
    supervised.log.clear()
    assert supervised.processes() == before
    assert supervised.allowed() == {SHOP}


def test_what_workers_have_counted_is_told_at_every_moment_of_a_restart(
    supervised: Supervised,
) -> None:
    assert supervised.allowed() == {SHOP}
    before = supervised.status()["calls"]
    assert before["began"] == before["answered"] == 20
    supervised.thread.run(supervised.supervisor.restart(supervised.settings))
    told = []

    def two_are_left() -> bool:
        told.append(supervised.status()["calls"])
        return len(supervised.supervisor._all) == 2

    _until(two_are_left)
    assert [calls for calls in told if calls != before] == []


def test_a_worker_that_does_not_end_in_time_is_killed(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    monkeypatch.setattr(supervisor, "_MARGIN_SECONDS", 0.1)
    # Both: on a busy machine a worker that is well takes longer than that, too.
    processes = supervised.processes()
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    supervised.thread.run(supervised.supervisor.stop())
    assert not any(map(runs, processes))
    logs.expect(*(f"(process {process}) does not end and is killed" for process in processes))


def test_a_worker_that_cannot_be_started_is_tried_again(
    supervised: Supervised, monkeypatch: pytest.MonkeyPatch, logs: Logs
) -> None:
    victim, _ = supervised.processes()
    monkeypatch.setattr(workers, "_command", lambda: ["/no/such/interpreter"])
    os.kill(victim, signal.SIGKILL)
    _until(lambda: any("could not be started" in line for line in logs.lines))
    monkeypatch.undo()
    _until(lambda: len(supervised.processes()) == 2)
    logs.expect("was ended by SIGKILL", "worker 1 could not be started: No such file")
    logs.lines = [line for line in logs.lines if "could not be started" not in line]


def test_a_supervisor_whose_first_workers_end_says_so(
    api: TableApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = [sys.executable, "-c", "import sys; sys.exit(3)"]
    monkeypatch.setattr(workers, "_command", lambda: broken)
    with LoopThread() as thread:

        async def work() -> None:
            supervised = Supervised(thread, api.url, 1)
            try:
                await supervised.supervisor.start()
            finally:
                await supervised.supervisor.stop()

        with pytest.raises(ChildProcessError, match="ended with status 3 before it served"):
            thread.run(work())


def test_lines_are_passed_on_whole() -> None:
    written: list[str] = []

    async def work() -> None:
        ended = asyncio.get_running_loop().create_future()
        log = workers.LogPipe(written.append, ended)
        for piece in (b"one\ntw", b"o", b"\nthr\xff", b"ee"):
            log.data_received(piece)
        log.connection_lost(None)
        await ended

    asyncio.run(work())
    assert written == ["one\n", "two\n", "thr\\xffee\n"]


def _until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline


def _allows(origin: str, client: Client) -> bool:
    client.send(request("GET", "/echo", origin=origin))
    return client.read("GET").get("access-control-allow-origin") == origin
