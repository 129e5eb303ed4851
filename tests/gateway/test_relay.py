"""Relayed calls on sockets: cookies and log-ins go where Fetch's rules let them (Wire 9)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conftest import Logs
from tests.support.apis import scripted_api
from tests.support.clients import AnswerParser, RawAnswer, read_frame, request
from tests.support.gateways import RunningGateway
from tests.support.raw_api import Peer
from tests.support.relay import SHOP, SessionApi, ask, basic, basic_user, relayed

MakeBridge = Callable[..., RunningGateway]
COOKIE = ("Cookie", "sid=42")
POLICY = {
    "allow_origins": (SHOP,),
    "allow_credentials": True,
    "allow_headers": ("X-A", "Content-Type"),
}
AUTHORITIES = {"policy": POLICY, "api": {}}


@pytest.fixture
def sessions() -> Iterator[SessionApi]:
    api = SessionApi()
    with scripted_api(api) as running:
        api.url = running.url  # type: ignore[attr-defined]
        yield api


@pytest.fixture
def make(make_bridge: MakeBridge, sessions: SessionApi) -> MakeBridge:
    def start(authority: dict[str, object] | None = None, **settings: object) -> RunningGateway:
        return make_bridge(apis=({"url": sessions.url, **(authority or {})},), **settings)  # type: ignore[attr-defined]

    return start


@pytest.fixture(params=AUTHORITIES)
def bridge(request: pytest.FixtureRequest, make: MakeBridge) -> RunningGateway:
    return make(AUTHORITIES[request.param])


def relay(bridge: RunningGateway, *args: object, **more: object) -> RawAnswer:
    with bridge.connect() as client:
        answer = ask(client, *args, **more)
    # Nobody but the bridge's own page may read it.
    assert answer.cors() == {}
    return answer


def test_a_call_is_relayed_as_the_page_means_it(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    answer = relay(
        bridge, "POST /app/me?lang=de", headers="X-A: 1\r\nContent-Type: a/b\r\n", body="Käse"
    )
    frame = read_frame(answer)
    assert (answer.status, frame.status) == (200, 200)
    assert frame.get("XDR-URL") == "/app/me?lang=de"
    method, target, fields = sessions.taken[-1]
    assert (method, target) == ("POST", "/app/me?lang=de")
    assert fields["origin"] == SHOP
    assert (fields["x-a"], fields["content-type"]) == ("1", "a/b")
    assert not [name for name in fields if name.startswith("xdr-")]


def test_without_credentials_no_cookie_and_no_log_in_passes_either_way(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    answer = relay(bridge, "POST /app/log-in", COOKIE, basic("ann"))
    assert answer.all("set-cookie") == []
    assert "sid" not in answer.text
    answer = relay(bridge, "GET /app/closed", COOKIE, basic("ann"))
    assert (answer.status, read_frame(answer).status) == (200, 401)
    assert answer.all("www-authenticate") == []
    for _, _, fields in sessions.taken:
        assert not fields.keys() & {"cookie", "authorization"}


def test_with_credentials_cookies_go_through_and_never_into_the_frame(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    answer = relay(bridge, "POST /app/log-in", ("Cookie", "a=1"), ("Cookie", "b=2"), include=True)
    assert answer.all("set-cookie") == ["sid=42; Path=/app; HttpOnly", "theme=dark"]
    assert "set-cookie" not in answer.text.lower()
    assert sessions.taken[-1][2]["cookie"] == "a=1; b=2"
    assert read_frame(answer).get("XDR-Credentials") is None


def test_a_preflight_by_the_bridge_has_no_credentials(
    make: MakeBridge, sessions: SessionApi
) -> None:
    answer = relay(make(), "GET /app/me", COOKIE, basic("ann"), include=True, headers="X-A: 1\r\n")
    (asked, _, preflight), (_, _, call) = sessions.taken
    assert asked == "OPTIONS"
    assert not preflight.keys() & {"cookie", "authorization"}
    assert call["cookie"] == "sid=42"
    assert basic_user(call["authorization"]) == "ann"
    # What a preflight's answer says is for nobody.
    assert answer.all("set-cookie") == []


def test_a_policy_without_credentials_refuses_them(make: MakeBridge, sessions: SessionApi) -> None:
    bridge = make({"allow_origins": (SHOP,)})
    answer = relay(bridge, "POST /app/log-in", COOKIE, include=True)
    assert answer.network_error == "credentials-not-allowed"
    assert answer.all("set-cookie") == []
    assert sessions.taken == []
    assert read_frame(relay(bridge, "POST /app/log-in", COOKIE)).status == 200


@pytest.mark.parametrize("authority", [{"allow_origins": ("*",)}, {}], ids=["policy", "api"])
def test_what_is_for_anybody_is_for_nobody_with_credentials(
    make: MakeBridge, authority: dict[str, object]
) -> None:
    bridge = make(authority)
    answer = relay(bridge, "GET /app/anybody", COOKIE, include=True)
    assert answer.network_error == ("credentials-not-allowed" if authority else "cors-check-failed")
    assert answer.all("set-cookie") == []
    assert read_frame(relay(bridge, "GET /app/anybody")).status == 200


def test_an_api_that_does_not_answer_for_credentials_sets_no_cookie(make: MakeBridge) -> None:
    answer = relay(make(), "GET /app/stranger", COOKIE, basic("ann"), include=True)
    assert answer.network_error == "cors-check-failed"
    assert answer.all("set-cookie") == []


# Redirects ---------------------------------------------------------------------------------


def test_a_redirect_with_credentials_is_the_browsers(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    answer = relay(
        bridge, "POST /app/moved", COOKIE, include=True, headers="X-A: 1\r\n", body="once"
    )
    assert answer.all("set-cookie") == ["moved=1"]
    first, message = answer.text.split("\r\n", 1)
    assert first == "XDR/1 again"
    line, *headers = message.removesuffix("\r\n\r\n").split("\r\n")
    assert line == "GET /app/me?again=1 XDR/1"
    assert {"XDR-Credentials: include", "X-A: 1"} <= set(headers)
    assert not [one for one in headers if one.lower().startswith("content-")]
    # What the relay then sends is a call like any other.
    block = "".join(f"{one}\r\n" for one in headers)
    after = relay(bridge, "GET /app/me?again=1", ("Cookie", "sid=42; moved=1"), headers=block)
    assert read_frame(after).json["cookie"] == "sid=42; moved=1"


def test_a_redirect_without_credentials_is_the_bridges(bridge: RunningGateway) -> None:
    frame = read_frame(relay(bridge, "GET /app/moved", COOKIE))
    assert frame.get("XDR-URL") == "/app/me?again=1"
    assert "cookie" not in frame.json


def test_a_redirect_to_another_host_is_refused_and_not_told(
    bridge: RunningGateway, logs: Logs
) -> None:
    answer = relay(bridge, "GET /app/elsewhere", COOKIE, include=True)
    assert answer.network_error == "redirect-refused"
    assert "elsewhere.example" not in answer.text
    assert answer.all("set-cookie") == []
    logs.expect("redirect-refused")


# Logging in --------------------------------------------------------------------------------


def test_a_challenge_is_a_real_one_with_the_frame_as_its_body(bridge: RunningGateway) -> None:
    answer = relay(bridge, "GET /app/closed", include=True)
    assert (answer.status, answer.reason) == (401, "Unauthorized")
    assert answer.get("www-authenticate") == 'Basic realm="api"'
    assert answer.all("set-cookie") == ["asked=1"]
    assert answer.get("cache-control") == "no-store"
    assert read_frame(answer).status == 401
    answer = relay(bridge, "GET /app/closed", basic("ann"), include=True)
    assert answer.status == 200
    assert basic_user(read_frame(answer).json["authorization"]) == "ann"


def test_the_pages_own_authorization_wins(make: MakeBridge, sessions: SessionApi) -> None:
    bridge = make({**POLICY, "allow_headers": ("Authorization",)})
    relay(bridge, "GET /app/me", basic("ann"), include=True, headers="Authorization: Bearer x\r\n")
    assert sessions.taken[-1][2]["authorization"] == "Bearer x"


def test_a_challenge_of_an_api_that_lets_nobody_read_shows_nothing(make: MakeBridge) -> None:
    answer = relay(make(), "GET /app/stranger", include=True)
    assert answer.status == 401
    assert answer.get("www-authenticate") == 'Basic realm="api"'
    assert answer.all("set-cookie") == []
    assert answer.text.startswith("XDR/1 error cors-check-failed\r\n")


def test_twenty_users_at_once_by_basic_each_see_their_own_name(bridge: RunningGateway) -> None:
    def names(number: int) -> set[str]:
        user = f"user-{number}"
        seen = set()
        with bridge.connect() as client:
            assert ask(client, "GET /app/closed", include=True).status == 401
            for _ in range(5):
                answer = ask(client, "GET /app/closed", basic(user), include=True)
                seen.add(basic_user(read_frame(answer).json["authorization"]))
                # Without withCredentials the same browser is nobody.
                assert read_frame(ask(client, "GET /app/closed", basic(user))).status == 401
        return seen

    with ThreadPoolExecutor(20) as pool:
        assert list(pool.map(names, range(20))) == [{f"user-{n}"} for n in range(20)]


# What is refused ---------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["https://evil.test", "https://shop.example.evil.test"])
def test_a_page_that_is_not_allowed_gets_no_frame(
    make: MakeBridge, sessions: SessionApi, page: str
) -> None:
    answer = relay(make(POLICY), "GET /app/me", COOKIE, page=page, include=True)
    assert (answer.status, answer.code) == (403, "origin-not-allowed")
    assert sessions.taken == []


@pytest.mark.parametrize(
    "page",
    [None, "", "null", "https://shop.example/", "https://Shop.example", f"{SHOP}, {SHOP}", "*"],
)
@pytest.mark.parametrize("authority", [POLICY, {}, {"allow_origins": ("*",)}])
def test_no_page_or_none_that_is_well_formed(
    make: MakeBridge, sessions: SessionApi, page: str | None, authority: dict[str, object]
) -> None:
    answer = relay(make(authority), "GET /app/me", page=page)
    assert (answer.status, answer.code) == (400, "relay-malformed")
    assert sessions.taken == []


def test_a_second_page(bridge: RunningGateway, sessions: SessionApi) -> None:
    for second in (SHOP, "https://evil.test"):
        answer = relay(bridge, "GET /app/me", ("XDR-Page", second))
        assert (answer.status, answer.code) == (400, "relay-malformed")
    assert sessions.taken == []


@pytest.mark.parametrize("target", ["/app/me", "/app/me?$httpMethod=GET", "/xdr/snippet"])
def test_a_page_without_the_flag(bridge: RunningGateway, sessions: SessionApi, target: str) -> None:
    for method in ("GET", "POST", "DELETE"):
        answer = bridge.call(method, target, ("XDR-Page", SHOP), origin=SHOP)
        if method == "DELETE" and "$" in target:
            assert answer.status in (400, 405)
        else:
            assert (answer.status, answer.code) == (400, "relay-malformed"), method
    assert sessions.taken == []


@pytest.mark.parametrize("target", ["/app/me?$xdr=1", "/xdr/tunnel?$xdr=1"])
def test_a_page_in_another_tunnel_request(
    bridge: RunningGateway, sessions: SessionApi, target: str
) -> None:
    body = b"GET /app/me XDR/1\r\n\r\n"
    answer = bridge.call("POST", target, ("XDR-Page", SHOP), body=body)
    assert answer.network_error == "relay-malformed"
    assert sessions.taken == []


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"outer": "/app/you"}, "relay-malformed"),
        ({"outer": "/app"}, "relay-malformed"),
        ({"outer": "/app/%6De/"}, "relay-malformed"),
        ({"outer": "/app%2Fme"}, "relay-malformed"),
        ({"query": "$xdr=1,relay&a=1"}, "relay-malformed"),
        ({"query": "$xdr=1,relay&$httpMethod=PUT"}, "relay-malformed"),
        ({"query": "$xdr=1,relay&$xdr=1"}, "tunnel-malformed"),
        ({"query": "$xdr=2,relay"}, "unsupported-version"),
        ({"query": "$xdr=1,relay,more"}, "unsupported-version"),
        ({"headers": "XDR-Credentials: omit\r\n"}, "relay-malformed"),
        ({"headers": "XDR-Credentials: include\r\n", "include": True}, "relay-malformed"),
        ({"headers": "XDR_Credentials: include\r\n"}, "header-forbidden"),
        ({"headers": "XDR-Page: https://evil.test\r\n"}, "header-forbidden"),
        ({"headers": "Cookie: sid=1\r\n", "include": True}, "header-forbidden"),
        ({"headers": "X-B: 1\r\n"}, "header-not-allowed"),
    ],
)
def test_what_is_malformed_is_told_to_the_page(
    make: MakeBridge, sessions: SessionApi, more: dict[str, object], code: str
) -> None:
    assert relay(make(POLICY), "GET /app/me", COOKIE, **more).network_error == code
    assert sessions.taken == []


@pytest.mark.parametrize("outer", ["/app/%6De", "/app/./me", "/app/x/../me"])
def test_the_same_path_in_another_spelling(bridge: RunningGateway, outer: str) -> None:
    assert read_frame(relay(bridge, "GET /app/me", outer=outer)).status == 200


@pytest.mark.parametrize("query", ["%24xdr=1%2Crelay", "$xdr=1%2c%72elay", "$xdr=1,base64,relay"])
def test_the_flag_in_another_spelling_is_the_flag(bridge: RunningGateway, query: str) -> None:
    assert "200 As Such" in relay(bridge, "GET /app/me", query=query).text
    assert relay(bridge, "GET /app/me", query=query, page=None).code == "relay-malformed"


def test_the_bridges_own_pages_are_not_relayed(bridge: RunningGateway) -> None:
    answer = relay(bridge, "GET /xdr/relay.html")
    assert answer.network_error == "target-not-bridged"


def test_switched_off(make: MakeBridge, sessions: SessionApi) -> None:
    answer = relay(make(POLICY, relay=False), "GET /app/me", COOKIE)
    assert answer.network_error == "relay-off"
    assert sessions.taken == []


# Attacks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "relay"])
def test_csrf_by_another_verb(bridge: RunningGateway, sessions: SessionApi, method: str) -> None:
    message = relayed("DELETE /app/me", COOKIE, method=method, include=True)
    answer = bridge.ask(message, method)
    assert answer.status in (200, 403, 405)
    if method == "HEAD":
        assert answer.status == 200  # a frame, without its body
    elif answer.status == 200:
        assert answer.network_error == "outer-method"
    assert sessions.taken == []


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None]
)
@pytest.mark.parametrize("origin", [SHOP, "https://evil.test", "null"])
def test_csrf_by_a_form(
    bridge: RunningGateway, sessions: SessionApi, kind: str | None, origin: str
) -> None:
    # A form cannot set XDR-Page, whatever it is in.
    body = b"DELETE /app/me XDR/1\r\nXDR-Credentials: include\r\nXDR-Page: https://shop.example\r\n\r\n"
    fields = [COOKIE] if kind is None else [COOKIE, ("Content-Type", kind)]
    for target in ("/app/me?$xdr=1,relay", "/app/me?$xdr=1,relay&XDR-Page=https://shop.example"):
        answer = bridge.call("POST", target, *fields, body=body, origin=origin)
        assert (answer.status, answer.code) == (400, "relay-malformed")
    assert sessions.taken == []


def test_csrf_by_a_form_in_the_frames_own_name(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    for kind in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "a/b"):
        raw = relayed("DELETE /app/me", COOKIE, include=True)
        answer = bridge.ask(raw.replace(b"text/plain;charset=UTF-8", kind.encode()))
        assert answer.network_error == "outer-content-type"
    assert sessions.taken == []


@pytest.mark.parametrize(
    "asked",
    [
        "xdr-page",
        "XDR-Page",
        "x-a,xdr-page",
        "x-a, XDR-Credentials",
        "xdr_page",
        "xdr-anything",
        " \txdr-page",
    ],
)
@pytest.mark.parametrize("authority", [POLICY, {}, {"allow_origins": ("*",)}])
@pytest.mark.parametrize("target", ["/app/me", "/app/me?$xdr=1,relay", "/xdr/tunnel", "*"])
def test_no_preflight_allows_a_name_of_ours(
    make: MakeBridge,
    sessions: SessionApi,
    asked: str,
    authority: dict[str, object],
    target: str,
) -> None:
    bridge = make(authority)
    answer = bridge.call(
        "OPTIONS",
        target,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", asked),
    )
    assert (answer.status, answer.code) == (403, "header-forbidden")
    assert answer.cors() == {}
    two = bridge.call(
        "OPTIONS",
        target,
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-a"),
        ("Access-Control-Request-Headers", asked),
    )
    assert (two.status, two.cors()) == (403, {})
    assert sessions.taken == []


@pytest.mark.parametrize(
    "query", ["$xdr=1,relay", "%24xdr=1%2Crelay", "a=1&$xdr=1&$xdr=1,relay", "$xdr=9,%72elay"]
)
def test_no_preflight_is_answered_about_a_relayed_request(
    bridge: RunningGateway, sessions: SessionApi, query: str
) -> None:
    # Chromium would remember a `*` of the API's for this URL, and ask no more.
    answer = bridge.call(
        "OPTIONS",
        f"/app/me?{query}",
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "x-a"),
    )
    assert (answer.status, answer.code) == (403, "relay-not-same-origin")
    assert answer.cors() == {}
    assert sessions.taken == []


@pytest.mark.parametrize(
    "fields",
    [
        [("Origin", "https://evil.test")],
        [("Origin", SHOP)],
        [("Origin", "null")],
        [("Origin", "http://localhost:1")],
        [("Origin", "https://localhost")],
        [("Origin", "http://localhost"), ("Origin", "http://localhost")],
        [("Sec-Fetch-Site", "cross-site")],
        [("Sec-Fetch-Site", "same-site")],
        [("Sec-Fetch-Site", "none")],
        [("Sec-Fetch-Site", "same-origin, cross-site")],
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "https://evil.test")],
        [("Sec-Fetch-Site", "same-site"), ("Origin", "http://localhost")],
    ],
)
def test_what_disagrees_that_it_is_same_origin(
    bridge: RunningGateway, sessions: SessionApi, fields: list[tuple[str, str]]
) -> None:
    answer = relay(bridge, "DELETE /app/me", COOKIE, *fields, include=True)
    assert answer.network_error == "relay-not-same-origin"
    assert sessions.taken == []


@pytest.mark.parametrize(
    "fields",
    [
        [("Origin", "http://localhost")],
        [("Sec-Fetch-Site", "same-origin")],
        [("Sec-Fetch-Site", "same-origin"), ("Origin", "http://localhost")],
    ],
)
def test_what_agrees_that_it_is_same_origin(
    bridge: RunningGateway, fields: list[tuple[str, str]]
) -> None:
    assert read_frame(relay(bridge, "GET /app/me", *fields)).status == 200


def test_a_public_origin_agrees(make: MakeBridge) -> None:
    bridge = make({**POLICY, "public_origins": ("https://api.example",)})
    for origin, allowed in (("https://api.example", True), ("https://b.example", False)):
        answer = relay(bridge, "GET /app/me", ("Origin", origin), host="api.example")
        assert answer.text.startswith("HTTP/1.1 200 ") is allowed


def test_a_trusted_proxy_tells_how_the_bridge_was_asked(make: MakeBridge) -> None:
    bridge = make(POLICY, trusted_proxies=("127.0.0.1",), published_hosts=("api.example",))
    secure = ("X-Forwarded-Proto", "https"), ("Origin", "https://api.example")
    answer = relay(bridge, "GET /app/me", *secure, host="api.example")
    assert read_frame(answer).status == 200
    answer = relay(bridge, "GET /app/me", secure[1], host="api.example")
    assert answer.network_error == "relay-not-same-origin"


def test_dns_rebinding(make: MakeBridge, sessions: SessionApi) -> None:
    rebound = ("Origin", "http://evil.test"), ("Sec-Fetch-Site", "same-origin")
    # Nobody has said how the bridge is called: then it is not called by any name.
    answer = relay(make(POLICY), "GET /app/me", *rebound, host="evil.test", include=True)
    assert answer.network_error == "relay-not-same-origin"
    assert "--published-host" in answer.text
    known = make(POLICY, published_hosts=("api.example",))
    answer = relay(known, "GET /app/me", *rebound, host="evil.test", include=True)
    assert (answer.status, answer.code) == (421, "misdirected-request")
    assert sessions.taken == []
    for host in ("api.example", "API.EXAMPLE:8780", "127.0.0.1", "[::1]:8780", "localhost"):
        assert read_frame(relay(known, "GET /app/me", host=host)).status == 200
    anything = make(POLICY, published_hosts=("*",))
    assert read_frame(relay(anything, "GET /app/me", host="any.example")).status == 200


def test_an_xdomainrequest_or_an_image_cannot_be_relayed(
    bridge: RunningGateway, sessions: SessionApi
) -> None:
    for method, body in (("POST", b"DELETE /app/me XDR/1\r\n\r\n"), ("GET", None)):
        answer = bridge.ask(request(method, "/app/me?$xdr=1,relay", COOKIE, body=body))
        assert (answer.status, answer.code) == (400, "relay-malformed")
    assert sessions.taken == []


def test_credentials_are_for_the_relay_only(bridge: RunningGateway, sessions: SessionApi) -> None:
    answer = bridge.tunnel("GET /app/me XDR/1\r\nXDR-Credentials: include\r\n\r\n")
    assert answer.network_error == "header-forbidden"
    answer = bridge.call("GET", "/app/me?$xdr=1&$httpHeaders=XDR-Credentials:include")
    assert answer.network_error == "header-forbidden"
    assert sessions.taken == []


def test_a_redirect_with_credentials_past_a_policy_is_refused(
    make: MakeBridge, sessions: SessionApi, logs: Logs
) -> None:
    closed = {"prefix": "/app/me", "allow_origins": ("https://admin.example",)}
    answer = relay(make({**POLICY, "paths": (closed,)}), "GET /app/moved", COOKIE, include=True)
    assert answer.network_error == "redirect-refused"
    assert answer.all("set-cookie") == []
    assert [target for _, target, _ in sessions.taken] == ["/app/moved"]
    logs.expect("redirect-refused")


def test_nothing_is_said_before_the_apis_head_which_may_hold_cookies(
    make_bridge: MakeBridge,
) -> None:
    go_on = asyncio.Event()

    async def script(peer: Peer) -> None:
        await peer.head()
        await go_on.wait()
        await peer.send(b"HTTP/1.1 201 As Such\r\nSet-Cookie: sid=42\r\nContent-Length: 0\r\n\r\n")

    with scripted_api(script) as api:
        policy = {"allow_origins": (SHOP,), "allow_credentials": True}
        # Looks at its connections often.
        bridge = make_bridge(api.url, **policy, request_seconds=0.4)
        bridge.gateway.beat_seconds = 0.0
        with bridge.connect() as client, bridge.connect() as other:
            client.send(relayed("GET /slow", include=True))
            other.send(relayed("GET /slow"))
            # The same call without credentials has shown several times that it lives.
            parser = AnswerParser("POST")
            while not parser.body.startswith(b" " * 2048 + b"\r\n  "):
                parser.feed(other.socket.recv(65536))
            api.thread.loop.call_soon_threadsafe(go_on.set)
            answer = client.read("POST")
        assert answer.all("set-cookie") == ["sid=42"]
        assert answer.text.startswith("HTTP/1.1 201 ")
