"""An API that breaks, stalls, floods, lies and restarts, at every point of a call.

Through a running bridge: each kind of page gets exactly the answer, the frame or the cut that the
wire format says (5.5, 5.9), and the next call works, on a fresh connection and on a kept one.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import h11
import pytest

from tests.conftest import Logs
from tests.support.apis import scripted_api
from tests.support.clients import read_frame, request
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.loops import PATIENCE_SECONDS, eventually
from tests.support.raw_api import Peer

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
OK = HEAD + b"Content-Length: 2\r\n\r\nok"
EVIL = HEAD + b"Content-Length: 4\r\n\r\nevil"
COUNTED = HEAD + b"Content-Length: 6\r\n\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
BROKEN, CUT, TIMEOUT = "upstream-broken", "upstream-cut", "upstream-timeout"
UNANSWERED = "upstream-unanswered"
# More than either of the limits that the API has here, which a page has, too.
STALL_SECONDS = 32.0


@dataclass(frozen=True)
class Point:
    """What the API does with one request, and what becomes of it.

    Attributes:
        says: What it sends.
        then: "close", "reset", "stay" or "serve".
        reads: "all" of the request, its "head", or "one" byte.
        code: The failure; empty if the answer is whole.
        body: What the page gets of the body.
    """

    says: bytes = b""
    then: str = "stay"
    reads: str = "all"
    code: str = ""
    body: bytes = b""

    async def act(self, peer: Peer) -> None:
        if self.says:
            await peer.send(self.says)
        if self.then == "reset":
            peer.reset()
        elif self.then == "stay":
            await peer.rest()


class FaultyApi:
    """Answers every request well but the one for which a fault is laid."""

    def __init__(self) -> None:
        self.fault: Point | None = None
        self.faults: dict[bytes, Point] = {}
        self.keep = True
        self.calls = 0
        self.acting = 0
        self.connections = 0

    async def __call__(self, peer: Peer) -> None:
        self.connections += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first = await peer.body(1)
                fault, self.fault = self.fault, None
                self.calls += 1
                if fault is None or fault.reads != "one":
                    head = first + await peer.head()
                    fault = fault or self.faults.get(head.split()[1].partition(b"?")[0])
                    if fault is None or fault.reads == "all":
                        length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", head)
                        await peer.body(int(length[1]) if length else 0)
                if fault is not None:
                    self.acting += 1
                    await fault.act(peer)
                    if fault.then != "serve":
                        return
                elif self.keep:
                    await peer.send(OK)
                else:
                    await peer.send(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
                    return


@dataclass(frozen=True)
class Form:
    """How a page calls `/x`.

    Attributes:
        method: Of its request.
        path: Of its request.
        body: Of its request.
        framed: Whether a frame comes back.
        idempotent: Whether the call may be made twice.
    """

    method: str
    path: str
    body: bytes | None
    framed: bool
    idempotent: bool

    def request(self, target: str = "/x") -> bytes:
        """Write the request for another target of the API."""
        path = re.sub(r"^/x(?!dr)", target, self.path)
        body = self.body and self.body.replace(b" /x ", f" {target} ".encode())
        return request(self.method, path, body=body)


_BODY_FORM = "/xdr/tunnel?$xdr=1"
FORMS = {
    "native GET": Form("GET", "/x", None, False, True),
    "native POST": Form("POST", "/x", b"abc", False, False),
    "query form": Form("GET", "/x?$xdr=1", None, True, True),
    "query form, streamed POST": Form("POST", "/x?$xdr=1,stream", b"abc", True, False),
    "body form, PUT": Form("POST", _BODY_FORM, b"PUT /x HTTP/1.1\r\n\r\nabc", True, True),
    "body form, plain POST": Form("POST", "/xdr/tunnel", b"POST /x XDR/1\r\n\r\nabc", False, False),
}

ENDS: dict[str, Point] = {
    # No byte of an answer.
    "after a byte of the request": Point(reads="one", code=UNANSWERED),
    "after the request's head": Point(reads="head", code=UNANSWERED),
    "after the request": Point(code=UNANSWERED),
    # In the head.
    "after 100": Point(b"HTTP/1.1 100 Continue\r\n\r\n", code=BROKEN),
    "after 103": Point(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", code=BROKEN),
    "in an interim answer": Point(b"HTTP/1.1 103 Early Hints\r\nLi", code=BROKEN),
    "in the status line": Point(b"HTTP/1.1 20", code=BROKEN),
    "in the head": Point(HEAD, code=BROKEN),
    "before the head's last byte": Point(COUNTED[:-1], code=BROKEN),
    # In a counted body.
    "after the head": Point(COUNTED, code=CUT),
    "in the body": Point(COUNTED + b"abc", code=CUT, body=b"abc"),
    "a byte short": Point(COUNTED + b"abcde", code=CUT, body=b"abcde"),
    "at the end": Point(COUNTED + b"abcdef", body=b"abcdef"),
    "at the end of nothing": Point(HEAD + b"Content-Length: 0\r\n\r\n"),
    # In chunks.
    "after a chunked head": Point(CHUNKED, code=CUT),
    "in a chunk's size": Point(CHUNKED + b"1", code=CUT),
    "in a chunk's size line": Point(CHUNKED + b"3\r", code=CUT),
    "after a chunk's size line": Point(CHUNKED + b"3\r\n", code=CUT),
    "in a chunk": Point(CHUNKED + b"6\r\nabcde", code=CUT, body=b"abcde"),
    "after a chunk's data": Point(CHUNKED + b"3\r\nabc", code=CUT, body=b"abc"),
    "after a chunk": Point(CHUNKED + b"3\r\nabc\r\n", code=CUT, body=b"abc"),
    "in the second size": Point(CHUNKED + b"3\r\nabc\r\n3", code=CUT, body=b"abc"),
    "after the last chunk's size": Point(CHUNKED + b"3\r\nabc\r\n0\r\n", code=CUT, body=b"abc"),
    "in the trailers": Point(CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n", code=CUT, body=b"abc"),
    "at the last chunk's end": Point(CHUNKED + b"3\r\nabc\r\n0\r\n\r\n", body=b"abc"),
    "after trailers": Point(CHUNKED + b"3\r\nabc\r\n0\r\nX: y\r\n\r\n", body=b"abc"),
}
STALLS = {
    "without a word": Point(code=TIMEOUT),
    "without a look at the body": Point(reads="head", code=TIMEOUT),
    "after 100": Point(b"HTTP/1.1 100 Continue\r\n\r\n", code=TIMEOUT),
    "in the head": Point(HEAD, code=TIMEOUT),
    "after the head": Point(COUNTED, code=CUT),
    "in the body": Point(COUNTED + b"abc", code=CUT, body=b"abc"),
    "in a chunk's size": Point(CHUNKED + b"3\r\nabc\r\n3", code=CUT, body=b"abc"),
    "before the last chunk": Point(CHUNKED + b"3\r\nabc\r\n", code=CUT, body=b"abc"),
    "in a body that ends with the connection": Point(HEAD + b"\r\nabc", code=CUT, body=b"abc"),
}
WORDS = {
    # Floods: what follows an answer belongs to nobody.
    "more than its Content-Length": Point(COUNTED + b"abcdef" + b"ghi" * 99, body=b"abcdef"),
    "a second answer": Point(OK + EVIL, body=b"ok"),
    "a second answer after chunks": Point(CHUNKED + b"2\r\nok\r\n0\r\n\r\n" + EVIL, body=b"ok"),
    "an answer after none": Point(HEAD + b"Content-Length: 0\r\n\r\n" + EVIL),
    "a body after 204": Point(b"HTTP/1.1 204 No Content\r\n\r\nevil"),
    "an answer before the request is read": Point(
        OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), reads="one", body=b"ok"
    ),
    "interim answers first": Point(
        b"HTTP/1.1 103 Early Hints\r\nX: y\r\n\r\n" * 20 + OK, "serve", body=b"ok"
    ),
    "interim answers without end": Point(b"HTTP/1.1 100 Continue\r\n\r\n" * 99, code=BROKEN),
    "a head without end": Point(HEAD + b"X: " + b"y" * 70_000, code=BROKEN),
    "headers without end": Point(HEAD + b"X: y\r\n" * 20_000, code=BROKEN),
    "trailers without end": Point(CHUNKED + b"0\r\n" + b"X: y\r\n" * 20_000, code=CUT),
    # Lies about the length.
    "two lengths": Point(HEAD + b"Content-Length: 3\r\n" + OK[len(HEAD) :], code=BROKEN),
    "two lengths in one": Point(HEAD + b"Content-Length: 2, 3\r\n\r\nok", code=BROKEN),
    # Every browser reads these.
    "the same length twice": Point(
        HEAD + b"Content-Length: 2\r\n" + OK[len(HEAD) :], then="serve", body=b"ok"
    ),
    "the same length in one": Point(
        HEAD + b"Content-Length: 2, 2\r\n\r\nok", then="serve", body=b"ok"
    ),
    "a length below nothing": Point(HEAD + b"Content-Length: -2\r\n\r\nok", code=BROKEN),
    "a length with a plus": Point(HEAD + b"Content-Length: +2\r\n\r\nok", code=BROKEN),
    "a length in words": Point(HEAD + b"Content-Length: two\r\n\r\nok", code=BROKEN),
    "a length and chunks": Point(
        HEAD + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        body=b"ok",
    ),
    "another coding": Point(HEAD + b"Transfer-Encoding: gzip\r\n\r\n", code=BROKEN),
    "chunks in HTTP/1.0": Point(CHUNKED.replace(b"1.1", b"1.0"), code=BROKEN),
    "a chunk without size": Point(CHUNKED + b"\r\nabc\r\n", code=CUT),
    "a chunk of minus one": Point(CHUNKED + b"-1\r\nabc\r\n", code=CUT),
    "a chunk of 2 ** 64": Point(CHUNKED + b"10000000000000000\r\nabc", code=CUT),
    "a chunk longer than it says": Point(
        CHUNKED + b"3\r\nabcd\r\n0\r\n\r\n", code=CUT, body=b"abc"
    ),
    # No HTTP.
    "garbage": Point(bytes(range(256)), code=BROKEN),
    "SSH": Point(b"SSH-2.0-OpenSSH_9.6\r\n", code=BROKEN),
    "TLS": Point(b"\x15\x03\x01\x00\x02\x02\x46", code=BROKEN),
    "HTTP/0.9": Point(b"<html>hello", code=BROKEN),
    "HTTP/2": Point(b"HTTP/2 200\r\n\r\n", code=BROKEN),
    "lines without CR": Point(OK.replace(b"\r", b""), code=BROKEN),
    "a NUL in a field": Point(HEAD + b"X: \0\r\n\r\n", code=BROKEN),
    "a folded field": Point(HEAD + b"X: y\r\n z\r\n\r\n", code=BROKEN),
    "a field without a name": Point(HEAD + b": y\r\n\r\n", code=BROKEN),
    "a status of 99": Point(b"HTTP/1.1 099 Low\r\n\r\n", code=BROKEN),
    "another protocol": Point(b"HTTP/1.1 101 Go\r\nUpgrade: h2c\r\n\r\n", code=BROKEN),
}


@pytest.fixture(scope="module")
def faulty() -> Iterator[tuple[FaultyApi, RunningGateway]]:
    api = FaultyApi()
    with scripted_api(api) as raw, running_gateway(raw.url) as bridge:
        yield api, bridge


def expect(
    bridge: RunningGateway,
    form: Form,
    code: str,
    body: bytes,
    target: str = "/x",
    *,
    late: bool = False,
) -> None:
    """Make a call and hold what the page gets to the wire format.

    `late` says that it ends so late that the page has had a sign of life, and what there was.
    """
    data = form.request(target)
    if code == CUT and not form.framed:
        with bridge.connect() as client:
            client.send(data)
            if body or b" 200 OK" in client.socket.recv(15, socket.MSG_PEEK):
                assert unfinished(client.rest()) == body
            else:
                # It erred in its first breath: the page can be told.
                answer = client.read(form.method)
                assert (answer.status, answer.code) == (502, CUT)
        return
    answer = bridge.ask(data)
    if form.framed:
        assert answer.status == 200
        frame = read_frame(answer)
        if code == CUT:
            # A frame that does not stream drops what it has held back.
            assert frame.status == 200
            assert frame.body.encode() == (body if late or "stream" in form.path else b"")
            assert frame.end == code
        elif code:
            assert (frame.status, frame.json["code"]) == (504 if code == TIMEOUT else 502, code)
            assert frame.end == "ok"
        else:
            assert frame.status in (200, 204)
            assert (frame.body.encode(), frame.end) == (body, "ok")
    elif code:
        assert (answer.status, answer.code) == (504 if code == TIMEOUT else 502, code)
    else:
        assert answer.status in (200, 204)
        assert answer.body == body


def unfinished(data: bytes) -> bytes:
    """Return the content of an answer that ends too early; one that is whole fails."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="POST", target="/", headers=[("Host", "any")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(data)
    head = reader.next_event()
    assert isinstance(head, h11.Response)
    assert head.status_code == 200
    body = b""
    while isinstance(event := reader.next_event(), h11.Data):
        body += event.data
    assert event is h11.NEED_DATA
    return body


