"""What is insecure or senseless about the origins of a policy, with what would be accepted."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Sequence

try:
    # The extra `idna`: all it does is to make one message better.
    import idna
except ImportError:  # pragma: no cover
    idna = None  # type: ignore[assignment]

from xdr_bridge.cors.expressions import OriginExpression
from xdr_bridge.cors.options import PolicyOptions
from xdr_bridge.cors.patterns import Entry, OriginIndex, WildcardOrigin, parse_entry
from xdr_bridge.cors.suffixes import is_public_suffix
from xdr_bridge.http.errors import Problem
from xdr_bridge.http.origins import DEFAULT_PORTS, Origin


def find_origin_problems(options: PolicyOptions) -> Iterator[Problem]:
    """Go through every problem of the origins, the patterns and the same origins."""
    if not (options.origins or options.origin_patterns or options.dangerously_allow_null_origin):
        yield Problem("origins", None, "name at least one origin, such as https://shop.example")
    yield from _any_origin_problems(options)
    yield from _null_problems(options)
    entries: dict[str, Entry] = {}
    same: dict[str, Entry] = {}
    expressions: dict[str, OriginExpression] = {}
    named = [value for value in options.origins if value not in ("*", "null")]
    yield from _read_entries("origins", named, entries)
    yield from _read_expressions(options.origin_patterns, expressions)
    yield from _read_entries("same_origins", options.same_origins, same)
    for text, entry in same.items():
        if isinstance(entry, WildcardOrigin):
            yield Problem("same_origins", text, "is a pattern; whole origins are accepted")
        elif text in entries:
            yield Problem(
                "same_origins",
                text,
                "stands among the origins, too; pages of the API's own origin need no leave: leave"
                " it out there",
            )
    yield from _covered(entries, expressions)
    if options.credentials:
        if not options.dangerously_allow_public_suffixes:
            yield from _shared(entries, expressions)
        if options.api_is_https and not options.dangerously_allow_insecure_origins:
            yield from _insecure(entries, expressions, same)


_WITH_CREDENTIALS = "cannot be combined with credentials: any site could act for the user"


def _any_origin_problems(options: PolicyOptions) -> Iterator[Problem]:
    if "*" not in options.origins:
        return
    if len(set(options.origins)) > 1 or options.origin_patterns:
        yield Problem("origins", "*", "allows every origin; leave out the others or '*'")
    if options.credentials:
        yield Problem("origins", "*", f"{_WITH_CREDENTIALS}; list the origins")


def _null_problems(options: PolicyOptions) -> Iterator[Problem]:
    allowed = options.dangerously_allow_null_origin
    if "null" in options.origins:
        reason = "is admitted by dangerously_allow_null_origin already; leave it out here"
        if not allowed:
            reason = (
                "is what every sandboxed frame and local file sends, any site's; only"
                " dangerously_allow_null_origin admits it"
            )
        yield Problem("origins", "null", reason)
    if allowed and options.credentials:
        yield Problem(
            "dangerously_allow_null_origin",
            "true",
            f"{_WITH_CREDENTIALS}, from a sandboxed frame; leave out one",
        )


def _read_entries(
    field_name: str, values: Sequence[str], into: dict[str, Entry]
) -> Iterator[Problem]:
    for value in values:
        try:
            into[value] = parse_entry(value)
        except ValueError as error:
            reason = _correction(value) or _with_example(str(error), "https://shop.example")
            yield Problem(field_name, value, reason)


def _read_expressions(
    values: Sequence[str], into: dict[str, OriginExpression]
) -> Iterator[Problem]:
    for value in values:
        try:
            into[value] = OriginExpression(value)
        except ValueError as error:
            reason = _with_example(str(error), r"https://pr-[0-9]+\.shop\.example")
            if _is_entry(value):
                reason = "is no regular expression; write it among the origins"
            yield Problem("origin_patterns", value, reason)


def _with_example(reason: str, example: str) -> str:
    return reason if ";" in reason else f"{reason}; {example} would be accepted"


def _is_entry(value: str) -> bool:
    try:
        parse_entry(value)
    except ValueError:
        return False
    return True


def _is_expression(value: str) -> bool:
    try:
        OriginExpression(value)
    except ValueError:
        return False
    return True


def _covered(
    entries: dict[str, Entry], expressions: dict[str, OriginExpression]
) -> Iterator[Problem]:
    wildcards = [entry for entry in entries.values() if isinstance(entry, WildcardOrigin)]
    index = OriginIndex(wildcards, expressions.values())
    for text, entry in entries.items():
        found = index.find(entry) if isinstance(entry, Origin) else index.find_wildcard(entry)
        if found is not None:
            name = found.source if isinstance(found, OriginExpression) else found
            yield Problem("origins", text, f"is covered by {name}; leave one of them out")
    for text, expression in expressions.items():
        apex = Origin(expression.scheme, expression.base, None)
        below = Origin(expression.scheme, f"x.{expression.base}", None)
        wildcard = index.find_wildcard(apex) or (
            None if expression.matches(str(apex)) else index.find_wildcard(below)
        )
        if wildcard is not None and not expression.has_port:
            yield Problem(
                "origin_patterns", text, f"is covered by {wildcard}; leave one of them out"
            )


def _shared(
    entries: dict[str, Entry], expressions: dict[str, OriginExpression]
) -> Iterator[Problem]:
    """Subdomains of a public suffix belong to strangers.

    https://publicsuffix.org/learn/
    """
    found: list[tuple[str, str, str]] = []
    for text, entry in entries.items():
        if isinstance(entry, WildcardOrigin) and entry.subdomains:
            found.append(("origins", text, entry.host))
    for text, expression in expressions.items():
        if not expression.host_is_literal:
            found.append(("origin_patterns", text, expression.base))
    for field_name, text, base in found:
        if is_public_suffix(base):
            yield Problem(
                field_name,
                text,
                f"trusts all of {base}, where strangers have names, with credentials; list the"
                " origins, or set dangerously_allow_public_suffixes",
            )


def _insecure(
    entries: dict[str, Entry], expressions: dict[str, OriginExpression], same: dict[str, Entry]
) -> Iterator[Problem]:
    """Anybody on the network can answer for an http origin, and then speak to the https API."""
    trusted = [("origins", text, entry.scheme, entry.host) for text, entry in entries.items()]
    trusted += [
        ("origin_patterns", text, expression.scheme, expression.base)
        for text, expression in expressions.items()
    ]
    trusted += [("same_origins", text, entry.scheme, entry.host) for text, entry in same.items()]
    for field_name, text, scheme, host in trusted:
        if scheme == "http" and not Origin(scheme, host, None).is_loopback:
            yield Problem(
                field_name,
                text,
                "trusts http pages, for which anybody on the network can speak, with an https API"
                " and credentials; https and localhost are accepted, others with"
                " dangerously_allow_insecure_origins",
            )


_NOT_ASCII = "is not ASCII; its name as browsers write it, which begins with xn--, is accepted"


def _correction(value: str) -> str | None:
    """Say what is wrong with an entry and what is meant, where that can be told."""
    if any(character in value.strip() for character in ", \t\n;"):
        return "holds more than one origin; each is an entry of its own"
    if _is_expression(value):
        return "is a regular expression; write it among the origin_patterns"
    wrong: list[str] = []

    def note(what: str, before: str, after: str) -> str:
        if before != after:
            wrong.append(what)
        return after

    text = note("has white space around it", value, value.strip())
    text = note("has upper case", text, text.lower())
    if "://" not in text:
        text = note("has no scheme", text, f"https://{text}")
    scheme, _, rest = text.partition("://")
    authority = rest
    for mark in "/?#":
        authority = authority.partition(mark)[0]
    tail = rest.removeprefix(authority)
    what = "ends with a slash" if tail == "/" else "has a path, a query or a fragment"
    note(what, rest, authority)
    host_port = note("names a user", authority, authority.rpartition("@")[2])
    host, colon, port = host_port.rpartition(":")
    if not colon or host_port.endswith("]"):
        host, colon, port = host_port, "", ""
    host = note("has a dot at the end", host, host.rstrip("."))
    host = note("is not ASCII", host, _ascii_host(host))
    host = note("writes an IPv6 address another way", host, _compressed(host))
    if port == str(DEFAULT_PORTS.get(scheme)):
        colon = port = note("writes out the default port", port, "")
    meant = f"{scheme}://{host}{colon}{port}"
    if wrong and _is_entry(meant):
        return f"{' and '.join(wrong)}; {meant} is accepted"
    return None if host.isascii() else _NOT_ASCII


def _ascii_host(host: str) -> str:
    """Return the host as browsers write it, if that can be told.

    By UTS 46 without the transitional mappings, to which `faß.de` is `xn--fa-hia.de`. Python's own
    codec follows IDNA 2003, to which it is `fass.de`: somebody else's name.
    """
    if host.isascii() or idna is None:
        return host
    try:
        return idna.encode(host, uts46=True, transitional=False).decode("ascii")
    except UnicodeError:
        return host


def _compressed(host: str) -> str:
    try:
        return f"[{ipaddress.IPv6Address(host.strip('[]')).compressed}]"
    except ValueError:
        return host
