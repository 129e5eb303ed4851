"""What an operator sets for the way to the API, through the running bridge."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Logs
from tests.support.apis import ThreadedRawApi
from tests.support.clients import RawAnswer, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import AUTHORITY, PRIVATE, SELF_SIGNED, Peer, answering, server_tls
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import ConfigError

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"


def test_calls_beyond_the_connections_wait_and_are_then_told_when_to_come_again(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    asked, answer = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        asked.set()
        await asyncio.to_thread(answer.wait, PATIENCE_SECONDS)
        await peer.send(OK)
        await peer.rest()

    api = make_api(script)
    bridge = make_bridge(api.url, max_api_connections=1)

    def late(data: bytes) -> RawAnswer:
        with bridge.connect() as client:
            client.send(data)
            bridge.thread.run(waiting())
            # Of the line; the first call has its 30 seconds.
            bridge.thread.advance(6)
            return client.read(data.split(b" ", 1)[0].decode())

    async def waiting() -> None:
        while not any(pool["waiting"] for pool in bridge.gateway.status()["pools"].values()):
            await asyncio.sleep(0)

    with bridge.connect() as first:
        first.send(request("GET", "/x"))
        assert asked.wait(PATIENCE_SECONDS)
        native = late(request("GET", "/x"))
        assert (native.status, native.code, native.get("retry-after")) == (503, "overloaded", "5")
        assert native.get("access-control-allow-origin") == "https://shop.example"
        for framed in (
            late(request("GET", "/x?$xdr=1")),
            late(request("POST", "/xdr/tunnel?$xdr=1", body=b"PUT /x XDR/1\r\n\r\n")),
        ):
            assert (framed.status, framed.get("retry-after")) == (200, None)
            frame = read_frame(framed)
            assert (frame.status, frame.json["code"]) == (503, "overloaded")
            assert frame.get("retry-after") == "5"
        answer.set()
        assert first.read().body == b"ok"
        # The one connection serves on.
        assert len(api.raw.peers) == 1
    # One line for a flood of them.
    logs.expect("overloaded")


def test_an_api_certified_by_a_private_authority_is_reached_with_its_certificate(
    make_api: MakeApi, make_bridge: MakeBridge, tmp_path: Path
) -> None:
    api = make_api(answering(OK), ssl_context=server_tls(PRIVATE))
    authorities = tmp_path / "authorities.pem"
    authorities.write_bytes(AUTHORITY.read_bytes())
    bridge = make_bridge(api.url, api_ca=str(authorities))
    # It was read when the bridge was made.
    authorities.unlink()
    assert bridge.call("GET", "/x").body == b"ok"
    assert read_frame(bridge.call("GET", "/x?$xdr=1")).body == "ok"


def test_the_authorities_of_the_operator_replace_those_of_the_machine(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What OpenSSL takes for the machine's own.
    monkeypatch.setenv("SSL_CERT_FILE", str(SELF_SIGNED))
    api = make_api(answering(OK), ssl_context=server_tls())
    # Its side of the handshake that fails is reported to its loop.
    api.thread.loop.set_exception_handler(lambda *_: None)
    assert make_bridge(api.url).call("GET", "/x").body == b"ok"
    answer = make_bridge(api.url, api_ca=str(AUTHORITY)).call("GET", "/x")
    assert (answer.status, answer.code) == (502, "upstream-unreachable")
    logs.expect("upstream-unreachable")


def test_a_file_of_authorities_that_holds_none_is_a_problem() -> None:
    with pytest.raises(ConfigError) as raised:
        Settings(api="https://api.example", api_ca=__file__)
    (problem,) = raised.value.problems
    assert str(problem).startswith("--api-ca: ")
    assert str(problem).endswith(
        "holds no certificate that can be read; a PEM file of certificates is accepted"
    )
