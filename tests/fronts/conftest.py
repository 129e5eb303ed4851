from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fronts.api import Api
from tests.fronts.checks import OTHER_PAGE, PAGE, Way
from tests.fronts.fronts import FRONTS, Front
from tests.fronts.running import running_front
from tests.support.apis import scripted_api
from tests.support.gateways import running_gateway


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--write-tables", action="store_true", help="put what is measured into docs/fronts.md"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/fronts/" in item.nodeid:
            item.add_marker(pytest.mark.fronts)


@pytest.fixture(scope="session")
def cells() -> dict[str, dict[tuple[str, str], str]]:
    """What this run has measured: table -> (row, column) -> cell."""
    return {"fronts": {}, "rules": {}}


@pytest.fixture(scope="module", params=FRONTS, ids=lambda front: front.name)
def front(request: pytest.FixtureRequest) -> Front:
    front: Front = request.param
    if front.path is None:
        pytest.skip(front.missing)
    return front


@pytest.fixture(scope="module")
def way(front: Front) -> Iterator[Way]:
    """A front with its recipe, a bridge that trusts it, and an API."""
    api = Api()
    with (
        scripted_api(api.script) as thread,
        running_gateway(
            thread.url,
            allow_origins=(PAGE, OTHER_PAGE),
            allow_methods=("GET", "HEAD", "POST", "PUT", "PROPFIND"),
            trusted_proxies=("127.0.0.1",),
        ) as bridge,
        running_front(front, bridge.port) as running,
    ):
        yield Way(running.port, api, thread)
