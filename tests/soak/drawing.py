"""What the pages ask for: a mixture drawn from a seed, so that a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from urllib.parse import quote

from tests.soak.calls import FOREIGN_ORIGIN, ID_FIELD, PLACES, Call
from tests.support import clients
from tests.support.clients import request

_DOORS = {
    "native": 40,
    "preflight": 8,
    "query": 14,
    "query plain": 6,
    "body": 18,
    "body plain": 4,
    "file": 3,
    "refused": 7,
}
_METHODS = {"GET": 50, "POST": 18, "PUT": 16, "DELETE": 6, "PATCH": 5, "HEAD": 5}
_SIZES = {0: 6, 1: 4, 60: 20, 1000: 40, 8000: 14, 65_000: 10, 300_000: 5, 2_000_000: 1}
_STATUSES = {200: 78, 201: 6, 204: 4, 404: 4, 422: 4, 500: 4}
_FAULTS = {
    "": 840,
    "interim": 12,
    "drip": 14,
    "announced-close": 16,
    "silent-close": 12,
    "early": 12,
    "two-answers": 6,
    "stall": 4,
    "unread": 2,
    "reset": 8,
    "end": 8,
    "reset-in-head": 8,
    "garbage": 8,
    "huge-head": 4,
    "stall-in-body": 4,
    "reset-in-body": 14,
    "end-in-body": 14,
    "bad-chunk": 14,
    "no-preflight": 8,
    "no-cors": 8,
    "redirects-away": 8,
}
_PAGE_FAULTS = {
    "": 300,
    "drips": 10,
    "reads slowly": 8,
    "speaks HTTP/1.0": 20,
    "expects 100": 10,
    "resets in head": 12,
    "resets in body": 14,
    "ends in body": 10,
    "resets in answer": 14,
    "vanishes": 18,
    "half-closes": 8,
    "gives up reading": 8,
    "falls silent": 3,
    "never reads": 2,
}
# With these the page asks for something that takes them.
_NEEDS_ANSWER = frozenset({"resets in answer", "gives up reading", "reads slowly", "never reads"})
_NEEDS_BODY = frozenset({"resets in body", "ends in body", "falls silent", "expects 100"})
# After these nobody is there to see.
VANISHING = {
    "resets in body",
    "ends in body",
    "falls silent",
    "resets in head",
    "resets in answer",
    "vanishes",
    "half-closes",
    "gives up reading",
    "never reads",
}
_TUNNELLED = frozenset({"no-preflight", "no-cors", "redirects-away"})
LARGE_BYTES = 6_000_000
# The bridge is configured so.
TUNNELLED_BODY_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One call as a page makes it.

    Attributes:
        call: What the API is to do.
        door: See `calls.Seen`.
        message: The bytes of the request.
        head_size: How many of them are its head.
        method: That of the request, which the answer's framing depends on.
        framed: Whether the answer is a frame.
        fault: The page's own.
        expected: The code with which it is to be refused.
    """

    call: Call
    door: str
    message: bytes
    head_size: int
    method: str
    framed: bool = False
    fault: str = ""
    expected: str = ""


