"""What all tests share: the log is watched, the bridge and its API run on real sockets."""

from __future__ import annotations

import asyncio
import importlib
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.apis import TableApi, ThreadedRawApi, scripted_api, table_api
from tests.support.gateways import RunningGateway, running_gateway
from tests.support.raw_api import Script
from tests.support.slowness import tells_of_slowness

# Two cores and -X dev: time says nothing. `make test` says the same of the same code every time, so
# its examples are the same everywhere. HYPOTHESIS_PROFILE=thorough and `make fuzz` look for new
# ones; whatever fails says how it is repeated.
_RELAXED = {
    "deadline": None,
    "print_blob": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
settings.register_profile("quick", max_examples=100, derandomize=True, **_RELAXED)
settings.register_profile("thorough", max_examples=5000, **_RELAXED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "quick"))

pytest_plugins = ["tests.support.workers"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--uvloop", action="store_true", help="run all loops of this process on it")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--uvloop"):
        uvloop = importlib.import_module("uvloop")
        asyncio.set_event_loop_policy(uvloop.EventLoopPolicy())
    # Hypothesis keeps choices of all kinds in one table, which -bb takes for a mistake.
    config.addinivalue_line(
        "filterwarnings",
        r"ignore:Comparison between bytes and (int|string):BytesWarning:hypothesis\..*",
    )


class Logs(logging.Handler):
    """Collects what is logged at warning or above, in any thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        line = self.format(record)
        if not tells_of_slowness(record.getMessage()):
            self.lines.append(line)

    def expect(self, *words: str) -> None:
        """Announce that a line with each of these words is there; each line is used once."""
        for word in words:
            for line in self.lines:
                if word in line:
                    self.lines.remove(line)
                    break
            else:
                pytest.fail(f"nothing logged with {word!r}: {self.lines}")


@pytest.fixture(autouse=True)
def logs() -> Iterator[Logs]:
    """Fail a test in which something is logged at warning or above without `logs.expect`."""
    handler = Logs()
    root = logging.getLogger()
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    assert handler.lines == []


@pytest.fixture(scope="session")
def shared_api() -> Iterator[TableApi]:
    with table_api() as api:
        yield api


@pytest.fixture
def api(shared_api: TableApi) -> TableApi:
    """A table of endpoints; `received` begins empty."""
    shared_api.received.clear()
    return shared_api


@pytest.fixture(scope="module")
def shared_bridge(shared_api: TableApi) -> Iterator[RunningGateway]:
    with running_gateway(shared_api.url, expose_headers=("X-Total-Count",)) as bridge:
        yield bridge


@pytest.fixture
def bridge(shared_bridge: RunningGateway, api: TableApi) -> RunningGateway:
    """A bridge in front of `api` for pages of https://shop.example, otherwise as it comes."""
    shared_bridge.exchanges.clear()
    return shared_bridge


@pytest.fixture
def make_bridge(api: TableApi) -> Iterator[Callable[..., RunningGateway]]:
    """Start a bridge with settings of its own: make_bridge(api_url=None, **settings)."""
    with ExitStack() as stack:

        def make(api_url: str | None = None, **settings: Any) -> RunningGateway:
            running: AbstractContextManager[RunningGateway] = running_gateway(
                api_url or api.url, **settings
            )
            return stack.enter_context(running)

        yield make


@pytest.fixture
def make_api() -> Iterator[Callable[..., ThreadedRawApi]]:
    """Start an API of scripts: make_api(script, ...)."""
    with ExitStack() as stack:

        def make(*scripts: Script, **options: Any) -> ThreadedRawApi:
            return stack.enter_context(scripted_api(*scripts, **options))

        yield make
