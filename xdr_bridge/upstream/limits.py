"""How long the way to an API may take, and how much of it there is."""

from __future__ import annotations

from dataclasses import dataclass

from xdr_bridge.http.errors import Code, UpstreamError


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamLimits:
    """How long and how much.

    Attributes:
        connect_seconds: To get a connection: the longest wait in line, and the longest that
            opening one may take, from the name to TLS.
        first_byte_seconds: From the end of sending, or the last progress of it, to the head.
        idle_seconds: Between two pieces of an answer's body, while we read.
        total_seconds: From sending to the end of the answer; None: any time.
        keep_alive_seconds: For an idle connection. Common servers close after 5 seconds; to
            be first avoids calls that meet a closing connection.
        max_age_seconds: Of a connection that is used again. A name may lead elsewhere by now.
        max_idle: Idle connections.
        max_connections: All connections; calls beyond wait in line.
        max_opening: Connections that are being opened for the line; a burst of calls to an API
            that is slow to accept, or gone, is no burst of connections.
        max_waiting: Calls in that line beyond the connections that may still be opened; calls
            beyond are refused.
        leg_seconds: For an idle connection that is bound to a page's, where calls wait in line: the
            next message of a log-in comes at once.
        max_head_bytes: Head of an answer, and its trailers.
    """

    connect_seconds: float = 5.0
    first_byte_seconds: float = 120.0
    idle_seconds: float = 120.0
    total_seconds: float | None = None
    keep_alive_seconds: float = 4.0
    max_age_seconds: float = 300.0
    max_idle: int = 256
    max_connections: int = 256
    max_opening: int = 32
    max_waiting: int = 1024
    leg_seconds: float = 1.0
    max_head_bytes: int = 65536

    @property
    def sweep_seconds(self) -> float:
        """How often a pool looks whether anything is late."""
        return min(
            1.0,
            self.connect_seconds / 4,
            self.first_byte_seconds / 4,
            self.idle_seconds / 4,
            self.keep_alive_seconds / 4,
            (self.total_seconds or 4.0) / 4,
        )

    def judge(
        self, answered: bool, quiet_seconds: float, total_seconds: float
    ) -> UpstreamError | None:
        """Say whether a call is late, and how.

        Args:
            answered: Whether the head of its answer has come.
            quiet_seconds: For how long the API has been holding it up.
            total_seconds: How long it takes already.
        """
        code = Code.UPSTREAM_CUT if answered else Code.UPSTREAM_TIMEOUT
        if self.total_seconds is not None and total_seconds >= self.total_seconds:
            detail = f"the API's answer was not complete within {self.total_seconds:g} seconds"
        elif answered and quiet_seconds >= self.idle_seconds:
            detail = f"the API's answer stalled for {self.idle_seconds:g} seconds"
        elif not answered and quiet_seconds >= self.first_byte_seconds:
            detail = f"the API did not answer within {self.first_byte_seconds:g} seconds"
        else:
            return None
        return UpstreamError(code, detail)
