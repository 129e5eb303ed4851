"""What the parts of the gateway ask of one another: of what they share, and of a request."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from dataclasses import dataclass
from typing import Protocol

from xdr_bridge.bridge.conversation import Bridge
from xdr_bridge.bridge.steps import Forward, Reply
from xdr_bridge.gateway.intake import Ceilings
from xdr_bridge.gateway.journal import Observer, Recorder
from xdr_bridge.gateway.outgoing import Outgoing, Socket
from xdr_bridge.gateway.tally import Outcome
from xdr_bridge.http.api import Api
from xdr_bridge.http.errors import Code
from xdr_bridge.upstream.connections import Holder
from xdr_bridge.upstream.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a page may say before it is understood, and how long it may take.

    Attributes:
        head_bytes: The largest head of a request.
        fields: The most fields in one.
        handshake_seconds: For the handshake of TLS.
        head_seconds: From a head's first byte to its last; of a new connection, from its opening.
        linger_seconds: For a page to read a refusal before its connection goes.
    """

    head_bytes: int = 65536
    fields: int = 128
    handshake_seconds: float = 10.0
    head_seconds: float = 30.0
    linger_seconds: float = 2.0


class Counted(Protocol):
    """A request that is under way, as the gateway counts it: a `Conversation`.

    Attributes:
        is_call: Whether it is one of the gateway's `calls`.
        share: What its call counts to, where an address may have so many of them only.
    """

    is_call: bool
    share: str | None

    def beat(self, now: float) -> None:
        """Show its page that it lives, if that has heard nothing."""


class Shared(Ceilings, Protocol):
    """What all requests to one gateway share."""

    bridge: Bridge
    loop: AbstractEventLoop
    observer: Observer | None
    idle_connection_seconds: float
    beat_seconds: float
    calls: int
    max_calls: int

    def pool_for(self, api: Api) -> Pool:
        """Return the connections to this API."""

    def share_of(self, api: Api, address: str) -> str | None:
        """Return what a call from this address to an API counts to; None where it need not.

        Raises:
            RequestError: It would be one too many.
        """

    def unbind(self, holder: Holder) -> None:
        """Close the connections to APIs that are bound to a page's connection."""

    def logged_in_vain(self, forward: Forward) -> None:
        """Somebody logs a connection to an API in where it can be bound to nobody."""

    def deadline(self, seconds: float) -> float:
        """Return the loop time at which this many seconds have passed."""

    def began(self, conversation: Counted) -> None:
        """A request has arrived."""

    def ended(self, conversation: Counted, outcome: Outcome) -> None:
        """An exchange is over; may be told again, and only the first counts."""

    def refused(self, code: Code) -> None:
        """Something has been refused for which no request was begun."""

    def complain(self, message: str) -> None:
        """Log a warning that a flood would repeat without end."""


class Owner(Protocol):
    """What a call asks of the request that it is made for: a `Conversation`.

    Attributes:
        gateway: What all share.
        bridge: Who decides, for the whole of this request.
        connection: The page's.
        outgoing: The answer to the page.
        recorder: Who writes the exchange down, if anybody.
        deadline: When the page has been silent for too long; None while it is not its turn.
    """

    gateway: Shared
    bridge: Bridge
    connection: Socket
    outgoing: Outgoing
    recorder: Recorder | None
    deadline: float | None

    @property
    def is_complete(self) -> bool:
        """Whether the whole request has come."""

    def reply(self, reply: Reply) -> None:
        """Answer by a reply of the bridge's own."""

    def end(self, data: bytes, outcome: Outcome = ...) -> None:
        """Send the last of the answer."""

    def break_off(self, code: Code) -> None:
        """Break the connection: nothing else can say that the answer is not whole."""
