"""The relay's own page in a real browser, without the polyfill: cookies, log-ins, hostile pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from tests.support.apis import scripted_api
from tests.support.gateways import RunningGateway
from tests.support.relay import SessionApi, basic_user

MakeBridge = Callable[..., RunningGateway]
INCLUDE = "XDR-Credentials: include\r\n"
# Speaks Wire 9.2; `calls` are messages of Wire 3, and the answers come in their order.
SPEAK = """async ([bridge, calls, meddle]) => {
  const frame = document.createElement('iframe');
  const answered = (start) => new Promise((resolve) => {
    const hear = ({ source, origin, data }) => {
      if (source === frame.contentWindow && origin === bridge && data.startsWith(start)) {
        removeEventListener('message', hear);
        resolve(data.slice(start.length));
      }
    };
    addEventListener('message', hear);
  });
  const ready = answered('4711 0 ready ');
  frame.src = `${bridge}/xdr/relay.html#4711`;
  document.body.appendChild(frame);
  await ready;
  if (meddle) {
    const other = document.createElement('iframe');
    other.srcdoc = `<script>
      parent.frames[0].postMessage(${JSON.stringify(`4711 9 send 1\\n${meddle}`)}, '*');
      parent.postMessage('done', '*');
    <\\/script>`;
    const done = new Promise((resolve) => {
      addEventListener('message', ({ data }) => data === 'done' && resolve());
    });
    document.body.appendChild(other);
    await done;
  }
  const answers = [];
  for (const [id, call] of calls.entries()) {
    const answer = answered(`4711 ${id} `);
    frame.contentWindow.postMessage(`4711 ${id} send 1\\n${call}`, bridge);
    answers.push(await answer);
  }
  return answers;
}"""


class _Empty(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "16")
        self.end_headers()
        self.wfile.write(b"<!doctype html>\n")

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def pages() -> Iterator[int]:
    """The port of empty pages, under any name."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Empty)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def sessions() -> Iterator[SessionApi]:
    api = SessionApi()
    with scripted_api(api) as running:
        api.url = running.url  # type: ignore[attr-defined]
        yield api


@pytest.fixture
def shop(pages: int) -> str:
    # One site with the API: another's would have no cookies by today's rules.
    return f"http://shop.localhost:{pages}"


@pytest.fixture
def evil(pages: int) -> str:
    return f"http://evil.localhost:{pages}"


def bridge_of(gateway: RunningGateway) -> str:
    return f"http://api.shop.localhost:{gateway.port}"


@pytest.fixture
def by_policy(make_bridge: MakeBridge, sessions: SessionApi, shop: str) -> str:
    url = sessions.url  # type: ignore[attr-defined]
    return bridge_of(make_bridge(url, allow_origins=(shop,), allow_credentials=True))


@pytest.fixture
def by_api(make_bridge: MakeBridge, sessions: SessionApi) -> str:
    return bridge_of(make_bridge(sessions.url, allow_origins=None))  # type: ignore[attr-defined]


def speak(page: Page, bridge: str, *calls: str, meddle: str = "") -> list[str]:
    answers: list[str] = page.evaluate(SPEAK, [bridge, calls, meddle])
    return answers


def test_a_session_by_cookies_that_the_page_never_sees(
    page: Page, by_policy: str, shop: str, sessions: SessionApi
) -> None:
    page.goto(shop)
    answers = speak(
        page,
        by_policy,
        f"POST /app/log-in XDR/1\r\n{INCLUDE}\r\nx",
        f"GET /app/me XDR/1\r\n{INCLUDE}\r\n",
        "GET /app/me XDR/1\r\n\r\n",
        f"GET /app/moved XDR/1\r\n{INCLUDE}\r\n",
        f"GET /other/me XDR/1\r\n{INCLUDE}\r\n",
    )
    assert all(answer.startswith("text HTTP/1.1 200 ") for answer in answers)
    assert not any("set-cookie" in answer.lower() for answer in answers)
    cookies = [(target, fields.get("cookie")) for _, target, fields in sessions.taken]
    assert cookies == [
        ("/app/log-in", None),
        ("/app/me", "sid=42; theme=dark"),
        ("/app/me", None),
        ("/app/moved", "sid=42; theme=dark"),
        ("/app/me?again=1", "sid=42; theme=dark; moved=1"),
        # Both belong to /app, by Path and by the folder of what set them.
        ("/other/me", None),
    ]
    assert page.evaluate("document.cookie") == ""


