"""What one CORS decision costs: ours beside Starlette's middleware and flask-cors.

    python tests/bench/bench_cors.py

One process, the three taking turns in every round; CPU time, the median of the rounds; a ratio is
the median of the ratios within one round, so a busy machine disturbs it little. Each is given a
parsed request head and has to come up with the CORS fields of the answer:

* ours: look up the fields, `CorsPolicy.decide`, write the fields;
* Starlette: a call of `CORSMiddleware`, less what the bare application takes in the same round;
* flask-cors: `get_cors_headers` alone, without Flask.

Prints a Markdown table. Needs the dependency group `bench`.
"""

from __future__ import annotations

import argparse
import platform
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from statistics import median
from typing import Any

from flask import Flask
from flask_cors.core import get_cors_headers, get_cors_options
from starlette.middleware.cors import CORSMiddleware
from werkzeug.datastructures import Headers as FlaskHeaders

from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import RequestError
from xdr_bridge.http.messages import Headers, Pair

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
ALLOWED_HEADERS = ["Content-Type", "X-Request-Id", "X-Client"]
SECONDS_PER_SAMPLE = 0.005
Job = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of the table: the same policy and the same request for everybody."""

    name: str
    origin: str
    origins: list[str]
    expression: str | None = None
    wildcard: str | None = None
    method: str = "GET"
    asked: str | None = None

    @property
    def pairs(self) -> list[Pair]:
        """What a browser sends along, in this order."""
        pairs = [
            ("Host", "api.example"),
            ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0"),
            ("Accept", "*/*"),
            ("Accept-Language", "en-US,en;q=0.9"),
            ("Accept-Encoding", "gzip, deflate, br"),
            ("Origin", self.origin),
            ("Referer", f"{self.origin}/"),
        ]
        if self.asked is not None:
            pairs.append(("Access-Control-Request-Method", self.method))
            pairs.append(("Access-Control-Request-Headers", self.asked))
        return pairs

    @property
    def outer_method(self) -> str:
        """The method on the wire."""
        return self.method if self.asked is None else "OPTIONS"


def ours(case: Case) -> Job:
    """Decide as the bridge does."""
    policy = CorsPolicy(
        origins=[*case.origins, *([case.wildcard] if case.wildcard else [])],
        origin_patterns=[case.expression] if case.expression and not case.wildcard else [],
        methods=METHODS,
        request_headers=ALLOWED_HEADERS,
        exposed_headers=["ETag"],
        credentials=True,
        max_age_seconds=600,
    )
    pairs = case.pairs

    def actual() -> object:
        headers = Headers.trusted(pairs)
        try:
            origin = policy.decide(headers.get_all("Origin"), case.method, ())
        except RequestError:
            return ()
        return policy.response_fields(origin)

    def preflight() -> object:
        headers = Headers.trusted(pairs)
        try:
            (method,) = headers.get_all("Access-Control-Request-Method")
            names = policy.parse_requested_names(headers.get_all("Access-Control-Request-Headers"))
            origin = policy.decide(headers.get_all("Origin"), method, names)
        except RequestError:
            return ()
        return policy.preflight_fields(origin, method, names)

    return actual if case.asked is None else preflight


async def bare(scope: Any, receive: Any, send: Any) -> None:
    """Answer like an application that knows nothing of CORS."""
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"ok"})


async def _swallow(message: Any) -> None:
    return None


def call_asgi(application: Any, case: Case) -> Job:
    """Call an ASGI application to its end; nothing in it waits."""
    headers = [(name.lower().encode(), value.encode()) for name, value in case.pairs]
    scope = {"type": "http", "method": case.outer_method, "path": "/", "headers": headers}

    def call() -> object:
        try:
            application(scope, None, _swallow).send(None)
        except StopIteration:
            return None
        raise RuntimeError("the application waits")

    return call


def starlette(case: Case) -> Job:
    """Call the middleware with the same policy."""
    return call_asgi(
        CORSMiddleware(
            bare,
            allow_origins=case.origins,
            allow_origin_regex=case.expression,
            allow_methods=METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=["ETag"],
            allow_credentials=True,
            max_age=600,
        ),
        case,
    )


def flask_cors(case: Case) -> Job:
    """Ask flask-cors for its decision alone."""
    # A compiled expression, closed by hand: flask-cors matches prefixes only.
    expression = [re.compile(rf"{case.expression}\Z")] if case.expression else []
    options = get_cors_options(
        Flask("bench"),
        {
            "origins": [*case.origins, *expression],
            "methods": METHODS,
            "allow_headers": ALLOWED_HEADERS,
            "expose_headers": ["ETag"],
            "supports_credentials": True,
            "max_age": 600,
        },
    )
    headers = FlaskHeaders(case.pairs)
    return lambda: get_cors_headers(options, headers, case.outer_method)


def cases() -> list[Case]:
    """List the lines of the table."""
    listed: list[Case] = []
    for count in (1, 100, 1000):
        origins = [f"https://shop-{number}.example" for number in range(count)]
        many = f"{count:,} origin" + "s" * (count > 1)
        listed += [
            Case(name=f"actual, {many}", origin=origins[-1], origins=origins),
            Case(
                name=f"preflight, {many}",
                origin=origins[-1],
                origins=origins,
                method="PUT",
                asked="content-type,x-request-id",
            ),
        ]
    one = ["https://shop-0.example"]
    expression = r"https://([a-z0-9-]+\.)+shop\.example"
    deep = "https://a.b.shop.example"
    wildcard = "https://*.shop.example"
    number = r"https://pr-[0-9]+\.shop\.example"
    listed += [
        Case(name="actual, refused", origin="https://evil.test", origins=one),
        Case(
            name="actual, wildcard subdomain",
            origin=deep,
            origins=one,
            expression=expression,
            wildcard=wildcard,
        ),
        Case(
            name="actual, expression",
            origin="https://pr-1234.shop.example",
            origins=one,
            expression=number,
        ),
        Case(
            name="preflight, 60,000 commas",
            origin=one[0],
            origins=one,
            method="PUT",
            asked="," * 60_000,
        ),
        Case(
            name="preflight, one allowed name 4,600 times",
            origin=one[0],
            origins=one,
            method="PUT",
            asked="content-type," * 4_600,
        ),
    ]
    return listed


def times_for(job: Job) -> int:
    """Return how often the job runs in one sample."""
    job()
    times = 1
    while True:
        seconds = sample(job, times) * times
        if seconds > SECONDS_PER_SAMPLE / 4:
            return max(1, round(times * SECONDS_PER_SAMPLE / seconds))
        times *= 4


def sample(job: Job, times: int) -> float:
    """Return the seconds per run, over so many runs."""
    begin = time.process_time()
    for _ in range(times):
        job()
    return (time.process_time() - begin) / times


def measure(case: Case, rounds: int) -> tuple[list[float], list[float]]:
    """Return seconds for us, Starlette and flask-cors, and our ratio to either: medians."""
    jobs = [ours(case), starlette(case), call_asgi(bare, case), flask_cors(case)]
    times = [times_for(job) for job in jobs]
    samples: list[list[float]] = [[] for _ in jobs]
    for turn in range(rounds):
        for index in range(len(jobs)):
            # Whoever begins has no advantage over the rounds.
            which = (index + turn) % len(jobs)
            samples[which].append(sample(jobs[which], times[which]))
    mine, with_middleware, without, flask = samples
    middleware = [whole - rest for whole, rest in zip(with_middleware, without, strict=True)]
    seconds = [median(values) for values in (mine, middleware, flask)]
    ratios = [
        median(ours / other for ours, other in zip(mine, others, strict=True))
        for others in (middleware, flask)
    ]
    return seconds, ratios


def shown(value: float) -> str:
    """Write a ratio with two places."""
    return f"{value:.2f}" if value >= 0.01 else "< 0.01"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=31, help="rounds per line (default: 31)")
    rounds = parser.parse_args().rounds
    print(
        f"CPU microseconds per decision, median of {rounds} interleaved rounds. CPython"
        f" {platform.python_version()}, Starlette {version('starlette')}, flask-cors"
        f" {version('flask-cors')}.\n"
    )
    print("| decision | ours | Starlette | flask-cors | ours / Starlette | ours / flask-cors |")
    print("|---|---:|---:|---:|---:|---:|")
    for case in cases():
        seconds, ratios = measure(case, rounds)
        cells = [case.name, *(f"{value * 1e6:,.1f}" for value in seconds), *map(shown, ratios)]
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
