"""How many pages may be connected, who gives way, and what the others are told."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
from collections.abc import Callable

import pytest

from tests.conftest import Logs
from tests.support.clients import Client, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS, eventually
from xdr_bridge.gateway.accepting import Acceptor
from xdr_bridge.gateway.complaints import Complaint
from xdr_bridge.gateway.sockets import BACKLOG

MakeBridge = Callable[..., RunningGateway]
GET = request("GET", "/status/200")
ASSET = request("GET", "/xdr/xdr-bridge.js")
HALF = GET[: len(GET) // 2]


def taken(bridge: RunningGateway) -> int:
    async def count() -> int:
        return bridge.gateway._listener.places.taken

    return bridge.thread.run(count())


def held(bridge: RunningGateway, count: int) -> list[Client]:
    """Open connections that are in the middle of something."""
    clients = []
    for number in range(count):
        client = bridge.connect()
        client.send(HALF)
        clients.append(client)
        assert eventually(lambda wanted=number + 1: begun(bridge) == wanted)  # type: ignore[misc]
    return clients


def begun(bridge: RunningGateway) -> int:
    async def count() -> int:
        return sum(c._reader.begun for c in bridge.gateway._listener.connections)

    return bridge.thread.run(count())


def check_refused(client: Client, told: str) -> None:
    answer = client.read()
    assert (answer.status, answer.code) == (503, "too-many-connections")
    assert answer.get("retry-after") == "5"
    assert answer.get("connection") == "close"
    assert answer.cors() == {}
    assert told in answer.json["detail"]
    assert client.rest() == b""


def test_exactly_so_many_connections_are_served(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(max_connections=3)
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(client) for client in held(bridge, 3)]
        for _ in range(5):
            with bridge.connect() as one_too_many:
                one_too_many.send(GET)
                check_refused(one_too_many, "3 connections are open, as many as --max-connections")
        for client in clients:
            client.send(GET[len(HALF) :])
            assert client.read().body == b"status 200"
    # All five in one line, or a flood would fill the log.
    logs.expect("connections are refused: 3 connections are open")
    assert bridge.closed_all(PATIENCE_SECONDS)
    assert taken(bridge) == 0
    assert bridge.call("GET", "/status/200").status == 200


def test_the_longest_idle_connection_gives_way(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(max_connections=3)
    with bridge.connect() as first, bridge.connect() as second, bridge.connect() as third:
        for client in (second, third, first):
            client.send(ASSET)
            assert client.read().status == 200
        with bridge.connect() as newcomer:
            newcomer.send(GET)
            assert newcomer.read().status == 200
            assert second.rest() == b""
            for client in (third, first):
                client.send(ASSET)
                assert client.read().status == 200


@pytest.mark.parametrize("sent", [b"", b"\r\n"])
def test_a_connection_on_which_nothing_was_asked_gives_way(
    make_bridge: MakeBridge, sent: bytes
) -> None:
    bridge = make_bridge(max_connections=1)
    with bridge.connect() as silent:
        silent.send(sent)
        assert eventually(lambda: begun(bridge) == (1 if sent else 0) and taken(bridge) == 1)
        assert bridge.call("GET", "/status/200").status == 200
        assert silent.rest() == b""


def test_who_is_served_does_not_give_way(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(max_connections=2)
    with bridge.connect() as idle, held(bridge, 1)[0] as busy:
        idle.send(ASSET)
        assert idle.read().status == 200
        with bridge.connect() as newcomer:
            newcomer.send(HALF)
            assert idle.rest() == b""
            assert eventually(lambda: begun(bridge) == 2)
            with bridge.connect() as another:
                another.send(GET)
                check_refused(another, "2 connections")
        busy.send(GET[len(HALF) :])
        assert busy.read().status == 200
    logs.expect("connections are refused")


def test_one_address_has_so_many_connections_and_another_its_own(
    make_bridge: MakeBridge, logs: Logs
) -> None:
    bridge = make_bridge(max_connections_per_address=2)
    with contextlib.ExitStack() as stack:
        for client in held(bridge, 2):
            stack.enter_context(client)
        with bridge.connect() as one_too_many:
            one_too_many.send(GET)
            check_refused(one_too_many, "2 connections are open from the address 127.0.0.1")
        other = socket.create_connection(
            ("127.0.0.1", bridge.port), PATIENCE_SECONDS, source_address=("127.0.0.2", 0)
        )
        with other:
            other.sendall(GET)
            assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
    logs.expect("connections are refused: 2 connections are open from the address 127.0.0.1")
    assert bridge.closed_all(PATIENCE_SECONDS)
    assert bridge.call("GET", "/status/200").status == 200


def test_a_trusted_proxy_has_the_connections_of_many_pages(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(max_connections_per_address=1, trusted_proxies=("127.0.0.1",))
    with contextlib.ExitStack() as stack:
        for client in held(bridge, 3):
            stack.enter_context(client)
        assert bridge.call("GET", "/status/200").status == 200


def test_refused_connections_are_closed_also_if_the_page_does_not(
    make_bridge: MakeBridge, logs: Logs
) -> None:
    bridge = make_bridge(max_connections=1)

    async def leaving() -> int:
        return len(bridge.gateway._listener._acceptor._leaving)

    with held(bridge, 1)[0], contextlib.ExitStack() as stack:
        clients = [stack.enter_context(bridge.connect()) for _ in range(100)]
        for client in clients:
            # Some of them are reset before they have read it: beyond a number nobody is waited for.
            with contextlib.suppress(ConnectionResetError):
                assert b"too-many-connections" in client.rest()
        assert bridge.thread.run(leaving()) <= 32
        assert eventually(lambda: bridge.thread.run(leaving()) == 0)
    logs.expect("connections are refused")


class Exhausted(socket.socket):
    """Listens, but no connection can be accepted; counts how often that was tried."""

    tried = 0
    code = errno.EMFILE

    def accept(self) -> tuple[socket.socket, object]:
        self.tried += 1
        if self.code:
            raise OSError(self.code, "none left")
        return super().accept()


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.EPERM])
def test_a_failing_accept_is_tried_again_once_a_sweep(logs: Logs, code: int) -> None:
    async def run() -> None:
        loop = asyncio.get_running_loop()
        came: asyncio.Future[socket.socket] = loop.create_future()
        rooms: list[None] = []
        acceptor = Acceptor(
            lambda connection, _: came.set_result(connection),
            lambda: rooms.append(None),
            loop.time,
        )
        with Exhausted() as listening:
            listening.code = code
            listening.bind(("127.0.0.1", 0))
            listening.listen()
            listening.setblocking(False)
            acceptor.add([listening])
            with socket.create_connection(listening.getsockname(), PATIENCE_SECONDS):
                for sweep in range(1, 4):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        while listening.tried < sweep:
                            await asyncio.sleep(0)
                    for _ in range(100):
                        await asyncio.sleep(0)
                    assert (listening.tried, len(rooms)) == (sweep, sweep)
                    acceptor.sweep(loop.time())
                listening.code = 0
                acceptor.resume()
                (await asyncio.wait_for(came, PATIENCE_SECONDS)).close()
            acceptor.stop()

    asyncio.run(run())
    logs.expect("no connection can be accepted")


def test_a_flood_of_connections_does_not_keep_the_bridge_from_stopping() -> None:
    async def run() -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        listening.setblocking(False)
        taken = 0

        def knock() -> None:
            socket.create_connection(listening.getsockname(), PATIENCE_SECONDS).close()

        def take(connection: socket.socket, _: object) -> None:
            nonlocal taken
            connection.close()
            taken += 1
            # The next is always there; not for ever, lest this test hangs where it fails.
            if taken < 3 * BACKLOG:
                knock()

        acceptor = Acceptor(take, lambda: None, asyncio.get_running_loop().time)
        acceptor.add([listening])
        knock()
        acceptor.stop()
        assert listening.fileno() == -1
        return taken

    assert asyncio.run(run()) <= BACKLOG + 1


def test_a_complaint_is_made_once_in_a_while_and_counts(logs: Logs) -> None:
    complaint = Complaint(logging.getLogger("xdr_bridge.gateway"))
    for now in (0.0, 1.0, 29.9):
        complaint.say(now, "it rains")
    complaint.say(30.0, "it pours")
    logs.expect("it rains", "it pours (and 2 times since this was last said)")
