"""Preflights: what they ask, what their answers permit, and what is remembered of them."""

from __future__ import annotations

import gc
import tracemalloc

import pytest

from xdr_bridge.cors.preflights import Permission, Preflight, PreflightCache
from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.fields import unsafe_request_header_names
from xdr_bridge.http.messages import Headers, ResponseHead

ORIGIN = "https://shop.example"
URL = "http://api.internal:9000/items"
ALLOWED = ("Access-Control-Allow-Origin", ORIGIN)


def preflight(method: str = "PUT", names: str = "", **more: object) -> Preflight:
    values = {"origin": ORIGIN, "url": URL, "method": method, "unsafe_names": names.split(), **more}
    return Preflight(**values)  # type: ignore[arg-type]


def answer(*fields: tuple[str, str], status: int = 204) -> ResponseHead:
    return ResponseHead(status=status, reason="", headers=Headers(fields))


def methods(value: str) -> tuple[str, str]:
    return ("Access-Control-Allow-Methods", value)


def names(value: str) -> tuple[str, str]:
    return ("Access-Control-Allow-Headers", value)


CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param([], [], id="nothing is safe"),
        pytest.param([("Accept", "a" * 128)], [], id="128 bytes are safe"),
        pytest.param([("Accept", "a" * 129)], ["accept"], id="129 bytes are not"),
        pytest.param([("Accept", "\xe9\t")], [], id="obs-text and tab are safe in Accept"),
        *(
            pytest.param([("Accept", f"a{c}")], ["accept"], id=f"{c!a} is unsafe in Accept")
            for c in '"():<>?@[\\]{}\x7f'
        ),
        pytest.param([("Accept-Language", "de-AT, *;q=0.5")], [], id="a language range is safe"),
        pytest.param([("Content-Language", "de_AT")], ["content-language"], id="no underscore"),
        pytest.param([("Accept-Language", "\xe9")], ["accept-language"], id="no obs-text there"),
        pytest.param([("Content-Type", "text/plain")], [], id="text/plain is safe"),
        pytest.param([("Content-Type", "Text/Plain ;x=y")], [], id="in any case, with parameters"),
        pytest.param([("Content-Type", "multipart/form-data; boundary=a")], [], id="multipart"),
        pytest.param([("Content-Type", 'text/plain;x="y"')], ["content-type"], id="no quotes"),
        pytest.param([("Content-Type", "application/json")], ["content-type"], id="JSON asks"),
        pytest.param([("Content-Type", "")], ["content-type"], id="an empty type asks"),
        pytest.param([("Content-Type", "text/plain, a/b")], ["content-type"], id="a list asks"),
        pytest.param([("Range", "bytes=0-")], [], id="an open range is safe"),
        pytest.param([("Range", "bytes=5-4")], ["range"], id="a backward range is not"),
        pytest.param([("Range", "bytes=-5")], ["range"], id="a suffix range is not"),
        pytest.param([("Range", "bytes= 0-5")], ["range"], id="no space in a range"),
        pytest.param([("Range", "bytes=0-5,7-8")], ["range"], id="one range only"),
        pytest.param([("X-B", ""), ("x-a", ""), ("x-B", "")], ["x-a", "x-b"], id="sorted, unique"),
        pytest.param([("Save-Data", "on"), ("DPR", "1")], ["dpr", "save-data"], id="no hints"),
    ],
)
def test_names_that_need_permission(headers: list[tuple[str, str]], expected: list[str]) -> None:
    assert unsafe_request_header_names(headers) == expected


