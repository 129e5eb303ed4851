"""NTLM with both ends real: pyspnego checks passwords, connection by connection."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import spnego

from tests.support.clients import RawAnswer
from tests.support.raw_api import Peer

_SCHEME = "NTLM"


def write_users(path: Path, count: int) -> None:
    """Write the file that NTLM_USER_FILE names: user-0 and so on, each with a password."""
    path.write_text("".join(f"DOM:user-{n}:secret-{n}\n" for n in range(count)), "utf-8")


@dataclass
class NtlmApi:
    """Answers nobody who has not proved who he is on this connection.

    Attributes:
        taken: Method and target of each request that was answered, and for whom.
    """

    taken: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, peer: Peer) -> None:
        """Serve a connection."""
        proof, user = None, ""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = (await peer.head()).decode("latin-1")
                length = re.search(r"\r\nContent-Length: ([0-9]+)\r\n", head)
                body = await peer.body(int(length[1])) if length else b""
                line = head.split("\r\n", 1)[0].removesuffix(" HTTP/1.1")
                said = re.search(r"\r\nAuthorization: NTLM ([^\r]*)\r\n", head)
                offer = _SCHEME
                if said:
                    token = base64.b64decode(said[1])
                    if token[8] == 1:
                        proof, user = spnego.server(protocol="ntlm"), ""
                    if proof is not None:
                        with contextlib.suppress(spnego.exceptions.SpnegoError):
                            answer = proof.step(token)
                            if proof.complete:
                                user, proof = str(proof.client_principal), None
                            else:
                                offer = f"{_SCHEME} {base64.b64encode(answer or b'').decode()}"
                if user:
                    self.taken.append((line, user))
                await peer.send(_answer(head, user, offer, body))


def _answer(head: str, user: str, offer: str, body: bytes) -> bytes:
    origin = re.search(r"\r\nOrigin: ([^\r]*)\r\n", head)
    text = json.dumps({"user": user, "body": body.decode("latin-1")}).encode()
    lines = [f"HTTP/1.1 {200 if user else 401} As Such", "Content-Type: application/json"]
    lines += [f"Content-Length: {len(text)}", "Access-Control-Allow-Credentials: true"]
    if origin:
        lines.append(f"Access-Control-Allow-Origin: {origin[1]}")
    if not user:
        lines.append(f"WWW-Authenticate: {offer}")
    return "\r\n".join([*lines, "", ""]).encode() + text


def log_in(ask: Callable[..., RawAnswer], number: int, password: str | None = None) -> RawAnswer:
    """Log in as a browser does, and return the last answer.

    Args:
        ask: Sends a request with these further fields.
        number: Which user.
        password: Another than the right one.
    """
    answer = ask()
    assert (answer.status, answer.get("www-authenticate")) == (401, _SCHEME)
    client = spnego.client(
        f"DOM\\user-{number}",
        password or f"secret-{number}",
        hostname="localhost",
        service="http",
        protocol="ntlm",
    )
    challenge = None
    for _ in range(2):
        token = base64.b64encode(client.step(challenge) or b"").decode()
        answer = ask(("Authorization", f"{_SCHEME} {token}"))
        offered = (answer.get("www-authenticate") or "").partition(" ")[2]
        challenge = base64.b64decode(offered)
    return answer
