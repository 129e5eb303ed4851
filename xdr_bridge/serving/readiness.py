"""Whether calls should be sent here: the bridge serves, and its APIs can be reached."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xdr_bridge.config import Settings
from xdr_bridge.gateway.reaching import Reachability, Reached, reach_all, tls_to_apis

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """What a probe is told.

    Attributes:
        serves: Whether the bridge accepts connections: not yet at the start, nor at the end.
        apis: What became of a connection to each API.
    """

    serves: bool
    apis: tuple[Reached, ...]

    @property
    def ready(self) -> bool:
        """Whether it serves, and reaches an API: one of several that is down stops no others."""
        return self.serves and any(reached.error is None for reached in self.apis)

    def as_json(self) -> dict[str, Any]:
        """Say it as JSON has it, with the reason of each API that cannot be reached."""
        return {
            "status": "ready" if self.ready else "not ready",
            "serves": self.serves,
            "apis": {
                str(reached.api): "reached" if reached.error is None else reached.error.detail
                for reached in self.apis
            },
        }


class Readiness:
    """Answers probes.

    Attributes:
        serves: Set by whoever serves, and cleared when he stops, so that no more calls are sent.
    """

    def __init__(self, settings: Callable[[], Settings]) -> None:
        """Serve nothing yet; `settings` returns those in force."""
        self.serves = False
        self._settings = settings
        self._reachability = Reachability(settings())

    async def ask(self) -> State:
        """Find out; nothing is asked of an API while the bridge does not serve."""
        if not self.serves:
            return State(False, ())
        return State(True, await self._reachability.ask(self._settings()))


async def warn_of_silent_apis(settings: Settings) -> None:
    """Log of each API that cannot be reached why; the bridge serves all the same.

    Raises:
        OSError: The file with the authorities cannot be read.
    """
    for reached in await reach_all(settings, tls_to_apis(settings)):
        if reached.error is not None:
            log.warning(
                "%s; the bridge serves all the same and tries again with every call;"
                " `xdr-bridge doctor` looks closer",
                reached.error.detail,
            )
