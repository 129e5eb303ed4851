"""The configuration read again while the bridge runs: by signal, and on the admin port."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi
from tests.support.clients import Client, RawAnswer, read_frame, request
from tests.support.loops import PATIENCE_SECONDS, LoopThread
from tests.support.processes import serving
from tests.support.raw_api import SELF_SIGNED
from xdr_bridge.config import Sources
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.serving.admin import Admin
from xdr_bridge.serving.reloads import Reloads

SHOP, NEWS = "https://shop.example", "https://news.example"


class Rig:
    """A bridge with a file, an admin port, and both of them to talk to."""

    def __init__(self, thread: LoopThread, path: Path, api: str) -> None:
        self.thread = thread
        self.path = path
        self.api = api
        self.write()
        loaded = Sources(environ={}, config=str(path)).load()
        self.gateway = Gateway(loaded.settings)
        self.reloads = Reloads(self.gateway, loaded)
        self.admin = Admin(self.reloads, self.status, 0)

    async def status(self) -> dict[str, Any]:
        return self.gateway.status()

    async def start(self) -> None:
        self.gateway.start()
        self.admin.start()

    async def stop(self) -> None:
        await self.admin.stop()
        await self.admin.stop()
        await self.gateway.stop(grace_seconds=1.0)

    def write(self, *lines: str, origins: tuple[str, ...] = (SHOP,)) -> None:
        text = "\n".join(
            (f"api = '{self.api}'", "port = 0", f"allow_origins = {list(origins)}", *lines)
        )
        self.path.write_text(text, "utf-8")

    def reload(self) -> list[str]:
        async def reload() -> list[str]:
            return [change.key for change in await self.reloads.reload()]

        return self.thread.run(reload())

    def ask(
        self, method: str, target: str, *fields: tuple[str, str], host: str | None = None
    ) -> RawAnswer:
        host = host or f"127.0.0.1:{self.admin.port}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in fields]
        with Client(self.admin.port) as client:
            client.send(("\r\n".join(lines) + "\r\n\r\n").encode())
            return client.read(method)

    def allows(self, origin: str, client: Client) -> bool:
        client.send(request("GET", "/echo", origin=origin))
        return client.read("GET").get("access-control-allow-origin") == origin


@pytest.fixture
def rig(tmp_path: Path, api: TableApi) -> Iterator[Rig]:
    with LoopThread() as thread:
        rig = Rig(thread, tmp_path / "bridge.toml", api.url)
        thread.run(rig.start())
        try:
            yield rig
        finally:
            thread.run(rig.stop())


# What can change -----------------------------------------------------------------------------


def test_a_policy_changes_also_for_connections_that_are_open(rig: Rig) -> None:
    with Client(rig.gateway.port) as client:
        assert rig.allows(SHOP, client)
        assert not rig.allows(NEWS, client)
        rig.write(origins=(NEWS,))
        assert rig.reload() == ["allow_origins"]
        assert rig.allows(NEWS, client)
        assert not rig.allows(SHOP, client)


def test_a_call_under_way_ends_under_the_policy_it_began_with(rig: Rig) -> None:
    body = b"PUT /echo HTTP/1.1\r\n\r\nx"
    call = request("POST", "/xdr/tunnel?$xdr=1", origin=SHOP, body=body)
    with Client(rig.gateway.port) as client, Client(rig.gateway.port) as other:
        client.send(call[:-5])
        while not rig.gateway._conversations:
            # Each answer is a turn of the bridge's loop.
            assert rig.allows(SHOP, other)
        rig.write(origins=(NEWS,))
        rig.reload()
        client.send(call[-5:])
        answer = client.read("POST")
        assert not rig.allows(SHOP, client)
    assert answer.get("access-control-allow-origin") == SHOP
    assert read_frame(answer).json["method"] == "PUT"


def test_limits_and_the_apis_own_authority_change(rig: Rig) -> None:
    rig.write("[limits]", "body_bytes = 3")
    assert rig.reload() == ["limits.body_bytes"]
    assert rig.gateway.bridge.limits.body_bytes == 3
    rig.path.write_text(f"api = '{rig.api}'\nport = 0\n", "utf-8")
    assert "allow_origins" in rig.reload()
    assert rig.gateway.bridge.routes.all[0].policies is None


def test_how_much_is_taken_on_changes_also_for_connections_that_are_open(
    rig: Rig, logs: Logs
) -> None:
    def status_of(client: Client) -> int:
        client.send(request("GET", "/status/200"))
        return client.read().status

    async def both_begun() -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sum(c._reader.begun for c in rig.gateway._listener.connections) < 2:
                await asyncio.sleep(0)

    half = request("GET", "/status/200")[:20]
    with Client(rig.gateway.port) as client, Client(rig.gateway.port) as other:
        assert (status_of(client), status_of(other)) == (200, 200)
        rig.write("max_connections = 1", "max_calls = 1")
        assert rig.reload() == ["max_connections", "max_calls"]
        # Those that are open stay.
        assert (status_of(client), status_of(other)) == (200, 200)
        client.send(half)
        other.send(half)
        rig.thread.run(both_begun())
        with Client(rig.gateway.port) as newcomer:
            assert newcomer.read().code == "too-many-connections"
        rig.write("max_connections_per_address = 2", "max_calls = 1")
        rig.reload()
        with Client(rig.gateway.port) as newcomer:
            assert "per-address" in newcomer.read().json["detail"]
        rig.write()
        rig.reload()
        with Client(rig.gateway.port) as newcomer:
            assert status_of(newcomer) == 200
    logs.expect("connections are refused")


def test_time_and_size_change_for_the_next_connection(rig: Rig) -> None:
    with Client(rig.gateway.port) as client:
        rig.write("max_fields = 2", "head_seconds = 20", "keep_alive_seconds = 20")
        assert rig.reload() == ["max_fields", "head_seconds", "keep_alive_seconds"]
        client.send(request("GET", "/status/200")[:20])
        rig.thread.advance(22)
        assert client.read().code == "request-timeout"
    with Client(rig.gateway.port) as client:
        client.send(request("GET", "/status/200", ("X-Field", "1")))
        assert client.read().code == "header-block-too-large"
    with Client(rig.gateway.port) as client:
        client.send(request("GET", "/status/200"))
        assert client.read().status == 200
        rig.thread.advance(22)
        assert client.rest() == b""


def test_who_is_trusted_changes_also_for_connections_that_are_open(rig: Rig) -> None:
    def client_told(client: Client) -> str:
        client.send(request("GET", "/echo", ("X-Forwarded-For", "192.0.2.7")))
        return str(client.read().json["headers"]["x-forwarded-for"])

    with Client(rig.gateway.port) as client:
        assert client_told(client) == "127.0.0.1"
        rig.write("trusted_proxies = ['127.0.0.0/8']")
        assert rig.reload() == ["trusted_proxies"]
        assert client_told(client) == "192.0.2.7, 127.0.0.1"
        rig.write()
        rig.reload()
        assert client_told(client) == "127.0.0.1"


def test_nothing_changes_where_nothing_was_written(rig: Rig) -> None:
    assert rig.reload() == []


# What cannot ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("host = '::1'", "host"),
        ("mount = '/other'", "mount"),
        (f"tls_certificate = '{SELF_SIGNED}'", "tls_certificate"),
        ("admin_port = 5", "admin_port"),
        ("answer_idle_seconds = 5", "answer_idle_seconds"),
        ("connect_seconds = 4", "connect_seconds"),
        ("first_byte_seconds = 4", "first_byte_seconds"),
        ("max_api_connections = 4", "max_api_connections"),
        ("total_seconds = 4", "total_seconds"),
        ("max_answer_head_bytes = 4", "max_answer_head_bytes"),
    ],
)
def test_what_only_a_restart_changes_is_a_problem_and_changes_nothing(
    rig: Rig, logs: Logs, line: str, field: str
) -> None:
    bridge = rig.gateway.bridge
    rig.write(line, origins=(NEWS,))
    with pytest.raises(ConfigError) as raised:
        rig.reload()
    (problem,) = raised.value.problems
    assert problem.field == field
    assert "restart" in problem.reason
    assert rig.gateway.bridge is bridge
    logs.expect(f"not reloaded: {field}: ", "stays in force")


def test_another_api_or_one_more_is_a_problem(rig: Rig, logs: Logs) -> None:
    rig.path.write_text(f"port = 0\n[[apis]]\nurl = '{rig.api}'\n", "utf-8")
    with pytest.raises(ConfigError) as raised:
        rig.reload()
    assert [problem.field for problem in raised.value.problems] == ["api", "apis"]
    logs.expect("api: ", "apis: ", "stays in force")


def test_an_invalid_policy_leaves_the_old_one_in_force_and_the_log_says_so(
    rig: Rig, logs: Logs
) -> None:
    rig.write("max_age_seconds = 'x'", origins=("https://A.example", NEWS))
    with pytest.raises(ConfigError):
        rig.reload()
    with Client(rig.gateway.port) as client:
        assert rig.allows(SHOP, client)
        assert not rig.allows(NEWS, client)
    logs.expect("allow_origins[0]", "max_age_seconds", "stays in force")


# The admin port ------------------------------------------------------------------------------


def test_post_reload_says_what_changed(rig: Rig) -> None:
    rig.write("max_age_seconds = 5", origins=(NEWS,))
    answer = rig.ask("POST", "/reload")
    assert answer.status == 200
    assert answer.get("content-type") == "application/json"
    assert answer.get("cache-control") == "no-store"
    assert answer.json == {
        "changed": {
            "allow_origins": {"before": [SHOP], "after": [NEWS]},
            "max_age_seconds": {"before": None, "after": 5},
        }
    }


def test_post_reload_tells_every_problem(rig: Rig, logs: Logs) -> None:
    rig.write("max_age_seconds = 'x'", origins=("null",))
    answer = rig.ask("POST", "/reload")
    assert answer.status == 422
    assert answer.get("content-type") == "application/problem+json"
    assert [(p["field"], p["value"]) for p in answer.json["problems"]] == [
        ("allow_origins[0]", "null"),
        ("max_age_seconds", "x"),
    ]
    assert "stays in force" in answer.json["title"]
    logs.expect("allow_origins[0]", "max_age_seconds", "stays in force")


def test_get_config_says_what_is_in_force_and_where_it_is_from(rig: Rig) -> None:
    config = rig.ask("GET", "/config").json
    assert config["allow_origins"] == {
        "value": [SHOP],
        "source": f"{rig.path}: allow_origins",
    }
    assert config["mount"] == {"value": "/xdr", "source": "default"}
    rig.write(origins=(NEWS,))
    rig.ask("POST", "/reload")
    assert rig.ask("GET", "/config").json["allow_origins"]["value"] == [NEWS]


def test_the_status_is_told_with_what_is_open(rig: Rig) -> None:
    with Client(rig.gateway.port) as client:
        assert rig.allows(SHOP, client)
        client.send(request("GET", "/echo", origin=None) + b"no HTTP\r\n\r\n")
        assert client.read("GET").status == 200
        assert client.read("GET").code == "http-malformed"
        answer = rig.ask("GET", "/status")
    assert answer.get("content-type") == "application/json"
    status = answer.json
    assert status.pop("uptime_seconds") > 0
    assert status == {
        "calls": {
            "began": 3,
            "answered": 2,
            "refused": {"http-malformed": 1},
            "failed": {},
            "abandoned": 0,
            "in_flight": 0,
        },
        "connections": {"open": 1},
        "pools": {rig.api: {"open": 1, "idle": 1, "bound": 0, "connecting": 0, "waiting": 0}},
    }


@pytest.mark.parametrize(
    "field",
    [
        ("Origin", "null"),
        ("Origin", "http://127.0.0.1"),
        ("Origin", ""),
        ("Sec-Fetch-Site", "same-origin"),
        ("Sec-Fetch-Site", "none"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Type", "Text/Plain; charset=utf-8"),
    ],
)
@pytest.mark.parametrize(
    "target",
    [
        "POST /reload",
        "GET /config",
        "GET /status",
        "GET /healthz",
        "GET /readyz",
        "GET /other",
        "PUT /reload",
    ],
)
def test_what_a_web_page_sends_is_refused(rig: Rig, field: tuple[str, str], target: str) -> None:
    rig.write(origins=(NEWS,))
    bridge = rig.gateway.bridge
    method, path = target.split()
    answer = rig.ask(method, path, field, ("Content-Length", "0"))
    assert answer.status == 403
    assert answer.cors() == {}
    assert "allow_origins" not in answer.text
    assert rig.gateway.bridge is bridge


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "localhost.evil.test:{port}",
        "[::1]:{port}",
    ],
)
def test_another_host_is_refused_so_that_dns_cannot_be_rebound(rig: Rig, host: str) -> None:
    rig.write(origins=(NEWS,))
    bridge = rig.gateway.bridge
    for method, target in (("POST", "/reload"), ("GET", "/config")):
        assert rig.ask(method, target, host=host.format(port=rig.admin.port)).status == 403
    assert rig.gateway.bridge is bridge


def test_localhost_is_as_good_a_name(rig: Rig) -> None:
    assert rig.ask("GET", "/config", host=f"localhost:{rig.admin.port}").status == 200


@pytest.mark.parametrize(
    ("method", "target", "allow"),
    [
        ("GET", "/reload", "POST"),
        ("HEAD", "/reload", "POST"),
        ("OPTIONS", "/reload", "POST"),
        ("PUT", "/reload", "POST"),
        ("DELETE", "/config", "GET"),
        ("POST", "/config", "GET"),
        ("OPTIONS", "/config", "GET"),
    ],
)
def test_another_method_is_refused(rig: Rig, method: str, target: str, allow: str) -> None:
    answer = rig.ask(method, target, ("Content-Length", "0"))
    assert answer.status == 405
    assert answer.get("allow") == allow
    assert answer.get("content-type") == "application/problem+json"


def test_there_is_nothing_else(rig: Rig) -> None:
    answer = rig.ask("GET", "/")
    assert answer.status == 404
    assert answer.json["detail"] == (
        "there are POST /reload, GET /config, GET /status, GET /healthz and GET /readyz"
    )


def test_a_body_that_no_reload_needs_is_refused(rig: Rig) -> None:
    body = "x" * 2000
    with Client(rig.admin.port) as client:
        client.send(
            f"POST /reload HTTP/1.1\r\nHost: 127.0.0.1:{rig.admin.port}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
        )
        assert client.read("POST").status == 400


# A process of its own ------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no SIGHUP")
def test_sighup_reloads_a_running_serve(tmp_path: Path, api: TableApi) -> None:
    path = tmp_path / "bridge.toml"

    def write(origin: str) -> None:
        path.write_text(f"api = '{api.url}'\nport = 0\nallow_origins = ['{origin}']\n", "utf-8")

    def allows(origin: str) -> bool:
        with Client(port) as client:
            client.send(request("GET", "/echo", origin=origin))
            return client.read("GET").get("access-control-allow-origin") == origin

    write(SHOP)
    with serving("--config", str(path)) as bridge:
        port = int(bridge.wait_for("in front of").split()[1].rpartition(":")[2])
        assert (allows(SHOP), allows(NEWS)) == (True, False)

        write(NEWS)
        bridge.process.send_signal(signal.SIGHUP)
        assert bridge.wait_for("reloaded") == "xdr-bridge: reloaded; changed: allow_origins"
        assert (allows(SHOP), allows(NEWS)) == (False, True)

        write("https://UPPER.example")
        bridge.process.send_signal(signal.SIGHUP)
        bridge.wait_for("allow_origins[0]: 'https://UPPER.example' has upper", bridge.complained)
        bridge.wait_for("stays in force", bridge.complained)
        assert (allows(SHOP), allows(NEWS)) == (False, True)
    assert bridge.process.returncode == 0
    assert bridge.complained.empty()


def test_the_admin_port_of_serve_is_said_and_works(api: TableApi) -> None:
    with serving(api.url, "--port", "0", "--admin-port", "0") as bridge:
        assert "which decides by its own CORS answers" in bridge.wait_for("in front of")
        url = bridge.wait_for("POST /reload").split()[1]
        with Client(int(url.rpartition(":")[2])) as client:
            client.send(f"POST /reload HTTP/1.1\r\nHost: {url[7:]}\r\n\r\n".encode())
            assert client.read("POST").json == {"changed": {}}
            client.send(f"GET /config HTTP/1.1\r\nHost: {url[7:]}\r\n\r\n".encode())
            assert client.read("GET").json["admin_port"]["source"] == "flag --admin-port"
    assert bridge.process.returncode == 0
    assert bridge.complained.empty()


def test_an_admin_port_that_is_taken_ends_serve_with_one_line(api: TableApi) -> None:
    with (
        Client(int(api.url.rpartition(":")[2])),
        serving(api.url, "--port", "0", "--admin-port", api.url.rpartition(":")[2]) as bridge,
    ):
        assert bridge.process.wait(60) == 1
        bridge.join()
        assert bridge.complained.get().startswith("xdr-bridge: cannot listen on 127.0.0.1, port ")
        assert bridge.complained.empty()
        assert bridge.said.empty()