def play(faulty: tuple[FaultyApi, RunningGateway], form: Form, kept: bool, fault: Point) -> str:
    """Make the call, and one before and after it; return the code that is due."""
    api, bridge = faulty
    api.keep = kept
    expect(bridge, form, "", b"ok")
    calls, connections = api.calls, api.connections
    # A kept connection that ends without a word is as good as none, if that cannot matter.
    repeated = kept and form.idempotent and not fault.says and fault.then in ("close", "reset")
    code, body = ("", b"ok") if repeated else (fault.code, fault.body)
    api.fault = fault
    expect(bridge, form, code, body)
    assert api.fault is None
    assert api.calls == calls + 1 + repeated
    api.keep = False
    if not code and not repeated and fault.then in ("close", "reset"):
        bridge.thread.run(until_no_connection(bridge))
    expect(bridge, form, "", b"ok")
    assert api.calls == calls + 2 + repeated
    if not repeated and fault.then != "serve":
        # Nothing that went wrong, or said too much, carries another call.
        assert api.connections == connections + (1 if kept else 2)
    return code


async def until_no_connection(bridge: RunningGateway) -> None:
    """Wait until the bridge has seen the API close its connections."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while any(pool["open"] for pool in bridge.gateway.status()["pools"].values()):
            await asyncio.sleep(0.005)


# Fresh or kept makes a difference at the beginning and at the end.
_BOTH = ("after a byte", "after the request", "after 100", "in the head", "in the body", "at the")


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("then", ["close", "reset"])
@pytest.mark.parametrize(
    ("point", "kept"),
    [
        (point, kept)
        for point in ENDS
        for kept in ((False, True) if point.startswith(_BOTH) else (True,))
    ],
)
def test_an_api_that_ends_the_connection(
    faulty: tuple[FaultyApi, RunningGateway],
    logs: Logs,
    point: str,
    then: str,
    form: str,
    kept: bool,
) -> None:
    code = play(faulty, FORMS[form], kept, replace(ENDS[point], then=then))
    logs.expect(*[code] * bool(code))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("then", ["close", "reset"])
def test_a_body_that_ends_with_the_connection(
    faulty: tuple[FaultyApi, RunningGateway], logs: Logs, form: str, then: str
) -> None:
    code = CUT if then == "reset" else ""
    play(faulty, FORMS[form], False, Point(HEAD + b"\r\nabc", then, code=code, body=b"abc"))
    logs.expect(*[code] * bool(code))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("point", WORDS)
def test_an_api_that_says_what_it_should_not(
    faulty: tuple[FaultyApi, RunningGateway], logs: Logs, point: str, form: str
) -> None:
    code = play(faulty, FORMS[form], True, WORDS[point])
    logs.expect(*[code] * bool(code))


@pytest.mark.parametrize("form", FORMS)
def test_an_api_that_stalls(logs: Logs, form: str) -> None:
    api = FaultyApi()
    targets = {f"/stall-{number}": point for number, point in enumerate(STALLS.values())}
    api.faults = {target.encode(): point for target, point in targets.items()}
    with (
        scripted_api(api) as raw,
        running_gateway(raw.url, first_byte_seconds=30, answer_idle_seconds=30) as bridge,
        ThreadPoolExecutor(len(targets)) as pages,
    ):
        calls = [
            pages.submit(expect, bridge, FORMS[form], point.code, point.body, target, late=True)
            for target, point in targets.items()
        ]
        assert eventually(lambda: api.acting == len(targets))
        # What the API has to say is said when its loop has come round.
        raw.thread.run(asyncio.sleep(0))
        bridge.thread.advance(STALL_SECONDS)
        for call in calls:
            call.result(PATIENCE_SECONDS)
        expect(bridge, FORMS[form], "", b"ok")
        assert api.calls == len(targets) + 1
    logs.expect(*(point.code for point in targets.values()))
