"""The OWASP rules in front of the bridge, without and with docs/fronts/modsecurity-crs.conf."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fronts.api import Api
from tests.fronts.checks import PAGE, Way, streams
from tests.fronts.rules import MISSING, SET_UPS, fired, guarded_apache, installed
from tests.fronts.running import Running, running_front
from tests.support.apis import scripted_api
from tests.support.clients import read_frame, request
from tests.support.gateways import running_gateway

Tables = dict[str, dict[tuple[str, str], str]]
# What Internet Explorer 9 says beside.
EXPLORER = (
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip, deflate"),
    ("Accept-Language", "de"),
    ("User-Agent", "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Trident/5.0)"),
    ("Connection", "Keep-Alive"),
)
HTML = '{"note":"<b>Hi</b> <a href=\\"https://a.example/?a=1\\">there</a> \'quoted\'"}'
SQL = '{"note":"select the best from our menu; order by price, and drop by"}'


def _body_form(first: str, *lines: str, body: str = "") -> tuple[str, str, bytes]:
    message = "\r\n".join((f"{first} XDR/1", *lines, "", body))
    return "POST", "/xdr/tunnel?$xdr=1&$once=k1", message.encode()


JSON = "Content-Type: application/json"
# What the polyfill sends, and what it needs before.
FORMS: dict[str, tuple[str, str, bytes | None]] = {
    "the script": ("GET", "/xdr/xdr-bridge.js", None),
    "query form": ("GET", "/items?q=1&$xdr=1&$once=k1", None),
    "query form, HEAD": ("GET", "/items?$xdr=1&$httpMethod=HEAD&$once=k1", None),
    "query form, jQuery's `Accept`": (
        "GET",
        "/items?$xdr=1&$httpHeaders=Accept%3Aapplication%2Fjson%2C%20text%2Fjavascript%2C%20"
        "*%2F*%3B%20q%3D0.01&$once=k1",
        None,
    ),
    "body form, GET": _body_form("GET /items", "Accept: a/b, */*", "Authorization: Bearer abc"),
    "body form, PUT with JSON": _body_form("PUT /items/7", JSON, body='{"name":"Kaese"}'),
    "body form, PUT with HTML in JSON": _body_form("PUT /items/7", JSON, body=HTML),
    "body form, POST with what looks like SQL": _body_form("POST /items", JSON, body=SQL),
    "body form, PATCH with a form": _body_form(
        "PATCH /items", "Content-Type: application/x-www-form-urlencoded", body="a=1&b=2"
    ),
    "body form, DELETE": _body_form("DELETE /items/7"),
}
# Of the native calls those that the rules know, and those that the exclusion teaches them.
NATIVE = ("GET", "PUT", "PATCH", "DELETE")


@contextmanager
def _guarded(paranoia: int, excluded: bool) -> Iterator[tuple[Way, Running]]:
    api = Api()
    with (
        scripted_api(api.script) as thread,
        running_gateway(
            thread.url,
            allow_origins=(PAGE,),
            allow_methods=("HEAD", "POST", *NATIVE),
            allow_headers=("Content-Type", "Authorization"),
            trusted_proxies=("127.0.0.1",),
        ) as bridge,
        running_front(guarded_apache(paranoia, excluded=excluded), bridge.port) as running,
    ):
        yield Way(running.port, api, thread), running


@pytest.fixture(scope="module", params=SET_UPS)
def guarded(request: pytest.FixtureRequest) -> Iterator[tuple[str, Way, Running]]:
    if not installed():
        pytest.skip(MISSING)
    with _guarded(*SET_UPS[request.param]) as (way, running):
        yield request.param, way, running


@pytest.mark.parametrize("form", FORMS)
def test_what_the_rules_let_through(
    guarded: tuple[str, Way, Running], form: str, cells: Tables
) -> None:
    name, way, running = guarded
    before = fired(running.place)
    method, target, body = FORMS[form]
    answer = way.ask(method, target, *EXPLORER, body=body)
    if answer.status == 200 and "$xdr" in target:
        assert read_frame(answer).status == 200
    assert answer.status in (200, 403)
    cells["rules"][form, name] = "yes" if answer.status == 200 else "403"
    blocked = name == "paranoia 2, as packaged" and (body is not None or "Accept" in form)
    assert answer.status == (403 if blocked else 200)
    if "exclusion" in name:
        assert fired(running.place) == before == set()


EXCLUDED = [name for name, (_, excluded) in SET_UPS.items() if excluded]


@pytest.mark.parametrize("guarded", EXCLUDED, indirect=True)
def test_native_calls_with_the_exclusion(guarded: tuple[str, Way, Running]) -> None:
    _, way, running = guarded
    for method in NATIVE:
        body = None if method == "GET" else b'{"a":1}'
        fields = () if body is None else (("Content-Type", "application/json"),)
        assert way.ask(method, "/items", *EXPLORER, *fields, body=body).status == 200
    text = ("Content-Type", "text/plain;charset=UTF-8")
    assert way.ask("POST", "/items", *EXPLORER, text, body=b"hello").status == 200
    assert fired(running.place) == set()


@pytest.mark.parametrize("guarded", EXCLUDED, indirect=True)
def test_streams_and_large_bodies_with_the_exclusion(guarded: tuple[str, Way, Running]) -> None:
    _, way, _ = guarded
    assert streams(way, *EXPLORER) == "yes"
    message = b"PUT /items XDR/1\r\nContent-Type: text/plain\r\n\r\n" + b"hello " * 400_000
    data = request("POST", "/xdr/tunnel?$xdr=1", *EXPLORER, body=message)
    with way.connect() as client:
        client.send(data)
        assert read_frame(client.read("POST")).status == 200


def test_the_old_first_line_is_what_the_rules_take_for_a_request() -> None:
    if not installed():
        pytest.skip(MISSING)
    message = b"PUT /items/7 HTTP/1.1\r\nContent-Type: application/json\r\n\r\n{}"
    with _guarded(1, False) as (way, running):
        answer = way.ask("POST", "/xdr/tunnel?$xdr=1", *EXPLORER, body=message)
        assert answer.status == 403
        assert "921110" in fired(running.place)
