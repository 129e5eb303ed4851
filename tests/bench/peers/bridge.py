"""This gateway: `bridge.py PORT API [--uvloop]`."""

from __future__ import annotations

import asyncio
import sys

from xdr_bridge.config import Settings
from xdr_bridge.gateway.service import Gateway


async def main(port: int, api: str) -> None:
    gateway = Gateway(Settings(api=api, port=port, allow_origins=("https://shop.example",)))
    gateway.start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    factory = None
    if "--uvloop" in sys.argv:
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(int(sys.argv[1]), sys.argv[2]))
