"""A raw client: exact bytes out, one whole answer in, read by h11 and by nothing of ours."""

from __future__ import annotations

import json
import re
import socket
import ssl
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import h11

from tests.support.loops import PATIENCE_SECONDS


@dataclass(frozen=True)
class RawAnswer:
    """One HTTP answer, whole."""

    status: int
    reason: str
    pairs: list[tuple[str, str]]
    body: bytes
    version: str = "1.1"
    interim: list[int] = field(default_factory=list)

    def all(self, name: str) -> list[str]:
        """Return the value of each field of this name."""
        return [value for key, value in self.pairs if key == name.lower()]

    def get(self, name: str) -> str | None:
        """Return the value of the only field of this name, or None."""
        values = self.all(name)
        assert len(values) <= 1, (name, values)
        return values[0] if values else None

    def vary(self) -> set[str]:
        """Return the items of Vary, in lower case."""
        return {item.strip().lower() for value in self.all("vary") for item in value.split(",")}

    def cors(self) -> dict[str, str]:
        """Return all Access-Control-* fields; none stands twice."""
        fields = [pair for pair in self.pairs if pair[0].startswith("access-control-")]
        assert len(dict(fields)) == len(fields), fields
        return dict(fields)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a plain refusal, after checking its shape in whole."""
        assert self.get("content-type") == "application/problem+json"
        assert self.get("x-content-type-options") == "nosniff"
        assert self.get("cache-control") == "no-store"
        problem = self.json
        assert problem.keys() == {"title", "status", "code", "detail"}
        assert problem["status"] == self.status
        assert problem["detail"]
        return str(problem["code"])

    @property
    def network_error(self) -> str:
        """The code of a network-error frame, after checking its shape in whole (Wire 5.8)."""
        assert self.status == 200
        first, sentence, end = self.text.split("\r\n")
        assert end == ""
        assert sentence
        prefix, code = first.rsplit(" ", 1)
        assert prefix == "XDR/1 error"
        return code


# Wire 5.4: what stands behind DEL.
_ESCAPED = {"0": "\0", "1": "\x7f", " ": ""}


@dataclass(frozen=True)
class Frame:
    """A frame, taken apart by the letter of Wire 5."""

    status: int
    reason: str
    pairs: list[tuple[str, str]]
    body: str
    end: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def get(self, name: str) -> str | None:
        values = [value for key, value in self.pairs if key == name]
        assert len(values) <= 1, (name, values)
        return values[0] if values else None


def read_frame(answer: RawAnswer | bytes) -> Frame:
    """Read a frame strictly; anything that is not one fails."""
    text = answer.text if isinstance(answer, RawAnswer) else answer.decode("utf-8")
    if text.startswith(" "):
        assert text.startswith(" " * 2048 + "\r\n"), "half a prelude"
        text = text.lstrip(" \r\n")
    head, gap, rest = text.partition("\r\n\r\n")
    assert gap, f"no empty line: {text[:200]!r}"
    line, *lines = head.split("\r\n")
    version, status, reason = line.split(" ", 2)
    assert version == "HTTP/1.1"
    body, mark, end = rest.partition("\x7f\r\nXDR-End: ")
    assert mark, f"no trailer: {rest[-200:]!r}"
    assert re.fullmatch(r"[a-z-]+\r\n", end), f"behind the trailer: {end!r}"
    pairs = [tuple(one.split(": ", 1)) for one in lines]
    body = re.sub("\x7f(.?)", lambda pair: _ESCAPED[pair[1]], body)
    return Frame(int(status), reason, pairs, body, end[:-2])  # type: ignore[arg-type]


class AnswerParser:
    """Reads one answer to a request of this method from the bytes that it is given.

    Attributes:
        head: The head of the answer, once it is there.
        body: What there is of its body.
        held: Once the answer is whole: what came behind it.
    """

    def __init__(self, method: str) -> None:
        self.head: h11.Response | None = None
        self.body = bytearray()
        self.held = b""
        self._interim: list[int] = []
        self._reader = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
        self._reader.send(h11.Request(method=method, target="/", headers=[("Host", "any")]))
        self._reader.send(h11.EndOfMessage())

    def feed(self, data: bytes) -> RawAnswer | None:
        """Take bytes, none for the end of the connection; return the answer once it is whole.

        Raises:
            h11.RemoteProtocolError: It is malformed, or not whole.
        """
        reader = self._reader
        reader.receive_data(data)
        while (event := reader.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.InformationalResponse):
                self._interim.append(event.status_code)
            elif isinstance(event, h11.Response):
                self.head = event
            elif isinstance(event, h11.Data):
                self.body += event.data
            elif isinstance(event, h11.EndOfMessage):
                self.held = reader.trailing_data[0]
                return self._answer()
            else:
                raise h11.RemoteProtocolError(f"the connection ended before an answer: {event}")
        return None

    def _answer(self) -> RawAnswer:
        head = self.head
        assert head is not None
        return RawAnswer(
            head.status_code,
            head.reason.decode("latin-1"),
            [(k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers],
            bytes(self.body),
            head.http_version.decode(),
            self._interim,
        )


class Client:
    """One connection to the bridge; a context manager."""

    def __init__(
        self,
        port: int,
        *,
        host: str = "127.0.0.1",
        source: str | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        own = None if source is None else (source, 0)
        self.socket = socket.create_connection((host, port), PATIENCE_SECONDS, own)
        self.socket.settimeout(PATIENCE_SECONDS)
        self._held = b""
        if tls is not None:
            try:
                # An end without close_notify is no end (RFC 8446, section 6.1).
                self.socket = tls.wrap_socket(
                    self.socket, server_hostname="localhost", suppress_ragged_eofs=False
                )
            except OSError:
                self.socket.close()
                raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def read(self, method: str = "GET") -> RawAnswer:
        """Read one answer, whole, to a request of this method.

        Raises:
            h11.RemoteProtocolError: It is malformed, or not whole.
        """
        parser = AnswerParser(method)
        data, self._held = self._held, b""
        answer = parser.feed(data) if data else None
        while answer is None:
            answer = parser.feed(self.socket.recv(65536))
        self._held = parser.held
        return answer

    def rest(self) -> bytes:
        """Return everything until the other side closes; a reset is told as such."""
        pieces = [self._held]
        self._held = b""
        while True:
            piece = self.socket.recv(65536)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)


def request(
    method: str,
    target: str,
    *fields: tuple[str, str],
    body: bytes | None = None,
    origin: str | None = "https://shop.example",
) -> bytes:
    """Write a request as a browser would: Host, Origin, Content-Length where there is a body."""
    lines = [f"{method} {target} HTTP/1.1", "Host: bridge.example"]
    if origin is not None:
        lines.append(f"Origin: {origin}")
    lines += [f"{name}: {value}" for name, value in fields]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + (body or b"")


def chunked(*pieces: bytes) -> bytes:
    """Write these pieces as the chunks of one body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
