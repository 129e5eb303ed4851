"""Paths as those behind us may read them: in their normal form, and as loosely as anybody does.

What decides by a path (a policy, a route) decides by its normal form, and refuses a path that the
loosest reader would take for one that is decided otherwise.
"""

from __future__ import annotations

import re
from unicodedata import normalize
from urllib.parse import unquote

_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# What somebody may read otherwise than its normal form says.
_AMBIGUOUS = re.compile(r"[%;A-Z]|//|\.(?:/|\Z)|:\$")
# `%2561` is `a` to who decodes twice, `%252561` to who decodes three times, and so on.
_ENCODED_SIGNS = re.compile(r"%(?:25)+(?=[0-9A-Fa-f]{2})")
_DECODINGS = 3
# http.sys reads these in paths unless it is told not to (PercentUAllowed).
_UNICODE = re.compile(r"%[uU]([0-9A-Fa-f]{4})")
# UTF-8 in more bytes than it takes, which old decoders read all the same: `%C0%AF` is a slash.
_OVERLONG = re.compile(r"%[cC]([01])%([89abAB][0-9A-Fa-f])")
# What ends the name that a segment is read as.
_UNNAMED = re.compile(r"[;\0]|::?\$")
# A reader that decodes first, and looks for the query after, ends the path there.
_END = re.compile(r"[?#]")


def normalised(path: str) -> str:
    """Decode what need not be encoded, and write the rest in upper case.

    https://www.rfc-editor.org/rfc/rfc3986#section-6.2.2
    """
    return _ENCODED.sub(_normalised_octet, path) if "%" in path else path


def _normalised_octet(match: re.Match[str]) -> str:
    character = chr(int(match[0][1:], 16))
    return character if character in _UNRESERVED else match[0].upper()


def is_ambiguous(path: str) -> bool:
    """Whether `loosest` may be something else than the path itself. One look, no more."""
    return _AMBIGUOUS.search(path) is not None


def loosest(path: str) -> str:
    r"""Write a path as the loosest reader understands it. Linear in its length.

    Decoded, also twice, and from UTF-8 that is longer than it need be; up to a `?` or `#` that was
    encoded; a backslash is a slash; slashes merged; `;parameters` dropped (Java). And as Windows
    takes file names: without letter case and width, dots and blanks at a segment's end and
    `:$streams`. A NUL ends a segment, as a string in C.
    """
    path = _ENCODED_SIGNS.sub("%", path)
    for _ in range(_DECODINGS):
        if _ENCODED.search(path) is None and _UNICODE.search(path) is None:
            break
        path = _UNICODE.sub(lambda match: chr(int(match[1], 16)), path)
        path = unquote(_OVERLONG.sub(_ascii_of_overlong, path))
    if not path.isascii():
        path = normalize("NFKC", path)
    path = _END.split(path, maxsplit=1)[0]
    kept: list[str] = []
    for segment in path.replace("\\", "/").split("/"):
        name = _UNNAMED.split(segment, maxsplit=1)[0].rstrip(" \t")
        if name == "..":
            del kept[-1:]
            continue
        name = name.rstrip(" \t.")
        if name:
            kept.append(name.casefold())
    return "/" + "/".join(kept)


def _ascii_of_overlong(match: re.Match[str]) -> str:
    return chr(int(match[1]) << 6 | int(match[2], 16) & 0x3F)
