"""Makes the policies of one API of what was said, or says what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from xdr_bridge.config.findings import Finding
from xdr_bridge.config.options import POLICY_OPTIONS, ApiSettings, PolicySettings
from xdr_bridge.config.spelling import Where
from xdr_bridge.cors.policies import prefix_problems
from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import ConfigError, Problem
from xdr_bridge.http.origins import parse_origin
from xdr_bridge.http.paths import loosest

_NO_ORIGIN = (
    "name at least one origin whose pages may use the API, such as"
    " --allow-origin https://shop.example ('*' allows any page); without any option of a policy"
    " the API decides"
)
# The policy's words for the options' names.
_POLICY_FIELDS = {
    "allow_origins": "origins",
    "allow_origin_patterns": "origin_patterns",
    "allow_methods": "methods",
    "allow_headers": "request_headers",
    "expose_headers": "exposed_headers",
    "allow_credentials": "credentials",
    "public_origins": "same_origins",
}
_OPTIONS = {field: option for option, field in _POLICY_FIELDS.items()}


def authority_of(options: ApiSettings) -> str:
    """Return who decides what pages may do: "policy", or "api" where nothing is said of it."""
    said = {name for table in (options, *options.paths) for name in table.model_fields_set}
    # Where it is published is no policy: redirects and `Host` are understood by it.
    return "policy" if said & (set(POLICY_OPTIONS) - {"public_origins"}) else "api"


def judge_public_origins(options: ApiSettings, where: Where) -> Iterator[Finding]:
    """Say what is wrong with where an API is published that decides for itself."""
    for index, origin in enumerate(options.public_origins):
        try:
            written = str(parse_origin(origin))
        except ValueError as error:
            reason = f"{error}; https://api.example would be accepted"
            yield Finding((*where, "public_origins", index), origin, reason)
            continue
        if written != origin:
            reason = f"writes out the default port; {written} is accepted"
            yield Finding((*where, "public_origins", index), origin, reason)


def judge_prefixes(options: ApiSettings, where: Where, mount: str) -> Iterator[Finding]:
    """Say what is wrong with the prefixes of the paths."""
    seen: dict[str, str] = {}
    for index, path in enumerate(options.paths):
        place: Where = (*where, "paths", index, "prefix")
        if "prefix" not in path.model_fields_set:
            yield Finding(place, None, "is missing; /public would be one")
        elif path.prefix in seen.values():
            yield Finding(place, path.prefix, "has a policy already")
        elif (other := seen.get(loosest(path.prefix))) is not None:
            reason = f"is {other} to a server that tells no letter case apart; one is accepted"
            yield Finding(place, path.prefix, reason)
        else:
            # The mount is no part of an API that is chosen by a path of its own.
            own = mount if options.path == "/" else None
            for problem in prefix_problems(["/", path.prefix], mount=own):
                yield Finding(place, path.prefix, problem.reason)
        seen.setdefault(loosest(path.prefix), path.prefix)


def build_policies(
    options: ApiSettings, where: Where, *, https: bool
) -> tuple[list[tuple[str, CorsPolicy]], list[Finding]]:
    """Make the policies of one API by public prefix, or say what is wrong with them."""
    findings: list[Finding] = []
    tables: list[tuple[str, PolicySettings, Where]] = [("/", options, where)]
    for index, path in enumerate(options.paths):
        prefix = options.path.rstrip("/") + path.prefix
        tables.append((prefix, path, (*where, "paths", index)))
    policies: list[tuple[str, CorsPolicy]] = []
    for prefix, table, place in tables:
        try:
            policies.append((prefix, CorsPolicy(**_policy_values(table, options, https=https))))
        except ConfigError as error:
            findings += (
                _located(problem, table, place, options, where) for problem in error.problems
            )
    return policies, findings


def _policy_values(table: PolicySettings, api_table: ApiSettings, *, https: bool) -> dict[str, Any]:
    values = {
        _POLICY_FIELDS.get(name, name): getattr(
            table if name in table.model_fields_set else api_table, name
        )
        for name in POLICY_OPTIONS
    }
    values["api_is_https"] = https or any(
        origin.startswith("https://") for origin in values["same_origins"]
    )
    return values


def _located(
    problem: Problem, table: PolicySettings, where: Where, api_table: ApiSettings, api_where: Where
) -> Finding:
    """Say of a policy's problem which option it is in, with the index of the item."""
    option = _OPTIONS.get(problem.field, problem.field)
    index = None
    if table is not api_table and option not in table.model_fields_set:
        table, where = api_table, api_where
    if option == "allow_origins" and problem.value is None:
        return Finding((*where, option), None, _NO_ORIGIN)
    items = getattr(table, option, None)
    if isinstance(items, tuple) and problem.value in items:
        # The last: of a text that is listed twice, it is the second that is too much.
        index = len(items) - 1 - items[::-1].index(problem.value)
    place = (*where, option) if index is None else (*where, option, index)
    return Finding(place, problem.value, problem.reason)
