"""Bytes to text by the Encoding standard, whose labels and decoders Python's codecs only resemble.

Begin with `text_decoder.TextDecoder`.
"""

from __future__ import annotations
