"""A gigabyte through a native call, both ways, by a bridge in a process of its own: flat memory."""

from __future__ import annotations

import re
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.processes import bridge_process

GIBIBYTE = 1 << 30
BLOCK = b"x" * (1 << 20)
PATIENCE_SECONDS = 60.0

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/statm").exists(), reason="needs /proc to look into another process"
)


def peak_bytes(process: subprocess.Popen[str]) -> int:
    """Return the most memory that the process ever had in use."""
    status = Path(f"/proc/{process.pid}/status").read_text("ascii")
    found = re.search(r"VmHWM:\s+([0-9]+) kB", status)
    assert found is not None
    return int(found[1]) * 1024


def read_head(connection: socket.socket) -> bytes:
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(4096)
        assert piece
        data += piece
    return data


def count(connection: socket.socket, wanted: int) -> int:
    buffer = bytearray(1 << 20)
    total = 0
    while total < wanted and (size := connection.recv_into(buffer)):
        total += size
    return total


class Api(threading.Thread):
    """Answers one small call, then one that is a gigabyte long, this way or that."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.uploaded = 0

    def run(self) -> None:
        # `serve` looks at its start whether the API is there, and asks nothing.
        self.server.accept()[0].close()
        connection, _ = self.server.accept()
        connection.settimeout(PATIENCE_SECONDS)
        with connection, self.server:
            read_head(connection)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            head, _, body = read_head(connection).partition(b"\r\n\r\n")
            if head.startswith(b"PUT "):
                self.uploaded = len(body) + count(connection, GIBIBYTE - len(body))
                connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % GIBIBYTE)
                for _ in range(GIBIBYTE // len(BLOCK)):
                    connection.sendall(BLOCK)


HEAD = b"%b /x HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\n%b\r\n"


@pytest.mark.parametrize("method", [b"GET", b"PUT"], ids=["response", "upload"])
def test_a_gigabyte_passes_with_flat_memory(method: bytes) -> None:
    api = Api()
    api.start()
    with (
        bridge_process(api.port) as (process, port),
        socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as page,
    ):
        page.sendall(HEAD % (b"GET", b""))
        assert read_head(page).startswith(b"HTTP/1.1 200 ")
        before = peak_bytes(process)
        if method == b"GET":
            page.sendall(HEAD % (b"GET", b""))
            _, _, body = read_head(page).partition(b"\r\n\r\n")
            assert len(body) + count(page, GIBIBYTE - len(body)) == GIBIBYTE
        else:
            page.sendall(HEAD % (b"PUT", b"Content-Length: %d\r\n" % GIBIBYTE))
            for _ in range(GIBIBYTE // len(BLOCK)):
                page.sendall(BLOCK)
            assert read_head(page).startswith(b"HTTP/1.1 204 ")
            assert api.uploaded == GIBIBYTE
        assert peak_bytes(process) - before < 16 * 1024 * 1024
    api.join(PATIENCE_SECONDS)
    assert not api.is_alive()
