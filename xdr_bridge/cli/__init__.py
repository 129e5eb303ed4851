"""The command line: the only place that prints or exits.

Begin with `commands.main`; `arguments` says what is accepted, `flags` makes options of settings.
"""

from __future__ import annotations
