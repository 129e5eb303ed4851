"""Request targets: one origin form, resolved once, so that what is judged is what is forwarded.

Wire 4.5; RFC 9112, section 3.2.1; RFC 3986, section 5.2.4.
"""

from __future__ import annotations

import re

from xdr_bridge.http.errors import Code, RequestError, shown

# Visible ASCII but backslash and number sign. Everything else arrives percent-encoded.
_TARGET = re.compile(r"/(?!/)[\x21\x22\x24-\x5b\x5d-\x7e]*")
_DOT = re.compile(r"/(?:\.|%2e){1,2}(?=/|\Z)", re.IGNORECASE)


def split_target(target: str) -> tuple[str, str]:
    """Split into path and query; the query keeps its question mark, or is empty."""
    path, mark, query = target.partition("?")
    return path, mark + query


def shown_target(target: str) -> str:
    """Quote a target for a message or the log, without its query: secrets travel there."""
    path, query = split_target(target)
    return shown(path + ("?…" if query else ""))


def resolve_target(target: str, *, max_characters: int) -> str:
    """Check a target and resolve its dot segments; nothing else in it changes.

    Raises:
        RequestError: It is too long, not in origin form, or climbs above the root.
    """
    if len(target) > max_characters:
        raise RequestError(
            Code.URL_TOO_LONG,
            f"the target has {len(target)} characters; {max_characters} are accepted",
        )
    if _TARGET.fullmatch(target) is None:
        raise RequestError(
            Code.TARGET_MALFORMED,
            f"the target {shown_target(target)} is not in origin form; one leading '/' is accepted,"
            " and no backslash, control, space, fragment or raw non-ASCII",
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
