"""The relay's page: who may frame it, and what it loads (Wire 9.1)."""

from __future__ import annotations

import re
from typing import Any

import pytest

from xdr_bridge.bridge.steps import Reply
from xdr_bridge.config import Settings
from xdr_bridge.config.scripts import read_script
from xdr_bridge.http.messages import Headers, RequestHead

API = "http://127.0.0.1:9000"
SHOP = "https://shop.example"


def fetched(target: str, **options: Any) -> Reply:
    bridge = Settings(**{"api": API, "allow_origins": (SHOP,), **options}).build_bridge()
    step = bridge.receive(RequestHead("GET", target, Headers([])))
    assert isinstance(step, Reply)
    return step


def ancestors(**options: Any) -> str:
    policy = fetched("/xdr/relay.html", **options).head.headers.get("Content-Security-Policy")
    assert policy is not None
    directives = dict(one.strip().split(" ", 1) for one in policy.split(";"))
    who = directives.pop("frame-ancestors")
    assert directives == {
        "default-src": "'none'",
        "script-src": "'self'",
        "connect-src": "'self'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return who


def test_the_page_loads_its_script_for_good_and_nothing_else() -> None:
    reply = fetched("/xdr/relay.html")
    assert reply.head.status == 200
    assert reply.head.headers.get("Content-Type") == "text/html; charset=utf-8"
    assert reply.head.headers.get("X-Content-Type-Options") == "nosniff"
    page = reply.body.decode()
    assert page.startswith("<!DOCTYPE html>\n")
    (script,) = re.findall(r"<script ?[^>]*>[^<]*</script>", page)
    (url,) = re.findall(r'^<script src="([^"]+)"></script>$', script)
    loaded = fetched(f"/xdr/{url}")
    assert loaded.body == read_script("xdr-bridge.relay.js").content
    assert "immutable" in (loaded.head.headers.get("Cache-Control") or "")


@pytest.mark.parametrize(
    ("options", "who"),
    [
        ({"allow_origins": (SHOP, "http://intranet:8080")}, f"{SHOP} http://intranet:8080"),
        ({"allow_origins": ("*",)}, "*"),
        ({"allow_origins": (SHOP, "https://*.example.com")}, "*"),
        ({"allow_origins": (), "allow_origin_patterns": (r"https://a[0-9]\.shop\.example",)}, "*"),
        # None of these can be said in a Content-Security-Policy.
        ({"allow_origins": (SHOP, "https://[::1]:8443")}, "*"),
        ({"allow_origins": (SHOP, "https://my_shop.example")}, "*"),
        ({"allow_origins": tuple(f"https://shop-{n}.example" for n in range(200))}, "*"),
        ({"apis": ({"url": API},), "api": "", "allow_origins": ()}, "*"),
        (
            {
                "api": "",
                "allow_origins": (),
                "apis": (
                    {"url": API, "allow_origins": (SHOP,)},
                    {"url": API, "path": "/b", "allow_origins": ("https://b.example", SHOP)},
                ),
            },
            f"{SHOP} https://b.example",
        ),
    ],
)
def test_who_may_frame_it(options: dict[str, Any], who: str) -> None:
    if "apis" in options:
        options = {key: value for key, value in options.items() if value}
        bridge = Settings(**options).build_bridge()
        step = bridge.receive(RequestHead("GET", "/xdr/relay.html", Headers([])))
        assert isinstance(step, Reply)
        policy = step.head.headers.get("Content-Security-Policy") or ""
        assert policy.endswith(f"; frame-ancestors {who}")
    else:
        assert ancestors(**options) == who


def test_another_policy_is_another_version_of_the_page() -> None:
    tags = {
        fetched("/xdr/relay.html", allow_origins=origins).head.headers.get("ETag")
        for origins in ((SHOP,), ("https://b.example",))
    }
    assert len(tags) == 2


@pytest.mark.parametrize("name", ["relay.html", "xdr-bridge.relay.js"])
def test_it_can_be_switched_off(name: str) -> None:
    assert fetched(f"/xdr/{name}").head.status == 200
    assert fetched(f"/xdr/{name}", relay=False).head.status == 404
