"""Cross-origin `XMLHttpRequest` for browsers that cannot do CORS."""

from __future__ import annotations

__version__ = "0.1.0"
