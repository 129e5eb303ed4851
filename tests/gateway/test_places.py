"""Who is counted together, and that nobody is remembered who is gone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.gateway.descriptors import connections_that_fit
from xdr_bridge.gateway.places import Places, place_of


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff", True),
        ("2001:db8:0:1::1", "2001:db8:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth0", True),
        ("::1", "127.0.0.1", False),
        # A Unix socket's, and what is none.
        ("", "", True),
        ("a:b", "a:b", True),
    ],
)
def test_an_ipv6_network_is_one_place(one: str, other: str, together: bool) -> None:
    assert (place_of(one) == place_of(other)) is together


@given(st.lists(st.sampled_from("abc"), max_size=30), st.integers(1, 4), st.integers(1, 4))
def test_all_who_leave_are_forgotten(come: list[str], most: int, most_per_address: int) -> None:
    places = Places(most, most_per_address)
    there: list[str] = []
    for place in come:
        if places.is_full() or places.is_full_for(place):
            assert len(there) >= most or there.count(place) >= most_per_address
            continue
        places.take(place)
        there.append(place)
        assert places.taken == len(there) <= most
        assert there.count(place) <= most_per_address
    for place in there:
        places.leave(place)
    assert places.taken == 0
    assert places._by_address == {}


@pytest.mark.parametrize(
    ("limit", "to_apis", "connections"),
    [
        (None, 256, 10_000),
        (1 << 20, 256, 10_000),
        (20_000, 256, 10_000),
        # What shells and services begin with on Linux, on macOS, on Windows (where `select` ends).
        (1024, 256, 704),
        (1024, 2560, 480),
        (512, 256, 224),
        (256, 256, 96),
        (70, 256, 3),
        (10, 256, 1),
    ],
)
def test_connections_leave_descriptors_for_those_to_the_api(
    limit: int | None, to_apis: int, connections: int
) -> None:
    assert connections_that_fit(limit, to_apis) == connections
