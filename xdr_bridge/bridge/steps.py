"""What the conversation tells an edge to do: the steps of `bridge.Bridge`. Data only.

Those of every call are tuples with names, which cost a third of a frozen dataclass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from xdr_bridge.bridge.routes import Route
from xdr_bridge.cors.fetching import Ask
from xdr_bridge.http.errors import Code, RequestError, UpstreamError
from xdr_bridge.http.messages import Pair, RequestHead, ResponseHead
from xdr_bridge.http.v1.reuse import Reuse
from xdr_bridge.tunnel.decoding import Call
from xdr_bridge.tunnel.frame import FrameWriter


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer of the bridge's own, whole. `refusal` says why, where something was refused."""

    form: str
    head: ResponseHead
    body: bytes
    refusal: RequestError | UpstreamError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadBody:
    """Read the request's body and call `receive` again.

    Past `max_bytes`, answer `too_large()`; where it does not arrive in time, `too_late()`; where
    there is no memory left for it, `no_room()`.
    """

    max_bytes: int
    too_large: Callable[[], Reply]
    too_late: Callable[[], Reply]
    no_room: Callable[[], Reply]


class Forward(NamedTuple):
    """Make this call, feed the API's answer to `respond`, or its failure to `fail`.

    Attributes:
        form: "native", "query form", "body form", "relay" or "preflight".
        route: Which API it goes to; `route.api` is where.
        call: What goes to the API: final but for framing and Connection fields.
        body: The call's whole body; None says that the page's body is to be streamed.
        reuse: Which connection to the API it needs; `reuse.after` says what holds after its head.
        framed: Whether the answer is a frame.
        fields: What the bridge adds to the head of its answer.
        origin: The page's origin, where it was admitted.
        outer: The head of the page's request.
        decoded: What the tunnel request says, as the page means it.
        target: The public target.
        flags: Those of `$xdr`.
        ask: Under API authority, what the browser in us asks.
        redirects: How many have been followed, under a policy.
    """

    form: str
    route: Route
    call: RequestHead
    body: bytes | None
    reuse: Reuse
    framed: bool = False
    fields: tuple[Pair, ...] = ()
    origin: str | None = None
    outer: RequestHead | None = None
    decoded: Call | None = None
    target: str = ""
    flags: frozenset[str] = frozenset()
    ask: Ask | None = None
    redirects: int = 0

    @property
    def method(self) -> str:
        """The call's method."""
        return self.call.method

    @property
    def has_credentials(self) -> bool:
        """Whether it is a tunnelled call with the browser's cookies and log-ins (Wire 9.5).

        What of the API's answer is for the browser goes onto the head of ours.
        """
        return self.decoded is not None and self.decoded.credentials


class Writer(Protocol):
    """Turns the API's body into what the caller gets; see `FrameWriter`."""

    def open(self) -> bytes:
        """Return what can go before the body."""

    @property
    def is_behind(self) -> bool:
        """Whether what `write` has taken is not all done: call it again, after giving way."""

    def write(self, data: bytes) -> bytes:
        """Take a piece of the API's body, return what is ready."""

    def beat(self) -> bytes:
        """Return what shows that the call lives; asked for framed calls only."""

    def pause(self) -> bytes:
        """More has to come; return what waits for it and need not."""

    def end(self) -> bytes:
        """The API's answer is whole; return the rest."""

    def cut(self, code: Code) -> bytes | None:
        """The API broke off; return what says so, or None where only a broken connection can."""


class PlainWriter:
    """Passes a body through untouched."""

    is_behind = False

    def open(self) -> bytes:
        """Nothing precedes the body."""
        return b""

    def write(self, data: bytes) -> bytes:
        """Return the piece."""
        return data

    def beat(self) -> bytes:
        """Nothing can be said in between."""
        return b""

    def pause(self) -> bytes:
        """Nothing waits."""
        return b""

    def end(self) -> bytes:
        """Nothing follows the body."""
        return b""

    def cut(self, code: Code) -> None:
        """Nothing in a plain answer can say that it is cut."""


class Answer(NamedTuple):
    """The head of what the caller gets, and the writer through which the body goes."""

    head: ResponseHead
    writer: FrameWriter | PlainWriter
