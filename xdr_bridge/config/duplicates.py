"""What is listed twice: the configuration holds, and the operator is told."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from xdr_bridge.config.findings import Finding
from xdr_bridge.config.service import ServiceSettings
from xdr_bridge.config.spelling import Where
from xdr_bridge.cors.problems import find_duplicates


def duplicates(settings: ServiceSettings) -> Iterator[Finding]:
    """Go through every list of every table."""
    yield from _of_table(settings, ())
    for index, api in enumerate(settings.apis):
        yield from _of_table(api, ("apis", index))
        for number, path in enumerate(api.paths):
            yield from _of_table(path, ("apis", index, "paths", number))


def _of_table(table: BaseModel, where: Where) -> Iterator[Finding]:
    for name in type(table).model_fields:
        values = getattr(table, name)
        if not isinstance(values, tuple) or not all(isinstance(value, str) for value in values):
            continue
        for problem in find_duplicates(name, values):
            # The last: it is the second that is too much.
            last = len(values) - 1 - values[::-1].index(problem.value)
            yield Finding((*where, name, last), problem.value, problem.reason)
