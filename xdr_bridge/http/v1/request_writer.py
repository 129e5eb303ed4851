"""Write the head of a request to an API: framed by us, one request and no more. No I/O.

Follows RFC 9112, sections 3 and 6. The last line of defence: everything was checked before.
"""

from __future__ import annotations

import re

from xdr_bridge.http.errors import shown
from xdr_bridge.http.messages import Headers, RequestHead

# Methods that mean to send content say so even when there is none (RFC 9110, section 8.6).
_SENDS_CONTENT = frozenset({"POST", "PUT", "PATCH"})
# RFC 9112, section 3: a token, one space, origin form. "//" would be an authority to some.
_REQUEST_LINE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+ /(?!/)[\x21-\x7e\x80-\xff]*")
_FRAMING = ("connection", "content-length", "transfer-encoding")


def render_head(head: RequestHead, *, host: str, length: int | None) -> bytes:
    """Write a request head (RFC 9112, section 3), framed; `length` None means chunked.

    The target is checked to be one path on the API, and the fields to be lines of their own.

    Raises:
        ValueError: The head would not be one head, or brings framing fields of its own. A bug.
    """
    method = head.method
    if _REQUEST_LINE.fullmatch(f"{method} {head.target}") is None or method == "CONNECT":
        raise ValueError(f"no request line: {shown(method)} {shown(head.target)}")
    lines = f"{method} {head.target} HTTP/1.1\r\n"
    if "Host" not in head.headers:
        lines += f"Host: {_line(host)}\r\n"
    lines += head.headers.derived(_field_lines)
    if length is None:
        lines += "Transfer-Encoding: chunked\r\n"
    elif length or method in _SENDS_CONTENT:
        lines += f"Content-Length: {length}\r\n"
    return (lines + "\r\n").encode("latin-1")


def _field_lines(headers: Headers) -> str:
    for name in _FRAMING:
        if name in headers:
            raise ValueError(f"{name}: written by the pool")
    return "".join([f"{_line(name)}: {_line(value)}\r\n" for name, value in headers])


def _line(text: str) -> str:
    if "\n" in text or "\r" in text or "\0" in text:
        raise ValueError("a header field holds a line end or a NUL")
    return text
