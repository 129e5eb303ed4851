"""The names by which somebody says who asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from xdr_bridge.http.fields import is_refused_request_header, without_forwarding
from xdr_bridge.http.forwarding.names import (
    FORWARDING_NAMES,
    FORWARDING_PREFIXES,
    is_forwarding_header,
)

DOCS = (Path(__file__).parents[3] / "docs/proxies.md").read_text("utf-8").lower()


@pytest.mark.parametrize(
    "name",
    [
        *("Client-IP", "Client-ip", "X-Client-IP", "True-Client-IP", "CF-Connecting-IP"),
        *("X-Cluster-Client-IP", "Fastly-Client-IP", "X-Forwarded", "X-Original-Method"),
        *("X-URL-Scheme", "Front-End-Https", "X-ARR-SSL", "Remote-User", "X-WebAuth-User"),
        *("Client_IP", "REMOTE_USER", "X_ARR-SSL", "X-Auth-Request-Email", "X-SSL-Client-Verify"),
        "Proxy",
    ],
)
def test_a_word_of_proxies_is_taken_from_no_page(name: str) -> None:
    assert is_forwarding_header(name)
    assert is_refused_request_header(name)
    assert without_forwarding([(name, "1"), ("Age", "2")]) == [("Age", "2")]


@pytest.mark.parametrize(
    "name", ["Client", "X-Client-Version", "Remote", "X-Original-Filename", "X-User", "X-Scheme-Id"]
)
def test_names_beside_them_are_the_pages(name: str) -> None:
    assert not is_forwarding_header(name)
    assert not is_refused_request_header(name)


def test_the_docs_name_all_of_them() -> None:
    for name in FORWARDING_NAMES:
        assert f"`{name}`" in DOCS, name
    for prefix in FORWARDING_PREFIXES:
        assert f"`{prefix}*`" in DOCS, prefix
