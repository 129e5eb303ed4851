"""What is asked, and by how many: wrk and plain sockets on the load's core."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

# A current browser, and Internet Explorer 9 (xdr-behaviour.md, section 2).
BROWSER = (
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:152.0) Gecko/20100101 Firefox/152.0"),
    ("Accept", "application/json, text/plain, */*"),
    ("Accept-Language", "en-US,en;q=0.5"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmN"),
    ("X-Requested-With", "XMLHttpRequest"),
    ("Origin", "https://shop.example"),
    ("Referer", "https://shop.example/basket"),
    ("Sec-Fetch-Dest", "empty"),
    ("Sec-Fetch-Mode", "cors"),
    ("Sec-Fetch-Site", "cross-site"),
)
EXPLORER = (
    ("Accept", "*/*"),
    ("Origin", "https://shop.example"),
    ("Referer", "https://shop.example/basket"),
    ("Accept-Language", "en-US"),
    ("UA-CPU", "AMD64"),
    ("Accept-Encoding", "gzip, deflate"),
    ("User-Agent", "Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; Win64; x64; Trident/5.0)"),
    ("Cache-Control", "no-cache"),
)
ITEM = b'{"id":7,"name":"teapot","price":"19.90","tags":["kitchen","tea"]}'


@dataclass(frozen=True)
class Shape:
    """One kind of request."""

    method: str
    target: str
    fields: Sequence[tuple[str, str]] = BROWSER
    body: bytes = b""
    extra: str = field(default="", repr=False)


NATIVE = Shape("GET", "/small.json")
LARGE = Shape("GET", "/large.json")
UPLOAD = Shape(
    "POST", "/upload", (*BROWSER, ("Content-Type", "application/json")), ITEM * (65536 // len(ITEM))
)
# What both forms below ask for, as a browser with CORS says it.
SAME_CALL = Shape(
    "PUT",
    "/small.json",
    (*BROWSER, ("Content-Type", "application/json"), ("X-Request-Id", "7")),
    ITEM,
)
QUERY_FORM = Shape(
    "POST",
    "/small.json?$xdr=1&$httpMethod=PUT&$ct=application%2Fjson"
    "&$httpHeaders=X-Requested-With:XMLHttpRequest%0D%0AX-Request-Id:7%0D%0A",
    EXPLORER,
    ITEM,
)
BODY_FORM = Shape(
    "POST",
    "/xdr/tunnel?$xdr=1",
    EXPLORER,
    b"PUT /small.json XDR/1\r\nAccept: application/json\r\nContent-Type: application/json\r\n"
    b"X-Requested-With: XMLHttpRequest\r\nX-Request-Id: 7\r\n\r\n" + ITEM,
)

_SCRIPT = """
wrk.method = {method}
wrk.path = {target}
wrk.body = {body}
{headers}
{extra}
function done(summary, latency, requests)
    io.write(string.format(
        'JSON {{"requests": %d, "micros": %d, "errors": %d, "p50": %d, "p99": %d}}\\n',
        summary.requests, summary.duration,
        summary.errors.connect + summary.errors.read + summary.errors.write
            + summary.errors.status + summary.errors.timeout,
        latency:percentile(50), latency:percentile(99)))
end
"""
# No two heads are the same: what the bridge remembers of the one before is of no use to it.
FRESH = """
local asked = 0
local path = wrk.path .. (string.find(wrk.path, "?", 1, true) and "&" or "?") .. "n="
function request()
    asked = asked + 1
    wrk.headers["X-Request-Id"] = tostring(asked)
    return wrk.format(wrk.method, path .. asked)
end
"""
# 20 of these make about 1,900 requests a second.
PACED = "function delay() return math.random(2, 18) end"


@dataclass(frozen=True)
class Load:
    """What wrk saw."""

    requests: int
    per_second: float
    errors: int
    p50_ms: float
    p99_ms: float


def wrk(
    folder: Path, port: int, prefix: str, shape: Shape, *, core: int, connections: int, seconds: int
) -> Load:
    """Ask this, over and over, on kept connections."""
    script = folder / "wrk.lua"
    lines = [f"wrk.headers[{_lua(k)}] = {_lua(v)}" for k, v in shape.fields]
    text = _SCRIPT.format(
        method=_lua(shape.method),
        target=_lua(prefix + shape.target),
        body=_lua(shape.body.decode()) if shape.body else "nil",
        headers="\n".join(lines),
        extra=shape.extra,
    )
    script.write_text(text, encoding="utf-8")
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    command += ["--timeout", "10s", "-s", str(script), f"http://127.0.0.1:{port}/"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    said = json.loads(output[output.index("JSON ") + 5 :].splitlines()[0])
    return Load(
        requests=said["requests"],
        per_second=said["requests"] / said["micros"] * 1e6,
        errors=said["errors"],
        p50_ms=said["p50"] / 1000,
        p99_ms=said["p99"] / 1000,
    )


def _lua(text: str) -> str:
    return json.dumps(text)


def head(method: str, target: str, *fields: tuple[str, str]) -> bytes:
    """Write a request's head."""
    lines = [f"{method} {target} HTTP/1.1", "Host: bridge.example"]
    lines += [f"{name}: {value}" for name, value in (*BROWSER, *fields)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def download(port: int, target: str) -> tuple[int, float]:
    """Read an answer to its end and return its bytes and seconds."""
    began = time.perf_counter()
    buffer = bytearray(1 << 18)
    total = 0
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        client.sendall(head("GET", target, ("Connection", "close")))
        while size := client.recv_into(buffer):
            total += size
    return total, time.perf_counter() - began


def upload(port: int, target: str, size: int) -> tuple[bytes, float]:
    """Send a body of so many bytes and return the answer and the seconds it took."""
    began = time.perf_counter()
    piece = bytes(1 << 18)
    with socket.create_connection(("127.0.0.1", port), 60) as client:
        length = ("Content-Length", str(size))
        client.sendall(head("POST", target, length, ("Connection", "close")))
        left = size
        # Who refuses the body may close before all of it is sent.
        with contextlib.suppress(ConnectionError):
            while left:
                client.sendall(piece[: min(left, len(piece))])
                left -= min(left, len(piece))
        answer = b""
        if left:
            return answer, time.perf_counter() - began
        while data := client.recv(65536):
            answer += data
    return answer, time.perf_counter() - began


def idle(port: int, target: str, count: int) -> list[socket.socket]:
    """Open so many connections, ask once on each and leave them idle."""
    clients = []
    for _ in range(count):
        client = socket.create_connection(("127.0.0.1", port), 30)
        client.sendall(head("GET", target))
        client.recv(65536)
        clients.append(client)
    return clients


class Peak:
    """The largest value that `measure` returns while this is entered."""

    def __init__(self, measure: object) -> None:
        assert callable(measure)
        self._measure = measure
        self.value = 0.0

    def __enter__(self) -> Peak:
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.value = max(self.value, self._measure())
            if self._over.wait(0.05):
                return
