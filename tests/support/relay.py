"""Relayed requests as a frame of the bridge's sends them, and an API with sessions."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from dataclasses import dataclass, field

from tests.support.clients import Client, RawAnswer
from tests.support.raw_api import Peer

SHOP = "https://shop.example"
INCLUDE = "XDR-Credentials: include\r\n"


def relayed(
    call: str,
    *fields: tuple[str, str],
    page: str | None = SHOP,
    host: str = "localhost",
    outer: str | None = None,
    method: str = "POST",
    query: str = "$xdr=1,relay",
    body: str = "",
    include: bool = False,
    headers: str = "",
) -> bytes:
    """Write a relayed request.

    Args:
        call: Method and target.
        fields: Those that the browser adds outside.
        page: The value of XDR-Page; None: there is none.
        host: That of Host.
        outer: The path outside; None: that of the call.
        method: The one outside.
        query: The query outside.
        body: The call's.
        include: Whether it has credentials.
        headers: The call's header lines.
    """
    path = call.split(" ")[1].partition("?")[0] if outer is None else outer
    message = f"{call} XDR/1\r\n{INCLUDE if include else ''}{headers}\r\n{body}".encode()
    lines = [f"{method} {path}?{query} HTTP/1.1", f"Host: {host}"]
    lines += ["Content-Type: text/plain;charset=UTF-8", f"Content-Length: {len(message)}"]
    if page is not None:
        lines.append(f"XDR-Page: {page}")
    lines += [f"{name}: {value}" for name, value in fields]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + message


def ask(client: Client, *args: object, **more: object) -> RawAnswer:
    """Send a relayed request and read its answer."""
    client.send(relayed(*args, **more))  # type: ignore[arg-type]
    return client.read("POST")


@dataclass
class SessionApi:
    """An API by its script: whoever comes is told what has come.

    The last segment of the path decides. `log-in` sets two cookies; `moved` sets one and leads to
    `me`; `elsewhere` leads to another host; `closed` wants Basic; `stranger` lets no page read,
    `anybody` every page, without credentials. All others let the page read that asks.

    Attributes:
        taken: Method, target and fields of each request.
    """

    taken: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, peer: Peer) -> None:
        """Serve a connection."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await peer.head()).decode("latin-1")
                length = re.search(r"\r\nContent-Length: ([0-9]+)\r\n", head)
                body = await peer.body(int(length[1])) if length else b""
                await peer.send(self._answer(head, body))

    def _answer(self, head: str, body: bytes) -> bytes:
        line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
        method, target, _ = line.split(" ")
        fields: dict[str, str] = {}
        for name, value in (one.split(": ", 1) for one in lines):
            fields[name.lower()] = value
        self.taken.append((method, target, fields))
        status, more = 200, list(self._more(method, target.partition("?")[0], fields))
        for one in more:
            if one.startswith(("Location", "WWW-Authenticate")):
                status = 302 if one.startswith("Location") else 401
        said = {"method": method, "target": target, "body": body.decode("latin-1"), **fields}
        text = json.dumps(said).encode()
        return (
            "\r\n".join(
                [
                    f"HTTP/1.1 {status} As Such",
                    "Content-Type: application/json",
                    f"Content-Length: {len(text)}",
                    *more,
                    "",
                    "",
                ]
            ).encode()
            + text
        )

    def _more(self, method: str, path: str, fields: dict[str, str]) -> list[str]:
        name = path.rpartition("/")[2]
        origin = fields.get("origin", "nobody")
        more = []
        if name == "anybody":
            more += ["Access-Control-Allow-Origin: *"]
        elif name != "stranger":
            more += [f"Access-Control-Allow-Origin: {origin}"]
            more += ["Access-Control-Allow-Credentials: true"]
        if method == "OPTIONS":
            return [*more, "Access-Control-Allow-Headers: *, x-a, xdr-page", "Set-Cookie: pre=1"]
        if name == "log-in":
            more += ["Set-Cookie: sid=42; Path=/app; HttpOnly", "Set-Cookie: theme=dark"]
        if name == "moved":
            more += ["Set-Cookie: moved=1", "Location: me?again=1"]
        if name == "elsewhere":
            more += ["Set-Cookie: moved=1", "Location: http://elsewhere.example/me"]
        if name in ("closed", "stranger") and not basic_user(fields.get("authorization")):
            more += ['WWW-Authenticate: Basic realm="api"', "Set-Cookie: asked=1"]
        return more


def basic(user: str) -> tuple[str, str]:
    """Write the field by which a browser logs a user in."""
    return "Authorization", "Basic " + base64.b64encode(f"{user}:secret".encode()).decode()


def basic_user(value: str | None) -> str:
    """Return who logs in by a field."""
    if value is None or not value.startswith("Basic "):
        return ""
    return base64.b64decode(value[6:]).decode().partition(":")[0]
