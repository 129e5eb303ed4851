"""Reads the configuration again while the bridge runs. An invalid one changes nothing."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from xdr_bridge.config import Loaded, Settings
from xdr_bridge.config.listing import entries
from xdr_bridge.config.spelling import Where, as_key
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.serving.runtime import log_from

log = logging.getLogger(__name__)

# What sockets hang on, which the process that binds them keeps to its end.
_BOUND = frozenset({"host", "port", "admin_port"})
# What connections and published addresses hang on besides. All else is policy or limit.
_FIXED = _BOUND | {
    "api",
    "mount",
    "connect_seconds",
    "first_byte_seconds",
    "answer_idle_seconds",
    "max_api_connections",
    "api_ca",
    "total_seconds",
    "max_answer_head_bytes",
    "workers",
}
_RESTART = "cannot change while the bridge runs; restart it, or take the change back"
_NEW_WORKERS = "cannot change in a running worker; SIGUSR2 starts new ones with the change"


class Reloadable(Protocol):
    """Something that can go on by other settings, as `gateway.Gateway` can."""

    async def reload(self, settings: Settings) -> None:
        """Judge by these settings from the next request on.

        Raises:
            ConfigError: It cannot, and goes on as before.
        """


class Restartable(Reloadable, Protocol):
    """Something that can also begin anew, as `supervisor.Supervisor` can."""

    async def restart(self, settings: Settings) -> None:
        """Begin anew by these settings, and lose no call.

        Raises:
            ConfigError: It cannot, and goes on as before.
        """


@dataclass(frozen=True, slots=True)
class Change:
    """One option that a reload has changed.

    Attributes:
        key: The option as the file spells it.
        before: What was in force; None also where there was nothing. Of a file whose name has
            not changed, what was in it.
        after: What is in force now.
    """

    key: str
    before: Any
    after: Any


class Reloads:
    """Keeps what is in force, and replaces it on request."""

    def __init__(
        self, bridge: Reloadable, loaded: Loaded, *, supervisor: Restartable | None = None
    ) -> None:
        """Set up.

        Args:
            bridge: The running bridge.
            loaded: What it was started with; its sources are read again.
            supervisor: The same once more, if it can restart.
        """
        self._bridge = bridge
        self._supervisor = supervisor
        self._one_at_a_time = asyncio.Lock()
        self.loaded = loaded

    async def reload(self) -> tuple[Change, ...]:
        """Read all sources again and put what they say in force; return what changed.

        Raises:
            ConfigError: The new configuration is invalid, or changes what only a restart can.
                The old one stays in force, and the log says so.
        """
        fixed = dict.fromkeys(_FIXED, _RESTART if self._supervisor is None else _NEW_WORKERS)
        fixed |= dict.fromkeys(_BOUND, _RESTART)
        return await self._apply("reloaded", self._bridge.reload, fixed)

    async def restart(self) -> tuple[Change, ...]:
        """Do the same, but by a restart, which can change more.

        Raises:
            ConfigError: As for `reload`.
        """
        assert self._supervisor is not None
        fixed = dict.fromkeys(_BOUND, _RESTART)
        return await self._apply("restarted", self._supervisor.restart, fixed)

    async def _apply(
        self, done: str, do: Callable[[Settings], Awaitable[None]], fixed: Mapping[str, str]
    ) -> tuple[Change, ...]:
        """Read, judge, do.

        Args:
            done: What is done, in the log's words.
            do: Does it.
            fixed: The options that cannot change by it, and why.
        """
        async with self._one_at_a_time:
            try:
                loaded = self.loaded.sources.load()
                problems = tuple(_fixed_problems(self.loaded, loaded, fixed))
                if problems:
                    raise ConfigError(problems)
                await do(loaded.settings)
            except ConfigError as error:
                for problem in error.problems:
                    log.warning("not %s: %s", done, problem)
                log.warning("not %s: the configuration that was in force stays in force", done)
                raise
            changes = tuple(_changes(self.loaded, loaded))
            self.loaded = loaded
            for problem in loaded.warnings:
                log.warning("%s", problem)
            log_from(loaded.settings.verbose)
        log.info("%s; changed: %s", done, ", ".join(c.key for c in changes) or "nothing")
        return changes


def _fixed_problems(old: Loaded, new: Loaded, fixed: Mapping[str, str]) -> Iterator[Problem]:
    for name in sorted(fixed):
        value = getattr(new.settings, name)
        if value != getattr(old.settings, name):
            yield Problem(_spelled(old, new, (name,)), str(value), fixed[name])
    if "api" not in fixed:
        return
    if (old.settings.certificate is None) != (new.settings.certificate is None):
        name = "tls_certificate"
        file = getattr(new.settings, name)
        yield Problem(_spelled(old, new, (name,)), file, fixed["api"])
    places = [
        [(api.url, api.path, api.host) for api in loaded.settings.apis] for loaded in (old, new)
    ]
    if places[0] != places[1]:
        yield Problem(
            _spelled(old, new, ("apis",)),
            None,
            f"the set of APIs (url, path and host) {fixed['api']}",
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
    name, certificates = "tls_certificate", (old.settings.certificate, new.settings.certificate)
    if before.get((name,)) == after.get((name,)) and certificates[0] != certificates[1]:
        # Renewed in its place.
        yield Change(name, *(c and f"SHA-256 {c.fingerprint}" for c in certificates))
