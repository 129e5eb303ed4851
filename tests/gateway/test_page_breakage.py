"""Pages that go away, at every point of a call and in every way: nothing of them is left."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import itertools
import os
import queue
import socket
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.apis import NO_CONTENT, scripted_api
from tests.support.clients import Client, chunked, request
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer

TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
BODY = b"x" * 1000
LARGE = 64 * 1024 * 1024
_NO_LINGER = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
_DESCRIPTORS = Path("/proc/self/fd")


class Api:
    """Does by the path of a call what a point needs, and tells when a call comes and is gone."""

    def __init__(self) -> None:
        self.come: queue.Queue[str] = queue.Queue()
        self.gone: queue.Queue[str] = queue.Queue()
        self.released = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        path = "/ok"
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while path == "/ok":
                head = await peer.head()
                path = head.split(b" ")[1].decode().partition("?")[0]
                if path == "/ok":
                    await peer.send(NO_CONTENT)
            self.come.put(path)
            if path == "/half":
                await peer.send(TEXT + b"Content-Length: 1000\r\n\r\nhalf")
            elif path == "/flood":
                await peer.send(TEXT + b"Content-Length: %d\r\n\r\n" % LARGE)
                while True:
                    await peer.send(b"x" * 65536)
            elif path == "/stuck":
                await self.released.wait()
                self.released.clear()
            await peer.rest()
        if path != "/ok":
            self.gone.put(path)


class Scene:
    """A bridge, an API, and what both count."""

    def __init__(self, bridge: RunningGateway, api: Api, release: Callable[[], None]) -> None:
        self.bridge = bridge
        self.api = api
        self.release = release
        self.settle()
        # What other tests have left to the collector is none of these pages.
        gc.collect()
        self.before = self.descriptors()

    def status(self) -> dict[str, Any]:
        async def status() -> dict[str, Any]:
            return self.bridge.gateway.status()

        return self.bridge.thread.run(status())

    def wait_for(self, what: Callable[[], bool]) -> None:
        """Wait until something holds; fail if it never does."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not what():
            assert time.monotonic() < end, self.status()

    def settle(self) -> None:
        """Make an ordinary call, and wait until nothing but a kept connection is left."""
        assert self.bridge.call("GET", "/ok").status == 204
        self.wait_for(self._is_at_rest)

    def _is_at_rest(self) -> bool:
        status = self.status()
        pools = status["pools"].values()
        return (
            status["connections"]["open"] == status["calls"]["in_flight"] == 0
            and not self.bridge.gateway._conversations
            and all(pool["open"] == pool["idle"] == 1 for pool in pools)
            and not any(pool["connecting"] or pool["waiting"] for pool in pools)
        )

    def any_connection(self, what: Callable[[Any], bool]) -> bool:
        """Whether something holds for a connection of a page."""

        async def look() -> bool:
            return any(what(c) for c in self.bridge.gateway._listener.connections)

        return self.bridge.thread.run(look())

    def descriptors(self) -> int:
        """Count the open ones of this process: bridge, API and pages; 0 where nobody can tell."""
        return len(list(_DESCRIPTORS.iterdir())) if _DESCRIPTORS.exists() else 0


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    api = Api()
    with scripted_api(api) as running, running_gateway(running.url) as bridge:

        def release() -> None:
            running.thread.loop.call_soon_threadsafe(api.released.set)

        yield Scene(bridge, api, release)


# Head and body of a call to a path, in every form.
def native(path: str) -> tuple[bytes, bytes]:
    return request("PUT", path, ("Content-Length", str(len(BODY)))), BODY


def in_chunks(path: str) -> tuple[bytes, bytes]:
    return request("PUT", path, ("Transfer-Encoding", "chunked")), chunked(BODY, BODY)


def bodyless(path: str) -> tuple[bytes, bytes]:
    return request("GET", path), b""


def in_query(path: str) -> tuple[bytes, bytes]:
    fields = ("Content-Length", str(len(BODY)))
    return request("POST", f"{path}?$xdr=1&$httpMethod=PUT", fields), BODY


def bodyless_in_query(path: str) -> tuple[bytes, bytes]:
    return request("GET", f"{path}?$xdr=1,stream"), b""


def in_body(path: str) -> tuple[bytes, bytes]:
    message = f"PUT {path} XDR/1\r\n\r\n".encode() + BODY
    return request("POST", "/xdr/tunnel?$xdr=1", ("Content-Length", str(len(message)))), message


FORMS = [native, in_chunks, bodyless, in_query, bodyless_in_query, in_body]
STREAMED = (native, in_chunks)
Form = Callable[[str], tuple[bytes, bytes]]


