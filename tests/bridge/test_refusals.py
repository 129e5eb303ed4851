"""What the bridge says itself can be read by every page that is allowed, whatever it refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bridge.test_conversation import EVIL, SHOP, ask, bridge
from tests.bridge.test_routes import bridge as several
from tests.bridge.test_routes import code_of, says, tunnelled
from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Answer, Forward, Reply
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import Code, RequestError, UpstreamError
from xdr_bridge.http.messages import Headers, Pair, RequestHead

API = "http://127.0.0.1:9000"
PAGE = ("Origin", SHOP)
ALLOW = "Access-Control-Allow-Origin"


def api_decides() -> Bridge:
    return Settings(api=API).build_bridge()


def two_routes() -> Bridge:
    return several(
        {"url": API, "path": "/a", "allow_origins": ("https://other.example",)},
        {"url": API, "path": "/b", "allow_origins": (SHOP,), "allow_credentials": True},
    )


REFUSED = {
    "target-malformed": ("GET", "//x"),
    "target-escapes": ("GET", "/../x"),
    "url-too-long": ("GET", "/" + "a" * 17_000),
    "method-forbidden": ("TRACE", "/b"),
    "method-not-allowed": ("BREW", "/b"),
    "not-found": ("GET", "/xdr/nothing"),
    "upgrade-not-supported": ("GET", "/b"),
    "tunnel-malformed": ("GET", "/b?$ct=1&$ct=2"),
}


@pytest.mark.parametrize("code", REFUSED)
@pytest.mark.parametrize("make", [bridge, two_routes, api_decides])
def test_an_allowed_page_reads_every_refusal(make: Any, code: str) -> None:
    if code == "method-not-allowed" and make is api_decides:
        return
    method, target = REFUSED[code]
    more = (("Upgrade", "websocket"),) if code == "upgrade-not-supported" else ()
    step = ask(make(), method, target, PAGE, *more)
    assert isinstance(step, Reply)
    assert code_of(step) == code
    assert step.head.status >= 400
    assert step.head.headers.get_all(ALLOW) == [SHOP]
    assert "Origin" in (step.head.headers.get("Vary") or "")


@pytest.mark.parametrize("code", REFUSED)
def test_no_other_page_does(code: str) -> None:
    method, target = REFUSED[code]
    for origin in ((("Origin", EVIL),), (("Origin", SHOP),) * 2, ()):
        step = ask(bridge(), method, target, *origin)
        if isinstance(step, Reply):
            assert ALLOW not in step.head.headers
            assert step.head.headers.get("Vary") == "Origin"


def test_one_that_sends_cookies_does_too() -> None:
    step = ask(two_routes(), "GET", "//x", PAGE)
    assert isinstance(step, Reply)
    assert step.head.headers.get("Access-Control-Allow-Credentials") == "true"


def test_under_api_authority_a_failure_can_be_read() -> None:
    one = api_decides()
    step = ask(one, "GET", "/x", PAGE)
    assert isinstance(step, Forward)
    failed = one.fail(step, UpstreamError(Code.UPSTREAM_TIMEOUT, "late"))
    assert failed.head.headers.get(ALLOW) == SHOP
    # What the API says is still the API's.
    answered = says(one, step, 200)
    assert isinstance(answered, Answer)
    assert ALLOW not in answered.head.headers


def test_what_an_edge_cannot_read_and_our_mistakes_can_be_read() -> None:
    one = bridge()
    head = RequestHead("GET", "/x", Headers([("Host", "b"), PAGE]))
    assert one.internal_error(head=head).head.headers.get(ALLOW) == SHOP
    error = one.refuse
    malformed = RequestError(Code.HTTP_MALFORMED, "no")
    assert error(malformed, [SHOP]).head.headers.get(ALLOW) == SHOP
    assert ALLOW not in error(malformed, [EVIL]).head.headers
    assert ALLOW not in error(malformed).head.headers


# What browsers send -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["user=CORP\\jdoe", "q=K\xe4se", "[1]|{2}'\"<>^`", "\\", "\xff\x80"]
)
@pytest.mark.parametrize("make", [bridge, api_decides])
def test_a_query_passes_as_a_browser_sends_it(make: Any, query: str) -> None:
    step = ask(make(), "GET", f"/x?{query}", PAGE)
    assert isinstance(step, Forward)
    assert step.call.target == f"/x?{query}"
    step = ask(make(), "GET", f"/x?{query}&$xdr=1", PAGE)
    assert isinstance(step, Forward)
    assert step.call.target == f"/x?{query}"


@pytest.mark.parametrize("target", ["/a\\b?c", "/K\xe4se?c", "/x?a#b", "/x?a b", "/x?\x7f"])
def test_a_path_is_held_to_its_rules(target: str) -> None:
    assert code_of(ask(bridge(), "GET", target, PAGE)) is Code.TARGET_MALFORMED


def test_the_url_in_a_frame_is_one() -> None:
    one = bridge()
    step = ask(one, "GET", "/x?q=K\xe4se&$xdr=1", PAGE)
    answered = says(one, step, 200, ("Content-Type", "text/plain"))
    assert b"XDR-URL: /x?q=K%E4se\r\n" in answered.writer.write(b"x") + answered.writer.end()


@pytest.mark.parametrize("url", ["http://b/x?a", "HTTP://B/x?a", "https://b/x?a"])
def test_an_absolute_target_for_our_host_is_answered(url: str) -> None:
    step = ask(bridge(), "GET", url, PAGE)
    assert isinstance(step, Forward)
    assert step.call.target == "/x?a"
    step = ask(bridge(), "GET", url + "&$xdr=1", PAGE)
    assert isinstance(step, Forward)
    assert step.framed


@pytest.mark.parametrize(
    ("url", "target"), [("http://b", "/"), ("http://b?a", "/?a"), ("http://b/a/../c", "/c")]
)
def test_an_absolute_target_is_completed(url: str, target: str) -> None:
    step = ask(bridge(), "GET", url)
    assert isinstance(step, Forward)
    assert step.call.target == target


@pytest.mark.parametrize(
    "url", ["http://c/x", "http://b:80/x", "http://u@b/x", "ftp://b/x", "http:/b/x", "http://b//x"]
)
def test_one_for_another_host_is_not(url: str) -> None:
    assert code_of(ask(bridge(), "GET", url)) is Code.TARGET_MALFORMED


@pytest.mark.parametrize("target", ["*", "http://b"])
def test_options_about_the_server_are_answered(target: str) -> None:
    step = ask(bridge(), "OPTIONS", target)
    assert isinstance(step, Reply)
    assert (step.head.status, step.body, step.refusal) == (204, b"", None)
    assert code_of(ask(bridge(), "GET", "*")) is Code.TARGET_MALFORMED


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_everybody_is_everybody(method: str) -> None:
    """One rule for `null` under `*`, by every door."""
    one = bridge(allow_origins=("*",))
    null = ("Origin", "null")
    native = ask(one, method, "/x", null)
    assert isinstance(native, Forward)
    assert (ALLOW, "*") in native.fields
    asked = ("Access-Control-Request-Method", method)
    preflight = ask(one, "OPTIONS", "/x", null, asked)
    assert isinstance(preflight, Reply)
    assert preflight.head.status == 204
    framed = tunnelled(one, method, "/x", null)
    assert isinstance(framed, Forward)
    assert (ALLOW, "*") in framed.fields
    assert code_of(tunnelled(bridge(), method, "/x", null)) is Code.ORIGIN_NOT_ALLOWED


def test_a_preflight_may_ask_for_as_many_names_as_a_call_may_set() -> None:
    one = bridge()
    names = [f"x-{number:059}" for number in range(100)]
    asked = ("Access-Control-Request-Method", "GET")
    fields = ("Access-Control-Request-Headers", ",".join(names))
    step = ask(one, "OPTIONS", "/x", PAGE, asked, fields)
    assert isinstance(step, Reply)
    assert step.head.status == 204
    lines = "".join(f"{name}: 1\r\n" for name in names)
    body = f"GET /x HTTP/1.1\r\n{lines}\r\n".encode()
    assert isinstance(ask(one, "POST", "/xdr/tunnel?$xdr=1", PAGE, body=body), Forward)
    beyond = ("Access-Control-Request-Headers", ",".join([*names, "x"]))
    assert code_of(ask(one, "OPTIONS", "/x", PAGE, asked, beyond)) is Code.HEADER_NOT_ALLOWED


def test_an_unframed_answer_after_a_redirect_is_for_the_page_that_asked() -> None:
    one = several({"url": API, "path": "/a"}, {"url": "http://127.0.0.1:9001", "path": "/b"})
    step = ask(one, "GET", "/a/x?$httpHeaders=", PAGE)
    location = ("Location", "http://127.0.0.1:9001/y")
    step = says(one, step, 302, location, (ALLOW, SHOP))
    assert isinstance(step, Forward)
    assert step.call.headers.get("Origin") == "null"
    answered = says(one, step, 200, (ALLOW, "null"), ("Vary", "Accept"))
    assert answered.head.headers.get_all(ALLOW) == [SHOP]
    assert answered.head.headers.get("Vary") == "Accept, Origin"


# What the browser says of itself ----------------------------------------------------------------

OWN = (("User-Agent", "Mozilla/5.0 (MSIE 9.0)"), ("Accept-Language", "de-DE"))


@pytest.mark.parametrize("make", [bridge, api_decides])
def test_the_browsers_own_fields_go_along(make: Any) -> None:
    one = make()
    step = tunnelled(one, "PUT", "/x", PAGE, *OWN)
    permit = ((ALLOW, SHOP), ("Access-Control-Allow-Methods", "PUT"))
    for _ in range(2 if make is api_decides else 1):
        assert isinstance(step, Forward)
        for name, value in OWN:
            assert step.call.headers.get_all(name) == [value]
        step = says(one, step, 200, *permit)


def test_what_the_call_says_another_way_counts() -> None:
    body = b"GET /x HTTP/1.1\r\naccept-language: fr\r\n\r\n"
    step = ask(bridge(), "POST", "/xdr/tunnel?$xdr=1", PAGE, *OWN, body=body)
    assert isinstance(step, Forward)
    assert step.call.headers.get_all("Accept-Language") == ["fr"]
    assert step.call.headers.get_all("User-Agent") == [OWN[0][1]]
    native = ask(bridge(), "GET", "/x", PAGE, *OWN)
    assert isinstance(native, Forward)
    assert native.call.headers.get_all("User-Agent") == [OWN[0][1]]


# Hosts ------------------------------------------------------------------------------------------


def asked_at(one: Bridge, host: str, target: str = "/x", *fields: Pair) -> Any:
    headers = Headers([("Host", host), *fields])
    return one.receive(RequestHead("GET", target, headers, client="10.0.0.1"))


KNOWN = {"public_origins": ("https://api.example",)}


@pytest.mark.parametrize("target", ["/x", "/x?$xdr=1", "/xdr/xdr-bridge.js", "//x", "*"])
@pytest.mark.parametrize("fields", [(), (PAGE,)])
def test_a_name_that_is_not_ours_is_answered_nothing(target: str, fields: Any) -> None:
    for one in (bridge(**KNOWN), Settings(api=API, **KNOWN).build_bridge()):
        step = asked_at(one, "evil.example", target, *fields)
        assert code_of(step) is Code.MISDIRECTED_REQUEST
        assert step.head.status == 421
        assert ALLOW not in step.head.headers
    assert code_of(asked_at(bridge(), "evil.example", "/x")) is None, "nothing is known"


@pytest.mark.parametrize(
    "host",
    ["api.example", "API.example:443", "api.example.", "127.0.0.1:8780", "[::1]:8780", "localhost"],
)
def test_our_names_and_addresses_are_ours(host: str) -> None:
    assert isinstance(asked_at(bridge(**KNOWN), host), Forward)


def test_names_can_be_added_and_the_check_be_given_up() -> None:
    named = bridge(published_hosts=("intern",))
    assert isinstance(asked_at(named, "intern:8780"), Forward)
    assert code_of(asked_at(named, "other")) is Code.MISDIRECTED_REQUEST
    assert isinstance(asked_at(bridge(**KNOWN, published_hosts=("intern",)), "intern"), Forward)
    assert isinstance(asked_at(bridge(**KNOWN, published_hosts=("*",)), "evil.example"), Forward)
    hosts = several({"url": API, "host": "a.example"}, {"url": API, "host": "b.example"})
    assert isinstance(asked_at(hosts, "b.example"), Forward)
    assert code_of(asked_at(hosts, "c.example")) is Code.MISDIRECTED_REQUEST


def test_a_trusted_proxy_says_which_name_was_asked() -> None:
    one = bridge(
        **KNOWN,
        trusted_proxies=("10.0.0.1",),
        trusted_proxy_headers=("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host"),
    )
    assert isinstance(asked_at(one, "inner", "/x", ("X-Forwarded-Host", "api.example")), Forward)
    evil = asked_at(one, "api.example", "/x", ("X-Forwarded-Host", "evil.example"))
    assert code_of(evil) is Code.MISDIRECTED_REQUEST