def test_safe_values_are_safe_up_to_1024_bytes_together() -> None:
    full = [("Accept", "a" * 128)] * 7 + [("Accept-Language", "a" * 128)]
    assert unsafe_request_header_names(full) == []
    over = [*full, ("Content-Language", "a"), ("X-A", "")]
    assert unsafe_request_header_names(over) == [
        "accept",
        "accept-language",
        "content-language",
        "x-a",
    ]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param(
            preflight("PUT"),
            [("Access-Control-Request-Method", "PUT")],
            id="no empty Access-Control-Request-Headers",
        ),
        pytest.param(
            preflight("GET", "authorization x-a"),
            [
                ("Access-Control-Request-Method", "GET"),
                ("Access-Control-Request-Headers", "authorization,x-a"),
            ],
            id="names joined by commas without a space",
        ),
    ],
)
def test_what_a_preflight_asks(asked: Preflight, expected: list[tuple[str, str]]) -> None:
    ours = [("Accept", "*/*"), ("Accept-Encoding", "identity"), ("Origin", ORIGIN)]
    assert sorted(asked.fields()) == sorted([*ours, *expected])


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        pytest.param(preflight(), [ALLOWED, methods("PUT")], id="the method by name"),
        pytest.param(
            preflight(), [ALLOWED, methods("GET,,\tPUT ,")], id="empty items do not count"
        ),
        pytest.param(preflight(), [ALLOWED, methods("GET"), methods("PUT")], id="two lines"),
        pytest.param(preflight(), [ALLOWED, methods("*")], id="any method"),
        pytest.param(preflight("POST", "x-a"), [ALLOWED, names("X-A")], id="POST by itself"),
        pytest.param(preflight("GET", "x-a x-b"), [ALLOWED, names("*")], id="any header"),
        pytest.param(
            preflight("GET", "authorization x-a"),
            [ALLOWED, names("*, Authorization")],
            id="any header and Authorization",
        ),
        pytest.param(
            preflight(credentials=True), [ALLOWED, CREDENTIALS, methods("PUT")], id="credentials"
        ),
        pytest.param(
            preflight(origin="null"),
            [("Access-Control-Allow-Origin", "null"), methods("PUT")],
            id="null equals null",
        ),
    ],
)
def test_what_permits(asked: Preflight, fields: list[tuple[str, str]]) -> None:
    for status in (200, 204, 299):
        asked.judge(answer(*fields, status=status))


@pytest.mark.parametrize(
    ("asked", "head", "code", "words"),
    [
        pytest.param(
            preflight(),
            answer(ALLOWED, methods("PUT"), ("Location", "/secret"), status=307),
            Code.PREFLIGHT_STATUS,
            "with a redirect, status 307; 200 to 299 would be accepted",
            id="a redirect",
        ),
        pytest.param(
            preflight(), answer(status=405), Code.PREFLIGHT_STATUS, "status 405", id="no OPTIONS"
        ),
        pytest.param(
            preflight(),
            answer(methods("PUT")),
            Code.PREFLIGHT_ORIGIN,
            "has no Access-Control-Allow-Origin; 'https://shop.example' or '*' would be accepted",
            id="no origin",
        ),
        pytest.param(
            preflight(),
            answer(ALLOWED, methods("GET, POST")),
            Code.PREFLIGHT_METHOD,
            "allows the methods 'GET, POST'; this call needs 'PUT' (Access-Control-Allow-Methods)",
            id="another method",
        ),
        pytest.param(
            preflight("patch"),
            answer(ALLOWED, methods("PATCH")),
            Code.PREFLIGHT_METHOD,
            "needs 'patch'",
            id="a method in another case",
        ),
        pytest.param(
            preflight(), answer(ALLOWED), Code.PREFLIGHT_METHOD, "no method by name", id="no method"
        ),
        pytest.param(
            preflight(),
            answer(ALLOWED, methods("GET PUT")),
            Code.PREFLIGHT_MALFORMED,
            "Access-Control-Allow-Methods: 'GET PUT', which is no list",
            id="methods that are no list",
        ),
        pytest.param(
            preflight(),
            answer(ALLOWED, methods("PUT"), names("x-a; x-b")),
            Code.PREFLIGHT_MALFORMED,
            "Access-Control-Allow-Headers: 'x-a; x-b', which is no list",
            id="headers that are no list, though none is needed",
        ),
        pytest.param(
            preflight("GET", "x-a x-b"),
            answer(ALLOWED, names("X-A")),
            Code.PREFLIGHT_HEADER,
            "allows the request headers 'x-a'; this call needs 'x-b'",
            id="another header",
        ),
        pytest.param(
            preflight("GET", "authorization"),
            answer(ALLOWED, names("*")),
            Code.PREFLIGHT_HEADER,
            "needs 'authorization' (Access-Control-Allow-Headers); '*' does not cover it",
            id="Authorization and any header",
        ),
        pytest.param(
            preflight(credentials=True),
            answer(ALLOWED, CREDENTIALS, methods("*")),
            Code.PREFLIGHT_METHOD,
            "with credentials, '*' is a name like any other",
            id="any method with credentials",
        ),
        pytest.param(
            preflight("GET", "x-a", credentials=True),
            answer(ALLOWED, CREDENTIALS, names("*")),
            Code.PREFLIGHT_HEADER,
            "with credentials, '*' is a name like any other",
            id="any header with credentials",
        ),
    ],
)
def test_what_does_not_permit(asked: Preflight, head: ResponseHead, code: Code, words: str) -> None:
    with pytest.raises(RequestError) as caught:
        asked.judge(head)
    assert caught.value.code is code
    assert words in caught.value.detail


# The cache -----------------------------------------------------------------------------------


