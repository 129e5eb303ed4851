"""An API behind a Unix socket, through the running bridge."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import Logs
from tests.support.apis import ThreadedRawApi, recording
from tests.support.clients import read_frame
from tests.support.gateways import RunningGateway
from tests.support.processes import serving
from tests.support.raw_api import Peer, answering

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows: the refusal is tested elsewhere")


@pytest.fixture
def path() -> Iterator[Path]:
    """Name a socket, by a path that is short enough everywhere."""
    with tempfile.TemporaryDirectory(prefix="xdr") as directory:
        yield Path(directory, "api.sock")


def test_calls_go_through_the_socket_and_say_localhost(
    make_api: MakeApi, make_bridge: MakeBridge, path: Path
) -> None:
    seen: list[bytes] = []
    api = make_api(recording(seen, OK), socket_path=path)
    assert api.url == f"unix:{path}"
    bridge = make_bridge(f"{api.url}:/base")
    assert bridge.call("GET", "/x?y").body == b"ok"
    assert bridge.call("POST", "/x", body=b"abc").body == b"ok"
    assert read_frame(bridge.call("GET", "/x?$xdr=1")).body == "ok"
    assert read_frame(bridge.tunnel("PUT /x XDR/1\r\n\r\nabc")).body == "ok"
    lines = [head.split(b"\r\n") for head in seen]
    assert [line[0] for line in lines] == [
        b"GET /base/x?y HTTP/1.1",
        b"POST /base/x HTTP/1.1",
        b"GET /base/x HTTP/1.1",
        b"PUT /base/x HTTP/1.1",
    ]
    assert [[one for one in line if one.lower().startswith(b"host:")] for line in lines] == [
        [b"Host: localhost"]
    ] * 4
    # Kept, as any connection.
    assert len(api.raw.peers) == 1
    assert bridge.gateway.status()["pools"].keys() == {f"unix:{path}:/base"}


def test_redirects_to_its_own_name_stay_on_the_socket(
    make_api: MakeApi, make_bridge: MakeBridge, path: Path
) -> None:
    async def script(peer: Peer) -> None:
        await peer.head()
        await peer.send(
            b"HTTP/1.1 302 Go\r\nLocation: http://localhost/base/y\r\nContent-Length: 0\r\n\r\n"
        )
        assert (await peer.head()).startswith(b"GET /base/y ")
        await peer.send(OK)
        await peer.rest()

    api = make_api(script, socket_path=path)
    bridge = make_bridge(f"{api.url}:/base")
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.body, frame.get("XDR-URL")) == ("ok", "/y")


def test_a_redirect_of_a_native_call_is_written_so_that_a_browser_can_follow_it(
    make_api: MakeApi, make_bridge: MakeBridge, path: Path
) -> None:
    answer = b"HTTP/1.1 302 Go\r\nLocation: http://localhost/base/y\r\nContent-Length: 0\r\n\r\n"
    bridge = make_bridge(f"{make_api(answering(answer), socket_path=path).url}:/base")
    assert bridge.call("GET", "/x").get("location") == "/y"


def test_a_socket_that_is_missing_or_dead_is_an_unreachable_api(
    make_bridge: MakeBridge, path: Path, logs: Logs
) -> None:
    bridge = make_bridge(f"unix:{path}")
    frame = read_frame(bridge.call("GET", "/x?$xdr=1"))
    assert (frame.status, frame.json["code"]) == (502, "upstream-unreachable")
    # Where the API is, is for the operator.
    told = "the API could not be reached; the bridge's log says why"
    assert frame.json["detail"] == told
    with socket.socket(socket.AF_UNIX) as left_behind:
        left_behind.bind(str(path))
    answer = bridge.call("GET", "/x")
    assert (answer.status, answer.code) == (502, "upstream-unreachable")
    assert answer.json["detail"] == told
    where = f"the API at unix:{path} could not be reached: "
    logs.expect(f"{where}there is no such socket", f"{where}it refused the connection")


def test_an_api_that_comes_back_on_its_socket_is_reached_again(
    make_api: MakeApi, make_bridge: MakeBridge, path: Path
) -> None:
    first = make_api(answering(OK), socket_path=path)
    bridge = make_bridge(first.url)
    assert bridge.call("POST", "/x", body=b"").body == b"ok"
    first.run(first.raw.__aexit__(None, None, None))
    path.unlink(missing_ok=True)
    make_api(answering(OK), socket_path=path)
    assert bridge.call("POST", "/x", body=b"").body == b"ok"


def test_serve_says_which_socket(make_api: MakeApi, path: Path) -> None:
    api = make_api(answering(OK), socket_path=path)
    with serving(api.url, "--port", "0") as bridge:
        line = bridge.wait_for("in front of")
        assert re.search(f"in front of {re.escape(api.url)}, which decides", line)
