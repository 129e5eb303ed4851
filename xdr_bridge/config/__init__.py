"""What the operator says, from all sources, checked completely: every problem at once.

Begin with `settings.Settings`; `sources` reads flags, environment and file, `judging` judges what
they say and makes routes of it. It imports `bridge` and what is below.
"""

from __future__ import annotations

from xdr_bridge.config.apis import parse_api
from xdr_bridge.config.certificates import Certificate
from xdr_bridge.config.settings import Settings
from xdr_bridge.config.sources import Loaded, Sources

__all__ = ["Certificate", "Loaded", "Settings", "Sources", "parse_api"]
