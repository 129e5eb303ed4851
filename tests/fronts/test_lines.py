"""Lines of the recipes, taken out one at a time: the check that each is for has to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.fronts.api import Api
from tests.fronts.checks import CHECKS, OTHER_PAGE, PAGE, Way
from tests.fronts.fronts import FRONTS, RECIPES, Place
from tests.fronts.running import running_front
from tests.support.apis import scripted_api
from tests.support.gateways import running_gateway
from tests.support.loops import eventually

BYTES = "the query arrives to the byte, with `%0D%0A`"
PATH = "a path arrives to the byte: `/a%2Fb//c;d=1/…`"
STREAMS = "streams leave piece by piece"
KEPT = "preflights, and each page its own answer"
WHO = "the API learns who asked which host, not what a page makes up"
NEEDED = (
    ("nginx.conf", "client_max_body_size 11m;", "2 MiB up"),
    ("nginx.conf", "proxy_set_header Host $http_host;", WHO),
    ("nginx.conf", "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;", WHO),
    ("nginx.conf", "proxy_set_header X-Forwarded-Proto $scheme;", WHO),
    ("apache.conf", "AllowEncodedSlashes NoDecode", PATH),
    ("apache.conf", " nocanon", PATH),
    ("apache.conf", "ProxyPreserveHost On", WHO),
    ("apache.conf", "RequestHeader set X-Forwarded-Proto expr=%{REQUEST_SCHEME}", WHO),
    ("haproxy.cfg", "http-request set-header X-Forwarded-For %[src]", WHO),
    ("haproxy.cfg", "http-request set-header X-Forwarded-Proto http if !{ ssl_fc }", WHO),
    ("lighttpd.conf", '    "url-normalize" => "disable",', BYTES),
    ("lighttpd.conf", "server.stream-response-body = 1", STREAMS),
    ("varnish.vcl", 'set req.http.X-Forwarded-Proto = "http";', WHO),
    ("varnish.vcl", "return (pass);", KEPT),
    ("trafficserver-records.config", "CONFIG proxy.config.url_remap.pristine_host_hdr INT 1", WHO),
    ("trafficserver-records.config", "CONFIG proxy.config.http.cache.http INT 0", KEPT),
    ("trafficserver-headers.config", "set-header X-Forwarded-Proto %{CLIENT-URL:SCHEME}", WHO),
    ("nghttpx.conf", "add-x-forwarded-for=yes", WHO),
    ("squid.conf", "cache deny all", KEPT),
)


@contextmanager
def _lacking(name: str, line: str) -> Iterator[Way]:
    """The front of this recipe, without this line of it."""
    front = next(one for one in FRONTS if name in one.recipes)
    if front.path is None:
        pytest.skip(front.missing)
    whole = Place.recipe

    def without(place: Place, asked: str, listen: Any) -> str:
        text = whole(place, asked, listen)
        if asked == name:
            assert line in text
            text = text.replace(line, "")
        return text

    api = Api()
    with (
        pytest.MonkeyPatch.context() as patch,
        scripted_api(api.script) as thread,
        running_gateway(
            thread.url, allow_origins=(PAGE, OTHER_PAGE), trusted_proxies=("127.0.0.1",)
        ) as bridge,
    ):
        patch.setattr(Place, "recipe", without)
        with running_front(front, bridge.port) as running:
            yield Way(running.port, api, thread)


@pytest.mark.parametrize(("name", "line", "check"), NEEDED)
def test_a_line_is_needed(name: str, line: str, check: str) -> None:
    with _lacking(name, line) as way:

        def fails() -> bool:
            try:
                return CHECKS[check](way) != "yes"
            except AssertionError:
                return True

        # Traffic Server listens before its cache is there.
        assert eventually(fails)


def test_what_the_polyfill_writes_passes_lighttpd_as_debian_sets_it_up() -> None:
    vectors = json.loads((RECIPES.parents[1] / "tests/vectors/tunnel.json").read_text("utf-8"))
    written = [case["request"] for case in vectors["cases"] if case["encodes"]]
    assert any("$httpHeaders" in one["target"] for one in written)
    with _lacking("lighttpd.conf", '    "url-normalize" => "disable",') as way:
        for one in written:
            body = None if one["body"] is None else one["body"].encode()
            answer = way.ask(one["method"], one["target"], body=body)
            # A page's own URL that is no UTF-8 is refused by this lighttpd, whoever asks.
            assert answer.status == (400 if "%fF" in one["target"] else 200)
