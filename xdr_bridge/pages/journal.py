"""Keep the last exchanges of the bridge, each with what the API itself received, for the page.

The page asks for everything after a sequence number and gets marked texts (see `marking`):
nothing in an entry is markup, and the page inserts all of it as text.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from xdr_bridge.gateway.journal import Exchange
from xdr_bridge.pages.marking import (
    Piece,
    mark_body,
    mark_frame,
    mark_parameters,
    mark_request,
    mark_response,
    mark_text_message,
    own_parameters,
    without_own_parameters,
)
from xdr_bridge.pages.notes import ReceivedRequest

# The API's note of a request may be a hair older than the clock reading of the bridge says.
_SLACK_SECONDS = 0.05
_IN_BODY = ("body form", "relay")
_TUNNELLED = ("query form", *_IN_BODY)


class Journal:
    """The last exchanges and what the API noted of them.

    Args:
        capacity: How many exchanges are kept.
        clock: The monotonic clock that also stamps the API's notes, in seconds.
    """

    def __init__(self, *, capacity: int = 100, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: deque[dict[str, Any]] = deque(maxlen=capacity)
        self._received: deque[ReceivedRequest] = deque(maxlen=capacity)
        self._latest = 0

    @property
    def latest(self) -> int:
        """The sequence number of the newest exchange, 0 before the first."""
        return self._latest

    def note_received(self, received: ReceivedRequest) -> None:
        """Remember what the API received until the bridge reports the exchange."""
        self._received.append(received)

    def observe(self, exchange: Exchange) -> None:
        """Add an exchange that the bridge finished."""
        if exchange.form == "asset":
            return
        self._latest += 1
        began = self._clock() - exchange.done_seconds
        received = self._take_received(exchange, began)
        entry = {"seq": self._latest, **_describe(exchange, received)}
        entry["legs"] = _legs(exchange, received, began)
        self._entries.append(entry)

    def after(self, seq: int) -> str:
        """Return the exchanges after number ``seq``, oldest first, as JSON."""
        newer = [entry for entry in self._entries if entry["seq"] > seq]
        return json.dumps({"latest": self._latest, "entries": newer}, ensure_ascii=False)

    def _take_received(self, exchange: Exchange, began: float) -> ReceivedRequest | None:
        """Find what the API noted of the call: same method, same target, oldest first."""
        call = exchange.call
        if call is None:
            return None
        for received in self._received:
            is_same = (received.head.method, received.head.target) == (call.method, call.target)
            # One from before the exchange began came past the bridge.
            if is_same and received.at_seconds >= began - _SLACK_SECONDS:
                self._received.remove(received)
                return received
        return None


def _describe(exchange: Exchange, received: ReceivedRequest | None) -> dict[str, Any]:
    method, target = _asked(exchange)
    return {
        "form": exchange.form,
        "method": method,
        "target": target,
        "tunnelled": exchange.form in _TUNNELLED,
        "request": _describe_request(exchange),
        "received": _describe_received(received),
        "api_answer": _describe_api_answer(exchange),
        "answer": _describe_answer(exchange),
        "reason": _reason(exchange),
    }


def _legs(exchange: Exchange, received: ReceivedRequest | None, began: float) -> dict[str, float]:
    """Return how long the call was in the bridge and in the API, in milliseconds.

    The rest of what the page measures is the way between them. To that belongs the time in which
    the request's body arrived, during which the bridge only waited.
    """
    sent, first_byte, done = (
        exchange.sent_seconds,
        exchange.first_byte_seconds,
        exchange.done_seconds,
    )
    if sent is None or first_byte is None:
        return {"bridge_ms": _milliseconds(done), "api_ms": 0.0}
    whole = sent
    if exchange.request_body and exchange.form == "native" and received is not None:
        # A native body streams: the call leaves before it is there.
        whole = max(sent, min(first_byte, received.at_seconds - began))
    before = 0.0 if exchange.request_body else sent
    return {
        "bridge_ms": _milliseconds(before + done - first_byte),
        "api_ms": _milliseconds(first_byte - whole),
    }


def _asked(exchange: Exchange) -> tuple[str, str]:
    """Return the method and target that the page had in mind, for finding its card."""
    request = exchange.request
    if exchange.form == "preflight":
        asked = request.headers.get("Access-Control-Request-Method") or request.method
        return asked, request.target
    if exchange.form == "query form":
        method = dict(own_parameters(request.target)).get("$httpMethod", request.method)
        return method, without_own_parameters(request.target)
    if exchange.form in _IN_BODY:
        words = exchange.request_body.partition(b"\n")[0].decode("utf-8", "replace").split()
        if len(words) == 3:
            return words[0], words[1]
    return request.method, request.target


def _describe_request(exchange: Exchange) -> list[dict[str, Any]]:
    """Return the blocks that show what came over the wire."""
    blocks = [_block("request", mark_request(exchange.request))]
    if exchange.form in _IN_BODY:
        text = exchange.request_body.decode("utf-8", "replace")
        blocks.append(_block("call", mark_text_message(text)))
    elif exchange.request_body:
        blocks.append(_block("body", mark_body(exchange.request_body)))
    if exchange.form == "query form":
        blocks.append(_block("parameters", mark_parameters(exchange.request.target)))
    return blocks


def _describe_received(received: ReceivedRequest | None) -> list[dict[str, Any]]:
    if received is None:
        return []
    pieces = mark_request(received.head)
    return [_block("request", [*pieces, *mark_body(received.body)])]


def _describe_api_answer(exchange: Exchange) -> list[dict[str, Any]]:
    if exchange.api_answer is None:
        return []
    pieces = mark_response(exchange.api_answer)
    return [_block("answer", [*pieces, *mark_body(exchange.api_body)])]


def _describe_answer(exchange: Exchange) -> list[dict[str, Any]]:
    head = mark_response(exchange.answer)
    if _is_framed_answer(exchange):
        text = exchange.answer_body.decode("utf-8", "replace")
        return [_block("answer", head), _block("frame", mark_frame(text))]
    return [_block("answer", [*head, *mark_body(exchange.answer_body)])]


def _is_framed_answer(exchange: Exchange) -> bool:
    # Wire 1.6: who is refused for its origin gets no frame; everyone else's starts like this.
    return exchange.form in _TUNNELLED and exchange.answer_body.lstrip(b" \r\n").startswith(
        (b"HTTP/1.1 ", b"XDR/1 error ")
    )


def _reason(exchange: Exchange) -> dict[str, str] | None:
    """Return the code and sentence of the bridge's refusal, if it refused."""
    if exchange.call is not None and exchange.api_answer is not None:
        return None
    text = exchange.answer_body.decode("utf-8", "replace")
    if text.startswith("XDR/1 error "):
        code, _, sentence = text.removeprefix("XDR/1 error ").partition("\r\n")
        return {"code": code, "sentence": sentence.strip()}
    try:
        problem = json.loads(text.partition("\r\n\r\n")[2] or text)
        return {"code": str(problem["code"]), "sentence": str(problem["detail"])}
    except (ValueError, KeyError, TypeError):
        return None


def _block(label: str, pieces: list[Piece]) -> dict[str, Any]:
    return {"label": label, "pieces": pieces}


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 2)
