"""Connections between two calls: those for anybody's, and those that are bound to one holder."""

from __future__ import annotations

from xdr_bridge.upstream.connections import Connection, Holder
from xdr_bridge.upstream.limits import UpstreamLimits


class Kept:
    """The idle connections of a pool. Each waits in one place only.

    Attributes:
        anybodys: Those for anybody's calls, by the time they became idle; the last is used first.
    """

    __slots__ = ("_bound", "_limits", "anybodys")

    def __init__(self, limits: UpstreamLimits) -> None:
        """Keep none yet."""
        self._limits = limits
        self.anybodys: dict[Connection, None] = {}
        # Likewise ordered.
        self._bound: dict[Holder, Connection] = {}

    def is_old(self, connection: Connection) -> bool:
        """Whether one has served anybody for long enough."""
        return connection.since - connection.opened > self._limits.max_age_seconds

    def keep(self, connection: Connection) -> None:
        """Keep one for whoever comes, unless there are enough."""
        if len(self.anybodys) < self._limits.max_idle:
            self.anybodys[connection] = None
        else:
            connection.close()

    def keep_for(self, holder: Holder, connection: Connection) -> None:
        """Keep one for its holder: as long as that one is there, whatever its age."""
        if holder.is_gone:
            connection.close()
            return
        self.unbind(holder)
        self._bound[holder] = connection

    def take(self, holder: Holder | None, now: float) -> Connection | None:
        """Return one that may carry a call: the holder's own, or else anybody's."""
        if self._bound and holder is not None:
            connection = self._bound.pop(holder, None)
            if connection is not None:
                if not connection.is_closing and connection.is_quiet():
                    return connection
                connection.close()
        oldest = now - self._limits.keep_alive_seconds
        while self.anybodys:
            connection, _ = self.anybodys.popitem()
            if connection.since > oldest and not connection.is_closing and connection.is_quiet():
                return connection
            # The sweep is coarse; the API may be closing this one right now, or has.
            connection.close()
        return None

    def unbind(self, holder: Holder) -> None:
        """Close what is bound to a holder."""
        connection = self._bound.pop(holder, None)
        if connection is not None:
            connection.close()

    def forget(self, connection: Connection) -> None:
        """Forget one that is gone."""
        self.anybodys.pop(connection, None)
        holder = connection.holder
        if holder is not None and self._bound.get(holder) is connection:
            del self._bound[holder]

    def sweep(self, now: float, wanted: int) -> None:
        """Close those that have been idle for too long.

        Args:
            now: The loop's time.
            wanted: For how many calls none can be opened: so many of the bound ones give way, the
                longest idle first.
        """
        for connection in tuple(self.anybodys):
            if now - connection.since < self._limits.keep_alive_seconds:
                break
            del self.anybodys[connection]
            connection.close()
        for holder, connection in tuple(self._bound.items())[:wanted]:
            if now - connection.since < self._limits.leg_seconds:
                break
            self.unbind(holder)
