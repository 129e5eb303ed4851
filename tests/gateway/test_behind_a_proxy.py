"""The bridge behind a proxy, and in front of itself: what the API is told of who asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.conftest import Logs
from tests.support.apis import TableApi, ThreadedRawApi, recording, unused_port
from tests.support.clients import Client, RawAnswer, read_frame, request
from tests.support.gateways import SHOP, RunningGateway
from tests.support.proxies import front_proxy
from tests.support.raw_api import answering, client_tls

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
LOCAL = "127.0.0.1"
X_FORWARDED = ("X-Forwarded-For: {client}", "X-Forwarded-Proto: https")


def ask_by_tls(port: int, data: bytes, method: str) -> RawAnswer:
    with Client(port, tls=client_tls()) as client:
        client.send(data)
        return client.read(method)


def told(answer: RawAnswer) -> dict[str, str]:
    """Return the fields about who asks, as the API's echo has them."""
    names = ("x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded", "via")
    said = read_frame(answer).json if answer.body.startswith(b"HTTP/") else answer.json
    return {name: said["headers"][name] for name in names if name in said["headers"]}


BY_TLS = {
    "x-forwarded-for": "127.0.0.1, 127.0.0.1",
    "x-forwarded-proto": "https",
    "x-forwarded-host": "bridge.example",
    "forwarded": "for=127.0.0.1;host=bridge.example;proto=https,"
    " for=127.0.0.1;host=bridge.example;proto=http",
    "via": "1.1 xdr-bridge",
}


def test_a_page_on_https_behind_a_proxy_that_ends_tls(make_bridge: MakeBridge) -> None:
    # On one machine, client and proxy have one address; both are trusted.
    bridge = make_bridge(trusted_proxies=(LOCAL,))
    with front_proxy(bridge.port, *X_FORWARDED, tls=True) as proxy:
        native = ask_by_tls(proxy.port, request("PUT", "/echo", body=b"x"), "PUT")
        assert native.cors()["access-control-allow-origin"] == SHOP
        assert told(native) == BY_TLS
        query = request("POST", "/echo?$xdr=1&$httpMethod=PATCH", body=b"x")
        answer = ask_by_tls(proxy.port, query, "POST")
        assert answer.cors()["access-control-allow-origin"] == SHOP
        assert told(answer) == BY_TLS
        body = request("POST", "/xdr/tunnel?$xdr=1", body=b"PUT /echo XDR/1\r\n\r\nx")
        answer = ask_by_tls(proxy.port, body, "POST")
        assert told(answer) == BY_TLS
        assert read_frame(answer).json["method"] == "PUT"


def test_a_page_of_the_published_origin_behind_a_proxy_that_ends_tls(
    make_bridge: MakeBridge,
) -> None:
    published = {"public_origins": ("https://api.example",), "published_hosts": ("bridge.example",)}
    bridge = make_bridge(trusted_proxies=(LOCAL,), **published)
    with front_proxy(bridge.port, *X_FORWARDED, tls=True) as proxy:
        data = request("POST", "/echo", body=b"x", origin="https://api.example")
        answer = ask_by_tls(proxy.port, data, "POST")
        assert told(answer)["x-forwarded-proto"] == "https"
        assert answer.cors() == {}
        # The same host on http is another origin.
        data = request("POST", "/echo", body=b"x", origin="http://api.example")
        assert ask_by_tls(proxy.port, data, "POST").code == "origin-not-allowed"


