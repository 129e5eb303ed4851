"""Bytes that are nearly right: seeds from the vectors and the attack tests, and mutations of them.

Everything is drawn from a `random.Random`: Hypothesis brings one that shrinks, atheris a seed.
"""

from __future__ import annotations

import base64
import functools
import gzip
import json
import re
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.world import PAGE
from tests.gateway import test_attacks_on_framing, test_attacks_on_targets
from tests.http.v1 import test_request_reader
from tests.support.clients import chunked, request

_VECTORS = Path(__file__).resolve().parents[1] / "vectors"

_LINE_ENDS = [b"\r\n", b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\r\n\t", b"\r\n\r\n", b"\x0b"]
_NUMBERS = [
    *[b"0", b"1", b"3", b"00", b"03", b"+3", b"-1", b"-0", b" 3", b"3 ", b"3\t", b"0x3", b"3,3"],
    *[
        b"3, 4",
        b"3;3",
        b"1e3",
        b"1_0",
        b"3.0",
        b"\xb2",
        b"",
        b"4294967299",
        b"18446744073709551619",
    ],
    *[b"9223372036854775807", b"9" * 18, b"9" * 19, b"9" * 300, b"ffffffffffffffff", b"fffffffff"],
]
_FIELDS = [
    *[b"Content-Length: " + number for number in _NUMBERS],
    b"content-length:3",
    b"Content-Length : 3",
    b"Content_Length: 3",
    b"Content-Length\x00: 3",
    *[
        b"Transfer-Encoding: " + value
        for value in (
            *[b"chunked", b"Chunked", b"xchunked", b"chunked, chunked", b"gzip, chunked"],
            *[b"identity", b"chunked, identity", b"\x0bchunked", b"chunked\x0b", b'"chunked"', b""],
            *[b"chunked;q=1", b",chunked", b"chunked,", b"chunke\xe4", b"\tchunked\t"],
        )
    ],
    b"Transfer-Encoding : chunked",
    b"Transfer_Encoding: chunked",
    b"Transfer-Encoding:\r\n chunked",
    b" Transfer-Encoding: chunked",
    b"TE: trailers",
    b"Trailer: Content-Length",
    b"Connection: close",
    b"Connection: keep-alive",
    b"Connection: Upgrade, HTTP2-Settings",
    b"Connection: Content-Length, Transfer-Encoding, Host, Origin, X-Hop",
    b"Connection: close\r\nConnection: keep-alive",
    b"Keep-Alive: timeout=5",
    b"Proxy-Connection: keep-alive",
    b"Proxy-Authorization: x",
    b"Upgrade: websocket",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAMAAABkAAQAAP__",
    b"Expect: 100-continue",
    b"Expect: 100-Continue, x",
    b"Expect: tea",
    *[
        b"Host: " + host
        for host in (
            *[
                b"",
                b"evil.test",
                b"evil.test:80",
                b"a b",
                b"a/b",
                b"a@b",
                b"[::1]",
                b"[::1",
                b"a:b",
            ],
            *[b"127.0.0.1:9001", b"h, i", b"h:99999", b"\xe4", b"h\x00", b"h#", b"h?x"],
        )
    ],
    b"Origin: " + PAGE.encode(),
    b"Origin: https://evil.test",
    b"Origin: null",
    b"Origin:",
    b"Cookie: a=b",
    b"Authorization: Basic eDp5",
    b"X-Forwarded-For: 6.6.6.6",
    b"X_Forwarded_For: 6.6.6.6",
    b"X-Real-IP: 6.6.6.6",
    b"X-HTTP-Method-Override: TRACE",
    b"X-Original-URL: /admin",
    b"XDR-Session: x",
    b"X-A: \x00",
    b"X-A: \x7f",
    b"X-A: \xe4\xf6",
    b"X-A:",
    b": x",
    b"no colon",
    b"X A: b",
    b"X\xe4: b",
    b"X-A: " + b"x" * 200,
    b"Content-Type: text/plain",
    b"Content-Type: text/plain;charset=utf-16",
    b"Content-Type: application/x-www-form-urlencoded",
    b"Content-Type: multipart/form-data",
    b"Content-Type: image/png",
    b"Content-Type: text/event-stream",
    b"Content-Encoding: gzip",
    b"Content-Encoding: br",
    b"Content-Encoding: gzip, gzip",
    b"Set-Cookie: a=b",
    b"Access-Control-Allow-Origin: *",
    b"Access-Control-Allow-Origin: " + PAGE.encode(),
    b"Access-Control-Request-Method: PUT",
    b"Access-Control-Request-Headers: x-a,,x-b",
    b"XDR-End: ok",
    b"XDR-URL: /forged",
    b"XDR-Encoding: base64",
    b"Location: http://evil.test/",
    b"Location: /there",
    b"Location: //evil.test/",
]
_TARGETS = [
    *[b"/", b"*", b"//", b"//evil.test/", b"http://evil.test/", b"http://127.0.0.1:9001/x"],
    *[b"evil.test:443", b"/\\evil.test", b"@evil.test/", b".evil.test", b"/..", b"/a/../..//b"],
    *[
        b"/%2e%2e/%2e",
        b"/%00",
        b"/%0d%0aX:1",
        b"/\xe4",
        b"/\x00",
        b"/\t",
        b"/a#b",
        b"?",
        b"",
        b"/ ",
    ],
    *[b"/big", b"/chunked", b"/none", b"/same", b"/close", b"/early", b"/away?$xdr=1", b"/back"],
    *[b"/big?$xdr=1", b"/zip?$xdr=1,base64", b"/zip", b"/back?$xdr=1", b"/x?$xdr=1,stream"],
    *[b"/x?$xdr=1", b"/x?$xdr=2", b"/x?%24xdr=1&$httpMethod=PUT", b"/x?$httpMethod=DELETE"],
    *[b"/own/x", b"/own/x?$xdr=1", b"/own/away?$xdr=1", b"/own/../x", b"/xdr/tunnel?$xdr=1"],
    *[b"/xdr/tunnel", b"/xdr/xdr-bridge.js", b"/xdr/", b"/xdr/tunnel?$xdr=1,stream&$ct=a"],
    *[b"/x?$xdr=1&$httpHeaders=Content-Length%3A5%0D%0A", b"/x?$httpHeaders=%C4%8D%C4%8Aa%3Ab"],
    *[b"/x?$xdr=1&$ct=a%0D%0Ab", b"/x?$xdr=1&$httpHeaders=X:%00", b"/x?$xdr=1&$xdr=1&$once=1"],
]
_METHODS = [
    *[b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"BREW"],
    *[b"get", b"PRI", b"G\x00T", b"", b"TRACK", b"PATCH", b"M-SEARCH"],
]
_SHARDS = [
    *_LINE_ENDS,
    *[
        b"\x00",
        b"\xff",
        b"\xc4\x8d\xc4\x8a",
        b" ",
        b"\t",
        b":",
        b",",
        b";",
        b'"',
        b"\\",
        b"\xef\xbb\xbf",
    ],
    *[
        b" HTTP/1.1",
        b" HTTP/1.0",
        b" HTTP/1.2",
        b" HTTP/2.0",
        b" HTTP/0.9",
        b" XDR/1",
        b"HTTP/1.1 200 OK\r\n",
    ],
    *[
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"\x7f\r\nXDR-End: ok\r\n",
        b"\x7f0",
    ],
    *[b"0\r\n\r\n", b"0\r\nX: 1\r\n\r\n", b"0;a=b\r\n\r\n", b"3\r\nabc\r\n", b"3;a\r\nabc\r\n"],
    *[
        b'3;a="\r\n"\r\nabc\r\n',
        b'3;a="b\\"c"\r\nabc\r\n',
        b"3 \r\nabc\r\n",
        b"3\nabc\n",
        b"0x3\r\n",
    ],
    *[b"-1\r\n", b"g\r\n", b"fffffffffffffffff\r\n", b"3;" + b"x" * 50 + b"\r\nabc\r\n", b";\r\n"],
    *[b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n", b"PUT /x HTTP/1.1\r\n\r\n", b"\x16\x03\x01"],
    *[b"\x1f\x8b\x08\x00", b"\x1b$B", b"\xd8\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\xf0\x9f\x98"],
]
_NUMBER = re.compile(rb"(?<=[ :=\n])[0-9]+(?=[\r\n ;])")
_LINE_END = re.compile(rb"\r\n|\n")


def _rows(test: Any, index: int | None = None) -> list[Any]:
    """Return the rows over which a test is parametrised."""
    (values,) = (mark.args[1] for mark in test.pytestmark)
    return [row if index is None else row[index] for row in values]


def _line(target: str) -> bytes:
    """Write a target so that what follows it in a file stays what it is."""
    return target.encode("latin-1", "replace").replace(b"\n", b"")


@functools.cache
def page_seeds() -> list[bytes]:
    """List what pages send: right requests, the vectors', and every attack on framing."""
    message = b"PUT /x?a XDR/1\r\nContent-Type: application/json\r\nX-A: 1\r\n\r\n{}"
    post = request("POST", "/x", ("Transfer-Encoding", "chunked"))
    seeds = [
        request("GET", "/x"),
        request("GET", "/x", origin=None),
        request("HEAD", "/x?$xdr=1"),
        request("GET", "/x", ("Connection", "close")),
        request("PUT", "/x", body=b"body"),
        request("PUT", "/x", ("Expect", "100-continue"), body=b"body"),
        request("PUT", "/early", body=b"body" * 50),
        request("GET", "/big?$xdr=1"),
        request("GET", "/big"),
        post + chunked(b"abc", b"defg"),
        post + b'3;a="b"\r\nabc\r\n0\r\nX: 1\r\n\r\n',
        request("POST", "/xdr/tunnel?$xdr=1", body=message),
        request("POST", "/xdr/tunnel?$xdr=1,stream", ("Transfer-Encoding", "chunked"))
        + chunked(message),
        request("POST", "/x?$xdr=1&$httpMethod=PUT&$httpHeaders=X-A:1%0D%0A&$ct=a/b", body=b"body"),
        request("POST", "/own/x?$xdr=1&$httpMethod=PUT", body=b"body"),
        request("GET", "/own/x?$xdr=1"),
        request("GET", "/away?$xdr=1"),
        request("OPTIONS", "/x", ("Access-Control-Request-Method", "PUT")),
        request("GET", "/xdr/xdr-bridge.js"),
        b"GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET /close HTTP/1.0\r\n\r\n",
        b"CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test\r\n\r\n",
        b"GET http://evil.test/ HTTP/1.1\r\nHost: h\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n",
    ]
    for case in json.loads((_VECTORS / "tunnel.json").read_text("utf-8"))["cases"]:
        asked = case.get("request")
        if asked is not None:
            body = asked["body"]
            data = None if body is None else body.encode("utf-8", "surrogatepass")
            seeds.append(request(asked["method"], asked["target"], body=data))
    seeds += [
        test_request_reader.CHUNKED + row
        for row in _rows(test_request_reader.test_a_chunked_body, 0)
    ]
    refused = _rows(test_request_reader.test_a_chunked_body_that_is_refused)
    seeds += [test_request_reader.CHUNKED + row for row in refused if len(row) < 500]
    seeds += _rows(test_request_reader.test_a_head_that_is_refused)
    seeds += [
        b"POST / HTTP/1.1\r\nHost: h\r\n" + row + b"\r\n123"
        for row in _rows(test_request_reader.test_doubtful_framing_is_refused)
    ]
    doubts = test_attacks_on_framing.test_9_a_request_whose_end_is_in_doubt_is_refused
    smuggled = test_attacks_on_framing.SMUGGLED
    for mark in doubts.pytestmark:
        if mark.args[0] == "fields":
            seeds += [request("POST", "/x", *row) + smuggled for row in mark.args[1]]
    targets = test_attacks_on_targets.TARGETS + test_attacks_on_targets.HARMLESS
    for target in targets:
        at = target.replace("EVIL", "evil.test")
        seeds.append(f"GET {at} HTTP/1.1\r\nHost: h\r\nOrigin: {PAGE}\r\n\r\n".encode("latin-1"))
    return [seed for seed in seeds if len(seed) < 3000]


@functools.cache
def answer_seeds() -> list[bytes]:
    """List what APIs answer: right answers, the vectors', and some that are not."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAccess-Control-Allow-Origin: *\r\n"
    zipped = gzip.compress(b"zipped" * 20, mtime=0)
    seeds = [
        head + b"Content-Length: 2\r\n\r\nok",
        head + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        head + b"Transfer-Encoding: chunked\r\n\r\n2;x\r\nok\r\n0\r\nX: 1\r\n\r\n",
        head + b"\r\nuntil the end",
        head + b"Connection: close\r\n\r\nuntil the end",
        head + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(zipped) + zipped,
        head + b"Content-Length: 100\r\n\r\nhalf",
        head + b"Content-Length: 0\r\n\r\n",
        head + b"Content-Length: 3\r\n\r\na\0b",
        head.replace(b"plain", b"event-stream") + b"\r\ndata: 1\n\ndata: 2\n\n",
        head.replace(b"text/plain", b"image/png") + b"Content-Length: 4\r\n\r\n\x89PNG",
        b"HTTP/1.1 100 Continue\r\n\r\n" + head + b"Content-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nold",
        b"HTTP/1.1 302 Go\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 307 Go\r\nLocation: /x\r\nContent-Length: 2\r\n\r\ngo",
        b"HTTP/1.1 401 No\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
    ]
    for case in json.loads((_VECTORS / "frames.json").read_text("utf-8"))["cases"]:
        response = case.get("response")
        if response is None or "body_base64" not in response:
            continue
        body = base64.b64decode(response["body_base64"])
        lines = [f"HTTP/1.1 {response['status']} {response['reason']}"]
        lines += [f"{name}: {value}" for name, value in response["headers"]]
        lines += [f"Content-Length: {len(body)}"]
        seeds.append(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace") + body)
    return [seed for seed in seeds if len(seed) < 3000]


@functools.cache
def tunnel_seeds() -> list[bytes]:
    """List tunnel requests without their HTTP: target, LF, body; see `targets.tunnel`."""
    seeds = [
        b"/xdr/tunnel?$xdr=1\nPUT /x?a XDR/1\r\nContent-Type: a/b\r\nX-A: 1\r\n\r\n{}",
        b"/xdr/tunnel?$xdr=1\nGET /own/x XDR/1\n\n",
        b"/x?a=%2F+1&$xdr=1&$httpMethod=PUT&$httpHeaders=X-A:1%0D%0Ax-a:2&$ct=a/b&$once=1\nbody",
        b"/x?%24xdr=1,base64,stream\n",
    ]
    for case in json.loads((_VECTORS / "tunnel.json").read_text("utf-8"))["cases"]:
        asked = case.get("request")
        if asked is not None:
            body = (asked["body"] or "").encode("utf-8", "surrogatepass")
            seeds.append(_line(asked["target"]) + b"\n" + body)
    for target in test_attacks_on_targets.TARGETS + test_attacks_on_targets.HARMLESS:
        at = _line(target.replace("EVIL", "evil.test"))
        seeds.append(at + b"?$xdr=1\n")
        seeds.append(b"/xdr/tunnel?$xdr=1\nDELETE " + at + b" XDR/1\r\n\r\n")
    return [seed for seed in seeds if len(seed) < 3000]


def mutate(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    """Change one thing, mostly such that a parser might misunderstand it."""
    return random.choice(_MUTATIONS)(data, random, seeds)


def generate(random: Random, seeds: list[bytes]) -> bytes:
    """Make something nearly right."""
    data = random.choice(seeds)
    for _ in range(random.randrange(5)):
        data = mutate(data, random, seeds)
    return data


def _other_line_end(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    ends = [match.span() for match in _LINE_END.finditer(data)]
    if not ends:
        return data + random.choice(_LINE_ENDS)
    start, end = random.choice(ends)
    return data[:start] + random.choice(_LINE_ENDS) + data[end:]


def _another_field(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    ends = [match.end() for match in _LINE_END.finditer(data)] or [len(data)]
    at = random.choice(ends)
    return data[:at] + random.choice(_FIELDS) + b"\r\n" + data[at:]


def _other_number(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    found = [match.span() for match in _NUMBER.finditer(data)]
    if not found:
        return _another_field(data, random, seeds)
    start, end = random.choice(found)
    return data[:start] + random.choice(_NUMBERS) + data[end:]


def _other_start(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    method, space, rest = data.partition(b" ")
    if random.randrange(4) == 0:
        return random.choice(_METHODS) + space + rest
    _, space, rest = rest.partition(b" ")
    return method + b" " + random.choice(_TARGETS) + space + rest


def _shard(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_SHARDS) + data[at:]


def _twice(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    lines = data.split(b"\r\n")
    at = random.randrange(len(lines))
    return b"\r\n".join([*lines[: at + 1], *lines[at:]])


def _without(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    start = random.randrange(len(data) + 1)
    return data[:start] + data[start + random.randrange(1, 20) :]


def _byte(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes([random.randrange(256)]) + data[at + 1 :]


def _cut(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _followed(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    return data + random.choice(seeds)


def _in_chunks(data: bytes, random: Random, seeds: list[bytes]) -> bytes:
    head, gap, body = data.partition(b"\r\n\r\n")
    at = random.randrange(len(body) + 1)
    pieces = [piece for piece in (body[:at], body[at:]) if piece]
    return head + b"\r\nTransfer-Encoding: chunked" + gap + chunked(*pieces)


_MUTATIONS = [
    *[_other_line_end, _another_field, _other_number, _other_start, _shard, _twice, _without],
    *[_byte, _cut, _followed, _followed, _in_chunks, _another_field],
]