def test_the_browser_logs_in_by_basic(
    chromium: Browser, by_policy: str, shop: str, sessions: SessionApi
) -> None:
    user = {"username": "ann", "password": "secret"}
    context = chromium.new_context(http_credentials=user)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(shop)
    closed = f"GET /app/closed XDR/1\r\n{INCLUDE}\r\n"
    included, plain = speak(page, by_policy, closed, "GET /app/closed XDR/1\r\n\r\n")
    context.close()
    assert included.startswith("text HTTP/1.1 200 ")
    # The browser sends what worked by itself: without withCredentials it does not pass.
    assert plain.startswith("text HTTP/1.1 401 ")
    users = [basic_user(fields.get("authorization")) for _, _, fields in sessions.taken]
    assert users == ["", "ann", ""]


def test_a_hostile_page_that_frames_the_relay_is_blocked(
    page: Page, by_policy: str, evil: str
) -> None:
    page.goto(evil)
    with page.expect_console_message(lambda message: "frame-ancestors" in message.text):
        page.evaluate(
            """(url) => { const frame = document.createElement('iframe'); frame.src = url;
            document.body.appendChild(frame); }""",
            f"{by_policy}/xdr/relay.html#4711",
        )


def test_a_hostile_page_that_speaks_the_protocol_is_only_itself(
    page: Page, by_api: str, evil: str, sessions: SessionApi
) -> None:
    page.goto(evil)
    forged = "GET /app/me XDR/1\r\nXDR-Page: http://shop.localhost\r\n\r\n"
    open_, refused = speak(page, by_api, "GET /app/me XDR/1\r\n\r\n", forged)
    assert open_.startswith("text HTTP/1.1 200 ")
    assert refused.startswith("text XDR/1 error header-forbidden\r\n")
    assert [fields["origin"] for _, _, fields in sessions.taken] == [evil]


def test_a_message_from_another_window_is_not_heard(
    page: Page, by_policy: str, shop: str, sessions: SessionApi
) -> None:
    page.goto(shop)
    (answer,) = speak(
        page, by_policy, "GET /app/me XDR/1\r\n\r\n", meddle="DELETE /app/me XDR/1\r\n\r\n"
    )
    assert answer.startswith("text HTTP/1.1 200 ")
    assert [method for method, _, _ in sessions.taken] == ["GET"]


def test_a_hostile_page_cannot_send_what_the_relay_sends(
    page: Page, by_api: str, evil: str, shop: str, sessions: SessionApi
) -> None:
    page.goto(evil)
    ask = """([url, headers]) => fetch(url, {
      method: 'POST', headers, body: 'DELETE /app/anybody XDR/1\\r\\n\\r\\n',
    }).then(({ status }) => status, (error) => error.name)"""
    relayed = f"{by_api}/app/anybody?$xdr=1,relay"
    forged = {"XDR-Page": shop, "Content-Type": "text/plain"}
    assert page.evaluate(ask, [relayed, forged]) == "TypeError"
    # Nor after something else has been permitted there, which a browser remembers.
    assert page.evaluate(ask, [relayed, {"X-A": "1"}]) == "TypeError"
    assert page.evaluate(ask, [relayed, forged]) == "TypeError"
    assert sessions.taken == []
    plain = f"{by_api}/app/anybody"
    assert page.evaluate(ask, [plain, {"X-A": "1"}]) == 200
    assert page.evaluate(ask, [plain, {"X-A": "1", "XDR-Page": shop}]) in ("TypeError", 400)
    assert [method for method, _, _ in sessions.taken] == ["OPTIONS", "POST"]
