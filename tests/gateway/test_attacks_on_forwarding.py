"""Attacks on who asks: rows 6, 8, 28 and 31 of `cors-and-attacks.md`, section 5, with a proxy.

The page is behind a proxy that the bridge trusts. What the proxy adds stands at the end of the
head, and what the page has made up before it.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.apis import ThreadedRawApi, recording
from tests.support.clients import Client, RawAnswer, request
from tests.support.gateways import RunningGateway
from tests.support.proxies import front_proxy

MakeBridge = Callable[..., RunningGateway]
MakeApi = Callable[..., ThreadedRawApi]
PROXY = "127.0.0.1"
PAGE = "127.0.0.66"
EVIL = "6.6.6.6"
X_FORWARDED = ("X-Forwarded-For: {client}", "X-Forwarded-Proto: http")
EVERYTHING = [
    ("X-Forwarded-For", EVIL),
    ("X-Forwarded-Proto", f"https;{EVIL}"),
    ("X-Forwarded-Host", EVIL),
    ("X-Forwarded-Port", EVIL),
    ("X-Forwarded-Server", EVIL),
    ("X-Forwarded-Prefix", f"/{EVIL}"),
    ("Forwarded", f"for={EVIL};host={EVIL};proto=https"),
    ("X-Real-IP", EVIL),
    ("X-Original-URL", EVIL),
    ("X-Rewrite-URL", EVIL),
    ("X-Original-Host", EVIL),
    ("X-Host", EVIL),
    ("X_Forwarded_For", EVIL),
]


class Rig:
    """An API that keeps what it is sent, and pages that ask it through proxy and bridge."""

    def __init__(self, make_api: MakeApi, make_bridge: MakeBridge) -> None:
        self.seen: list[bytes] = []
        self._api = make_api(recording(self.seen))
        self._make_bridge = make_bridge

    def bridge(self, **settings: object) -> RunningGateway:
        return self._make_bridge(self._api.url, **{"trusted_proxies": (PROXY,), **settings})

    def ask(
        self,
        *fields: tuple[str, str],
        adds: tuple[str, ...] = X_FORWARDED,
        headers: tuple[str, ...] | None = None,
        target: str = "/x",
    ) -> RawAnswer:
        """Ask as a page would, through a proxy that adds these fields."""
        settings = {} if headers is None else {"trusted_proxy_headers": headers}
        bridge = self.bridge(**settings)
        with (
            front_proxy(bridge.port, *adds) as proxy,
            Client(proxy.port, source=PAGE) as client,
        ):
            client.send(request("GET", target, *fields))
            return client.read()

    def told(self, name: str) -> str:
        """Return the only field of this name that the API got in the last call."""
        lines = self.seen[-1].decode("latin-1").split("\r\n")
        (line,) = (line for line in lines if line.lower().startswith(f"{name.lower()}: "))
        return line.partition(": ")[2]


@pytest.fixture
def rig(make_api: MakeApi, make_bridge: MakeBridge) -> Rig:
    return Rig(make_api, make_bridge)


def test_28_a_page_that_comes_round_the_proxy_is_not_believed(rig: Rig) -> None:
    for headers in (("X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto"), ("Forwarded",)):
        bridge = rig.bridge(trusted_proxy_headers=headers)
        for target in ("/x", "/x?$xdr=1", "/x?$httpMethod=GET"):
            with bridge.connect(source=PAGE) as client:
                client.send(request("GET", target, *EVERYTHING))
                client.read()
            assert EVIL.encode() not in rig.seen[-1]
            assert rig.told("X-Forwarded-For") == PAGE
            assert rig.told("X-Forwarded-Proto") == "http"
            assert rig.told("X-Forwarded-Host") == "bridge.example"
    assert len(rig.seen) == 6


@pytest.mark.parametrize("target", ["/x", "/x?$xdr=1", "/x?$httpMethod=GET"])
def test_28_a_page_cannot_say_who_it_is_through_the_proxy(rig: Rig, target: str) -> None:
    rig.ask(*EVERYTHING, target=target)
    assert EVIL.encode() not in rig.seen[-1]
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"
    assert rig.told("X-Forwarded-Proto") == "http"
    assert rig.told("X-Forwarded-Host") == "bridge.example"
    assert rig.told("Forwarded") == (
        f"for={PAGE};host=bridge.example;proto=http, for={PROXY};host=bridge.example;proto=http"
    )


@pytest.mark.parametrize(
    "forged",
    [PROXY, f"{EVIL}, {PROXY}", "::1", f"::ffff:{PROXY}", f"[::ffff:{PROXY}]:1", "", ",", '"', "x"],
)
def test_28_a_page_cannot_pose_as_the_proxy(rig: Rig, forged: str) -> None:
    rig.ask(("X-Forwarded-For", forged))
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"


def test_28_a_list_in_the_same_line_is_no_better(rig: Rig) -> None:
    rig.ask(adds=(f"X-Forwarded-For: {EVIL}, {PROXY}, {{client}}",))
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"


def test_28_a_forwarded_that_the_proxy_passes_on_is_not_read(rig: Rig) -> None:
    rig.ask(("Forwarded", f"for={EVIL};host={EVIL};proto=https"))
    assert EVIL.encode() not in rig.seen[-1]
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"
    assert rig.told("X-Forwarded-Proto") == "http"


def test_28_an_x_forwarded_that_the_proxy_passes_on_is_not_read(rig: Rig) -> None:
    forged = [("X-Forwarded-For", EVIL), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", EVIL)]
    adds = ("Forwarded: for={client};proto=http",)
    rig.ask(*forged, adds=adds, headers=("Forwarded",))
    assert EVIL.encode() not in rig.seen[-1]
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"
    assert rig.told("X-Forwarded-Proto") == "http"


def test_28_a_host_that_the_proxy_passes_on_is_not_read(rig: Rig) -> None:
    rig.ask(("X-Forwarded-Host", EVIL))
    assert rig.told("X-Forwarded-Host") == "bridge.example"


def test_28_a_scheme_that_the_proxy_passes_on_is_not_read_where_it_is_not_said_to_set_it(
    rig: Rig,
) -> None:
    adds = ("X-Forwarded-For: {client}",)
    rig.ask(("X-Forwarded-Proto", "https"), adds=adds, headers=("X-Forwarded-For",))
    assert rig.told("X-Forwarded-Proto") == "http"


@pytest.mark.parametrize(
    "forged", ['for="', 'a="\\', "for=6.6.6.6, for=127.0.0.1", ";" * 100, "x", 'for="6.6.6.6', ","]
)
def test_28_a_forwarded_of_a_page_cannot_swallow_the_proxys(rig: Rig, forged: str) -> None:
    rig.ask(("Forwarded", forged), adds=("Forwarded: for={client}",), headers=("Forwarded",))
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"


@pytest.mark.parametrize("forged", ['for="', 'a="\\', 'for="6.6.6.6', 'a="b', "for=;x"])
def test_28_an_open_quote_before_the_proxys_word_is_refused(rig: Rig, forged: str) -> None:
    # As of a proxy that appends to the page's line without a look at it.
    adds = (f"Forwarded: {forged}, for={{client}};proto=http",)
    answer = rig.ask(adds=adds, headers=("Forwarded",))
    assert answer.code == "forwarded-malformed"
    assert rig.seen == []


def test_28_a_long_list_of_proxies_is_refused(rig: Rig) -> None:
    forged = ", ".join([PROXY] * 5000)
    # The page itself is at a trusted address.
    bridge = rig.bridge()
    answer = bridge.call("GET", "/x", ("X-Forwarded-For", forged))
    assert answer.code == "forwarded-malformed"
    assert rig.seen == []
    rig.ask(("X-Forwarded-For", forged))
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"


@pytest.mark.parametrize(
    "name", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host", "X_Forwarded_For", "Via"]
)
def test_6_a_tunnelled_call_says_nothing_of_who_asks(rig: Rig, name: str) -> None:
    bridge = rig.bridge()
    answer = bridge.tunnel(f"PUT /x XDR/1\r\n{name}: {EVIL}\r\n\r\n")
    assert answer.network_error == "header-forbidden"
    answer = bridge.call("POST", f"/x?$xdr=1&$httpHeaders={name}:{EVIL}%0D%0A", body=b"")
    assert answer.network_error == "header-forbidden"
    assert rig.seen == []


def test_8_connection_cannot_strip_who_asks(rig: Rig) -> None:
    names = "X-Forwarded-For, X-Forwarded-Proto, X-Forwarded-Host, Forwarded, Via, close"
    rig.ask(("Connection", names), ("Via", "1.1 front"))
    assert rig.told("X-Forwarded-For") == f"{PAGE}, {PROXY}"
    assert rig.told("X-Forwarded-Proto") == "http"
    assert rig.told("Via") == "1.1 front, 1.1 xdr-bridge"


@pytest.mark.parametrize("host", [f"a,for={EVIL}", f"a;for={EVIL};proto=https", f"a,{EVIL}:1"])
def test_31_a_host_cannot_add_to_forwarded(rig: Rig, host: str) -> None:
    bridge = rig.bridge()
    with bridge.connect(source=PAGE) as client:
        client.send(request("GET", "/x").replace(b"bridge.example", host.encode(), 1))
        assert client.read().status == 204
    assert rig.told("Forwarded") == f'for={PAGE};host="{host}";proto=http'
    assert rig.told("X-Forwarded-For") == PAGE


def test_31_a_page_cannot_choose_the_api_by_x_forwarded_host(
    make_api: MakeApi, make_bridge: MakeBridge
) -> None:
    seen: dict[str, list[bytes]] = {"a": [], "b": []}
    apis = [
        {"url": make_api(recording(kept)).url, "host": f"{name}.example", "allow_origins": ("*",)}
        for name, kept in seen.items()
    ]
    bridge = make_bridge(apis=tuple(apis), trusted_proxies=(PROXY,))
    with front_proxy(bridge.port, *X_FORWARDED) as proxy, Client(proxy.port) as client:
        data = request("GET", "/x", ("X-Forwarded-Host", "b.example"))
        client.send(data.replace(b"bridge.example", b"a.example", 1))
        assert client.read().status == 204
    assert (len(seen["a"]), len(seen["b"])) == (1, 0)
