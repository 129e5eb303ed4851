"""One call in the browser's place: conversations as tables, request out, response in."""

from __future__ import annotations

import pytest

from tests.support.fetches import (
    NOTES,
    PAGE,
    REACH,
    STOCK,
    Conversation,
    answer,
    call,
    converse,
    permit,
    redirect,
    refusal,
)
from xdr_bridge.cors.fetching import Browser, Done, NetworkError
from xdr_bridge.cors.preflights import PreflightCache
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code
from xdr_bridge.http.messages import Headers
from xdr_bridge.tunnel.decoding import Call


def test_a_simple_call_goes_out_with_the_pages_origin() -> None:
    talk = converse(call("GET", "/items?a"), answer())
    assert talk.lines == ["GET http://notes.internal:9000/items?a"]
    assert isinstance(talk.end, Done)
    asked = Headers(talk.asks[0].headers)
    assert asked == Headers([("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Origin", PAGE)])


@pytest.mark.parametrize(
    ("asked", "preflighted"),
    [
        pytest.param(call("GET"), False, id="GET"),
        pytest.param(call("HEAD"), False, id="HEAD"),
        pytest.param(call("POST", "/", body=b"a"), False, id="POST"),
        pytest.param(call("PUT"), True, id="PUT"),
        pytest.param(call("OPTIONS"), True, id="OPTIONS"),
        pytest.param(call("get!"), True, id="a method of one's own"),
        pytest.param(call("POST", "/", ("Content-Type", "text/plain")), False, id="text"),
        pytest.param(call("POST", "/", ("Content-Type", "application/json")), True, id="JSON"),
        pytest.param(call("GET", "/", ("Authorization", "a")), True, id="Authorization"),
        pytest.param(call("GET", "/", *[("Accept", "a" * 128)] * 8), False, id="1,024 bytes"),
        pytest.param(
            call("GET", "/", *[("Accept", "a" * 128)] * 8, ("Accept-Language", "a")),
            True,
            id="1,025 bytes",
        ),
        pytest.param(
            call("GET", "/", *[("Accept-Language", "a" * 127)] * 8, ("Range", "bytes=0-")),
            True,
            id="1,024 bytes and the Accept that a browser adds",
        ),
    ],
)
def test_when_a_preflight_is_due(asked: Call, preflighted: bool) -> None:
    ask = converse(asked).asks[0]
    assert ask.is_preflight is preflighted
    assert (ask.method, ask.body) == (
        ("OPTIONS", b"") if preflighted else (asked.method, asked.body)
    )


def test_a_preflight_names_method_and_unsafe_headers_and_carries_nothing_else() -> None:
    asked = call("PUT", "/a", ("X-B", "secret"), ("Authorization", "s"), ("Accept", "a/b"))
    (ask,) = converse(asked).asks
    assert sorted(ask.headers) == [
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
        ("Access-Control-Request-Headers", "authorization,x-b"),
        ("Access-Control-Request-Method", "PUT"),
        ("Origin", PAGE),
    ]


def test_the_call_after_its_preflight_is_what_the_page_made() -> None:
    asked = call("PUT", "/a", ("X-B", "1"), ("Accept", "a/b"), body=b"body")
    talk = converse(asked, permit("PUT", "x-b"), answer(201))
    assert talk.asks[1].headers == (
        ("X-B", "1"),
        ("Accept", "a/b"),
        ("Accept-Encoding", "identity"),
        ("Origin", PAGE),
    )
    assert talk.asks[1].body == b"body"
    assert isinstance(talk.end, Done)
    assert (talk.end.head.status, talk.end.method, talk.end.target) == (201, "PUT", "/a")