def permission(methods: str = "", names: str = "", seconds: int = 60) -> Permission:
    return Permission(methods=methods.split(), names=names.split(), max_age_seconds=seconds)


@pytest.mark.parametrize(
    ("kept", "asked", "covered"),
    [
        pytest.param(permission("PUT"), preflight(), True, id="the method"),
        pytest.param(permission("DELETE"), preflight(), False, id="another method"),
        pytest.param(permission("*"), preflight(), True, id="any method"),
        pytest.param(permission("PUT"), preflight("PUT", "x-a"), False, id="a header is missing"),
        pytest.param(permission("PUT", "x-a"), preflight("PUT", "x-a"), True, id="both"),
        pytest.param(permission("", "x-a"), preflight("GET", "x-a"), True, id="GET needs no entry"),
        pytest.param(permission("", "*"), preflight("GET", "x-a x-b"), True, id="any header"),
        pytest.param(permission("", "*"), preflight("GET", "authorization"), False, id="but one"),
        pytest.param(permission("PUT"), preflight(url=URL + "?a"), False, id="another URL"),
        pytest.param(permission("PUT"), preflight(origin="null"), False, id="another origin"),
        pytest.param(permission("PUT"), preflight(credentials=True), False, id="with credentials"),
        pytest.param(permission("PUT", seconds=0), preflight(), False, id="max-age 0"),
    ],
)
def test_what_the_cache_covers(kept: Permission, asked: Preflight, covered: bool) -> None:
    cache = PreflightCache()
    cache.store(preflight(), kept, 1000)
    assert cache.covers(asked, 1000) is covered


def test_what_is_permitted_with_credentials_is_permitted_without() -> None:
    cache = PreflightCache()
    cache.store(preflight(credentials=True), permission("PUT", "*"), 0)
    assert cache.covers(preflight(), 0)
    assert not cache.covers(preflight(names="x-a"), 0)


def test_entries_expire_one_by_one_and_are_refreshed_by_name() -> None:
    cache = PreflightCache()
    cache.store(preflight(), permission("PUT *", seconds=10), 0)
    cache.store(preflight(), permission("PUT", seconds=100), 5)
    assert cache.covers(preflight("DELETE"), 9.9)
    assert not cache.covers(preflight("DELETE"), 10)
    assert cache.covers(preflight("PUT"), 104.9)
    assert not cache.covers(preflight("PUT"), 105)


def test_a_max_age_of_zero_takes_back_what_was_remembered() -> None:
    cache = PreflightCache()
    cache.store(preflight(), permission("PUT"), 0)
    cache.store(preflight(), permission("PUT", seconds=0), 1)
    assert not cache.covers(preflight(), 1)
    assert len(cache) == 0


def test_the_least_used_url_goes_first() -> None:
    cache = PreflightCache(max_urls=2)
    for url in "ab":
        cache.store(preflight(url=url), permission("PUT"), 0)
    assert cache.covers(preflight(url="a"), 0)
    cache.store(preflight(url="c"), permission("PUT"), 0)
    assert [cache.covers(preflight(url=url), 0) for url in "abc"] == [True, False, True]


def test_names_and_long_urls_are_bounded() -> None:
    cache = PreflightCache(max_names=2, max_url_characters=10)
    cache.store(preflight(url="a"), permission("A B C"), 0)
    assert [cache.covers(preflight(m, url="a"), 0) for m in "ABC"] == [True, True, False]
    cache.store(preflight(url="a" * 11), permission("PUT"), 0)
    assert len(cache) == 1
    cache.clear(ORIGIN, "a")
    assert len(cache) == 0


def test_what_is_remembered_is_bounded_by_bytes() -> None:
    names = [f"x-{number:0124}" for number in range(128)]
    bound = 256 * 1024
    cache = PreflightCache(max_bytes=bound)
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(100):
            url = f"http://api.example/{'u' * 1900}{number}"
            # Copies: what an answer says is nobody else's.
            own = [name[:1] + name[1:] for name in names]
            preflight = Preflight(
                origin="https://shop.example", url=url, method="PUT", unsafe_names=()
            )
            cache.store(
                preflight, Permission(methods=["PUT"], names=own, max_age_seconds=60), now=0.0
            )
            assert cache.covers(preflight, now=1.0)
        taken = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert 2 < len(cache) < 10
    # The last one has found its place; what is counted is about what is there.
    assert taken < 1.3 * bound
    for number in range(100):
        cache.clear("https://shop.example", f"http://api.example/{'u' * 1900}{number}")
    assert (len(cache), cache.bytes_held) == (0, 0)
