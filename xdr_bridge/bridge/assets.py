"""The bridge's own files: compressed once, answered from memory.

A file is served under its plain name, revalidated after an hour, and under its versioned
URL (`?v=…`), cached for good. RFC 9110, sections 8.8.3 and 13.1.2; RFC 9111, section 5.2.2.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
from collections.abc import Sequence

from xdr_bridge.http.errors import Code, problem_body
from xdr_bridge.http.messages import (
    Headers,
    Pair,
    RequestHead,
    ResponseHead,
    list_items,
    reason_phrase,
)
from xdr_bridge.http.targets import split_target

_JAVASCRIPT = "text/javascript; charset=utf-8"
_FRESH = "public, max-age=3600"
_FOR_GOOD = "public, max-age=31536000, immutable"


class StaticAsset:
    """One file in memory, with its compressed form and its validators."""

    def __init__(
        self, content: bytes, *, content_type: str = _JAVASCRIPT, fields: Sequence[Pair] = ()
    ) -> None:
        """Compute everything that an answer needs.

        Args:
            content: The file.
            content_type: Its type.
            fields: Further fields of each answer; where they change, so does the version.
        """
        digest = hashlib.sha384(content).digest()
        self.content = content
        told = "".join(f"{name}: {value}\n" for name, value in fields).encode()
        self.version = hashlib.sha384(content + told).hexdigest()[:12]
        self.integrity = "sha384-" + base64.b64encode(digest).decode()
        # Level 9 and no time stamp: the same bytes from every process.
        self._gzipped = gzip.compress(content, 9, mtime=0)
        # Two representations need two strong validators.
        self._etag, self._gzip_etag = f'"{self.version}"', f'"{self.version}-gzip"'
        self._fields: tuple[Pair, ...] = (
            ("Content-Type", content_type),
            ("X-Content-Type-Options", "nosniff"),
            # A page on any origin may include it, also with `crossorigin` and `integrity`.
            ("Access-Control-Allow-Origin", "*"),
            ("Cross-Origin-Resource-Policy", "cross-origin"),
            ("Vary", "Accept-Encoding"),
            *fields,
        )

    def respond(self, head: RequestHead) -> tuple[ResponseHead, bytes]:
        """Answer GET and HEAD, conditional or not; refuse other methods with 405."""
        if head.method not in ("GET", "HEAD"):
            return _method_not_supported(head.method)
        zipped = _accepts_gzip(head.headers.get("Accept-Encoding"))
        etag, content = (self._gzip_etag, self._gzipped) if zipped else (self._etag, self.content)
        versioned = f"v={self.version}" in split_target(head.target)[1][1:].split("&")
        fields = [
            *self._fields,
            ("ETag", etag),
            ("Cache-Control", _FOR_GOOD if versioned else _FRESH),
        ]
        if _matches(head.headers.get("If-None-Match"), etag):
            # No metadata of a representation that is not sent (RFC 9110, section 15.4.5).
            return _head(304, [pair for pair in fields if pair[0] != "Content-Type"]), b""
        if zipped:
            fields.append(("Content-Encoding", "gzip"))
        fields.append(("Content-Length", str(len(content))))
        return _head(200, fields), b"" if head.method == "HEAD" else content


def _method_not_supported(method: str) -> tuple[ResponseHead, bytes]:
    fields = [
        ("Content-Type", "application/problem+json"),
        ("X-Content-Type-Options", "nosniff"),
        ("Access-Control-Allow-Origin", "*"),
        ("Allow", "GET, HEAD"),
    ]
    return _head(405, fields), problem_body(
        Code.NOT_FOUND, f"this file takes GET and HEAD, not {method[:20]}", status=405
    )


def _head(status: int, fields: list[Pair]) -> ResponseHead:
    return ResponseHead(
        status=status, reason=reason_phrase(status), headers=Headers.trusted(fields)
    )


def _accepts_gzip(accept_encoding: str | None) -> bool:
    accepted: dict[str, bool] = {}
    for item in list_items(accept_encoding):
        coding, _, parameters = item.partition(";")
        quality = parameters.replace(" ", "").lower()
        refused = quality.startswith("q=0") and not quality.strip("q=0.")
        accepted[coding.strip().lower()] = not refused
    # "*" speaks for what is not named (RFC 9110, section 12.5.3).
    return accepted.get("gzip", accepted.get("x-gzip", accepted.get("*", False)))


def _matches(if_none_match: str | None, etag: str) -> bool:
    # If-None-Match compares weakly (RFC 9110, section 13.1.2).
    return any(item in ("*", etag, f"W/{etag}") for item in list_items(if_none_match))
