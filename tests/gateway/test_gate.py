"""The gate, and what an allowed page is told of a tunnel request that cannot be read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.clients import read_frame
from tests.support.gateways import RunningGateway
from xdr_bridge.tunnel.decoding import Limits

EVIL = "https://evil.test"


@pytest.mark.parametrize("target", ["//evil?$xdr=1", "/..?$xdr=1", "/" + "a" * 17_000 + "?$xdr=1"])
def test_the_origin_is_judged_before_the_target(bridge: RunningGateway, target: str) -> None:
    answer = bridge.call("GET", target, origin=EVIL)
    assert answer.status == 403
    assert answer.code == "origin-not-allowed"
    assert answer.cors() == {}


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("//evil?$xdr=1", "target-malformed"),
        ("/..?$xdr=1", "target-escapes"),
        ("/" + "a" * 17_000 + "?$xdr=1", "url-too-long"),
    ],
)
def test_an_allowed_page_gets_its_frame_for_a_malformed_target(
    bridge: RunningGateway, target: str, code: str
) -> None:
    assert bridge.call("GET", target).network_error == code


def test_a_preflight_for_the_tunnel_is_answered_about_its_url(bridge: RunningGateway) -> None:
    ask = ("Access-Control-Request-Method", "POST")
    assert bridge.call("OPTIONS", "/xdr/tunnel?$xdr=1", ask).status == 204
    assert bridge.call("OPTIONS", "/xdr/tunnel?$xdr=1", ask, origin=EVIL).status == 403


@pytest.mark.parametrize("name", ["xdr-session", "xdr_a", "client_ip", "x-forwarded-for", "cookie"])
def test_a_preflight_grants_nothing_that_the_tunnel_refuses(
    bridge: RunningGateway, name: str
) -> None:
    fields = (("Access-Control-Request-Method", "PUT"), ("Access-Control-Request-Headers", name))
    assert bridge.call("OPTIONS", "/echo", *fields).status == 403
    message = f"PUT /echo XDR/1\r\n{name}: 1\r\n\r\n"
    assert bridge.tunnel(message).network_error == "header-forbidden"


def test_too_large_a_body_names_no_target_that_is_not_the_calls(
    make_bridge: Callable[..., RunningGateway],
) -> None:
    limits = Limits(body_bytes=10, header_block_bytes=100, url_characters=100)
    bridge = make_bridge(limits=limits)
    frame = read_frame(bridge.tunnel(b"PUT /x XDR/1\r\n\r\n" + b"x" * 20))
    assert frame.status == 413
    assert frame.get("XDR-URL") is None


def test_secrets_of_a_refused_request_stay_out_of_the_sentence(bridge: RunningGateway) -> None:
    answer = bridge.call("GET", "//x?token=s3cret")
    assert answer.code == "target-malformed"
    assert "s3cret" not in answer.text
    answer = bridge.tunnel(b"GET /x XDR/1\r\nAuthorization Bearer s3cret\r\n\r\n")
    assert answer.network_error == "tunnel-malformed"
    assert "s3cret" not in answer.text


def test_an_allowed_page_reads_why_a_request_cannot_be_read(bridge: RunningGateway) -> None:
    long = ("X-Long", "a" * 70_000)
    many = tuple((f"X-{number}", "1") for number in range(130))
    for fields, status in (((long,), 431), (many, 431), ((("Content-Length", "x"),), 400)):
        answer = bridge.call("GET", "/x", *fields)
        assert answer.status == status
        assert answer.cors()["access-control-allow-origin"] == "https://shop.example"
        assert "origin" in answer.vary()
        assert bridge.call("GET", "/x", *fields, origin=EVIL).cors() == {}
        assert bridge.call("GET", "/x", ("Origin", EVIL), *fields).cors() == {}
