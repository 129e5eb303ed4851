"""A bridge in a process of its own that runs out of file descriptors, or nearly."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest

from tests.support.apis import TableApi
from tests.support.clients import Client, read_frame, request
from tests.support.processes import Serving, serving

resource = pytest.importorskip("resource", reason="Windows has no such limits")
pytestmark = pytest.mark.skipif(
    not hasattr(resource, "prlimit"), reason="only Linux changes the limits of another process"
)

GET = request("GET", "/status/200")
ASSET = request("GET", "/xdr/xdr-bridge.js")


def descriptors(bridge: Serving) -> int:
    return len(list(Path(f"/proc/{bridge.process.pid}/fd").iterdir()))


def allow(bridge: Serving, more: int) -> None:
    """Let a bridge have so many descriptors more than it has."""
    hard = resource.prlimit(bridge.process.pid, resource.RLIMIT_NOFILE)[1]
    limits = (descriptors(bridge) + more, hard)
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
