"""The policy: what cannot be configured, and what a page may do."""

from __future__ import annotations

from typing import Any

import pytest

from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import Code, ConfigError, RequestError

SHOP = "https://shop.example"


def policy(**options: Any) -> CorsPolicy:
    return CorsPolicy(**{"origins": (SHOP,), **options})


def refusal(policy: CorsPolicy, origins: list[str], method: str = "GET", *names: str) -> Code:
    with pytest.raises(RequestError) as raised:
        policy.decide(origins, method, names)
    assert raised.value.detail.isprintable()
    return raised.value.code


@pytest.mark.parametrize(
    ("options", "field", "value"),
    [
        ({"origins": ()}, "origins", None),
        ({"origins": ("*", SHOP)}, "origins", "*"),
        ({"origins": ("*",), "credentials": True}, "origins", "*"),
        ({"origins": ("null",)}, "origins", "null"),
        ({"origins": (f"{SHOP}/",)}, "origins", f"{SHOP}/"),
        ({"origins": ("https://Shop.example",)}, "origins", "https://Shop.example"),
        ({"origins": ("shop.example",)}, "origins", "shop.example"),
        ({"origins": (f"{SHOP}:443",)}, "origins", f"{SHOP}:443"),
        ({"origins": ("https://*shop.example",)}, "origins", "https://*shop.example"),
        ({"origins": (f"{SHOP}*",)}, "origins", f"{SHOP}*"),
        ({"origins": (f"{SHOP}\n",)}, "origins", f"{SHOP}\n"),
        ({"origins": ("file://x",)}, "origins", "file://x"),
        ({"same_origins": ("*",)}, "same_origins", "*"),
        ({"methods": ("CONNECT",)}, "methods", "CONNECT"),
        ({"methods": ("track",)}, "methods", "track"),
        ({"methods": ("*",)}, "methods", "*"),
        ({"methods": ("put",)}, "methods", "put"),
        ({"methods": ("patch",)}, "methods", "patch"),
        ({"methods": ("A B",)}, "methods", "A B"),
        ({"request_headers": ("*",), "credentials": True}, "request_headers", "*"),
        ({"request_headers": ("Cookie",)}, "request_headers", "Cookie"),
        ({"request_headers": ("Sec-X",)}, "request_headers", "Sec-X"),
        ({"request_headers": ("X-Forwarded-For",)}, "request_headers", "X-Forwarded-For"),
        ({"request_headers": ("a b",)}, "request_headers", "a b"),
        (
            {"request_headers": ("Access-Control-Allow-Origin",)},
            "request_headers",
            "Access-Control-Allow-Origin",
        ),
        ({"exposed_headers": ("*",), "credentials": True}, "exposed_headers", "*"),
        ({"exposed_headers": ("Set-Cookie",)}, "exposed_headers", "Set-Cookie"),
        ({"exposed_headers": ("set-cookie2",)}, "exposed_headers", "set-cookie2"),
        ({"exposed_headers": ("X\r\nY",)}, "exposed_headers", "X\r\nY"),
        (
            {"exposed_headers": ("Access-Control-Allow-Origin",)},
            "exposed_headers",
            "Access-Control-Allow-Origin",
        ),
        ({"max_age_seconds": -1}, "max_age_seconds", "-1"),
        ({"max_age_seconds": 86_401}, "max_age_seconds", "86401"),
    ],
    ids=str,
)
def test_what_is_unsafe_or_senseless_cannot_be_configured(
    options: dict[str, Any], field: str, value: str | None
) -> None:
    with pytest.raises(ConfigError) as raised:
        policy(**options)
    (problem,) = raised.value.problems
    assert (problem.field, problem.value) == (field, value)
    assert problem.reason


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as raised:
        policy(origins=("null",), methods=("TRACE",), exposed_headers=("Set-Cookie",))
    assert [p.field for p in raised.value.problems] == ["origins", "methods", "exposed_headers"]


@pytest.mark.parametrize("origin", [SHOP, f"{SHOP}:443"])
def test_an_allowed_origin_is_admitted_as_it_is_spelt(origin: str) -> None:
    assert policy().decide([origin], "GET", ()) == origin
    assert policy().allow_origin_fields(origin) == (("Access-Control-Allow-Origin", origin),)


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        ([], Code.ORIGIN_MISSING),
        ([SHOP, SHOP], Code.ORIGIN_MALFORMED),
        ([SHOP, "https://evil.test"], Code.ORIGIN_MALFORMED),
        ([""], Code.ORIGIN_MALFORMED),
        (["null"], Code.ORIGIN_NOT_ALLOWED),
        (["NULL"], Code.ORIGIN_MALFORMED),
        ([f"{SHOP}, https://evil.test"], Code.ORIGIN_MALFORMED),
        ([f"{SHOP}/"], Code.ORIGIN_MALFORMED),
        (["https://SHOP.example"], Code.ORIGIN_MALFORMED),
        (["http://shop.example"], Code.ORIGIN_NOT_ALLOWED),
        (["https://shop.example:8443"], Code.ORIGIN_NOT_ALLOWED),
        (["https://shop.example.evil.test"], Code.ORIGIN_NOT_ALLOWED),
        (["https://evilshop.example"], Code.ORIGIN_NOT_ALLOWED),
        (["https://evil.shop.example"], Code.ORIGIN_NOT_ALLOWED),
        (["https://shopxexample"], Code.ORIGIN_NOT_ALLOWED),
        (["https://shop.example.evil.test" + "x" * 100_000], Code.ORIGIN_MALFORMED),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_an_origin_beside_the_allowed_one_is_refused(lines: list[str], code: Code) -> None:
    assert refusal(policy(), lines) is code


