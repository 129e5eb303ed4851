"""Reads the configuration again while the bridge runs. An invalid one changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from xdr_bridge.config import Loaded, Settings
from xdr_bridge.config.listing import entries
from xdr_bridge.config.spelling import Where, as_key
from xdr_bridge.errors import ConfigError, Problem

log = logging.getLogger(__name__)

# What sockets, connections and published addresses hang on. All else is policy or limit.
_FIXED = frozenset(
    {
        "api",
        "host",
        "port",
        "mount",
        "admin_port",
        "connect_seconds",
        "first_byte_seconds",
        "idle_seconds",
        "max_api_connections",
        "api_ca",
        "total_seconds",
    }
)
_RESTART = "cannot change while the bridge runs; restart it, or take the change back"


class Reloadable(Protocol):
    """Something that can go on by other settings, as `gateway.Gateway` can."""

    def reload(self, settings: Settings) -> None:
        """Judge by these settings from the next request on."""


@dataclass(frozen=True, slots=True)
class Change:
    """One option that a reload has changed.

    Attributes:
        key: The option as the file spells it.
        before: What was in force; None also where there was nothing.
        after: What is in force now.
    """

    key: str
    before: Any
    after: Any


class Reloads:
    """Keeps what is in force, and replaces it on request."""

    def __init__(self, gateway: Reloadable, loaded: Loaded) -> None:
        """Set up.

        Args:
            gateway: The running bridge.
            loaded: What it was started with; its sources are read again.
        """
        self._gateway = gateway
        self.loaded = loaded

    def reload(self) -> tuple[Change, ...]:
        """Read all sources again and put what they say in force; return what changed.

        Raises:
            ConfigError: The new configuration is invalid, or changes what only a restart can.
                The old one stays in force, and the log says so.
        """
        try:
            loaded = self.loaded.sources.load()
            problems = tuple(_fixed_problems(self.loaded, loaded))
            if problems:
                raise ConfigError(problems)
        except ConfigError as error:
            for problem in error.problems:
                log.warning("not reloaded: %s", problem)
            log.warning("not reloaded: the configuration that was in force stays in force")
            raise
        changes = tuple(_changes(self.loaded, loaded))
        self._gateway.reload(loaded.settings)
        self.loaded = loaded
        log.info("reloaded; changed: %s", ", ".join(c.key for c in changes) or "nothing")
        return changes


def _fixed_problems(old: Loaded, new: Loaded) -> Iterator[Problem]:
    for name in sorted(_FIXED):
        value = getattr(new.settings, name)
        if value != getattr(old.settings, name):
            yield Problem(_spelled(old, new, (name,)), str(value), _RESTART)
    places = [
        [(api.url, api.path, api.host) for api in loaded.settings.apis] for loaded in (old, new)
    ]
    if places[0] != places[1]:
        yield Problem(
            _spelled(old, new, ("apis",)), None, f"the set of APIs (url, path and host) {_RESTART}"
        )


def _spelled(old: Loaded, new: Loaded, where: Where) -> str:
    # Whoever takes a line out of the file finds it by the name that it had.
    said = new if new.sources.source_of(where) != "default" else old
    return said.sources.spelled(where)


def _changes(old: Loaded, new: Loaded) -> Iterator[Change]:
    before, after = ({e.where: e.value for e in entries(loaded)} for loaded in (old, new))
    for where in {**before, **after}:
        if before.get(where) != after.get(where):
            yield Change(as_key(where), before.get(where), after.get(where))
