"""A front server in a process of its own, for a `with` block."""

from __future__ import annotations

import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fronts.fronts import Front, Place
from tests.support.apis import unused_port
from tests.support.loops import PATIENCE_SECONDS, eventually


@dataclass(frozen=True)
class Running:
    """A front that answers.

    Attributes:
        front: Which.
        place: Where it runs.
    """

    front: Front
    place: Place

    @property
    def port(self) -> int:
        return self.place.port


def version(front: Front) -> str:
    """Ask an installed front for its version, such as `1.22.1`."""
    assert front.path is not None
    done = subprocess.run(
        [front.path, front.version], capture_output=True, text=True, timeout=30, check=True
    )
    found = re.search(r"[0-9]+(\.[0-9]+)+", done.stdout + done.stderr)
    assert found is not None, done
    return found[0]


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


@contextmanager
def running_front(front: Front, behind: int, host: str = "bridge.example") -> Iterator[Running]:
    """Run a front with its recipe.

    Args:
        front: Which; it has to be installed.
        behind: The port on 127.0.0.1 that it passes everything to.
        host: The name that pages will call it by, without a port.
    """
    with TemporaryDirectory(prefix="front-") as name:
        folder = Path(name)
        # Some give up root's rights before they open their files.
        folder.chmod(0o755)
        place = Place(folder, unused_port(), behind, host)
        command, environment = front.start(place)
        said = folder / "said"
        with said.open("wb") as output:
            process = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=folder,
            )
        try:
            ready = eventually(lambda: process.poll() is not None or _listens(place.port))
            if not ready or process.poll() is not None:
                words = said.read_text("utf-8", "replace")[-3000:]
                raise RuntimeError(f"{front.name} does not run:\n{words}")
            yield Running(front, place)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(PATIENCE_SECONDS)
