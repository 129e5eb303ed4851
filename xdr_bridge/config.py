"""What the operator says, checked completely: every problem is reported at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from xdr_bridge.api import Api
from xdr_bridge.assets import POLYFILL, StaticAsset
from xdr_bridge.bridge import Bridge
from xdr_bridge.cors import DEFAULT_METHODS, CorsPolicy
from xdr_bridge.errors import ConfigError, Problem, RequestError
from xdr_bridge.origins import DEFAULT_PORTS, parse_origin
from xdr_bridge.targets import resolve_target
from xdr_bridge.tunnel import Limits

_MOUNT = re.compile(r"/[A-Za-z0-9_.~-]+")
_NO_ORIGIN = (
    "name at least one origin whose pages may use the API, such as"
    " --allow-origin https://shop.example ('*' allows any page)"
)
# The policy's words for what the operator writes as an option.
_OPTIONS = {
    "origins": "--allow-origin",
    "methods": "--allow-method",
    "request_headers": "--allow-header",
    "exposed_headers": "--expose-header",
    "max_age_seconds": "--max-age",
    "same_origins": "--public-origin",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `serve` needs to know.

    Attributes:
        api: The API's URL: http or https, host, port, and a path prefix if it has one.
        host: The address to listen on.
        port: The port to listen on; 0 takes a free one.
        allow_origins: Origins whose pages may use the API, or `*`.
        allow_methods: Methods that they may use.
        allow_headers: Request headers that they may send; None takes the policy's default.
        expose_headers: Response headers that they may read.
        allow_credentials: Whether browsers may send cookies along.
        max_age_seconds: How long browsers may remember a preflight.
        public_origins: Origins under which the API itself is published.
        mount: The path of the bridge's own pages: one segment.
        limits: Ceilings for what is decoded.
        connect_seconds: How long a connection to the API may take.
        first_byte_seconds: How long the API may take to begin its answer.
        idle_seconds: How long the API, or a page, may be silent in the middle of a message.

    Raises:
        ConfigError: Every problem at once.
    """

    api: str
    host: str = "127.0.0.1"
    port: int = 8780
    allow_origins: tuple[str, ...] = ()
    allow_methods: tuple[str, ...] = DEFAULT_METHODS
    allow_headers: tuple[str, ...] | None = None
    expose_headers: tuple[str, ...] = ()
    allow_credentials: bool = False
    max_age_seconds: int | None = None
    public_origins: tuple[str, ...] = ()
    mount: str = "/xdr"
    limits: Limits = field(default_factory=Limits)
    connect_seconds: float = 5.0
    first_byte_seconds: float = 30.0
    idle_seconds: float = 30.0

    api_parts: Api = field(init=False, repr=False)
    policy: CorsPolicy = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Check everything, then keep the parsed forms."""
        problems = list(self._own_problems())
        try:
            object.__setattr__(self, "api_parts", parse_api(self.api))
        except ValueError as error:
            problems.insert(0, Problem("API", self.api, str(error)))
        try:
            object.__setattr__(self, "policy", self._build_policy())
        except ConfigError as error:
            problems += map(_as_option, error.problems)
        if problems:
            raise ConfigError(tuple(problems))

    def build_bridge(self) -> Bridge:
        """Make the conversation that these settings describe."""
        return Bridge(
            api=self.api_parts,
            policy=self.policy,
            mount=self.mount,
            limits=self.limits,
            assets={POLYFILL: StaticAsset.read(POLYFILL)},
        )

    def _build_policy(self) -> CorsPolicy:
        return CorsPolicy(
            origins=self.allow_origins,
            methods=self.allow_methods,
            request_headers=self.allow_headers,
            exposed_headers=self.expose_headers,
            credentials=self.allow_credentials,
            max_age_seconds=self.max_age_seconds,
            same_origins=self.public_origins,
        )

    def _own_problems(self) -> Iterator[Problem]:
        if not 0 <= self.port <= 65535:
            yield Problem("--port", str(self.port), "is no port; 0 to 65535 is accepted")
        if _MOUNT.fullmatch(self.mount) is None or self.mount in ("/.", "/.."):
            yield Problem("--mount", self.mount, "is not one path segment; '/xdr' would be")
        for option, seconds in (
            ("--connect-timeout", self.connect_seconds),
            ("--first-byte-timeout", self.first_byte_seconds),
            ("--idle-timeout", self.idle_seconds),
        ):
            if not 0 < seconds <= 3600:
                yield Problem(
                    option, str(seconds), "is out of range; seconds up to 3600 are accepted"
                )


def _as_option(problem: Problem) -> Problem:
    if problem.field == "origins" and problem.value is None:
        return Problem("--allow-origin", None, _NO_ORIGIN)
    return Problem(_OPTIONS.get(problem.field, problem.field), problem.value, problem.reason)


def parse_api(url: str) -> Api:
    """Read the API's URL into parts.

    Raises:
        ValueError: It is no http(s) URL of a host, or says more than where the API is.
    """
    wanted = "http://127.0.0.1:9000 would be"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(f"is no URL; {wanted}") from None
    if parts.scheme not in DEFAULT_PORTS or not parts.hostname or port == 0:
        raise ValueError(f"is no http or https URL; {wanted}")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError(f"holds more than scheme, host, port and path; {wanted}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    try:
        parse_origin(f"{parts.scheme}://{host}")
        path = parts.path.rstrip("/")
        if path and resolve_target(path, max_characters=1024) != path:
            raise ValueError("has dot segments in its path")
    except RequestError as error:
        raise ValueError(f"has a path that cannot be forwarded to: {error.detail}") from None
    return Api(scheme=parts.scheme, host=host, port=port or DEFAULT_PORTS[parts.scheme], path=path)
