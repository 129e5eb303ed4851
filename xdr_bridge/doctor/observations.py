"""What was seen of an API, or through a public URL: facts; `apis` and `fronts` judge them."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from xdr_bridge.http.errors import UpstreamError
from xdr_bridge.http.messages import Headers

# What a bridge's own refusal says of itself, framed (Wire 5.8) or plain.
_FRAME = b"HTTP/1."
_NETWORK_ERROR = b"XDR/1 error "
_END = b"XDR-End: ok\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One answer, or why there is none.

    Attributes:
        status: The outer status; 0 without an answer.
        headers: Its fields.
        body: As much of it as came.
        error: Why it is not whole.
        pieces: In how many pieces, apart in time, the body came.
    """

    status: int = 0
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    error: UpstreamError | None = None
    pieces: int = 0

    @property
    def is_frame(self) -> bool:
        """Whether it is a whole frame (Wire 5)."""
        text = self.body.lstrip()
        if self.status != 200:
            return False
        return text.startswith(_NETWORK_ERROR) or (text.startswith(_FRAME) and text.endswith(_END))

    @property
    def frame_code(self) -> str | None:
        """The code of a network-error frame."""
        text = self.body.lstrip()
        if not text.startswith(_NETWORK_ERROR):
            return None
        return text[len(_NETWORK_ERROR) :].split(b"\r\n", 1)[0].decode("ascii", "replace")

    @property
    def inner_status(self) -> int | None:
        """The status of the call in a frame."""
        text = self.body.lstrip()
        if not self.is_frame or not text.startswith(_FRAME):
            return None
        word = text.split(b" ", 2)[1][:3]
        return int(word) if word.isdigit() else None

    @property
    def allowed_origins(self) -> list[str]:
        """The values of Access-Control-Allow-Origin, one for each field or comma."""
        lines = [v for n, v in self.headers if n.lower() == "access-control-allow-origin"]
        return [part.strip() for line in lines for part in line.split(",")]


class Tls(StrEnum):
    """How a TLS connection went, in the words that a finding needs."""

    NOT_ASKED = "not asked"
    GOOD = "good"
    OTHER_CERTIFICATE = "certificate not trusted"
    PLAIN_HTTP = "the port speaks http"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSeen:
    """What was seen of one API, asked as the bridge asks it.

    Attributes:
        name: The API, as the operator writes it.
        decides: Whether it decides about CORS itself.
        origin: The page for which it was asked.
        unreachable: Why there is no connection.
        speaks_http: Whether an https API's port answered plain http.
        answer: To a GET.
        preflight: To a preflight for a PUT with a Content-Type; None where the bridge answers.
        script: To a GET of the bridge's own script there.
    """

    name: str
    decides: bool
    origin: str | None
    unreachable: UpstreamError | None = None
    speaks_http: bool = False
    answer: Seen | None = None
    preflight: Seen | None = None
    script: Seen | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontSeen:
    """What was seen through the public URL, asked as a page's browser asks.

    Attributes:
        url: Where the bridge is published.
        origin: The page for which was asked.
        unreachable: Why there is no connection, its certificate aside.
        distrusted: What is wrong with the certificate.
        speaks_http: Whether an https port answered plain http.
        certificate: The server's, DER; empty with http.
        speaks_tls_1_2: Whether TLS 1.2 will do; None: not asked.
        script: To a GET of the script.
        forms: The answer to each form of a tunnel request, by a name in words.
        large: To one with 2 MiB; `streams`: to one that streams, of a path that is slow.
        preflight: To a preflight.
    """

    url: str
    origin: str
    unreachable: UpstreamError | None = None
    distrusted: str | None = None
    speaks_http: bool = False
    certificate: bytes = b""
    speaks_tls_1_2: bool | None = None
    script: Seen | None = None
    forms: dict[str, Seen] = field(default_factory=dict)
    large: Seen | None = None
    streams: Seen | None = None
    preflight: Seen | None = None
