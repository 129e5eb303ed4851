"""The grammar that requests and answers share (RFC 9110 and 9112), as patterns over ISO 8859-1.

Possessive quantifiers throughout: matching takes time linear in the input.
"""

from __future__ import annotations

import re

TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
# RFC 9112, section 5: field-line = field-name ":" OWS field-value OWS, each ended by CRLF. A bare
# CR or LF, a NUL and obsolete folding (section 5.2) match nowhere.
_FIELD_LINE = rf"{TOKEN}:[\t\x20-\x7e\x80-\xff]*+"
FIELD_LINE = re.compile(_FIELD_LINE)
FIELD_LINES = re.compile(rf"(?:{_FIELD_LINE}\r\n)*+")
BARE_LF = re.compile(rb"(?<!\r)\n")
# RFC 9110, section 7.2: uri-host [ ":" port ], possibly empty.
HOST = re.compile(
    r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z\-._~%!$&'()*+,;=]{0,255})(?::[0-9]{0,5})?"
)
# RFC 9110, section 8.6. 18 digits stay below 2 ** 63.
CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")
