"""What can go wrong, as data: a stable code, a status, a sentence, and whose fault it is.

One enumeration holds every code; `docs/errors.md` is checked against it. Nobody parses messages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Self


class Fault(StrEnum):
    """Who has to act so that the same thing does not happen again."""

    PAGE = "page"
    API = "api"
    BRIDGE = "bridge"


class Code(StrEnum):
    """Every code that a page, a log line or a trailer can carry.

    `status` is the one that a plain (unframed) answer has; `fault` says whose it is.
    """

    status: int
    fault: Fault

    def __new__(cls, value: str, status: int, fault: Fault) -> Self:
        """Make the member a string that carries its status and fault."""
        member = str.__new__(cls, value)
        member._value_ = value
        member.status = status
        member.fault = fault
        return member

    # The origin gate (Wire 1.6).
    ORIGIN_MISSING = "origin-missing", 403, Fault.PAGE
    ORIGIN_MALFORMED = "origin-malformed", 403, Fault.PAGE
    ORIGIN_NOT_ALLOWED = "origin-not-allowed", 403, Fault.PAGE
    # The relay (Wire 9).
    RELAY_OFF = "relay-off", 403, Fault.PAGE
    RELAY_MALFORMED = "relay-malformed", 400, Fault.PAGE
    RELAY_NOT_SAME_ORIGIN = "relay-not-same-origin", 403, Fault.PAGE
    CREDENTIALS_NOT_ALLOWED = "credentials-not-allowed", 403, Fault.PAGE
    # The policy (Wire 6.1).
    METHOD_NOT_ALLOWED = "method-not-allowed", 403, Fault.PAGE
    HEADER_NOT_ALLOWED = "header-not-allowed", 403, Fault.PAGE
    # The tunnel request's own shape (Wire 1 to 3).
    UNSUPPORTED_VERSION = "unsupported-version", 400, Fault.PAGE
    OUTER_METHOD = "outer-method", 405, Fault.PAGE
    OUTER_CONTENT_TYPE = "outer-content-type", 415, Fault.PAGE
    GET_IS_READ_ONLY = "get-is-read-only", 405, Fault.PAGE
    TUNNEL_MALFORMED = "tunnel-malformed", 400, Fault.PAGE
    TEXT_NOT_UTF8 = "text-not-utf8", 400, Fault.PAGE
    TARGET_NOT_BRIDGED = "target-not-bridged", 404, Fault.PAGE
    # What a call may not contain (Wire 4).
    METHOD_MALFORMED = "method-malformed", 400, Fault.PAGE
    METHOD_FORBIDDEN = "method-forbidden", 405, Fault.PAGE
    HEADER_NAME_MALFORMED = "header-name-malformed", 400, Fault.PAGE
    HEADER_VALUE_MALFORMED = "header-value-malformed", 400, Fault.PAGE
    HEADER_FORBIDDEN = "header-forbidden", 400, Fault.PAGE
    HEADER_BLOCK_TOO_LARGE = "header-block-too-large", 431, Fault.PAGE
    BODY_NOT_ALLOWED = "body-not-allowed", 400, Fault.PAGE
    BODY_TOO_LARGE = "body-too-large", 413, Fault.PAGE
    TARGET_MALFORMED = "target-malformed", 400, Fault.PAGE
    TARGET_ESCAPES = "target-escapes", 400, Fault.PAGE
    URL_TOO_LONG = "url-too-long", 414, Fault.PAGE
    # Plain HTTP to the bridge.
    HTTP_MALFORMED = "http-malformed", 400, Fault.PAGE
    REQUEST_TIMEOUT = "request-timeout", 408, Fault.PAGE
    NOT_FOUND = "not-found", 404, Fault.PAGE
    MISDIRECTED_REQUEST = "misdirected-request", 421, Fault.PAGE
    UPGRADE_NOT_SUPPORTED = "upgrade-not-supported", 501, Fault.PAGE
    FORWARDED_MALFORMED = "forwarded-malformed", 400, Fault.PAGE
    # The API's answers (Wire 5.5, 5.9, 6.3).
    UPSTREAM_UNREACHABLE = "upstream-unreachable", 502, Fault.API
    UPSTREAM_UNANSWERED = "upstream-unanswered", 502, Fault.API
    UPSTREAM_BROKEN = "upstream-broken", 502, Fault.API
    UPSTREAM_TIMEOUT = "upstream-timeout", 504, Fault.API
    UPSTREAM_CUT = "upstream-cut", 502, Fault.API
    REDIRECT_REFUSED = "redirect-refused", 502, Fault.API
    TOO_MANY_REDIRECTS = "too-many-redirects", 502, Fault.API
    # The API's own CORS answers, where the bridge is the browser (Fetch, "CORS protocol").
    PREFLIGHT_STATUS = "preflight-status", 502, Fault.API
    PREFLIGHT_MALFORMED = "preflight-malformed", 502, Fault.API
    PREFLIGHT_ORIGIN = "preflight-origin", 403, Fault.PAGE
    PREFLIGHT_METHOD = "preflight-method", 403, Fault.PAGE
    PREFLIGHT_HEADER = "preflight-header", 403, Fault.PAGE
    CORS_CHECK_FAILED = "cors-check-failed", 403, Fault.PAGE
    # The bridge itself.
    TOO_MANY_CONNECTIONS = "too-many-connections", 503, Fault.BRIDGE
    TOO_MANY_CALLS = "too-many-calls", 503, Fault.BRIDGE
    OVERLOADED = "overloaded", 503, Fault.BRIDGE
    LOOP_DETECTED = "loop-detected", 508, Fault.BRIDGE
    INTERNAL_ERROR = "internal-error", 500, Fault.BRIDGE

    @property
    def is_about_origin(self) -> bool:
        """Whether the page itself is refused: it gets no frame and no CORS field."""
        return self in (Code.ORIGIN_MISSING, Code.ORIGIN_MALFORMED, Code.ORIGIN_NOT_ALLOWED)


class XdrBridgeError(Exception):
    """The root of everything this package raises on purpose."""


class _CodedError(XdrBridgeError):
    def __init__(self, code: Code, detail: str, *, told: str | None = None) -> None:
        """Say what went wrong.

        Args:
            code: What it is called.
            detail: One sentence for the log; a page may see it unless `told` is given.
            told: What a page is told instead, where the sentence names what is not for pages:
                the API's address, or what a proxy or the API has said.
        """
        super().__init__(f"{code}: {detail}")
        self.code = code
        self.detail = detail
        self.told = detail if told is None else told

    @property
    def status(self) -> int:
        """The HTTP status of a plain answer that reports this."""
        return self.code.status


class RequestError(_CodedError):
    """The page's fault: the request is refused. `told` is one sentence, safe to show."""


