"""The running bridge when bodies are long, late, broken or too large."""

from __future__ import annotations

import asyncio
import base64
import gzip
import re
import socket
import threading
from collections.abc import Callable

import h11
import pytest

from tests.conftest import Logs
from tests.support.apis import NO_CONTENT, TableApi, ThreadedRawApi, recording, unused_port
from tests.support.clients import AnswerParser, chunked, read_frame, request
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer, Script, answering
from xdr_bridge.tunnel.decoding import Limits
from xdr_bridge.tunnel.frame import FrameWriter

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
TEXT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
BODY_FORM = b"PUT /x HTTP/1.1\r\n\r\n"
SMALL = Limits(body_bytes=1000, header_block_bytes=100, url_characters=100)


async def silent(peer: Peer) -> None:
    """Take everything and say nothing."""
    await peer.rest()


async def cut_in_mid_body(peer: Peer) -> None:
    await peer.head()
    await peer.send(TEXT + b"Content-Length: 1000\r\n\r\nhalf")


async def cut_in_mid_chunk(peer: Peer) -> None:
    await peer.head()
    await peer.send(TEXT + b"Transfer-Encoding: chunked\r\n\r\n100\r\nhalf")


async def reset_in_mid_body(peer: Peer) -> None:
    await cut_in_mid_body(peer)
    peer.reset()


async def no_http(peer: Peer) -> None:
    await peer.head()
    await peer.send(b"SSH-2.0-OpenSSH_9.6\r\n")


async def no_answer(peer: Peer) -> None:
    await peer.head()


async def two_lengths(peer: Peer) -> None:
    await peer.head()
    await peer.send(TEXT + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nabc")


def test_an_api_that_is_down_is_a_readable_502(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(f"http://127.0.0.1:{unused_port()}")
    frame = read_frame(bridge.tunnel(BODY_FORM))
    assert (frame.status, frame.json["code"]) == (502, "upstream-unreachable")
    answer = bridge.call("PUT", "/x", body=b"x")
    assert (answer.status, answer.code) == (502, "upstream-unreachable")
    assert answer.cors() == {"access-control-allow-origin": "https://shop.example"}
    assert answer.vary() == {"origin"}
    logs.expect("upstream-unreachable", "upstream-unreachable")


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (no_http, "upstream-broken"),
        (no_answer, "upstream-unanswered"),
        (two_lengths, "upstream-broken"),
    ],
)
def test_an_api_that_speaks_no_http_is_a_readable_502(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, script: Script, code: str
) -> None:
    bridge = make_bridge(make_api(script).url)
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.status, frame.json["code"]) == (502, code)
    answer = bridge.call("GET", "/x")
    assert (answer.status, answer.code) == (502, code)
    logs.expect(code, code)


