"""The conversation without I/O: what a cache, a browser and the API may rely on."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Answer, Forward, ReadBody, Reply
from xdr_bridge.config import Settings
from xdr_bridge.http.errors import Code, UpstreamError
from xdr_bridge.http.messages import Headers, Pair, RequestHead, ResponseHead

SHOP, OTHER, EVIL = "https://shop.example", "https://other.example", "https://evil.test"
BODY = b"PUT /items HTTP/1.1\r\n\r\nx"


def bridge(**settings: Any) -> Bridge:
    options = {"api": "http://127.0.0.1:9000", "allow_origins": (SHOP, OTHER), **settings}
    return Settings(**options).build_bridge()


def ask(
    bridge: Bridge, method: str, target: str, *fields: Pair, body: bytes = b""
) -> Reply | Forward:
    head = RequestHead(
        method=method, target=target, headers=Headers([("Host", "b"), *fields]), client="1.2.3.4"
    )
    step = bridge.receive(head)
    if isinstance(step, ReadBody):
        step = bridge.receive(head, body)
    assert not isinstance(step, ReadBody)
    return step


def answer(bridge: Bridge, step: Reply | Forward, *fields: Pair) -> ResponseHead:
    """Return the head that the page gets; an API that is called answers 200."""
    if isinstance(step, Reply):
        return step.head
    said = ResponseHead(status=200, reason="OK", headers=Headers(fields))
    answered = bridge.respond(step, said)
    assert isinstance(answered, Answer)
    return answered.head


ORIGINS = st.sampled_from([None, SHOP, OTHER, EVIL, "null", "", f"{SHOP}/", f"{SHOP}:443"])
REQUESTS = st.tuples(
    st.sampled_from(["GET", "HEAD", "POST", "PUT", "DELETE", "BREW", "TRACE", "OPTIONS"]),
    st.sampled_from(
        [
            "/",
            "/items?a=1",
            "/items?$xdr=1",
            "/items?$httpMethod=PUT",
            "/xdr/tunnel?$xdr=1",
            "/xdr/tunnel",
            "/items?$xdr=9",
            "//evil",
            "/..",
        ]
    ),
    st.sampled_from([(), (("Access-Control-Request-Method", "PUT"),), (("Content-Type", "a/b"),)]),
)
BRIDGES = [
    bridge(),
    bridge(allow_credentials=True, allow_headers=("X-A",), expose_headers=("X-B",)),
    bridge(allow_origins=("*",)),
]


@given(st.sampled_from(BRIDGES), REQUESTS, ORIGINS, ORIGINS)
def test_where_an_answer_depends_on_the_origin_vary_says_so(
    bridge: Bridge, request: tuple[str, str, tuple[Pair, ...]], one: str | None, two: str | None
) -> None:
    method, target, fields = request
    heads = []
    for origin in (one, two):
        mine = fields if origin is None else (*fields, ("Origin", origin))
        heads.append(answer(bridge, ask(bridge, method, target, *mine, body=BODY)))
    if heads[0] == heads[1]:
        return
    for head in heads:
        passed = "*" in head.headers.get_all("Access-Control-Allow-Origin")
        # Under `*` what passes is one constant; only refusals differ.
        assert passed or "origin" in (head.headers.get("Vary") or "").lower()


@given(st.sampled_from(BRIDGES), REQUESTS, ORIGINS)
def test_no_answer_has_a_cors_field_twice_or_for_a_stranger(
    bridge: Bridge, request: tuple[str, str, tuple[Pair, ...]], origin: str | None
) -> None:
    method, target, fields = request
    mine = fields if origin is None else (*fields, ("Origin", origin))
    head = answer(bridge, ask(bridge, method, target, *mine, body=BODY))
    names = [n.lower() for n, _ in head.headers if n.lower().startswith("access-control-")]
    assert len(names) == len(set(names))
    allowed = head.headers.get("Access-Control-Allow-Origin")
    assert allowed in (None, "*", origin)
    if allowed == "*":
        assert bridge is BRIDGES[2]
        assert "Access-Control-Allow-Credentials" not in head.headers
    elif allowed is not None:
        assert origin in (SHOP, OTHER, f"{SHOP}:443")


@given(REQUESTS, st.sampled_from([None, EVIL, "null", "", f"{SHOP}/"]))
def test_a_stranger_changes_nothing(
    request: tuple[str, str, tuple[Pair, ...]], origin: str | None
) -> None:
    method, target, fields = request
    mine = fields if origin is None else (*fields, ("Origin", origin))
    step = ask(BRIDGES[0], method, target, *mine, body=BODY)
    if isinstance(step, Forward):
        # What no page is behind, and what any page can make a browser send and not read.
        assert step.form == "native"
        assert origin is None or method in ("GET", "HEAD")


@pytest.mark.parametrize("target", ["/", "/items?$xdr=1", "/items?$ct=a/b"])
def test_a_failure_of_the_api_can_be_read_by_the_page(target: str) -> None:
    step = ask(BRIDGES[0], "GET", target, ("Origin", SHOP))
    assert isinstance(step, Forward)
    reply = BRIDGES[0].fail(step, UpstreamError(Code.UPSTREAM_TIMEOUT, "too slow"))
    assert reply.head.headers.get_all("Access-Control-Allow-Origin") == [SHOP]
    assert reply.head.status == (200 if "$xdr" in target else 504)
    assert b"upstream-timeout" in reply.body


def test_the_apis_vary_is_kept_and_ours_added_once() -> None:
    step = ask(BRIDGES[0], "GET", "/", ("Origin", SHOP))
    for said, told in (
        ("Accept", "Accept, Origin"),
        ("origin, Accept", "origin, Accept"),
        ("*", "*"),
        ("", "Origin"),
    ):
        assert answer(BRIDGES[0], step, ("Vary", said)).headers.get_all("Vary") == [told]


def test_credentials_and_exposed_names_are_said_to_native_calls() -> None:
    head = answer(BRIDGES[1], ask(BRIDGES[1], "GET", "/", ("Origin", SHOP)))
    assert dict(head.headers) == {
        "Access-Control-Allow-Origin": SHOP,
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Expose-Headers": "X-B",
        "Vary": "Origin",
    }


def test_a_kept_target_is_forwarded_under_the_apis_path() -> None:
    prefixed = bridge(api="http://127.0.0.1:9000/v1")
    step = ask(prefixed, "GET", "/a/../b?c=/../d", ("Origin", SHOP))
    assert isinstance(step, Forward)
    assert step.call.target == "/v1/b?c=/../d"
    assert step.call.headers.get("Host") == "127.0.0.1:9000"
    assert step.call.headers.get("X-Forwarded-For") == "1.2.3.4"
