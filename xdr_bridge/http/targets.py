"""Request targets: one origin form, resolved once, so that what is judged is what is forwarded.

Wire 4.5; RFC 9112, section 3.2.1; RFC 3986, section 5.2.4.
"""

from __future__ import annotations

import re
import string
from urllib.parse import quote

from xdr_bridge.http.errors import Code, RequestError, shown

# Visible ASCII but backslash and number sign. Everything else arrives percent-encoded.
_TARGET = re.compile(r"/(?!/)[\x21\x22\x24-\x5b\x5d-\x7e]*+")
# The URL standard leaves a backslash in a query as it is, and IE the bytes of the page's encoding.
# Support: IE 8 - 9 send queries raw, beyond ASCII.
_SENT_TARGET = re.compile(
    r"/(?!/)[\x21\x22\x24-\x3e\x40-\x5b\x5d-\x7e]*+(?:\?[\x21\x22\x24-\x7e\x80-\xff]*+)?+"
)
_ABSOLUTE = re.compile(r"https?://([^/?#\\]*+)([/?].*)?", re.IGNORECASE)
_ASCII = string.ascii_letters + string.digits + string.punctuation
_DOT = re.compile(r"/(?:\.|%2e){1,2}(?=/|\Z)", re.IGNORECASE)


def split_target(target: str) -> tuple[str, str]:
    """Split into path and query; the query keeps its question mark, or is empty."""
    path, mark, query = target.partition("?")
    return path, mark + query


def shown_target(target: str) -> str:
    """Quote a target for a message or the log, without its query: secrets travel there."""
    path, query = split_target(target)
    return shown(path + ("?…" if query else ""))


def origin_form(target: str, host: str | None) -> str:
    """Return the origin form of a target in absolute form (RFC 9112, section 3.2.2).

    Any other is returned as it is; so is one that names another host than Host does, which no
    client may send.
    """
    match = None if target.startswith("/") else _ABSOLUTE.fullmatch(target)
    if match is None or host is None or match[1].lower() != host.lower():
        return target
    rest = match[2] or "/"
    return rest if rest.startswith("/") else f"/{rest}"


def as_url(target: str) -> str:
    """Write a target as it stands in a URL: raw bytes of a query percent-encoded."""
    return target if target.isascii() else quote(target, safe=_ASCII, encoding="latin-1")


def resolve_target(target: str, *, max_characters: int, sent: bool = False) -> str:
    """Check a target and resolve its dot segments; nothing else in it changes.

    Args:
        target: In origin form.
        max_characters: The longest that is accepted.
        sent: Whether a browser sent it as its request's own. Then its query may hold what browsers
            leave there: a backslash, and bytes beyond ASCII, as ISO 8859-1.

    Raises:
        RequestError: It is too long, not in origin form, or climbs above the root.
    """
    if len(target) > max_characters:
        raise RequestError(
            Code.URL_TOO_LONG,
            f"the target has {len(target)} characters; {max_characters} are accepted",
        )
    if (_SENT_TARGET if sent else _TARGET).fullmatch(target) is None:
        raise RequestError(
            Code.TARGET_MALFORMED,
            f"the target {shown_target(target)} is not in origin form; one leading '/' is accepted,"
            " and no control, space or fragment, nor a backslash or raw non-ASCII"
            + (" before the query" if sent else ""),
        )
    # Hardly any has a segment that begins like one of dots.
    if "/." in target or "/%2" in target:
        path, query = split_target(target)
        if _DOT.search(path):
            return _without_dot_segments(path, target) + query
    return target


def _without_dot_segments(path: str, target: str) -> str:
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        plain = segment.replace("%2e", ".").replace("%2E", ".")
        if plain == "..":
            if not kept:
                raise RequestError(
                    Code.TARGET_ESCAPES, f"the target {shown_target(target)} climbs above the root"
                )
            kept.pop()
        elif plain != ".":
            kept.append(segment)
    if plain in (".", ".."):
        kept.append("")
    resolved = "/" + "/".join(kept)
    if resolved.startswith("//"):
        # "/a/..//host/" would name another host to whoever joins it to a base.
        raise RequestError(
            Code.TARGET_MALFORMED,
            f"the target {shown_target(target)} resolves to one that begins with '//'",
        )
    return resolved
