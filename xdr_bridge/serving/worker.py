"""A worker: serves sockets that its supervisor has bound. `python -m xdr_bridge.serving.worker FD`.

It ends when it is told to, and when its supervisor is gone, however that came about; both times
calls under way may end first.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from typing import Any

from xdr_bridge.config import Settings
from xdr_bridge.gateway.service import Gateway
from xdr_bridge.serving.channels import Channel, Message
from xdr_bridge.serving.runtime import begin_log, log_from, loop_factory

# For the supervisor to take the last counts; one that is gone, or hangs, is not waited for.
_FAREWELL_SECONDS = 5.0
# What the terminal, or who means all processes of the bridge, says to the supervisor.
_FOR_THE_SUPERVISOR = (signal.SIGINT, signal.SIGHUP, signal.SIGUSR2)


class Worker:
    """The worker's side of the channel."""

    def __init__(self, channel: Channel) -> None:
        """Serve nothing yet; the supervisor will say what."""
        self._channel = channel
        self._gateway: Gateway | None = None
        self._prepared: Settings | None = None
        self._stopping = asyncio.Event()
        self._dismissed = asyncio.Event()

    async def run(self) -> None:
        """Do what the supervisor says, to the end."""
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._stopping.set)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM, *_FOR_THE_SUPERVISOR])
        listening = asyncio.create_task(self._listen())
        await self._stopping.wait()
        if self._gateway is not None:
            await self._gateway.stop()
            self._channel.send({"last": self._gateway.status()})
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_FAREWELL_SECONDS):
                    await self._dismissed.wait()
        listening.cancel()
        await asyncio.wait([listening])
        await self._channel.close()

    async def _listen(self) -> None:
        try:
            while (message := await self._channel.receive()) is not None:
                answer = await self._obey(message)
                self._channel.send({"to": message["number"], **answer})
        finally:
            self._stopping.set()
            self._dismissed.set()

    async def _obey(self, message: Message) -> dict[str, Any]:
        """Do one thing, and return what there is to say of it."""
        match message["do"]:
            case "serve":
                settings = Settings(**message["settings"])
                log_from(settings.verbose)
                gateway = Gateway(settings)
                gateway.start([socket.socket(fileno=number) for number in message["sockets"]])
                self._gateway = gateway
            case "prepare":
                self._prepared = Settings(**message["settings"])
            case "commit":
                assert self._gateway is not None
                assert self._prepared is not None
                await self._gateway.reload(self._prepared)
                log_from(self._prepared.verbose)
            case "status":
                assert self._gateway is not None
                return {"status": self._gateway.status()}
            case "stop":
                self._stopping.set()
            case "go":
                self._dismissed.set()
        return {}


async def _run(end: socket.socket) -> None:
    await Worker(await Channel.open(end)).run()


def main() -> None:
    """Run a worker; its arguments are the channel's file descriptor and its own number."""
    for number in _FOR_THE_SUPERVISOR:
        signal.signal(number, signal.SIG_IGN)
    end = socket.socket(fileno=int(sys.argv[1]))
    begin_log(f"worker {sys.argv[2]}")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_run(end))


if __name__ == "__main__":
    main()
