"""Origins: the grammar that browsers write, and nothing near it."""

from __future__ import annotations

import pytest

from xdr_bridge.http.origins import MAX_ORIGIN_CHARACTERS, Origin, parse_origin

LONG_HOST = ".".join(["a" * 61] * 4)


@pytest.mark.parametrize(
    ("text", "origin"),
    [
        ("https://shop.example", Origin("https", "shop.example", None)),
        ("http://shop.example:8080", Origin("http", "shop.example", 8080)),
        ("https://127.0.0.1:65535", Origin("https", "127.0.0.1", 65535)),
        ("http://[::1]:1", Origin("http", "[::1]", 1)),
        ("http://[2001:db8::1]", Origin("http", "[2001:db8::1]", None)),
        ("http://localhost", Origin("http", "localhost", None)),
        ("https://a_b.example", Origin("https", "a_b.example", None)),
        ("https://xn--kse-qla.example", Origin("https", "xn--kse-qla.example", None)),
        ("moz-extension://abc", Origin("moz-extension", "abc", None)),
        (f"https://{LONG_HOST}", Origin("https", LONG_HOST, None)),
    ],
)
def test_an_origin_is_read_and_written_back(text: str, origin: Origin) -> None:
    assert parse_origin(text) == origin
    assert str(origin) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [("https://a.example:443", "https://a.example"), ("http://a.example:80", "http://a.example")],
)
def test_a_default_port_is_dropped(text: str, written: str) -> None:
    assert str(parse_origin(text)) == written


@pytest.mark.parametrize("text", ["https://a.example:80", "http://a.example:443", "x://a:80"])
def test_another_schemes_default_port_is_kept(text: str) -> None:
    assert str(parse_origin(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "*",
        "shop.example",
        "//shop.example",
        "https:shop.example",
        "https:/shop.example",
        "https://",
        "https:///",
        "https://shop.example/",
        "https://shop.example/x",
        "https://shop.example?x",
        "https://shop.example#x",
        "https://shop.example\n",
        " https://shop.example",
        "https://shop.example ",
        "https://shop.example https://evil.test",
        "https://shop.example,https://evil.test",
        "https://Shop.example",
        "HTTPS://shop.example",
        "https://user@shop.example",
        "https://user:pass@shop.example",
        "https://shop.example:",
        "https://shop.example:0",
        "https://shop.example:080",
        "https://shop.example:65536",
        "https://shop.example:99999999",
        "https://shop.example:-1",
        "https://shop.example:8o",
        "https://shop.example:٨",
        "https://shop..example",
        "https://.shop.example",
        "https://shop.example.",
        "https://-shop.example",
        "https://shop-.example",
        "https://sh%6fp.example",
        "https://käse.example",
        "https://shop`.example",
        "https://shop{.example",
        "https://shop\\.example",
        "https://shop\0.example",
        "https://" + "a" * 64 + ".example",
        "https://1.2.3",
        "https://1.2.3.4.5",
        "https://256.1.1.1",
        "https://01.2.3.4",
        "https://a.1",
        "https://127.1",
        "https://[::1",
        "https://::1",
        "https://[]",
        "https://[:::]",
        "https://[1::2::3]",
        "https://[::0001]",
        "https://[0:0:0:0:0:0:0:1]",
        "https://[::1%25eth0]",
        "https://[::FFFF]",
        "1https://shop.example",
        "https://" + "a." * 200 + "example",
        "a" * (MAX_ORIGIN_CHARACTERS + 1),
    ],
    ids=ascii,
)
def test_what_is_no_origin_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is|has|ends|writes) "):
        parse_origin(text)


@pytest.mark.parametrize(
    ("text", "loopback"),
    [
        ("http://localhost", True),
        ("http://shop.localhost:3000", True),
        ("http://127.0.0.1", True),
        ("http://127.255.0.9:1", True),
        ("http://[::1]", True),
        ("http://[::2]", False),
        ("http://10.0.0.1", False),
        ("http://128.0.0.1", False),
        ("http://127.0.0.1.shop.example", False),
        ("http://localhost.shop.example", False),
        ("http://notlocalhost", False),
    ],
)
def test_nobody_on_the_network_speaks_for_a_loopback_origin(text: str, loopback: bool) -> None:
    assert parse_origin(text).is_loopback is loopback


def test_a_host_is_no_longer_than_a_name_can_be() -> None:
    with pytest.raises(ValueError, match="253 characters"):
        parse_origin("https://" + "a." * 126 + "ab")
    parse_origin("https://" + "a." * 126 + "a")


@pytest.mark.parametrize("host", ["0x7f000001", "0x", "1.2.3.0x4", "0x7f.1", "1", "shop.0xaf"])
def test_a_host_that_ends_in_a_number_is_an_address_or_nothing(host: str) -> None:
    # https://url.spec.whatwg.org/#ends-in-a-number-checker
    with pytest.raises(ValueError, match="ends in a number"):
        parse_origin(f"http://{host}")
    assert parse_origin("http://0x7f000001.example").host == "0x7f000001.example"