class UpstreamError(_CodedError):
    """The API's fault, or the way to it. `told` is one sentence, safe to show."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a configuration.

    Attributes:
        field: The option as the operator wrote it, for example `--allow-origin`.
        value: The offending value; None where one is missing.
        reason: What is wrong and what would be accepted, in one sentence.
    """

    field: str
    value: str | None
    reason: str

    def __str__(self) -> str:
        """Write `field: 'value' reason`."""
        value = "" if self.value is None else f"{shown(self.value)} "
        return f"{self.field}: {value}{self.reason}"


class ConfigError(XdrBridgeError):
    """The operator's mistakes, all of them at once, in `problems`."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


_SHOWN_CHARACTERS = 80


def shown(value: str) -> str:
    """Quote somebody's text for a message: printable ASCII, at most 80 characters of it."""
    cut = value[:_SHOWN_CHARACTERS]
    return ascii(cut) + ("…" if len(value) > _SHOWN_CHARACTERS else "")


def problem_body(code: Code, detail: str, *, status: int | None = None) -> bytes:
    """Write the one shape of every plain refusal and failure (RFC 9457), as ASCII JSON."""
    status = status or code.status
    problem = {
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code.value,
        "detail": detail,
    }
    return json.dumps(problem).encode("ascii") + b"\n"
