"""What people look at: the demo's shop page, its notes API, the journal of its calls; script tags.

Begin with `demo.Demo`; `snippet` writes the tags. Ordinary Tornado handlers and templates: nothing
here decides what a page may do.
"""

from __future__ import annotations
