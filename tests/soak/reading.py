"""What a page makes of an answer: whose it is, whether it is whole, what is said in its place."""

from __future__ import annotations

import base64
import hashlib
import json
import re

from tests.soak.calls import ID_FIELD, SUM_FIELD, Call
from tests.soak.drawing import Plan
from tests.support.clients import AnswerParser, Frame, RawAnswer, read_frame
from xdr_bridge.http.errors import Code, Fault

_PROBLEM = "application/problem+json"


def what_was_seen(plan: Plan, answer: RawAnswer) -> str:
    """Say in a word or two what a whole HTTP answer is; see `calls.Seen`."""
    try:
        if plan.door == "file":
            assert answer.status == 200
            assert b"XDomainRequest" in answer.body
            return "answered"
        if answer.get("content-type") == _PROBLEM:
            if plan.method == "HEAD":
                return "failed unsaid" if answer.status >= 500 else "refused unsaid"
            return _said(answer.code)
        if plan.framed:
            return _framed(plan.call, answer)
        if plan.door == "preflight":
            assert answer.status == 204
            assert "x-soak-id" in (answer.get("access-control-allow-headers") or "")
            return "answered"
        if plan.expected:
            return f"wrong: {answer.status}, not {plan.expected}"
        _check(plan.call, answer.status, answer.pairs, answer.body)
    except (AssertionError, ValueError) as error:
        return f"wrong: {type(error).__name__} {str(error)[:200]}"
    return "answered"


def what_was_cut(plan: Plan, parser: AnswerParser) -> str:
    """Say what a connection that ended within an answer, or before it, is."""
    if parser.head is None:
        return "wrong: the connection ended before an answer"
    if plan.framed:
        return "wrong: a frame without its end"
    if not plan.call.answer_body.startswith(parser.body):
        return "wrong: what came before the break is not the call's"
    return "broken"


def _framed(call: Call, answer: RawAnswer) -> str:
    if answer.body.startswith(b"XDR/1 error "):
        return _said(answer.network_error)
    frame = read_frame(answer)
    body = _body(frame)
    if frame.end != "ok":
        assert call.answer_body.startswith(body), "what came before the break is not the call's"
        return f"cut {frame.end}"
    if frame.get("content-type") == _PROBLEM:
        if call.method == "HEAD":
            return "failed unsaid"
        return _said(json.loads(body)["code"])
    _check(call, frame.status, frame.pairs, body)
    return "answered"


def _body(frame: Frame) -> bytes:
    if frame.get("XDR-Encoding") != "base64":
        return frame.body.encode()
    # Group by group: padding stands wherever the API paused, and four of it are a sign of life
    # (Wire 5.4, 5.7). Of a frame that was cut, the last group may be missing.
    groups = re.findall("....", frame.body)
    return b"".join([base64.b64decode(g, validate=True) for g in groups if g != "===="])


def _said(code: str) -> str:
    return f"{'refused' if Code(code).fault is Fault.PAGE else 'failed'} {code}"


def _check(call: Call, status: int, pairs: list[tuple[str, str]], body: bytes) -> None:
    """Check that an answer is this call's, to the last byte."""
    fields = {name.lower(): value for name, value in pairs}
    assert status == call.status, f"{status}, not {call.status}"
    assert fields[ID_FIELD.lower()] == call.id, f"the answer to {fields[ID_FIELD.lower()]}"
    if call.fault != "early":
        digest = hashlib.sha256(call.request_body).hexdigest()
        assert fields[SUM_FIELD.lower()] == digest, "the API has read another body"
    expected = b"" if call.method == "HEAD" or call.status == 204 else call.answer_body
    assert body == expected, f"{len(body)} bytes that are not the {len(expected)} expected"
