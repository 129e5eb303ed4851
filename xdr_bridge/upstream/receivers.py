"""Who hears of a call to the API: the edge, and nobody once it has given the call up."""

from __future__ import annotations

from typing import Protocol

from xdr_bridge.http.errors import UpstreamError
from xdr_bridge.http.messages import ResponseHead
from xdr_bridge.http.v1.answer_reader import Sink


class Receiver(Sink, Protocol):
    """The edge's side of a call. Called from the event loop, never from within `send`.

    Exactly one of `on_end` and `on_error` is the last call; after `cancel` none comes any more.
    """

    def on_caught_up(self) -> None:
        """Hear that all that has arrived is told, and that more has to come."""

    def on_end(self) -> None:
        """Hear that the answer is complete."""

    def on_error(self, error: UpstreamError) -> None:
        """Hear that there will be no (complete) answer; `UPSTREAM_CUT` if its head was told."""


class _Nobody:
    """Listens when nobody does any more; also what lets go of the receiver."""

    def on_head(self, head: ResponseHead) -> None: ...

    def on_data(self, data: bytes) -> None: ...

    def on_caught_up(self) -> None: ...

    def on_end(self) -> None: ...

    def on_error(self, error: UpstreamError) -> None: ...


NOBODY = _Nobody()
