"""Answers of the bridge's own: refusals and failures, plain and framed. One shape each."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Protocol

from xdr_bridge.bridge.steps import Reply
from xdr_bridge.http.errors import Code, RequestError, UpstreamError, problem_body
from xdr_bridge.http.messages import Headers, Pair, ResponseHead, reason_phrase
from xdr_bridge.tunnel.frame import FrameWriter, network_error_frame

VARY_ORIGIN: tuple[Pair, ...] = (("Vary", "Origin"),)
_PROBLEM_TYPE: Pair = ("Content-Type", "application/problem+json")
_PROBLEM_FIELDS: tuple[Pair, ...] = (
    _PROBLEM_TYPE,
    ("X-Content-Type-Options", "nosniff"),
    ("Cache-Control", "no-store"),
)

# Seconds (RFC 9110, section 10.2.3). What is too much now is over soon, or waiting does not help.
_RETRY_AFTER: Pair = ("Retry-After", "5")
# Refusals that are frames with a status, as an API's own would be (Wire 5.9).
_WITH_A_STATUS = frozenset({Code.BODY_TOO_LARGE, Code.LOOP_DETECTED})

TOO_LATE = RequestError(
    Code.REQUEST_TIMEOUT, "the body of the request did not arrive in the time that it may take"
)

REFUSED_REDIRECT = RequestError(
    Code.REDIRECT_REFUSED, "the API redirected to somewhere that is not for this page"
)

NO_ROOM = RequestError(
    Code.OVERLOADED, "the bodies of other calls take all the memory that the bridge has for them"
)

Failure = RequestError | UpstreamError


def reply(
    form: str,
    status: int,
    fields: Iterable[Pair],
    body: bytes = b"",
    refusal: Failure | None = None,
) -> Reply:
    """Make an answer of a status that has a registered phrase."""
    headers = Headers.trusted(fields)
    head = ResponseHead(status=status, reason=reason_phrase(status), headers=headers)
    return Reply(form=form, head=head, body=body, refusal=refusal)


def plain_refusal(
    form: str, error: Failure, fields: Iterable[Pair] = VARY_ORIGIN, *, status: int | None = None
) -> Reply:
    """Refuse as `application/problem+json`, with the CORS fields that are due."""
    status = status or error.status
    body = problem_body(error.code, error.told, status=status)
    if status == 503:
        fields = (_RETRY_AFTER, *fields)
    return reply(form, status, (*_PROBLEM_FIELDS, *fields), body, error)


class Refusable(Protocol):
    """What a refusal is written by: a tunnel request that is let in, or the call made of it."""

    @property
    def form(self) -> str:
        """How it asks: "native", "query form", "body form" or "preflight"."""

    @property
    def framed(self) -> bool:
        """Whether the answer is a frame."""

    @property
    def fields(self) -> tuple[Pair, ...]:
        """What lets the page read the answer."""

    @property
    def method(self) -> str:
        """The method that is answered, as far as known."""

    @property
    def target(self) -> str:
        """The public target; empty while it is unknown."""

    @property
    def flags(self) -> frozenset[str]:
        """Those of `$xdr`."""


def refusal(refused: Refusable, error: RequestError) -> Reply:
    """Refuse a tunnel request: by the network-error frame (Wire 5.8), or plainly (Wire 1.3).

    Args:
        refused: What is known of the tunnel request.
        error: Why; the log has it whole.
    """
    if error.code in _WITH_A_STATUS:
        return failure(refused, error)
    if not refused.framed:
        return plain_refusal(refused.form, error, refused.fields)
    return reply(refused.form, 200, refused.fields, network_error_frame(error), error)


def failure(failed: Refusable, error: Failure) -> Reply:
    """Tell of a call that failed, with its real status: in a frame (Wire 5.9), or plainly."""
    if not failed.framed:
        return plain_refusal(failed.form, error, failed.fields)
    fields = (_PROBLEM_TYPE, _RETRY_AFTER) if error.status == 503 else (_PROBLEM_TYPE,)
    problem = ResponseHead(
        status=error.status,
        reason=reason_phrase(error.status),
        headers=Headers.trusted(fields),
    )
    writer = FrameWriter(
        problem,
        method=failed.method,
        target=failed.target,
        exposes=lambda _: True,
        flags=failed.flags,
    )
    body = problem_body(error.code, error.told)
    frame = writer.open() + writer.write(body) + writer.end()
    return reply(failed.form, 200, failed.fields, frame, error)


@lru_cache(maxsize=256)
def frame_head(fields: tuple[Pair, ...]) -> ResponseHead:
    """Write the head around a frame, which is the same whatever the frame will say (Wire 5.6)."""
    return ResponseHead(status=200, reason="OK", headers=Headers.trusted(fields))
