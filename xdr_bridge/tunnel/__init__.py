"""The wire format (`docs/wire-format.md`): tunnel requests in, frames out.

Begin with `decoding` (tunnel request to call) and `frame` (answer to frame); `recognition` tells
which requests are tunnel requests. It does no I/O and imports `http` only.
"""

from __future__ import annotations