def test_an_api_that_is_slow_to_begin_is_a_readable_504(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    bridge = make_bridge(make_api(silent).url, first_byte_seconds=0.2)
    frame = read_frame(bridge.tunnel(BODY_FORM + b"x"))
    assert (frame.status, frame.json["code"]) == (504, "upstream-timeout")
    answer = bridge.call("POST", "/x", body=b"x")
    assert (answer.status, answer.code) == (504, "upstream-timeout")
    logs.expect("upstream-timeout", "upstream-timeout")


@pytest.mark.parametrize("script", [cut_in_mid_body, cut_in_mid_chunk, reset_in_mid_body])
@pytest.mark.parametrize("flags", ["", ",stream", ",base64"])
def test_a_frame_of_a_broken_answer_says_so(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, script: Script, flags: str
) -> None:
    bridge = make_bridge(make_api(script).url)
    frame = read_frame(bridge.call("GET", f"/x?$xdr=1{flags}"))
    assert (frame.status, frame.end) == (200, "upstream-cut")
    logs.expect("upstream-cut")


@pytest.mark.parametrize("script", [cut_in_mid_body, cut_in_mid_chunk, reset_in_mid_body])
def test_a_native_answer_that_broke_is_never_whole(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, script: Script
) -> None:
    bridge = make_bridge(make_api(script).url)
    with pytest.raises((h11.RemoteProtocolError, ConnectionResetError)):
        bridge.call("GET", "/x")
    logs.expect("upstream-cut")


def test_a_native_answer_that_broke_with_its_head_is_a_readable_502(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def cut_after_the_head(peer: Peer) -> None:
        await peer.head()
        peer.writer.write(TEXT + b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n")

    bridge = make_bridge(make_api(cut_after_the_head).url)
    answer = bridge.call("GET", "/x")
    assert (answer.status, answer.code) == (502, "upstream-cut")
    logs.expect("upstream-cut")


def test_an_api_that_stops_in_mid_answer_is_given_up(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    async def stall(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"Content-Length: 1000\r\n\r\nhalf")
        await peer.rest()

    bridge = make_bridge(make_api(stall).url, answer_idle_seconds=0.2)
    assert read_frame(bridge.call("GET", "/x?$xdr=1")).end == "upstream-cut"
    with pytest.raises(h11.RemoteProtocolError):
        bridge.call("GET", "/x")
    logs.expect("upstream-cut", "upstream-cut")


def test_broken_gzip_never_ends_well(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    answer = TEXT + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnone"
    bridge = make_bridge(make_api(answering(answer)).url)
    assert read_frame(bridge.call("GET", "/x?$xdr=1")).end == "upstream-cut"
    logs.expect("upstream-cut")


@pytest.mark.parametrize("until_close", [False, True])
def test_a_compressed_answer_inflates_in_slices_that_give_way(
    make_api: MakeApi, make_bridge: MakeBridge, until_close: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = "".join(f"{number:07}{'x' * 250}" for number in range(40_000))
    data = gzip.compress(text.encode(), mtime=0)
    length = b"" if until_close else b"Content-Length: %d\r\n" % len(data)
    answer = TEXT + b"Content-Encoding: gzip\r\n" + length + b"\r\n" + data
    slices: list[int] = []
    write = FrameWriter.write

    def noted(writer: FrameWriter, piece: bytes) -> bytes:
        written = write(writer, piece)
        slices.append(len(written))
        return written

    monkeypatch.setattr(FrameWriter, "write", noted)
    bridge = make_bridge(make_api(sending(answer, until_close)).url)
    with bridge.connect() as page:
        page.send(request("GET", "/x?$xdr=1"))
        # The page does not read, and so nothing more is inflated than it has room for.
        assert bridge.call("GET", "/xdr/xdr-bridge.js").status == 200
        before = sum(slices)
        frame = read_frame(page.read("GET"))
    assert frame.body == text
    assert before < len(text)
    assert max(slices) < 300_000
    assert len(slices) > 100


def sending(answer: bytes, closes: bool) -> Script:
    """Answer once, and close or stay."""

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(answer)
        if not closes:
            await peer.rest()

    return script


@pytest.mark.parametrize("coding", ["br", "gzip, deflate", "gzip," * 12_000 + "gzip"])
def test_a_coding_that_the_bridge_cannot_undo_is_a_readable_502(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs, coding: str
) -> None:
    answer = TEXT + b"Content-Encoding: %b\r\nContent-Length: 4\r\n\r\nnone" % coding.encode()
    bridge = make_bridge(make_api(answering(answer)).url)
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.status, frame.json["code"]) == (502, "upstream-broken")
    # It is quoted, but not at length: neither to the page nor in the log.
    assert len(frame.json["detail"]) < 300
    assert all(len(line) < 500 for line in logs.lines)
    logs.expect("upstream-broken")


@pytest.mark.parametrize("coding", ["UTF-8", "none", "identity, identity", "gzip, 8bit"])
def test_a_coding_that_no_browser_knows_changes_nothing(
    make_api: MakeApi, make_bridge: MakeBridge, coding: str
) -> None:
    answer = TEXT + b"Content-Encoding: %b\r\nContent-Length: 4\r\n\r\nnone" % coding.encode()
    bridge = make_bridge(make_api(answering(answer)).url)
    assert read_frame(bridge.call("GET", "/x?$xdr=1")).body == "none"


def test_a_nul_late_in_a_text_arrives(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    body = b"a" * 70_000 + b"\0" + b"b" * 300_000
    answer = TEXT + b"Content-Length: %d\r\n\r\n" % len(body) + body
    bridge = make_bridge(make_api(answering(answer)).url)
    written = bridge.call("GET", "/x?$xdr=1")
    assert b"\0" not in written.body
    assert read_frame(written).body == body.decode()


@pytest.mark.parametrize("flags", ["", ",base64", ",stream"])
@pytest.mark.parametrize(
    "content_type", [b"application/x-ndjson", b"text/plain", b"image/png", b"text/event-stream"]
)
def test_a_framed_answer_flows(
    make_api: MakeApi, make_bridge: MakeBridge, content_type: bytes, flags: str
) -> None:
    """The API sends each record when the page has the one before, and not before."""
    arrived = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 200 OK\r\nContent-Type: " + content_type + b"\r\n\r\n")
        for number in b"123":
            await arrived.wait()
            arrived.clear()
            await peer.send(b"%c\r\n\r\n" % number)
        await arrived.wait()
        peer.writer.close()

    api = make_api(script)
    bridge = make_bridge(api.url)
    texts = [b"XDR-URL: /x\r\n", *[b"%c\r\n\r\n" % number for number in b"123"]]
    if flags == ",base64":
        texts[1:] = [base64.b64encode(text) for text in texts[1:]]
    with bridge.connect() as page:
        page.send(request("GET", f"/x?$xdr=1{flags}"))
        answer = AnswerParser("GET")
        for text in texts:
            while text not in answer.body:
                answer.feed(page.socket.recv(65536))
            assert answer.body.count(b" " * 2048 + b"\r\nHTTP/1.1 200 OK\r\n") == 1
            api.thread.loop.call_soon_threadsafe(arrived.set)
        while answer.feed(page.socket.recv(65536)) is None:
            pass
        assert read_frame(bytes(answer.body)).end == "ok"


@pytest.mark.parametrize("flags", ["", ",base64"])
@pytest.mark.parametrize("form", ["query", "body"])
def test_a_call_whose_api_is_silent_shows_that_it_lives(
    make_api: MakeApi, make_bridge: MakeBridge, flags: str, form: str
) -> None:
    """The API goes on when the page has heard twice that the call lives, and not before."""
    alive = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await alive.wait()
        alive.clear()
        await peer.send(b"HTTP/1.1 201 Made\r\nContent-Length: 9\r\n\r\nhalf")
        await alive.wait()
        await peer.send(b" whole")

    api = make_api(script)
    # Looks at its connections often, and waits for long for the next request.
    bridge = make_bridge(api.url, request_seconds=0.4)
    bridge.gateway.beat_seconds = 0.0
    beat = {"": b"\x7f ", ",base64": b"===="}[flags] * 2
    target = f"/x?$xdr=1{flags}" if form == "query" else f"/xdr/tunnel?$xdr=1{flags}"
    with bridge.connect() as page:
        body = b"" if form == "query" else BODY_FORM
        page.send(request("GET" if form == "query" else "POST", target, body=body))
        answer = AnswerParser("GET")
        whole = None
        while not answer.body.startswith(b" " * 2048 + b"\r\n  "):
            answer.feed(page.socket.recv(65536))
        api.thread.loop.call_soon_threadsafe(alive.set)
        while beat not in answer.body:
            answer.feed(page.socket.recv(65536))
        api.thread.loop.call_soon_threadsafe(alive.set)
        while whole is None:
            whole = answer.feed(page.socket.recv(65536))
        frame = read_frame(whole)
        quanta = re.findall("....", frame.body)
        text = b"".join(map(base64.b64decode, quanta)).decode() if flags else frame.body
        assert (frame.status, frame.reason, text, frame.end) == (201, "Made", "half whol", "ok")
        # The connection goes on.
        page.send(request("GET", "/xdr/xdr-bridge.js"))
        assert page.read("GET").status == 200


def test_a_refusal_after_a_sign_of_life_is_a_frame(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    alive = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await alive.wait()

    api = make_api(script)
    # Looks at its connections often, and waits for long for the next request.
    bridge = make_bridge(api.url, request_seconds=0.4)
    bridge.gateway.beat_seconds = 0.0
    with bridge.connect() as page:
        page.send(request("GET", "/x?$xdr=1"))
        answer = AnswerParser("GET")
        while len(answer.body) < 2050:
            answer.feed(page.socket.recv(65536))
        api.thread.loop.call_soon_threadsafe(alive.set)
        whole = None
        while whole is None:
            whole = answer.feed(page.socket.recv(65536))
        assert (read_frame(whole).status, read_frame(whole).json["code"]) == (
            502,
            "upstream-unanswered",
        )
    logs.expect("upstream-unanswered")


def test_a_short_framed_answer_has_no_prelude(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    answer = TEXT + b"Transfer-Encoding: chunked\r\n\r\n" + chunked(b"short")
    written = make_bridge(make_api(answering(answer)).url).call("GET", "/x?$xdr=1")
    assert written.body.startswith(b"HTTP/1.1 200 OK\r\n")
    assert written.get("content-length") == str(len(written.body))


@pytest.mark.parametrize("body_form", [True, False], ids=["body form", "query form"])
@pytest.mark.parametrize("is_chunked", [True, False], ids=["chunked", "counted"])
@pytest.mark.parametrize("size", [2000, 300_000])
def test_a_body_that_is_too_large_is_a_readable_413(
    make_bridge: MakeBridge, api: TableApi, body_form: bool, is_chunked: bool, size: int
) -> None:
    bridge = make_bridge(limits=SMALL)
    target = "/xdr/tunnel?$xdr=1" if body_form else "/echo?$xdr=1"
    body = (BODY_FORM if body_form else b"") + b"x" * size
    if is_chunked:
        data = request("POST", target, ("Transfer-Encoding", "chunked")) + chunked(body)
    else:
        data = request("POST", target, body=body)
    frame = read_frame(bridge.ask(data))
    assert (frame.status, frame.json["code"]) == (413, "body-too-large")
    assert api.received == []


def test_a_native_body_has_no_limit(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(limits=SMALL)
    assert len(bridge.call("PUT", "/echo", body=b"x" * 3_000_000).json["body"]) == 3_000_000


def test_the_head_of_an_early_answer_says_that_the_connection_ends_with_it(
    make_bridge: MakeBridge, make_api: MakeApi
) -> None:
    async def early(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"Content-Length: 2\r\n\r\n")
        # The page sends this when it has the head.
        await peer.body(3)
        await peer.send(b"ok")

    bridge = make_bridge(make_api(early).url)
    with bridge.connect() as page:
        page.send(request("PUT", "/x", ("Content-Length", "1000")))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += page.socket.recv(1)
        assert b"\r\nConnection: close\r\n" in head
        page.send(b"abc")
        assert page.socket.recv(2) == b"ok"
        page.send(b"x" * 997)
        assert page.rest() == b""


def test_an_answer_that_comes_before_the_body_is_read_is_passed_on(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    async def hasty(peer: Peer) -> None:
        await peer.head()
        await peer.send(b"HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno")
        await peer.rest()

    bridge = make_bridge(make_api(hasty).url)
    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Content-Length", "1000000")) + b"x" * 100_000)
        answer = client.read("PUT")
        assert (answer.status, answer.body) == (401, b"no")
        client.send(b"x" * 900_000)
        assert client.rest() == b""


def test_a_page_that_goes_takes_its_call_along(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    begun, gone = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.rest()
        gone.set()

    bridge = make_bridge(make_api(script).url)
    for target in ("/x", "/x?$xdr=1"):
        begun.clear()
        gone.clear()
        with bridge.connect() as client:
            client.send(request("GET", target))
            assert begun.wait(PATIENCE_SECONDS)
        assert gone.wait(PATIENCE_SECONDS)


def test_a_page_that_goes_in_mid_upload_takes_its_call_along(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    begun, gone = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.body(5)
        begun.set()
        await peer.rest()
        gone.set()

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.send(request("PUT", "/x", ("Content-Length", "10")) + b"12345")
        assert begun.wait(PATIENCE_SECONDS)
    assert gone.wait(PATIENCE_SECONDS)


def test_a_page_that_does_not_read_is_given_up(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    gone = threading.Event()

    async def endless(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"\r\n")
        try:
            while True:
                await peer.send(b"x" * 65536)
        except ConnectionError:
            gone.set()

    bridge = make_bridge(make_api(endless).url, idle_seconds=0.2)
    with bridge.connect() as client:
        client.send(request("GET", "/x"))
        assert gone.wait(PATIENCE_SECONDS)


def test_a_page_that_does_not_read_the_end_of_its_answers_is_given_up(
    make_bridge: MakeBridge,
) -> None:
    bridge = make_bridge(idle_seconds=0.2)
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.send(request("GET", "/xdr/xdr-bridge.js") * 400)
        assert bridge.closed_all(PATIENCE_SECONDS)


def test_a_slow_page_holds_the_api_back(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    total = 32 * 1024 * 1024
    stuck = threading.Event()
    counts: list[int] = []

    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(TEXT + b"Content-Length: %d\r\n\r\n" % total)
        while peer.sent < total:
            try:
                async with asyncio.timeout(0.5):
                    await peer.send(b"x" * 65536)
            except TimeoutError:
                counts.append(peer.sent)
                stuck.set()
                return

    bridge = make_bridge(make_api(script).url)
    with bridge.connect() as client:
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.send(request("GET", "/x"))
        assert stuck.wait(PATIENCE_SECONDS)
        # Socket buffers on loopback hold some megabytes; the bridge holds next to nothing.
        assert counts[0] < total * 3 // 4


def test_stopping_lets_a_running_call_finish(make_api: MakeApi) -> None:
    begun, go_on = threading.Event(), threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await asyncio.to_thread(go_on.wait, PATIENCE_SECONDS)
        await peer.send(TEXT + b"Content-Length: 2\r\n\r\nok")

    with running_gateway(make_api(script).url) as bridge, bridge.connect() as client:
        client.send(request("GET", "/x"))
        assert begun.wait(PATIENCE_SECONDS)
        stopping = bridge.begin_to_stop(grace_seconds=PATIENCE_SECONDS)
        go_on.set()
        assert client.read().body == b"ok"
        stopping.result(PATIENCE_SECONDS)
        assert client.rest() == b""


def test_stopping_does_not_wait_for_ever(make_api: MakeApi, logs: Logs) -> None:
    begun = threading.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        begun.set()
        await peer.rest()

    with running_gateway(make_api(script).url) as bridge, bridge.connect() as client:
        client.send(request("GET", "/x"))
        assert begun.wait(PATIENCE_SECONDS)
        bridge.thread.run(bridge.gateway.stop(grace_seconds=0.1))
        assert client.rest() == b""


def test_a_call_on_a_connection_that_the_api_closed_is_repeated_only_if_harmless(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    seen: list[bytes] = []

    async def once(peer: Peer) -> None:
        await peer.head()
        await peer.send(NO_CONTENT)
        await peer.head()

    bridge = make_bridge(make_api(once, recording(seen)).url)
    assert bridge.call("GET", "/1").status == 204
    assert bridge.call("GET", "/2").status == 204
    assert len(seen) == 1


def test_an_http_1_0_answer_that_is_cut_does_not_look_whole(
    make_api: MakeApi, make_bridge: MakeBridge, logs: Logs
) -> None:
    bridge = make_bridge(make_api(cut_in_mid_chunk).url)
    with bridge.connect() as client:
        client.send(b"GET /x HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            client.rest()
    logs.expect("upstream-cut")
