"""What binds a connection to an API: the fields that say so, and what follows."""

from __future__ import annotations

import pytest

from xdr_bridge.http.messages import Headers
from xdr_bridge.http.v1.reuse import Reuse, reuse_for

SIGNS = [
    "NTLM",
    "NTLM TlRMTVNTUAAB",
    "ntlm TlRMTVNTUAAB",
    "nTlM\tTlRM",
    "Negotiate",
    "negotiate YII=",
    "NEGOTIATE YII=",
    "Nego2 x",
    "Kerberos x",
    # IIS names the provider that it prefers.
    "Negotiate:Kerberos",
    'Basic realm="x", NTLM',
    'Digest realm="x", nonce="y",negotiate',
    "Basic eDp5,\tNTLM TlRM",
]
NO_SIGNS = [
    "",
    "Basic TlRMOm5lZ290aWF0ZQ==",
    "Bearer NTLM",
    "Digest username=ntlm",
    'Basic realm="NTLM"',
    "NTLM2 x",
    "Negotiated x",
    "X-NTLM x",
    "Not, an-ntlm",
]


@pytest.mark.parametrize("value", SIGNS)
@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
def test_a_request_that_may_log_a_connection_in(name: str, value: str) -> None:
    headers = Headers([("Accept", "*/*"), (name, value)])
    assert reuse_for(headers, own=True) is Reuse.BOUND
    assert reuse_for(headers, own=False) is Reuse.NEVER


@pytest.mark.parametrize("value", SIGNS)
def test_one_of_two_fields_is_enough(value: str) -> None:
    headers = Headers([("Authorization", "Basic eDp5"), ("authorization", value)])
    assert reuse_for(headers, own=False) is Reuse.NEVER


@pytest.mark.parametrize("value", NO_SIGNS)
def test_a_request_that_stands_for_itself(value: str) -> None:
    headers = Headers([("Authorization", value), ("X-Authorization", "NTLM x")])
    assert reuse_for(headers, own=True) is Reuse.OWN
    assert reuse_for(headers, own=False) is Reuse.SHARED
    assert reuse_for(Headers(), own=False) is Reuse.SHARED


@pytest.mark.parametrize("value", SIGNS)
def test_an_answer_that_offers_to_log_in(value: str) -> None:
    headers = Headers([("www-authenticate", 'Basic realm="x"'), ("WWW-Authenticate", value)])
    assert Reuse.OWN.after(headers) is Reuse.BOUND
    assert Reuse.SHARED.after(headers) is Reuse.NEVER


def test_iis_says_that_a_connection_stays_logged_in() -> None:
    assert Reuse.SHARED.after(Headers([("Persistent-Auth", "true")])) is Reuse.NEVER


@pytest.mark.parametrize("value", NO_SIGNS)
def test_an_answer_that_offers_nothing_of_the_kind(value: str) -> None:
    headers = Headers([("WWW-Authenticate", value), ("Authentication-Info", "NTLM")])
    for reuse in Reuse:
        assert reuse.after(headers) is reuse


@pytest.mark.parametrize("value", ["", "Basic", "NTLM"])
def test_what_has_been_lost_once_is_never_given_back(value: str) -> None:
    headers = Headers([("WWW-Authenticate", value)])
    assert Reuse.BOUND.after(headers) is Reuse.BOUND
    assert Reuse.NEVER.after(headers) is Reuse.NEVER


def test_a_long_field_takes_no_long_time() -> None:
    value = ", \t" * 200_000 + "x"
    assert reuse_for(Headers([("Authorization", value)]), own=False) is Reuse.SHARED
