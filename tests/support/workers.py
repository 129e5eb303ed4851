"""How `make test` spreads tests over pytest-xdist's workers: all as strict, long files first."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from typing import Any, Protocol

import pytest

# Folders whose files take longest, so that no worker is left alone with one of them at the end.
_LONG = ("browser", "soak", "serving", "fuzz", "gateway", "upstream")


class _Spec(Protocol):
    """What execnet makes one worker from."""

    python: str | None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: Sequence[_Spec]) -> None:
    """Start workers with this interpreter's own -X dev and -bb, which they would not inherit."""
    flags = ["-X", "dev"] if sys.flags.dev_mode else []
    flags += ["-b"] * sys.flags.bytes_warning
    for spec in specs:
        spec.python = shlex.join([sys.executable, *flags])


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker how strict it has to be."""
    node.workerinput["strictness"] = _strictness()


def pytest_configure(config: pytest.Config) -> None:
    told = getattr(config, "workerinput", None)
    if told is not None and told["strictness"] != _strictness():
        raise pytest.UsageError(f"a worker runs with {sys.flags}, another strictness than make's")


def _strictness() -> list[int]:
    return [int(sys.flags.dev_mode), sys.flags.bytes_warning]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(item.config.rootpath / "tests").parts[0]
    return _LONG.index(folder) if folder in _LONG else len(_LONG)