@pytest.mark.parametrize("origin", ["nul", "", "https://evil.test/", "*"])
def test_a_wildcard_admits_no_text_that_is_not_an_origin(origin: str) -> None:
    anyone = policy(origins=("*",))
    assert anyone.decide(["https://anyone.test"], "GET", ()) == "https://anyone.test"
    assert anyone.allow_origin_fields("https://anyone.test") == (
        ("Access-Control-Allow-Origin", "*"),
    )
    refusal(anyone, [origin])


def test_origin_is_judged_before_method_and_method_before_headers() -> None:
    assert refusal(policy(), ["https://evil.test"], "TRACE", "X-A") is Code.ORIGIN_NOT_ALLOWED
    strict = policy(request_headers=())
    assert refusal(strict, [SHOP], "BREW", "X-A") is Code.METHOD_NOT_ALLOWED
    assert refusal(strict, [SHOP], "GET", "X-A") is Code.HEADER_NOT_ALLOWED


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_safelisted_methods_cannot_be_refused(method: str) -> None:
    assert policy(methods=("PUT",)).decide([SHOP], method, ()) == SHOP


@pytest.mark.parametrize(
    ("method", "code"),
    [
        ("DELETE", Code.METHOD_NOT_ALLOWED),
        ("put", Code.METHOD_NOT_ALLOWED),
        ("PUT2", Code.METHOD_NOT_ALLOWED),
        ("*", Code.METHOD_NOT_ALLOWED),
        ("TRACE", Code.METHOD_FORBIDDEN),
        ("connect", Code.METHOD_FORBIDDEN),
        ("", Code.METHOD_FORBIDDEN),
        ("A B", Code.METHOD_FORBIDDEN),
    ],
)
def test_a_method_is_compared_whole_and_to_the_letter(method: str, code: Code) -> None:
    assert refusal(policy(methods=("PUT",)), [SHOP], method) is code


def test_a_custom_method_can_be_allowed() -> None:
    assert policy(methods=("PROPFIND", "Brew")).decide([SHOP], "Brew", ()) == SHOP


@pytest.mark.parametrize(
    ("options", "name", "allowed"),
    [
        ({}, "X-Anything", True),
        ({}, "Authorization", False),
        ({}, "AUTHORIZATION", False),
        ({"request_headers": ("*", "Authorization")}, "authorization", True),
        ({"request_headers": ("*", "Authorization")}, "x-anything", True),
        ({"request_headers": ("X-A",)}, "x-a", True),
        ({"request_headers": ("X-A",)}, "x-ab", False),
        ({"request_headers": ()}, "x-a", False),
        ({"credentials": True}, "x-a", False),
        ({"credentials": True, "request_headers": ("X-A",)}, "X-A", True),
    ],
    ids=str,
)
def test_header_names(options: dict[str, Any], name: str, allowed: bool) -> None:
    if allowed:
        policy(**options).decide([SHOP], "GET", [name])
    else:
        assert refusal(policy(**options), [SHOP], "GET", name) is Code.HEADER_NOT_ALLOWED


@pytest.mark.parametrize(
    ("exposed", "name", "readable"),
    [
        ((), "content-type", True),
        ((), "Content-Length", True),
        ((), "ETag", False),
        (("ETag",), "etag", True),
        (("*",), "x-anything", True),
        (("*",), "Set-Cookie", False),
        (("*",), "set-cookie2", False),
    ],
)
def test_which_response_headers_a_page_may_read(
    exposed: tuple[str, ...], name: str, readable: bool
) -> None:
    assert policy(exposed_headers=exposed).exposes(name) is readable


def test_an_answer_with_credentials_says_so_once() -> None:
    fields = policy(credentials=True, exposed_headers=("X-A", "X-B")).response_fields(SHOP)
    assert fields == (
        ("Access-Control-Allow-Origin", SHOP),
        ("Access-Control-Allow-Credentials", "true"),
        ("Access-Control-Expose-Headers", "X-A, X-B"),
    )


def test_a_preflight_answer_grants_what_was_asked_and_nothing_more() -> None:
    given = policy(methods=("PUT", "DELETE"), max_age_seconds=0)
    assert given.preflight_fields(SHOP, "PUT", ["x-a", "x-b"]) == (
        ("Access-Control-Allow-Origin", SHOP),
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Headers", "x-a, x-b"),
        ("Access-Control-Max-Age", "0"),
    )
    assert policy().preflight_fields(SHOP, "POST", []) == (("Access-Control-Allow-Origin", SHOP),)


@pytest.mark.parametrize(
    ("lines", "same"),
    [
        ([], False),
        (["https://api.example"], True),
        (["https://api.example", "https://api.example"], False),
        (["http://api.example"], False),
        (["https://api.example" + "x" * 1000], False),
    ],
    ids=lambda value: ascii(value)[:50],
)
def test_the_apis_own_pages_are_not_cross_origin(lines: list[str], same: bool) -> None:
    assert policy(same_origins=("https://api.example",)).is_same_origin(lines) is same


def test_a_policy_does_not_change_with_the_list_it_was_made_of() -> None:
    origins = [SHOP]
    given = policy(origins=origins)
    origins.append("https://evil.test")
    assert refusal(given, ["https://evil.test"]) is Code.ORIGIN_NOT_ALLOWED
