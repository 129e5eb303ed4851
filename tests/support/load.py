"""Calls without a pause, on kept and on new connections, and an account of every one of them."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

import h11

from tests.support.clients import Client, request
from tests.support.loops import PATIENCE_SECONDS

# Far more than a test needs; a load that nobody ends ends itself.
_MOST_CALLS = 200_000


class Load:
    """A load on a port; a context manager, whose end is the load's.

    A call on a kept connection that is closed before any byte of an answer has come is made once
    more on a new one, as browsers and proxies do with calls that may be repeated (RFC 9112,
    section 9.3.1). Whatever else is not answered with the expected status is a failure.

    Attributes:
        answered: How many calls have been.
        stale: How many of them had to be made again.
        failures: What went wrong, in words.
    """

    def __init__(self, port: int, target: str, *, status: int, kept: int = 3, new: int = 2) -> None:
        self.answered = 0
        self.stale = 0
        self.failures: list[str] = []
        self._port = port
        self._status = status
        self._kept = request("GET", target)
        self._new = request("GET", target, ("Connection", "close"))
        self._changed = threading.Condition()
        self._ending = False
        self._threads = [threading.Thread(target=self._keep) for _ in range(kept)]
        self._threads += [threading.Thread(target=self._renew) for _ in range(new)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ending = True
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
            assert not thread.is_alive()

    def wait_for_more(self, calls: int) -> None:
        """Wait until so many more have been answered, or one has failed."""
        with self._changed:
            goal = self.answered + calls
            assert self._changed.wait_for(
                lambda: self.answered >= goal or self.failures, PATIENCE_SECONDS * 3
            )

    def _renew(self) -> None:
        while self._goes_on():
            with self._noted(), Client(self._port) as client:
                client.send(self._new)
                self._read(client)

    def _keep(self) -> None:
        client: Client | None = None
        while self._goes_on():
            with self._noted():
                if client is not None:
                    try:
                        client.send(self._kept)
                        if not client.socket.recv(1, socket.MSG_PEEK):
                            raise ConnectionResetError
                    except ConnectionError:
                        client.socket.close()
                        client = None
                        with self._changed:
                            self.stale += 1
                if client is None:
                    client = Client(self._port)
                    client.send(self._kept)
                if self._read(client):
                    client.socket.close()
                    client = None
        if client is not None:
            client.socket.close()

    def _read(self, client: Client) -> bool:
        """Read an answer; return whether the connection ends with it."""
        answer = client.read()
        assert answer.status == self._status, answer
        with self._changed:
            self.answered += 1
            self._changed.notify_all()
        return answer.get("connection") == "close"

    def _goes_on(self) -> bool:
        return not (self._ending or self.failures or self.answered > _MOST_CALLS)

    @contextlib.contextmanager
    def _noted(self):  # type: ignore[no-untyped-def]
        try:
            yield
        except (OSError, AssertionError, h11.RemoteProtocolError) as error:
            with self._changed:
                self.failures.append(f"{threading.current_thread().name}: {error!r}")
                self._changed.notify_all()
