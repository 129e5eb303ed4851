"""The running bridge, driven by WebTest: the API's developer's view of the main job."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator

import pytest
from webtest import TestApp

from tests.conftest import Logs
from tests.support.apis import BINARY, TableApi
from tests.support.clients import read_frame
from tests.support.gateways import SHOP, RunningGateway
from tests.support.wsgi import BridgeApp
from xdr_bridge.config.scripts import read_script

ORIGIN = {"Origin": SHOP}


@pytest.fixture
def page(bridge: RunningGateway) -> Iterator[TestApp]:
    """What a page of the shop can send."""
    return TestApp(BridgeApp(bridge.port), lint=True)


def test_a_call_in_body_form(page: TestApp) -> None:
    message = "PUT /echo/7?lang=de XDR/1\r\nContent-Type: application/json\r\n\r\n{}"
    answer = page.post("/xdr/tunnel?$xdr=1", message, headers=ORIGIN, content_type="text/plain")
    frame = read_frame(answer.body)
    assert frame.get("XDR-URL") == "/echo/7?lang=de"
    assert frame.json["method"] == "PUT"
    assert frame.json["body"] == "{}"
    assert "origin" in answer.headers["Vary"].lower()


def test_a_call_in_query_form(page: TestApp) -> None:
    frame = read_frame(page.get("/echo?a=1&$xdr=1&$once=9", headers=ORIGIN).body)
    assert frame.get("XDR-URL") == "/echo?a=1"
    assert frame.json["query"] == "a=1"


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 422, 429, 500, 503])
def test_every_status_travels_in_the_frame(page: TestApp, status: int) -> None:
    frame = read_frame(page.get(f"/status/{status}?$xdr=1", headers=ORIGIN, status=200).body)
    assert (frame.status, frame.reason, frame.body) == (status, "Said So", f"status {status}")


def test_bytes_both_ways(page: TestApp) -> None:
    answer = page.put("/echo", BINARY, headers=ORIGIN, content_type="application/octet-stream")
    assert answer.json["body"].encode("latin-1") == BINARY
    assert page.get("/bytes", headers=ORIGIN).body == BINARY
    frame = read_frame(page.get("/bytes?$xdr=1,base64", headers=ORIGIN).body)
    assert base64.b64decode(frame.body) == BINARY


def test_a_preflight_never_reaches_the_api(page: TestApp, api: TableApi) -> None:
    headers = {**ORIGIN, "Access-Control-Request-Method": "DELETE"}
    answer = page.options("/echo", headers=headers, status=204)
    assert answer.headers["Access-Control-Allow-Methods"] == "DELETE"
    page.options("/echo", headers={**headers, "Origin": "https://evil.test"}, status=403)
    assert api.received == []


@pytest.mark.parametrize(
    ("status", "method", "then", "body"),
    [
        (301, "GET", "GET", ""),
        (301, "POST", "GET", ""),
        (301, "PUT", "PUT", "x"),
        (302, "POST", "GET", ""),
        (302, "DELETE", "DELETE", "x"),
        (303, "POST", "GET", ""),
        (303, "PUT", "GET", ""),
        (303, "HEAD", "HEAD", ""),
        (307, "POST", "POST", "x"),
        (308, "PATCH", "PATCH", "x"),
    ],
)
def test_a_redirect_is_followed_as_xmlhttprequest_would(
    page: TestApp, api: TableApi, status: int, method: str, then: str, body: str
) -> None:
    sent = "" if method in ("GET", "HEAD") else "x"
    message = f"{method} /redirect/{status}?/echo/there?a=1 XDR/1\r\nX-A: 1\r\n\r\n{sent}"
    answer = page.post("/xdr/tunnel?$xdr=1", message, headers=ORIGIN, content_type="")
    frame = read_frame(answer.body)
    assert frame.get("XDR-URL") == "/echo/there?a=1"
    assert api.received[-1] == (then, "/echo/there?a=1")
    if then != "HEAD":
        assert (frame.json["method"], frame.json["body"]) == (then, body)
        assert frame.json["headers"]["x-a"] == "1"
        assert bool(frame.json["type"]) is bool(body)


def test_twenty_redirects_are_followed_and_no_more(
    page: TestApp, api: TableApi, logs: Logs
) -> None:
    frame = read_frame(page.get("/countdown/20?$xdr=1", headers=ORIGIN).body)
    assert (frame.body, frame.get("XDR-URL")) == ("there", "/countdown/0")
    api.received.clear()
    answer = page.get("/countdown/21?$xdr=1", headers=ORIGIN)
    assert answer.body.startswith(b"XDR/1 error too-many-redirects\r\n")
    assert len(api.received) == 21
    logs.expect("too-many-redirects")


def test_native_and_unframed_calls_get_the_redirect_itself(page: TestApp) -> None:
    for target in ("/redirect/302?/echo", "/redirect/302?/echo&$ct=text/plain"):
        answer = page.get(target, headers=ORIGIN, status=302)
        assert answer.headers["Location"] == "/echo"


def test_a_redirect_to_the_apis_own_address_is_written_for_the_browser(
    page: TestApp, api: TableApi
) -> None:
    answer = page.get(f"/redirect/301?{api.url}/echo/x", headers=ORIGIN, status=301)
    assert answer.headers["Location"] == "/echo/x"
    frame = read_frame(page.get(f"/redirect/301?{api.url}/echo/x&$xdr=1", headers=ORIGIN).body)
    assert frame.get("XDR-URL") == "/echo/x"


def test_the_polyfill_is_served(page: TestApp) -> None:
    content = read_script("xdr-bridge.js")
    plain = page.get("/xdr/xdr-bridge.js")
    assert plain.body == content.content
    assert plain.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert plain.headers["X-Content-Type-Options"] == "nosniff"
    assert plain.headers["Cache-Control"] == "public, max-age=3600"
    zipped = page.get("/xdr/xdr-bridge.js", headers={"Accept-Encoding": "gzip"})
    # WebTest undoes the coding; the validator tells.
    assert zipped.headers["ETag"] != plain.headers["ETag"]
    assert zipped.body == plain.body
    lasting = page.get(f"/xdr/xdr-bridge.js?v={content.version}")
    assert "immutable" in lasting.headers["Cache-Control"]


def test_the_polyfill_is_revalidated(page: TestApp) -> None:
    etag = page.get("/xdr/xdr-bridge.js").headers["ETag"]
    assert etag.startswith('"')
    answer = page.get("/xdr/xdr-bridge.js", headers={"If-None-Match": etag}, status=304)
    assert answer.body == b""
    page.get("/xdr/xdr-bridge.js", headers={"If-None-Match": '"old"'}, status=200)


def test_the_polyfill_takes_head_and_refuses_post(page: TestApp) -> None:
    head = page.head("/xdr/xdr-bridge.js")
    assert int(head.headers["Content-Length"]) == len(page.get("/xdr/xdr-bridge.js").body)
    refused = page.post("/xdr/xdr-bridge.js", "", status=405)
    assert refused.headers["Allow"] == "GET, HEAD"


def test_a_page_of_the_api_itself_is_not_cross_origin(
    make_bridge: Callable[..., RunningGateway],
) -> None:
    bridge = make_bridge(public_origins=("https://api.example",), published_hosts=("*",))
    page = TestApp(BridgeApp(bridge.port))
    answer = page.delete("/echo", headers={"Origin": "https://api.example"})
    assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
    # The browser itself says so, by a header that no page can set.
    said = {"Origin": "https://other.example", "Sec-Fetch-Site": "same-origin"}
    assert page.delete("/echo", headers=said).status_int == 200


def test_a_wildcard_is_a_constant_on_every_answer(
    make_bridge: Callable[..., RunningGateway],
) -> None:
    page = TestApp(BridgeApp(make_bridge(allow_origins=("*",)).port))
    for headers in (ORIGIN, {"Origin": "https://anyone.test"}, {}):
        answer = page.get("/status/404", headers=headers, status=404)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Vary" not in answer.headers
    assert "Access-Control-Allow-Credentials" not in page.get("/echo", headers=ORIGIN).headers
