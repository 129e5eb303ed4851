"""The words of HTTP, as data and as bytes: messages, fields, targets, origins, readers, writers.

Begin with `messages` (heads and headers), `request_reader` (bytes of a page to heads) and
`answer_reader` (bytes of an API). It does no I/O and imports nothing else of this package.
"""

from __future__ import annotations
