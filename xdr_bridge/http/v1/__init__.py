"""HTTP/1.1 as bytes (RFC 9112): requests and answers are read, calls are written.

Begin with `request_reader` and `answer_reader`.
"""

from __future__ import annotations
