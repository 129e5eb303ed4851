"""Who asks, and by which proxies: the fields that say so, and whose word counts.

Begin with `fields.Forwarding`; `names` lists what no page may say, `proxies` who is trusted.
"""

from __future__ import annotations
