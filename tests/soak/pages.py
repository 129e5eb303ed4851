"""The pages of the soak, in a process of their own: they ask, misbehave, and note what they see.

`python tests/soak/pages.py PORT RECORD --seconds 60 --pages 32 --rate 200 --seed 1`
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import socket
import struct
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from random import Random

import h11

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.soak.calls import Record, Seen
from tests.soak.drawing import VANISHING, Drawing, Plan
from tests.soak.reading import what_was_cut, what_was_seen
from tests.support.clients import AnswerParser, RawAnswer

# Nothing on the bridge's side waits for longer.
_PATIENCE_SECONDS = 30.0
# Longer than the bridge waits for a page that does not read.
_NEVER_SECONDS = 12.0
_RESET = struct.pack("ii", 1, 0)


class Line:
    """A page's connection to the bridge."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self._held = b""

    @classmethod
    async def open(cls, port: int, *, narrow: bool = False) -> Line:
        """Connect; a narrow one takes little before somebody reads it."""
        own = socket.socket()
        own.setblocking(False)
        if narrow:
            own.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        await asyncio.get_running_loop().sock_connect(own, ("127.0.0.1", port))
        return cls(*await asyncio.open_connection(sock=own, limit=32768))

    async def answer(
        self, parser: AnswerParser, pause: Callable[[], Awaitable[None]] | None = None
    ) -> RawAnswer | None:
        """Read one answer; None if the connection ended first: the parser has what there was.

        Raises:
            h11.RemoteProtocolError: It is no HTTP.
        """
        data, self._held = self._held, b""
        while True:
            answer = parser.feed(data) if data else None
            if answer is not None:
                self._held = parser.held
                return answer
            try:
                data = await self.reader.read(65536)
            except ConnectionError:
                return None
            if not data:
                # Only an answer that ends with its connection is whole now.
                with contextlib.suppress(h11.RemoteProtocolError):
                    return parser.feed(b"")
                return None
            if pause is not None:
                await pause()

    async def expect(self, head: bytes, body: bytes) -> None:
        """Send this head, and the body if the bridge says that it would take it."""
        self.writer.write(head[:-2] + b"Expect: 100-continue\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            self._held = await self.reader.read(65536)
        if self._held.startswith(b"HTTP/1.1 100 "):
            self.writer.write(body)

    def reset(self) -> None:
        """Break the connection off."""
        with contextlib.suppress(OSError):
            own = self.writer.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.writer.transport.abort()

    async def close(self) -> None:
        """Close it, and wait until it is closed."""
        self.writer.close()
        with contextlib.suppress(ConnectionError):
            await self.writer.wait_closed()


class Page:
    """One page: a connection after the other, call after call."""

    def __init__(self, number: int, port: int, random: Random, record: Record) -> None:
        self._port = port
        self._random = random
        self._record = record
        self._drawing = Drawing(random, number)

    async def visit(self) -> int:
        """Use one connection for a while; return how many calls were made."""
        random = self._random
        if random.random() < 0.5:
            plan = self._drawing.plan(alone=True)
            line = await Line.open(self._port, narrow="read" in plan.fault)
            await self._in_time(self._alone(line, plan), [plan])
            await line.close()
            return 1
        line = await Line.open(self._port)
        made = 0
        for _ in range(random.choice((1, 3, 10))):
            ahead = random.choice((1, 1, 1, 1, 2, 5))
            plans = [self._drawing.plan(alone=False) for _ in range(ahead)]
            made += ahead
            if not await self._in_time(self._ask(line, plans), plans):
                break
        await line.close()
        return made

    async def _ask(self, line: Line, plans: list[Plan]) -> bool:
        """Send all of these at once, read the answers in order; return whether the line stays."""
        began = time.monotonic()
        line.writer.write(b"".join(plan.message for plan in plans))
        stays = True
        for plan in plans:
            parser = AnswerParser(plan.method)
            try:
                answer = await line.answer(parser) if stays else None
            except h11.RemoteProtocolError as error:
                self._note(plan, f"wrong: {error}", began)
                stays = False
                continue
            if answer is not None:
                self._note(plan, what_was_seen(plan, answer), began)
                stays = answer.get("connection") != "close"
            elif parser.head is None and plan is not plans[0]:
                stays = False
                self._note(plan, "unanswered", began)
            else:
                stays = False
                self._note(plan, what_was_cut(plan, parser), began)
        return stays

    async def _alone(self, line: Line, plan: Plan) -> bool:
        began = time.monotonic()
        if plan.fault in VANISHING:
            self._note(plan, await self._vanish(line, plan), began)
            return False
        if plan.fault == "drips":
            # Nothing that the bridge may hold against the page.
            for i in range(0, plan.head_size, 40):
                line.writer.write(plan.message[i : min(i + 40, plan.head_size)])
                await asyncio.sleep(0.005)
            line.writer.write(plan.message[plan.head_size :])
        elif plan.fault == "expects 100":
            await line.expect(plan.message[: plan.head_size], plan.message[plan.head_size :])
        elif plan.fault == "speaks HTTP/1.0":
            line.writer.write(_as_old(plan.message))
        else:
            line.writer.write(plan.message)
        parser = AnswerParser(plan.method)
        try:
            answer = await line.answer(parser, _slowly() if plan.fault == "reads slowly" else None)
        except h11.RemoteProtocolError as error:
            self._note(plan, f"wrong: {error}", began)
            return False
        if answer is not None:
            self._note(plan, what_was_seen(plan, answer), began)
        else:
            self._note(plan, what_was_cut(plan, parser), began)
        return False

    async def _vanish(self, line: Line, plan: Plan) -> str:
        """Misbehave, and be gone; return what was seen: nothing, mostly."""
        message, head = plan.message, plan.head_size
        match plan.fault:
            case "resets in head":
                line.writer.write(message[: self._random.randrange(1, head)])
                await asyncio.sleep(self._random.choice((0, 0.01)))
                line.reset()
            case "resets in body" | "ends in body" | "falls silent":
                line.writer.write(message[: self._random.randrange(head, len(message) - 1)])
                if plan.fault == "falls silent":
                    # Until the bridge has had enough of it.
                    answer = await line.answer(AnswerParser(plan.method))
                    return "gave up" if answer is None else what_was_seen(plan, answer)
                await asyncio.sleep(self._random.choice((0, 0.01, 0.05)))
                if plan.fault == "resets in body":
                    line.reset()
            case "resets in answer":
                line.writer.write(message)
                with contextlib.suppress(ConnectionError):
                    await line.reader.read(100)
                line.reset()
            case "vanishes":
                line.writer.write(message)
                await asyncio.sleep(self._random.choice((0, 0.02, 0.1)))
                if self._random.random() < 0.5:
                    line.reset()
            case "half-closes":
                line.writer.write(message)
                line.writer.write_eof()
                with contextlib.suppress(ConnectionError):
                    await line.reader.read()
            case "never reads":
                line.writer.write(message)
                line.writer.transport.pause_reading()  # type: ignore[attr-defined]
                await asyncio.sleep(_NEVER_SECONDS)
            case _:
                line.writer.write(message)
                # The answer may be a failure, which is short.
                with contextlib.suppress(ConnectionError, TimeoutError):
                    async with asyncio.timeout(1.0):
                        for _ in range(5):
                            await line.reader.read(8192)
                            await asyncio.sleep(0.05)
                line.reset()
        return "gave up"

    async def _in_time(self, work: Awaitable[bool], plans: list[Plan]) -> bool:
        """Wait for this, but not for ever."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await work
        except TimeoutError:
            # Those that were answered are noted twice now, which is told too.
            for plan in plans:
                self._note(plan, f"wrong: over after {_PATIENCE_SECONDS} s", time.monotonic())
            return False

    def _note(self, plan: Plan, saw: str, began: float) -> None:
        self._record.add(
            Seen(
                call=plan.call,
                door=plan.door,
                fault=plan.fault,
                expected=plan.expected,
                saw=saw,
                began=began,
                ended=time.monotonic(),
            )
        )


def _as_old(message: bytes) -> bytes:
    """Make it a request of HTTP/1.0, which knows no chunks."""
    if b"\r\nTransfer-Encoding: chunked\r\n" in message:
        return message
    return message.replace(b" HTTP/1.1\r\n", b" HTTP/1.0\r\n", 1)


def _slowly() -> Callable[[], Awaitable[None]]:
    """Make a reader that pauses now and then, but reads to the end."""
    pieces = 0

    async def pause() -> None:
        nonlocal pieces
        pieces += 1
        if pieces % 20 == 0:
            await asyncio.sleep(0.01)

    return pause


async def _main(options: argparse.Namespace) -> None:
    record = Record(options.record)
    interval = options.pages / options.rate
    end = time.monotonic() + options.seconds

    async def visits(number: int) -> None:
        page = Page(number, options.port, Random(f"{options.seed} {number}"), record)
        # Not all at once.
        due = time.monotonic() + interval * number / options.pages
        while due < end:
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            due = max(due + interval * await page.visit(), time.monotonic() - 5.0)

    await asyncio.gather(*(visits(number) for number in range(options.pages)))


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("port", type=int)
    parser.add_argument("record")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--pages", type=int, default=32)
    parser.add_argument("--rate", type=float, default=200.0, help="calls per second")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    asyncio.run(_main(_parse()))
