"""A call as a page makes it, to ask about. Syntax only; what becomes of it, the bridge says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from xdr_bridge.http.errors import Code, ConfigError, Problem, RequestError
from xdr_bridge.http.fields import normalise_method
from xdr_bridge.http.messages import Headers, Pair, combined, is_token


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A call as a page makes it.

    Attributes:
        host: The public host that is called, with its port; None where it is not said.
        target: Path and query.
        origin: The page's origin; None where who calls is no page.
        method: The method, normalised.
        headers: The headers that the page sets, combined where it sets one twice.
    """

    host: str | None
    target: str
    origin: str | None
    method: str
    headers: Headers

    @classmethod
    def read(cls, url: str, origin: str | None, method: str, headers: Sequence[str]) -> Question:
        """Read a question as it is written on a command line.

        Args:
            url: A path, or a URL.
            origin: The page's origin.
            method: Any method.
            headers: Fields as `Name: value`.

        Raises:
            ConfigError: What cannot be asked; every problem at once.
        """
        problems: list[Problem] = []
        host, target = None, url.partition("#")[0]
        if not target.startswith("/"):
            try:
                parts = urlsplit(target)
                host = parts.netloc.rpartition("@")[2]
                if parts.scheme not in ("http", "https") or not parts.hostname:
                    raise ValueError
                target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            except ValueError:
                reason = "is neither a path nor an http or https URL; /items would be"
                problems.append(Problem("URL", url, reason))
        if not is_token(method):
            problems.append(Problem("--method", method, "is no method; PUT would be"))
        pairs, header_problems = _read_fields(headers)
        problems += header_problems
        if problems:
            raise ConfigError(tuple(problems))
        method = normalise_method(method)
        fields = Headers(combined(pairs))
        return cls(host=host, target=target, origin=origin, method=method, headers=fields)


def _read_fields(lines: Sequence[str]) -> tuple[list[Pair], list[Problem]]:
    pairs: list[Pair] = []
    problems: list[Problem] = []
    for line in lines:
        name, colon, value = line.partition(":")
        try:
            if not colon:
                raise RequestError(Code.HEADER_NAME_MALFORMED, "it has no colon")
            pairs += Headers([(name, value.strip(" \t"))])
        except RequestError as error:
            reason = f"cannot be set: {error.detail}; 'X-Name: value' would be accepted"
            problems.append(Problem("--header", line, reason))
    return pairs, problems
