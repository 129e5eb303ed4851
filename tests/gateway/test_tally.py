"""Each call is counted as exactly one of answered, refused, failed, abandoned."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Logs
from tests.support.apis import ThreadedRawApi, unused_port
from tests.support.clients import Client, chunked, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.loops import PATIENCE_SECONDS
from tests.support.raw_api import Peer, answering
from xdr_bridge.gateway.tally import Ending, Tally
from xdr_bridge.http.errors import Code, Fault

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CUT = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9\r\n\r\nhalf"


def ended(bridge: RunningGateway) -> dict[str, Any]:
    """Wait until no page is connected; return what was counted, without what is zero."""
    assert bridge.closed_all(PATIENCE_SECONDS)

    async def status() -> dict[str, Any]:
        return bridge.gateway.status()

    counted = bridge.thread.run(status())
    assert counted["connections"] == {"open": 0}
    return {name: count for name, count in counted["calls"].items() if count}


def test_answers_of_the_api_and_of_the_bridge(make_bridge: MakeBridge) -> None:
    bridge = make_bridge()
    assert bridge.call("GET", "/echo").status == 200
    assert bridge.call("GET", "/status/500").status == 500
    preflight = bridge.call("OPTIONS", "/echo", ("Access-Control-Request-Method", "PUT"))
    assert preflight.status == 204
    assert bridge.call("GET", "/xdr/xdr-bridge.js").status == 200
    assert read_frame(bridge.tunnel("PUT /echo XDR/1\r\n\r\nx")).status == 200
    assert bridge.call("HEAD", "/echo").status == 200
    # Three redirects followed are one call.
    assert read_frame(bridge.tunnel("GET /countdown/3 XDR/1\r\n\r\n")).status == 200
    assert ended(bridge) == {"began": 7, "answered": 7}


def test_refusals_by_code(make_bridge: MakeBridge) -> None:
    bridge = make_bridge()
    for _ in range(2):
        refused = bridge.call("PUT", "/echo", origin="https://evil.test", body=b"x")
        assert refused.code == "origin-not-allowed"
    assert bridge.tunnel("PUT /echo").network_error == "tunnel-malformed"
    assert bridge.call("GET", "/xdr/nothing").code == "not-found"
    # No head, no conversation.
    assert bridge.ask(b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").code == "http-malformed"
    refused_by_code = {
        "http-malformed": 1,
        "not-found": 1,
        "origin-not-allowed": 2,
        "tunnel-malformed": 1,
    }
    assert ended(bridge) == {"began": 5, "refused": refused_by_code}


def test_a_body_that_is_no_http_refuses_the_call_that_had_begun(
    make_bridge: MakeBridge, make_api: MakeApi
) -> None:
    async def reads(peer: Peer) -> None:
        await peer.head()
        await peer.rest()

    bridge = make_bridge(make_api(reads).url)
    with bridge.connect() as page:
        page.send(request("PUT", "/x", ("Transfer-Encoding", "chunked")) + b"2\r\nab\r\nzz\r\n")
        assert page.read("PUT").code == "http-malformed"
    assert ended(bridge) == {"began": 1, "refused": {"http-malformed": 1}}


def test_an_api_that_is_not_there(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(f"http://127.0.0.1:{unused_port()}")
    assert bridge.call("GET", "/x").code == "upstream-unreachable"
    assert read_frame(bridge.tunnel("GET /x XDR/1\r\n\r\n")).status == 502
    assert ended(bridge) == {"began": 2, "failed": {"upstream-unreachable": 2}}
    logs.expect("native refused: upstream-unreachable", "body form refused: upstream-unreachable")


@pytest.mark.parametrize("form", ["plain", "framed"])
def test_an_answer_that_the_api_breaks_off(
    make_bridge: MakeBridge, make_api: MakeApi, logs: Logs, form: str
) -> None:
    async def breaks_off(peer: Peer) -> None:
        await peer.head()
        await peer.send(CUT)

    bridge = make_bridge(make_api(breaks_off).url)
    with bridge.connect() as page:
        if form == "plain":
            page.send(request("GET", "/x"))
            assert page.rest().endswith(b"half")
        else:
            page.send(request("POST", "/xdr/tunnel?$xdr=1", body=b"GET /x XDR/1\r\n\r\n"))
            assert read_frame(page.read("POST")).end == "upstream-cut"
    assert ended(bridge) == {"began": 1, "failed": {"upstream-cut": 1}}
    logs.expect("upstream-cut")


def test_a_page_that_vanishes_while_the_api_works(
    make_bridge: MakeBridge, make_api: MakeApi
) -> None:
    calls: list[bytes] = []

    async def works(peer: Peer) -> None:
        calls.append(await peer.head())
        # Until the bridge gives the call up.
        await peer.rest()
        calls.append(b"gone")

    api = make_api(works)
    bridge = make_bridge(api.url)
    with bridge.connect() as page:
        page.send(request("GET", "/x"))
        while not calls:
            assert bridge.call("GET", "/xdr/xdr-bridge.js").status == 200
    counted = ended(bridge)
    # Those that were asked while waiting.
    answered = counted.pop("answered", 0)
    assert counted == {"began": 1 + answered, "abandoned": 1}


def test_a_page_that_vanishes_in_its_body(make_bridge: MakeBridge, make_api: MakeApi) -> None:
    bridge = make_bridge(make_api(answering(OK)).url)
    with bridge.connect() as page:
        # "100 Continue" says that the head has arrived.
        fields = [("Expect", "100-continue"), ("Content-Length", "9")]
        page.send(request("POST", "/xdr/tunnel?$xdr=1", *fields))
        assert page.socket.recv(100).startswith(b"HTTP/1.1 100 ")
        page.send(b"GET /x")
    assert ended(bridge) == {"began": 1, "abandoned": 1}


def test_a_page_that_vanishes_after_an_early_answer_was_answered(
    make_bridge: MakeBridge, make_api: MakeApi
) -> None:
    bridge = make_bridge(make_api(answering(OK)).url)
    with bridge.connect() as page:
        page.send(request("PUT", "/x", ("Content-Length", "1000")) + b"some")
        assert page.read("PUT").status == 200
    assert ended(bridge) == {"began": 1, "answered": 1}


def test_requests_sent_ahead_are_counted_each(make_bridge: MakeBridge) -> None:
    bridge = make_bridge()
    upload = request("PUT", "/echo", ("Transfer-Encoding", "chunked")) + chunked(b"some", b"more")
    refused = request("PUT", "/echo", origin="https://evil.test", body=b"")
    with Client(bridge.port) as page:
        page.send(request("GET", "/echo") + upload + refused + request("GET", "/echo"))
        statuses = [page.read().status for _ in range(4)]
    assert statuses == [200, 200, 403, 200]
    assert ended(bridge) == {"began": 4, "answered": 3, "refused": {"origin-not-allowed": 1}}


def test_a_connection_that_is_turned_away(make_bridge: MakeBridge, logs: Logs) -> None:
    bridge = make_bridge(max_connections=1)
    with bridge.connect() as page:
        # Its place is not taken: it has begun to ask.
        fields = [("Expect", "100-continue"), ("Content-Length", "9")]
        page.send(request("POST", "/xdr/tunnel?$xdr=1", *fields))
        assert page.socket.recv(100).startswith(b"HTTP/1.1 100 ")
        assert bridge.call("GET", "/echo").code == "too-many-connections"
    failed = {"too-many-connections": 1}
    assert ended(bridge) == {"began": 2, "failed": failed, "abandoned": 1}
    logs.expect("connections are refused")


def test_every_code_is_either_refused_or_failed() -> None:
    tally = Tally()
    for code in Code:
        tally.began += 1
        tally.end(code)
    for ending in Ending:
        tally.began += 1
        tally.end(ending)
    told = tally.as_json()
    assert told["refused"] == {c.value: 1 for c in Code if c.fault is Fault.PAGE}
    assert told["failed"] == {c.value: 1 for c in Code if c.fault is not Fault.PAGE}
    assert (told["answered"], told["abandoned"], told["in_flight"]) == (1, 1, 0)
