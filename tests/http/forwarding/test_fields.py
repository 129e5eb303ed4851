"""Who asks: the word of trusted proxies read, our own written. RFC 7239; RFC 9110, 7.6.3."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xdr_bridge.http.errors import Code, RequestError
from xdr_bridge.http.forwarding.fields import DEFAULT_FIELDS, Forwarding
from xdr_bridge.http.forwarding.names import FORWARDED, FORWARDING_FIELDS
from xdr_bridge.http.forwarding.proxies import TrustedProxies, read_network
from xdr_bridge.http.messages import Headers, Pair, RequestHead

PROXY, OUTER_PROXY = "10.0.0.2", "10.0.0.1"
X_FORWARDED = FORWARDING_FIELDS[:3]
TRUSTED = TrustedProxies([read_network("10.0.0.0/8"), read_network("fd00::/8")])


def head(
    *fields: Pair,
    client: str | None = PROXY,
    scheme: str = "http",
    host: str | None = "api.example",
    version: str = "1.1",
) -> RequestHead:
    pairs = [*fields] if host is None else [("Host", host), *fields]
    return RequestHead(
        method="GET",
        target="/",
        headers=Headers(pairs),
        client=client,
        scheme=scheme,
        version=version,
    )


def told(request: RequestHead, *names: str, proxies: TrustedProxies = TRUSTED) -> dict[str, str]:
    pairs = Forwarding(proxies, names or DEFAULT_FIELDS).fields_of(request)
    assert len(dict(pairs)) == len(pairs)
    Headers(pairs)
    return dict(pairs)


def refusal(request: RequestHead, *names: str) -> str:
    with pytest.raises(RequestError) as raised:
        told(request, *names)
    assert raised.value.code is Code.FORWARDED_MALFORMED
    return raised.value.detail


def told_or_refused(request: RequestHead, *names: str) -> dict[str, str] | None:
    """Return what is told, or None where the request is refused for what a proxy said."""
    try:
        return told(request, *names)
    except RequestError as error:
        refused = error
    assert refused.code is Code.FORWARDED_MALFORMED
    assert refused.detail.isprintable()
    return None


def test_who_is_connected_is_told_where_nobody_is_trusted() -> None:
    assert told(head(client="192.0.2.7"), proxies=TrustedProxies()) == {
        "X-Forwarded-For": "192.0.2.7",
        "X-Forwarded-Proto": "http",
        "X-Forwarded-Host": "api.example",
        "Forwarded": "for=192.0.2.7;host=api.example;proto=http",
        "Via": "1.1 xdr-bridge",
    }


def test_an_ipv6_address_and_a_port_are_quoted() -> None:
    said = told(head(client="2001:db8::7", host="api.example:8443", scheme="https"))
    assert said["X-Forwarded-For"] == "2001:db8::7"
    assert said["X-Forwarded-Host"] == "api.example:8443"
    assert said["Forwarded"] == 'for="[2001:db8::7]";host="api.example:8443";proto=https'


@pytest.mark.parametrize("host", [None, ""])
def test_a_host_that_nobody_asked_for_is_not_told(host: str | None) -> None:
    said = told(head(client="192.0.2.7", host=host))
    assert "X-Forwarded-Host" not in said
    assert said["Forwarded"] == "for=192.0.2.7;proto=http"


def test_a_client_that_an_edge_does_not_know_is_not_told() -> None:
    said = told(head(client=None))
    assert "X-Forwarded-For" not in said
    assert said["Forwarded"] == "host=api.example;proto=http"


@pytest.mark.parametrize(
    ("client", "address"),
    [("::ffff:192.0.2.7", "192.0.2.7"), ("fe80::1%eth0", "fe80::1"), ("elsewhere", "unknown")],
)
def test_an_address_is_told_one_way(client: str, address: str) -> None:
    assert told(head(client=client))["X-Forwarded-For"] == address


# X-Forwarded-* -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "chain"),
    [
        ("192.0.2.7", "192.0.2.7, 10.0.0.2"),
        ("192.0.2.7, 10.0.0.1", "192.0.2.7, 10.0.0.1, 10.0.0.2"),
        ("6.6.6.6, 192.0.2.7, 10.0.0.1", "192.0.2.7, 10.0.0.1, 10.0.0.2"),
        ("10.0.0.9, 192.0.2.7", "192.0.2.7, 10.0.0.2"),
        ("garbage, 192.0.2.7", "192.0.2.7, 10.0.0.2"),
        # Nobody but proxies: the first of them asks for itself.
        ("10.0.0.8, 10.0.0.1", "10.0.0.8, 10.0.0.1, 10.0.0.2"),
        # With ports, as IIS and Azure write them; mapped, bracketed, bare.
        ("192.0.2.7:51234", "192.0.2.7, 10.0.0.2"),
        ("[2001:db8::7]:443", "2001:db8::7, 10.0.0.2"),
        ("[2001:db8::7]", "2001:db8::7, 10.0.0.2"),
        ("2001:DB8::7,::ffff:10.0.0.1", "2001:db8::7, 10.0.0.1, 10.0.0.2"),
        # Empty items are none (RFC 9110, section 5.6.1).
        (" , 192.0.2.7,, \t10.0.0.1 ,", "192.0.2.7, 10.0.0.1, 10.0.0.2"),
        ("", "10.0.0.2"),
        # Who does not say.
        ("6.6.6.6, unknown", "unknown, 10.0.0.2"),
        ("_hidden, 10.0.0.1", "unknown, 10.0.0.1, 10.0.0.2"),
    ],
)
def test_the_client_is_the_first_from_the_right_that_is_no_proxy(said: str, chain: str) -> None:
    assert told(head(("X-Forwarded-For", said)))["X-Forwarded-For"] == chain


def test_several_lines_are_one_list() -> None:
    lines = [("X-Forwarded-For", "6.6.6.6, 192.0.2.7"), ("X-Forwarded-For", OUTER_PROXY)]
    assert told(head(*lines))["X-Forwarded-For"] == "192.0.2.7, 10.0.0.1, 10.0.0.2"


@pytest.mark.parametrize(
    ("said", "scheme"),
    [("https", "https"), ("HTTPS", "https"), ("http, https", "https"), ("", "http"), (",", "http")],
)
def test_the_scheme_is_what_the_nearest_proxy_says(said: str, scheme: str) -> None:
    fields = [("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", said)]
    answer = told(head(*fields))
    assert answer["X-Forwarded-Proto"] == scheme
    assert answer["Forwarded"] == (
        f"for=192.0.2.7;host=api.example;proto={scheme}, for=10.0.0.2;host=api.example;proto=http"
    )


def test_a_proxy_that_names_no_client_tells_the_scheme() -> None:
    said = told(head(("X-Forwarded-Proto", "https")))
    assert said["X-Forwarded-For"] == PROXY
    assert said["X-Forwarded-Proto"] == "https"
    assert said["Forwarded"] == "for=10.0.0.2;host=api.example;proto=https"


def test_a_proxy_with_tls_to_us_may_speak_for_a_page_on_http() -> None:
    said = told(head(("X-Forwarded-Proto", "http"), scheme="https"))
    assert said["X-Forwarded-Proto"] == "http"


def test_the_public_host_is_told_where_the_proxy_is_said_to_set_it() -> None:
    request = head(
        ("X-Forwarded-For", "192.0.2.7"),
        ("X-Forwarded-Host", "6.6.6.6, shop.example:8443"),
        host="127.0.0.1:8780",
    )
    said = told(request, *X_FORWARDED)
    assert said["X-Forwarded-Host"] == "shop.example:8443"
    assert said["Forwarded"] == (
        'for=192.0.2.7;host="shop.example:8443";proto=http,'
        ' for=10.0.0.2;host="127.0.0.1:8780";proto=http'
    )
    assert told(request)["X-Forwarded-Host"] == "127.0.0.1:8780"


def test_fields_that_proxies_are_not_said_to_set_are_not_read() -> None:
    request = head(("X-Forwarded-For", "192.0.2.7"), ("X-Forwarded-Proto", "https"))
    said = told(request, "X-Forwarded-Proto")
    assert (said["X-Forwarded-For"], said["X-Forwarded-Proto"]) == (PROXY, "https")
    said = told(request, "X-Forwarded-For")
    assert (said["X-Forwarded-For"], said["X-Forwarded-Proto"]) == ("192.0.2.7, 10.0.0.2", "http")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("X-Forwarded-For", "elsewhere"),
        ("X-Forwarded-For", "unix:"),
        ("X-Forwarded-For", "192.0.2.7, 1.2.3"),
        ("X-Forwarded-For", "192.0.2.7 10.0.0.1"),
        ("X-Forwarded-For", "192.0.2.7:port"),
        ("X-Forwarded-For", "[192.0.2.7"),
        ("X-Forwarded-For", "192.0.2.7, elsewhere, 10.0.0.1"),
        ("X-Forwarded-For", '"192.0.2.7"'),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Proto", "https http"),
        ("X-Forwarded-Host", "a b"),
        ("X-Forwarded-Host", 'a"'),
        ("X-Forwarded-Host", "a/b"),
    ],
)
def test_a_proxy_that_cannot_be_understood_is_refused(name: str, said: str) -> None:
    detail = refusal(head((name, said)), *X_FORWARDED)
    assert name in detail
    assert "accepted" in detail


# Forwarded -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "chain", "scheme", "host"),
    [
        ("for=192.0.2.7", "192.0.2.7", "http", "api.example"),
        ("For=192.0.2.7;Proto=HTTPS;Host=shop.example", "192.0.2.7", "https", "shop.example"),
        ('for="192.0.2.7:80";host="shop.example:1"', "192.0.2.7", "http", "shop.example:1"),
        ('for="[2001:db8::7]";by="_x";proto=https', "2001:db8::7", "https", "api.example"),
        ('for="[2001:db8::7]:_port"', "2001:db8::7", "http", "api.example"),
        ("for=192.0.2.7 ; proto=https ;, ", "192.0.2.7", "https", "api.example"),
        (r'for="192.0.2\.7";a="\"\\"', "192.0.2.7", "http", "api.example"),
        # The client's element, not another one, says what the client asked.
        (
            "for=6.6.6.6;proto=https, for=192.0.2.7;host=a, for=10.0.0.1;proto=https;host=b",
            "192.0.2.7, 10.0.0.1",
            "http",
            "a",
        ),
        ("for=unknown;proto=https", "unknown", "https", "api.example"),
        ("for=6.6.6.6, for=_hidden", "unknown", "http", "api.example"),
        ("for=6.6.6.6, proto=https", "unknown", "https", "api.example"),
        ("for=10.0.0.8;proto=https, for=10.0.0.1", "10.0.0.8, 10.0.0.1", "https", "api.example"),
    ],
)
def test_forwarded_is_read_from_the_right(said: str, chain: str, scheme: str, host: str) -> None:
    answer = told(head((FORWARDED, said)), FORWARDED)
    assert answer["X-Forwarded-For"] == f"{chain}, 10.0.0.2"
    assert answer["X-Forwarded-Proto"] == scheme
    assert answer["X-Forwarded-Host"] == host


@pytest.mark.parametrize("said", ["", " ", ",", ";,;"])
def test_a_forwarded_that_says_nothing_says_nothing(said: str) -> None:
    answer = told(head((FORWARDED, said)), FORWARDED)
    assert answer["X-Forwarded-For"] == PROXY


@pytest.mark.parametrize(
    "said",
    [
        "for",
        "for=",
        "=192.0.2.7",
        "for=192.0.2.7;for=6.6.6.6",
        "for=192.0.2.7;For=6.6.6.6",
        "for=192.0.2.7 proto=https",
        "for=2001:db8::7",
        "for=[2001:db8::7]",
        'for="2001:db8::7"',
        "for = 192.0.2.7",
        'for="192.0.2.7',
        'for="192.0.2.7"x',
        'for="192.0.2.7\\"',
        "for=elsewhere",
        "proto=gopher",
        'host="a b"',
        "for=10.0.0.1;" + "a" * 5000 + "=1",
    ],
)
def test_a_forwarded_that_cannot_be_understood_is_refused(said: str) -> None:
    assert FORWARDED in refusal(head((FORWARDED, said)), FORWARDED)


def test_what_is_written_can_be_read() -> None:
    first = told(head(client="2001:db8::7", scheme="https", host="shop.example:1"))
    second = told(head((FORWARDED, first[FORWARDED])), FORWARDED)
    assert second["X-Forwarded-For"] == "2001:db8::7, 10.0.0.2"
    assert second["X-Forwarded-Proto"] == "https"
    assert second["X-Forwarded-Host"] == "shop.example:1"


# What no page can change ---------------------------------------------------------------------

_ADDRESSES = st.ip_addresses().map(str)
_FORGED = st.one_of(
    _ADDRESSES,
    st.sampled_from(["10.0.0.1", "127.0.0.1", "::1", "unknown", "for=10.0.0.1", "", ",", "x"]),
    st.from_regex(re.compile(r"[\t\x20-\x7e]{0,40}"), fullmatch=True),
)
CLIENT = "192.0.2.7"


@given(st.lists(_FORGED, max_size=5), st.lists(st.sampled_from(["10.0.0.1", "fd00::1"])))
def test_nothing_left_of_the_client_counts(forged: list[str], proxies: list[str]) -> None:
    proxies = proxies[:8]
    honest = told(head(("X-Forwarded-For", ", ".join([CLIENT, *proxies]))))
    said = ", ".join([*forged, CLIENT, *proxies])
    assert told(head(("X-Forwarded-For", said))) == honest
    assert honest["X-Forwarded-For"] == ", ".join([CLIENT, *proxies, PROXY])
    lines = [("X-Forwarded-For", item) for item in [*forged, CLIENT, *proxies]]
    assert told(head(*lines)) == honest


@given(_FORGED)
def test_a_forged_forwarded_is_refused_or_changes_nothing(forged: str) -> None:
    ours = f"for={CLIENT};proto=https"
    honest = told(head((FORWARDED, ours)), FORWARDED)
    # On a line of its own it is not looked at.
    assert told(head((FORWARDED, forged), (FORWARDED, ours)), FORWARDED) == honest
    said = told_or_refused(head((FORWARDED, f"{forged}, {ours}")), FORWARDED)
    assert said in (None, honest)


@given(st.lists(st.tuples(st.sampled_from(FORWARDING_FIELDS), _FORGED), max_size=6))
def test_who_is_no_proxy_is_told_as_if_it_had_said_nothing(fields: list[Pair]) -> None:
    for names in (DEFAULT_FIELDS, X_FORWARDED, (FORWARDED,)):
        assert told(head(*fields, client=CLIENT), *names) == told(head(client=CLIENT), *names)


@given(
    st.lists(st.tuples(st.sampled_from(FORWARDING_FIELDS), _FORGED), max_size=6),
    st.sampled_from(["a", "a:1", "[::1]", "a,for=6.6.6.6", "a;proto=https", "", "a=b"]),
)
def test_what_is_told_is_whole_or_refused(fields: list[Pair], host: str) -> None:
    for names in (DEFAULT_FIELDS, X_FORWARDED, (FORWARDED,)):
        said = told_or_refused(head(*fields, host=host), *names)
        if said is None:
            continue
        # As another bridge would read it.
        again = told(head((FORWARDED, said[FORWARDED]), client="10.9.9.9", host=None), FORWARDED)
        assert again["X-Forwarded-For"] == f"{said['X-Forwarded-For']}, 10.9.9.9"
        assert again["X-Forwarded-Proto"] == said["X-Forwarded-Proto"]
        assert again.get("X-Forwarded-Host") == said.get("X-Forwarded-Host")


def test_more_proxies_in_a_row_than_there_are_is_refused() -> None:
    for count, accepted in ((32, True), (33, False), (5000, False)):
        addresses = [f"10.0.{n // 256}.{n % 256}" for n in range(count)]
        x_forwarded = head(("X-Forwarded-For", ", ".join(addresses)))
        lines = head(*[(FORWARDED, f"for={address}") for address in addresses])
        if accepted:
            assert told(x_forwarded)["X-Forwarded-For"].startswith("10.0.0.0, 10.0.0.1,")
            assert told(lines, FORWARDED)["X-Forwarded-For"].startswith("10.0.0.0, 10.0.0.1,")
        else:
            refusal(x_forwarded)
            refusal(lines, FORWARDED)


def test_what_is_remembered_has_an_end() -> None:
    forwarding = Forwarding(TRUSTED)
    for number in range(3000):
        client = f"10.{number % 4}.{number // 256}.{number % 256}"
        said = dict(forwarding.fields_of(head(("X-Forwarded-For", CLIENT), client=client)))
        assert said["X-Forwarded-For"] == f"{CLIENT}, {client}"
        long = f"{'6' * 600}, 203.0.{number // 256}.{number % 256}"
        forwarding.fields_of(head(("X-Forwarded-For", long)))
    assert len(forwarding._peers) <= 1024
    assert len(forwarding._written) <= 1024
    assert max(len(repr(key)) for key in forwarding._written) < 600


def test_who_asks_is_told_anew_for_each_way_by_which_the_same_fields_come() -> None:
    forwarding = Forwarding(TRUSTED)
    shared = Headers([("Host", "a"), ("X-Forwarded-For", "192.0.2.7")])
    for client in (PROXY, "192.0.2.1", None):
        for scheme in ("http", "https"):
            for version in ("1.1", "1.0"):
                request = RequestHead(
                    method="GET",
                    target="/",
                    headers=shared,
                    client=client,
                    scheme=scheme,
                    version=version,
                )
                fields = [("X-Forwarded-For", "192.0.2.7")]
                fresh = head(*fields, host="a", client=client, scheme=scheme, version=version)
                for _ in range(2):
                    assert forwarding.fields_of(request) == Forwarding(TRUSTED).fields_of(fresh)


# Via -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lines", "version", "via"),
    [
        ([], "1.1", "1.1 xdr-bridge"),
        ([], "1.0", "1.0 xdr-bridge"),
        (["1.0 fred, 1.1 p.example (a)"], "1.1", "1.0 fred, 1.1 p.example (a), 1.1 xdr-bridge"),
        (["1.0 fred", "1.1 p"], "1.1", "1.0 fred, 1.1 p, 1.1 xdr-bridge"),
        (["1.1 xdr-bridge"], "1.1", "1.1 xdr-bridge, 1.1 xdr-bridge"),
        # Others with a name like ours.
        (["1.1 xdr-bridge-2, xdr-bridge, 1.1 x (xdr-bridge)"] * 3, "1.1", None),
    ],
)
def test_via_is_kept_and_appended_to(lines: list[str], version: str, via: str | None) -> None:
    said = told(head(*[("Via", line) for line in lines], client=CLIENT, version=version))
    assert said["Via"] == (via or f"{', '.join(lines)}, 1.1 xdr-bridge")


@pytest.mark.parametrize(
    "lines",
    [
        ["1.1 xdr-bridge, 1.1 xdr-bridge, 1.1 xdr-bridge"],
        ["1.1 xdr-bridge", "1.1 nginx, 1.0 XDR-Bridge (a)", "HTTP/1.1\txdr-bridge"],
        ["1.1 xdr-bridge"] * 50,
    ],
)
def test_a_request_that_goes_in_circles_is_refused(lines: list[str]) -> None:
    with pytest.raises(RequestError) as raised:
        told(head(*[("Via", line) for line in lines]))
    assert raised.value.code is Code.LOOP_DETECTED
    assert raised.value.status == 508
