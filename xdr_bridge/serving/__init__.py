"""Processes: one or many, signals, reloads, the admin port.

Begin with `serve`: one process; `supervisor` keeps several `worker`s. `reloads` puts a changed
configuration in force.
"""

from __future__ import annotations
