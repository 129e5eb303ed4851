"""What is wrong with a configuration, and exactly where; pydantic's errors in our own words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

from pydantic import ValidationError

from xdr_bridge.config.spelling import Where, as_flag
from xdr_bridge.http.errors import ConfigError, Problem

__all__ = ["Finding", "InvalidSettingsError", "nearest", "read_validation_error", "without"]

Values: TypeAlias = dict[str, Any]

_REASONS = {
    "string_type": "is no text; write it in quotes",
    "tuple_type": "is no list; a list such as ['GET', 'PUT'] is accepted",
    "tables": "is no list of tables; [[apis]] and [[apis.paths]] are",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "model_type": "is no table of options",
    "model_attributes_type": "is no table of options",
    "dataclass_type": "is no table of options",
    "float_parsing": "is no number",
    "float_type": "is no number",
    "no_number": "is no number",
}
# Keys that hold a table, or a list of them.
_TABLES = frozenset({"apis", "paths", "limits"})
_NO_INTEGER = "is no whole number"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong, in the model's terms; a source says how the operator wrote it.

    Attributes:
        where: The path in the model, for example `("apis", 0, "url")`.
        value: The offending value; None where one is missing.
        reason: What is wrong and what would be accepted, in one sentence.
    """

    where: Where
    value: str | None
    reason: str


class InvalidSettingsError(ConfigError):
    """`Settings` that do not hold; `findings` are its problems before they are spelled."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__(tuple(Problem(as_flag(f.where), f.value, f.reason) for f in self.findings))


def read_validation_error(
    error: ValidationError, known: Mapping[Where, Collection[str]]
) -> list[Finding]:
    """Say in our words what pydantic found.

    Args:
        error: What it raised.
        known: The names that each kind of table knows, by its path with indices left out.
    """
    findings = []
    for detail in error.errors(include_url=False, include_context=False):
        kind, where, value = detail["type"], tuple(detail["loc"]), detail["input"]
        if kind in ("extra_forbidden", "unexpected_keyword_argument"):
            table = tuple(part for part in where[:-1] if isinstance(part, str))
            findings.append(Finding(where, None, unknown(str(where[-1]), known.get(table, ()))))
        else:
            if kind == "tuple_type" and where[-1] in _TABLES:
                kind = "tables"
            reason = _REASONS.get(kind) or (
                _NO_INTEGER if kind.startswith("int_") else "cannot be read"
            )
            findings.append(Finding(where, str(value), reason))
    return findings


def unknown(name: str, known: Iterable[str]) -> str:
    """Say that a name is unknown, and which one may be meant."""
    meant = nearest(name, known)
    return "is no option" + (f"; {meant} is meant, perhaps" if meant else " that is known")


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that looks most like this one, if any does."""
    if len(name) == 2 and name[0] == "-":
        # One letter is short for what begins with it, or for nothing.
        return min((flag for flag in known if flag.startswith(f"-{name}")), key=len, default=None)
    candidates = {candidate.lower(): candidate for candidate in known}
    close = get_close_matches(name.lower(), candidates, n=1, cutoff=0.5)
    return candidates[close[0]] if close else None


def without(values: Values, places: Iterable[Where]) -> Values:
    """Return the values less what is at these places, so that the rest can be judged.

    A bad item takes its whole list of texts along; of a list of tables only itself is emptied, so
    that indices stay what the operator counted.
    """
    rest: Values = _copied(values)
    for where in places:
        _remove(rest, where)
    return rest


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_copied(item) for item in value]
    return value


def _remove(table: Any, where: Where) -> None:
    for depth, part in enumerate(where):
        last = depth == len(where) - 1
        if isinstance(part, int):
            # An item of a list of tables; anything but a table becomes an empty one.
            if last or not isinstance(table[part], dict):
                table[part] = {}
                return
        elif last or part not in _TABLES or not isinstance(table.get(part), dict | list):
            table.pop(part, None)
            return
        table = table[part]
