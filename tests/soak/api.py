"""The API of the soak, in a process of its own: it does what each call's target asks for.

It writes down what arrives and how it ends, line by line, so that the record survives when the
process is killed. `python tests/soak/api.py PORT RECORD`; port 0 takes a free one, and says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import sys
import time
from dataclasses import replace
from pathlib import Path

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.soak.calls import ID_FIELD, ORIGIN, SUM_FIELD, Arrival, Call, Record
from tests.support.raw_api import Peer

_PIECE = 16384
_UNREAD_SECONDS = 8.0
_GONE = (ConnectionError, asyncio.IncompleteReadError)
_TWICE = frozenset({"host", "content-length", "transfer-encoding", "x-soak-id", "origin"})
_CLOSING = frozenset({"silent-close", "announced-close", "two-answers"})
# What must never be taken for anybody's answer.
_FORGED = b"HTTP/1.1 200 OK\r\nX-Soak-Id: forged\r\nContent-Length: 6\r\n\r\nforged"


class Faulted(Exception):
    """The call has ended as its target asked for, and its connection with it."""


class Api:
    """Serves connections."""

    def __init__(self, record: Record) -> None:
        self._record = record

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the calls on one connection."""
        peer = Peer(reader, writer)
        with contextlib.suppress(*_GONE, Faulted):
            while await Turn(peer, self._record).take():
                pass
        writer.close()
        with contextlib.suppress(*_GONE):
            await writer.wait_closed()


