"""A policy for each path prefix, matched on what is forwarded, whatever its spelling.

A path is matched in its normal form: percent-encoded letters, digits and `-._~` are decoded
(RFC 3986, section 6.2.2), letter case counts, `+` is a plus sign. Some APIs read more into a path
than that: `%2F` as a slash, `//` as `/`, `;x` as nothing; on Windows `/Admin` and `/admin.` are
`/admin` (`http.paths`). Where such a reading would fall under another policy, the target is
refused; where it would not, it passes untouched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from xdr_bridge.cors.policy import CorsPolicy
from xdr_bridge.http.errors import Code, ConfigError, Problem, RequestError
from xdr_bridge.http.paths import is_ambiguous, loosest, normalised
from xdr_bridge.http.targets import resolve_target, shown_target, split_target

_MAX_PREFIX_CHARACTERS = 1024
# Nothing that stands in a prefix may be ambiguous itself, but for its letter case.
_AMBIGUOUS_PREFIX = re.compile(
    r"%(?:2[EF53]|5C|3[BF]|[01][0-9A-F]|7F)|%20(?:/|\Z)|;|//|\.(?:/|\Z)|:\$"
)


class PolicyTable:
    """The policies of one API by path prefix; the longest prefix wins.

    `/admin` stands for `/admin` and everything under `/admin/`, not for `/administrator`. `/` is
    every path that no other prefix stands for, and has to be there.
    Accepted: `/`, `/admin`, `/v1/public`. Refused: `admin`, `/admin/`, `/admin?x`, `/a/../b`,
    `/%61dmin`, `/a//b`, `/a;b`, `/a%2Fb`.
    """

    __slots__ = ("_default", "_depth", "_is_plain", "_loose", "_policies", "_strict")

    def __init__(
        self,
        policies: Mapping[str, CorsPolicy] | Iterable[tuple[str, CorsPolicy]],
        *,
        mount: str | None = None,
    ) -> None:
        """Make the table; it never changes after.

        Args:
            policies: Each policy with its prefix, in any order.
            mount: The bridge's own path, of which nothing is forwarded.

        Raises:
            ConfigError: Every problem of the prefixes at once.
        """
        pairs: tuple[tuple[str, CorsPolicy], ...] = tuple(
            policies.items() if isinstance(policies, Mapping) else policies
        )
        problems = tuple(prefix_problems([prefix for prefix, _ in pairs], mount=mount))
        if problems:
            raise ConfigError(problems)
        self._strict: dict[str, CorsPolicy] = dict(pairs)
        self._default = self._strict.pop("/")
        self._loose = {loosest(prefix): policy for prefix, policy in self._strict.items()}
        # Then a path that nobody reads otherwise need not be looked at twice.
        self._is_plain = all(map(str.__eq__, self._loose, self._strict))
        self._policies = (self._default, *self._strict.values())
        self._depth = max((prefix.count("/") for prefix in self._strict), default=0)

    @property
    def policies(self) -> tuple[CorsPolicy, ...]:
        """Every policy, that of `/` first."""
        return self._policies

    def prefix_of(self, policy: CorsPolicy) -> str:
        """Return the prefix that stands for this policy of the table, for whoever explains it."""
        return next((prefix for prefix, kept in self._strict.items() if kept is policy), "/")

    def for_target(self, target: str) -> CorsPolicy:
        """Return the policy for a target that `resolve_target` has resolved.

        Raises:
            RequestError: The API may read the path as one that has another policy.
        """
        if not self._depth:
            return self._default
        path = split_target(target)[0]
        if self._is_plain and not is_ambiguous(path):
            return self._longest(self._strict, path)
        policy = self._longest(self._strict, normalised(path))
        if self._longest(self._loose, loosest(path)) != policy:
            raise RequestError(
                Code.TARGET_MALFORMED,
                f"the target {shown_target(target)} can be read as a path that has another policy;"
                " the path in the policy's own letter case, without '//', ';', '%2F', '%5C',"
                " double encoding, and dots or blanks at the end of a segment, is accepted",
            )
        return policy

    def admits_anywhere(self, origin_lines: Sequence[str]) -> str:
        """Return the origin, if any path's policy allows it: the gate while a target is unread.

        Raises:
            RequestError: None does; what the policy of `/` says of it.
        """
        return self.admitting(origin_lines)[1]

    def admitting(self, origin_lines: Sequence[str]) -> tuple[CorsPolicy, str]:
        """Return the first policy that allows the origin, and the origin.

        Raises:
            RequestError: None does; what the policy of `/` says of it.
        """
        refusal: RequestError | None = None
        for policy in self._policies:
            try:
                return policy, policy.admit_origin(origin_lines)
            except RequestError as error:
                refusal = refusal or error
        assert refusal is not None
        raise refusal

    def _longest(self, policies: Mapping[str, CorsPolicy], path: str) -> CorsPolicy:
        # No further than the deepest prefix: a path of a thousand slashes costs no more.
        segments = path.split("/", self._depth + 1)[1 : self._depth + 1]
        for count in range(len(segments), 0, -1):
            policy = policies.get("/" + "/".join(segments[:count]))
            if policy is not None:
                return policy
        return self._default


def prefix_problems(prefixes: Sequence[str], *, mount: str | None = None) -> Iterator[Problem]:
    """Go through everything that is wrong with the prefixes of a table."""
    if "/" not in prefixes:
        yield Problem("/", None, "has no policy; every path that no prefix covers needs one")
    seen: dict[str, str] = {}
    told: set[str] = set()
    for prefix in prefixes:
        reason = None if prefix == "/" else _prefix_reason(prefix, mount)
        other = seen.setdefault(loosest(prefix), prefix) if reason is None else None
        if prefix in told:
            reason = "has more than one policy; one is accepted"
        elif other not in (None, prefix):
            reason = f"is {other} to a server that tells no letter case apart; one is accepted"
        if reason is not None:
            yield Problem(prefix, prefix, reason)
        told.add(prefix)


def _prefix_reason(prefix: str, mount: str | None) -> str | None:
    if not prefix.startswith("/"):
        return f"does not begin with a slash; /{prefix} is accepted"
    if prefix.endswith("/"):
        return f"ends with a slash; {prefix.rstrip('/') or '/'} is accepted"
    if "?" in prefix or "#" in prefix:
        return "has a query or a fragment; a path is accepted"
    try:
        resolved = resolve_target(prefix, max_characters=_MAX_PREFIX_CHARACTERS)
    except RequestError as error:
        return f"is no path that can be forwarded: {error.detail}"
    if resolved != prefix:
        return f"has dot segments; {resolved.rstrip('/') or '/'} is accepted"
    if normalised(prefix) != prefix:
        return f"is percent-encoded where it need not be; {normalised(prefix)} is accepted"
    if _AMBIGUOUS_PREFIX.search(prefix) is not None:
        return (
            "can be read as another path; none of '//', ';', '%25', '%2F' and '%5C', and no dot or"
            " blank at the end of a segment, is accepted"
        )
    if mount is not None and (prefix == mount or prefix.startswith(mount + "/")):
        return f"is the bridge's own, under {mount}; nothing there is forwarded: leave it out"
    return None
