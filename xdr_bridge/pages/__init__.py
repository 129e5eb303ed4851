"""What people look at: the demo's shop page, its notes API, and the journal of its calls.

Ordinary Tornado handlers and templates; nothing here decides what a page may do.
"""

from __future__ import annotations