def test_a_proxy_that_says_forwarded(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(trusted_proxies=("::1", LOCAL), trusted_proxy_headers=("forwarded",))
    with front_proxy(bridge.port, "Forwarded: for={client};proto=https", tls=True) as proxy:
        answer = ask_by_tls(proxy.port, request("GET", "/echo"), "GET")
        assert told(answer) == BY_TLS


def test_a_proxy_that_is_not_trusted_is_who_asks(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(trusted_proxies=("127.0.0.77",))
    with front_proxy(bridge.port, *X_FORWARDED, tls=True) as proxy:
        answer = ask_by_tls(proxy.port, request("GET", "/echo"), "GET")
        assert told(answer)["x-forwarded-for"] == LOCAL
        assert told(answer)["x-forwarded-proto"] == "http"


def test_clients_of_one_proxy_are_told_apart_on_one_connection(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(trusted_proxies=(LOCAL,))
    with bridge.connect() as proxy:
        for number in (1, 2, 1):
            for scheme in ("https", "http"):
                fields = [
                    ("X-Forwarded-For", f"192.0.2.{number}"),
                    ("X-Forwarded-Proto", scheme),
                ]
                proxy.send(request("GET", "/echo", *fields))
                said = told(proxy.read())
                assert said["x-forwarded-for"] == f"192.0.2.{number}, 127.0.0.1"
                assert said["x-forwarded-proto"] == scheme


@pytest.mark.parametrize("policy", [{"allow_origins": (SHOP,)}, {}], ids=["policy", "api decides"])
def test_all_that_a_tunnelled_call_makes_tells_who_asks(
    make_api: MakeApi, make_bridge: MakeBridge, policy: dict[str, object]
) -> None:
    seen: list[bytes] = []
    permit = (
        b"HTTP/1.1 200 OK\r\nAccess-Control-Allow-Origin: *\r\nAccess-Control-Allow-Methods: *\r\n"
        b"Content-Length: 0\r\n\r\n"
    )
    api = {"url": make_api(recording(seen, permit)).url, **policy}
    bridge = make_bridge(apis=(api,), trusted_proxies=(LOCAL,))
    data = request(
        "POST",
        "/x?$xdr=1&$httpMethod=PUT",
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Proto", "https"),
        ("Via", "1.1 front"),
        body=b"x",
    )
    assert read_frame(bridge.ask(data)).status == 200
    assert len(seen) == (1 if policy else 2), "a preflight comes first"
    for sent in seen:
        assert sent.count(b"\r\nX-Forwarded-For: 192.0.2.7, 127.0.0.1\r\n") == 1
        assert sent.count(b"\r\nX-Forwarded-Proto: https\r\n") == 1
        assert sent.count(b"\r\nVia: 1.1 front, 1.1 xdr-bridge\r\n") == 1


def test_a_proxy_that_cannot_be_understood_is_refused_by_every_door(
    make_bridge: MakeBridge, api: TableApi
) -> None:
    bridge = make_bridge(trusted_proxies=(LOCAL,))
    field = ("X-Forwarded-For", "unix:")
    native = bridge.call("GET", "/echo", field)
    assert (native.status, native.code) == (400, "forwarded-malformed")
    # What the proxy said may be an address of its network.
    assert "X-Forwarded-For" in native.json["detail"]
    assert "unix:" not in native.json["detail"]
    query = bridge.call("GET", "/echo?$xdr=1", field)
    assert query.network_error == "forwarded-malformed"
    unframed = bridge.call("GET", "/echo?$httpMethod=GET", field)
    assert (unframed.status, unframed.code) == (400, "forwarded-malformed")
    data = request("POST", "/xdr/tunnel?$xdr=1", field, body=b"PUT /echo XDR/1\r\n\r\nx")
    assert bridge.ask(data).network_error == "forwarded-malformed"
    assert api.received == []
    # Who is not let in learns nothing of it.
    assert bridge.call("GET", "/echo?$xdr=1", field, origin=None).code == "origin-missing"


def test_the_polyfill_does_not_depend_on_the_proxys_word(make_bridge: MakeBridge) -> None:
    bridge = make_bridge(trusted_proxies=(LOCAL,))
    answer = bridge.call("GET", "/xdr/xdr-bridge.js", ("X-Forwarded-For", "unix:"))
    assert answer.status == 200


def test_routing_by_host_goes_by_host(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    seen: dict[str, list[bytes]] = {"a": [], "b": []}
    urls = {name: make_api(recording(seen[name])).url for name in seen}
    bridge = make_bridge(
        trusted_proxies=(LOCAL,),
        trusted_proxy_headers=("X-Forwarded-Host",),
        apis=tuple(
            {"url": urls[name], "host": f"{name}.example", "allow_origins": (SHOP,)}
            for name in seen
        ),
    )
    data = request("GET", "/", ("X-Forwarded-Host", "b.example"))
    assert bridge.ask(data.replace(b"bridge.example", b"a.example", 1)).status == 204
    assert (len(seen["a"]), len(seen["b"])) == (1, 0)
    assert b"\r\nX-Forwarded-Host: b.example\r\n" in seen["a"][0]


# Via -----------------------------------------------------------------------------------------


def test_via_tells_in_which_http_a_request_came(make_bridge: MakeBridge) -> None:
    bridge = make_bridge()
    answer = bridge.ask(b"GET /echo HTTP/1.0\r\nVia: 1.0 fred\r\nVia: 1.1 p (x)\r\n\r\n")
    assert answer.json["headers"]["via"] == "1.0 fred, 1.1 p (x), 1.0 xdr-bridge"


def test_answers_carry_the_vias_of_others_only(make_api: MakeApi, make_bridge: MakeBridge) -> None:
    raw = b"HTTP/1.1 200 OK\r\nVia: 1.1 behind\r\nContent-Length: 0\r\n\r\n"
    bridge = make_bridge(make_api(answering(raw)).url)
    assert bridge.call("GET", "/").get("via") == "1.1 behind"
    frame = bridge.call("GET", "/?$xdr=1")
    assert frame.get("via") is None
    assert read_frame(frame).get("via") is None


def test_a_bridge_before_a_bridge_before_a_bridge_works(make_bridge: MakeBridge) -> None:
    bridge = make_bridge()
    for _ in range(2):
        bridge = make_bridge(f"http://{LOCAL}:{bridge.port}")
    answer = bridge.call("PUT", "/echo", body=b"x")
    assert told(answer)["via"] == ", ".join(["1.1 xdr-bridge"] * 3)
    answer = bridge.tunnel("PUT /echo XDR/1\r\n\r\nx")
    assert told(answer)["via"] == ", ".join(["1.1 xdr-bridge"] * 3)


@pytest.mark.parametrize("settings", [{}, {"trusted_proxies": (LOCAL,)}], ids=["", "trusting"])
def test_a_bridge_that_is_its_own_api_says_so(
    make_bridge: MakeBridge, logs: Logs, settings: dict[str, object]
) -> None:
    port = unused_port()
    bridge = make_bridge(f"http://{LOCAL}:{port}", port=port, **settings)
    native = bridge.call("PUT", "/items", body=b"x")
    assert (native.status, native.code) == (508, "loop-detected")
    assert "passed 3 bridges" in native.json["detail"]
    frame = read_frame(bridge.tunnel("PUT /items XDR/1\r\n\r\nx"))
    assert (frame.status, frame.json["code"], frame.end) == (508, "loop-detected", "ok")
    # Not by itself, but behind something that names its turns: the tunnel's own refusal.
    turns = ("Via", ", ".join(["1.1 xdr-bridge"] * 3))
    frame = read_frame(bridge.call("GET", "/items?$xdr=1", turns))
    assert (frame.status, frame.json["code"], frame.end) == (508, "loop-detected", "ok")
    logs.expect(*["loop-detected"] * 3)


def test_two_bridges_that_are_each_others_api_say_so(make_bridge: MakeBridge, logs: Logs) -> None:
    ports = unused_port(), unused_port()
    one = make_bridge(f"http://{LOCAL}:{ports[1]}", port=ports[0])
    make_bridge(f"http://{LOCAL}:{ports[0]}", port=ports[1])
    assert one.call("GET", "/").code == "loop-detected"
    logs.expect("loop-detected")
