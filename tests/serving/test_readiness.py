"""Probes on the admin port, and what `serve` says at the start of an API that does not answer."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.support.apis import TableApi, unused_port
from tests.support.clients import Client, RawAnswer, request
from tests.support.loops import LoopThread, advance
from tests.support.processes import serving
from xdr_bridge.config import Sources
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.serving.admin import Admin
from xdr_bridge.serving.reloads import Reloads


@contextmanager
def admin(path: Path, *apis: str) -> Iterator[tuple[Admin, LoopThread]]:
    """Run the admin port of a bridge with these APIs for a `with` block."""
    tables = [f"[[apis]]\nurl = '{url}'\npath = '/api{n}'\n" for n, url in enumerate(apis)]
    path.write_text("port = 0\n" + "".join(tables), "utf-8")
    loaded = Sources(environ={}, config=str(path)).load()
    gateway = Gateway(loaded.settings)

    async def status() -> dict[str, object]:
        return gateway.status()

    async def start() -> Admin:
        made = Admin(Reloads(gateway, loaded), status, 0)
        made.start()
        return made

    with LoopThread() as thread:
        made = thread.run(start())
        try:
            yield made, thread
        finally:
            thread.run(made.stop())


def ask(port: int, target: str) -> RawAnswer:
    lines = f"GET {target} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
    with Client(port) as client:
        client.send(lines.encode())
        return client.read("GET")


def test_ready_is_who_serves_and_reaches_an_api(api: TableApi, tmp_path: Path) -> None:
    gone = f"http://127.0.0.1:{unused_port()}"
    with admin(tmp_path / "bridge.toml", api.url, gone) as (made, _):
        assert ask(made.port, "/healthz").json == {"status": "alive"}
        before = ask(made.port, "/readyz")
        assert (before.status, before.json["serves"]) == (503, False)
        made.readiness.serves = True
        answer = ask(made.port, "/readyz")
    assert answer.status == 200
    assert answer.json["status"] == "ready"
    assert answer.json["apis"][api.url] == "reached"
    assert answer.json["apis"][gone].endswith("it refused the connection")
    # A connection is enough; no call was made.
    assert api.received == []


def test_an_api_that_is_gone_is_asked_again_after_a_while(tmp_path: Path) -> None:
    async def hear(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    port = unused_port()
    with admin(tmp_path / "bridge.toml", f"http://127.0.0.1:{port}") as (made, thread):
        made.readiness.serves = True
        answer = ask(made.port, "/readyz")
        assert (answer.status, answer.json["status"]) == (503, "not ready")
        server = thread.run(asyncio.start_server(hear, "127.0.0.1", port))
        assert ask(made.port, "/readyz").status == 503
        thread.run(advance(3.0))
        assert ask(made.port, "/readyz").status == 200
        thread.run(_close(server))


async def _close(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("workers", ["1", "2"])
def test_serve_says_which_api_does_not_answer_and_serves(workers: str) -> None:
    api = f"http://127.0.0.1:{unused_port()}"
    options = ("--port", "0", "--admin-port", "0", "--workers", workers)
    with serving(api, *options, "--allow-origin", "https://shop.example") as bridge:
        port = int(bridge.wait_for("in front of").split()[1].rpartition(":")[2])
        admin_port = int(bridge.wait_for("GET /readyz").split()[1].rpartition(":")[2])
        warning = bridge.wait_for("could not be reached", bridge.complained)
        assert "it refused the connection; the bridge serves all the same" in warning
        assert "xdr-bridge doctor" in warning
        assert ask(admin_port, "/healthz").status == 200
        assert ask(admin_port, "/readyz").status == 503
        with Client(port) as client:
            client.send(request("GET", "/x"))
            assert client.read("GET").code == "upstream-unreachable"
    assert bridge.process.returncode == 0
