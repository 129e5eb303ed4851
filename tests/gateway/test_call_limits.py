"""How many calls are under way at once, what counts as one, and what the next one is told."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Logs
from tests.support.apis import NO_CONTENT, ThreadedRawApi, recording
from tests.support.clients import Client, chunked, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.loops import PATIENCE_SECONDS, eventually
from tests.support.raw_api import Peer
from xdr_bridge.http.errors import RequestError

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
GET = request("GET", "/x")


class SlowApi:
    """Answers nothing before `go_on` is set."""

    def __init__(self) -> None:
        self.arrived = threading.Semaphore(0)
        self.go_on = threading.Event()

    async def __call__(self, peer: Peer) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await peer.head()
                self.arrived.release()
                await asyncio.to_thread(self.go_on.wait, 20)
                await peer.send(NO_CONTENT)


@pytest.fixture
def slow() -> Iterator[SlowApi]:
    api = SlowApi()
    yield api
    api.go_on.set()


@pytest.fixture
def full(slow: SlowApi, make_api: MakeApi, make_bridge: MakeBridge) -> Iterator[RunningGateway]:
    """A bridge that has two calls under way, of two."""
    bridge = make_bridge(make_api(slow).url, max_calls=2)
    with bridge.connect() as one, bridge.connect() as other:
        for client in (one, other):
            client.send(GET)
            assert slow.arrived.acquire(timeout=PATIENCE_SECONDS)
        yield bridge
        slow.go_on.set()
        for client in (one, other):
            assert client.read().status == 204
    assert bridge.call("GET", "/x").status == 204
    assert calls(bridge) == 0


def held_bytes(bridge: RunningGateway) -> int:
    async def count() -> int:
        return bridge.gateway.held_bytes

    return bridge.thread.run(count())


def calls(bridge: RunningGateway) -> int:
    async def count() -> int:
        return bridge.gateway.calls

    return bridge.thread.run(count())


def test_a_native_page_can_read_that_there_are_too_many(full: RunningGateway, logs: Logs) -> None:
    with full.connect() as client:
        for _ in range(3):
            client.send(GET)
            answer = client.read()
            assert (answer.status, answer.code) == (503, "too-many-calls")
            assert answer.get("retry-after") == "5"
            assert answer.cors() == {"access-control-allow-origin": SHOP}
            assert answer.vary() == {"origin"}
            assert answer.json["detail"].startswith("2 calls are under way")
    # One line for all of them.
    logs.expect("native refused: too-many-calls")


@pytest.mark.parametrize("form", ["query form", "body form"])
def test_a_tunnelled_call_is_told_in_a_frame(full: RunningGateway, logs: Logs, form: str) -> None:
    if form == "query form":
        answer = full.call("GET", "/x?$xdr=1")
    else:
        answer = full.tunnel("PUT /x XDR/1\r\n\r\nbody")
    frame = read_frame(answer)
    assert (frame.status, frame.end) == (503, "ok")
    assert frame.json["code"] == "too-many-calls"
    assert frame.get("retry-after") == "5"
    logs.expect(f"{form} refused: too-many-calls")


def test_an_unframed_tunnelled_call_is_told_plainly(full: RunningGateway, logs: Logs) -> None:
    answer = full.call("POST", "/x?$httpMethod=PUT", body=b"")
    assert (answer.status, answer.code) == (503, "too-many-calls")
    assert answer.cors() == {"access-control-allow-origin": SHOP}
    logs.expect("too-many-calls")


def test_a_body_that_streams_in_can_be_refused(full: RunningGateway, logs: Logs) -> None:
    data = request("PUT", "/x", ("Transfer-Encoding", "chunked"))
    answer = full.ask(data + chunked(b"x" * 100_000, b"y" * 100_000))
    assert (answer.status, answer.code) == (503, "too-many-calls")
    logs.expect("too-many-calls")


def test_what_calls_no_api_is_answered_all_the_same(full: RunningGateway) -> None:
    ask = ("Access-Control-Request-Method", "PUT")
    assert full.call("OPTIONS", "/x", ask).status == 204
    assert full.call("GET", "/xdr/xdr-bridge.js").status == 200
    assert full.call("GET", "/x?$xdr=1", origin="https://evil.test").status == 403
    assert full.call("GET", "//x?$xdr=1").network_error == "target-malformed"


def test_a_page_that_goes_away_makes_room(
    slow: SlowApi, make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    bridge = make_bridge(make_api(slow).url, max_calls=1)
    for _ in range(3):
        with bridge.connect() as client:
            client.send(GET)
            assert slow.arrived.acquire(timeout=PATIENCE_SECONDS)
            assert calls(bridge) == 1
        assert bridge.closed_all(PATIENCE_SECONDS)
        assert calls(bridge) == 0


def test_a_call_that_fails_makes_room(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def broken(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"SSH-2.0\r\n")

    async def cut(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")

    bridge = make_bridge(make_api(broken, cut, broken, cut).url, max_calls=1)
    for end in ("", "upstream-cut", "", "upstream-cut"):
        frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
        assert frame.end == (end or "ok")
        logs.expect(end or "upstream-broken")
    assert calls(bridge) == 0


def test_a_redirect_is_part_of_its_call(make_bridge: MakeBridge) -> None:
    alone = make_bridge(max_calls=1)
    for _ in range(3):
        assert read_frame(alone.call("GET", "/countdown/5?$xdr=1")).body == "there"
    assert calls(alone) == 0


def test_under_the_apis_authority_a_preflight_is_part_of_its_call(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    seen: list[bytes] = []
    answer = (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\n"
        b"Access-Control-Allow-Methods: PUT\r\nContent-Length: 0\r\n\r\n"
    )
    bridge = make_bridge(make_api(recording(seen, answer)).url, allow_origins=None, max_calls=1)
    assert read_frame(bridge.tunnel("PUT /x XDR/1\r\n\r\nbody")).status == 200
    assert [head.split(b" ")[0] for head in seen] == [b"OPTIONS", b"PUT"]
    assert calls(bridge) == 0


def test_exactly_so_many_calls_are_made(
    slow: SlowApi, make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    bridge = make_bridge(make_api(slow).url, max_calls=5)
    with contextlib.ExitStack() as stack:
        clients: list[Client] = [stack.enter_context(bridge.connect()) for _ in range(5)]
        for client in clients:
            client.send(GET)
            assert slow.arrived.acquire(timeout=PATIENCE_SECONDS)
        assert bridge.call("GET", "/x").code == "too-many-calls"
        slow.go_on.set()
        for client in clients:
            assert client.read().status == 204
    logs.expect("too-many-calls")


@pytest.mark.parametrize("framed", [True, False], ids=["framed", "unframed"])
def test_bodies_that_are_held_have_a_limit_together(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, framed: bool
) -> None:
    arrived, go_on = threading.Semaphore(0), threading.Event()

    async def slow(peer: Peer) -> None:
        await peer.head()
        arrived.release()
        await asyncio.to_thread(go_on.wait, 20)
        await peer.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        await peer.rest()

    target = "/xdr/tunnel?$xdr=1" if framed else "/xdr/tunnel"
    message = b"POST /x XDR/1\r\n\r\n" + bytes(100_000)
    most = len(message) + 50_000
    bridge = make_bridge(make_api(slow, slow).url, max_held_bytes=most)
    with bridge.connect() as one, bridge.connect() as other:
        one.send(request("POST", target, body=message))
        assert arrived.acquire(timeout=PATIENCE_SECONDS)
        # Held while its call is under way, but for what came along with the head.
        assert len(message) - 65536 < held_bytes(bridge) <= len(message)
        other.send(request("POST", target, body=message))
        answer = other.read("POST")
        if framed:
            frame = read_frame(answer)
            assert (frame.status, "overloaded" in str(frame.body)) == (503, True)
        else:
            assert (answer.status, answer.code) == (503, "overloaded")
        go_on.set()
        answer = one.read("POST")
        assert (read_frame(answer).status if framed else answer.status) == 204
    assert eventually(lambda: held_bytes(bridge) == 0)
    logs.expect("overloaded")
    with bridge.connect() as again:
        again.send(request("POST", target, body=message))
        answer = again.read("POST")
        assert (read_frame(answer).status if framed else answer.status) == 204


def test_an_address_has_a_share_of_the_calls_to_an_api(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def silent(peer: Peer) -> None:
        await peer.rest()

    bridge = make_bridge(make_api(silent).url, max_calls_per_address=2)
    with bridge.connect() as first, bridge.connect() as second:
        for page in (first, second):
            page.send(request("GET", "/x"))
        assert eventually(lambda: bridge.gateway.calls == 2)
        answer = bridge.call("GET", "/x")
        assert (answer.status, answer.code) == (503, "too-many-calls")
        logs.expect("its share")
    # It is given back.
    assert eventually(lambda: bridge.gateway.calls == 0)
    assert bridge.gateway.share_of(bridge.gateway.settings.routes[0].api, "127.0.0.1")
    # By default pages on this machine have none, as they may be a proxy; others have half.
    bridge = make_bridge(make_api(silent).url, max_api_connections=4)
    api = bridge.gateway.settings.routes[0].api
    assert bridge.gateway.share_of(api, "127.0.0.1") is None
    for _ in range(2):
        assert bridge.gateway.share_of(api, "192.0.2.1") is not None
    with pytest.raises(RequestError, match="its share"):
        bridge.gateway.share_of(api, "192.0.2.1")
    assert bridge.gateway.share_of(api, "2001:db8::1") is not None
    # A proxy in front is not one page.
    bridge = make_bridge(
        make_api(silent).url, max_calls_per_address=1, trusted_proxies=("2001:db8::/32",)
    )
    assert bridge.gateway.share_of(api, "2001:db8::1") is None
