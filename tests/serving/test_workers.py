"""Several processes on one address: they serve, are replaced, change together and end together."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apis import NO_CONTENT, TableApi, ThreadedRawApi
from tests.support.clients import Client, request
from tests.support.loops import PATIENCE_SECONDS
from tests.support.processes import Serving, run, runs, serving
from tests.support.raw_api import Peer
from xdr_bridge.config import Settings, judging
from xdr_bridge.http.errors import ConfigError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="workers are for POSIX")

SHOP, NEWS = "https://shop.example", "https://news.example"
MakeApi = Callable[..., ThreadedRawApi]


class Bridge:
    """A running `serve` with workers and an admin port, to talk to."""

    def __init__(self, serving: Serving) -> None:
        self.serving = serving
        self.port = _port(serving.wait_for("in front of"))
        self.admin = _port(serving.wait_for("POST /reload"))
        self.said = serving.wait_for("workers serve")

    def ask_admin(self, method: str, target: str) -> Any:
        with Client(self.admin) as client:
            client.send(
                f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.admin}\r\n\r\n".encode()
            )
            return client.read(method).json

    def workers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask_admin("GET", "/status")["workers"]
        return found

    def processes(self) -> list[int]:
        return [worker["process"] for worker in self.workers()]

    def signal(self, number: int) -> None:
        self.serving.process.send_signal(number)

    def complaint(self, words: str) -> str:
        return self.serving.wait_for(words, self.serving.complained)

    @contextlib.contextmanager
    def clients_of_all_workers(self) -> Iterator[list[Client]]:
        """Open connections until every worker has one."""
        with contextlib.ExitStack() as stack:
            clients = []
            while any(worker["connections"]["open"] == 0 for worker in self.workers()):
                client = stack.enter_context(Client(self.port))
                client.send(request("GET", "/echo"))
                assert client.read().status == 200
                clients.append(client)
            yield clients


def _port(line: str) -> int:
    return int(line.split()[1].rpartition(":")[2])


@contextlib.contextmanager
def running(api_url: str, *options: str, workers: int = 2, ends: int = 0) -> Iterator[Bridge]:
    """Run a bridge with workers; nothing of it is left afterwards, and nothing said unnoticed."""
    arguments = [api_url, "--port", "0", "--admin-port", "0", *options]
    if workers:
        arguments += ["--workers", str(workers)]
    with serving(*filter(None, arguments)) as process:
        bridge = Bridge(process)
        yield bridge
        processes = bridge.processes() if process.process.poll() is None else []
    assert process.process.returncode == ends
    assert list(process.complained.queue) == []
    for number in processes:
        assert not runs(number)


def allows(origin: str, client: Client) -> bool:
    client.send(request("GET", "/echo", origin=origin))
    return client.read("GET").get("access-control-allow-origin") == origin


@pytest.mark.parametrize("count", [2, 3])
def test_workers_serve_one_address_and_end_together(api: TableApi, count: int) -> None:
    with running(api.url, workers=count) as bridge:
        assert bridge.said.startswith(f"xdr-bridge: {count} workers serve")
        assert len(set(bridge.processes()) - {bridge.serving.process.pid}) == count
        with bridge.clients_of_all_workers() as clients:
            for client in clients:
                client.send(request("GET", "/echo"))
                assert client.read().status == 200
            calls = bridge.ask_admin("GET", "/status")["calls"]
        assert calls["answered"] == 2 * len(clients)


def test_all_write_one_log_whose_lines_are_whole(api: TableApi) -> None:
    calls = 40

    def call(client: Client, origin: str) -> None:
        for _ in range(calls):
            client.send(request("PUT", "/echo", origin=origin, body=b""))
            assert client.read("PUT").status == 403

    options = ["--verbose", "--allow-origin", SHOP]
    with running(api.url, *options) as bridge, bridge.clients_of_all_workers() as clients:
        # Long enough for a line to be torn where several write to one pipe.
        origins = [f"https://{number}.{'x' * 60}.example" for number in range(len(clients))]
        threads = [
            threading.Thread(target=call, args=pair) for pair in zip(clients, origins, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)
        bridge.signal(signal.SIGTERM)
        bridge.serving.process.wait(PATIENCE_SECONDS)
        bridge.serving.join()
        lines = [bridge.serving.complained.get() for _ in range(bridge.serving.complained.qsize())]
    shape = re.compile(r"[-0-9]{10} [:,0-9]{12} INFO [a-z_.]+(?: \[worker [12]\])?: \S.*")
    assert [line for line in lines if not shape.fullmatch(line)] == []
    for origin in origins:
        assert sum(origin[:20] in line for line in lines) == calls
    assert {n for n in "12" if any(f"[worker {n}]: " in line for line in lines)} == {"1", "2"}


def test_one_worker_is_one_process(api: TableApi) -> None:
    with serving(api.url, "--port", "0", "--admin-port", "0", "--workers", "1") as bridge:
        port = _port(bridge.wait_for("POST /reload"))
        with Client(port) as client:
            client.send(f"GET /status HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
            assert "workers" not in client.read().json
        bridge.process.send_signal(signal.SIGUSR2)
        bridge.wait_for("SIGUSR2 is for workers", bridge.complained)
    assert bridge.process.returncode == 0
    assert bridge.complained.empty()


def test_auto_is_a_worker_for_each_core() -> None:
    # macOS knows no affinity.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert Settings(api="http://a", workers="auto").workers == cores


@pytest.mark.parametrize("number", ["0", "-1", "257", "many", "1.5"])
def test_a_number_of_workers_that_makes_no_sense_is_refused(number: str) -> None:
    done = run("serve", "http://a", "--workers", number)
    assert done.returncode == 2
    assert done.stderr.startswith(f"xdr-bridge: --workers: '{number}' is ")
    assert done.stderr.count("\n") == 1


def test_where_there_are_no_workers_one_sentence_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "_HAS_WORKERS", False)
    assert Settings(api="http://a", workers=1).workers == 1
    with pytest.raises(ConfigError, match="not available on Windows"):
        Settings(api="http://a", workers=2)


# Death ---------------------------------------------------------------------------------------


def test_a_worker_that_is_killed_is_replaced_and_calls_go_on(api: TableApi) -> None:
    with running(api.url) as bridge:
        killed, other = bridge.processes()
        os.kill(killed, signal.SIGKILL)
        line = bridge.complaint("ended by SIGKILL")
        assert f"worker 1 (process {killed}) was ended by SIGKILL; another starts at once" in line
        for _ in range(20):
            with Client(bridge.port) as client:
                client.send(request("GET", "/echo"))
                assert client.read().status == 200
        while len(now := bridge.processes()) < 2:
            pass
        assert other in now
        assert killed not in now


def test_calls_wait_for_the_next_worker_while_there_is_none(api: TableApi) -> None:
    with running(api.url) as bridge:
        for process in bridge.processes():
            os.kill(process, signal.SIGKILL)
        for _ in range(2):
            bridge.complaint("ended by SIGKILL")
        with Client(bridge.port) as client:
            client.send(request("GET", "/echo"))
            assert client.read().status == 200


def test_workers_that_die_young_are_replaced_more_and_more_slowly(api: TableApi) -> None:
    with running(api.url, "--verbose") as bridge:
        victim = bridge.processes()[0]
        for pause in ("at once", "in 0.5 s", "in 1 s"):
            os.kill(victim, signal.SIGKILL)
            assert bridge.complaint("ended by SIGKILL").endswith(f"another starts {pause}")
            line = bridge.complaint(" serves")
            assert "worker 1 " in line
            victim = int(line.rpartition("process ")[2].partition(")")[0])
        _drop_information(bridge)


def _drop_information(bridge: Bridge) -> None:
    """Forget what a verbose bridge says; `running` looks at the rest."""
    bridge.signal(signal.SIGTERM)
    bridge.serving.process.wait(PATIENCE_SECONDS)
    bridge.serving.join()
    lines = bridge.serving.complained
    for _ in range(lines.qsize()):
        if " INFO " not in (line := lines.get()):
            lines.put(line)


def test_a_worker_that_is_told_to_end_ends_its_call_and_is_replaced(
    make_api: MakeApi,
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(NO_CONTENT)

    with running(make_api(script).url) as bridge, Client(bridge.port) as client:
        client.send(request("GET", "/x"))
        assert arrived.wait(PATIENCE_SECONDS)
        (busy,) = [w["process"] for w in bridge.workers() if w["calls"]["in_flight"]]
        os.kill(busy, signal.SIGTERM)
        go_on.set()
        assert client.read().status == 204
        client.socket.close()
        assert "ended with status 0; another starts at once" in bridge.complaint("another")
        # What it counted is kept.
        while len(bridge.processes()) < 2:
            pass
        assert bridge.ask_admin("GET", "/status")["calls"]["answered"] == 1


# The end -------------------------------------------------------------------------------------


@pytest.mark.parametrize("everybody", [False, True], ids=["supervisor", "group"])
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_call_under_way_ends_before_all_processes_do(
    make_api: MakeApi, name: str, everybody: bool
) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(NO_CONTENT)

    number = getattr(signal, name)
    with running(make_api(script).url, "--stop-timeout", "60") as bridge:
        processes = bridge.processes()
        with Client(bridge.port) as client:
            client.send(request("GET", "/x"))
            assert arrived.wait(PATIENCE_SECONDS)
            if everybody:
                os.killpg(bridge.serving.process.pid, number)
            else:
                bridge.signal(number)
            with contextlib.suppress(ConnectionError):
                while True:
                    Client(bridge.port).socket.close()
            go_on.set()
            assert client.read().status == 204
        assert bridge.serving.process.wait(PATIENCE_SECONDS) == 0
        assert not any(map(runs, processes))
        if everybody and name == "SIGTERM":
            # A worker may end before its supervisor knows that this is right.
            bridge.serving.join()
            _drop_replacements(bridge)


def _drop_replacements(bridge: Bridge) -> None:
    lines = bridge.serving.complained
    for _ in range(lines.qsize()):
        if "ended with status 0; another starts at once" not in (line := lines.get()):
            lines.put(line)


def test_the_second_signal_ends_everything_at_once(make_api: MakeApi) -> None:
    arrived = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await peer.rest()

    with running(make_api(script).url, "--stop-timeout", "3600") as bridge:
        processes = bridge.processes()
        with Client(bridge.port) as client:
            client.send(request("GET", "/x"))
            assert arrived.wait(PATIENCE_SECONDS)
            bridge.signal(signal.SIGINT)
            with contextlib.suppress(ConnectionError):
                while True:
                    Client(bridge.port).socket.close()
            bridge.signal(signal.SIGINT)
            assert bridge.serving.process.wait(PATIENCE_SECONDS) == 0
            assert not any(map(runs, processes))


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_while_the_workers_start_ends_all_without_a_word(api: TableApi, name: str) -> None:
    arguments = [api.url, "--port", "0", "--workers", "2", "--verbose"]
    with serving(*arguments) as bridge:
        # The first worker serves; the second is still importing, or about to.
        bridge.wait_for(" serves", bridge.complained)
        os.killpg(bridge.process.pid, getattr(signal, name))
        assert bridge.process.wait(PATIENCE_SECONDS) == 0
        bridge.join()
    for line in bridge.complained.queue:
        assert " INFO " in line or "another starts" in line, line


def test_workers_do_not_outlive_their_supervisor(make_api: MakeApi) -> None:
    arrived, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(NO_CONTENT)

    with running(make_api(script).url, ends=-signal.SIGKILL) as bridge:
        processes = bridge.processes()
        with Client(bridge.port) as client:
            client.send(request("GET", "/x"))
            assert arrived.wait(PATIENCE_SECONDS)
            bridge.signal(signal.SIGKILL)
            bridge.serving.process.wait(PATIENCE_SECONDS)
            go_on.set()
            assert client.read().status == 204
        while any(map(runs, processes)):
            pass


def test_a_port_in_use_ends_the_supervisor_with_one_line(api: TableApi) -> None:
    done = run("serve", api.url, "--port", api.url.rpartition(":")[2], "--workers", "2")
    assert done.returncode == 1
    assert done.stderr.startswith("xdr-bridge: cannot listen on 127.0.0.1, port ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_one_process_ends_at_the_second_signal_too(make_api: MakeApi, name: str) -> None:
    arrived = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        arrived.set()
        await peer.rest()

    with serving(make_api(script).url, "--port", "0", "--stop-timeout", "3600") as bridge:
        port = _port(bridge.wait_for("in front of"))
        with Client(port) as client:
            client.send(request("GET", "/x"))
            assert arrived.wait(PATIENCE_SECONDS)
            bridge.process.send_signal(getattr(signal, name))
            with contextlib.suppress(ConnectionError):
                while True:
                    Client(port).socket.close()
            bridge.process.send_signal(getattr(signal, name))
            assert bridge.process.wait(PATIENCE_SECONDS) == 0
    assert bridge.complained.empty()


# One configuration ---------------------------------------------------------------------------


def write(path: Path, api: str, *lines: str, origin: str = SHOP) -> None:
    text = "\n".join((f"api = '{api}'", f"allow_origins = ['{origin}']", *lines))
    path.write_text(text, "utf-8")


def test_all_workers_change_or_none(tmp_path: Path, api: TableApi) -> None:
    path = tmp_path / "bridge.toml"
    write(path, api.url)
    with (
        running("", "--config", str(path)) as bridge,
        bridge.clients_of_all_workers() as clients,
    ):
        write(path, api.url, origin=NEWS)
        bridge.signal(signal.SIGHUP)
        reloaded = bridge.serving.wait_for("reloaded")
        assert reloaded == "xdr-bridge: reloaded; changed: allow_origins"
        assert all(allows(NEWS, client) for client in clients)

        write(path, api.url, origin="https://UPPER.example")
        bridge.signal(signal.SIGHUP)
        bridge.complaint("allow_origins[0]: 'https://UPPER.example' has upper")
        bridge.complaint("stays in force")
        assert all(allows(NEWS, client) for client in clients)

        write(path, api.url, "connect_seconds = 3")
        assert "SIGUSR2" in bridge.ask_admin("POST", "/reload")["problems"][0]["reason"]
        bridge.complaint("connect_seconds: '3.0' cannot change in a running worker; SIGUSR2")
        bridge.complaint("stays in force")
        assert all(allows(NEWS, client) for client in clients)

        write(path, api.url)
        changed = bridge.ask_admin("POST", "/reload")["changed"]
        assert list(changed) == ["allow_origins"]
        assert all(allows(SHOP, client) for client in clients)

        # A replacement begins by what is in force, whatever the file says by now.
        write(path, api.url, origin=NEWS)
        for process in bridge.processes():
            os.kill(process, signal.SIGKILL)
            bridge.complaint("ended by SIGKILL")
        with Client(bridge.port) as client:
            assert allows(SHOP, client)
        while len(bridge.processes()) < 2:
            pass


def test_a_restart_changes_what_a_reload_cannot(
    tmp_path: Path, api: TableApi, make_api: MakeApi
) -> None:
    path = tmp_path / "bridge.toml"
    write(path, "http://127.0.0.1:9", "mount = '/old'", "workers = 2")
    with running("", "--config", str(path), workers=0) as bridge:
        before = bridge.processes()
        lines = ("mount = '/new'", "workers = 3", "idle_seconds = 5")
        write(path, api.url, *lines)
        bridge.signal(signal.SIGUSR2)
        restarted = bridge.serving.wait_for("restarted")
        assert set(restarted.partition("changed: ")[2].split(", ")) == {
            "api",
            "mount",
            "workers",
            "idle_seconds",
        }
        with Client(bridge.port) as client:
            assert allows(SHOP, client)
            client.send(request("GET", "/new/xdr-bridge.js"))
            assert client.read().status == 200
        while any(map(runs, before)):
            pass
        assert len(bridge.processes()) == 3
        assert bridge.ask_admin("GET", "/config")["mount"]["value"] == "/new"

        write(path, api.url, *lines, "host = '::1'")
        bridge.signal(signal.SIGUSR2)
        bridge.complaint("not restarted: host: '::1' cannot change while the bridge runs")
        bridge.complaint("stays in force")
