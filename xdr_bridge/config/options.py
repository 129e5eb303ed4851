"""The tables of options: a policy, a policy for a path, an API. Types only; `judging` judges."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from xdr_bridge.cors.policy import DEFAULT_METHODS

__all__ = ["ApiSettings", "PathSettings", "PolicySettings", "Shown"]


@dataclass(frozen=True, slots=True)
class Shown:
    """How an option looks in a help text.

    Attributes:
        metavar: What stands for its value; empty for a switch.
        default: What holds where it is not given, in words, if its value does not say it.
    """

    metavar: str = ""
    default: str = ""


def _no_boolean(value: Any) -> Any:
    # Python takes True for 1; whoever writes `port = true` means something else.
    if isinstance(value, bool):
        raise PydanticCustomError("no_number", "no number")
    return value


def _cores(value: Any) -> Any:
    """Say "auto" in numbers: the cores that this process may use."""
    if value != "auto":
        return value
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


Whole = Annotated[int, BeforeValidator(_no_boolean)]
Seconds = Annotated[float, BeforeValidator(_no_boolean)]
Workers = Annotated[
    int,
    BeforeValidator(_no_boolean),
    BeforeValidator(_cores),
    WithJsonSchema({"oneOf": [{"type": "integer", "minimum": 1}, {"const": "auto"}]}),
]
Texts = tuple[str, ...]


class PolicySettings(BaseModel):
    """What pages on other origins may do.

    Attributes:
        allow_origins: Origins whose pages may use the API, or `*`; `https://*.shop.example` is
            every subdomain at any depth, `https://shop.example:*` every port.
        allow_origin_patterns: Regular expressions; each has to match a whole origin.
        allow_methods: Methods that pages may use.
        allow_headers: Request headers that they may send; None takes the policy's default.
        expose_headers: Response headers that they may read.
        allow_credentials: Whether browsers may send cookies along.
        max_age_seconds: How long browsers may remember a preflight.
        public_origins: Origins under which the API itself is published.
        dangerously_allow_null_origin: Whether the origin `null` is allowed.
        dangerously_allow_public_suffixes: Whether `https://*.github.io` is.
        dangerously_allow_insecure_origins: Whether http pages may use an https API with cookies.
        dangerously_pass_refused_requests: Whether refused native requests reach the API.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allow_origins: Annotated[Texts, Shown("ORIGIN", "none")] = Field(
        default=(),
        description="An origin whose pages may call the API; '*': any page's;"
        " https://*.shop.example: every subdomain at any depth; https://shop.example:*: any port.",
    )
    allow_origin_patterns: Annotated[Texts, Shown("REGEX", "none")] = Field(
        default=(),
        description="A regular expression that matches the whole of an origin whose pages may call"
        " the API.",
    )
    allow_methods: Annotated[
        Texts,
        Shown("METHOD", f"{' '.join(DEFAULT_METHODS)}. GET, HEAD and POST are always allowed"),
    ] = Field(default=DEFAULT_METHODS, description="A method that pages may use.")
    allow_headers: Annotated[Texts | None, Shown("NAME", "'*'; with credentials, none")] = Field(
        default=None,
        description="A request header that pages may send, or '*' for any but Authorization and"
        " names with an underscore.",
    )
    expose_headers: Annotated[Texts, Shown("NAME", "those that the Fetch standard safelists")] = (
        Field(default=(), description="A response header that pages may read, or '*'.")
    )
    allow_credentials: Annotated[bool, Shown()] = Field(
        default=False, description="Let browsers with native CORS send cookies."
    )
    max_age_seconds: Annotated[Whole | None, Shown("SECONDS", "the browser's own choice")] = Field(
        default=None, description="How many seconds a browser may remember a preflight."
    )
    public_origins: Annotated[Texts, Shown("ORIGIN", "none")] = Field(
        default=(),
        description="An origin under which the API itself is published: its pages are not"
        " cross-origin.",
    )
    dangerously_allow_null_origin: Annotated[bool, Shown()] = Field(
        default=False,
        description="Allow the origin 'null', which any page can take on by a sandboxed frame.",
    )
    dangerously_allow_public_suffixes: Annotated[bool, Shown()] = Field(
        default=False,
        description="Let a wildcard with credentials cover a suffix whose subdomains anybody can"
        " have, such as github.io.",
    )
    dangerously_allow_insecure_origins: Annotated[bool, Shown()] = Field(
        default=False,
        description="Let http pages, which anybody on the way can rewrite, use an https API with"
        " credentials.",
    )
    dangerously_pass_refused_requests: Annotated[bool, Shown()] = Field(
        default=False,
        description="Pass refused native requests on to the API instead of answering 403.",
    )


class PathSettings(PolicySettings):
    """A policy for the paths under a prefix. What it does not say, its API's policy says.

    Attributes:
        prefix: The path, as it follows the `path` of its API.
    """

    prefix: Annotated[str, Shown("PATH")] = Field(
        default="",
        description="The path under which this policy holds, as it follows the API's 'path':"
        " /public, for example.",
    )


class ApiSettings(PolicySettings):
    """One of several APIs.

    Attributes:
        url: Where it is.
        path: The public path that chooses it; what follows is appended to the path of `url`.
        host: The public host name that chooses it, without port; None: any.
        paths: Policies for parts of it; the longest prefix wins.
    """

    url: Annotated[str, Shown("API")] = Field(
        default="",
        description="The API's URL, for example http://127.0.0.1:9000, or its Unix socket,"
        " unix:/run/api.sock.",
    )
    path: Annotated[str, Shown("PATH")] = Field(
        default="/", description="The public path prefix that chooses this API."
    )
    host: Annotated[str | None, Shown("NAME", "any")] = Field(
        default=None, description="The public host name that chooses this API, without a port."
    )
    paths: tuple[PathSettings, ...] = Field(
        default=(), description="Policies for path prefixes of this API; the longest wins."
    )


POLICY_OPTIONS = tuple(PolicySettings.model_fields)
