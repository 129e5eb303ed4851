"""Whose connection to the API a step asks for: the core's decision, door by door."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.log_ins import why_no_log_in
from xdr_bridge.bridge.routes import Route
from xdr_bridge.bridge.steps import Forward
from xdr_bridge.http.api import Api
from xdr_bridge.http.forwarding.fields import Forwarding
from xdr_bridge.http.forwarding.proxies import TrustedProxies, read_network
from xdr_bridge.http.messages import Headers, RequestHead, ResponseHead
from xdr_bridge.http.v1.reuse import Reuse

ORIGIN = ("Origin", "https://shop.example")
NTLM = ("Authorization", "NTLM x")
PROXY, PAGE = "10.0.0.5", "192.0.2.7"


def bridge(*, keeps_apart: bool = False) -> Bridge:
    forwarding = Forwarding(
        TrustedProxies([read_network(PROXY)]), dangerously_log_in_through_proxies=keeps_apart
    )
    api = Api(scheme="http", host="api.test", port=80)
    return Bridge(routes=[Route(api=api, policies=None, forwarding=forwarding)])


def step(
    *fields: tuple[str, str],
    method: str = "GET",
    target: str = "/x",
    client: str | None = PAGE,
    body: bytes = b"",
    keeps_apart: bool = False,
) -> Forward:
    head = RequestHead(method, target, Headers([ORIGIN, *fields]), client)
    forward = bridge(keeps_apart=keeps_apart).receive(head, body)
    assert isinstance(forward, Forward)
    return forward


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_a_native_call_on_a_pages_own_connection(method: str) -> None:
    assert step(method=method).reuse is Reuse.OWN
    assert step(NTLM, method=method).reuse is Reuse.BOUND


@pytest.mark.parametrize("client", [PROXY, None], ids=["a trusted proxy", "nobody knows"])
def test_a_native_call_on_a_connection_that_may_be_many_peoples(client: str | None) -> None:
    assert step(client=client).reuse is Reuse.SHARED
    assert step(NTLM, client=client).reuse is Reuse.NEVER
    assert "--dangerously-log-in-through-proxies" in why_no_log_in(step(NTLM, client=client))


@pytest.mark.parametrize("name", ["via", "FORWARDED", "X-Forwarded-Port", "x-real-ip", "X_Host"])
def test_what_only_proxies_say(name: str) -> None:
    assert step((name, "1.1 x")).reuse is Reuse.SHARED
    assert step((name, "1.1 x"), NTLM).reuse is Reuse.NEVER


def test_a_proxy_that_keeps_its_clients_apart() -> None:
    assert step(NTLM, client=PROXY, keeps_apart=True).reuse is Reuse.BOUND
    # It is the word about trusted proxies only.
    assert step(NTLM, ("Via", "1.1 x"), keeps_apart=True).reuse is Reuse.NEVER


def call_of(forward: Forward) -> Forward:
    """Return the call itself, permitted where a preflight asks for it."""
    assert forward.ask is not None
    if not forward.ask.is_preflight:
        return forward
    assert forward.reuse is Reuse.SHARED
    permit = [("Access-Control-Allow-Origin", "*"), ("Access-Control-Allow-Methods", "*")]
    permit.append(("Access-Control-Allow-Headers", "authorization, x"))
    head = ResponseHead(status=200, reason="", headers=Headers(permit))
    following = bridge().respond(forward, head)
    assert isinstance(following, Forward)
    return following


@pytest.mark.parametrize("client", [PAGE, PROXY])
@pytest.mark.parametrize(
    ("target", "body"),
    [
        ("/xdr/tunnel?$xdr=1", b"PUT /x HTTP/1.1\r\n%b\r\n"),
        ("/xdr/tunnel", b"PUT /x HTTP/1.1\r\n%b\r\n"),
        ("/x?$xdr=1&$httpMethod=PUT&$httpHeaders=", b"%b"),
    ],
    ids=["body form", "unframed", "query form"],
)
def test_a_tunnelled_call_by_whichever_way(target: str, body: bytes, client: str) -> None:
    def reuse(fields: str) -> Reuse:
        by_query = target.endswith("=")
        # What the tunnel request itself says of a user is dropped.
        forward = step(
            NTLM,
            method="POST",
            target=target + (quote(fields) if by_query else ""),
            client=client,
            body=b"" if by_query else body % fields.encode(),
            keeps_apart=True,
        )
        return call_of(forward).reuse

    assert reuse("X: NTLM\r\n") is Reuse.SHARED
    assert reuse("Authorization: ntlm x\r\n") is Reuse.NEVER


def test_what_the_operator_is_told_of_a_tunnelled_call() -> None:
    body = b"PUT /x HTTP/1.1\r\n\r\n"
    told = why_no_log_in(step(method="POST", target="/xdr/tunnel", body=body))
    assert "does not work; let pages set withCredentials, which the relay can do, or log" in told