@pytest.mark.parametrize(
    ("talk", "code", "words"),
    [
        pytest.param(
            converse(call("PUT"), permit("GET, POST")),
            Code.PREFLIGHT_METHOD,
            "allows the methods 'GET, POST'; this call needs 'PUT'",
            id="the method is not permitted",
        ),
        pytest.param(
            converse(call("PUT"), redirect("/elsewhere", 307)),
            Code.PREFLIGHT_STATUS,
            "a redirect",
            id="the preflight is redirected",
        ),
        pytest.param(
            converse(call(), answer(origin=None)),
            Code.CORS_CHECK_FAILED,
            "CORS check of the API's answer (200) failed: it has no Access-Control-Allow-Origin",
            id="the answer allows nobody",
        ),
        pytest.param(
            converse(call(), answer(500, origin=PAGE + "/")),
            Code.CORS_CHECK_FAILED,
            "the API's answer (500) failed: it has Access-Control-Allow-Origin: 'https://shop.example/'",
            id="the answer allows almost the page",
        ),
        pytest.param(
            converse(call("PUT"), permit(), answer(origin=None)),
            Code.CORS_CHECK_FAILED,
            "the API's answer",
            id="the preflight allows the page and the answer does not",
        ),
        pytest.param(
            converse(call(), redirect("/b", origin=None)),
            Code.CORS_CHECK_FAILED,
            "the API's redirect (302) failed: it has no",
            id="the redirect allows nobody",
        ),
        pytest.param(
            converse(call(), answer(), credentials=True),
            Code.CORS_CHECK_FAILED,
            "'*'; 'https://shop.example' would be accepted",
            id="any origin with credentials",
        ),
    ],
)
def test_network_errors(talk: Conversation, code: Code, words: str) -> None:
    assert refusal(talk)[0] is code
    assert words in refusal(talk)[1]


@pytest.mark.parametrize("status", [200, 201, 204, 304, 401, 404, 500])
def test_any_status_is_shared_where_the_check_passes(status: int) -> None:
    end = converse(call(), answer(status, origin=PAGE)).end
    assert isinstance(end, Done)
    assert end.head.status == status


@pytest.mark.parametrize("status", [300, 301, 304, 305, 306])
def test_a_redirect_without_location_is_handed_on(status: int) -> None:
    assert isinstance(converse(call(), answer(status)).end, Done)
    if status != 301:
        assert isinstance(converse(call(), redirect("/b", status)).end, Done)


def test_done_exposes_what_the_api_exposes() -> None:
    end = converse(call(), answer(200, ("Access-Control-Expose-Headers", "X-Total"))).end
    assert isinstance(end, Done)
    names = ("x-total", "expires", "x-other", "set-cookie")
    assert [end.exposes(name) for name in names] == [True, True, False, False]


# The cache -----------------------------------------------------------------------------------


def test_a_permission_holds_for_its_max_age_for_its_origin_and_url() -> None:
    browser = Browser(reach=REACH)
    put = call("PUT", "/a", ("X-A", ""))
    assert isinstance(converse(put, permit("PUT", "x-a", 60), answer(), browser=browser).end, Done)

    def asks_first(again: Call, *, now: float = 1, origin: str = PAGE, api: Api = NOTES) -> bool:
        talk = converse(again, browser=browser, now=now, origin=origin, api=api)
        return talk.asks[0].is_preflight

    assert not asks_first(put, now=59.9)
    assert asks_first(put, now=60)
    assert asks_first(put, origin="https://other.example")
    assert asks_first(call("PUT", "/b"))
    assert asks_first(put, api=STOCK)
    assert asks_first(call("PUT", "/a", ("X-B", "")))
    assert asks_first(call("DELETE", "/a"))


@pytest.mark.parametrize("ending", ["check", "redirect", "abandon"])
def test_a_failed_call_with_a_preflight_forgets_its_permission(ending: str) -> None:
    cache = PreflightCache()
    browser = Browser(reach=REACH, cache=cache)
    ask = converse(call("PUT", "/a"), permit(seconds=60), browser=browser).asks[-1]
    assert len(cache) == 1
    # A simple call to the same URL leaves it alone.
    converse(call("GET", "/a"), answer(origin=None), browser=browser)
    assert len(cache) == 1
    if ending == "abandon":
        ask.abandon()
    else:
        head = answer(origin=None) if ending == "check" else redirect("ftp://a/")
        assert isinstance(ask.receive(head, 1), NetworkError)
    assert len(cache) == 0
