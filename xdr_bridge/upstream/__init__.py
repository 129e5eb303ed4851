"""The pooled, streaming client to the APIs. It decides nothing about calls.

Begin with `pool.Pool`: who gets a connection and for how long; `transfers` is one call on it,
`connections` one connection, `endpoints` where it leads. It imports `http`.
"""

from __future__ import annotations
