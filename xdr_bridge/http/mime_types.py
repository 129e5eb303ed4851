"""MIME types, read as browsers read them (MIME Sniffing standard, section 4; Fetch, section 3.9).

https://mimesniff.spec.whatwg.org/#parsing-a-mime-type
https://fetch.spec.whatwg.org/#concept-header-extract-mime-type
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from xdr_bridge.http.encoding.text_decoder import get_encoding

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_ESSENCE = re.compile(rf"({_TOKEN}/{_TOKEN})[\t\n\r ]*(?:;|\Z)")
# A name up to "=" or ";", and a value: in quotes, with what follows them up to ";", or bare.
_PARAMETER = re.compile(
    r'[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*(?:\\\Z)?)(?:"[^;]*|\Z)|([^;]*)))?', re.S
)
_BLANK = "\t\n\r "
_NAME = re.compile(_TOKEN)
_VALUE = re.compile(r"[\t -~\x80-\xff]*")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
# A value of a list: what is between commas that are not in quotes.
_LISTED = re.compile(r'(?:[^",]|"(?:[^"\\]|\\.)*(?:"|\\?\Z))+', re.DOTALL)
# Longer ones are nobody's, and would fill the memory.
_MAX_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class MimeType:
    """One MIME type.

    Attributes:
        essence: Type and subtype, in lower case.
        parameters: By their names in lower case; the first of a name counts.
    """

    essence: str
    parameters: dict[str, str]

    @property
    def is_xml(self) -> bool:
        """Whether it is an XML MIME type (MIME Sniffing, section 4.6)."""
        return self.essence.endswith("+xml") or self.essence in ("text/xml", "application/xml")


def parse_mime_type(text: str) -> MimeType | None:
    """Read one MIME type; None where the standard says failure."""
    text = text.strip(_BLANK)
    found = _ESSENCE.match(text)
    if found is None:
        return None
    parameters: dict[str, str] = {}
    position = found.end()
    while position < len(text):
        parameter = _PARAMETER.match(text, position)
        assert parameter is not None
        name, quoted, bare = parameter.groups()
        position = parameter.end() + 1
        value = (
            _ESCAPED.sub(r"\1", quoted) if quoted is not None else (bare or "").rstrip("\t\n\r ")
        )
        # An empty value counts in quotes only.
        if not value and quoted is None:
            continue
        name = name.lower()
        if _NAME.fullmatch(name) and _VALUE.fullmatch(value):
            parameters.setdefault(name, value)
    return MimeType(found[1].lower(), parameters)


def extract_mime_type(content_type: str | None) -> MimeType | None:
    """Read a Content-Type field, which may have become a list; None where there is none to read.

    The last one counts, with the charset of those before it that are of the same essence.
    """
    found: MimeType | None = None
    charset: str | None = None
    for item in _LISTED.findall(content_type or ""):
        read = parse_mime_type(item)
        if read is None or read.essence == "*/*":
            continue
        if found is None or read.essence != found.essence:
            charset = read.parameters.get("charset")
        elif charset is not None:
            # Of several the first is handed down, not the last.
            read.parameters.setdefault("charset", charset)
        found = read
    return found


def text_encoding(content_type: str | None) -> tuple[str | None, bool]:
    """Say how `XMLHttpRequest` reads an answer of this type as text, but for a byte order mark.

    Returns:
        The encoding, in lower case, or None where the type names none; and whether the answer is
        XML, whose own declaration names one then. https://xhr.spec.whatwg.org/#text-response
    """
    if content_type is not None and len(content_type) > _MAX_REMEMBERED:
        return _text_encoding.__wrapped__(content_type)
    return _text_encoding(content_type)


@lru_cache(maxsize=256)
def _text_encoding(content_type: str | None) -> tuple[str | None, bool]:
    found = extract_mime_type(content_type)
    # Without a type that can be read, the response MIME type is text/xml.
    charset = found.parameters.get("charset") if found else None
    return get_encoding(charset) if charset else None, found is None or found.is_xml