class Turn:
    """One call on one connection."""

    def __init__(self, peer: Peer, record: Record) -> None:
        self._peer = peer
        self._record = record
        self._body = "unread"
        self._sum = ""
        self._wrong = ""
        self._state = ""

    async def take(self) -> bool:
        """Answer one call; return whether the connection stays.

        Raises:
            ConnectionError, IncompleteReadError: The bridge has closed it.
            Faulted: It has ended as the call asks for.
        """
        head = (await self._peer.head()).decode("latin-1")
        line, *lines = head[:-4].split("\r\n")
        method, target, _ = line.split(" ")
        names = [one.partition(":")[0].lower() for one in lines]
        self._fields = {
            name: one.partition(":")[2].strip() for name, one in zip(names, lines, strict=True)
        }
        self._method = method
        self._call = call = Call.read(method, target)
        if any(names.count(name) > 1 for name in _TWICE) or (
            "content-length" in names and "transfer-encoding" in names
        ):
            self._wrong = f"wrong: the head has a field twice: {sorted(names)}"
        if self._fields.get("x-soak-id", call.id) != call.id:
            self._wrong = f"wrong: arrived with the id {self._fields['x-soak-id']}"
        self._note("arrived")
        try:
            return await self._answer()
        except _GONE:
            self._note("gone")
            raise
        except Faulted:
            self._note("faulted")
            raise

    def _note(self, state: str) -> None:
        """Write down that it has arrived, and how it ended: the first time that it does."""
        if self._state not in ("", "arrived"):
            return
        self._state = state
        call = self._call
        self._record.add(
            Arrival(
                id=call.id,
                hop=call.hops,
                method=self._method,
                state=state,
                body=self._body,
                at=time.monotonic(),
            )
        )

    async def _answer(self) -> bool:
        call, peer = self._call, self._peer
        if self._method == "OPTIONS":
            await self._read_body()
            status = 403 if call.fault == "no-preflight" else 204
            await peer.send(self._head(status, length=None, preflight=True))
            self._note("answered")
            return True
        if call.fault == "reset":
            peer.reset()
            raise Faulted
        if call.fault == "unread":
            # The stream's buffer fills, and the bridge has to give up.
            await asyncio.sleep(_UNREAD_SECONDS)
            raise Faulted
        early = call.fault == "early"
        if not early:
            await self._read_body()
        if call.delay_ms:
            await asyncio.sleep(call.delay_ms / 1000)
        if call.hops or call.fault == "redirects-away":
            await peer.send(self._redirect())
            self._note(self._wrong or "answered")
            return True
        await self._before_the_head()
        await self._send_answer()
        self._note(self._wrong or "answered")
        if early:
            await self._read_body()
        return call.framing != "close" and call.fault not in _CLOSING

    def _redirect(self) -> bytes:
        call = self._call
        where = b"http://evil.test/"
        if call.hops:
            where = replace(call, hops=call.hops - 1).target.encode()
        head = b"HTTP/1.1 307 Elsewhere\r\nLocation: %b\r\n%bContent-Length: 5\r\n\r\n"
        return head % (where, self._cors()) + b"moved"

    async def _before_the_head(self) -> None:
        """Do what the call wants instead of an answer."""
        peer = self._peer
        match self._call.fault:
            case "stall":
                await self._wait_until_gone()
            case "end":
                raise Faulted
            case "reset-in-head":
                await peer.send(b"HTTP/1.1 200 OK\r\nContent-Le")
                peer.reset()
                raise Faulted
            case "garbage":
                await peer.send(b"\x16\x03\x01 this is no HTTP\r\n\r\n")
                raise Faulted
            case "huge-head":
                await peer.send(b"HTTP/1.1 200 OK\r\nX-Big: " + b"x" * 200_000 + b"\r\n\r\n")
                raise Faulted
            case "interim":
                await peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n")
            case _:
                pass

    async def _send_answer(self) -> None:
        call = self._call
        body = call.answer_body
        has_body = self._method != "HEAD" and call.status not in (204, 304)
        length = None if call.framing != "length" or call.status == 204 else len(body)
        head = self._head(call.status, length=length)
        if not has_body:
            await self._peer.send(head)
            return
        if call.fault == "two-answers":
            # In one write: behind the next request, nobody could tell it from the answer.
            await self._peer.send(head + self._framed(body) + self._end() + _FORGED)
            return
        for piece in self._pieces(body):
            await self._peer.send(head + self._framed(piece))
            head = b""
            if call.fault == "drip":
                await asyncio.sleep(0.002)
        if "-in-body" in call.fault or call.fault == "bad-chunk":
            await self._peer.send(head)
            await self._break_off()
        if head or call.framing == "chunked":
            await self._peer.send(head + self._end())

    def _pieces(self, body: bytes) -> list[bytes]:
        call = self._call
        if "-in-body" in call.fault or call.fault == "bad-chunk":
            body = body[: call.at]
        size = max(1, len(body) // 20) if call.fault == "drip" else _PIECE
        return [body[i : i + size] for i in range(0, len(body), size)]

    def _framed(self, piece: bytes) -> bytes:
        if self._call.framing != "chunked" or not piece:
            return piece
        return b"%x\r\n%b\r\n" % (len(piece), piece)

    def _end(self) -> bytes:
        return b"0\r\n\r\n" if self._call.framing == "chunked" else b""

    async def _break_off(self) -> None:
        match self._call.fault:
            case "stall-in-body":
                await self._wait_until_gone()
            case "reset-in-body":
                # What was sent is to arrive: a reset overtakes it.
                await asyncio.sleep(0.01)
                self._peer.reset()
            case "bad-chunk":
                await self._peer.send(b"zz\r\n\r\n")
            case _:
                pass
        raise Faulted

    async def _wait_until_gone(self) -> None:
        await self._peer.rest()
        raise Faulted

    async def _read_body(self) -> None:
        """Read the request's body; it has to be the call's own, to the last byte.

        Raises:
            ConnectionError, IncompleteReadError: The bridge has closed the connection within it.
        """
        digest, size = hashlib.sha256(), 0
        chunked = self._fields.get("transfer-encoding") == "chunked"
        left = 0 if chunked else int(self._fields.get("content-length", "0"))
        self._body = "cut"
        while True:
            if chunked and not left:
                left = int(await self._peer.reader.readuntil(b"\r\n"), 16)
                if not left:
                    await self._peer.body(2)
            if not left:
                break
            piece = await self._peer.body(min(left, _PIECE))
            digest.update(piece)
            size += len(piece)
            left -= len(piece)
            if chunked and not left:
                await self._peer.body(2)
        self._body = "whole"
        self._sum = digest.hexdigest()
        if self._method == "OPTIONS":
            return
        expected = self._call.request_body
        if self._sum != hashlib.sha256(expected).hexdigest():
            self._wrong = f"wrong: a whole body of {size} bytes that is not the call's"

    def _head(self, status: int, *, length: int | None, preflight: bool = False) -> bytes:
        call = self._call
        lines = [f"HTTP/1.1 {status} As Asked", f"{ID_FIELD}: {call.id}"]
        if self._body == "whole":
            lines.append(f"{SUM_FIELD}: {self._sum}")
        if not preflight and status != 204:
            kind = "application/octet-stream" if call.binary else "text/plain; charset=utf-8"
            lines.append(f"Content-Type: {kind}")
            if length is not None:
                lines.append(f"Content-Length: {length}")
            elif call.framing == "chunked":
                lines.append("Transfer-Encoding: chunked")
        if call.framing == "close" or call.fault == "announced-close":
            lines.append("Connection: close")
        if preflight and status != 204:
            lines.append("Content-Length: 0")
        if preflight:
            lines.append("Access-Control-Allow-Methods: PUT, DELETE, PATCH")
            lines.append("Access-Control-Allow-Headers: x-soak-id, content-type")
        return "\r\n".join(lines).encode() + b"\r\n" + self._cors() + b"\r\n"

    def _cors(self) -> bytes:
        """Write the API's own CORS fields; under the policy the bridge has to replace them."""
        if self._call.fault == "no-cors" and self._method != "OPTIONS":
            return b""
        exposed = f"Access-Control-Expose-Headers: {ID_FIELD}, {SUM_FIELD}"
        return f"Access-Control-Allow-Origin: {ORIGIN}\r\n{exposed}\r\n".encode()


async def _main(port: int, record: str) -> None:
    server = await asyncio.start_server(
        Api(Record(record)).serve, "127.0.0.1", port, limit=1 << 17, backlog=512
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), sys.argv[2]))
