"""Codes as data: what a page, a log line and the documentation rely on."""

from __future__ import annotations

import json
import re

import pytest

from xdr_bridge.http.errors import (
    Code,
    ConfigError,
    Fault,
    Problem,
    RequestError,
    UpstreamError,
    XdrBridgeError,
    problem_body,
    shown,
)


@pytest.mark.parametrize("code", Code)
def test_every_code_is_lower_case_words_with_a_status_and_a_fault(code: Code) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code.value)
    assert 400 <= code.status <= 599
    assert (code.status >= 500) == (code.fault is not Fault.PAGE) or code.status == 501


def test_codes_are_compared_and_written_as_text() -> None:
    assert Code.BODY_TOO_LARGE == "body-too-large"
    assert f"{Code.BODY_TOO_LARGE}" == "body-too-large"
    assert Code("body-too-large") is Code.BODY_TOO_LARGE


@pytest.mark.parametrize("kind", [RequestError, UpstreamError])
def test_an_error_says_code_and_detail(kind: type[RequestError | UpstreamError]) -> None:
    error = kind(Code.OVERLOADED, "too many calls")
    assert isinstance(error, XdrBridgeError)
    assert str(error) == "overloaded: too many calls"
    assert (error.code, error.detail, error.status) == (Code.OVERLOADED, "too many calls", 503)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain", "'plain'"),
        ("\r\nX: 1\x1b[31m\0", "'\\r\\nX: 1\\x1b[31m\\x00'"),
        ("Käse €", "'K\\xe4se \\u20ac'"),
        ("\u202e\u2028", "'\\u202e\\u2028'"),
        ("a" * 80, "'" + "a" * 80 + "'"),
        ("a" * 81, "'" + "a" * 80 + "'…"),
        ("", "''"),
    ],
)
def test_somebody_elses_text_is_shown_harmlessly(text: str, quoted: str) -> None:
    assert shown(text) == quoted


def test_a_problem_is_ascii_json_on_one_line() -> None:
    body = problem_body(Code.TARGET_MALFORMED, "the target 'K\xe4se' \u2028 <script>")
    assert body.isascii()
    assert body.count(b"\n") == 1
    assert body.endswith(b"\n")
    assert json.loads(body) == {
        "title": "Bad Request",
        "status": 400,
        "code": "target-malformed",
        "detail": "the target 'K\xe4se' \u2028 <script>",
    }


def test_a_problem_may_have_another_status() -> None:
    assert json.loads(problem_body(Code.METHOD_MALFORMED, "x", status=403))["status"] == 403


def test_configuration_problems_are_told_together() -> None:
    error = ConfigError(
        (
            Problem("--allow-origin", None, "name one"),
            Problem("--mount", "a\nb", "is no path"),
        )
    )
    assert str(error) == "--allow-origin: name one\n--mount: 'a\\nb' is no path"
