"""A finished exchange, as the gateway saw it: for the demo page, and for whoever wants to look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xdr_bridge.http.messages import RequestHead, ResponseHead

# No observer keeps more of a body than this.
SAMPLE_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One request and everything that became of it. Bodies are cut at `SAMPLE_BYTES`.

    Attributes:
        form: "preflight", "native", "query form", "body form", "relay" or "asset".
        request: What the browser sent.
        request_body: Its body.
        call: What went to the API; None where nothing did.
        call_body: Its body.
        api_answer: What came back from the API; None where nothing did.
        api_body: Its body.
        answer: What the bridge answered.
        answer_body: Its body; a frame, for a framed answer.
        sent_seconds: When the call left for the API, counted from the arrival of the request.
        first_byte_seconds: When the head of the API's answer came.
        done_seconds: When the last byte was handed to the socket.
    """

    form: str
    request: RequestHead
    request_body: bytes
    call: RequestHead | None
    call_body: bytes
    api_answer: ResponseHead | None
    api_body: bytes
    answer: ResponseHead
    answer_body: bytes
    sent_seconds: float | None
    first_byte_seconds: float | None
    done_seconds: float


Observer = Callable[[Exchange], None]


class Recorder:
    """Collects one exchange; the conversation tells it what happens, in order."""

    def __init__(
        self, observer: Observer, clock: Callable[[], float], request: RequestHead
    ) -> None:
        """Begin at the arrival of the request's head."""
        self._observer = observer
        self._clock = clock
        self._began = clock()
        self._request = request
        self._form = "native"
        self._call: RequestHead | None = None
        self._api_answer: ResponseHead | None = None
        self._answer: ResponseHead | None = None
        self._sent: float | None = None
        self._first_byte: float | None = None
        self._bodies = {name: bytearray() for name in ("request", "call", "api", "answer")}

    def sent(self, form: str, call: RequestHead, body: bytes | None) -> None:
        """A call leaves for the API."""
        self._form, self._call = form, call
        self._sent = self._clock() - self._began
        self._bodies["call"].clear()
        self.add("call", body or b"")

    def answered(self, head: ResponseHead) -> None:
        """The head of the API's answer has come."""
        self._api_answer = head
        self._first_byte = self._clock() - self._began
        self._bodies["api"].clear()

    def replied(self, form: str, head: ResponseHead) -> None:
        """The head of the bridge's answer is known."""
        self._form, self._answer = form, head

    def add(self, which: str, data: bytes) -> None:
        """A piece of the body of "request", "call", "api" or "answer" has passed."""
        body = self._bodies[which]
        body += data[: max(0, SAMPLE_BYTES - len(body))]

    def done(self) -> None:
        """The exchange is over; tell the observer if there was an answer."""
        if self._answer is None:
            return
        self._observer(
            Exchange(
                form=self._form,
                request=self._request,
                request_body=bytes(self._bodies["request"]),
                call=self._call,
                call_body=bytes(self._bodies["call"]),
                api_answer=self._api_answer,
                api_body=bytes(self._bodies["api"]),
                answer=self._answer,
                answer_body=bytes(self._bodies["answer"]),
                sent_seconds=self._sent,
                first_byte_seconds=self._first_byte,
                done_seconds=self._clock() - self._began,
            )
        )
