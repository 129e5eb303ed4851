"""Write the head of a request to an API: framed by us, one request and no more. No I/O.

Follows RFC 9112, sections 3 and 6. The last line of defence: everything was checked before.
"""

from __future__ import annotations

import re

from xdr_bridge.errors import shown
from xdr_bridge.messages import RequestHead

# Methods that mean to send content say so even when there is none (RFC 9110, section 8.6).
_SENDS_CONTENT = frozenset({"POST", "PUT", "PATCH"})
# RFC 9112, section 3: a token, one space, origin form. "//" would be an authority to some.
_REQUEST_LINE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /(?!/)[\x21-\x7e\x80-\xff]*")
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


def render_head(head: RequestHead, *, host: str, length: int | None) -> bytes:
    """Write a request head (RFC 9112, section 3), framed; `length` None means chunked.

    The target is checked to be one path on the API, and the fields to be lines of their own.

    Raises:
        ValueError: The head would not be one head, or brings framing fields of its own. A bug.
    """
    method = head.method
    if _REQUEST_LINE.fullmatch(f"{method} {head.target}") is None or method == "CONNECT":
        raise ValueError(f"no request line: {shown(method)} {shown(head.target)}")
    names = {name.lower() for name, _ in head.headers}
    if not names.isdisjoint(_FRAMING):
        raise ValueError(f"{', '.join(sorted(names & _FRAMING))}: written by the pool")
    lines = [f"{method} {head.target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in head.headers]
    if "host" not in names:
        lines.insert(1, f"Host: {host}")
    if length is None:
        lines.append("Transfer-Encoding: chunked")
    elif length or method in _SENDS_CONTENT:
        lines.append(f"Content-Length: {length}")
    text = "\r\n".join(lines)
    ends = len(lines) - 1
    if text.count("\n") != ends or text.count("\r") != ends or "\0" in text:
        raise ValueError("a header field holds a line end or a NUL")
    return text.encode("latin-1") + b"\r\n\r\n"
