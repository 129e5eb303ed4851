"""The twelve checks: what a page asks through a front, and what becomes of it.

Each returns a few words for the table in docs/fronts.md. `CHECKS` says which are wanted;
`DIFFERENCES` where a front cannot, whatever its recipe says.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.fronts.api import PIECES, Api, Asked
from tests.support.apis import ThreadedRawApi
from tests.support.clients import Client, RawAnswer, read_frame, request

PAGE = "https://shop.example"
OTHER_PAGE = "https://other.example"
HOST = "bridge.example"
# Not the front's own address, which the bridge trusts.
CLIENT = "127.0.0.9"
# The last answers more slowly than the first.
HELD_SECONDS = 5.0
MORE_THAN_NGINX_TAKES = 2 * 1024 * 1024


@dataclass
class Way:
    """A page, a front, a bridge and an API in one line."""

    port: int
    api: Api
    thread: ThreadedRawApi
    prefix: str = ""
    _seen: int = field(default=0)

    def connect(self) -> Client:
        return Client(self.port, source=CLIENT)

    def ask(
        self,
        method: str,
        target: str,
        *fields: tuple[str, str],
        body: bytes | None = None,
        origin: str = PAGE,
    ) -> RawAnswer:
        """Send one request on a connection of its own."""
        self._seen = len(self.api.asked)
        with self.connect() as client:
            client.send(request(method, self.prefix + target, *fields, body=body, origin=origin))
            return client.read(method)

    def tunnel(self, message: bytes, parameters: str = "$xdr=1") -> RawAnswer:
        return self.ask("POST", f"/xdr/tunnel?{parameters}", body=message)

    @property
    def told(self) -> Asked:
        """The only request that reached the API for the last one that was sent."""
        (asked,) = self.api.asked[self._seen :]
        return asked


def no_content_type(way: Way) -> str:
    way.ask("POST", "/items", body=b"hello")
    kind = way.told.get("content-type")
    assert way.told.body == b"hello"
    return "yes" if kind is None else kind


def query_bytes(way: Way) -> str:
    way.ask("GET", "/items?$xdr=1&$httpHeaders=Accept%3Aa%2Fb%0D%0AX-B%3Ac&q=%c3%a4+%2B%41&r=%2f")
    if len(way.api.asked) == way._seen:
        return "refused"
    assert way.told.get("accept") == "a/b"
    assert way.told.get("x-b") == "c"
    target = way.told.target
    return "yes" if target == "/items?q=%c3%a4+%2B%41&r=%2f" else f"`{target}`"


def native_path(way: Way) -> str:
    answer = way.ask("GET", "/a%2Fb//c;d=1/%e2%82%ac")
    if answer.status != 200:
        return str(answer.status)
    return "yes" if way.told.target == "/a%2Fb//c;d=1/%e2%82%ac" else f"`{way.told.target}`"


def body_form(way: Way) -> str:
    head = "PUT /a%2Fb//c?q=%c3%a4+%41 XDR/1\r\nContent-Type: application/json\r\nX-A: b\r\n"
    frame = read_frame(way.tunnel(f"{head}\r\nKäse".encode()))
    assert (frame.status, frame.body, frame.end) == (200, "hello", "ok")
    told = way.told
    assert (told.method, told.target) == ("PUT", "/a%2Fb//c?q=%c3%a4+%41")
    assert (told.get("content-type"), told.get("x-a")) == ("application/json", "b")
    assert told.body == "Käse".encode()
    return "yes"


def streams(way: Way, *fields: tuple[str, str]) -> str:
    event_stream = request("GET", f"{way.prefix}/events", *fields)
    message = b"GET /stream XDR/1\r\n\r\n"
    target = f"{way.prefix}/xdr/tunnel?$xdr=1,stream"
    framed = request("POST", target, *fields, body=message)
    found = {_stream(way, data) for data in (event_stream, framed)}
    return found.pop() if len(found) == 1 else "some"


def _stream(way: Way, data: bytes) -> str:
    """Let each piece go when the one before has arrived: only a front that holds takes time."""
    sent = 0

    def release() -> None:
        nonlocal sent
        way.thread.thread.loop.call_soon_threadsafe(way.api.release)
        sent += 1

    with way.connect() as client:
        client.socket.settimeout(HELD_SECONDS)
        client.send(data)
        release()
        seen = bytearray()
        held = False
        try:
            while sent < len(PIECES):
                seen += client.socket.recv(65536)
                if PIECES[sent - 1] in seen:
                    release()
        except TimeoutError:
            held = True
            while sent < len(PIECES):
                release()
        client.socket.settimeout(HELD_SECONDS * 4)
        while PIECES[-1] not in seen:
            piece = client.socket.recv(65536)
            assert piece, "the stream ended early"
            seen += piece
    return "held" if held else "yes"


def large_body(way: Way) -> str:
    message = b"PUT /items XDR/1\r\nContent-Type: text/plain\r\n\r\n" + b"x" * MORE_THAN_NGINX_TAKES
    answer = way.tunnel(message)
    if answer.status != 200:
        return str(answer.status)
    assert len(way.told.body) == MORE_THAN_NGINX_TAKES
    return "yes"


def head(way: Way) -> str:
    answer = way.ask("HEAD", "/items")
    assert (answer.status, answer.body) == (200, b"")
    framed = read_frame(way.tunnel(b"HEAD /items XDR/1\r\n\r\n"))
    assert (framed.status, framed.body, framed.end) == (200, "", "ok")
    assert way.told.method == "HEAD"
    return "yes" if answer.get("content-length") == "5" else "no length"


def without_a_body(way: Way) -> str:
    for path, status in (("/empty", 204), ("/unchanged", 304)):
        answer = way.ask("GET", path, ("If-None-Match", '"1"'))
        assert (answer.status, answer.body) == (status, b"")
        assert answer.cors()["access-control-allow-origin"] == PAGE
        framed = read_frame(way.tunnel(f"GET {path} XDR/1\r\n\r\n".encode()))
        assert (framed.status, framed.body, framed.end) == (status, "", "ok")
    return "yes"


def methods(way: Way) -> str:
    framed = read_frame(way.tunnel(b"PROPFIND /items XDR/1\r\nDepth: 1\r\n\r\n<a/>"))
    assert (framed.status, way.told.method) == (200, "PROPFIND")
    answer = way.ask("PROPFIND", "/items", body=b"<a/>")
    if answer.status != 200:
        return str(answer.status)
    assert way.told.body == b"<a/>"
    return "yes"


def cors(way: Way) -> str:
    asks = ("Access-Control-Request-Method", "PUT")
    allowed = way.ask("OPTIONS", "/items", asks)
    assert allowed.status in (200, 204)
    assert allowed.cors()["access-control-allow-origin"] == PAGE
    assert "PUT" in allowed.cors()["access-control-allow-methods"]
    # Nobody gets an answer that was made for another page, or one that was kept.
    before = len(way.api.asked)
    for origin in (PAGE, OTHER_PAGE, PAGE):
        answer = way.ask("GET", "/kept", origin=origin)
        assert answer.cors()["access-control-allow-origin"] == origin
        assert "origin" in answer.vary()
    for _ in range(2):
        assert read_frame(way.ask("GET", "/kept?$xdr=1")).end == "ok"
    assert len(way.api.asked) == before + 5
    refused = way.ask("GET", "/items?$xdr=1", origin="https://evil.example")
    assert (refused.status, refused.code, refused.cors()) == (403, "origin-not-allowed", {})
    return "yes"


def who_asks(way: Way) -> str:
    made_up = (("X-Forwarded-For", "192.0.2.66"), ("X-Forwarded-Proto", "https"))
    way.ask("GET", "/items", *made_up)
    told = {name: way.told.get(f"x-forwarded-{name}") for name in ("for", "proto", "host")}
    wanted = {"for": f"{CLIENT}, 127.0.0.1", "proto": "http", "host": HOST}
    assert told == wanted
    return "yes"


def prefix(way: Way) -> str:
    under = Way(way.port, way.api, way.thread, prefix="/bridge")
    # What does not arrive as ours is the API's to answer.
    if b"XMLHttpRequest" not in under.ask("GET", "/xdr/xdr-bridge.js").body:
        return "no"
    framed = read_frame(under.tunnel(b"PUT /items XDR/1\r\n\r\nx"))
    assert (framed.status, under.told.target) == (200, "/items")
    under.ask("GET", "/a%2Fb?q=%2f")
    return "yes" if under.told.target == "/a%2Fb?q=%2f" else f"`{under.told.target}`"


Check = Callable[[Way], str]
CHECKS: dict[str, Check] = {
    "a POST without Content-Type stays one": no_content_type,
    "the query arrives to the byte, with `%0D%0A`": query_bytes,
    "a path arrives to the byte: `/a%2Fb//c;d=1/…`": native_path,
    "the body form arrives to the byte": body_form,
    "streams leave piece by piece": streams,
    "2 MiB up": large_body,
    "HEAD": head,
    "204 and 304": without_a_body,
    "PROPFIND": methods,
    "preflights, and each page its own answer": cors,
    "the API learns who asked which host, not what a page makes up": who_asks,
    "under a prefix": prefix,
}
# nghttpx decodes and merges before it asks; it and Squid rewrite no paths (Squid by a program).
DIFFERENCES: dict[tuple[str, str], str] = {
    ("nghttpx", "a path arrives to the byte: `/a%2Fb//c;d=1/…`"): "`/a%2Fb/c;d=1/%E2%82%AC`",
    ("nghttpx", "under a prefix"): "no",
    ("Squid", "under a prefix"): "no",
}
