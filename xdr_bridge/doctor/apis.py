"""What is wrong with an API: judgements over `ApiSeen`, each pure. Codes are stable."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from xdr_bridge.doctor.findings import Finding, Weight, doubled, is_script, why_unreachable
from xdr_bridge.doctor.observations import ApiSeen
from xdr_bridge.http.errors import shown


def _api_connection(seen: ApiSeen) -> Iterator[Finding]:
    error = seen.unreachable
    if error is None:
        return
    if seen.speaks_http:
        yield Finding(
            "api-speaks-http",
            Weight.PROBLEM,
            f"{seen.name} is configured with https, but that port answers plain http",
            "write http:// in the API's URL, or the port on which it speaks https",
        )
        return
    kind, remedy = why_unreachable(error)
    yield Finding(f"api-{kind}", Weight.PROBLEM, error.detail, remedy)


def _api_is_a_bridge(seen: ApiSeen) -> Iterator[Finding]:
    script = seen.script
    if script is not None and script.status == 200 and is_script(script):
        yield Finding(
            "api-is-a-bridge",
            Weight.PROBLEM,
            f"{seen.name} serves the bridge's own script: it is a bridge, perhaps this one",
            "name the API itself, not the address at which the bridge is published",
        )


def _api_answer(seen: ApiSeen) -> Iterator[Finding]:
    answer = seen.answer
    if answer is None:
        return
    if answer.error is not None or answer.status == 0:
        why = answer.error.detail if answer.error else "nothing came in time"
        yield Finding(
            "api-no-answer",
            Weight.PROBLEM,
            f"{seen.name} accepts connections but does not answer a GET: {why}",
            "call it with curl from this machine; --path names a path that only reads",
        )
    elif answer.status >= 500:
        yield Finding(
            "api-fails",
            Weight.WARNING,
            f"{seen.name} answers a GET with {answer.status}",
            "look into the API's log; --path names a path that is known to work",
        )


def _api_cors(seen: ApiSeen) -> Iterator[Finding]:
    if not seen.decides or seen.answer is None or seen.answer.status == 0:
        return
    if seen.origin is None:
        yield Finding(
            "api-cors-not-tried",
            Weight.NOTE,
            f"{seen.name} decides about CORS itself, and no page was named to ask it for",
            "say --origin https://shop.example, or configure a policy by --allow-origin",
        )
        return
    allowed = seen.answer.allowed_origins
    if len(allowed) > 1:
        yield doubled("api-cors-doubled", seen.name, allowed, "let only one layer of it add them")
    elif allowed not in (["*"], [seen.origin]):
        told = f"allows {shown(allowed[0])}" if allowed else "has no Access-Control-Allow-Origin"
        yield Finding(
            "api-allows-no-page",
            Weight.PROBLEM,
            f"{seen.name} decides about CORS itself, and its answer for {seen.origin} {told}",
            "let the API allow that origin, or decide in the bridge by --allow-origin",
        )
    preflight = seen.preflight
    if preflight is not None and not 200 <= preflight.status < 300:
        yield Finding(
            "api-preflight",
            Weight.PROBLEM,
            f"{seen.name} answers a preflight with {preflight.status or 'nothing'}",
            "let OPTIONS through to its CORS answers without a log-in, or decide in the bridge by"
            " --allow-origin",
        )


API_JUDGEMENTS: tuple[Callable[[ApiSeen], Iterator[Finding]], ...] = (
    _api_connection,
    _api_is_a_bridge,
    _api_answer,
    _api_cors,
)


def judge_api(seen: ApiSeen) -> list[Finding]:
    """Return all that is to be said of an API."""
    return [found for judgement in API_JUDGEMENTS for found in judgement(seen)]
