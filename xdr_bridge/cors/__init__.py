"""Who may do what: the policy, its decision, and the browser's part where the API decides.

Begin with `policy` (one policy and what it decides), then `policies` (by path); `fetching` does
what a browser would under API authority. It does no I/O and imports `tunnel` and `http`.
"""

from __future__ import annotations
