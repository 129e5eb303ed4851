"""What is wrong with a deployment: APIs that do not answer, a front that refuses or changes.

Begin with `examining.examine`. `asking` does all I/O and returns observations; `apis` and
`fronts` make findings of them, purely.
"""

from __future__ import annotations
