"""Answers of the bridge's own: refusals and failures, plain and framed. One shape each."""

from __future__ import annotations

from collections.abc import Iterable

from xdr_bridge.bridge.steps import Forward, Reply
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


def refusal(forward: Forward, error: RequestError) -> Reply:
    """Refuse a tunnel request: by the network-error frame (Wire 5.8), or plainly (Wire 1.3).

    Args:
        forward: What is known of the tunnel request.
        error: Why; the log has it whole.
    """
    if error.code in _WITH_A_STATUS:
        return failure(forward, error)
    if not forward.framed:
        return plain_refusal(forward.form, error, forward.fields)
    return reply(forward.form, 200, forward.fields, network_error_frame(error), error)


def failure(forward: Forward, error: Failure) -> Reply:
    """Tell of a call that failed, with its real status: in a frame (Wire 5.9), or plainly."""
    if not forward.framed:
        return plain_refusal(forward.form, error, forward.fields)
    fields = (_PROBLEM_TYPE, _RETRY_AFTER) if error.status == 503 else (_PROBLEM_TYPE,)
    problem = ResponseHead(
        status=error.status,
        reason=reason_phrase(error.status),
        headers=Headers.trusted(fields),
    )
    writer = FrameWriter(
        problem,
        method=forward.call.method,
        target=forward.target,
        exposes=lambda _: True,
        flags=forward.flags,
    )
    body = problem_body(error.code, error.told)
    frame = writer.open() + writer.write(body) + writer.end()
    return reply(forward.form, 200, forward.fields, frame, error)
