"""What is in force, and who said so: as lines, as JSON, and the schema for editors. No printing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from xdr_bridge.config.options import POLICY_OPTIONS, ApiSettings
from xdr_bridge.config.settings import SERVICE_OPTIONS, Settings
from xdr_bridge.config.sources import Loaded
from xdr_bridge.config.spelling import Where, as_key

__all__ = ["Entry", "as_json", "as_lines", "entries", "schema"]

_SCHEMA_URL = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Entry:
    """One option: where it is, what holds, and who said so.

    Attributes:
        where: Its place in the model.
        value: What holds: text, number, boolean, a list of texts, or None.
        source: In words, for example "flag --port", "environment variable XDR_BRIDGE_PORT",
            "bridge.toml: port" or "default".
    """

    where: Where
    value: Any
    source: str


def entries(loaded: Loaded) -> Iterator[Entry]:
    """Return every option, in the order of the file; none of a policy where the API decides."""
    settings = loaded.settings
    yield from (
        _entry(loaded, (name,), getattr(settings, name))
        for name in ("api", *SERVICE_OPTIONS)
        if name != "limits" and not (name == "api" and settings.apis)
    )
    if not settings.apis and settings.routes[0].policies is not None:
        yield from (_entry(loaded, (name,), getattr(settings, name)) for name in POLICY_OPTIONS)
    elif settings.public_origins:
        yield _entry(loaded, ("public_origins",), settings.public_origins)
    for name in settings.limits.__dataclass_fields__:
        yield _entry(loaded, ("limits", name), getattr(settings.limits, name))
    for index, (api, route) in enumerate(zip(settings.apis, settings.routes, strict=False)):
        names = (
            type(api).model_fields
            if route.policies is not None
            else ("url", "path", "host", "public_origins")
        )
        yield from _table(loaded, ("apis", index), api, names, None)
        for number, path in enumerate(api.paths):
            place: Where = ("apis", index, "paths", number)
            yield from _table(loaded, place, path, type(path).model_fields, api)


def _table(
    loaded: Loaded,
    where: Where,
    table: BaseModel,
    names: Iterable[str],
    above: ApiSettings | None,
) -> Iterator[Entry]:
    for name in names:
        if name == "paths":
            continue
        given = name in table.model_fields_set
        if not given and above is not None:
            value, source = getattr(above, name), f"as {as_key(where[:2])}"
        else:
            value, source = getattr(table, name), "default"
        yield Entry((*where, name), value, _source(loaded, (*where, name)) if given else source)


def _entry(loaded: Loaded, where: Where, value: Any) -> Entry:
    return Entry(where, value, _source(loaded, where))


def _source(loaded: Loaded, where: Where) -> str:
    sources = loaded.sources
    match sources.source_of(where):
        case "flags":
            written = sources.spelled(where)
            return f"flag {written}" if written.startswith("-") else f"argument {written}"
        case "environment":
            return f"environment variable {sources.spelled(where)}"
        case "file":
            return f"{sources.file}: {as_key(where)}"
    return "default"


def as_lines(loaded: Loaded) -> Iterator[str]:
    """Write the settings as the TOML that would make them, with each value's source beside it."""
    table: Where = ()
    if any(route.policies is None for route in loaded.settings.routes):
        yield "# An API without a policy decides what pages may do, by its own CORS answers."
    for entry in entries(loaded):
        if entry.where[:-1] != table:
            table = entry.where[:-1]
            yield ""
            yield _heading(table)
        name = entry.where[-1]
        if entry.value is None:
            yield f"{f'# {name} is not given':<48}  # {entry.source}"
        else:
            yield f"{f'{name} = {_toml(entry.value)}':<48}  # {entry.source}"


def _heading(table: Where) -> str:
    names = ".".join(part for part in table if isinstance(part, str))
    return f"[[{names}]]" if isinstance(table[-1], int) else f"[{names}]"


def _toml(value: Any) -> str:
    # JSON's texts, numbers, booleans and lists of texts are TOML's too.
    return json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)


def as_json(loaded: Loaded) -> dict[str, Any]:
    """Return the settings as data: for each option's key its value and its source."""
    return {
        as_key(entry.where): {"value": entry.value, "source": entry.source}
        for entry in entries(loaded)
    }


def schema() -> str:
    """Return the JSON Schema of the TOML file, as text, for editors."""
    made = _tidied(Settings.model_json_schema())
    made["title"] = "xdr-bridge"
    made["description"] = "The configuration file of xdr-bridge; see docs/configuration.md."
    return json.dumps({"$schema": _SCHEMA_URL, **made}, indent=2) + "\n"


def _tidied(node: Any) -> Any:
    """Leave out what says nothing to who edits a file: made-up titles, null, our docstrings."""
    if isinstance(node, list):
        return [_tidied(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {
        key: _tidied(value)
        for key, value in node.items()
        if not (key == "title" and isinstance(value, str)) and not (key == "default" and not value)
    }
    if isinstance(kept.get("description"), str):
        kept["description"] = kept["description"].partition("\n")[0]
    options = [item for item in kept.pop("anyOf", []) if item != {"type": "null"}]
    return {**options[0], **kept} if len(options) == 1 else kept
