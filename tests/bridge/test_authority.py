"""API authority, conversation by conversation: a bridge that was given no policy."""

from __future__ import annotations

import pytest

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.routes import Route
from xdr_bridge.bridge.steps import Answer, Forward, ReadBody, Reply
from xdr_bridge.cors.policies import PolicyTable
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead

PAGE = "https://shop.example"
API = Api(scheme="http", host="127.0.0.1", port=9000, path="/v1")
OTHER = Api(scheme="http", host="127.0.0.1", port=9001)
ALLOWED = ("Access-Control-Allow-Origin", PAGE)


def head(method: str, target: str, *fields: tuple[str, str]) -> RequestHead:
    return RequestHead(method=method, target=target, headers=Headers([("Host", "b"), *fields]))


def answer(status: int, *fields: tuple[str, str]) -> ResponseHead:
    return ResponseHead(status=status, reason="", headers=Headers(fields))


def tunnel(bridge: Bridge, message: str, *, origin: str = PAGE) -> Forward | Reply:
    outer = head("POST", "/xdr/tunnel?$xdr=1", ("Origin", origin))
    step = bridge.receive(outer)
    if isinstance(step, Reply):
        return step
    assert isinstance(step, ReadBody)
    step = bridge.receive(outer, message.encode(), now=100.0)
    assert not isinstance(step, ReadBody)
    return step


def forwarded(step: object) -> Forward:
    assert isinstance(step, Forward)
    return step


def refused(step: object) -> tuple[Code, str]:
    assert isinstance(step, Reply)
    assert step.refusal is not None
    return step.refusal.code, step.body.decode()


@pytest.fixture
def bridge() -> Bridge:
    return Bridge(routes=[Route(api=API, policies=None)])


PUT = "PUT /items/7 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}"
GET = "GET /items HTTP/1.1\r\n\r\n"


def test_a_simple_call_is_made_at_once_with_the_origin(bridge: Bridge) -> None:
    call = forwarded(tunnel(bridge, GET)).call
    assert (call.method, call.target) == ("GET", "/v1/items")
    assert call.headers.get_all("Origin") == [PAGE]
    assert call.headers.get_all("Host") == ["127.0.0.1:9000"]


def test_another_call_is_preflighted_then_made_then_framed(bridge: Bridge) -> None:
    asked = forwarded(tunnel(bridge, PUT))
    assert (asked.call.method, asked.body) == ("OPTIONS", b"")
    assert asked.call.headers.get("Access-Control-Request-Method") == "PUT"
    assert asked.call.headers.get("Access-Control-Request-Headers") == "content-type"

    permitted = answer(
        204,
        ALLOWED,
        ("Access-Control-Allow-Methods", "PUT"),
        ("Access-Control-Allow-Headers", "Content-Type"),
        ("Access-Control-Max-Age", "60"),
    )
    call = forwarded(bridge.respond(asked, permitted, now=100.0))
    assert (call.call.method, call.call.target, call.body) == ("PUT", "/v1/items/7", b"{}")

    exposed = ("Access-Control-Expose-Headers", "X-Total-Count")
    fields = (ALLOWED, exposed, ("X-Total-Count", "3"), ("X-Secret", "1"))
    framed = bridge.respond(call, answer(200, *fields), now=100.0)
    assert isinstance(framed, Answer)
    assert framed.head.headers.get("Access-Control-Allow-Origin") == PAGE
    frame = (framed.writer.write(b"{}") + framed.writer.end()).decode()
    assert "x-total-count: 3" in frame
    assert "x-secret" not in frame
    assert "XDR-URL: /items/7\r\n" in frame

    # Remembered for a minute, by the edge's clock.
    outer = head("POST", "/xdr/tunnel?$xdr=1", ("Origin", PAGE))
    assert forwarded(bridge.receive(outer, PUT.encode(), now=159.0)).call.method == "PUT"
    assert forwarded(bridge.receive(outer, PUT.encode(), now=161.0)).call.method == "OPTIONS"


def test_a_refused_page_learns_the_step_but_not_what_the_api_said(bridge: Bridge) -> None:
    asked = forwarded(tunnel(bridge, GET))
    step = bridge.respond(asked, answer(200, ("Access-Control-Allow-Origin", "https://b.test")))
    code, frame = refused(step)
    assert code is Code.CORS_CHECK_FAILED
    assert frame.startswith("XDR/1 error cors-check-failed\r\n")
    assert "b.test" not in frame
    assert isinstance(step, Reply)
    assert "b.test" in str(step.refusal)


def test_a_preflight_that_lacks_the_method_names_it(bridge: Bridge) -> None:
    asked = forwarded(tunnel(bridge, PUT))
    code, frame = refused(bridge.respond(asked, answer(204, ALLOWED)))
    assert code is Code.PREFLIGHT_METHOD
    assert "PUT" in frame


