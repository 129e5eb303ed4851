"""Addresses of proxies: what an operator can mean, and who is at one."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.forwarding.proxies import TrustedProxies, read_address, read_network


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("10.0.0.5", "10.0.0.5/32"),
        ("10.0.0.5/32", "10.0.0.5/32"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("127.0.0.1", "127.0.0.1/32"),
        ("::1", "::1/128"),
        ("fc00::/7", "fc00::/7"),
        ("2001:DB8:0::1", "2001:db8::1/128"),
        ("::ffff:10.0.0.5", "10.0.0.5/32"),
        ("::ffff:a00:5", "10.0.0.5/32"),
        ("::ffff:10.0.0.0/104", "10.0.0.0/8"),
    ],
)
def test_an_address_or_a_network_is_read(text: str, network: str) -> None:
    assert str(read_network(text)) == network


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "names are not looked up"),
        ("*", "names are not looked up"),
        ("proxy.internal", "names are not looked up"),
        ("localhost", "names are not looked up"),
        ("unix:", "names are not looked up"),
        ("10.0.0", "names are not looked up"),
        ("010.0.0.1", "names are not looked up"),
        ("1", "names are not looked up"),
        ("[::1]", "names are not looked up"),
        ("10.0.0.5:80", "names are not looked up"),
        ("fe80::1%eth0", "names are not looked up"),
        (" 10.0.0.5", "names are not looked up"),
        ("/8", "names are not looked up"),
        ("10.0.0.0/", "names are not looked up"),
        ("10.0.0.0/255.0.0.0", "names are not looked up"),
        ("10.0.0.0/0.255.255.255", "names are not looked up"),
        ("10.0.0.0/33", "out of range"),
        ("::1/129", "out of range"),
        ("10.0.0.1/8", "10.0.0.0/8 would be accepted"),
        ("::ffff:10.0.0.1/104", "10.0.0.0/8 would be accepted"),
        ("0.0.0.0", "no machine"),
        ("0.0.0.0/8", "no machine"),
        ("::", "no machine"),
        ("224.0.0.1", "no machine"),
        ("ff02::1", "no machine"),
    ],
)
def test_what_nobody_can_mean_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        read_network(text)


@pytest.mark.parametrize(
    "text", ["0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "::/1", "2000::/3", "::ffff:0:0/96"]
)
def test_the_whole_internet_is_no_proxy(text: str) -> None:
    with pytest.raises(ValueError, match="pages could say who they are"):
        read_network(text)


@pytest.mark.parametrize(
    ("address", "trusted"),
    [
        ("10.1.2.3", True),
        ("::ffff:10.1.2.3", True),
        ("11.0.0.0", False),
        ("::10.1.2.3", False),
        ("fd00::1", True),
        ("fd00::1%eth0", True),
        ("fe00::1", False),
    ],
)
def test_who_is_in_a_network_is_trusted(address: str, trusted: bool) -> None:
    proxies = TrustedProxies([read_network("10.0.0.0/8"), read_network("fd00::/8")])
    read = read_address(address)
    assert read is not None
    assert (read in proxies) is trusted


@given(st.ip_addresses())
def test_nobody_is_trusted_where_no_network_is_given(address: object) -> None:
    read = read_address(str(address))
    assert read is not None
    assert read not in TrustedProxies()


def test_a_link_is_nothing_to_tell_another_machine() -> None:
    assert read_address("fe80::1%eth0") == ip_address("fe80::1")
    assert read_address("unknown") is None
