"""Methods and header fields by name, against the lists of the Fetch standard."""

from __future__ import annotations

import pytest

from xdr_bridge.http.fields import (
    is_forbidden_method,
    is_forbidden_request_header,
    is_forwarding_header,
    is_safelisted_request_header,
    normalise_method,
    unsafe_request_header_names,
    without_forwarding,
)

# Fetch, "forbidden request-header", in whole.
FORBIDDEN = [
    "Accept-Charset",
    "Accept-Encoding",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Connection",
    "Content-Length",
    "Cookie",
    "Cookie2",
    "Date",
    "DNT",
    "Expect",
    "Host",
    "Keep-Alive",
    "Origin",
    "Referer",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Proxy-",
    "Proxy-Authorization",
    "proxy-x",
    "Sec-",
    "Sec-Fetch-Site",
    "sec-x",
]
NOT_FORBIDDEN = [
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "User-Agent",
    "Proxy",
    "Sec",
    "X-Sec-A",
    "Access-Control-Request-Private-Network",
    "Range",
    "X-HTTP-Method-Override",
    "Forwarded",
    "Dntx",
]


@pytest.mark.parametrize(
    ("method", "normal"),
    [
        *[(m.lower(), m) for m in ("DELETE", "GET", "HEAD", "OPTIONS", "POST", "PUT")],
        ("gEt", "GET"),
        ("patch", "patch"),
        ("Patch", "Patch"),
        ("PATCH", "PATCH"),
        ("propfind", "propfind"),
    ],
)
def test_six_methods_are_upper_cased_and_no_other(method: str, normal: str) -> None:
    assert normalise_method(method) == normal


@pytest.mark.parametrize("method", ["CONNECT", "TRACE", "TRACK", "connect", "Trace", "tRaCk"])
def test_forbidden_methods_in_any_letter_case(method: str) -> None:
    assert is_forbidden_method(method)
    assert not is_forbidden_method(method + "X")


@pytest.mark.parametrize("name", FORBIDDEN)
def test_forbidden_request_headers_in_any_letter_case(name: str) -> None:
    for spelt in (name, name.lower(), name.upper()):
        assert is_forbidden_request_header(spelt, "x")


@pytest.mark.parametrize("name", NOT_FORBIDDEN)
def test_what_is_often_thought_to_be_forbidden_is_not(name: str) -> None:
    assert not is_forbidden_request_header(name, "x")


@pytest.mark.parametrize("name", ["X-HTTP-Method", "x-http-method-override", "X-METHOD-OVERRIDE"])
@pytest.mark.parametrize("value", ["TRACE", "track", "GET, Connect", " ,TRACE\t"])
def test_an_override_to_a_forbidden_method_is_forbidden(name: str, value: str) -> None:
    assert is_forbidden_request_header(name, value)
    assert not is_forbidden_request_header(name, "DELETE, TRACER")
    assert not is_forbidden_request_header("X-Other", value)


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Proto",
        "x-forwarded-anything",
        "X-Real-IP",
        "X-Original-URL",
        "X-Rewrite-URL",
        "X-Original-Host",
        "X-Host",
        "X_Forwarded_For",
        "x_real_ip",
        "X-Forwarded_For",
    ],
)
def test_names_that_an_api_trusts_are_forwarding_names(name: str) -> None:
    assert is_forwarding_header(name)
    assert without_forwarding([(name, "1"), ("Age", "2")]) == [("Age", "2")]


@pytest.mark.parametrize("name", ["Forwarded-X", "X-Forwardedness", "Host", "X-Real-IP-2", "X"])
def test_names_beside_them_are_not(name: str) -> None:
    assert not is_forwarding_header(name)
    assert without_forwarding([(name, "1")]) == [(name, "1")]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "text/html;q=0.9, */*"),
        ("ACCEPT", "a\tb"),
        ("Accept", "K\xe4se"),
        ("accept-language", "de-DE, *;q=0.5"),
        ("Content-Language", ""),
        ("Content-Type", "text/plain"),
        ("content-type", "Text/Plain; charset=UTF-8"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-type", "multipart/form-data; boundary=x"),
        # One type: a comma in a parameter begins no other.
        ("content-type", "multipart/form-data; boundary=a,b"),
        ("Content-Type", "text/plain; a=b, c"),
        ("Range", "bytes=0-"),
        ("range", "bytes=5-5"),
        ("Accept", "a" * 128),
    ],
)
def test_a_safelisted_header_needs_no_preflight(name: str, value: str) -> None:
    assert is_safelisted_request_header(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Accept", "a" * 129),
        *[("Accept", f"a{c}") for c in '"():<>?@[\\]{}\x7f\x00\x1f\n'],
        ("Accept-Language", "de_DE"),
        ("Accept-Language", "d\xe4"),
        ("Accept-Language", "a\tb"),
        ("Content-Type", "application/json"),
        ("Content-Type", "text/plain2"),
        ("Content-Type", "text/plain, application/json"),
        ("Content-Type", 'text/plain; a="b"'),
        ("Content-Type", ""),
        ("Content-Type", "textplain"),
        ("Range", "bytes=-5"),
        ("Range", "bytes=5-4"),
        ("Range", "bytes=0-1,2-3"),
        ("Range", "bytes = 0-"),
        ("Range", "Bytes=0-"),
        ("Range", "bytes=0-\n"),
        ("Authorization", "x"),
        ("X-Anything", ""),
        ("Accept-Charset", "x"),
        ("DPR", "1"),
    ],
    ids=ascii,
)
def test_an_unsafe_header_needs_one(name: str, value: str) -> None:
    assert not is_safelisted_request_header(name, value)


def test_unsafe_names_are_lower_case_unique_and_sorted() -> None:
    pairs = [("X-B", "1"), ("Accept", "x"), ("x-a", "1"), ("x-b", "2"), ("Accept", "(")]
    assert unsafe_request_header_names(pairs) == ["accept", "x-a", "x-b"]


def test_many_safe_values_together_are_unsafe() -> None:
    assert unsafe_request_header_names([("Accept", "a" * 128)] * 9) == ["accept"]
