"""What the operator says: every mistake told, at once, in the operator's words."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from xdr_bridge.config import Settings, parse_api
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import ConfigError
from xdr_bridge.http.messages import Headers, RequestHead

API = "http://127.0.0.1:9000"


def on_socket(socket: str, path: str = "") -> Api:
    return Api(scheme="http", host="localhost", port=80, path=path, socket=socket)


def problems(api: str = API, **options: Any) -> list[tuple[str, str | None]]:
    with pytest.raises(ConfigError) as raised:
        Settings(api=api, **{"allow_origins": ("https://shop.example",), **options})
    assert all(problem.reason for problem in raised.value.problems)
    assert "Traceback" not in str(raised.value)
    return [(problem.field, problem.value) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("url", "api"),
    [
        (API, Api(scheme="http", host="127.0.0.1", port=9000)),
        ("http://API.example", Api(scheme="http", host="api.example", port=80)),
        ("HTTPS://api.example/", Api(scheme="https", host="api.example", port=443)),
        ("http://[::1]:9000/v1/", Api(scheme="http", host="[::1]", port=9000, path="/v1")),
        ("http://a_b:1/x/y", Api(scheme="http", host="a_b", port=1, path="/x/y")),
        ("http://unix/x", Api(scheme="http", host="unix", port=80, path="/x")),
        ("http://unix:1/x", Api(scheme="http", host="unix", port=1, path="/x")),
        ("unix:/run/api.sock", on_socket("/run/api.sock")),
        ("unix:/run/api.sock:/", on_socket("/run/api.sock")),
        ("unix:/run/api.sock:/v1/", on_socket("/run/api.sock", "/v1")),
        ("unix:/run/api.sock:/v1:/2", on_socket("/run/api.sock", "/v1:/2")),
        ("unix:/run/a b:c/K\xe4se.sock", on_socket("/run/a b:c/K\xe4se.sock")),
        ("unix:/" + "s" * 102, on_socket("/" + "s" * 102)),
    ],
)
def test_the_apis_url_is_read_into_parts(url: str, api: Api) -> None:
    assert parse_api(url) == api


@pytest.mark.parametrize(
    "url",
    [
        "",
        "127.0.0.1:9000",
        "localhost",
        "//127.0.0.1:9000",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "http://",
        "http:///x",
        "http://user@host",
        "http://user:pass@host",
        "http://host?x",
        "http://host#x",
        "http://host:port",
        "http://host:99999",
        "http://host:0",
        "http://host:-1",
        "http://ho st",
        "http://host\\evil.test",
        "http://[::1",
        "http://[::g]",
        "http://1.2.3",
        "http://host/../x",
        "http://host/a/%2e%2e",
        "http://host//x",
        "http://host/a b",
        "http://host/K\xe4se",
        "http://unix:/run/api.sock",
        "http://unix:/run/api.sock:/v1",
        "http+unix://%2Frun%2Fapi.sock",
        "unix:",
        "unix:/",
        "unix:api.sock",
        "unix:///run/api.sock",
        "unix://run/api.sock",
        "unix:@abstract",
        "unix:/run/api.sock:/v1?x",
        "unix:/run/api.sock:/v1#x",
        "unix:/run/api.sock:/v1/../2",
        "unix:/run/api.sock://v1",
        "unix:/run/\0",
        "unix:/run/a\nb",
        "unix:/" + "s" * 107,
    ],
)
def test_what_does_not_say_where_the_api_is_is_refused(url: str) -> None:
    told = url.replace("user:pass@", "***@").replace("user@", "***@")
    assert problems(url) == [("API", told)]


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("http://unix:/run/a", "is nginx's way to name a socket; unix:/run/api.sock:/base is acc"),
        ("unix:api.sock", "names no socket by its absolute path; unix:/run/api.sock would be acc"),
        ("unix:/a:/b?c", "is no socket and path; unix:/run/api.sock:/base would be accepted"),
        ("unix:/a:/b/..", "has dot segments in its path"),
    ],
)
def test_what_is_wrong_with_a_socket_is_said(url: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        parse_api(url)


def test_windows_has_no_unix_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xdr_bridge.config.apis._HAS_UNIX_SOCKETS", False)
    with pytest.raises(ConfigError) as raised:
        Settings(api="unix:/run/api.sock")
    assert str(raised.value) == (
        "API: 'unix:/run/api.sock' names a Unix socket, which the bridge cannot use on Windows;"
        " http://127.0.0.1:9000 would be accepted"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"allow_origins": ()}, ("--allow-origin", None)),
        ({"allow_origins": ("null",)}, ("--allow-origin", "null")),
        ({"allow_methods": ("TRACE",)}, ("--allow-method", "TRACE")),
        ({"allow_headers": ("Host",)}, ("--allow-header", "Host")),
        ({"expose_headers": ("Set-Cookie",)}, ("--expose-header", "Set-Cookie")),
        ({"max_age_seconds": -1}, ("--max-age", "-1")),
        ({"public_origins": ("x",)}, ("--public-origin", "x")),
        ({"allow_origins": ("*",), "allow_credentials": True}, ("--allow-origin", "*")),
        ({"port": 65536}, ("--port", "65536")),
        ({"trusted_proxies": ("proxy.internal",)}, ("--trusted-proxy", "proxy.internal")),
        ({"trusted_proxies": ("10.0.0.5", "0.0.0.0/0")}, ("--trusted-proxy", "0.0.0.0/0")),
        ({"trusted_proxies": ("::/0",)}, ("--trusted-proxy", "::/0")),
        (
            {"trusted_proxies": ("10.0.0.5",), "trusted_proxy_headers": ("X-Real-IP",)},
            ("--trusted-proxy-header", "X-Real-IP"),
        ),
        (
            {
                "trusted_proxies": ("10.0.0.5",),
                "trusted_proxy_headers": ("x-forwarded-for", "forwarded"),
            },
            ("--trusted-proxy-header", "forwarded"),
        ),
        (
            {"trusted_proxies": ("10.0.0.5",), "trusted_proxy_headers": ()},
            ("--trusted-proxy-header", ""),
        ),
        ({"trusted_proxy_headers": ("Forwarded",)}, ("--trusted-proxy-header", "Forwarded")),
        (
            {"dangerously_log_in_through_proxies": True},
            ("--dangerously-log-in-through-proxies", None),
        ),
        ({"port": -1}, ("--port", "-1")),
        ({"connect_seconds": 0}, ("--connect-timeout", "0")),
        ({"first_byte_seconds": math.nan}, ("--first-byte-timeout", "nan")),
        ({"idle_seconds": math.inf}, ("--idle-timeout", "inf")),
        ({"idle_seconds": -1}, ("--idle-timeout", "-1")),
        *[
            ({"mount": mount}, ("--mount", mount))
            for mount in (
                "",
                "/",
                "xdr",
                "/a/b",
                "/xdr/",
                "/..",
                "/.",
                "//a",
                "/a b",
                "/%2e",
                "/a\n",
            )
        ],
    ],
    ids=str,
)
def test_each_mistake_is_told_as_the_option_it_is_in(
    options: dict[str, Any], expected: tuple[str, str | None]
) -> None:
    assert problems(**options) == [expected]


def test_names_of_fields_are_read_in_any_letter_case() -> None:
    settings = Settings(
        api=API, trusted_proxies=("10.0.0.5",), trusted_proxy_headers=("forwarded",)
    )
    head = RequestHead(
        method="GET",
        target="/",
        headers=Headers([("Forwarded", "for=192.0.2.7")]),
        client="10.0.0.5",
    )
    told = dict(settings.routes[0].forwarding.fields_of(head))
    assert told["X-Forwarded-For"] == "192.0.2.7, 10.0.0.5"


def test_all_mistakes_are_told_at_once() -> None:
    told = problems("x", port=-1, mount="x", allow_origins=("null",), max_age_seconds=-1)
    assert [field for field, _ in told] == [
        "API",
        "--port",
        "--mount",
        "--allow-origin",
        "--max-age",
    ]


def test_settings_build_a_bridge_with_the_polyfill() -> None:
    (route,) = Settings(api=API, allow_origins=("*",)).build_bridge().routes.all
    assert route.api == parse_api(API)
    assert route.policies is not None
    assert route.policies.for_target("/").any_origin