@pytest.mark.parametrize("origin", ["null", "https://SHOP.example", "", "https://a/b"])
def test_the_gate_asks_for_a_well_formed_origin(bridge: Bridge, origin: str) -> None:
    step = tunnel(bridge, GET, origin=origin)
    code, body = refused(step)
    assert code is Code.ORIGIN_MALFORMED
    assert not body.startswith("XDR/1")
    assert isinstance(step, Reply)
    assert "Access-Control-Allow-Origin" not in step.head.headers


def test_a_redirect_within_the_api_is_followed_and_mapped(bridge: Bridge) -> None:
    asked = forwarded(tunnel(bridge, GET))
    redirect = answer(302, ALLOWED, ("Location", "http://127.0.0.1:9000/v1/new?x=1"))
    followed = forwarded(bridge.respond(asked, redirect))
    assert (followed.call.target, followed.target) == ("/v1/new?x=1", "/new?x=1")


@pytest.mark.parametrize(
    "location",
    ["http://evil.test/", "//evil.test/x", "http://127.0.0.1:9000/other", "/v1/xdr/tunnel"],
)
def test_a_redirect_out_of_the_api_or_into_the_bridge_is_refused(
    bridge: Bridge, location: str
) -> None:
    asked = forwarded(tunnel(bridge, GET))
    code, frame = refused(bridge.respond(asked, answer(302, ALLOWED, ("Location", location))))
    assert code is Code.REDIRECT_REFUSED
    assert "evil" not in frame


def test_a_redirect_does_not_slip_past_the_policy_of_another_api() -> None:
    policy = CorsPolicy(origins=["https://other.example"])
    bridge = Bridge(
        routes=[
            Route(api=API, policies=None),
            Route(api=OTHER, policies=PolicyTable({"/": policy}), prefix="/other"),
        ]
    )
    asked = forwarded(tunnel(bridge, GET))
    redirect = answer(302, ALLOWED, ("Location", "http://127.0.0.1:9001/x"))
    assert refused(bridge.respond(asked, redirect))[0] is Code.REDIRECT_REFUSED


def test_a_native_preflight_and_its_answer_pass_untouched(bridge: Bridge) -> None:
    fields = (
        ("Origin", PAGE),
        ("Access-Control-Request-Method", "PUT"),
        ("Access-Control-Request-Headers", "x-a"),
    )
    step = forwarded(bridge.receive(head("OPTIONS", "/items", *fields)))
    assert (step.form, step.call.method) == ("preflight", "OPTIONS")
    for name, value in fields:
        assert step.call.headers.get_all(name) == [value]
    theirs = (ALLOWED, ("Access-Control-Allow-Methods", "PUT"), ("Vary", "Origin"))
    passed = bridge.respond(step, answer(204, *theirs))
    assert isinstance(passed, Answer)
    assert tuple(passed.head.headers) == theirs


def test_a_native_call_of_any_origin_is_the_apis_business(bridge: Bridge) -> None:
    step = forwarded(bridge.receive(head("DELETE", "/items/7", ("Origin", "https://b.test"))))
    assert step.body is None
    passed = bridge.respond(step, answer(403))
    assert isinstance(passed, Answer)
    assert tuple(passed.head.headers) == ()


def test_an_unframed_call_gets_the_apis_answer_with_its_cors_headers(bridge: Bridge) -> None:
    outer = head("POST", "/items/7?$httpMethod=DELETE", ("Origin", PAGE))
    asked = forwarded(bridge.receive(outer, b""))
    assert asked.call.method == "OPTIONS"
    permitted = answer(204, ALLOWED, ("Access-Control-Allow-Methods", "DELETE"))
    call = forwarded(bridge.respond(asked, permitted))
    passed = bridge.respond(call, answer(204, ALLOWED, ("X-A", "1")))
    assert isinstance(passed, Answer)
    assert passed.head.status == 204
    assert passed.head.headers.get_all("Access-Control-Allow-Origin") == [PAGE]


@pytest.mark.parametrize("allowed", ["api_key", "*"])
def test_a_name_with_an_underscore_is_for_the_api_to_allow(bridge: Bridge, allowed: str) -> None:
    message = "GET /items XDR/1\r\napi_key: 7\r\n\r\n"
    preflight = forwarded(tunnel(bridge, message))
    assert preflight.call.headers.get("Access-Control-Request-Headers") == "api_key"
    step = bridge.respond(
        preflight, answer(204, ALLOWED, ("Access-Control-Allow-Headers", allowed))
    )
    assert forwarded(step).call.headers.get("api_key") == "7"
    again = bridge.respond(
        forwarded(tunnel(bridge, message.replace("/items", "/o"))), answer(204, ALLOWED)
    )
    assert refused(again)[0] is Code.PREFLIGHT_HEADER
    folded = tunnel(bridge, "GET /items XDR/1\r\nX_Forwarded_For: 7\r\n\r\n")
    assert refused(folded)[0] is Code.HEADER_FORBIDDEN
