"""The conversation about one call: request to step, answer to step.

Begin with `conversation.Bridge`; what it returns is in `steps`. `native` and `tunnelled` are its
two kinds of calls, `routes` says which API, `explain` tells why. It does no I/O and imports
`cors`, `tunnel` and `http`.
"""

from __future__ import annotations