class Drawing:
    """Draws plans, one after the other."""

    def __init__(self, random: Random, page: int) -> None:
        """Draw for this page."""
        self._random = random
        self._page = page
        self._count = 0

    def weigh(self, weights: dict[str, int]) -> str:
        """Draw one of these names."""
        return self._random.choices(tuple(weights), tuple(weights.values()))[0]

    def plan(self, *, alone: bool) -> Plan:
        """Draw a call.

        Args:
            alone: Whether it has a connection to itself: only then the page may misbehave.
        """
        self._count += 1
        name = f"c{self._page}-{self._count}"
        fault = self.weigh(_PAGE_FAULTS) if alone else ""
        door = self.weigh(_DOORS)
        if fault and door in ("preflight", "file", "refused"):
            door = "native"
        if door == "refused":
            return self._refused(name)
        call = self._call(name, door, fault)
        if door == "preflight":
            fields = [
                ("Access-Control-Request-Method", "PUT"),
                ("Access-Control-Request-Headers", "x-soak-id"),
            ]
            return _plan(call, door, request("OPTIONS", call.target, *fields), "OPTIONS")
        if door == "file":
            target = f"/xdr/xdr-bridge.min.js?once={name}"
            return _plan(call, door, request("GET", target), "GET")
        return self._write(call, door, fault)

    def _call(self, name: str, door: str, fault: str) -> Call:
        random = self._random
        method = self.weigh(_METHODS)
        if door == "preflight":
            method = "OPTIONS"
        if fault in _NEEDS_BODY:
            method = "PUT"
        if fault in _NEEDS_ANSWER and method == "HEAD":
            method = "GET"
        asked = self.weigh(_FAULTS)
        place = random.choice(PLACES)
        if asked in ("no-preflight", "no-cors"):
            place = "/own"
        if door in ("preflight", "file") or fault in _NEEDS_ANSWER:
            asked = ""
        if asked in _TUNNELLED and door not in ("query", "body"):
            asked = ""
        if "-in-body" in asked or asked == "bad-chunk":
            method = "GET" if method == "HEAD" else method
        if asked in ("early", "unread"):
            method = "POST"
        native = door == "native"
        sent = 0 if method in ("GET", "HEAD", "OPTIONS") else self._size(native)
        if fault in _NEEDS_BODY or asked == "unread":
            sent = max(sent, 20_000)
        if asked == "unread":
            # More than all buffers on the way hold.
            sent = LARGE_BYTES if native else TUNNELLED_BODY_BYTES
        status = int(self.weigh({str(s): w for s, w in _STATUSES.items()}))
        size = 0 if status == 204 else self._size(True)
        if asked == "two-answers":
            size = min(size, 8000)
        framing = self.weigh({"length": 60, "chunked": 34, "close": 6})
        if "-in-body" in asked or asked == "bad-chunk" or fault in _NEEDS_ANSWER:
            status, size = 200, max(size, 1000)
        if fault in _NEEDS_ANSWER:
            size = LARGE_BYTES
        if asked == "bad-chunk":
            framing = "chunked"
        elif method == "HEAD" or status == 204 or (framing == "close" and asked):
            framing = "length"
        return Call(
            id=name,
            place=place,
            method=method,
            sent=sent,
            status=status,
            size=size,
            framing=framing,
            binary=random.random() < 0.3,
            delay_ms=200 if fault == "vanishes" else random.choice((0, 0, 0, 0, 2, 20, 100)),
            fault=asked,
            at=random.randrange(size) if "in-body" in asked or asked == "bad-chunk" else 0,
            hops=random.choice((1, 2))
            if door in ("query", "body")
            and not asked
            and not fault
            and method != "HEAD"
            and random.random() < 0.05
            else 0,
        )

    def _size(self, large: bool) -> int:
        size = int(self.weigh({str(s): w for s, w in _SIZES.items()}))
        size = round(size * self._random.uniform(0.5, 1.5)) if size > 1 else size
        return size if large else min(size, TUNNELLED_BODY_BYTES)

    def _write(self, call: Call, door: str, fault: str = "") -> Plan:
        random = self._random
        body = call.request_body
        if door == "native":
            return _plan(call, door, _native(call, body, random.random() < 0.3), fault=fault)
        # Without the flag, bytes are read as text, which loses some.
        kinds = (
            ("1,base64", "1,base64,stream") if call.binary else ("1", "1", "1,base64", "1,stream")
        )
        flags = random.choice(kinds) if "plain" not in door else None
        xdr = f"$xdr={flags}&" if flags else ""
        if door.startswith("query"):
            fields = quote(f"{ID_FIELD}:{call.id}\r\n", safe="")
            joint = "&" if "?" in call.target else "?"
            target = f"{call.target}{joint}{xdr}$httpMethod={call.method}&$httpHeaders={fields}"
            if call.method in ("GET", "HEAD"):
                outer = random.choice(("GET", "POST"))
                message = request(outer, target, body=b"" if outer == "POST" else None)
            else:
                outer, message = "POST", request("POST", target, body=body)
        else:
            head = f"{call.method} {call.target} XDR/1\r\n{ID_FIELD}: {call.id}\r\n\r\n"
            outer = "POST"
            target = f"/xdr/tunnel?{xdr}$once={call.id}"
            message = request(outer, target, body=head.encode() + body)
        return _plan(call, door, message, outer, framed=flags is not None, fault=fault)

    def _refused(self, name: str) -> Plan:
        """Draw a request that never gets to the API."""
        call = Call(id=name, place="/judged", method="PUT", sent=60)
        tunnel = f"/xdr/tunnel?$xdr=1&$once={name}"
        inner = f"PUT {call.target} HTTP/1.1\r\n{ID_FIELD}: {name}\r\n\r\n".encode()
        target = f"{call.target}&$xdr=1"
        chunks = ("Transfer-Encoding", "chunked")
        code, message = self._random.choice(
            (
                (
                    "origin-not-allowed",
                    request("PUT", call.target, origin=FOREIGN_ORIGIN, body=b""),
                ),
                ("origin-not-allowed", request("POST", tunnel, origin=FOREIGN_ORIGIN, body=inner)),
                ("origin-missing", request("POST", tunnel, origin=None, body=inner)),
                ("origin-malformed", request("POST", tunnel, origin="https://a b", body=inner)),
                ("unsupported-version", request("POST", f"{call.target}&$xdr=2", body=b"")),
                ("get-is-read-only", request("GET", f"{target}&$httpMethod=DELETE")),
                ("tunnel-malformed", request("POST", tunnel, body=b"PUT /judged XDR/1")),
                ("method-forbidden", request("POST", f"{target}&$httpMethod=TRACE", body=b"")),
                (
                    "header-forbidden",
                    request("POST", tunnel, body=inner[:-2] + b"Cookie: a=b\r\n\r\n"),
                ),
                ("method-not-allowed", request("POST", f"{target}&$httpMethod=BREW", body=b"")),
                (
                    "target-not-bridged",
                    request("POST", tunnel, body=b"GET /xdr/a XDR/1\r\n\r\n"),
                ),
                ("target-escapes", request("PUT", f"/judged/../../{name}", body=b"")),
                ("not-found", request("GET", f"/xdr/{name}")),
                ("body-too-large", request("POST", target, body=b"x" * (TUNNELLED_BODY_BYTES + 1))),
                ("url-too-long", request("GET", f"{call.target}&{'x' * 17000}")),
                ("outer-content-type", request("POST", target, ("Content-Type", "a/b"), body=b"")),
                ("http-malformed", request("PUT", call.target, ("Host", "x"), body=b"")),
                ("http-malformed", request("PUT", call.target, chunks, body=b"x")),
                ("http-malformed", request("PUT", call.target, chunks) + b"zz\r\n"),
                ("http-malformed", f"PUT {call.target} HTTP/1.1\r\nHost : x\r\n\r\n".encode()),
            )
        )
        framed = b"$xdr=" in message and not code.startswith("origin-")
        return _plan(
            call, "refused", message, message.split(b" ")[0].decode(), framed=framed, expected=code
        )


def _native(call: Call, body: bytes, chunked: bool) -> bytes:
    fields = [(ID_FIELD, call.id)]
    if call.method in ("GET", "HEAD"):
        return request(call.method, call.target, *fields)
    if not chunked:
        return request(call.method, call.target, *fields, body=body)
    head = request(call.method, call.target, *fields, ("Transfer-Encoding", "chunked"))
    pieces = [body[i : i + 5000] for i in range(0, len(body), 5000)]
    return head + clients.chunked(*pieces)


def _plan(
    call: Call,
    door: str,
    message: bytes,
    method: str | None = None,
    *,
    framed: bool = False,
    fault: str = "",
    expected: str = "",
) -> Plan:
    return Plan(
        call=call,
        door=door,
        message=message,
        head_size=message.index(b"\r\n\r\n") + 4,
        method=method or call.method,
        framed=framed,
        fault=fault,
        expected=expected,
    )
