"""An API that breaks in mid-upload, in the TLS handshake, and one that restarts."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.conftest import Logs
from tests.support.apis import ThreadedRawApi, recording
from tests.support.clients import RawAnswer, chunked, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS, eventually
from tests.support.raw_api import (
    AUTHORITY,
    EXPIRED,
    PRIVATE,
    SELF_SIGNED,
    SHOP_ONLY,
    Peer,
    Script,
    answering,
    server_tls,
)

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
TOO_LARGE = (
    b"HTTP/1.1 413 Too Large\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n"
    b"Connection: close\r\n\r\nbig"
)
UPLOAD = b"x" * 4_000_000


def stop(api: ThreadedRawApi) -> None:
    """Close the listener and every connection."""
    api.run(api.raw.__aexit__(None, None, None))


# Uploads: what the API does after a part of the body, of which more is on its way.


async def end(peer: Peer) -> None:
    """Close; what is unread makes it a reset."""


async def reset(peer: Peer) -> None:
    peer.reset()


async def refuse(peer: Peer) -> None:
    """Answer early and read on, as a server should."""
    await peer.send(TOO_LARGE)
    await peer.rest()


async def refuse_and_end(peer: Peer) -> None:
    """Answer early and close, which is a reset again, right behind the answer."""
    await peer.send(TOO_LARGE)


async def refuse_and_shut(peer: Peer) -> None:
    """Answer early, say that no more comes, and read on."""
    await peer.send(TOO_LARGE)
    peer.writer.write_eof()
    await peer.rest()


def in_mid_upload(then: Script, acted: threading.Event) -> Script:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.body(100_000)
        await then(peer)
        acted.set()

    return script


@pytest.mark.parametrize(
    ("then", "status"),
    [(end, 502), (reset, 502), (refuse, 413), (refuse_and_end, 413), (refuse_and_shut, 413)],
)
@pytest.mark.parametrize("framing", ["counted", "chunked"])
def test_a_native_upload_that_the_api_does_not_take(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, then: Script, status: int, framing: str
) -> None:
    acted = threading.Event()
    bridge = make_bridge(make_api(in_mid_upload(then, acted), recording([], OK)).url)
    data = UPLOAD if framing == "counted" else chunked(UPLOAD[:1_000_000], UPLOAD[1_000_000:])
    field = (
        ("Content-Length", str(len(UPLOAD)))
        if framing == "counted"
        else ("Transfer-Encoding", "chunked")
    )
    with bridge.connect() as client:
        client.send(request("PUT", "/x", field) + data[:200_000])
        if then in (end, reset):
            # Until nothing more is sent to where nobody is.
            assert acted.wait(PATIENCE_SECONDS)
        client.send(data[200_000:])
        answer = client.read("PUT")
    assert answer.status == status
    if status == 413:
        assert answer.body == b"big"
    else:
        assert answer.code == "upstream-unanswered"
        logs.expect("upstream-unanswered")
    assert bridge.call("PUT", "/x", body=b"abc").body == b"ok"


@pytest.mark.parametrize(
    ("then", "status"),
    [(end, 502), (reset, 502), (refuse, 413), (refuse_and_end, 413), (refuse_and_shut, 413)],
)
@pytest.mark.parametrize("kept", [False, True])
def test_a_tunnelled_upload_that_the_api_does_not_take(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, then: Script, status: int, kept: bool
) -> None:
    broken = in_mid_upload(then, threading.Event())

    async def script(peer: Peer) -> None:
        if kept:
            await peer.head()
            await peer.send(OK)
        await broken(peer)

    bridge = make_bridge(make_api(script, recording([], OK)).url)
    if kept:
        assert bridge.call("GET", "/x").body == b"ok"
    frame = read_frame(bridge.tunnel(b"POST /x XDR/1\r\n\r\n" + UPLOAD))
    assert (frame.status, frame.end) == (status, "ok")
    if status == 413:
        assert frame.body == "big"
    else:
        assert frame.json["code"] == "upstream-unanswered"
        logs.expect("upstream-unanswered")
    assert read_frame(bridge.tunnel("POST /x XDR/1\r\n\r\nabc")).body == "ok"


# TLS: what the API does in the handshake.


async def say_http(peer: Peer) -> None:
    await peer.send(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


async def say_garbage(peer: Peer) -> None:
    await peer.send(bytes(range(256)))


async def alert(peer: Peer) -> None:
    """Send handshake_failure, and end."""
    await peer.send(b"\x15\x03\x03\x00\x02\x02\x28")


async def stall(peer: Peer) -> None:
    await peer.rest()


def after_hello(then: Script) -> Script:
    async def script(peer: Peer) -> None:
        # The head of the record, and all of the ClientHello in it.
        record = await peer.body(5)
        await peer.body(int.from_bytes(record[3:], "big"))
        await then(peer)

    return script


@pytest.mark.parametrize(
    ("script", "code"),
    [
        pytest.param(end, "upstream-unreachable", id="end"),
        pytest.param(reset, "upstream-unreachable", id="reset"),
        pytest.param(after_hello(end), "upstream-unreachable", id="hello, end"),
        pytest.param(after_hello(reset), "upstream-unreachable", id="hello, reset"),
        pytest.param(after_hello(say_http), "upstream-unreachable", id="hello, HTTP"),
        pytest.param(after_hello(say_garbage), "upstream-unreachable", id="hello, garbage"),
        pytest.param(after_hello(alert), "upstream-unreachable", id="hello, alert"),
        pytest.param(stall, "upstream-timeout", id="stall"),
    ],
)
def test_a_handshake_that_breaks(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, script: Script, code: str
) -> None:
    api = make_api(script)
    bridge = make_bridge(api.url.replace("http:", "https:"), api_ca=str(AUTHORITY))

    def ask(data: bytes) -> RawAnswer:
        count = len(api.raw.peers)
        with bridge.connect() as client:
            client.send(data)
            if script is stall:
                assert eventually(lambda: len(api.raw.peers) > count)
                bridge.thread.advance(6)
            return client.read("POST")

    status = 504 if code == "upstream-timeout" else 502
    answer = ask(request("POST", "/x", body=b""))
    assert (answer.status, answer.code) == (status, code)
    frame = read_frame(ask(request("POST", "/xdr/tunnel?$xdr=1", body=b"PUT /x XDR/1\r\n\r\n")))
    assert (frame.status, frame.json["code"]) == (status, code)
    logs.expect(code, code)
    assert len(api.raw.peers) == 2
    stop(api)
    make_api(answering(OK), ssl_context=server_tls(PRIVATE), port=api.raw.port)
    assert bridge.call("GET", "/x").body == b"ok"


# TLS: certificates.


@pytest.mark.parametrize(
    ("certificate", "trusted", "sentence"),
    [
        (
            SELF_SIGNED,
            AUTHORITY,
            "its certificate was issued by 'xdr-bridge tests', which the bridge does not trust"
            " (self-signed certificate); --api-ca names other authorities",
        ),
        (
            PRIVATE,
            SELF_SIGNED,
            "its certificate was issued by 'Private Authority', which the bridge does not trust"
            " (unable to get local issuer certificate); --api-ca names other authorities",
        ),
        (
            SHOP_ONLY,
            AUTHORITY,
            "its certificate is for 'shop.example', '*.shop.example', not for '127.0.0.1'",
        ),
        (
            EXPIRED,
            AUTHORITY,
            "its certificate, issued by 'Private Authority' for 'localhost', '127.0.0.1', is not"
            " valid (certificate has expired)",
        ),
    ],
)
def test_a_certificate_that_is_wrong_is_told_by_what_is_wrong_with_it(
    make_api: MakeApi,
    make_bridge: MakeBridge,
    logs: Logs,
    certificate: Path,
    trusted: Path,
    sentence: str,
) -> None:
    seen: list[bytes] = []
    api = make_api(recording(seen, OK), ssl_context=server_tls(certificate))
    # Its side of the handshake that fails is reported to its loop.
    api.thread.loop.set_exception_handler(lambda *_: None)
    bridge = make_bridge(api.url, api_ca=str(trusted))
    logged = f"the API at {api.url.removeprefix('https://')} could not be reached: {sentence}"
    # Where the API is, and what is wrong there, is no page's business.
    told = "the API could not be reached; the bridge's log says why"
    answer = bridge.call("PUT", "/x", ("Authorization", "secret"), body=b"secret")
    assert (answer.status, answer.code, answer.json["detail"]) == (
        502,
        "upstream-unreachable",
        told,
    )
    frame = read_frame(bridge.tunnel("PUT /x XDR/1\r\n\r\nsecret"))
    assert (frame.status, frame.json["detail"]) == (502, told)
    # Nothing is sent to whom nobody trusts.
    assert seen == []
    logs.expect(logged, logged)


# Restarts.


def post(bridge: RunningGateway) -> RawAnswer:
    """Make a call that is not made twice."""
    return bridge.call("POST", "/x", body=b"")


def test_an_api_that_restarts_between_calls(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    first = make_api(recording([], OK))
    bridge = make_bridge(first.url)
    # Several connections are kept when it goes.
    with ThreadPoolExecutor(8) as pages:
        answers = [pages.submit(post, bridge) for _ in range(8)]
        assert {answer.result().body for answer in answers} == {b"ok"}
    stop(first)
    assert post(bridge).code == "upstream-unreachable"
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.status, frame.json["code"]) == (502, "upstream-unreachable")
    logs.expect("upstream-unreachable", "upstream-unreachable")
    make_api(recording([], OK), port=first.raw.port)
    with ThreadPoolExecutor(8) as pages:
        answers = [pages.submit(post, bridge) for _ in range(8)]
        assert {answer.result().body for answer in answers} == {b"ok"}


def test_an_api_that_restarts_between_two_calls_is_not_noticed(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    api = make_api(recording([], OK))
    bridge = make_bridge(api.url)
    for _ in range(5):
        assert post(bridge).body == b"ok"
        stop(api)
        api = make_api(recording([], OK), port=api.raw.port)


@pytest.mark.parametrize(
    ("said", "code"),
    [(b"", "upstream-unanswered"), (HEAD, "upstream-broken"), (OK[:-1], "upstream-cut")],
)
def test_an_api_that_restarts_during_a_call(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, said: bytes, code: str
) -> None:
    begun = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        if said:
            await peer.send(said)
        begun.set()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.Event().wait()

    first = make_api(script)
    bridge = make_bridge(first.url)
    with bridge.connect() as page:
        page.send(request("GET", "/x?$xdr=1"))
        assert begun.wait(PATIENCE_SECONDS)
        stop(first)
        frame = read_frame(page.read())
        if code == "upstream-cut":
            assert (frame.status, frame.body, frame.end) == (200, "", code)
        else:
            assert (frame.status, frame.json["code"], frame.end) == (502, code, "ok")
        make_api(answering(OK), port=first.raw.port)
        page.send(request("GET", "/x?$xdr=1"))
        assert read_frame(page.read()).body == "ok"
    logs.expect(code)
