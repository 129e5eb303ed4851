"""A finding, and what several judgements have in common."""

from __future__ import annotations

import json
import socket
import ssl
from dataclasses import dataclass
from enum import StrEnum

from xdr_bridge.doctor.observations import Seen
from xdr_bridge.http.errors import Code, UpstreamError, shown


class Weight(StrEnum):
    """Whether calls fail, or some will, or it is only good to know."""

    PROBLEM = "problem"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing found.

    Attributes:
        code: Its stable name, for scripts; `docs/doctor.md` lists all.
        weight: How bad it is.
        sentence: What was seen.
        remedy: What helps.
    """

    code: str
    weight: Weight
    sentence: str
    remedy: str


def why_unreachable(error: UpstreamError) -> tuple[str, str]:
    """Return the second half of the code, and what helps."""
    cause = error.__cause__
    if error.code is Code.UPSTREAM_TIMEOUT:
        return "silent", "look for a firewall on the way: packets are dropped, not refused"
    match cause:
        case socket.gaierror() | UnicodeError():
            return "name-unknown", "correct the name, or the resolver of this machine or container"
        case ssl.SSLCertVerificationError():
            return (
                "certificate",
                "renew or correct the certificate, or name its authority by --api-ca",
            )
        case ssl.SSLError():
            return "tls", "let it speak TLS 1.2 or 1.3 with a cipher that this machine knows"
        case ConnectionRefusedError() | FileNotFoundError():
            return (
                "refused",
                "start it, or correct its port; in a container 127.0.0.1 is the container",
            )
        case _:
            return "unreachable", "look at the route from this machine to it"


def doubled(code: str, who: str, allowed: list[str], remedy: str) -> Finding:
    """Say that somebody answers with several values of a field that has one."""
    values = ", ".join(map(shown, allowed[:3]))
    return Finding(
        code,
        Weight.PROBLEM,
        f"{who} answers with {len(allowed)} values of Access-Control-Allow-Origin: {values}",
        remedy,
    )


def is_script(seen: Seen) -> bool:
    """Whether an answer is the polyfill, of whatever version."""
    return b"XDR/1" in seen.body and b"XDomainRequest" in seen.body


def code_of(answer: Seen) -> str | None:
    """Return the code of a refusal that is the bridge's own, framed or plain."""
    if answer.frame_code is not None:
        return answer.frame_code
    try:
        said = json.loads(answer.body)
    except ValueError:
        return None
    code = said.get("code") if isinstance(said, dict) else None
    return code if code in set(Code) else None
