"""Where a Location leads, into an API or nowhere, and what becomes of the request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.fetches import (
    NOTES,
    PAGE,
    REACH,
    STOCK,
    STOCK_2,
    answer,
    call,
    converse,
    permit,
    redirect,
    refusal,
    value,
)
from xdr_bridge.cors.fetching import Ask, Done
from xdr_bridge.cors.redirects import Reach, origin_of, url_of
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.messages import ResponseHead
from xdr_bridge.http.origins import parse_origin


@pytest.mark.parametrize(
    ("location", "api", "target"),
    [
        ("/b?x=1#f", NOTES, "/b?x=1"),
        ("c", NOTES, "/items/c"),
        ("../c", NOTES, "/c"),
        ("%2e%2e/c%2Fd", NOTES, "/c%2Fd"),
        ("?y", NOTES, "/items/7?y"),
        ("", NOTES, "/items/7?x"),
        ("#f", NOTES, "/items/7?x"),
        ("/a//b", NOTES, "/a//b"),
        (" /b\t", NOTES, "/b"),
        ("/caf\xc3\xa9 au lait", NOTES, "/caf%C3%A9%20au%20lait"),
        ("http://notes.internal:9000", NOTES, "/"),
        ("http://notes.internal:9000?q", NOTES, "/?q"),
        ("HTTP://NOTES.internal:9000/B", NOTES, "/B"),
        ("//notes.internal:9000/b", NOTES, "/b"),
        ("http://stock.internal/v1/b", STOCK, "/b"),
        ("http://stock.internal:80/v1", STOCK, "/"),
        ("http://stock.internal/v1/a/../b?q", STOCK, "/b?q"),
        ("http://stock.internal/v1/new/b", STOCK_2, "/b"),
        ("http://stock.internal/v1/newer", STOCK, "/newer"),
        ("https://api.example/stock/b", STOCK, "/b"),
    ],
)
def test_locations_that_lead_into_an_api(location: str, api: Api, target: str) -> None:
    found = REACH.locate([location], api=NOTES, target="/items/7?x")
    assert found[:2] == (api, target)


def test_the_api_that_answered_keeps_a_location_of_its_own() -> None:
    assert REACH.locate(["/v1/new/b"], api=STOCK, target="/a")[:2] == (STOCK, "/new/b")


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("https://evil.example/secret", "none of the configured APIs"),
        ("//evil.example/secret", "none of the configured APIs"),
        ("https://notes.internal:9000/secret", "none of the configured APIs"),
        ("http://notes.internal/secret", "none of the configured APIs"),
        ("http://notes.internal:9000.evil.example/secret", "host and port cannot be read"),
        ("http://admin.internal/secret", "none of the configured APIs"),
        ("http://api.example/stock/secret", "none of the configured APIs"),
        ("http://stock.internal/secret", "none of the configured APIs"),
        ("http://stock.internal/v1/../secret", "none of the configured APIs"),
        ("http://stock.internal/v1/%2E%2e/secret", "none of the configured APIs"),
        ("http://stock.internal/v10/secret", "none of the configured APIs"),
        ("http://user:secret@notes.internal:9000/", "user name or password"),
        ("http://notes.internal:9000@secret.example/", "user name or password"),
        ("http://@notes.internal:9000/secret", "user name or password"),
        ("javascript:secret", "another scheme"),
        ("data:,secret", "another scheme"),
        ("ftp://notes.internal:9000/secret", "another scheme"),
        ("ws://notes.internal:9000/secret", "another scheme"),
        ("/\\evil.example/secret", "no URL"),
        ("http:\\\\evil.example\\secret", "no URL"),
        ("///evil.example/secret", "cannot be read"),
        ("http:///evil.example/secret", "cannot be read"),
        ("http:/secret", "no host"),
        ("http:secret", "no host"),
        ("http://notes.internal:0/secret", "cannot be read"),
        ("http://notes.internal:09000/secret", "cannot be read"),
        ("http://notes.internal:99999/secret", "cannot be read"),
        ("http://[::1/secret", "cannot be read"),
        ("http://127.1/secret", "cannot be read"),
        ("http://not%65s.internal:9000/secret", "cannot be read"),
        ("/../secret", "does not pass on"),
        ("/a/..//secret", "does not pass on"),
        ("/secret" * 4000, "does not pass on"),
    ],
)
def test_locations_that_are_refused_and_never_quoted(location: str, words: str) -> None:
    code, detail = refusal(converse(call(), redirect(location)))
    assert code is Code.REDIRECT_REFUSED
    assert words in detail
    assert "secret" not in detail
    assert "evil" not in detail


def test_two_locations_are_refused() -> None:
    head = redirect("/b")
    twice = ResponseHead(
        status=302, reason="", headers=type(head.headers)([*head.headers, ("location", "/b")])
    )
    assert "with two Locations" in refusal(converse(call(), twice))[1]


_PIECES = [
    "http:",
    "https:",
    "//",
    "/",
    "\\",
    "..",
    "%2e",
    "?",
    "#",
    "@",
    ":",
    "80",
    "9000",
    "[::1]",
]
_PIECES += ["notes.internal", "stock.internal", "evil.example", "v1", "\xe9", "a", ";", "%"]


@given(
    st.lists(st.sampled_from([*_PIECES, " ", "\t"]), max_size=9).map("".join),
    st.sampled_from(["/", "/a/b?c", "/a//b"]),
)
def test_no_location_leads_out_of_reach(location: str, target: str) -> None:
    reach = Reach(apis=(NOTES, STOCK))
    try:
        api, inner, _ = reach.locate([location], api=NOTES, target=target)
    except RequestError:
        return
    assert api in reach.apis
    assert inner.startswith("/")
    assert not inner.startswith("//")
    assert inner.isascii()
    assert url_of(api, inner).startswith(f"{origin_of(api)}{api.path}/")


@pytest.mark.parametrize(
    ("status", "method", "becomes"),
    [
        *((status, "GET", "GET") for status in (301, 302, 303, 307, 308)),
        *((status, "HEAD", "HEAD") for status in (301, 302, 303, 307, 308)),
        *((status, "POST", "GET") for status in (301, 302, 303)),
        *((status, "POST", "POST") for status in (307, 308)),
        *((status, "PUT", "PUT") for status in (301, 302, 307, 308)),
        (303, "PUT", "GET"),
    ],
)
def test_what_a_redirect_makes_of_the_method_and_body(
    status: int, method: str, becomes: str
) -> None:
    body = b"" if method in ("GET", "HEAD") else b"body"
    # Safe values: whether a preflight precedes depends on the method alone.
    fields = [("Content-Type", "text/plain"), ("Content-Language", "de"), ("Accept", "a/b")]
    first = [permit()] if method == "PUT" else []
    talk = converse(call(method, "/a/b", *fields, body=body), *first, redirect("c", status))
    last = talk.asks[-1]
    if becomes == "PUT":
        assert last.is_preflight
        after = last.receive(permit(), 0)
        assert isinstance(after, Ask)
        last = after
    assert (last.method, last.target) == (becomes, "/a/c")
    kept = becomes == method
    assert last.body == (body if kept else b"")
    assert value(last, "Content-Type") == ("text/plain" if kept else None)
    assert value(last, "Content-Language") == ("de" if kept else None)
    assert value(last, "Accept") == "a/b"


def test_every_url_of_a_redirect_is_asked_for_permission() -> None:
    asked = call("PATCH", "/a", ("Content-Type", "application/json"), body=b"{}")
    talk = converse(asked, permit(), redirect("/b", 307), permit(), redirect("/c", 303), permit())
    assert talk.lines == [
        "OPTIONS http://notes.internal:9000/a",
        "PATCH http://notes.internal:9000/a",
        "OPTIONS http://notes.internal:9000/b",
        "PATCH http://notes.internal:9000/b",
        "GET http://notes.internal:9000/c",
    ]
    assert isinstance(talk.end, Done)
    assert (talk.end.method, talk.end.target) == ("GET", "/c")


def test_authorization_stays_with_its_origin() -> None:
    asked = call("GET", "/a", ("Authorization", "s"), ("X-A", "1"))
    allowed = permit("", "authorization, x-a")
    talk = converse(asked, allowed, redirect("/b"), allowed, redirect("http://stock.internal/v1/c"))
    last = talk.asks[-1]
    assert value(talk.asks[2], "Access-Control-Request-Headers") == "authorization,x-a"
    assert value(last, "Access-Control-Request-Headers") == "x-a"
    after = last.receive(allowed, 0)
    assert isinstance(after, Ask)
    assert value(after, "Authorization") is None
    assert value(after, "X-A") == "1"


def test_the_origin_is_null_once_a_redirect_crosses_apis() -> None:
    there, back = "http://stock.internal/v1/b", "http://notes.internal:9000/c"
    talk = converse(
        call("GET", "/a"),
        redirect("/again", origin=PAGE),
        redirect(there, origin=PAGE),
        redirect(back, origin="null"),
        answer(origin="null"),
    )
    assert [value(ask, "Origin") for ask in talk.asks] == [PAGE, PAGE, "null", "null"]
    assert isinstance(talk.end, Done)
    talk = converse(call("GET", "/a"), redirect(there), answer(origin=PAGE))
    assert "'null' or '*' would be accepted" in refusal(talk)[1]


def test_a_page_of_the_first_apis_origin_is_not_tainted_by_the_first_hop() -> None:
    own, there = "http://notes.internal:9000", "http://stock.internal/v1/b"
    talk = converse(call(), redirect(there), redirect(f"{own}/c"), answer(), origin=own)
    assert [value(ask, "Origin") for ask in talk.asks] == [own, own, "null"]


def test_the_21st_redirect_fails() -> None:
    talk = converse(call(), *[redirect("/a")] * 20, answer())
    assert isinstance(talk.end, Done)
    assert len(talk.asks) == 21
    talk = converse(call(), *[redirect("/a")] * 21)
    assert refusal(talk) == (Code.TOO_MANY_REDIRECTS, "the API redirected more than 20 times")


SOCKET = Api(scheme="http", host="localhost", port=80, path="/v1", socket="/run/a.sock")
SOCKET_V2 = Api(scheme="http", host="localhost", port=80, path="/v2", socket="/run/a.sock")
OTHER_SOCKET = Api(scheme="http", host="localhost", port=80, path="/v3", socket="/run/b.sock")
LOCALHOST = Api(scheme="http", host="localhost", port=80, path="/v4")
SOCKETS = Reach(apis=(LOCALHOST, OTHER_SOCKET, SOCKET_V2, SOCKET))


@pytest.mark.parametrize(
    ("location", "api", "target"),
    [
        ("b", SOCKET, "/b"),
        ("/v1/b?q", SOCKET, "/b?q"),
        ("/v2/b", SOCKET_V2, "/b"),
        ("http://localhost/v1/b", SOCKET, "/b"),
        ("http://LOCALHOST:80/v1/b", SOCKET, "/b"),
        ("//localhost/v2/b", SOCKET_V2, "/b"),
    ],
)
def test_an_api_on_a_socket_means_itself_by_the_name_that_it_is_called_by(
    location: str, api: Api, target: str
) -> None:
    assert SOCKETS.locate([location], api=SOCKET, target="/a")[:2] == (api, target)


@pytest.mark.parametrize(
    ("api", "location"),
    [
        (SOCKET, "/v3/b"),
        (SOCKET, "http://localhost/v3/b"),
        (SOCKET, "http://localhost/v4/b"),
        (SOCKET, "http://localhost:8080/v1/b"),
        (SOCKET, "https://localhost/v1/b"),
        (SOCKET, "http://127.0.0.1/v1/b"),
        (SOCKET, "http+unix://%2Frun%2Fb.sock/v3/b"),
        (SOCKET, "http://%2Frun%2Fa.sock/v1/b"),
        (SOCKET, "unix:/run/b.sock:/v3/b"),
        (OTHER_SOCKET, "http://localhost/v1/b"),
        (LOCALHOST, "http://localhost/v1/b"),
        (LOCALHOST, "/v1/b"),
        (LOCALHOST, "/v3/b"),
    ],
)
def test_nobody_else_gets_to_a_socket_and_a_socket_to_nobody_else(api: Api, location: str) -> None:
    with pytest.raises(RequestError) as raised:
        SOCKETS.locate([location], api=api, target="/a")
    assert raised.value.code is Code.REDIRECT_REFUSED


def test_sockets_are_origins_of_their_own() -> None:
    assert origin_of(SOCKET) == origin_of(SOCKET_V2)
    assert len({origin_of(api) for api in SOCKETS.apis}) == 3
    assert len({url_of(api, "/b") for api in SOCKETS.apis}) == 4
    assert url_of(SOCKET, "/b?c") == "http+unix://%2Frun%2Fa.sock/v1/b?c"
    # No page has such an origin, so none counts as the API's own.
    with pytest.raises(ValueError, match="is no origin"):
        parse_origin(str(origin_of(SOCKET)))