# Each takes a client to a point of a call and returns the path of the call that the API knows of.
def in_the_head(scene: Scene, client: Client, form: Form) -> str | None:
    head, _ = form("/never")
    client.send(head[: len(head) // 2])
    return None


def behind_the_head(scene: Scene, client: Client, form: Form) -> str | None:
    head, body = form("/wait")
    client.send(head)
    return "/wait" if form in STREAMED or not body else None


def in_its_body(scene: Scene, client: Client, form: Form) -> str | None:
    head, body = form("/wait")
    client.send(head + body[: len(body) // 2])
    return "/wait" if form in STREAMED or not body else None


def while_the_api_thinks(scene: Scene, client: Client, form: Form) -> str | None:
    client.send(b"".join(form("/wait")))
    return "/wait"


def in_the_answer(scene: Scene, client: Client, form: Form) -> str | None:
    client.send(b"".join(form("/half")))
    if form in (native, in_chunks, bodyless, bodyless_in_query):
        received = b""
        while b"half" not in received:
            received += client.socket.recv(65536)
    return "/half"


def between_two_requests(scene: Scene, client: Client, form: Form) -> str | None:
    head, _ = form("/never")
    client.send(request("GET", "/ok") + head[: len(head) // 2])
    assert client.read().status == 204
    return None


def with_another_request_sent_ahead(scene: Scene, client: Client, form: Form) -> str | None:
    client.send(b"".join(form("/wait")) + b"".join(form("/never")))
    return "/wait"


def without_reading_the_answer(scene: Scene, client: Client, form: Form) -> str | None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.send(b"".join(form("/flood")))
    scene.wait_for(lambda: scene.any_connection(lambda c: c._outflow.is_full))
    return "/flood"


def without_being_read(scene: Scene, client: Client, form: Form) -> str | None:
    head = request("PUT", "/stuck", ("Content-Length", str(LARGE)))
    client.send(head)
    client.socket.setblocking(False)

    def is_stuck() -> bool:
        with contextlib.suppress(BlockingIOError):
            client.socket.send(b"x" * 65536)
        return scene.any_connection(lambda c: c._paused)

    scene.wait_for(is_stuck)
    client.socket.settimeout(PATIENCE_SECONDS)
    return "/stuck"


POINTS = [
    in_the_head,
    behind_the_head,
    in_its_body,
    while_the_api_thinks,
    in_the_answer,
    between_two_requests,
    with_another_request_sent_ahead,
    without_reading_the_answer,
]


def resets(client: Client) -> None:
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
    client.socket.close()


def closes(client: Client) -> None:
    client.socket.close()


def half_closes(client: Client) -> None:
    client.socket.shutdown(socket.SHUT_WR)


def check_nothing_is_left(scene: Scene, client: Client, path: str | None) -> None:
    if path is not None:
        assert scene.api.gone.get(timeout=PATIENCE_SECONDS) == path
    # Only now: half a connection is none.
    client.socket.close()
    scene.settle()
    assert scene.api.come.empty()
    assert scene.api.gone.empty()
    # The API closes its end of a connection in its own time.
    scene.wait_for(lambda: scene.descriptors() <= scene.before)


@pytest.mark.parametrize("leaves", [resets, closes, half_closes])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("form", FORMS)
def test_a_page_that_goes_away_leaves_nothing(
    scene: Scene,
    form: Form,
    point: Callable[[Scene, Client, Form], str | None],
    leaves: Callable[[Client], None],
) -> None:
    client = scene.bridge.connect()
    path = point(scene, client, form)
    if path is not None:
        assert scene.api.come.get(timeout=PATIENCE_SECONDS) == path
    leaves(client)
    check_nothing_is_left(scene, client, path)


@pytest.mark.parametrize("leaves", [resets, closes])
def test_a_page_that_is_not_read_and_goes_is_noticed_once_the_api_reads_on(
    scene: Scene, leaves: Callable[[Client], None]
) -> None:
    client = scene.bridge.connect()
    path = without_being_read(scene, client, native)
    assert scene.api.come.get(timeout=PATIENCE_SECONDS) == path
    leaves(client)
    scene.release()
    check_nothing_is_left(scene, client, path)


def test_pages_that_half_close_at_once_leave_no_socket_to_the_collector(scene: Scene) -> None:
    # Whatever the collector finds open is a ResourceWarning, and fails this test.
    for number, form in zip(range(300), itertools.cycle(FORMS), strict=False):
        with scene.bridge.connect() as client:
            client.send(b"".join(form("/wait")))
            half_closes(client)
            with contextlib.suppress(ConnectionResetError):
                assert client.rest() == b""
        if number % 50 == 0:
            gc.collect()
    scene.wait_for(lambda: scene.status()["calls"]["in_flight"] == 0)
    gc.collect()


def test_a_bridge_that_stops_while_it_connects_leaves_no_socket_to_the_collector() -> None:
    with scripted_api(Api()) as api:
        for _ in range(30):
            with running_gateway(api.url) as bridge, bridge.connect() as client:
                client.send(request("GET", "/wait"))
                half_closes(client)
        gc.collect()
