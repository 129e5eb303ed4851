"""An API that logs connections in, as IIS does for NTLM and Negotiate, and who talks to it.

By the names of MS-NLMP's messages only: whoever says a name in the third one is believed. A third
message is taken on the connection of the second and on no other. Every answer says who the API took
the caller for.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
import struct
from dataclasses import dataclass, field
from typing import Any

from tests.support.raw_api import Peer

_SIGNATURE = b"NTLMSSP\0"
# Unicode, NTLM, extended session security, a target; MS-NLMP, section 2.2.2.5.
_FLAGS = 0x00888205
# Where a field of the third message is: the user, and the flags (section 2.2.1.3).
_USER_AT, _FLAGS_AT = 36, 60
_GONE = (asyncio.IncompleteReadError, ConnectionError)


def first_message() -> str:
    """Write NEGOTIATE_MESSAGE, as Authorization has it."""
    return _encoded(_SIGNATURE + struct.pack("<II16x", 1, _FLAGS))


def third_message(user: str) -> str:
    """Write AUTHENTICATE_MESSAGE for this user, without a proof."""
    name = user.encode("utf-16-le")
    empty = struct.pack("<HHI", 0, 0, 64)
    place = struct.pack("<HHI", len(name), len(name), 64)
    head = _SIGNATURE + struct.pack("<I", 3) + empty * 3 + place + empty * 2
    return _encoded(head + struct.pack("<I", _FLAGS) + name)


def _encoded(message: bytes) -> str:
    return base64.b64encode(message).decode()


def _challenge() -> str:
    # Its last field is the list of what the target is called: only its end.
    places = struct.pack("<HHI", 0, 0, 48), struct.pack("<HHI", 4, 4, 48)
    middle = struct.pack("<I8s8x", _FLAGS, b"12345678")
    return _encoded(_SIGNATURE + struct.pack("<I", 2) + places[0] + middle + places[1] + bytes(4))


def _user(message: bytes) -> str:
    """Read who logs in."""
    size, _, at = struct.unpack_from("<HHI", message, _USER_AT)
    unicode = struct.unpack_from("<I", message, _FLAGS_AT)[0] & 1
    return message[at : at + size].decode("utf-16-le" if unicode else "latin-1")


@dataclass
class Taken:
    """One request, as the API took it.

    Attributes:
        connection: Which one it came on, counted from 0.
        line: Method and target.
        asks: Who the client is by its own word, in a field that is no log-in.
        user: For whom it was answered; "" for nobody.
        signed: Whether it, or its answer, is a sign that the connection may be logged in.
    """

    connection: int
    line: str
    asks: str
    user: str
    signed: bool


@dataclass
class LogInApi:
    """The API, by its script.

    What the path ends in decides. `closed`: nobody is answered without a log-in. `offers`: 200, and
    an offer to log in; `moved` does that too and leads to `who`. `ends` closes the connection after
    its answer; `drops` once the next request is there, as a kept connection does that is stale.

    Attributes:
        taken: All requests, in order.
        ended: Which connections are closed.
        scheme: Under which log-ins are offered.
    """

    scheme: str = "NTLM"
    taken: list[Taken] = field(default_factory=list)
    ended: set[int] = field(default_factory=set)
    _connections: int = 0

    async def __call__(self, peer: Peer) -> None:
        """Serve a connection."""
        number = self._connections
        self._connections += 1
        with contextlib.suppress(*_GONE):
            await _Connection(self, peer, number).serve()
        self.ended.add(number)

    @property
    def open(self) -> int:
        """How many connections there are."""
        return self._connections - len(self.ended)

    def users_of(self, asks: str) -> set[str]:
        """Return as whom a client was answered."""
        return {one.user for one in self.taken if one.asks == asks}


class _Connection:
    def __init__(self, api: LogInApi, peer: Peer, number: int) -> None:
        self._api = api
        self._peer = peer
        self._number = number
        self._user = ""
        self._challenged = False
        self._drops = False

    async def serve(self) -> None:
        while True:
            head = (await self._peer.head()).decode("latin-1")
            length = re.search(r"\r\nContent-Length: ([0-9]+)\r\n", head, re.IGNORECASE)
            if length:
                await self._peer.body(int(length[1]))
            if self._drops or not await self._answer(head):
                return

    async def _answer(self, head: str) -> bool:
        line = head.split("\r\n", 1)[0].removesuffix(" HTTP/1.1")
        method, target = line.split(" ")
        said = re.search(r"\r\nX-Asks: ([^\r]*)\r\n", head, re.IGNORECASE)
        status, offer = self._log_in(head) if method != "OPTIONS" else (200, "")
        if not status:
            status, offer = (200, "") if self._user else self._nobodys(target)
        moved = status == 200 and _name(target) == "moved" and method != "OPTIONS"
        signed = bool(offer) or "\r\nauthorization:" in head.lower()
        asks = said[1] if said else ""
        self._api.taken.append(Taken(self._number, line, asks, self._user, signed))
        body = json.dumps({"user": self._user, "connection": self._number}).encode()
        lines = [f"HTTP/1.1 {302 if moved else status} As Such", f"Content-Length: {len(body)}"]
        lines += ["Content-Type: application/json", "Access-Control-Allow-Origin: *"]
        if method == "OPTIONS":
            lines += ["Access-Control-Allow-Methods: *"]
            lines += ["Access-Control-Allow-Headers: *, Authorization"]
        if moved:
            lines.append("Location: who")
        if offer:
            lines.append(f"WWW-Authenticate: {offer}")
        self._drops = _name(target) == "drops"
        await self._peer.send("\r\n".join([*lines, "", ""]).encode() + body)
        return _name(target) != "ends"

    def _nobodys(self, target: str) -> tuple[int, str]:
        if _name(target) == "closed":
            return 401, self._api.scheme
        return 200, self._api.scheme if _name(target) in ("offers", "moved") else ""

    def _log_in(self, head: str) -> tuple[int, str]:
        """Take what a request says of its user: the status of the answer, 0 to go on, an offer."""
        said = re.search(r"\r\nAuthorization:[\t ]*([A-Za-z]+) ([^\r]*)\r\n", head, re.IGNORECASE)
        if said is None:
            return 0, ""
        scheme = said[1]
        if scheme.lower() not in ("ntlm", "negotiate"):
            return 0, ""
        message = base64.b64decode(said[2])
        if not message.startswith(_SIGNATURE):
            # A ticket: logged in by one message.
            self._user = message.decode().removeprefix("ticket of ")
            return 0, ""
        kind = struct.unpack_from("<I", message, 8)[0]
        if kind == 1:
            self._user, self._challenged = "", True
            return 401, f"{scheme} {_challenge()}"
        if not self._challenged:
            return 401, scheme
        self._user, self._challenged = _user(message), False
        return 0, ""


def _name(target: str) -> str:
    return target.partition("?")[0].rpartition("/")[2]


def ticket(user: str) -> str:
    """Write a credential that needs no challenge."""
    return _encoded(f"ticket of {user}".encode())


def log_in_fields(user: str, scheme: str = "NTLM") -> tuple[tuple[str, str], ...]:
    """Return the two Authorization fields of a log-in."""
    messages = first_message(), third_message(user)
    return tuple(("Authorization", f"{scheme} {message}") for message in messages)


def user_of(answer: Any) -> str:
    """Return as whom an answer, or a frame, was given."""
    return str(answer.json["user"])
