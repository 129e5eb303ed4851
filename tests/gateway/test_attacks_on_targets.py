"""Rows 10, 11, 12 and 27: whatever a page or the API says, only the API is ever reached."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.conftest import Logs
from tests.support.apis import ThreadedRawApi, recording
from tests.support.clients import read_frame, request
from tests.support.evil import EvilHost, redirecting
from tests.support.gateways import SHOP, RunningGateway, running_gateway
from tests.support.raw_api import Peer

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]

# EVIL stands for the address of a host that listens and must never be reached.
TARGETS = [
    "@EVIL/x",
    ".EVIL/x",
    "http://EVIL/x",
    "HTTP://EVIL/x",
    "//EVIL/x",
    "///EVIL/x",
    "////EVIL/x",
    "/\\EVIL/x",
    "\\\\EVIL/x",
    "/\\/EVIL/x",
    ":80@EVIL/",
    "*",
    "?a",
    "?@EVIL/",
    "#@EVIL/",
    "http:/x",
    "http:EVIL/x",
    "https:EVIL",
    "/a/..//EVIL/x",
    "/.//EVIL/x",
    "/%2e//EVIL/x",
    "/%2e%2e//EVIL/x",
    "/a/%2E%2e//EVIL",
    "/..",
    "/%2e%2e/x",
    "/a/../../x",
    "/K\xc3\xa4se",
    "/\xff",
    "/a#@EVIL/",
    "/#",
    "/a b",
    "/\x7f",
    "/\t//EVIL/",
    "EVIL:80",
    "",
]
HARMLESS = [
    "/@EVIL/x",
    "/http://EVIL/x",
    "/%0d%0aHost:%20EVIL/x",
    "/%5cEVIL/x",
    "/%2fEVIL/x",
    "/%2F%2FEVIL/x",
    "/..%2f..%2fEVIL",
    "/%252e%252e/EVIL",
    "/?url=http://EVIL/",
    "/;@EVIL/",
    "/a//EVIL/x",
]


@pytest.fixture
def evil() -> Iterator[EvilHost]:
    with EvilHost() as host:
        yield host
        assert not host.contacted


@pytest.mark.parametrize("target", TARGETS, ids=ascii)
def test_10_an_outer_target_that_is_none_is_refused(
    make_api: MakeApi, make_bridge: MakeBridge, evil: EvilHost, target: str
) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url)
    for extra in ("", "?$xdr=1"):
        written = target.replace("EVIL", evil.authority) + extra
        data = request("GET", written)
        with bridge.connect() as client:
            client.send(data)
            client.socket.shutdown(1)
            answer = client.rest()
        if extra and b"XDR/1 error" in answer:
            # The page is allowed: it gets its network error, and a sentence for the console.
            assert b"\r\n\r\nXDR/1 error target-" in answer
        else:
            assert answer.startswith(b"HTTP/1.1 400 ")
            # The page is allowed, and may read why.
            assert b"\r\nAccess-Control-Allow-Origin: https://shop.example\r\n" in answer
    assert seen == []


@pytest.mark.parametrize("target", TARGETS, ids=ascii)
@pytest.mark.parametrize("api_path", ["", "/v1"])
def test_10_an_inner_target_that_is_none_is_refused(
    make_api: MakeApi, make_bridge: MakeBridge, evil: EvilHost, target: str, api_path: str
) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url + api_path)
    written = target.replace("EVIL", evil.authority).encode("latin-1")
    answer = bridge.tunnel(b"DELETE " + written + b" XDR/1\r\n\r\n")
    assert answer.network_error in (
        "target-malformed",
        "target-escapes",
        "tunnel-malformed",
        "text-not-utf8",
    )
    assert seen == []


@pytest.mark.parametrize("target", HARMLESS, ids=ascii)
@pytest.mark.parametrize("api_path", ["", "/v1"])
def test_11_an_odd_target_reaches_the_api_as_it_is(
    make_api: MakeApi, make_bridge: MakeBridge, evil: EvilHost, target: str, api_path: str
) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url + api_path)
    written = target.replace("EVIL", evil.authority)
    assert bridge.call("GET", written).status == 204
    assert read_frame(bridge.tunnel(f"GET {written} XDR/1\r\n\r\n")).status == 204
    assert [one.split(b" ")[1].decode() for one in seen] == [api_path + written] * 2


@pytest.mark.parametrize(
    "location",
    [
        "http://EVIL/x",
        "//EVIL/x",
        "///EVIL/x",
        "\\\\EVIL/x",
        "/\\EVIL/x",
        "http:\\\\EVIL/x",
        "http://API@EVIL/x",
        "http://EVIL#@API/",
        "http://EVIL\\@API/",
        "http://user@API/x",
        "http://user:pass@API/x",
        "https://API/x",
        "http://APIx/",
        "http://API.evil.test/",
        "http://[::1/",
        "http://127.0.0.1:99999/",
        "ftp://API/x",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "data:text/plain,x",
        "/.//EVIL/x",
        "/a/..//EVIL/x",
        "/%2e%2e/x",
        "/x/%2e%2e/%2e%2e/y",
        "http://API//EVIL/x",
        "http://API/../../x/%2e%2e/%2e%2e",
        "/xdr/tunnel",
        "/xdr/xdr-bridge.js",
        "http://localhost:1/",
        "/a\\b",
        "",
    ],
    ids=ascii,
)
@pytest.mark.parametrize("status", [301, 303, 307, 308])
def test_12_a_redirect_leads_nowhere_else(
    make_api: MakeApi,
    make_bridge: MakeBridge,
    evil: EvilHost,
    logs: Logs,
    location: str,
    status: int,
) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        written = location.replace("EVIL", evil.authority).replace("API", authority)
        await redirecting(written.encode("latin-1"), seen, status)(peer)

    api = make_api(script)
    authority = api.url.removeprefix("http://")
    bridge = make_bridge(api.url)
    answer = bridge.call("GET", "/start?$xdr=1")
    if location == "":
        # The same URL again (RFC 3986, section 5.2.2), again and again.
        assert answer.network_error in ("too-many-redirects", "redirect-refused")
        logs.expect(answer.network_error)
        return
    assert answer.network_error == "redirect-refused"
    assert evil.authority.encode() not in answer.body
    assert seen == [b"GET /start HTTP/1.1"]
    logs.expect("redirect-refused")


def test_12_two_locations_are_none(make_api: MakeApi, make_bridge: MakeBridge, logs: Logs) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(redirecting(b"/a\r\nLocation: /b", seen)).url)
    assert bridge.call("GET", "/start?$xdr=1").network_error == "redirect-refused"
    assert len(seen) == 1
    logs.expect("redirect-refused")


@pytest.mark.parametrize(
    ("location", "then"),
    [
        ("/x?a=1#frag", b"GET /v1/x HTTP/1.1"),
        ("http://API/v1/x", b"GET /v1/x HTTP/1.1"),
        ("/v1/x", b"GET /v1/x HTTP/1.1"),
        ("y", b"GET /v1/y HTTP/1.1"),
        ("?q", b"GET /v1/start?q HTTP/1.1"),
    ],
)
def test_12_an_api_with_a_path_stays_below_it(
    make_api: MakeApi,
    make_bridge: MakeBridge,
    logs: Logs,
    location: str,
    then: bytes,
) -> None:
    seen: list[bytes] = []

    async def script(peer: Peer) -> None:
        if seen:
            await recording(seen)(peer)
        else:
            await redirecting(location.replace("API", authority).encode(), seen)(peer)

    api = make_api(script)
    authority = api.url.removeprefix("http://")
    answer = make_bridge(f"{api.url}/v1").call("GET", "/start?$xdr=1")
    if location.startswith("/x"):
        # Outside the API's path.
        assert answer.network_error == "redirect-refused"
        logs.expect("redirect-refused")
        return
    assert read_frame(answer).status == 204
    assert seen[1].startswith(then)


@pytest.mark.parametrize(
    "location",
    [
        "http://API//EVIL/x",
        "//EVIL/x",
        "http://API/..//EVIL",
        "/.//EVIL/",
        "http://[EVIL/x",
        "http://[::1]EVIL/",
    ],
)
def test_12_a_native_redirect_is_never_made_to_point_elsewhere(
    make_api: MakeApi, make_bridge: MakeBridge, evil: EvilHost, location: str
) -> None:
    async def script(peer: Peer) -> None:
        await redirecting(written.encode(), [])(peer)

    api = make_api(script)
    written = location.replace("EVIL", evil.authority)
    written = written.replace("API", api.url.removeprefix("http://"))
    told = make_bridge(api.url).call("GET", "/start").get("location")
    assert told == written, "as the API said it, for the browser to judge"


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
def test_27_the_bridge_is_no_open_proxy(
    make_api: MakeApi, make_bridge: MakeBridge, evil: EvilHost, scheme: str
) -> None:
    seen: list[bytes] = []
    bridge = make_bridge(make_api(recording(seen)).url)
    for data in (
        request("GET", f"{scheme}://{evil.authority}/"),
        request("GET", f"/{scheme}://{evil.authority}/"),
        request("GET", "/x", ("X-Original-Host", evil.authority), ("X-Host", evil.authority)),
        request("GET", "/x").replace(b"bridge.example", evil.authority.encode()),
        f"CONNECT {evil.authority} HTTP/1.1\r\nHost: {evil.authority}\r\n\r\n".encode(),
    ):
        with bridge.connect() as client:
            client.send(data.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            client.rest()
    # Which host was asked is told as such, and as nothing else.
    asked = b"x-forwarded-host", b"forwarded"
    fields = [line for one in seen for line in one.split(b"\r\n")[1:]]
    others = [line for line in fields if line.partition(b":")[0].lower() not in asked]
    assert all(evil.authority.encode() not in line for line in others)


@pytest.mark.parametrize("api_path", ["", "/v1"])
def test_10_two_slashes_behind_a_prefix_name_no_host(
    make_api: MakeApi, evil: EvilHost, api_path: str
) -> None:
    seen: list[bytes] = []
    url = make_api(recording(seen)).url + api_path
    apis = ({"url": url, "path": "/shop", "allow_origins": (SHOP,)},)
    target = f"/shop//{evil.authority}/x"
    with running_gateway("", apis=apis) as bridge:
        native = bridge.call("GET", target)
        framed = bridge.tunnel(f"PUT {target} XDR/1\r\n\r\n")
    if api_path:
        assert (native.status, read_frame(framed).status) == (204, 204)
        assert [one.split(b" ")[1].decode() for one in seen] == [f"/v1//{evil.authority}/x"] * 2
    else:
        assert (native.code, framed.network_error) == ("target-malformed", "target-malformed")
        assert seen == []
