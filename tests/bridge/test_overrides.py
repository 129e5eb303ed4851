"""A method in a field is a method: it is judged as one, by every door."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bridge.test_conversation import SHOP, answer, ask, bridge
from xdr_bridge.bridge.steps import Forward, Reply
from xdr_bridge.http.errors import Code, ConfigError

NAMES = ["X-HTTP-Method-Override", "x-http-method", "X-Method-Override"]
PAGE = ("Origin", SHOP)


def reads_and_posts(**settings: Any) -> Any:
    return bridge(allow_methods=("GET", "POST"), **settings)


def code_of(step: Reply | Forward) -> Code | None:
    return step.refusal.code if isinstance(step, Reply) and step.refusal is not None else None


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["DELETE", "delete", "GET, PUT", "patch"])
def test_an_override_that_the_policy_does_not_allow_is_refused(name: str, value: str) -> None:
    native = ask(reads_and_posts(), "POST", "/x", PAGE, (name, value))
    assert code_of(native) is Code.METHOD_NOT_ALLOWED
    read = ask(reads_and_posts(), "GET", "/x", PAGE, (name, value))
    assert code_of(read) is Code.METHOD_NOT_ALLOWED, "a GET that changes something"
    message = f"POST /x HTTP/1.1\r\n{name}: {value}\r\n\r\n".encode()
    tunnelled = ask(reads_and_posts(), "POST", "/xdr/tunnel?$xdr=1", PAGE, body=message)
    assert code_of(tunnelled) is Code.METHOD_NOT_ALLOWED


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["DELETE", "patch", "Post", ""])
def test_one_that_it_allows_passes(name: str, value: str) -> None:
    assert isinstance(ask(bridge(), "POST", "/x", PAGE, (name, value)), Forward)
    message = f"POST /x HTTP/1.1\r\n{name}: {value}\r\n\r\n".encode()
    step = ask(bridge(), "POST", "/xdr/tunnel?$xdr=1", PAGE, body=message)
    assert isinstance(step, Forward)
    assert step.call.headers.get(name) == value


def test_who_is_no_page_says_what_he_likes() -> None:
    step = ask(reads_and_posts(), "POST", "/x", (NAMES[0], "DELETE"))
    assert isinstance(step, Forward)


def test_a_foreign_page_changes_nothing_by_a_read() -> None:
    foreign = ("Origin", "https://evil.test")
    assert isinstance(ask(bridge(), "GET", "/x", foreign), Forward)
    step = ask(bridge(), "GET", "/x", foreign, (NAMES[0], "DELETE"))
    assert code_of(step) is Code.ORIGIN_NOT_ALLOWED


@pytest.mark.parametrize("name", [*NAMES, "X_HTTP_Method"])
def test_over_get_nothing_is_changed_by_a_field(name: str) -> None:
    allowed = bridge(allow_headers=("*", "X_HTTP_Method"))
    step = ask(allowed, "GET", f"/x?$xdr=1&$httpHeaders={name}:DELETE", PAGE)
    assert code_of(step) is Code.GET_IS_READ_ONLY
    assert isinstance(ask(allowed, "GET", f"/x?$xdr=1&$httpHeaders={name}:HEAD", PAGE), Forward)


# Names with an underscore: what WSGI and CGI fold. ----------------------------------------------


@pytest.mark.parametrize("listed", [("api_key",), ("*", "api_key")])
def test_a_name_with_an_underscore_passes_where_it_is_listed(listed: tuple[str, ...]) -> None:
    one = bridge(allow_headers=listed)
    preflight = ask(
        one,
        "OPTIONS",
        "/x",
        PAGE,
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "api_key"),
    )
    assert answer(one, preflight).status == 204
    assert isinstance(ask(one, "GET", "/x?$xdr=1&$httpHeaders=api_key:1", PAGE), Forward)
    native = ask(one, "GET", "/x", PAGE, ("api_key", "1"))
    assert isinstance(native, Forward)
    assert native.call.headers.get("api_key") == "1"


def test_everything_does_not_cover_an_underscore() -> None:
    one = bridge()
    preflight = ask(
        one,
        "OPTIONS",
        "/x",
        PAGE,
        ("Access-Control-Request-Method", "GET"),
        ("Access-Control-Request-Headers", "api_key"),
    )
    assert code_of(preflight) is Code.HEADER_NOT_ALLOWED
    step = ask(one, "GET", "/x?$xdr=1&$httpHeaders=api_key:1", PAGE)
    assert code_of(step) is Code.HEADER_NOT_ALLOWED
    assert isinstance(step, Reply)
    assert "because of its underscore" in step.body.decode()


@pytest.mark.parametrize("name", ["X_Forwarded_For", "Content_Length", "client_ip", "XDR_URL"])
def test_no_policy_lets_a_folded_name_in(name: str) -> None:
    with pytest.raises(ConfigError, match="can never be set by a page"):
        bridge(allow_headers=(name,))
    step = ask(bridge(), "GET", f"/x?$xdr=1&$httpHeaders={name}:1", PAGE)
    assert code_of(step) is Code.HEADER_FORBIDDEN


# Further names that only proxies may set --------------------------------------------------------


def test_a_further_forwarding_name_is_taken_from_no_page() -> None:
    one = bridge(forwarding_headers=("X-Company-User",))
    for name in ("X-Company-User", "x_company_user"):
        step = ask(one, "GET", f"/x?$xdr=1&$httpHeaders={name}:eve", PAGE)
        assert code_of(step) in (Code.HEADER_FORBIDDEN, Code.HEADER_NOT_ALLOWED)
        native = ask(one, "GET", "/x", PAGE, (name, "eve"))
        assert isinstance(native, Forward)
        assert name not in native.call.headers
    asked = ("Access-Control-Request-Method", "GET")
    names = ("Access-Control-Request-Headers", "x-company-user")
    assert code_of(ask(one, "OPTIONS", "/x", PAGE, asked, names)) is Code.HEADER_FORBIDDEN


@pytest.mark.parametrize("proxy", ["1.2.3.4", "1.2.3.5"])
def test_what_a_trusted_proxy_sets_goes_along_natively(proxy: str) -> None:
    one = bridge(
        trusted_proxies=(proxy,),
        trusted_proxy_headers=("X-Forwarded-For", "remote-user", "X-Company-User"),
        forwarding_headers=("X-Company-User",),
    )
    said = (("Remote-User", "eve"), ("X-Company-User", "eve"), ("Client-IP", "10.0.0.9"))
    native = ask(one, "GET", "/x", PAGE, *said)
    assert isinstance(native, Forward)
    # Who asks here is 1.2.3.4.
    passed = [name for name, _ in said if name in native.call.headers]
    assert passed == (["Remote-User", "X-Company-User"] if proxy == "1.2.3.4" else [])
    framed = ask(one, "GET", "/x?$xdr=1", PAGE, *said)
    assert isinstance(framed, Forward)
    assert not [name for name, _ in said if name in framed.call.headers]
