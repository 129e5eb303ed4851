"""nginx in front of two bridges, as in docs/deploy: one goes under load, and no call is lost."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.fronts.fronts import FRONTS, RECIPES, Front, Place
from tests.fronts.running import Running, running_front
from tests.support.apis import ThreadedRawApi, scripted_api
from tests.support.load import Load
from tests.support.processes import Serving, serving
from tests.support.raw_api import Script, answering

SMALL = b"HTTP/1.1 204 No Content\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
NGINX = FRONTS[0]


def nginx_in_front_of(*ports: int) -> Front:
    """Make the front of docs/deploy/nginx-bridges.conf, with these bridges in their place."""

    def start(program: str, place: Place) -> list[str]:
        text = (RECIPES.parent / "deploy" / "nginx-bridges.conf").read_text("utf-8")
        line = "    server bridge:8780 max_fails=1 fail_timeout=2s;\n"
        assert line in text
        assert "listen 80;" in text
        lines = [line.replace("bridge:8780", f"127.0.0.1:{port}") for port in ports]
        text = text.replace(line, "".join(lines))
        text = text.replace("listen 80;", f"listen 127.0.0.1:{place.port};")
        kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        temporary = "".join(f"{kind}_temp_path {place.folder}/{kind};\n" for kind in kinds)
        user = "user root;\n" if os.geteuid() == 0 else ""
        path = place.write(
            "nginx.conf",
            f"{user}daemon off;\nworker_processes 1;\npid {place.folder}/pid;\n"
            "error_log stderr crit;\nevents { worker_connections 256; }\n"
            f"http {{\naccess_log off;\n{temporary}{text}\n}}\n",
        )
        return [program, "-e", "stderr", "-p", str(place.folder), "-c", str(path)]

    return Front("nginx", "nginx", "nginx", (), start)


@contextmanager
def two_bridges(script: Script) -> Iterator[tuple[Running, list[Serving]]]:
    """Run an API, two bridges before it and nginx before both."""
    if NGINX.path is None:
        pytest.skip(NGINX.missing)
    with contextlib.ExitStack() as stack:
        api: ThreadedRawApi = stack.enter_context(scripted_api(script))
        options = ("--port", "0", "--allow-origin", "*", "--trusted-proxy", "127.0.0.1")
        bridges = [stack.enter_context(serving(api.url, *options)) for _ in range(2)]
        ports = [
            int(bridge.wait_for("in front of").split()[1].rpartition(":")[2]) for bridge in bridges
        ]
        yield stack.enter_context(running_front(nginx_in_front_of(*ports), 0)), bridges


@pytest.mark.parametrize(
    ("answer", "end"),
    [(SMALL, signal.SIGKILL), (SMALL, signal.SIGTERM), (LARGE, signal.SIGTERM)],
    ids=["killed", "ended", "ended-large"],
)
def test_one_of_two_bridges_goes_and_no_call_is_lost(answer: bytes, end: int) -> None:
    with two_bridges(answering(answer)) as (nginx, (first, second)):
        with Load(nginx.port, "/x", status=int(answer[9:12])) as calls:
            calls.wait_for_more(200)
            first.process.send_signal(end)
            calls.wait_for_more(200)
            first.process.wait(60)
            calls.wait_for_more(200)
        assert calls.failures == []
        assert calls.stale == 0
        assert second.process.poll() is None
    assert first.process.returncode == (-end if end == signal.SIGKILL else 0)
