"""A bridge in a process of its own that runs out of file descriptors, or nearly."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import subprocess
from pathlib import Path

import pytest

from tests.support.apis import TableApi
from tests.support.clients import Client, read_frame, request
from tests.support.loops import PATIENCE_SECONDS, eventually
from tests.support.processes import Serving, bridge_process, serving

resource = pytest.importorskip("resource", reason="Windows has no such limits")
pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux changes the limits of another process"
)

GET = request("GET", "/status/200")
ASSET = request("GET", "/xdr/xdr-bridge.js")


def open_descriptors(process: subprocess.Popen[str]) -> int:
    return len(list(Path(f"/proc/{process.pid}/fd").iterdir()))


def allow(bridge: Serving, more: int) -> None:
    """Let a bridge have so many descriptors more than it has."""
    hard = resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE)[1]
    limits = (open_descriptors(bridge.process) + more, hard)
    resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE, limits)


def port_of(bridge: Serving) -> int:
    return int(bridge.wait_for("in front of").split()[1].rpartition(":")[2])


def test_a_process_without_descriptors_serves_again_when_there_are_some(api: TableApi) -> None:
    fields = [("Expect", "100-continue"), ("Content-Length", "100")]
    begin = request("POST", "/xdr/tunnel?$xdr=1", *fields)
    with serving(api.url, "--port", "0", "--allow-origin", "https://shop.example") as bridge:
        port = port_of(bridge)
        allow(bridge, 10)
        with contextlib.ExitStack() as waiting:
            with contextlib.ExitStack() as accepted:
                for _ in range(10):
                    client = accepted.enter_context(Client(port))
                    client.send(begin)
                    assert client.socket.recv(100).startswith(b"HTTP/1.1 100 ")
                clients = [waiting.enter_context(Client(port)) for _ in range(5)]
                for client in clients:
                    client.send(ASSET)
                bridge.wait_for("no connection can be accepted: too many", bridge.complained)
            # Nobody who knocked meanwhile was turned away.
            for client in clients:
                assert client.read().status == 200
        with Client(port) as client:
            client.send(GET)
            assert client.read().body == b"status 200"
    assert list(bridge.complained.queue) == []


def test_idle_connections_give_way_where_descriptors_are_short(api: TableApi) -> None:
    with (
        serving(api.url, "--port", "0") as bridge,
        contextlib.ExitStack() as stack,
    ):
        port = port_of(bridge)
        allow(bridge, 10)
        for _ in range(30):
            client = stack.enter_context(Client(port))
            client.send(ASSET)
            assert client.read().status == 200
        bridge.wait_for("no connection can be accepted", bridge.complained)


def test_a_call_without_a_descriptor_for_the_api_is_a_readable_503(api: TableApi) -> None:
    with serving(api.url, "--port", "0", "--allow-origin", "https://shop.example") as bridge:
        with Client(port_of(bridge)) as client:
            client.send(ASSET)
            assert client.read().status == 200
            allow(bridge, 0)
            client.send(GET)
            answer = client.read()
            assert (answer.status, answer.code) == (503, "overloaded")
            assert answer.get("retry-after") == "5"
            assert answer.cors() == {"access-control-allow-origin": "https://shop.example"}
            client.send(request("GET", "/status/200?$xdr=1"))
            frame = read_frame(client.read())
            assert (frame.status, frame.json["code"]) == (503, "overloaded")
            assert frame.get("retry-after") == "5"
            allow(bridge, 10)
            client.send(GET)
            assert client.read().body == b"status 200"
        bridge.wait_for("no file descriptor is left", bridge.complained)


def test_by_default_pages_leave_descriptors_for_the_calls(api: TableApi) -> None:
    with serving(api.url, "--port", "0", descriptors=128) as bridge:
        port = port_of(bridge)
        served, refused = [], 0
        with contextlib.ExitStack() as stack:
            for _ in range(200):
                client = stack.enter_context(Client(port))
                client.send(
                    request("PUT", "/echo", ("Expect", "100-continue"), ("Content-Length", "4"))
                )
                if client.socket.recv(12) == b"HTTP/1.1 100":
                    served.append(client)
                else:
                    assert b"too-many-connections" in client.rest()
                    refused += 1
            # As many as `connections_that_fit` says; each of them has a connection to the API.
            assert (len(served), refused) == (32, 168)
            for client in served:
                client.send(b"body")
            for client in served:
                data = b""
                while b'"body": "body"' not in data:
                    piece = client.socket.recv(65536)
                    assert piece, data
                    data += piece
        bridge.wait_for("connections are refused: 32 connections are open", bridge.complained)
    assert list(bridge.complained.queue) == []


def test_an_option_that_the_descriptors_do_not_allow_is_told(api: TableApi) -> None:
    with serving(api.url, "--port", "0", "--max-connections", "100", descriptors=128) as bridge:
        line = bridge.wait_for("--max-connections is 100", bridge.complained)
        assert "may open 128 files only (ulimit -n): 32 connections leave some" in line
    with serving(api.url, "--port", "0", "--max-connections", "32", descriptors=128) as bridge:
        port_of(bridge)
    assert list(bridge.complained.queue) == []


def resident_bytes(process: subprocess.Popen[str]) -> int:
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    found = re.search(r"VmRSS:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


# What is sent before a connection is dropped, and whether it is dropped by a reset.
VISITS: list[tuple[bytes, bool]] = [
    (b"", False),
    (GET[: len(GET) // 2], False),
    (request("POST", "/xdr/tunnel?$xdr=1", ("Content-Length", "1000")) + b"PUT /x", False),
    (request("POST", "/xdr/tunnel?$xdr=1", ("Content-Length", "1000")) + b"PUT /x", True),
    (ASSET, False),
    (ASSET * 3, True),
    (b"\x16\x03\x01 this is no HTTP", False),
    (ASSET + GET[: len(GET) // 2], True),
]
RESET = struct.pack("ii", 1, 0)
BATCH = 200


def visit(port: int, count: int) -> None:
    """Open so many connections and drop them, some of them in the middle of a request."""
    for start in range(0, count, BATCH):
        with contextlib.ExitStack() as stack:
            for number in range(start, start + BATCH):
                data, reset = VISITS[number % len(VISITS)]
                page = stack.enter_context(
                    socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS)
                )
                page.sendall(data)
                if reset:
                    page.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)


def test_ten_thousand_connections_leave_nothing_behind(api: TableApi) -> None:
    with bridge_process(int(api.url.rpartition(":")[2])) as (process, port):

        def check_calls() -> None:
            with Client(port) as client:
                client.send(GET)
                assert client.read().body == b"status 200"
                client.send(request("GET", "/status/201?$xdr=1"))
                assert read_frame(client.read()).status == 201

        check_calls()
        # The API's own are kept for a while.
        before = open_descriptors(process)
        # Until the allocator has what so many at once need.
        visit(port, 4000)
        assert eventually(lambda: open_descriptors(process) <= before)
        used = resident_bytes(process)
        visit(port, 10_000)
        assert eventually(lambda: open_descriptors(process) <= before)
        # Far less than 10,000 objects of any kind that a connection has.
        assert resident_bytes(process) - used < 4 * 1024 * 1024
        check_calls()
